"""Bad input gives one clear error that names the thing, and nothing is lost or half there."""

from __future__ import annotations

import contextlib
import gzip
import http.server
import json
import os
import resource
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import adbc_driver_manager
import pyarrow
import pyarrow.parquet as parquet
import pytest
from harness import DONE, FAILED, INCOMPLETE, Coldtrail
from normalizer import SAMPLES

GIB = 1 << 30


def record(name: str, time: str = "2026-01-05T10:00:00.000000Z", verb: str = "get") -> dict:
    """A line of a Kubernetes audit log."""
    return {
        "kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "Metadata", "auditID": name, "stage": "ResponseComplete", "verb": verb,
        "requestURI": f"/api/v1/namespaces/default/pods/{name}", "user": {"username": "ada"}, "sourceIPs": ["192.0.2.7"],
        "objectRef": {"resource": "pods", "namespace": "default", "name": name, "apiVersion": "v1"}, "responseStatus": {"code": 200},
        "requestReceivedTimestamp": time, "stageTimestamp": time,
    }  # fmt: skip


def lines(*records: dict) -> bytes:
    return b"".join(json.dumps(one).encode() + b"\n" for one in records)


def ingest_incomplete(coldtrail: Coldtrail, *arguments) -> tuple[dict, str]:
    """The report of an ingest that could not read everything, and its one line about that."""
    ran = coldtrail.try_run("ingest", "--json", *arguments)
    assert ran.code == INCOMPLETE, ran
    report = json.loads(ran.out)
    assert len(report["failed"]) == 1
    return report, ran.error_line()


def names_in(coldtrail: Coldtrail) -> list[str]:
    """The audit ids of the events in the lake."""
    with coldtrail.serve() as server:
        return server.query("SELECT metadata_uid FROM events ORDER BY metadata_uid").column(0).to_pylist()


# Places and files


def test_a_missing_path_is_named(coldtrail, tmp_path):
    missing = tmp_path / "no-such-folder"
    for command in (["ingest", missing], ["normalize", missing]):
        ran = coldtrail.try_run(*command)
        assert ran.code == (FAILED if command[0] == "ingest" else INCOMPLETE)
        assert str(missing) in ran.error_line()
    assert coldtrail.segments() == []


def test_an_unreadable_file_is_named_and_costs_the_others_nothing(coldtrail, tmp_path):
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "a.log").write_bytes(lines(record("a")))
    # Reading it fails, also for root.
    (logs / "b.log").symlink_to("/proc/self/mem")
    (logs / "c.log").write_bytes(lines(record("c")))
    report, said = ingest_incomplete(coldtrail, logs)
    assert "b.log" in said or "/proc/self/mem" in said
    assert (report["objects_ingested"], report["events"]) == (2, 2)
    assert names_in(coldtrail) == ["a", "c"]


def test_a_dangling_link_is_named_and_costs_the_others_nothing(coldtrail, tmp_path):
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "a.log").write_bytes(lines(record("a")))
    (logs / "b.log").symlink_to(tmp_path / "rotated-away.log")
    report, said = ingest_incomplete(coldtrail, logs)
    assert "b.log" in said
    assert (report["objects_ingested"], report["events"]) == (1, 1)


def test_what_is_no_file_is_left_alone(coldtrail, tmp_path):
    """A named pipe in a folder would wait for a writer forever."""
    logs = tmp_path / "logs"
    logs.mkdir()
    os.mkfifo(logs / "pipe")
    (logs / "a.log").write_bytes(lines(record("a")))
    assert json.loads(coldtrail.run("ingest", "--json", logs, timeout=30).out)["objects_found"] == 1


def test_an_empty_file_and_an_empty_folder_are_no_error(coldtrail, tmp_path):
    (tmp_path / "empty").mkdir()
    assert coldtrail.ingest(tmp_path / "empty")["objects_found"] == 0
    (tmp_path / "empty" / "empty.log").touch()
    report = coldtrail.ingest(tmp_path / "empty")
    assert (report["records"], report["failed"]) == (0, [])
    assert coldtrail.run("normalize", tmp_path / "empty" / "empty.log").out == ""


# Damage


def test_a_truncated_gzip_gives_its_whole_records_and_one_reject(coldtrail, tmp_path):
    names = [f"{number:04}" for number in range(2000)]
    whole = gzip.compress(lines(*map(record, names)))
    cut = tmp_path / "cut.log.gz"
    cut.write_bytes(whole[: len(whole) // 2])
    ran = coldtrail.try_run("normalize", cut)
    printed = [json.loads(line)["metadata"]["uid"] for line in ran.out.splitlines()]
    assert 0 < len(printed) < len(names) and printed == names[: len(printed)]
    report = coldtrail.ingest(cut)
    assert report["events"] == len(printed)
    assert 1 <= report["rejects"] <= 2, "the record that was cut, and the damage itself"
    assert report["records"] == report["events"] + report["rejects"]
    assert names_in(coldtrail) == printed
    with coldtrail.serve() as server:
        reasons = " ".join(server.query("SELECT reason FROM system.rejects").column(0).to_pylist())
    assert "gzip" in reasons or "ends" in reasons, reasons


def test_a_damaged_gzip_is_no_loss_without_a_word(coldtrail, tmp_path):
    whole = bytearray(gzip.compress(lines(*(record(f"{number:04}") for number in range(2000)))))
    whole[len(whole) // 2] ^= 0xFF
    (tmp_path / "damaged.log.gz").write_bytes(whole)
    report = coldtrail.ingest(tmp_path / "damaged.log.gz")
    assert report["rejects"] >= 1
    assert report["records"] == report["events"] + report["rejects"]


@pytest.mark.parametrize("share", [0.3, 0.95])
def test_a_truncated_parquet_file_is_a_reject(share, coldtrail, tmp_path):
    """A Parquet file has its table of contents at its end: without it, nothing of it can be read."""
    flows = {
        "version": [2], "account_id": ["111122223333"], "interface_id": ["eni-1"], "srcaddr": ["10.0.0.1"], "dstaddr": ["192.0.2.7"], "srcport": [1], "dstport": [2],
        "protocol": [6], "packets": [1], "bytes": [100], "start": [1767600000], "end": [1767600060], "action": ["ACCEPT"], "log_status": ["OK"],
    }  # fmt: skip
    good, cut = tmp_path / "good.parquet", tmp_path / "cut.parquet"
    parquet.write_table(pyarrow.table(flows), good)
    assert coldtrail.ingest(good, source="aws_vpcflow")["events"] == 1
    cut.write_bytes(good.read_bytes()[: int(share * good.stat().st_size)])
    report = coldtrail.ingest(cut, source="aws_vpcflow")
    assert (report["events"], report["rejects"]) == (0, 1)
    assert "arquet" in "".join(report["rejects_by_reason"])


@pytest.mark.skipif(not (SAMPLES / "windows_evtx").is_dir(), reason="there are no samples")
def test_a_truncated_evtx_gives_what_is_whole_and_rejects(coldtrail, tmp_path):
    sample = max((SAMPLES / "windows_evtx").rglob("*.evtx.gz"), key=lambda path: path.stat().st_size)
    whole = gzip.decompress(sample.read_bytes())
    (tmp_path / "whole.evtx").write_bytes(whole)
    # A header of 4 KiB, then chunks of 64 KiB: the second one is cut.
    (tmp_path / "cut.evtx").write_bytes(whole[: (4 << 10) + (64 << 10) + 20_000])
    events = len(coldtrail.run("normalize", tmp_path / "whole.evtx").out.splitlines())
    report = coldtrail.ingest(tmp_path / "cut.evtx")
    assert 0 < report["events"] < events
    assert report["rejects"] >= 1
    assert report["records"] == report["events"] + report["rejects"]


def test_an_evtx_file_of_only_a_header_is_a_reject(coldtrail, tmp_path):
    (tmp_path / "header.evtx").write_bytes(b"ElfFile\0" + bytes(100))
    report = coldtrail.ingest(tmp_path / "header.evtx")
    assert (report["events"], report["rejects"]) == (0, 1)


def test_a_wrong_source_is_told_and_takes_nothing_in(coldtrail, generated):
    file = generated.files_of("aws_cloudtrail")[0]
    report, said = ingest_incomplete(coldtrail, "--source", "zeek", file)
    assert "looks like aws_cloudtrail, not like zeek" in said and file.name in said
    assert (report["records"], coldtrail.segments()) == (0, [])
    assert coldtrail.ingest(file, source="aws_cloudtrail")["events"] > 0, "the right source is not stopped by the wrong one"


def test_an_unknown_source_is_told_with_those_there_are(coldtrail, tmp_path):
    (tmp_path / "a.log").write_bytes(lines(record("a")))
    for command in ("ingest", "normalize"):
        ran = coldtrail.try_run(command, "--source", "k8s", tmp_path / "a.log")
        assert ran.code == FAILED
        assert '"k8s"' in ran.error_line() and "k8s_audit" in ran.error_line()


def test_what_is_no_log_is_told(coldtrail, tmp_path):
    (tmp_path / "poem.txt").write_text("Tyger Tyger, burning bright,\nIn the forests of the night;\n")
    _, said = ingest_incomplete(coldtrail, tmp_path / "poem.txt")
    assert "poem.txt" in said and "--source" in said


# Text


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-8-sig"])
def test_text_with_a_byte_order_mark_is_read(encoding, coldtrail, tmp_path):
    text = lines(record("a"), record("b")).decode()
    data = text.encode(encoding)
    (tmp_path / "a.log").write_bytes(b"\xfe\xff" + data if encoding == "utf-16-be" else data)
    assert coldtrail.ingest(tmp_path / "a.log")["events"] == 2
    assert names_in(coldtrail) == ["a", "b"]


def test_a_line_in_another_encoding_is_a_reject_and_the_others_are_not(coldtrail, tmp_path):
    odd = json.dumps(record("odd") | {"note": "Müller"}, ensure_ascii=False)
    (tmp_path / "mixed.log").write_bytes(lines(record("a")) + odd.encode("latin-1") + b"\n" + odd.encode() + b"\n" + lines(record("b")))
    report = coldtrail.ingest(tmp_path / "mixed.log")
    assert (report["events"], report["rejects"]) == (3, 1)
    assert list(report["rejects_by_reason"]) == ["k8s_audit: the record is not UTF-8"]
    with coldtrail.serve() as server:
        kept = server.query("SELECT raw, raw_is_lossy FROM system.rejects").to_pylist()
    assert kept[0]["raw_is_lossy"] and "ller" in kept[0]["raw"]


def test_a_line_of_200_megabytes_is_a_reject_within_bounded_memory(coldtrail, tmp_path):
    long = tmp_path / "long.log"
    with long.open("wb") as out:
        out.write(lines(record("before")))
        out.write(b'{"kind": "Event", "auditID": "')
        for _ in range(200):
            out.write(b"x" * (1 << 20))
        out.write(b'"}\n')
        out.write(lines(record("after")))
    for command in (["normalize", long], ["ingest", "--json", long]):
        code, peak = run_measured(coldtrail, *command)
        assert code == DONE
        assert peak < 1.5 * GIB, f"{command[0]} took {peak / GIB:.2f} GiB"
        print(f"{command[0]} of a 200 MB line: {peak / (1 << 20):.0f} MiB")
    assert names_in(coldtrail) == ["after", "before"]
    with coldtrail.serve() as server:
        kept = server.query("SELECT reason, raw_is_cut, length(raw) AS n FROM system.rejects").to_pylist()
    assert len(kept) == 1 and "record_bytes_max" in kept[0]["reason"] and kept[0]["n"] <= 64 << 10
    assert kept[0]["raw_is_cut"]


def run_measured(coldtrail: Coldtrail, *arguments) -> tuple[int, int]:
    """The exit code of a command and the most memory it had, in bytes."""
    process = coldtrail.start(*arguments, log=coldtrail.folder / "measured.log")
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, usage.ru_maxrss * 1024


def test_times_in_1970_and_2099_are_events_like_any_other(coldtrail, tmp_path):
    times = ["1970-01-01T00:00:00.000000Z", "1970-01-01T23:59:59.999999Z", "2026-01-05T10:00:00.000000Z", "2099-12-31T23:59:59.999999Z"]
    (tmp_path / "a.log").write_bytes(lines(*(record(str(number), time) for number, time in enumerate(times))))
    report = coldtrail.ingest(tmp_path / "a.log")
    assert (report["events"], report["rejects"]) == (4, 0)
    with coldtrail.serve() as server:
        found = server.query("SELECT event_day, metadata_uid FROM events ORDER BY time").to_pylist()
        assert [(str(row["event_day"]), row["metadata_uid"]) for row in found] == [("1970-01-01", "0"), ("1970-01-01", "1"), ("2026-01-05", "2"), ("2099-12-31", "3")]
        assert server.value("SELECT count(*) FROM events WHERE time >= '2099-01-01'") == 1
        assert server.value("SELECT count(*) FROM events WHERE time < '1970-01-02'") == 2


# Stores


class Refusing(http.server.BaseHTTPRequestHandler):
    """An S3 endpoint that answers everything with one status, or lists one object that it does not give."""

    status = 503
    lists = False

    def answer(self) -> None:
        body = b"<Error><Code>SlowDown</Code></Error>" if self.status == 503 else b"<Error><Code>AccessDenied</Code></Error>"
        status = self.status
        if self.lists and "list-type=2" in self.path:
            status = 200
            body = (
                b"<ListBucketResult><Name>b</Name><KeyCount>1</KeyCount><IsTruncated>false</IsTruncated><Contents><Key>logs/a.log</Key>"
                b"<LastModified>2026-01-05T10:00:00.000Z</LastModified><ETag>&quot;1&quot;</ETag><Size>10</Size></Contents></ListBucketResult>"
            )
        with contextlib.suppress(ConnectionError):
            self.rfile.read(int(self.headers.get("content-length") or 0))
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.send_header("content-type", "application/xml")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = answer

    def log_message(self, *_) -> None:
        pass


@contextlib.contextmanager
def refusing(status: int, lists: bool = False) -> Iterator[dict[str, str]]:
    """A store that refuses; what Coldtrail needs to reach it."""
    handler = type("Handler", (Refusing,), {"status": status, "lists": lists})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield {
                "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "COLDTRAIL_STORE_S3_REGION": "us-east-1",
                "COLDTRAIL_STORE_S3_ENDPOINT": f"http://127.0.0.1:{server.server_address[1]}", "COLDTRAIL_STORE_ALLOW_HTTP": "true",
                "COLDTRAIL_STORE_RETRIES_MAX": "1", "COLDTRAIL_STORE_RETRY_SECONDS_MAX": "2",
            }  # fmt: skip
        finally:
            server.shutdown()


@pytest.mark.parametrize(("status", "way_out"), [(403, "credentials"), (503, "try again later")])
def test_a_store_that_refuses_writes_is_told_and_nothing_is_committed(status, way_out, binary, tmp_path):
    (tmp_path / "a.log").write_bytes(lines(record("a")))
    with refusing(status) as settings:
        coldtrail = Coldtrail(binary, tmp_path / "node", "s3://bucket/lake", settings)
        ran = coldtrail.try_run("ingest", tmp_path / "a.log")
        assert ran.code == FAILED
        assert "s3://bucket/lake" in ran.error_line() and way_out in ran.error_line()
        assert "secret" not in ran.err
        assert coldtrail.segments() == []
    # The same catalog with a lake that can be written: the object was not marked as done.
    mended = Coldtrail(binary, tmp_path / "node")
    assert mended.ingest(tmp_path / "a.log")["events"] == 1


@pytest.mark.parametrize("status", [403, 503])
def test_a_store_that_refuses_to_list_is_told(status, coldtrail):
    with refusing(status) as settings:
        ran = coldtrail.try_run("ingest", "s3://bucket/logs", env=settings)
    assert ran.code == FAILED
    assert "s3://bucket/logs" in ran.error_line()
    assert "credentials" in ran.error_line()


@pytest.mark.parametrize("status", [403, 503])
def test_a_store_that_refuses_an_object_is_told(status, coldtrail):
    with refusing(status, lists=True) as settings:
        ran = coldtrail.try_run("ingest", "--json", "s3://bucket/logs", env=settings)
    assert ran.code == INCOMPLETE
    assert "s3://bucket/logs/a.log" in ran.error_line()
    assert json.loads(ran.out)["objects_ingested"] == 0


def test_a_segment_that_is_gone_is_an_error_and_never_fewer_rows(coldtrail, tmp_path):
    (tmp_path / "a.log").write_bytes(lines(record("a"), record("b", "2026-01-06T10:00:00Z")))
    coldtrail.ingest(tmp_path / "a.log")
    segment = next(one for one in coldtrail.segments() if one["table"] == "api_activity")
    (coldtrail.lake_folder / segment["path"]).unlink()
    with coldtrail.serve() as server:
        with pytest.raises(adbc_driver_manager.Error) as refused:
            server.query("SELECT metadata_uid FROM api_activity")
        assert segment["id"] in str(refused.value)
    ran = coldtrail.try_run("lake", "verify")
    assert ran.code == FAILED
    assert segment["id"] in ran.error_line()


def test_a_segment_that_was_changed_is_found_by_verify(coldtrail, tmp_path):
    (tmp_path / "a.log").write_bytes(lines(record("a")))
    coldtrail.ingest(tmp_path / "a.log")
    segment = next(one for one in coldtrail.segments() if one["table"] == "api_activity")
    path = coldtrail.lake_folder / segment["path"]
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    ran = coldtrail.try_run("lake", "verify")
    assert ran.code == FAILED
    assert segment["id"] in ran.error_line() and "damaged" in ran.error_line()


# Ports, disks, the catalog


def test_a_port_in_use_is_told_with_its_setting(coldtrail):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        ran = coldtrail.try_run("serve", env={"COLDTRAIL_FLIGHT_BIND": address})
    assert ran.code == FAILED
    assert address in ran.error_line() and "flight.bind" in ran.error_line()


def test_a_second_server_on_the_same_folder_is_told(coldtrail):
    with coldtrail.serve() as server:
        ran = coldtrail.try_run("serve", env={"COLDTRAIL_FLIGHT_BIND": "127.0.0.1:0"})
        assert ran.code == FAILED
        assert str(coldtrail.data_folder) in ran.error_line() and "in use" in ran.error_line()
        assert server.value("SELECT 1") == 1


@contextlib.contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """A disk of this size; nothing if this user may not mount one."""
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", folder], capture_output=True, check=False).returncode == 0
    try:
        yield folder if mounted else None
    finally:
        if mounted:
            subprocess.run(["umount", "-l", folder], check=True)


def test_a_full_disk_is_told_and_what_was_committed_stays(binary, generated, tmp_path):
    source = "azure_entra"
    small_commits = {"COLDTRAIL_INGEST_COMMIT_OBJECTS_MAX": 4}
    with small_disk(tmp_path / "disk", 2) as disk:
        if disk is None:
            pytest.skip("mounting a small disk is for root; the next test limits the size of files instead")
        coldtrail = Coldtrail(binary, tmp_path / "node", str(disk / "lake"))
        ran = coldtrail.try_run("ingest", generated.folder / source, env=small_commits)
        assert ran.code == FAILED
        assert "no space left" in ran.error_line() and str(disk) in ran.error_line()
        # What was committed is whole, and the rest is not there at all.
        verified = json.loads(coldtrail.run("lake", "verify", "--json").out)
        assert verified["segments_bad"] == 0
        assert {segment["path"] for segment in coldtrail.segments()} <= coldtrail.files()
        subprocess.run(["mount", "-o", "remount,size=200m", disk], check=True)
        report = coldtrail.ingest(generated.folder / source)
        assert report["failed"] == []
        with coldtrail.serve() as server:
            assert server.value("SELECT count(*) FROM events") == generated.records_by_source()[source]
            assert server.value("SELECT count(*) FROM (SELECT DISTINCT source_object, source_offset FROM events) AS places") == generated.records_by_source()[source]


def test_a_file_that_cannot_grow_is_told(coldtrail, generated):
    """What a full disk is to root, a limit on the size of files is to everybody."""

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    coldtrail.segments()  # The catalog is there, and larger than the limit.
    ran = coldtrail.try_run("ingest", generated.folder / "azure_entra", preexec_fn=limit, restore_signals=False)
    assert ran.code == FAILED
    assert "coldtrail: " in ran.err
    assert coldtrail.segments() == []
    assert coldtrail.ingest(generated.folder / "azure_entra")["records"] == generated.records_by_source()["azure_entra"]


@pytest.mark.parametrize("damage", ["garbage at the start", "cut in half", "garbage everywhere", "empty"])
def test_a_corrupt_catalog_is_told_and_left_as_it_is(damage, coldtrail, tmp_path):
    (tmp_path / "a.log").write_bytes(lines(record("a")))
    coldtrail.ingest(tmp_path / "a.log")
    segments = coldtrail.segments()
    file = max((path for path in (coldtrail.data_folder / "catalog").rglob("*") if path.is_file()), key=lambda path: path.stat().st_size)
    good = file.read_bytes()
    noise = bytes((number * 97 + 13) % 256 for number in range(4096))
    damaged = {
        "garbage at the start": noise + good[4096:],
        "cut in half": good[: len(good) // 2],
        "garbage everywhere": (noise * (len(good) // 4096 + 1))[: len(good)],
        "empty": b"",
    }[damage]
    file.write_bytes(damaged)
    for command in (["segments"], ["ingest", tmp_path / "a.log"], ["serve"]):
        ran = coldtrail.try_run(*command, env={"COLDTRAIL_FLIGHT_BIND": "127.0.0.1:0"}, timeout=60)
        assert ran.code == FAILED, f"{command[0]} went on with a damaged catalog: {ran}"
        assert str(file) in ran.error_line() and "damaged" in ran.error_line()
    assert file.read_bytes() == damaged, "evidence of the damage is not touched"
    file.write_bytes(good)
    assert coldtrail.segments() == segments


# SQL


@pytest.mark.parametrize(
    ("sql", "near"),
    [
        ("SELECT * FROM api_activty", "api_activity"),
        ("SELECT * FROM netwrok_activity", "network_activity"),
        ("SELECT src_endpont_ip FROM api_activity", "src_endpoint_ip"),
        ("SELECT src_endpont.ip FROM api_activity", "src_endpoint"),
        ("SELECT a.actor_user_nam FROM api_activity AS a", "actor_user_name"),
        ("SELECT query_hostname FROM api_activity", "dns_activity"),
    ],
)
def test_a_misspelt_name_is_told_with_the_near_one(sql, near, server):
    ran = server.coldtrail.try_run("sql", sql, env=server.sql_env())
    assert ran.code == FAILED
    assert near in ran.error_line()


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO api_activity (time) VALUES (now())", "CREATE TABLE t (a INT)", "CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '/etc/passwd'", "DROP TABLE api_activity",
        "DELETE FROM api_activity", "UPDATE api_activity SET source = 'x'", "COPY api_activity TO '/tmp/stolen.parquet'", "SET datafusion.execution.batch_size = 1",
    ],
)  # fmt: skip
def test_sql_that_writes_is_refused(sql, server):
    ran = server.coldtrail.try_run("sql", sql, env=server.sql_env())
    assert ran.code == FAILED
    assert "read-only" in ran.error_line()


@pytest.mark.parametrize("sql", ["SELEC 1", "SELECT", "SELECT 1; SELECT 2", "", "SELECT * FROM '/etc/passwd'", "SELECT cidr_match(src_endpoint_ip, '10.0.0.0/99') FROM api_activity"])
def test_a_wrong_statement_is_one_clear_error(sql, server):
    ran = server.coldtrail.try_run("sql", sql, env=server.sql_env())
    assert ran.code == FAILED
    assert len(ran.error_line()) < 1000


# Configuration


@pytest.mark.parametrize(
    ("toml", "env", "says"),
    [
        ("laek = '/x'", {}, "laek"),
        ("[query]\nmemroy_bytes = 1", {}, "memroy_bytes"),
        ("", {"COLDTRAIL_INGEST_READERS": "3"}, "readers"),
        ("[query]\ntier = 'remote'", {}, "query.tier"),
        ("[ingest]\nreaders_max = 0", {}, "readers_max"),
        ("[flight]\nbind = 'nonsense'", {}, "bind"),
        ("[catalog]\nbind = '0.0.0.0:1'", {}, "catalog.bind"),
        ("no toml", {}, "coldtrail.toml"),
    ],
)
def test_a_wrong_setting_is_named(toml, env, says, coldtrail):
    (coldtrail.folder / "coldtrail.toml").write_text(toml)
    for command in (["config", "--check"], ["segments"]):
        ran = coldtrail.try_run(*command, env=env)
        assert ran.code == FAILED
        assert says in " ".join(ran.err.split())
