"""Folders that `cluster init` makes are all that nodes need; `cluster join` adds nodes that join by themselves."""

import json
import os
import stat
import subprocess

import pytest
from cluster import free_port
from harness import die_with_parent, stop, wait_for


class Folders:
    """Nodes that run in the folders that `cluster init` made."""

    def __init__(self, binary, folder):
        self.binary, self.folder = binary, folder
        self.processes = {}
        self.addresses = {}

    def named(self, name):
        self.addresses[name] = f"127.0.0.1:{free_port()}"
        return f"{name}={self.addresses[name]}"

    def run(self, *arguments, at=None):
        command = [str(self.binary), *map(str, arguments)]
        return subprocess.run(command, cwd=self.folder / (at or "."), capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)

    def start(self, name, role):
        log = (self.folder / f"{name}.log").open("wb")
        env = {key: value for key, value in os.environ.items() if not key.startswith("COLDTRAIL_")} | {"COLDTRAIL_FLIGHT_BIND": f"127.0.0.1:{free_port()}"}
        command = [str(self.binary), "serve", "--role", role]
        self.processes[name] = subprocess.Popen(command, cwd=self.folder / name, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env, preexec_fn=die_with_parent)

    def log(self, name):
        return (self.folder / f"{name}.log").read_text()

    def members(self, at):
        asked = self.run("cluster", "status", "--json", at=at)
        if asked.returncode != 0:
            return None
        status = json.loads(asked.stdout)
        return status if status["leader"] else None


@pytest.fixture
def folders(binary, tmp_path):
    made = Folders(binary, tmp_path / "nodes")
    made.folder.mkdir()
    yield made
    for process in made.processes.values():
        stop(process)


def test_nodes_started_in_their_folders_are_a_cluster_and_more_join_it(folders):
    schedulers = [argument for name in "abc" for argument in ("--scheduler", folders.named(name))]
    init = folders.run("cluster", "init", ".", *schedulers, "--executor", folders.named("x"), "--lake-url", folders.folder / "lake")
    assert init.returncode == 0, init.stderr
    assert "user hunter with password" in init.stdout
    for name in ("a-key.pem", "a/node-key.pem", "a/cluster.secret", "ca-key.pem", "a/users.toml"):
        assert stat.S_IMODE((folders.folder / name).stat().st_mode) == 0o600, name
    assert not list(folders.folder.glob("*/ca-key.pem")), "whoever has the authority's key can make nodes"
    for name in "abc":
        folders.start(name, "scheduler")
    folders.start("x", "executor")
    status = wait_for("a cluster", lambda: folders.members("a"), 60)
    assert sorted(node["address"] for node in status["nodes"]) == sorted(folders.addresses[name] for name in "abc")
    wait_for("the executor to attach", lambda: "Attached" in folders.log("x"), 60)

    joined = folders.run("cluster", "join", ".", "--scheduler", folders.named("d"), "--executor", folders.named("y"))
    assert joined.returncode == 0, joined.stderr
    folders.start("d", "scheduler")
    folders.start("y", "executor")
    four = wait_for("the fourth to vote", lambda: (found := folders.members("a")) and [node["role"] for node in found["nodes"]] == ["voter"] * 4 and found, 60)
    assert four["cluster_id"] == status["cluster_id"]
    wait_for("the second executor to attach", lambda: "Attached" in folders.log("y"), 60)


def test_what_cannot_be_a_cluster_is_refused(folders):
    for arguments, word in [
        (("--scheduler", "a=h:1", "--scheduler", "b=h:2"), "one, three or five"),
        (("--scheduler", "a=h:1", "--executor", "a=h:2"), "two nodes are named a"),
        (("--scheduler", "a=h:1", "--executor", "x=h:1"), "the same address"),
    ]:
        refused = folders.run("cluster", "init", ".", *arguments, "--lake-url", "lake")
        assert refused.returncode == 1 and word in refused.stderr, refused
    assert not list(folders.folder.iterdir()), "nothing was made"
    assert "cluster init" in folders.run("cluster", "join", ".", "--executor", "x=h:1").stderr
    assert folders.run("cluster", "init", ".", "--scheduler", "a=h:1", "--lake-url", "lake").returncode == 0
    assert f'lake = "{folders.folder / "lake"}"' in (folders.folder / "a" / "coldtrail.toml").read_text(), "each node runs in another folder"
    again = folders.run("cluster", "init", ".", "--scheduler", "a=h:1", "--lake-url", "lake")
    assert again.returncode == 1 and "cluster join" in again.stderr
