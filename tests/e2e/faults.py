"""What can befall the machines of a cluster, and what must hold through each of it.

A fault is a context manager: it harms the cluster at its begin, names the nodes that are harmed, and heals all at its end. `survive` has a
run and commits under way meanwhile, and then asks for what a hunter was promised.
"""

from __future__ import annotations

import json
import random
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from cluster import Cluster, Node
from harness import Generated, wait_for
from test_runs import ended, results, start, status
from wire import CUT, Rule

# Its rows are not those of the commits under way.
BUSY_SOURCE = "k8s_audit"
STATEMENT = f"""SELECT source, max(sha512(repeat(raw_data, 8))) AS hash, count(*) AS n, count(DISTINCT actor_user_name) AS users
FROM events WHERE source <> '{BUSY_SOURCE}' GROUP BY source ORDER BY source"""
COMMITTED = f"SELECT count(*) FROM events WHERE source = '{BUSY_SOURCE}'"
TWICE = f"SELECT count(*) FROM (SELECT 1 FROM events WHERE source = '{BUSY_SOURCE}' GROUP BY source_object, source_offset HAVING count(*) > 1)"

SLICES_AT_ONCE = 2
# So that there are objects left for the last fault.
COMMITS_MAX = 4
END_SECONDS_MAX = 180
AGREE_SECONDS_MAX = 60

# Where Debian and Fedora put it.
FAKETIME = ("/usr/lib/x86_64-linux-gnu/faketime", "/usr/lib/aarch64-linux-gnu/faketime", "/usr/lib64/faketime")

Fault = Callable[[Cluster, random.Random], AbstractContextManager[list[Node]]]


def follower(cluster: Cluster, dice: random.Random) -> Node:
    leader = cluster.leader()
    return dice.choice([node for node in cluster.schedulers if node is not leader])


@contextmanager
def leader_is_cut_off(cluster: Cluster, dice: random.Random) -> Iterator[list[Node]]:
    """Nothing comes from the leader, nothing comes to it."""
    leader = cluster.leader()
    cluster.wire.isolate(leader.name)
    yield [leader]
    cluster.wire.heal()


@contextmanager
def leader_is_unheard(cluster: Cluster, dice: random.Random) -> Iterator[list[Node]]:
    """One way only: the leader hears all, and nobody hears it."""
    leader = cluster.leader()
    cluster.wire.mute(leader.name)
    yield [leader]
    cluster.wire.heal()


@contextmanager
def leader_is_deaf(cluster: Cluster, dice: random.Random) -> Iterator[list[Node]]:
    """The other way only: all hear the leader, and it hears nobody."""
    leader = cluster.leader()
    cluster.wire.deafen(leader.name)
    yield [leader]
    cluster.wire.heal()


@contextmanager
def follower_is_cut_off(cluster: Cluster, dice: random.Random) -> Iterator[list[Node]]:
    node = follower(cluster, dice)
    cluster.wire.isolate(node.name)
    yield [node]
    cluster.wire.heal()


@contextmanager
def follower_is_unheard(cluster: Cluster, dice: random.Random) -> Iterator[list[Node]]:
    """It hears no answers to what it sends, for nobody gets it."""
    node = follower(cluster, dice)
    cluster.wire.mute(node.name)
    yield [node]
    cluster.wire.heal()


@contextmanager
def leader_and_a_follower_are_cut_apart(cluster: Cluster, dice: random.Random) -> Iterator[list[Node]]:
    """Both reach the third, but not each other."""
    leader, node = cluster.leader(), follower(cluster, dice)
    cluster.wire.set(CUT, [leader.name], [node.name])
    cluster.wire.set(CUT, [node.name], [leader.name])
    # Either may lead now; what the one says that is not reached is old.
    yield [leader, node]
    cluster.wire.heal()


@contextmanager
def executor_is_cut_off(cluster: Cluster, dice: random.Random) -> Iterator[list[Node]]:
    node = dice.choice(cluster.executors)
    cluster.wire.isolate(node.name)
    yield [node]
    cluster.wire.heal()


@contextmanager
def executors_are_cut_from_each_other(cluster: Cluster, dice: random.Random) -> Iterator[list[Node]]:
    """All reach the leader, and none the rows that another one has."""
    names = [node.name for node in cluster.executors]
    cluster.wire.set(CUT, names, names)
    yield list(cluster.executors)
    cluster.wire.heal()


@contextmanager
def packets_are_lost(cluster: Cluster, dice: random.Random) -> Iterator[list[Node]]:
    """One of twenty, everywhere."""
    cluster.wire.set_all(Rule(loss=0.05))
    yield []
    cluster.wire.heal()


@contextmanager
def links_are_slow(cluster: Cluster, dice: random.Random) -> Iterator[list[Node]]:
    """A tenth of a second there and back, everywhere: half of what a heartbeat may take."""
    cluster.wire.set_all(Rule(delay_s=0.05))
    yield []
    cluster.wire.heal()


@contextmanager
def leader_is_frozen(cluster: Cluster, dice: random.Random) -> Iterator[list[Node]]:
    """It stops where it stands, and later goes on as if nothing had happened."""
    leader = cluster.leader()
    leader.pause()
    yield [leader]
    leader.unpause()


@contextmanager
def executor_is_frozen(cluster: Cluster, dice: random.Random) -> Iterator[list[Node]]:
    node = dice.choice(cluster.executors)
    node.pause()
    yield [node]
    node.unpause()


@contextmanager
def disk_of_the_leader_is_full(cluster: Cluster, dice: random.Random) -> Iterator[list[Node]]:
    """Not a byte is left for its catalog; a node that ends of it says so, and starts again when there is room."""
    leader = cluster.leader()
    with disk_is_full(leader):
        yield [leader]


@contextmanager
def disk_of_a_follower_is_full(cluster: Cluster, dice: random.Random) -> Iterator[list[Node]]:
    node = follower(cluster, dice)
    with disk_is_full(node):
        yield [node]


@contextmanager
def disk_is_full(node: Node) -> Iterator[None]:
    ballast = node.data_folder / "ballast"
    with ballast.open("wb", buffering=0) as out, suppress(OSError):
        while True:
            out.write(bytes(65536))
    try:
        yield
    finally:
        ballast.unlink()
        if node.process.poll() is not None:
            assert "No space left" in node.log, f"{node.name} does not say why it ended:\n{node.log[-3000:]}"
            node.start()
            wait_for(f"the start of {node.name}", node.is_up, AGREE_SECONDS_MAX)


@contextmanager
def clock_jumps(cluster: Cluster, dice: random.Random) -> Iterator[list[Node]]:
    """The clock of one scheduler goes to another time, and comes back."""
    node = dice.choice(cluster.schedulers)
    set_clock(node, dice.choice([-7200, -600, 600, 7200]))
    yield []
    set_clock(node, 0)


def set_clock(node: Node, ahead_s: int) -> None:
    (node.folder / "clock").write_text(f"{ahead_s:+d}")


def small_disk(node: Node, mebibytes: int) -> Callable[[], None]:
    """Gives a node a disk of its own; gives what takes it away again."""
    node.data_folder.mkdir(exist_ok=True)
    kept = {file.name: file.read_bytes() for file in node.data_folder.iterdir()}
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "coldtrail-test", node.data_folder], check=True, capture_output=True, text=True)
    for name, data in kept.items():
        (node.data_folder / name).write_bytes(data)
    return lambda: subprocess.run(["umount", "--lazy", node.data_folder], check=False, capture_output=True)


def clock_of_its_own(node: Node) -> bool:
    """Gives a node a clock that `set_clock` sets, if libfaketime is there."""
    library = next((path for folder in FAKETIME for path in Path(folder).glob("libfaketime.so.1")), None)
    if library is None:
        return False
    set_clock(node, 0)
    settings = {"FAKETIME_TIMESTAMP_FILE": str(node.folder / "clock"), "FAKETIME_DONT_FAKE_MONOTONIC": "1", "FAKETIME_CACHE_DURATION": "1"}
    node.environment |= {"LD_PRELOAD": str(library)} | settings
    return True


FAULTS: dict[str, Fault] = {
    fault.__name__: fault
    for fault in (
        leader_is_cut_off,
        leader_is_unheard,
        leader_is_deaf,
        follower_is_cut_off,
        follower_is_unheard,
        leader_and_a_follower_are_cut_apart,
        executor_is_cut_off,
        executors_are_cut_from_each_other,
        packets_are_lost,
        links_are_slow,
        leader_is_frozen,
        executor_is_frozen,
    )
}
DISK_FAULTS: dict[str, Fault] = {fault.__name__: fault for fault in (disk_of_the_leader_is_full, disk_of_a_follower_is_full)}


class Commits:
    """Objects that are ingested one after another while something is wrong, and what was said of each."""

    def __init__(self, cluster: Cluster, files: list[Path], dice: random.Random) -> None:
        self.cluster, self.left, self.dice = cluster, list(files), dice
        self.sent: list[Path] = []
        self.acknowledged: list[Path] = []
        self.refused: list[str] = []
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()

    def start(self) -> None:
        """Goes on until `stop`, at any scheduler that runs, harmed or not."""
        self._stop.clear()
        self._thread = threading.Thread(target=self._work)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def _work(self) -> None:
        for _ in range(COMMITS_MAX):
            if self._stop.is_set() or not self.left:
                return
            self.send(self.dice.choice(self.cluster.running()))
            self._stop.wait(0.5)

    def send(self, node: Node) -> None:
        file = self.left.pop()
        self.sent.append(file)
        try:
            done = node.try_run("ingest", "--json", file, timeout=20)
        except subprocess.TimeoutExpired:
            # Its client lost patience; whether it was taken is not known.
            self.refused.append(f"{node.name} did not answer")
            return
        if done.returncode == 0:
            self.acknowledged.append(file)
        else:
            self.refused.append(f"{node.name}: {done.stderr.strip().splitlines()[-1] if done.stderr else done.returncode}")


@dataclass
class Outcome:
    """How a cluster came through a fault."""

    state: str
    message: str | None
    resumed_s: float | None
    acknowledged: int
    refused: int

    def __str__(self) -> str:
        went_on = "did not go on meanwhile" if self.resumed_s is None else f"went on after {self.resumed_s:.1f} s"
        ended_as = self.state if self.message is None else f"{self.state} ({self.message})"
        return f"{went_on}, {ended_as}; {self.acknowledged} commits acknowledged, {self.refused} not"


def survive(cluster: Cluster, fault: Fault, dice: random.Random, commits: Commits, wanted: list[dict], hold_s: float) -> Outcome:
    """Has a run and commits under way while the fault lasts, and checks what must hold when it is over."""
    cluster_id = cluster.leader().status()["cluster_id"]
    acknowledged, refused = len(commits.acknowledged), len(commits.refused)
    run = start(dice.choice(cluster.schedulers).server, STATEMENT)
    least = dice.randrange(1, 4)
    wait_for("slices", lambda: len(done(dice.choice(cluster.schedulers), run) or []) >= least, 60)
    with fault(cluster, dice) as harmed:
        commits.start()
        whole = [node for node in cluster.schedulers if node not in harmed]
        resumed_s = goes_on(dice.choice(whole), run, hold_s) if whole else None
        commits.stop()
    for node in cluster.nodes:
        assert node.process.poll() is None, f"{node.name} ended with {node.process.returncode}:\n{node.log[-3000:]}"
    asked = cluster.schedulers[0]
    found = wait_for("the end of the run", lambda: ended_or_none(asked, run), END_SECONDS_MAX)
    check_run(asked, run, found, wanted)
    check_commits(cluster, commits, cluster_id)
    return Outcome(found["state"], found["message"], resumed_s, len(commits.acknowledged) - acknowledged, len(commits.refused) - refused)


def done(node: Node, run: str) -> set[int] | None:
    """The slices that are done, if the node can say so now."""
    with suppress(json.JSONDecodeError, subprocess.TimeoutExpired):
        return {piece["number"] for piece in status(node.server, run)["slices"] if piece["state"] == "done"}
    return None


def ended_or_none(node: Node, run: str) -> dict | None:
    with suppress(json.JSONDecodeError, subprocess.TimeoutExpired):
        return ended(node.server, run)
    return None


def goes_on(node: Node, run: str, hold_s: float) -> float | None:
    """Waits for so long, and gives when slices were done that had not been under way at the begin."""
    began, before, resumed_s = time.monotonic(), None, None
    while time.monotonic() < began + hold_s:
        now = done(node, run)
        before = now if before is None else before
        if resumed_s is None and now is not None and (len(now) > len(before) + SLICES_AT_ONCE or ended_or_none(node, run)):
            resumed_s = time.monotonic() - began
        time.sleep(0.1)
    return resumed_s


def check_run(node: Node, run: str, found: dict, wanted: list[dict]) -> None:
    """The right rows, or an error that names what is missing; never rows that are wrong and called whole."""
    if found["state"] == "done":
        assert found["message"] is None
        assert results(node.server, run) == wanted
        return
    assert found["state"] in ("partial", "failed") and found["message"], found
    failed = [piece for piece in found["slices"] if piece["state"] == "failed"]
    assert found["state"] == "failed" or failed, "a run that is partial names no slice"
    assert all(piece["message"] for piece in failed), failed


def check_commits(cluster: Cluster, commits: Commits, cluster_id: str) -> None:
    """All nodes are one cluster again, have every commit that was acknowledged, and none twice."""
    leader = cluster.leader(seconds_max=AGREE_SECONDS_MAX)
    kept = leader.ingest(*commits.acknowledged) if commits.acknowledged else {"events": 0}
    assert kept["events"] == 0, f"{kept['events']} events that were acknowledged had to be ingested again"
    unsure = [file for file in commits.sent if file not in commits.acknowledged]
    if unsure:
        leader.ingest(*unsure)
        commits.acknowledged += unsure
    counts = {}

    def agree() -> bool:
        for node in cluster.schedulers:
            with suppress(AssertionError):
                counts[node.name] = node.server.value(COMMITTED)
        return len(counts) == len(cluster.schedulers) and len(set(counts.values())) == 1

    wait_for("agreement of all nodes", agree, AGREE_SECONDS_MAX)
    assert leader.server.value(TWICE) == 0, "a commit was taken twice"
    for node in cluster.schedulers:
        found = node.status()
        assert found["cluster_id"] == cluster_id, f"{node.name} is of another cluster now"
        assert [one["role"] for one in found["nodes"]] == ["voter"] * len(cluster.schedulers), found


def split(generated: Generated) -> tuple[list[Path], list[Path]]:
    """The folders of what is there from the start, and the files that are ingested later."""
    folders = [folder for folder in generated.locations() if folder.name != BUSY_SOURCE]
    return folders, generated.files_of(BUSY_SOURCE)
