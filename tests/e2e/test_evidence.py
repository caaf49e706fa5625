"""Evidence: what a run leaves for an auditor can be verified, is found out if it was changed, and can be repeated."""

import json
import shutil
import subprocess
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from harness import Coldtrail, Generated, wait_for

HUNTS = Path(__file__).resolve().parents[2] / "examples" / "hunts"
TRAIL = HUNTS / "09-logging-switched-off.yaml"


@pytest.fixture(scope="module")
def node(binary, generated, tmp_path_factory):
    """A server over a lake of its own: more is taken in."""
    coldtrail = Coldtrail(binary, tmp_path_factory.mktemp("node"))
    coldtrail.ingest(*generated.locations())
    with coldtrail.serve() as server:
        yield server


@pytest.fixture(scope="module")
def keys(binary, tmp_path_factory):
    """A private key and its public key."""
    folder = tmp_path_factory.mktemp("keys")
    private, public = folder / "signing.pem", folder / "signer.pem"
    made = subprocess.run([binary, "evidence", "key", "--private", private, "--public", public], capture_output=True, text=True, check=True)
    assert made.stdout.startswith("fingerprint ") and private.stat().st_mode & 0o077 == 0
    return private, public


def days_of(server):
    """The first and the last day of the data."""
    first, last = server.query("SELECT min(time) AS a, max(time) AS b FROM events").to_pylist()[0].values()
    return first.date(), last.date()


def hunted(server, *arguments):
    """Runs a hunt over all days of the data, and gives its run."""
    first, last = days_of(server)
    ran = server.coldtrail.try_run("hunt", "run", TRAIL, "--since", first, "--until", last, *arguments, env=server.sql_env())
    assert ran.code in (0, 3), ran.err
    return next(line for line in ran.out.splitlines() if line.startswith("-- ")).split("run ")[1].rstrip(")")


def export(server, run, out, key):
    said = server.coldtrail.run("evidence", "export", run, "--out", out, "--key", key, env=server.sql_env()).out
    return dict(line.split(None, 1) for line in said.splitlines() if not line.startswith("reservation"))


def verify(server, bundle, public):
    return server.coldtrail.try_run("evidence", "verify", bundle, "--key", public)


@pytest.fixture(scope="module")
def bundle(node, keys, tmp_path_factory):
    """The bundle of a hunt that finds something."""
    out = tmp_path_factory.mktemp("bundles") / "trail"
    run = hunted(node)
    return run, out, export(node, run, out, keys[0])


def test_a_bundle_says_what_was_asked_read_and_found(node, bundle):
    run, folder, said = bundle
    manifest = json.loads((folder / "manifest.json").read_text())
    assert said["answer"] == manifest["conclusion"]["answer"] == "found"
    assert manifest["hunt"]["id"] and (folder / "hunt.yaml").read_text() == TRAIL.read_text()
    segments = [json.loads(line) for line in (folder / "segments.jsonl").read_text().splitlines()]
    known = {row["path"]: row for row in node.query("SELECT path, rows, bytes FROM system.segments").to_pylist()}
    assert segments and all(known[segment["path"]]["rows"] == segment["rows"] for segment in segments)
    # The files are those that the bundle says.
    hashes = subprocess.run(["sha256sum", *(node.coldtrail.lake_folder / segment["path"] for segment in segments)], capture_output=True, text=True)
    assert [line.split()[0] for line in hashes.stdout.splitlines()] == [segment["sha256"] for segment in segments]
    findings = [json.loads(line) for line in (folder / "findings.jsonl").read_text().splitlines()]
    assert {finding["id"] for finding in findings} == {
        row["key"] for row in node.query(f"SELECT key FROM system.findings WHERE run_id = '{run}'").to_pylist()
    }
    rows = duckdb.connect().execute(f"SELECT count(*) FROM '{folder}/results/*.parquet'").fetchone()[0]
    assert rows == int(said["rows"]) == len(node.query(f'SELECT * FROM results."{run}"').to_pylist())


def test_the_events_searched_are_those_that_are_there(node, bundle):
    manifest = json.loads((bundle[1] / "manifest.json").read_text())
    first, last = days_of(node)
    for searched in manifest["searched"]:
        counted = node.value(
            f"SELECT count(*) FROM {searched['table']} WHERE source = '{searched['source']}' "
            f"AND time >= TIMESTAMP '{first}T00:00:00Z' AND time < TIMESTAMP '{last + timedelta(days=1)}T00:00:00Z'"
        )
        assert counted == searched["events"], searched
    assert manifest["searched"]


def test_a_bundle_is_verified_with_the_key_and_nothing_else(node, bundle, keys, tmp_path):
    _, folder, said = bundle
    sound = verify(node, folder, keys[1])
    assert sound.code == 0 and said["id"] in sound.out and "nothing was changed" in sound.out
    other = tmp_path / "other.pem"
    node.coldtrail.run("evidence", "key", "--private", tmp_path / "p.pem", "--public", other)
    stranger = verify(node, folder, other)
    assert stranger.code == 1 and "not trusted" in stranger.out


def test_whatever_byte_is_flipped_is_found_in_its_file(node, bundle, keys, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(bundle[1], copy)
    files = [path for path in copy.rglob("*") if path.is_file()]
    assert len(files) >= 11
    for path in files:
        whole = path.read_bytes()
        for place in sorted({0, len(whole) // 3, len(whole) // 2, len(whole) - 1}) if whole else []:
            path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
            found = verify(node, copy, keys[1])
            assert found.code == 1 and str(path.relative_to(copy)) in found.err, (path, place, found)
        path.write_bytes(whole)
    (copy / "more").write_text("")
    assert "more is additional" in verify(node, copy, keys[1]).err


def test_a_repetition_after_more_was_taken_in_gives_the_same_evidence(node, bundle, keys, tmp_path):
    run, folder, said = bundle
    before = node.value("SELECT count(*) FROM events")
    first, _ = days_of(node)
    more = tmp_path / "more"
    node.coldtrail.run("generate", more, "--seed", 77, "--days", 1, "--start", first, "--events", 2_000)
    node.coldtrail.ingest(*Generated(more).locations())
    assert wait_for("the new events", lambda: node.value("SELECT count(*) FROM events") > before)
    again = tmp_path / "again"
    arguments = ("--trust", keys[1], "--out", again, "--key", keys[0])
    ran = node.coldtrail.try_run("evidence", "replay", folder, *arguments, env=node.sql_env())
    assert ran.code == 0 and f"the same evidence: digest {said['digest']}" in ran.out, ran
    manifest = json.loads((again / "manifest.json").read_text())
    assert manifest["previous"] == said["id"] and manifest["run"]["id"] != run
    assert verify(node, again, keys[1]).code == 0
    # The same hunt over what is there now is not the same evidence.
    assert export(node, hunted(node), tmp_path / "now", keys[0])["digest"] != said["digest"]


def test_nothing_found_over_days_without_data_is_not_clean(node, keys, tmp_path):
    ran = node.coldtrail.try_run("hunt", "run", TRAIL, "--since", "2020-01-01", "--until", "2020-01-05", env=node.sql_env())
    run = next(line for line in ran.out.splitlines() if line.startswith("-- ")).split("run ")[1].rstrip(")")
    out = tmp_path / "empty"
    assert export(node, run, out, keys[0])["answer"] == "no_coverage"
    manifest = json.loads((out / "manifest.json").read_text())
    assert [gap["days"] for gap in manifest["gaps"]] == [5] * len(manifest["gaps"]) and manifest["gaps"]


def test_a_sweep_leaves_its_verdicts(node, keys, tmp_path):
    feed = tmp_path / "feed.txt"
    feed.write_text("198.51.100.0/24\nnever-seen.example\n10.0.0.1\n")
    first, last = days_of(node)
    ran = node.coldtrail.try_run("sweep", "--indicators", feed, "--since", first, "--until", last, "--all", "--json", env=node.sql_env())
    verdicts = {line["original"]: line["verdict"] for line in map(json.loads, ran.out.splitlines())}
    run = node.value("SELECT run_id FROM system.runs ORDER BY submitted_time DESC LIMIT 1")
    out = tmp_path / "sweep"
    export(node, run, out, keys[0])
    kept = [json.loads(line) for line in (out / "verdicts.jsonl").read_text().splitlines()]
    assert {verdict["original"]: verdict["status"] for verdict in kept} == verdicts and len(kept) == 3
    assert verify(node, out, keys[1]).code == 0


def test_the_report_is_one_page_that_needs_nothing(node, bundle):
    run, folder, _ = bundle
    page = node.coldtrail.run("hunt", "report", run, env=node.sql_env()).out
    assert page.startswith("<!doctype html>") or page.startswith("<!DOCTYPE html>")
    assert "<script" not in page and "http-equiv" in page and run in page
    text = node.coldtrail.run("hunt", "report", run, "--format", "markdown", env=node.sql_env()).out
    assert text.startswith("#") and run in text


def test_a_hunt_is_concluded_and_counted(node, bundle):
    run, folder, _ = bundle
    wrong = node.coldtrail.try_run("hunt", "conclude", run, "--outcome", "whatever", env=node.sql_env())
    assert wrong.code == 1 and "no_threat" in wrong.err
    key = json.loads((folder / "findings.jsonl").read_text().splitlines()[0])["id"]
    node.coldtrail.run("finding", "set", key, "--verdict", "true_positive", "--note", "it was they", env=node.sql_env())
    arguments = ("--outcome", "threat", "--note", "the trail was stopped", "--detection", "cloudtrail-stopped")
    node.coldtrail.run("hunt", "conclude", run, *arguments, env=node.sql_env())
    month = datetime.now().strftime("%Y-%m")
    kpis = {row["month"]: row for row in node.query("SELECT * FROM system.hunt_kpis").to_pylist()}[month]
    assert kpis["true_positives"] == kpis["judged"] == 1 and kpis["true_positive_rate"] == 1.0
    assert kpis["detections_made"] == 1 and kpis["hunts"] >= 1 and kpis["runs"] >= kpis["hunts"]
    assert kpis["techniques_hunted"] == kpis["techniques"] >= 1
    report = node.coldtrail.run("hunt", "report", run, "--format", "markdown", env=node.sql_env()).out
    assert "2 findings (1 true positive, 1 not judged yet)" in report.replace("\n", " "), report


def test_evidence_of_a_run_that_goes_on_is_refused(node, keys, tmp_path):
    statement = "SELECT count(*) FROM events a, events b WHERE a.time < b.time AND a.metadata_uid <> b.metadata_uid"
    run = node.coldtrail.run("run", "start", statement, env=node.sql_env()).out.strip()
    refused = node.coldtrail.try_run("evidence", "export", run, "--out", tmp_path / "x", "--key", keys[0], env=node.sql_env())
    node.coldtrail.run("run", "cancel", run, env=node.sql_env())
    assert refused.code == 1 and "once it has ended" in refused.err
    # One that was cancelled leaves evidence too: that there is no answer.
    assert export(node, run, tmp_path / "cancelled", keys[0])["answer"] == "no_answer"
