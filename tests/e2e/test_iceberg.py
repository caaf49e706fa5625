"""What other engines see of the tables: PyIceberg and DuckDB read what is published and agree with Coldtrail and with the plain files,
also while segments are merged and before their files are deleted."""

from __future__ import annotations

import json
import shutil
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from duckdb_iceberg import DuckDb
from harness import Coldtrail, wait_for
from pyiceberg.expressions import EqualTo, GreaterThanOrEqual
from pyiceberg.table import StaticTable
from stores import S3_KEY, S3_SECRET

# Every segment may be merged at once: nothing else writes to this lake. Files that were replaced stay for a day.
SETTINGS = """
[maintenance]
every_seconds = 0
settled_hours = 0
removed_hours = {hours}
orphan_hours = {hours}
io_bytes_per_second_max = 0
iceberg = {iceberg}
"""
SMALL_COMMITS = {"COLDTRAIL_INGEST_COMMIT_OBJECTS_MAX": 4}
DAYS = 4
TEXT = "time, source, source_object, source_offset, activity_id, metadata_uid"
COLUMNS = TEXT.split(", ")


def set_up(coldtrail: Coldtrail, hours: int = 24, iceberg: bool = True) -> None:
    (coldtrail.folder / "coldtrail.toml").write_text(SETTINGS.format(hours=hours, iceberg=str(iceberg).lower()))


def generate(coldtrail: Coldtrail, logs: Path) -> None:
    start = (date.today() - timedelta(days=DAYS)).isoformat()
    coldtrail.run("generate", logs, "--days", DAYS, "--events", 2000, "--source", "aws_cloudtrail", "--source", "zeek", "--start", start)
    for name in ("manifest.json", "ground_truth.json"):
        (logs / name).unlink()


@pytest.fixture
def kept(binary, tmp_path) -> Coldtrail:
    """Some days of two sources in many small segments."""
    coldtrail = Coldtrail(binary, tmp_path / "kept")
    set_up(coldtrail)
    generate(coldtrail, tmp_path / "logs")
    coldtrail.ingest(tmp_path / "logs", env=SMALL_COMMITS)
    return coldtrail


@pytest.fixture(scope="session")
def other_duckdb(tmp_path_factory) -> DuckDb:
    return DuckDb(tmp_path_factory.mktemp("duckdb"))


def publish(coldtrail: Coldtrail) -> dict:
    return json.loads(coldtrail.run("lake", "publish", "--json").out)


def maintain(coldtrail: Coldtrail) -> dict:
    return json.loads(coldtrail.run("lake", "maintain", "--json").out)


def folder_of(coldtrail: Coldtrail, table: str) -> Path:
    return coldtrail.lake_folder / "iceberg" / table


def newest(coldtrail: Coldtrail, table: str) -> StaticTable:
    metadata = folder_of(coldtrail, table) / "metadata"
    version = (metadata / "version-hint.text").read_text()
    return StaticTable.from_metadata(str(metadata / f"v{version}.metadata.json"))


def tables_with_rows(coldtrail: Coldtrail) -> dict[str, int]:
    """The tables that have segments, with the number of their rows."""
    rows: dict[str, int] = {}
    for segment in coldtrail.segments():
        rows[segment["table"]] = rows.get(segment["table"], 0) + segment["rows"]
    return rows


def schema_of(table: str) -> str:
    return "system" if table == "rejects" else "ocsf"


def as_rows(table: pa.Table) -> list[tuple]:
    return sorted(tuple(map(str, row.values())) for row in table.to_pylist())


def in_milliseconds(table: pa.Table) -> list[tuple]:
    """The rows, with their time as a number."""
    rows = (tuple(row.values()) for row in table.to_pylist())
    return sorted((str(round(time.timestamp() * 1000)), *map(str, rest)) for time, *rest in rows)


def in_plain_files(coldtrail: Coldtrail, table: str) -> list[tuple]:
    """What the tests' own DuckDB reads of the files that the catalog names."""
    paths = [str(coldtrail.lake_folder / segment["path"]) for segment in coldtrail.segments() if segment["table"] == table]
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    return as_rows(connection.execute(f"SELECT {TEXT} FROM read_parquet({paths!r}, union_by_name = true)").to_arrow_table())


def by_day(server, table: str) -> list[tuple]:
    rows = server.query(f"SELECT event_day, count(*) AS n FROM {schema_of(table)}.{table} GROUP BY 1 ORDER BY 1").to_pylist()
    return [(str(row["event_day"]), str(row["n"])) for row in rows]


def check_agreement(coldtrail: Coldtrail, server, other_duckdb: DuckDb) -> None:
    """Every table that has rows is the same for all: Coldtrail, PyIceberg, DuckDB by Iceberg, DuckDB on the plain files."""
    for table, count in tables_with_rows(coldtrail).items():
        folder = folder_of(coldtrail, table)
        published = newest(coldtrail, table)
        scanned = published.scan().to_arrow()
        days = by_day(server, table)
        assert scanned.num_rows == count == sum(int(n) for _, n in days), table
        assert sorted(scanned.column_names) == sorted(server.query(f"SELECT * FROM {schema_of(table)}.{table} LIMIT 0").column_names), table
        counted = duckdb.connect().execute("SELECT event_day, count(*) FROM scanned GROUP BY 1 ORDER BY 1").fetchall()
        assert [(str(day), str(n)) for day, n in counted] == days, table
        (of_duckdb,) = other_duckdb.ask(f"SELECT event_day, count(*) FROM iceberg_scan('{folder}') GROUP BY 1 ORDER BY 1")
        assert of_duckdb == days, table
        if not set(COLUMNS) <= set(scanned.column_names):
            continue
        answer = server.query(f"SELECT {TEXT} FROM ocsf.{table}")
        assert as_rows(scanned.select(COLUMNS)) == as_rows(answer) == in_plain_files(coldtrail, table), table
        (of_duckdb,) = other_duckdb.ask(f"SELECT epoch_ms(time), {', '.join(COLUMNS[1:])} FROM iceberg_scan('{folder}')")
        assert sorted(tuple(map(str, row)) for row in of_duckdb) == in_milliseconds(answer), table


def test_others_see_what_coldtrail_sees_before_within_and_after_compaction(kept, other_duckdb):
    with kept.serve() as server:
        assert publish(kept)["published"]["tables_published"] > len(tables_with_rows(kept))
        check_agreement(kept, server, other_duckdb)
        before = {table: newest(kept, table) for table in tables_with_rows(kept)}
        old = {table: before[table].scan().to_arrow().num_rows for table in before}
        segments = {segment["path"] for segment in kept.segments()}

        report = maintain(kept)
        assert report["compaction"]["segments_removed"] > 0 and report["garbage"]["removed_young"] > 0, report
        assert report["iceberg"]["published"]["tables_published"] > 0
        assert len({segment["path"] for segment in kept.segments()}) < len(segments)
        check_agreement(kept, server, other_duckdb)
        for table, version in before.items():
            assert version.scan().to_arrow().num_rows == old[table], f"who opened {table} before goes on reading"
        double = duckdb.connect().execute(f"SELECT count(*) FROM read_parquet('{kept.lake_folder}/ocsf/api_activity/**/*.parquet')").fetchone()[0]
        assert double > tables_with_rows(kept)["api_activity"], "the plain folder holds merged rows twice now, so this test shows something"

        set_up(kept, hours=0)
        assert maintain(kept)["garbage"]["removed_deleted"] > 0
        check_agreement(kept, server, other_duckdb)
        plain = duckdb.connect().execute(f"SELECT count(*) FROM read_parquet('{kept.lake_folder}/ocsf/api_activity/**/*.parquet')").fetchone()[0]
        assert plain == tables_with_rows(kept)["api_activity"]
    parquet = {path for path in kept.files() if path.endswith(".parquet")}
    assert parquet == {segment["path"] for segment in kept.segments()}, "the bucket holds what the catalog says"
    verified = json.loads(kept.run("lake", "verify", "--json").out)
    assert verified["segments_bad"] == 0 and verified["unknown"] == []


def test_conditions_leave_out_files_and_find_the_same_rows(kept, other_duckdb):
    publish(kept)
    with kept.serve() as server:
        table = newest(kept, "api_activity")
        day = server.value("SELECT max(event_day) FROM ocsf.api_activity")
        noon = f"{day.isoformat()}T12:00:00+00:00"
        for sql, condition in [
            (f"event_day = DATE '{day}'", EqualTo("event_day", day.isoformat())),
            (f"time >= TIMESTAMP '{noon[:19]}Z'", GreaterThanOrEqual("time", noon)),
            ("source = 'aws_cloudtrail'", EqualTo("source", "aws_cloudtrail")),
            ("source = 'nobody'", EqualTo("source", "nobody")),
        ]:
            expected = server.value(f"SELECT count(*) FROM ocsf.api_activity WHERE {sql}")
            scan = table.scan(condition)
            assert scan.to_arrow().num_rows == expected, sql
            (of_duckdb,) = other_duckdb.ask(f"SELECT count(*) FROM iceberg_scan('{folder_of(kept, 'api_activity')}') WHERE {sql}")
            assert of_duckdb == [(str(expected),)], sql
        files = len(list(table.scan().plan_files()))
        assert len(list(table.scan(EqualTo("event_day", day.isoformat())).plan_files())) < files
        assert len(list(table.scan(GreaterThanOrEqual("time", noon)).plan_files())) < files
        assert not list(table.scan(EqualTo("source", "nobody")).plan_files())


def test_a_table_without_rows_is_an_empty_table(kept, other_duckdb):
    publish(kept)
    empty = next(folder.name for folder in (kept.lake_folder / "iceberg").iterdir() if folder.name not in tables_with_rows(kept))
    scanned = newest(kept, empty).scan().to_arrow()
    assert scanned.num_rows == 0 and "event_day" in scanned.column_names
    assert other_duckdb.ask(f"SELECT count(*) FROM iceberg_scan('{folder_of(kept, empty)}')") == [[("0",)]]


def test_the_node_that_leads_publishes_by_itself(kept):
    hint = folder_of(kept, "api_activity") / "metadata" / "version-hint.text"
    with kept.serve(COLDTRAIL_MAINTENANCE_EVERY_SECONDS="1"):
        wait_for("publishing", hint.exists)
        assert newest(kept, "api_activity").scan().to_arrow().num_rows == tables_with_rows(kept)["api_activity"]


def test_files_that_were_replaced_stay_when_a_server_starts_and_when_it_is_cleaned(kept):
    publish(kept)
    version = newest(kept, "api_activity")
    rows = version.scan().to_arrow().num_rows
    assert maintain(kept)["compaction"]["segments_removed"] > 0
    with kept.serve():
        assert version.scan().to_arrow().num_rows == rows
    assert json.loads(kept.run("lake", "clean", "--grace-seconds", 0, "--json").out)["segments_deleted"] == 0
    assert version.scan().to_arrow().num_rows == rows


def test_nothing_is_written_again_when_nothing_changed(kept):
    first = publish(kept)["published"]
    files = kept.files()
    again = publish(kept)["published"]
    assert (again["tables_published"], again["tables_unchanged"]) == (0, first["tables_published"])
    assert kept.files() == files
    shutil.rmtree(kept.lake_folder / "iceberg")
    assert publish(kept)["published"]["tables_published"] == first["tables_published"], "it can be made again from the catalog"


def test_a_bucket_is_read_as_a_folder_is(start_store, binary, tmp_path):
    store = start_store("s3")
    coldtrail = Coldtrail(binary, tmp_path / "node", store.url("iceberg-lake"), store.env())
    set_up(coldtrail)
    generate(coldtrail, tmp_path / "logs")
    coldtrail.ingest(tmp_path / "logs", env=SMALL_COMMITS)
    publish(coldtrail)
    maintain(coldtrail)
    hint = store.files.open_input_stream("trail/iceberg-lake/iceberg/api_activity/metadata/version-hint.text").read().decode()
    access = {"s3.endpoint": f"http://127.0.0.1:{store.port}", "s3.access-key-id": S3_KEY, "s3.secret-access-key": S3_SECRET, "s3.region": "us-east-1"}
    address = store.url(f"iceberg-lake/iceberg/api_activity/metadata/v{hint}.metadata.json")
    table = StaticTable.from_metadata(address, access)
    assert table.scan().to_arrow().num_rows == tables_with_rows(coldtrail)["api_activity"]
    assert int(hint) == 2
