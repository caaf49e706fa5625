"""Several schedulers and executors: what one of them does when another dies."""

import json
import shutil
import socket
import subprocess
import threading
import time

import pytest
from cluster import cluster
from harness import wait_for
from test_runs import ended, results, start, status

COUNT = "SELECT count(*) FROM events"
# Each slice works for a while.
SLOW = "SELECT source, max(sha512(repeat(raw_data, 8))) AS hash, count(*) AS n, count(DISTINCT actor_user_name) AS users FROM events GROUP BY source ORDER BY source"


@pytest.fixture(scope="module")
def three(binary, generated, tmp_path_factory):
    """Three schedulers and two executors over the generated logs; tests leave all of them running."""
    with cluster(binary, tmp_path_factory.mktemp("cluster"), 3, 2, tier="distributed") as made:
        made.report = made.schedulers[1].ingest(*generated.locations())
        yield made


def everywhere(three, sql, wanted):
    for node in three.schedulers:
        wait_for(f"{node.name} to show it", lambda: node.server.query(sql).to_pylist() == wanted, 20)


def heal(three):
    for node in three.nodes:
        if node.process.poll() is not None:
            node.start()
    three.wait()


def test_what_is_ingested_at_one_node_is_hunted_at_all(three):
    everywhere(three, COUNT, [{"count(*)": three.report["events"]}])
    leader = three.leader()
    assert "distributed" in leader.server.explain(COUNT)["coldtrail"], "the leader has executors"


def test_killing_the_leader_costs_a_run_nothing_but_the_slices_under_way(three):
    wanted = three.leader().server.query(SLOW).to_pylist()
    for _ in range(3):
        leader = three.leader()
        asked = next(node for node in three.schedulers if node is not leader)
        run = start(asked.server, SLOW)
        wait_for("a slice", lambda: any(piece["state"] == "done" for piece in status(asked.server, run)["slices"]))
        before = {piece["number"]: piece for piece in status(asked.server, run)["slices"] if piece["state"] == "done"}
        leader.kill()
        killed = time.monotonic()

        def goes_on():
            found = status(asked.server, run)
            done = {piece["number"]: piece for piece in found["slices"] if piece["state"] == "done"}
            return found if len(done) > len(before) + 2 or found["state"] != "running" else None

        wait_for("another leader to go on", goes_on, 30)
        print(f"the run went on {time.monotonic() - killed:.1f} s after its leader was killed")
        assert time.monotonic() - killed < 10
        found = wait_for("the end of the run", lambda: ended(asked.server, run), 120)
        assert (found["state"], found["message"]) == ("done", None)
        after = {piece["number"]: piece for piece in found["slices"]}
        assert all(after[number] == piece for number, piece in before.items()), "a slice that was done was read again"
        assert results(asked.server, run) == wanted
        heal(three)


def test_a_run_that_was_taken_over_leaves_the_evidence_of_an_undisturbed_one(three, tmp_path):
    key = tmp_path / "signing.pem"
    three.client.run("evidence", "key", "--private", key, "--public", tmp_path / "signer.pem")

    def digest(server, run):
        said = server.coldtrail.run("evidence", "export", run, "--out", tmp_path / run, "--key", key, env=server.sql_env()).out
        return dict(line.split(None, 1) for line in said.splitlines())["digest"]

    leader = three.leader()
    asked = next(node for node in three.schedulers if node is not leader)
    calm = start(asked.server, SLOW)
    assert wait_for("the end of the run", lambda: ended(asked.server, calm), 120)["state"] == "done"
    run = start(asked.server, SLOW)
    wait_for("a slice", lambda: any(piece["state"] == "done" for piece in status(asked.server, run)["slices"]))
    leader.kill()
    assert wait_for("the end of the run", lambda: ended(asked.server, run), 120)["state"] == "done"
    assert digest(asked.server, run) == digest(asked.server, calm)
    heal(three)


def test_killing_or_stopping_executors_gives_the_right_rows(three):
    leader = three.leader()
    wanted = leader.server.query(SLOW).to_pylist()
    for harm in ("kill", "pause"):
        victim = three.executors[0]
        got = {}

        def ask():
            try:
                got["rows"] = leader.server.query(SLOW).to_pylist()
            except Exception as error:  # noqa: BLE001 (a clear error is as good as the rows)
                got["error"] = str(error)

        asking = threading.Thread(target=ask)
        asking.start()
        time.sleep(three.dice.uniform(0.2, 1.5))
        getattr(victim, harm)()
        asking.join(120)
        assert not asking.is_alive(), "the query hangs"
        assert got.get("rows") == wanted or "error" in got, got
        if "error" in got:
            assert "executor" in got["error"] or "fetch" in got["error"].lower() or "reach" in got["error"], got["error"]
        if harm == "pause":
            victim.unpause()
        heal(three)
        wait_for("the executors", lambda: leader.server.query(SLOW).to_pylist() == wanted, 60)


def test_an_executor_that_is_added_takes_tasks(three):
    leader = three.leader()
    added = three.add_executor()
    began = time.monotonic()
    wait_for("the new executor", added.is_up, 30)
    assert time.monotonic() - began < 5
    before = cpu(added)
    wait_for("work on it", lambda: leader.server.query(SLOW) and cpu(added) - before > 0.5, 60)


def cpu(node):
    from harness import cpu_seconds

    return cpu_seconds(node.process.pid)


def test_a_commit_that_was_acknowledged_survives_any_kill(three, binary, tmp_path):
    logs = tmp_path / "logs"
    subprocess.run([binary, "generate", logs, "--days", "12", "--events", "1500", "--seed", "7", "--source", "k8s_audit", "--json"], check=True, stdout=subprocess.DEVNULL)
    files = sorted(path for path in (logs / "k8s_audit").rglob("*") if path.is_file())
    before = three.leader().server.value(COUNT)
    acknowledged = 0
    for number, file in enumerate(files):
        if number % 4 == 2:
            three.leader().kill()
            heal_later = True
        else:
            heal_later = False
        node = three.dice.choice(three.running())
        done = subprocess.run(node.command("ingest", "--json", file), capture_output=True, text=True, timeout=120)
        if done.returncode == 0:
            acknowledged += json.loads(done.stdout)["events"]
        if heal_later:
            heal(three)
    again = sum(three.schedulers[0].ingest(file)["events"] for file in files)
    everywhere(three, COUNT, [{"count(*)": before + acknowledged + again}])
    twice = three.leader().server.value("SELECT count(*) FROM (SELECT source_object, source_offset FROM events GROUP BY 1, 2 HAVING count(*) > 1)")
    assert twice == 0


def test_a_wiped_node_comes_back_by_itself(three):
    cluster_id = three.leader().status()["cluster_id"]
    victim = next(node for node in three.schedulers if node is not three.leader())
    count = three.leader().server.value(COUNT)
    victim.kill()
    shutil.rmtree(victim.data_folder)
    victim.start()
    wait_for("the wiped node", victim.is_up, 60)
    everywhere(three, COUNT, [{"count(*)": count}])
    found = wait_for("three voters", lambda: [node for node in victim.status()["nodes"] if node["role"] == "voter"], 30)
    assert len(found) == 3 and victim.status()["cluster_id"] == cluster_id


def test_all_nodes_stop_at_once_and_come_back(three):
    cluster_id, count = three.leader().status()["cluster_id"], three.leader().server.value(COUNT)
    for node in three.nodes:
        node.kill()
    for node in three.nodes:
        node.start()
    three.wait()
    everywhere(three, COUNT, [{"count(*)": count}])
    assert three.leader().status()["cluster_id"] == cluster_id


def test_only_links_listen_beyond_loopback_and_they_do_not_speak_in_the_clear(three):
    for node in three.nodes:
        beyond = [address for address in node.listening() if not address.startswith("127.")]
        assert beyond == [f"0.0.0.0:{node.address.rpartition(':')[2]}"], f"{node.name} listens on {beyond}"
        assert len(node.listening()) > 2
        with socket.create_connection(("127.0.0.1", int(node.address.rpartition(":")[2])), timeout=5) as plain:
            plain.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
            try:
                answer = plain.recv(1024)
            except ConnectionResetError:
                answer = b""
            # Nothing, or an alert of TLS: never a frame of HTTP/2.
            assert answer == b"" or answer[0] == 21, answer


def test_a_node_is_ready_when_somebody_leads(three):
    for node in three.nodes:
        assert node.ready() == (200, "ready")


def test_an_executor_that_is_asked_to_stop_hands_over(three):
    leader = three.leader()
    wanted = leader.server.query(SLOW).to_pylist()
    got = []
    asking = threading.Thread(target=lambda: got.append(leader.server.query(SLOW).to_pylist()))
    asking.start()
    time.sleep(0.5)
    assert three.executors[0].stop() == 0
    asking.join(60)
    assert got == [wanted]
    heal(three)


def test_leadership_is_handed_over_when_asked_and_when_a_node_stops(three):
    leader = three.leader()
    other = next(node for node in three.schedulers if node is not leader)
    number = next(node["id"] for node in leader.status()["nodes"] if node["address"] == other.address)
    subprocess.run(leader.command("cluster", "transfer", number), check=True, timeout=30)
    assert three.leader() is other
    assert other.stop() == 0
    assert three.leader() is not other
    heal(three)


def test_nothing_is_said_in_the_clear_and_strangers_are_turned_away(three, tmp_path):
    stranger = tmp_path / "certs"
    three.client.run("cluster", "certs", stranger, "x", "--also", "127.0.0.1")
    config = (three.executors[0].folder / "coldtrail.toml").read_text()
    for name, text in {
        "stranger": config.replace(str(three.certs / "ca.pem"), str(stranger / "ca.pem")).replace(str(three.certs / "e0"), str(stranger / "x")),
        "plain": "\n".join(line for line in config.splitlines() if not line.startswith("tls_")),
    }.items():
        folder = tmp_path / name
        folder.mkdir()
        # The ports that are written there are taken by the node that this is a copy of.
        text = "\n".join(line for line in text.splitlines() if not line.startswith("bind = "))
        text = text.replace(str(three.executors[0].data_folder), str(folder / "data")).replace(three.executors[0].address, "127.0.0.1:0")
        (folder / "coldtrail.toml").write_text(text)
        log = (folder / "log").open("wb")
        process = subprocess.Popen([str(three.binary), "--config", str(folder / "coldtrail.toml"), "serve", "--role", "executor"], stdout=log, stderr=log)
        try:
            wait_for("the refusal", lambda: (folder / "log").read_text().count("does not say who leads") > 1, 20)
            assert "Attached" not in (folder / "log").read_text()
        finally:
            process.kill()
            process.wait()
