"""What came in of what should have: DuckDB counts the same hours, and what is taken away is missed by name."""

import datetime as dt
import json
import shutil

import duckdb
import pytest

WINDOW = ("--since", "2026-01-01", "--until", "2026-03-31")


def coverage(server, *arguments, window=WINDOW):
    ran = server.coldtrail.try_run("coverage", *window, *arguments, env=server.sql_env())
    assert ran.code in (0, 3), ran.err
    return ran


def hours(server, *arguments, window=WINDOW):
    return [json.loads(line) for line in coverage(server, "--json", *arguments, window=window).out.splitlines()]


def test_every_event_is_in_one_hour_and_duckdb_counts_the_same(lake, server):
    found = {}
    for hour in hours(server):
        key = (hour["source"], hour.get("account"), hour.get("region"), hour["hour"][:13])
        assert key not in found, "an hour of a series stands once"
        found[key] = hour["events"]
    assert sum(found.values()) == server.value("SELECT count(*) FROM events")
    counted = {}
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    for folder in sorted((lake.lake_folder / "ocsf").iterdir()):
        if folder.name == "observables":
            continue
        files = f"read_parquet('{folder}/*/*.parquet', union_by_name = true)"
        rows = connection.execute(f"SELECT source, cloud_account_uid, cloud_region, strftime(date_trunc('hour', time), '%Y-%m-%dT%H'), count(*) FROM {files} GROUP BY ALL").fetchall()
        for *key, events in rows:
            counted[tuple(key)] = counted.get(tuple(key), 0) + events
    assert {key: events for key, events in found.items() if events} == counted


def test_the_map_has_a_line_for_each_series(server):
    ran = coverage(server)
    series = server.value("SELECT count(*) FROM (SELECT DISTINCT source, cloud_account_uid, cloud_region FROM events)")
    assert sum(line.endswith("|") for line in ran.out.splitlines()) == series
    for source in server.query("SELECT DISTINCT source FROM events").column(0).to_pylist():
        assert source in ran.out


def test_techniques_without_their_sources_cannot_be_hunted(server, tmp_path):
    rule = tmp_path / "rule.yml"
    rule.write_text(
        "title: Okta session\nid: 5a0b0e3c-4c5b-4a3e-9d55-7b6b0c1d2e3f\nstatus: test\nlogsource: {product: okta, service: okta}\n"
        "detection: {sel: {eventType: user.session.start}, condition: sel}\ntags: [attack.t1078.004]\nlevel: low\n"
    )
    ran = coverage(server, "--attack", rule, "--json")
    (technique,) = [json.loads(line) for line in ran.out.splitlines()]
    has_okta = server.value("SELECT count(*) FROM events WHERE source LIKE 'okta%'") > 0
    assert technique["technique"] == "T1078.004"
    assert technique["verdict"] == ("CAN" if has_okta else "CANNOT")
    if not has_okta:
        assert technique["missing"], technique
        assert ran.code == 3


@pytest.fixture(scope="module")
def holed(binary, tmp_path_factory):
    """A lake whose CloudTrail logs of one day were lost before they came."""
    from harness import Coldtrail

    folder = tmp_path_factory.mktemp("holed")
    coldtrail = Coldtrail(binary, folder)
    logs = folder / "logs"
    coldtrail.run("generate", logs, "--days", "15", "--events", "60000", "--start", "2026-01-01")
    lost = [path for path in logs.rglob("*") if path.is_file() and "cloudtrail" in str(path).lower() and any(day in str(path) for day in ("2026/01/09", "2026-01-09", "20260109"))]
    assert lost, sorted(str(path) for path in logs.rglob("*"))[:20]
    for path in lost:
        path.unlink()
    coldtrail.ingest(*[path for path in logs.iterdir() if path.is_dir()])
    with coldtrail.serve() as server:
        yield server
    shutil.rmtree(logs)


def test_a_lost_day_is_missed_by_name(holed):
    ran = coverage(holed, "--source", "aws_cloudtrail", window=("--since", "2026-01-01", "--until", "2026-01-15"))
    assert ran.code == 3
    wholly = [line for line in ran.err.splitlines() if "gap: aws_cloudtrail" in line and "2026-01-09T00:00:00.000Z to 2026-01-10T00:00:00.000Z, 24 h" in line]
    assert len(wholly) == holed.value("SELECT count(*) FROM (SELECT DISTINCT cloud_account_uid, cloud_region FROM api_activity WHERE source = 'aws_cloudtrail')"), ran.err
    assert "!" in ran.out
    lost = dt.date(2026, 1, 9)
    missed = holed.value(f"SELECT count(*) FROM coverage('2026-01-01/2026-01-15') WHERE source = 'aws_cloudtrail' AND is_gap AND CAST(hour AS DATE) = DATE '{lost}'")
    assert missed >= 24
