"""What a lake promises in every kind of object store, also on the store's bad days.

Coldtrail reaches the store through a proxy, which answers 503, cuts an answer short, or says nothing at all when a test wants it.
"""

from __future__ import annotations

import base64
import json
import random
import re
import time
from dataclasses import dataclass
from pathlib import Path

import adbc_driver_manager
import pytest
from harness import FAILED, Coldtrail, Generated, Server
from proxy import BUSY, CUT, HANG, PASS, REFUSE, Proxy, always, busy, gone_after
from stores import KINDS, Store

SOURCE = "azure_entra"
SEED = 20260301
# The least that S3 takes for a part.
PART_BYTES = 5 << 20
# Reads columns of every event; a bare count is answered by the catalog.
COUNT = "SELECT count(*) FROM events WHERE source_offset >= 0"


@dataclass
class Place:
    """A lake of the test's own in a store, and the proxy on the way to it."""

    store: Store
    proxy: Proxy
    coldtrail: Coldtrail

    def another_node(self) -> Coldtrail:
        """A node whose catalog knows nothing, over the same lake."""
        first = self.coldtrail
        return Coldtrail(first.binary, first.folder.with_name("another"), first.lake, first.environment)

    def segments_stored(self) -> set[str]:
        return {path for path in self.store.paths(self.coldtrail.lake.split("/", 3)[3]) if path.endswith(".parquet")}


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, start_store, through, binary: Path, tmp_path: Path) -> Place:
    store = start_store(request.param)
    proxy = through(store)
    # Of tests with parameters, each has a lake of its own.
    name = re.sub(r"\W+", "_", request.node.name.removeprefix("test_")).strip("_")
    return Place(store, proxy, Coldtrail(binary, tmp_path / "node", store.url(name), store.env(proxy.port)))


def check_whole(server: Server, generated: Generated) -> None:
    """Every event is there, on its day."""
    days = server.query("SELECT event_day, count(*) AS n FROM events WHERE length(raw_data) > 0 GROUP BY event_day").to_pylist()
    assert {str(row["event_day"]): row["n"] for row in days} == generated.truth["totals"][SOURCE]


def verify(coldtrail: Coldtrail) -> dict:
    return json.loads(coldtrail.run("lake", "verify", "--json").out)


def test_what_goes_in_comes_out_once(place, generated):
    lake = place.coldtrail
    report = lake.ingest(generated.folder / SOURCE)
    assert (report["records"], report["failed"]) == (generated.records_by_source()[SOURCE], [])
    segments = lake.segments()
    assert sum(segment["rows"] for segment in segments if segment["table"] not in ("observables", "rejects")) == report["events"]
    assert len(place.segments_stored()) == len(segments)
    with lake.serve() as server:
        check_whole(server, generated)
        again = lake.ingest(generated.folder / SOURCE)
        assert (again["objects_known"], again["objects_ingested"]) == (report["objects_found"], 0)
        assert server.value(COUNT) == report["events"]
    assert lake.segments() == segments
    assert len(place.segments_stored()) == len(segments)
    verified = verify(lake)
    assert (verified["segments_good"], verified["segments_bad"]) == (len(segments), 0)
    assert not list(lake.folder.rglob("*.parquet")), "nothing of the lake lies on the local disk"


def test_clean_deletes_what_no_commit_names_and_nothing_else(place, generated):
    lake = place.coldtrail
    lake.ingest(generated.folder / SOURCE)
    ours = place.segments_stored()
    place.another_node().ingest(generated.folder / SOURCE)
    orphans = place.segments_stored() - ours
    young = json.loads(lake.run("lake", "clean", "--json").out)
    assert (young["segments_deleted"], young["young_kept"]) == (0, len(orphans))
    cleaned = json.loads(lake.run("lake", "clean", "--grace-seconds", 0, "--json").out)
    assert cleaned["segments_deleted"] == len(orphans) > 0
    assert place.segments_stored() == ours
    assert verify(lake)["segments_good"] == len(ours)


def test_logs_are_read_from_a_prefix_as_from_a_folder(place, generated, binary, tmp_path):
    paths = generated.files_of(SOURCE)
    for path in paths:
        place.store.put(f"logs/{path.relative_to(generated.folder)}", path.read_bytes())
    location = place.store.url(f"logs/{SOURCE}")
    report = place.coldtrail.ingest(location)
    assert (report["objects_ingested"], report["failed"]) == (len(paths), [])
    local = Coldtrail(binary, tmp_path / "local").ingest(generated.folder / SOURCE)
    assert (report["records"], report["events"], report["bytes_plain"]) == (local["records"], local["events"], local["bytes_plain"])
    assert place.coldtrail.ingest(location)["objects_known"] == len(paths)


def test_without_the_right_to_write_there_is_one_clear_error(place, generated):
    if place.store.wrong is None:
        place.proxy.decide = always(REFUSE)
    refused = place.coldtrail.try_run("ingest", generated.folder / SOURCE, env=place.store.wrong or {})
    assert refused.code == FAILED
    assert place.coldtrail.lake in refused.error_line() and "credentials" in refused.error_line()
    assert place.coldtrail.segments() == [] and place.segments_stored() == set()


def test_bursts_of_503_cost_time_and_no_events(place, generated):
    place.coldtrail.environment |= {"COLDTRAIL_STORE_RETRIES_MAX": "8"}
    place.proxy.decide = busy(share=0.2, seed=SEED)
    report = place.coldtrail.ingest(generated.folder / SOURCE)
    assert (report["records"], report["failed"]) == (generated.records_by_source()[SOURCE], [])
    with place.coldtrail.serve() as server:
        check_whole(server, generated)
    verified = verify(place.coldtrail)
    assert (verified["segments_good"], verified["segments_bad"]) == (len(place.coldtrail.segments()), 0)
    assert place.proxy.count(BUSY) > place.proxy.count(PASS) / 8


@pytest.mark.parametrize("tier", ["local", "distributed"])
def test_a_store_that_stops_in_the_middle_of_a_query_gives_an_error_and_no_rows(place, generated, tier):
    report = place.coldtrail.ingest(generated.folder / SOURCE)
    with place.coldtrail.serve(COLDTRAIL_STORE_RETRIES_MAX=1, COLDTRAIL_QUERY_TIER=tier) as server:
        place.proxy.decide = gone_after(reads=3)
        with pytest.raises(adbc_driver_manager.Error) as failed:
            server.query("SELECT raw_data FROM events")
        assert place.proxy.count(CUT) >= 1
        assert "could not read segment file" in str(failed.value), "the error names what could not be read"
        place.proxy.decide = always(PASS)
        place.proxy.listen()
        assert server.value(COUNT) == report["events"], "once the store is back, so are the answers"
        check_whole(server, generated)


def test_a_large_segment_is_stored_in_parts(place, tmp_path):
    if place.store.name == "gcs":
        pytest.skip("fake-gcs-server has no multipart uploads of the XML API")
    chance = random.Random(SEED)
    record = {"eventVersion": "1.08", "eventSource": "s3.amazonaws.com", "eventName": "GetObject", "awsRegion": "eu-west-1"}
    noise = (base64.b64encode(chance.randbytes(1500)).decode() for _ in range(5000))
    records = [record | {"eventTime": "2026-03-01T00:00:00Z", "eventID": str(n), "requestParameters": {"key": key}} for n, key in enumerate(noise)]
    (tmp_path / "large.json").write_text(json.dumps({"Records": records}))
    place.coldtrail.environment |= {"COLDTRAIL_STORE_UPLOAD_PART_BYTES": str(PART_BYTES)}
    report = place.coldtrail.ingest(tmp_path / "large.json", source="aws_cloudtrail")
    assert report["events"] == len(records)
    part = {"s3": "partNumber=", "azure": "comp=block&"}[place.store.name]
    parts = {request.path for request, _ in place.proxy.seen if request.method == "PUT" and part in request.path}
    largest = max(segment["bytes"] for segment in place.coldtrail.segments())
    assert len(parts) >= largest // PART_BYTES >= 1
    assert verify(place.coldtrail)["segments_bad"] == 0


def test_a_store_that_says_nothing_is_given_up_in_the_configured_time(place, generated):
    """Two tries of two seconds each, and a short pause between them."""
    place.coldtrail.environment |= {"COLDTRAIL_STORE_REQUEST_SECONDS_MAX": "2", "COLDTRAIL_STORE_RETRIES_MAX": "1"}
    place.proxy.decide = always(HANG)
    start = time.monotonic()
    silent = place.coldtrail.try_run("ingest", generated.folder / SOURCE)
    seconds = time.monotonic() - start
    assert silent.code == FAILED
    assert place.coldtrail.lake in silent.error_line() and "store.request_seconds_max" in silent.error_line()
    assert 4 <= seconds < 12, f"it took {seconds:.1f} s"
    assert place.coldtrail.segments() == []


def test_a_query_does_not_wait_for_ever_for_a_store_that_says_nothing(place, generated):
    place.coldtrail.ingest(generated.folder / SOURCE)
    with place.coldtrail.serve(COLDTRAIL_STORE_REQUEST_SECONDS_MAX=1, COLDTRAIL_STORE_RETRIES_MAX=0) as server:
        place.proxy.decide = always(HANG)
        start = time.monotonic()
        with pytest.raises(adbc_driver_manager.Error) as failed:
            server.query("SELECT raw_data FROM events")
        seconds = time.monotonic() - start
        assert seconds < 10, f"it took {seconds:.1f} s"
        assert "store.request_seconds_max" in str(failed.value)
