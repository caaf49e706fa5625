"""Hunts that outlive their client and their server."""

import json
import os
import random
import signal
import time

from harness import wait_for

BY_SOURCE = "SELECT source, class_uid, count(*) AS n, count(DISTINCT actor_user_name) AS users, min(time) AS first FROM events GROUP BY 1, 2 ORDER BY n DESC, 1, 2"
# Many slices, each with work for a while.
SLICES = {"COLDTRAIL_RUNS_SLICES_TARGET": 40, "COLDTRAIL_RUNS_SLICE_BYTES_MIN": 1}
SLOW = "SELECT source, max(sha512(repeat(raw_data, 8))) AS hash, count(*) AS n FROM events GROUP BY source ORDER BY source"


def start(server, sql, *arguments):
    return server.coldtrail.run("run", "start", sql, *arguments, env=server.sql_env()).out.strip()


def status(server, run):
    return json.loads(server.coldtrail.try_run("run", "status", run, "--json", env=server.sql_env()).out)


def ended(server, run):
    found = status(server, run)
    return found if found["state"] in ("done", "partial", "failed", "cancelled") else None


def results(server, run):
    return server.query(f'SELECT * FROM results."{run}"').to_pylist()


def test_a_run_gives_the_rows_of_its_statement(node_with):
    with node_with(**SLICES) as server:
        run = start(server, BY_SOURCE, "--title", "all sources")
        found = wait_for("the end of the run", lambda: ended(server, run))
        assert (found["state"], found["title"], found["plan"]["merge"]) == ("done", "all sources", "aggregate")
        assert len(found["slices"]) == found["plan"]["slices"] > 5
        assert results(server, run) == server.query(BY_SOURCE).to_pylist()
        listed = [json.loads(line)["id"] for line in server.coldtrail.run("run", "status", "--json", env=server.sql_env()).out.splitlines()]
        assert listed == [run]
        printed = server.coldtrail.run("run", "results", run, "--format", "json", env=server.sql_env()).out.splitlines()
        assert [json.loads(line)["n"] for line in printed] == [row["n"] for row in results(server, run)]
        server.coldtrail.run("run", "delete", run, env=server.sql_env())
        assert server.value("SELECT count(*) FROM system.runs") == 0


def test_a_run_can_be_waited_for_explained_and_refused(node_with):
    with node_with(**SLICES) as server:
        waited = server.coldtrail.run("run", "start", "--wait", "--format", "csv", "SELECT count(*) AS n FROM events", env=server.sql_env())
        assert waited.out.splitlines() == ["n", str(server.value("SELECT count(*) FROM events"))]
        explained = server.coldtrail.run("run", "start", "--explain", BY_SOURCE, env=server.sql_env()).out
        lines = dict(line.split(None, 1) for line in explained.replace("row groups", "row_groups").splitlines())
        assert int(lines["rows"]) == server.value("SELECT count(*) FROM events")
        refused = server.coldtrail.try_run("run", "start", "--bytes-max", "1000", BY_SOURCE, env=server.sql_env())
        assert refused.code == 1 and f"{lines['bytes']} bytes" in refused.err and "bytes_max allows 1000" in refused.err
        wrong = server.coldtrail.try_run("run", "start", "SELECT nonsense FROM events", env=server.sql_env())
        assert wrong.code == 1 and "nonsense" in wrong.err
        unknown = server.coldtrail.try_run("run", "cancel", "019b0000-0000-7000-8000-000000000000", env=server.sql_env())
        assert unknown.code == 1 and "no run" in unknown.err


def test_cancelling_a_run_frees_the_cpu(node_with):
    with node_with(**SLICES) as server:
        run = start(server, SLOW.replace("8)", "500)"))
        wait_for("work", lambda: status(server, run)["state"] == "running" and server.cpu_seconds() > 2)
        server.coldtrail.run("run", "cancel", run, env=server.sql_env())
        cancelled = time.monotonic()

        def idle():
            before = server.cpu_seconds()
            time.sleep(0.25)
            return server.cpu_seconds() - before < 0.05

        wait_for("the end of the work", idle, 10)
        assert time.monotonic() - cancelled < 2.5
        assert status(server, run)["message"] == "cancelled by hunter"


def test_a_run_whose_server_is_killed_again_and_again_gives_the_rows_of_an_undisturbed_one(ingested, binary, tmp_path):
    from harness import Coldtrail
    import shutil

    shutil.copytree(ingested.coldtrail.data_folder, tmp_path / "node" / "data")
    coldtrail = Coldtrail(binary, tmp_path / "node", lake=str(ingested.coldtrail.lake), password=ingested.coldtrail.password)
    dice = random.Random(20261124)
    with coldtrail.serve(**SLICES) as server:
        wanted = server.query(SLOW).to_pylist()
        run = start(server, SLOW)
        wait_for("a slice", lambda: any(piece["state"] == "done" for piece in status(server, run)["slices"]))
        os.kill(server.process.pid, signal.SIGKILL)
        server.process.wait()
    done_before, kills = {}, 1
    while kills < 6:
        with coldtrail.serve(**SLICES) as server:
            time.sleep(dice.uniform(0.0, 0.4))
            found = status(server, run)
            now = {piece["number"]: piece for piece in found["slices"] if piece["state"] == "done"}
            for number, piece in done_before.items():
                assert now[number] == piece, "a slice that was done was read again"
            done_before = now
            if found["state"] != "running":
                break
            os.kill(server.process.pid, signal.SIGKILL)
            server.process.wait()
            kills += 1
    with coldtrail.serve(**SLICES) as server:
        found = wait_for("the end of the run", lambda: ended(server, run), 120)
        assert found["state"] == "done"
        assert results(server, run) == wanted
        assert len(done_before) > 0
