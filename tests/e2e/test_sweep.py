"""A feed swept over months: every planted indicator is found, with the counts that DuckDB finds in the events, and no look-alike is."""

import json
import subprocess
from collections import defaultdict

import duckdb
import pytest
from harness import wait_for

WINDOW = ("--since", "2026-01-01", "--until", "2026-03-31")
# Kinds of observables that a feed can name, by the OCSF type in `system.columns`.
TYPES = {"IP Address": 25, "Hostname": 25, "Hash": 10, "User Name": 10, "URL String": 10, "Email Address": 5}


def sweep(server, path, *arguments, feed_format=None):
    more = ("--feed-format", feed_format) if feed_format else ()
    ran = server.coldtrail.try_run("sweep", "--indicators", path, *WINDOW, "--json", *more, *arguments, env=server.sql_env())
    assert ran.code in (0, 3), ran.err
    return [json.loads(line) for line in ran.out.splitlines()]


def seen(verdicts):
    return {verdict["original"]: verdict for verdict in verdicts if verdict["verdict"] == "SEEN"}


@pytest.fixture(scope="module")
def raw_counts(lake, server):
    """How many events show a value, counted by DuckDB in the columns of the events themselves."""
    columns = defaultdict(list)
    for row in server.query("SELECT table_name, column_name, observable_type, data_type FROM system.columns WHERE observable_type IS NOT NULL AND table_name <> 'events'").to_pylist():
        columns[row["observable_type"]].append((row["table_name"], row["column_name"], row["data_type"].startswith("List")))
    connection = duckdb.connect()

    def count(kind, value):
        total = 0
        by_table = defaultdict(list)
        for table, column, is_list in columns[kind]:
            by_table[table].append(f"list_contains({column}, $1)" if is_list else f"{column} = $1")
        for table, conditions in by_table.items():
            folder = lake.lake_folder / "ocsf" / table
            if folder.is_dir():
                files = f"read_parquet('{folder}/*/*.parquet', hive_partitioning = true)"
                total += connection.execute(f"SELECT count(*) FROM {files} WHERE coalesce({' OR '.join(f'coalesce({c}, false)' for c in conditions)}, false)", [value]).fetchone()[0]
        return total

    return count


def test_planted_indicators_are_seen_with_the_counts_of_the_events(server, raw_counts, tmp_path):
    planted = {}
    for kind, wanted in TYPES.items():
        # Values that only columns of this very type show: the lake also derives hosts of URLs and the like.
        rows = server.query(f"SELECT value FROM observables WHERE type = '{kind}' GROUP BY value ORDER BY md5(value) LIMIT {wanted * 3}").to_pylist()
        chosen = [row["value"] for row in rows if not row["value"].startswith(("10.", "172.", "192.168.", "fe80", "127.")) and "," not in row["value"] and '"' not in row["value"] and (kind != "Hostname" or " " not in row["value"])]
        planted[kind] = chosen[:wanted]
    noise = [f"198.19.7.{n}" for n in range(256)] + [f"never-seen-{n}.example.net" for n in range(2000)] + [f"{n:064x}" for n in range(1, 2000)]
    feed = tmp_path / "feed.csv"
    names = {"IP Address": "ip", "Hostname": "domain", "Hash": "hash", "User Name": "user_name", "URL String": "url", "Email Address": "email"}
    lines = ["type,value"] + [f"{names[kind]},{value}" for kind, values in planted.items() for value in values] + [f",{value}" for value in noise]
    feed.write_text("\n".join(lines) + "\n")
    verdicts = sweep(server, feed, "--force")
    assert len(verdicts) == len(lines) - 1, "one verdict an entry"
    found = seen(verdicts)
    wanted = {value for values in planted.values() for value in values}
    missed = wanted - set(found)
    assert not missed
    # What was not planted is seen only as part of something that was: no noise at all.
    assert set(found) <= wanted, set(found) - wanted
    for value in planted["IP Address"]:
        assert found[value]["count"] >= raw_counts("IP Address", value) > 0
    for value in planted["Hash"]:
        assert found[value]["count"] == raw_counts("Hash", value) > 0


def test_look_alikes_are_not_seen(server, tmp_path):
    hosts = [row["value"] for row in server.query("SELECT DISTINCT value FROM observables WHERE type = 'Hostname' AND value LIKE '%.%.%' ORDER BY value LIMIT 200").to_pylist()]
    host = next(host for host in hosts if host.count(".") >= 2 and not host[-1].isdigit())
    parent = host.split(".", 1)[1]
    feed = tmp_path / "traps.txt"
    # A domain is itself and what lies below it, at the border of a label; never a part of a label.
    feed.write_text(f"{parent}\n{parent[1:]}\nno{parent}\nhxxps://{host.replace('.', '[.]')}/nowhere-to-be-seen\n0.0.0.0/0\ncom\n10.0.0.1\n44d88612fea8a8f36de82e1278abb02f\nd41d8cd98f00b204e9800998ecf8427e\n")
    by_entry = {verdict["original"]: verdict["verdict"] for verdict in sweep(server, feed)}
    assert by_entry[parent] == "SEEN"
    assert by_entry[f"no{parent}"] == "NOT_SEEN"
    assert by_entry[parent[1:]] in ("NOT_SEEN", "REJECTED")
    for rejected in ("0.0.0.0/0", "com", "10.0.0.1", "44d88612fea8a8f36de82e1278abb02f", "d41d8cd98f00b204e9800998ecf8427e"):
        assert by_entry[rejected] == "REJECTED", rejected


def test_every_entry_of_a_feed_is_a_row_with_what_became_of_it(server, tmp_path):
    feed = tmp_path / "mixed.txt"
    feed.write_text("evil.example.com\n10.0.0.1\n0.0.0.0/0\n")
    server.coldtrail.try_run("intel", "import", feed, env=server.sql_env())
    rows = server.query("SELECT line, original, outcome, reason FROM intel.entries WHERE feed = 'mixed' ORDER BY line").to_pylist()
    assert [(row["line"], row["outcome"]) for row in rows] == [(1, "accepted"), (2, "rejected"), (3, "rejected")], rows
    assert all((row["reason"] is None) == (row["outcome"] == "accepted") for row in rows)
    server.coldtrail.run("intel", "expire", "mixed", env=server.sql_env())
    assert server.value("SELECT count(*) FROM intel.entries WHERE feed = 'mixed'") == 0


def test_a_sweep_over_time_without_data_says_no_coverage(server, tmp_path):
    feed = tmp_path / "feed.txt"
    feed.write_text("198.51.100.7\n")
    ran = server.coldtrail.try_run("sweep", "--indicators", feed, "--since", "2020-01-01", "--until", "2020-01-31", "--json", "--force", env=server.sql_env())
    assert [json.loads(line)["verdict"] for line in ran.out.splitlines()] == ["NO_COVERAGE"]
    assert ran.code == 3, "a script must not take this for clean"


def test_a_feed_that_cannot_be_read_names_line_and_column(server, tmp_path):
    feed = tmp_path / "broken.json"
    feed.write_text('{"type": "bundle",\n "objects": [ {"type": "indicator", ]}')
    ran = server.coldtrail.try_run("intel", "import", feed, env=server.sql_env())
    assert ran.code == 1 and "line 2" in ran.err and "column" in ran.err, ran.err


def test_feeds_are_listed_expired_and_still_found_by_version(server, tmp_path):
    feed = tmp_path / "short-list.txt"
    feed.write_text("198.51.100.7\nevil.example.com\n")
    server.coldtrail.try_run("intel", "import", feed, "--force", env=server.sql_env())
    listed = [json.loads(line) for line in server.coldtrail.run("intel", "list", "--json", env=server.sql_env()).out.splitlines()]
    kept = next(content for content in listed if content["name"] == "short-list")
    assert kept["counts"]["accepted"] == 2
    version = kept["versioned_name"]
    rows = server.query(f"SELECT kind, value, original, pattern FROM intel.indicators WHERE version = '{version}' ORDER BY kind").to_pylist()
    assert [(row["kind"], row["value"]) for row in rows] == [("domain", "evil.example.com"), ("ip", "198.51.100.7")], rows
    server.coldtrail.run("intel", "expire", "short-list", env=server.sql_env())
    assert "short-list" not in server.coldtrail.run("intel", "list", env=server.sql_env()).out
    assert server.value(f"SELECT count(*) FROM sweep('{version}')") == 0
    gone = subprocess.run(server.coldtrail.command("sql", "SELECT * FROM sweep('short-list')"), capture_output=True, env=server.coldtrail.env(**server.sql_env()), check=False, text=True)
    assert gone.returncode == 1 and "intel list" in gone.stderr


def test_the_same_feed_read_in_another_way_is_another_version(server, tmp_path):
    feed = tmp_path / "private.txt"
    feed.write_text("10.99.98.97\n")
    first = {verdict["original"]: verdict["verdict"] for verdict in sweep(server, feed)}
    forced = {verdict["original"]: verdict["verdict"] for verdict in sweep(server, feed, "--force")}
    again = {verdict["original"]: verdict["verdict"] for verdict in sweep(server, feed)}
    assert (first, forced, again) == ({"10.99.98.97": "REJECTED"}, {"10.99.98.97": "NOT_SEEN"}, {"10.99.98.97": "REJECTED"})


ENDS = ("src_endpoint", "dst_endpoint", "evidences_src_endpoint", "evidences_dst_endpoint")


def counter_of_ends(server):
    """Counts how often an address was an end of a connection, with a port, in any table that has ports."""
    columns = server.query("SELECT DISTINCT table_name, column_name FROM information_schema.columns WHERE column_name LIKE '%endpoint%'").to_pylist()
    known = {(row["table_name"], row["column_name"]) for row in columns}
    tables = {table for table, _ in known} - {"events", "distinct_events"}
    places = [(table, end) for table in sorted(tables) for end in ENDS if {(table, f"{end}_ip"), (table, f"{end}_port")} <= known]
    assert len(places) > 4

    def count(ip, port):
        ends = [f"SELECT 1 AS one FROM {table} WHERE {end}_ip = '{ip}' AND {end}_port = {port}" for table, end in places]
        return server.value(f"SELECT count(*) FROM ({' UNION ALL '.join(ends)})")

    return count


def test_an_address_with_a_port_is_confirmed_by_the_events(server, tmp_path):
    flows = "SELECT dst_endpoint_ip AS ip, dst_endpoint_port AS port, count(*) AS n FROM network_activity WHERE source = 'aws_vpcflow'"
    [flow] = server.query(f"{flows} AND dst_endpoint_port > 1 AND dst_endpoint_ip LIKE '%.%' GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT 1").to_pylist()
    ip, port, count = flow["ip"], flow["port"], counter_of_ends(server)
    never = next(number for number in range(1, 65_536) if count(ip, number) == 0)
    feed = tmp_path / "ports.txt"
    feed.write_text(f"{ip}:{port}\n{ip}:{never}\n")
    verdicts = {verdict["original"]: verdict for verdict in sweep(server, feed, "--force")}
    with_port, without = verdicts[f"{ip}:{port}"], verdicts[f"{ip}:{never}"]
    assert with_port["verdict"] == "SEEN" and with_port["count"] == count(ip, port) > 0
    # Events without ports may show the address too: then nobody can tell.
    assert without["verdict"] in ("NOT_SEEN", "UNCONFIRMED") and without["count"] == 0
    run = server.value("SELECT run_id FROM system.runs ORDER BY submitted_time DESC LIMIT 1")
    found = wait_for("the finding", lambda: server.query(f"SELECT * FROM system.findings WHERE run_id = '{run}'").to_pylist())
    assert len(found) == 1 and ip in found[0]["title"]


def test_a_verdict_shows_the_first_events_and_whom_they_are_about(server, tmp_path):
    rows = server.query("SELECT src_endpoint_ip AS address, count(*) AS n FROM api_activity WHERE src_endpoint_ip NOT LIKE '10.%' AND actor_user_name IS NOT NULL GROUP BY 1 ORDER BY n DESC, 1 LIMIT 3").to_pylist()
    feed = tmp_path / "shown.csv"
    feed.write_text("type,value\n" + "".join(f"ip,{row['address']}\n" for row in rows))
    for address, verdict in seen(sweep(server, feed, "--force")).items():
        assert 1 <= len(verdict["samples"]) <= 3, verdict
        times = [sample["time"] for sample in verdict["samples"]]
        assert times == sorted(times)
        assert times[0] == verdict["first_seen"]
        for sample in verdict["samples"]:
            found = server.query(f"SELECT source FROM {sample['class']} WHERE source_object = '{sample['source_object']}' AND source_offset = {sample['source_offset']}").to_pylist()
            assert found == [{"source": sample["source"]}]
        users = server.query(f"SELECT actor_user_name AS value, count(*) AS count FROM api_activity WHERE src_endpoint_ip = '{address}' AND actor_user_name IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 1").to_pylist()
        top = {entity["value"]: entity["count"] for entity in verdict["top_entities"]["users"]}
        assert top[users[0]["value"]] >= users[0]["count"], verdict
        assert address not in {entity["value"] for entity in verdict["top_entities"]["addresses"]}
