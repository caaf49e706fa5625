"""The lake over months: merged, expired, held, cleaned and made again from its files, while whoever pinned a snapshot reads the same rows."""

import json
import shutil
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest
from harness import Coldtrail

# Every segment may be merged and every file deleted at once: nothing else writes to this lake.
SETTINGS = """
[maintenance]
every_seconds = 0
settled_hours = 0
removed_hours = 0
orphan_hours = 0
io_bytes_per_second_max = 0
"""
SMALL_COMMITS = {"COLDTRAIL_INGEST_COMMIT_OBJECTS_MAX": 4}
ROWS = "SELECT source_object, source_offset, class_uid, type_uid, time, raw_data FROM events"
COUNTS = "SELECT source, count(*) AS events FROM events GROUP BY source ORDER BY source"


def days_ago(days):
    return (date.today() - timedelta(days=days)).isoformat()


@pytest.fixture
def kept(binary, tmp_path):
    """Six days of two sources, the last one yesterday, in many small segments."""
    coldtrail = Coldtrail(binary, tmp_path / "kept")
    (coldtrail.folder / "coldtrail.toml").write_text(SETTINGS)
    logs = tmp_path / "logs"
    coldtrail.run("generate", logs, "--days", 6, "--events", 3000, "--source", "k8s_audit", "--source", "zeek", "--start", days_ago(6))
    for name in ("manifest.json", "ground_truth.json"):
        (logs / name).unlink()
    coldtrail.ingest(logs, env=SMALL_COMMITS)
    return coldtrail


def rows(server):
    return sorted(tuple(row.values()) for row in server.query(ROWS).to_pylist())


def maintain(coldtrail):
    return json.loads(coldtrail.run("lake", "maintain", "--json").out)


def segment_paths(coldtrail):
    return {segment["path"] for segment in coldtrail.segments()}


def lake_files(coldtrail):
    return {path for path in coldtrail.files() if path.endswith(".parquet") and not path.startswith("runs/")}


def test_small_segments_are_merged_and_a_run_that_pinned_the_old_ones_is_repeated_to_the_same_hash(kept, tmp_path):
    with kept.serve() as server:
        before, counts = rows(server), server.query(COUNTS).to_pylist()
        old = segment_paths(kept)
        run = kept.run("run", "start", "SELECT source, time, class_uid FROM events WHERE activity_id = 1", env=server.sql_env()).out.strip()
        kept.run("run", "follow", run, env=server.sql_env())
        report = maintain(kept)
        new = segment_paths(kept)
        assert report["compaction"]["segments_removed"] > report["compaction"]["segments_added"] > 0, report
        assert len(new) < len(old) and report["compaction"]["failed"] == []
        assert rows(server) == before and server.query(COUNTS).to_pylist() == counts
        assert report["garbage"]["removed_pinned"] > 0, "the run keeps what it read"
        bundle = tmp_path / "bundle"
        private, public = tmp_path / "private.pem", tmp_path / "public.pem"
        kept.run("evidence", "key", "--private", private, "--public", public)
        kept.run("evidence", "export", run, "--out", bundle, "--key", private, env=server.sql_env())
        replayed = kept.try_run("evidence", "replay", bundle, "--trust", public, "--out", tmp_path / "again", "--key", private, env=server.sql_env())
        assert replayed.code == 0, replayed.err
        for read in server.query("SELECT run_id FROM system.runs")["run_id"].to_pylist():
            kept.run("run", "delete", read, env=server.sql_env())
        garbage = maintain(kept)["garbage"]
        assert lake_files(kept) == segment_paths(kept), f"the bucket holds what the catalog says: {garbage}"
        assert rows(server) == before
        events = [str(Path(kept.lake_folder, path)) for path in segment_paths(kept) if "/observables/" not in path and "system" not in path]
        assert duckdb.connect().execute(f"SELECT count(*) FROM read_parquet({events!r}, union_by_name = true)").fetchone()[0] == len(before)
    verified = json.loads(kept.run("lake", "verify", "--json").out)
    assert verified["segments_bad"] == 0 and verified["unknown"] == []


def test_retention_removes_whole_days_and_a_hold_keeps_them(kept):
    with kept.serve() as server:
        everything = rows(server)
        by_day = lambda: server.query("SELECT source, CAST(time AS DATE) AS day, count(*) AS n FROM events GROUP BY 1, 2 ORDER BY 1, 2").to_pylist()
        days = by_day()
        kept.run("lake", "hold", "set", "case-7", "--reason", "order of the court", "--source", "zeek")
        kept.run("lake", "retention", "set", "short", "--days", 3)
        report = maintain(kept)["retention"]
        assert report["segments_removed"] > 0 and report["segments_held"] > 0, report
        oldest_kept = date.today() - timedelta(days=3)
        left = [row for row in days if row["source"] == "zeek" or row["day"] >= oldest_kept]
        assert by_day() == left and len(left) < len(days), "of zeek all, of k8s_audit three days"
        kept.run("lake", "hold", "lift", "case-7", "--reason", "closed")
        maintain(kept)
        assert by_day() == [row for row in days if row["day"] >= oldest_kept]
        acts = [json.loads(line) for line in kept.run("lake", "hold", "audit").out.splitlines()]
        assert [(act["act"], act["reason"]) for act in acts] == [("hold_set", "order of the court"), ("hold_lifted", "closed")], acts
        assert len(rows(server)) < len(everything)
    assert lake_files(kept) == segment_paths(kept)


def test_a_catalog_is_made_again_from_the_files(kept):
    with kept.serve() as server:
        before = rows(server)
    maintain(kept)
    shutil.rmtree(kept.data_folder / "catalog")
    report = json.loads(kept.run("lake", "rebuild", "--json").out)
    assert report["refused"] == [] and report["segments_added"] > 0
    with kept.serve() as server:
        assert rows(server) == before
    assert lake_files(kept) == segment_paths(kept)
    again = json.loads(kept.run("lake", "rebuild", "--json").out)
    assert again["segments_added"] == 0, "it can be repeated"


def test_a_catalog_is_backed_up_and_comes_back_into_an_empty_data_folder(kept, tmp_path):
    with kept.serve() as server:
        before = rows(server)
        kept.run("lake", "hold", "set", "case-7", "--reason", "order of the court", "--user", "ann")
        beside = json.loads(kept.run("catalog", "backup", "--json").out)
        assert beside["counts"]["segments"] == len(kept.segments()) and beside["counts"]["documents"] > 0, beside
    file = tmp_path / "catalog.backup"
    written = json.loads(kept.run("catalog", "backup", file, "--json").out)
    assert written["snapshot_id"] == beside["snapshot_id"] and file.stat().st_size == written["bytes"]
    assert "is there already" in kept.try_run("catalog", "backup", file).error_line(), "a backup replaces nothing"
    assert "holds a catalog already" in kept.try_run("catalog", "restore", file).error_line()
    damaged = tmp_path / "damaged.backup"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 0x55
    damaged.write_bytes(content)
    shutil.rmtree(kept.data_folder / "catalog")
    refused = kept.try_run("catalog", "restore", damaged)
    assert refused.code == 1 and "the backup is damaged" in refused.error_line()
    assert not (kept.data_folder / "catalog").exists(), "nothing was changed"
    restored = json.loads(kept.run("catalog", "restore", file, "--json").out)
    assert restored["missing"] == [] and restored["newer"] == [] and restored["of_cluster"] == beside["cluster_id"] != restored["cluster_id"]
    with kept.serve() as server:
        assert rows(server) == before
        [hold] = [json.loads(line) for line in kept.run("lake", "hold", "list").out.splitlines()]
        assert hold["name"] == "case-7" and hold["who"].startswith("ann (as ")
    assert kept.ingest(tmp_path / "logs")["objects_ingested"] == 0 and lake_files(kept) == segment_paths(kept), "nothing is taken in twice"


def test_what_came_since_a_backup_is_named_kept_and_taken_in(kept, tmp_path):
    kept.run("catalog", "backup")
    more = tmp_path / "more"
    kept.run("generate", more, "--days", 2, "--events", 500, "--source", "aws_cloudtrail", "--start", days_ago(6), "--seed", 7)
    for name in ("manifest.json", "ground_truth.json"):
        (more / name).unlink()
    kept.ingest(more)
    with kept.serve() as server:
        before = rows(server)
    maintain(kept)
    shutil.rmtree(kept.data_folder / "catalog")
    restored = kept.try_run("catalog", "restore", "--json")
    assert restored.code == 3 and "`coldtrail lake rebuild` takes in what came since" in restored.err
    assert json.loads(restored.out)["newer"]
    files = lake_files(kept)
    with kept.serve():
        pass
    kept.try_run("lake", "maintain")
    assert files <= lake_files(kept), "what the catalog of before showed is no garbage"
    report = json.loads(kept.run("lake", "rebuild", "--json").out)
    assert report["segments_added"] > 0 and report["source_objects_restored"] > 0 and report["source_objects_unknown"] == 0, report
    with kept.serve() as server:
        assert rows(server) == before
    kept.ingest(more)
    with kept.serve() as server:
        assert rows(server) == before, "a file that is delivered again is recognised"
