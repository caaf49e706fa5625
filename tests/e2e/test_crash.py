"""Kill -9 at any moment of an ingest loses nothing, doubles nothing, and leaves nothing behind."""

import json
import os
import random
import signal
import subprocess
import time

from harness import COMMAND_SECONDS_MAX, Coldtrail

KILLS = 20
# Many small commits, so that a kill falls into every stage of one.
SMALL_COMMITS = {"COLDTRAIL_INGEST_COMMIT_OBJECTS_MAX": 2, "COLDTRAIL_CATALOG_SNAPSHOT_AFTER_ENTRIES": 10}
ROWS = "SELECT source_object, source_offset, class_uid, type_uid, time, raw_data FROM events"


def rows_of(coldtrail: Coldtrail) -> list[tuple]:
    with coldtrail.serve() as server:
        rows = server.query(ROWS).to_pylist()
    return sorted(tuple(row.values()) for row in rows)


def ingest_and_kill(coldtrail: Coldtrail, location, seconds: float, log) -> bool:
    """Ingests for so long; true if the ingest came to its end before."""
    process = coldtrail.start("ingest", "--json", location, log=log, env=SMALL_COMMITS)
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        return False
    assert process.returncode == 0, log.read_text()
    return True


def test_an_ingest_killed_twenty_times_gives_the_rows_of_an_undisturbed_one(binary, tmp_path):
    logs = tmp_path / "logs"
    maker = Coldtrail(binary, tmp_path / "maker")
    maker.run("generate", logs, "--days", 80, "--events", 4000, "--source", "k8s_audit", "--source", "zeek")
    manifest = json.loads((logs / "manifest.json").read_text())
    for name in ("manifest.json", "ground_truth.json"):
        (logs / name).unlink()

    undisturbed = Coldtrail(binary, tmp_path / "undisturbed")
    started = time.monotonic()
    report = json.loads(undisturbed.run("ingest", "--json", logs, env=SMALL_COMMITS).out)
    whole_seconds = time.monotonic() - started
    assert report["records"] == report["events"] == manifest["records"]

    killed = Coldtrail(binary, tmp_path / "killed")
    dice = random.Random(20260324)
    log = tmp_path / "ingest.log"
    kills = 0
    while kills < KILLS:
        # So short that the work lasts for all kills, from the first instant of the process to well within its commits.
        if ingest_and_kill(killed, logs, dice.uniform(0.02, max(0.4, 0.1 * whole_seconds)), log):
            break
        kills += 1
    last = killed.ingest(logs, env=SMALL_COMMITS)
    assert kills == KILLS, f"the ingest was done after {kills} kills; give it more to do"
    assert last["objects_known"] > 0, "no kill left a commit behind, so nothing was resumed"
    assert last["failed"] == []
    assert last["objects_known"] + last["objects_ingested"] == len(manifest["files"])

    rows = rows_of(killed)
    places = [row[:2] for row in rows]
    assert len(set(places)) == len(places), "some record is there twice"
    assert rows == rows_of(undisturbed)

    def files():
        # Notes of what was taken in stay: each is of a commit.
        return {path for path in killed.files() if not (path.startswith("sources/") and path.endswith(".json"))}

    orphans = files() - {segment["path"] for segment in killed.segments()}
    cleaned = json.loads(killed.run("lake", "clean", "--grace-seconds", 0, "--json").out)
    assert cleaned["segments_deleted"] + cleaned["unfinished_deleted"] == len(orphans)
    assert files() == {segment["path"] for segment in killed.segments()}
    verified = json.loads(killed.run("lake", "verify", "--json").out)
    assert verified["segments_bad"] == 0
    assert verified["segments_good"] == len(killed.segments())
    assert rows_of(killed) == rows
    print(f"{kills} kills, {len(orphans)} orphans, {last['objects_known']} of {len(manifest['files'])} objects before the last start, {len(rows)} rows")


def test_a_server_killed_while_it_is_fed_keeps_what_it_confirmed(generated, binary, tmp_path):
    """The ingest goes through the server's catalog; what it reported as committed is there after the server was killed."""
    coldtrail = Coldtrail(binary, tmp_path / "node")
    with coldtrail.serve() as server:
        report = coldtrail.ingest(generated.folder / "azure_entra", env=SMALL_COMMITS)
        os.kill(server.process.pid, signal.SIGKILL)
        server.process.wait(timeout=COMMAND_SECONDS_MAX)
    assert report["records"] == generated.records_by_source()["azure_entra"]
    with coldtrail.serve() as server:
        assert server.value("SELECT count(*) FROM events") == report["events"]
        assert coldtrail.ingest(generated.folder / "azure_entra")["objects_known"] == report["objects_found"]
