"""What only an S3 store shows: SeaweedFS on this machine, with credentials, behind signed requests."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from harness import Coldtrail
from proxy import Proxy
from stores import Store

SOURCE = "azure_entra"


@pytest.fixture
def on_s3(start_store: Callable[[str], Store], through, binary, tmp_path, request) -> tuple[Coldtrail, Proxy]:
    """An empty lake of the test's own in the bucket, and the proxy on the way to it."""
    store = start_store("s3")
    proxy = through(store)
    return Coldtrail(binary, tmp_path / "node", store.url(request.node.name), store.env(proxy.port)), proxy


def test_a_lake_relies_on_nothing_but_plain_puts(on_s3, generated):
    """A name is never written twice, so that no store must know conditional puts, and none is made to answer for a retry of our own."""
    coldtrail, proxy = on_s3
    coldtrail.ingest(generated.folder / SOURCE)
    puts = [request for request, _ in proxy.seen if request.method == "PUT"]
    assert len({request.path for request in puts}) == len(puts) > 0
    conditions = {"if-match", "if-none-match"}
    assert not [request for request in puts if conditions & {name.lower() for name in request.headers}]


def test_no_more_connections_are_open_than_allowed(on_s3, generated):
    coldtrail, proxy = on_s3
    coldtrail.environment |= {"COLDTRAIL_STORE_CONNECTIONS_MAX": "1"}
    report = coldtrail.ingest(generated.folder / SOURCE)
    with coldtrail.serve() as server:
        assert server.value("SELECT count(*) FROM events WHERE length(raw_data) > 0") == report["events"]
    assert proxy.open_max == 1


def test_what_was_read_once_comes_from_the_disk_of_this_machine(on_s3, generated, tmp_path):
    coldtrail, proxy = on_s3
    report = coldtrail.ingest(generated.folder / SOURCE)
    cache = tmp_path / "cache"
    coldtrail.environment |= {"COLDTRAIL_STORE_CACHE_FOLDER": str(cache), "COLDTRAIL_STORE_CACHE_BLOCK_BYTES": "65536"}

    def gets():
        return sum(request.method == "GET" and ".parquet" in request.path for request, _ in proxy.seen)

    sql = "SELECT sum(length(raw_data)) AS bytes, count(*) AS n FROM events"
    with coldtrail.serve() as server:
        first, asked = server.query(sql).to_pylist(), gets()
        assert first[0]["n"] == report["events"] and asked > 0
        assert server.query(sql).to_pylist() == first
        assert gets() == asked, "the store was asked again"
        kept = [path for path in cache.rglob("*") if path.is_file()]
        assert kept and all(path.stat().st_size <= 65536 for path in kept)
        for path in kept:
            path.write_bytes(b"spoilt" * 100)
        assert server.query(sql).to_pylist() == first, "a bad disk changes no answer"
        assert gets() > asked


def test_tables_are_published_and_the_catalog_is_backed_up_in_the_bucket(on_s3, generated, binary, tmp_path):
    """Both are conditional puts: what is there already stays."""
    coldtrail, _ = on_s3
    report = coldtrail.ingest(generated.folder / SOURCE)
    published = json.loads(coldtrail.run("lake", "publish", "--json").out)["published"]
    assert published["tables_published"] > 0 and published["tables_overtaken"] == 0, published
    again = json.loads(coldtrail.run("lake", "publish", "--json").out)["published"]
    assert again["tables_published"] == 0 and again["tables_unchanged"] == published["tables_published"], again
    coldtrail.run("catalog", "backup")
    other = Coldtrail(binary, tmp_path / "other", coldtrail.lake, coldtrail.environment)
    restored = other.run("catalog", "restore").out
    assert "restored snapshot" in restored and "s3://" in restored
    with other.serve() as server:
        assert server.value("SELECT count(*) FROM events WHERE length(raw_data) > 0") == report["events"]
    assert other.ingest(generated.folder / SOURCE)["events"] == 0, "what was taken in is known"
