"""A lake in a real S3 store: SeaweedFS on this machine, with credentials, behind signed requests."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import FAILED, START_SECONDS_MAX, Coldtrail, wait_for

BUCKET = "trail"
KEY, SECRET = "e2e-key", "e2e-secret-of-this-machine-only"
WEED = Path(sys.executable).parent / "weed"


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except urllib.error.HTTPError as error:
        return error.code < 500
    except OSError:
        return False


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A running store with an empty bucket; what Coldtrail needs to reach it."""
    runs = WEED.is_file() and subprocess.run([WEED, "version"], capture_output=True, check=False).returncode == 0
    if not runs:
        pytest.skip(f"SeaweedFS does not run here: {WEED}")
    folder = tmp_path_factory.mktemp("seaweedfs")
    identities = {"identities": [{"name": "e2e", "credentials": [{"accessKey": KEY, "secretKey": SECRET}], "actions": ["Admin"]}]}
    (folder / "s3.json").write_text(json.dumps(identities))
    names = ["master.port", "master.port.grpc", "volume.port", "volume.port.grpc", "filer.port", "filer.port.grpc", "s3.port", "s3.port.grpc"]
    ports = dict(zip(names, free_ports(len(names))))
    command = [str(WEED), "server", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-s3", f"-s3.config={folder / 's3.json'}", "-volume.max=20"]
    command += ["-master.volumeSizeLimitMB=64", "-s3.port.iceberg=0", "-s3.port.lance=0", *(f"-{name}={port}" for name, port in ports.items())]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, cwd=folder)
    endpoint = f"http://127.0.0.1:{ports['s3.port']}"
    try:
        wait_for("SeaweedFS's start", lambda: process.poll() is not None or answers(endpoint), START_SECONDS_MAX)
        assert process.poll() is None, (folder / "log").read_text()[-3000:]
        make_bucket(ports["filer.port"], ports["master.port"])
        yield {
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "COLDTRAIL_STORE_S3_ENDPOINT": endpoint,
            "COLDTRAIL_STORE_S3_REGION": "us-east-1",
            "COLDTRAIL_STORE_ALLOW_HTTP": "true",
            "COLDTRAIL_STORE_RETRIES_MAX": "3",
            "COLDTRAIL_STORE_RETRY_SECONDS_MAX": "20",
        }
    finally:
        # What it holds is thrown away, so it need not end in order.
        process.kill()
        process.wait()


def make_bucket(filer_port: int, master_port: int) -> None:
    """In SeaweedFS a bucket is a folder of its filer."""
    wait_for("a volume", lambda: answers(f"http://127.0.0.1:{master_port}/dir/assign"), START_SECONDS_MAX)
    made = urllib.request.Request(f"http://127.0.0.1:{filer_port}/buckets/{BUCKET}/", method="POST")

    def make() -> bool:
        try:
            with urllib.request.urlopen(made, timeout=5):
                return True
        except OSError:
            return False

    wait_for("the bucket", make, START_SECONDS_MAX)


@pytest.fixture
def on_s3(binary: Path, store: dict[str, str], tmp_path: Path, request: pytest.FixtureRequest) -> Coldtrail:
    """An empty lake of the test's own in the bucket."""
    return Coldtrail(binary, tmp_path / "node", f"s3://{BUCKET}/{request.node.name}", store)


def test_a_lake_on_s3_takes_logs_in_and_answers_hunts(on_s3, generated):
    source = "azure_entra"
    report = on_s3.ingest(generated.folder / source)
    assert (report["records"], report["failed"]) == (generated.records_by_source()[source], [])
    segments = on_s3.segments()
    assert sum(segment["rows"] for segment in segments if segment["table"] not in ("observables", "rejects")) == report["events"]
    with on_s3.serve() as server:
        assert server.value("SELECT count(*) FROM events WHERE source_offset >= 0") == report["events"]
        days = server.query("SELECT event_day, count(*) AS n FROM events WHERE length(raw_data) > 0 GROUP BY event_day").to_pylist()
        assert {str(row["event_day"]): row["n"] for row in days} == generated.truth["totals"][source]
        again = on_s3.ingest(generated.folder / source)
        assert (again["objects_known"], again["objects_ingested"]) == (report["objects_found"], 0)
        assert server.value("SELECT count(*) FROM events") == report["events"]
    assert on_s3.segments() == segments
    verified = json.loads(on_s3.run("lake", "verify", "--json").out)
    assert (verified["segments_good"], verified["segments_bad"]) == (len(segments), 0)
    assert not list(Path(on_s3.folder).rglob("*.parquet")), "nothing of the lake lies on the local disk"


def test_logs_are_read_from_s3_as_from_a_folder(on_s3, generated, store, binary, tmp_path):
    """A prefix of a bucket is a place for logs like any folder: each object once."""
    on_s3.run("generate", tmp_path / "logs", "--days", 2, "--events", 300, "--source", "k8s_audit")
    paths = list((tmp_path / "logs" / "k8s_audit").rglob("*.gz"))
    for path in paths:
        put(store, f"logs/{path.name}", path.read_bytes())
    location = f"s3://{BUCKET}/logs"
    report = on_s3.ingest(location)
    assert (report["objects_ingested"], report["failed"]) == (len(paths), [])
    local = Coldtrail(binary, tmp_path / "local").ingest(tmp_path / "logs" / "k8s_audit")
    assert (report["records"], report["events"], report["bytes_plain"]) == (local["records"], local["events"], local["bytes_plain"])
    assert on_s3.ingest(location)["objects_known"] == len(paths)


def test_a_wrong_key_is_one_clear_error(on_s3, generated):
    refused = on_s3.try_run("ingest", generated.folder / "azure_entra", env={"AWS_SECRET_ACCESS_KEY": "wrong"})
    assert refused.code == FAILED
    assert "s3://trail" in refused.error_line() and "credentials" in refused.error_line()
    assert on_s3.segments() == []


def put(store: dict[str, str], key: str, data: bytes) -> None:
    """Writes an object as any S3 client does."""
    from pyarrow import fs

    endpoint = store["COLDTRAIL_STORE_S3_ENDPOINT"].removeprefix("http://")
    s3 = fs.S3FileSystem(access_key=KEY, secret_key=SECRET, endpoint_override=endpoint, scheme="http", region="us-east-1")
    with s3.open_output_stream(f"{BUCKET}/{key}", compression=None) as out:
        out.write(data)
