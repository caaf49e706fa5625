"""Records in are events plus rejects out, from each file to `SELECT count(*)`."""

import gzip
import shutil
from urllib.parse import unquote, urlparse

import pytest


def paths_by_count(generated, server, column):
    """What `system.sources` says of each generated file."""
    rows = server.query(f"SELECT url, {column} FROM system.sources").to_pylist()
    root = f"{generated.folder.resolve()}/"
    return {unquote(urlparse(row["url"]).path).removeprefix(root): row[column] for row in rows}


def class_tables(server):
    sql = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'ocsf' AND table_type = 'BASE TABLE'"
    return sorted(set(server.query(sql).column(0).to_pylist()) - {"observables"})


def test_the_report_counts_what_the_generator_wrote(generated, ingested):
    report = ingested.report
    assert report["records"] == generated.manifest["records"]
    assert report["records"] == report["events"] + report["rejects"]
    assert report["rejects"] == 0, report["rejects_by_reason"]
    assert report["objects_ingested"] == report["objects_found"] == len(generated.manifest["files"])
    assert report["bytes_plain"] == generated.manifest["bytes_raw"]
    assert report["bytes_stored"] == generated.manifest["bytes"]
    assert report["failed"] == []


def test_every_file_is_counted_in_system_sources(generated, server):
    wanted = {file["path"]: file["records"] for file in generated.manifest["files"]}
    assert paths_by_count(generated, server, "records") == wanted
    assert server.value("SELECT count(*) FROM system.sources WHERE records <> events + rejects") == 0
    hashes = {file["path"]: file["sha256"] for file in generated.manifest["files"]}
    assert paths_by_count(generated, server, "sha256") == hashes


def test_the_tables_hold_every_record(generated, server):
    tables = class_tables(server)
    assert len(tables) == 18
    counts = {table: server.value(f"SELECT count(*) FROM {table}") for table in tables}
    rejects = server.value("SELECT count(*) FROM system.rejects")
    assert sum(counts.values()) + rejects == generated.manifest["records"], counts
    assert server.value("SELECT count(*) FROM events") == sum(counts.values())
    # Counted by reading, not from the catalog.
    read = {table: server.value(f"SELECT count(*) FROM {table} WHERE source_offset >= 0") for table in tables}
    assert read == counts
    assert server.value("SELECT sum(rows) FROM system.segments WHERE table_name NOT IN ('observables', 'rejects')") == sum(counts.values())


def test_each_file_has_as_many_rows_as_records(generated, server):
    rows = server.query("SELECT source_object, count(*) AS n FROM events GROUP BY source_object").to_pylist()
    root = f"{generated.folder.resolve()}/"
    found = {unquote(urlparse(row["source_object"]).path).removeprefix(root): row["n"] for row in rows}
    assert found == {file["path"]: file["records"] for file in generated.manifest["files"]}
    twice = "SELECT count(*) FROM (SELECT source_object, source_offset FROM events GROUP BY 1, 2 HAVING count(*) > 1)"
    assert server.value(twice) == 0


def test_each_source_and_day_has_the_planted_truth(generated, server):
    rows = server.query("SELECT source, event_day, count(*) AS n FROM events GROUP BY source, event_day").to_pylist()
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        found.setdefault(row["source"], {})[str(row["event_day"])] = row["n"]
    assert found == generated.truth["totals"]


def test_every_planted_indicator_is_an_observable(generated, server):
    indicators = generated.truth["indicators"]
    for value in [*indicators["ips"], *indicators["domains"], *indicators["hashes"], *indicators["keys"]]:
        # A tunnel looks up names below its domain only; hashes and names are kept in lower case.
        found = server.value(f"SELECT coalesce(sum(count), 0) FROM observables WHERE lower(value) = '{value.lower()}' OR value LIKE '%.{value}'")
        assert found > 0, f"{value} is not among the observables"


def test_ingesting_again_changes_nothing(generated, lake, server):
    before = lake.segments()
    files = lake.files()
    total = server.value("SELECT count(*) FROM events")
    report = lake.ingest(*generated.locations())
    assert report["objects_known"] == report["objects_found"] == len(generated.manifest["files"])
    assert (report["objects_ingested"], report["records"], report["segments"]) == (0, 0, 0)
    assert lake.segments() == before
    assert lake.files() == files
    assert server.value("SELECT count(*) FROM events") == total


def test_touching_a_file_does_not_ingest_it_again(generated, coldtrail, tmp_path):
    logs = tmp_path / "logs"
    shutil.copytree(generated.folder / "k8s_audit", logs)
    first = coldtrail.ingest(logs)
    assert first["records"] == generated.records_by_source()["k8s_audit"]
    for path in logs.rglob("*.gz"):
        path.touch()
    again = coldtrail.ingest(logs)
    assert (again["objects_known"], again["objects_ingested"], again["objects_changed"]) == (first["objects_found"], 0, 0)


@pytest.mark.parametrize(
    ("source", "junk"),
    [("aws_cloudtrail", b'{"eventVersion": "1.09", "eventName": 7, cut'), ("k8s_audit", b"not a record\n"), ("zeek", b"1\t2\t3\n"), ("aws_vpcflow", b"2 only three\n")],
)
def test_broken_records_are_counted_and_kept(source, junk, generated, coldtrail, tmp_path):
    """Junk after the records of a file makes a reject, and costs none of the records before it."""
    file = max((file for file in generated.manifest["files"] if file["source"] == source), key=lambda file: file["records"])
    broken = tmp_path / "broken.log"
    plain = (generated.folder / file["path"]).read_bytes()
    plain = gzip.decompress(plain) if file["path"].endswith(".gz") else plain
    closing = b"#close" if source == "zeek" else None
    broken.write_bytes((plain.split(closing)[0] if closing else plain) + junk)
    report = coldtrail.ingest(broken, source=source)
    assert report["records"] == report["events"] + report["rejects"]
    assert (report["events"], report["rejects"]) == (file["records"], 1), report["rejects_by_reason"]
    with coldtrail.serve() as server:
        assert server.value("SELECT count(*) FROM events") == report["events"]
        kept = server.query("SELECT source, raw, reason FROM system.rejects").to_pylist()
        assert [(row["source"], row["raw"].strip()) for row in kept] == [(source, junk.decode().strip())]
        assert kept[0]["reason"]
