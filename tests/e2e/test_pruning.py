"""What a query does not need is not read, and EXPLAIN shows it."""

import re

import pytest
from harness import Coldtrail

DAYS = 90
FLOWS = 120_000
NEEDLE = "198.18.7.77"


@pytest.fixture(scope="module")
def ninety_days(binary, tmp_path_factory):
    """A server over ninety days of a small log, and its segments."""
    folder = tmp_path_factory.mktemp("ninety")
    coldtrail = Coldtrail(binary, folder / "node")
    coldtrail.run("generate", folder / "logs", "--days", DAYS, "--events", 9000, "--source", "k8s_audit")
    coldtrail.ingest(folder / "logs" / "k8s_audit")
    segments = coldtrail.segments()
    with coldtrail.serve() as server:
        yield server, segments


def files_of(plan):
    """The segments' files that a plan names."""
    return set(re.findall(r"event_day=\d{4}-\d\d-\d\d/[0-9a-f-]{36}\.parquet", plan))


def of_day(segments, day, table="api_activity"):
    return [segment for segment in segments if segment["table"] == table and segment["day"] == day]


@pytest.mark.parametrize(
    "filter",
    [
        "event_day = '2026-02-14'",
        "time >= '2026-02-14' AND time < '2026-02-15'",
        "time BETWEEN '2026-02-14 00:00:00' AND '2026-02-14 23:59:59.999'",
    ],
)
def test_one_day_of_ninety_opens_only_its_files(filter, ninety_days):
    server, segments = ninety_days
    wanted = of_day(segments, "2026-02-14")
    total = [segment for segment in segments if segment["table"] == "api_activity"]
    assert len({segment["day"] for segment in total}) == DAYS
    sql = f"SELECT time, api_operation, raw_data FROM api_activity WHERE {filter}"
    notes = server.notes(sql)
    assert notes["segments"] == f"{len(wanted)} of {len(total)}"
    assert int(notes["bytes"]) == sum(segment["bytes"] for segment in wanted)
    plan = server.explain(sql)["physical_plan"]
    assert files_of(plan) == {segment["path"].removeprefix("ocsf/api_activity/") for segment in wanted}
    assert server.query(sql).num_rows == sum(segment["rows"] for segment in wanted)
    # And what was read while running is no more than these files.
    assert scanned_bytes(server, sql) <= sum(segment["bytes"] for segment in wanted)


def test_the_same_in_every_table_and_in_the_view(server, lake):
    segments = lake.segments()
    for table in ("network_activity", "dns_activity", "observables"):
        wanted, total = of_day(segments, "2026-01-05", table), [one for one in segments if one["table"] == table]
        column = "value" if table == "observables" else "raw_data"
        assert server.notes(f"SELECT {column} FROM {table} WHERE event_day = '2026-01-05'")["segments"] == f"{len(wanted)} of {len(total)}"
    events = [one for one in segments if one["table"] not in ("observables", "rejects")]
    wanted = [one for one in events if one["day"] == "2026-01-05" and one["source"] == "zeek"]
    assert server.notes("SELECT raw_data FROM events WHERE event_day = '2026-01-05' AND source = 'zeek'")["segments"] == f"{len(wanted)} of {len(events)}"


def metric(plan, name):
    """The sum of a counter over the operators of EXPLAIN ANALYZE."""
    units = {"": 1, "B": 1, "K": 1e3, "M": 1e6, "KB": 1e3, "MB": 1e6, "GB": 1e9, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
    found = re.findall(rf"\b{name}=([\d.]+)\s*([KMG]?i?B?)\b", plan)
    assert found, f"no {name} in {plan}"
    return sum(float(number) * units[unit] for number, unit in found)


def scanned_bytes(server, sql):
    return metric(server.explain(sql, analyze=True)["Plan with Metrics"], "bytes_scanned")


@pytest.fixture(scope="module")
def flows(binary, tmp_path_factory):
    """A server over twelve days of flow logs with one record like no other, and the bytes of their table."""
    folder = tmp_path_factory.mktemp("flows")
    coldtrail = Coldtrail(binary, folder / "node")
    coldtrail.run("generate", folder / "logs", "--days", 12, "--events", FLOWS, "--source", "aws_vpcflow")
    (folder / "logs" / "aws_vpcflow" / "needle.log").write_text(f"2 111122223333 eni-0a1b2c3d 10.0.12.10 {NEEDLE} 50123 443 6 10 8400 1767607200 1767607260 ACCEPT OK\n")
    coldtrail.ingest(folder / "logs" / "aws_vpcflow")
    size = sum(segment["bytes"] for segment in coldtrail.segments() if segment["table"] == "network_activity")
    with coldtrail.serve() as server:
        yield server, size


@pytest.mark.parametrize(("needle", "rows"), [(NEEDLE, 1), ("198.18.99.99", 0)], ids=["once", "never"])
def test_a_needle_on_a_bloom_column_reads_under_five_percent(needle, rows, flows):
    server, size = flows
    sql = f"SELECT time, src_endpoint_ip, raw_data FROM network_activity WHERE dst_endpoint_ip = '{needle}'"
    assert server.query(sql).num_rows == rows
    plan = server.explain(sql, analyze=True)["Plan with Metrics"]
    read = metric(plan, "bytes_scanned")
    print(f"a needle that is there {rows} times reads {read:.0f} of {size} bytes, {100 * read / size:.2f} %")
    assert read < 0.05 * size
    total, matched = map(int, re.search(r"row_groups_pruned_bloom_filter=(\d+) total → (\d+) matched", plan).groups())
    assert (total, matched) == (12, rows), "the bloom filters leave only the row groups that hold it"


def test_both_spellings_of_a_column_have_the_same_plan(server):
    for dotted, plain in [
        ("src_endpoint.ip = '192.0.2.7'", "src_endpoint_ip = '192.0.2.7'"),
        ("actor.user.name = 'ada' AND cloud.account.uid = '111122223333'", "actor_user_name = 'ada' AND cloud_account_uid = '111122223333'"),
        ("api.operation LIKE 'Create%' AND http_request.user_agent IS NOT NULL", "api_operation LIKE 'Create%' AND http_request_user_agent IS NOT NULL"),
    ]:
        one = server.explain(f"SELECT time, raw_data FROM api_activity WHERE {dotted}")
        other = server.explain(f"SELECT time, raw_data FROM api_activity WHERE {plain}")
        assert one == other


def test_an_account_prunes_segments(server, lake):
    accounts = {account for segment in lake.segments() for account in segment["accounts"] or []}
    assert len(accounts) > 1
    segments = [segment for segment in lake.segments() if segment["table"] == "api_activity"]
    for account in sorted(accounts):
        wanted = [segment for segment in segments if segment["accounts"] is None or account in segment["accounts"]]
        notes = server.notes(f"SELECT raw_data FROM api_activity WHERE cloud_account_uid = '{account}'")
        assert notes["segments"] == f"{len(wanted)} of {len(segments)}"


def test_the_newest_events_are_found_in_the_newest_segments(server, lake):
    notes = server.notes("SELECT * FROM events ORDER BY time DESC LIMIT 10")
    read, total = map(int, notes["segments"].split(" of "))
    assert read < total / 2
