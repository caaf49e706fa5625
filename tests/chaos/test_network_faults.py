"""Machines that are cut off, slow, frozen, full or wrong about the time, in the middle of runs and commits: `make chaos`.

COLDTRAIL_TEST_SEEDS names the seeds, in place of `1 2`. A test that failed is tried again alone with its name and the same seeds.
"""

import os
import random
from contextlib import ExitStack, contextmanager

import pytest
from cluster import cluster
from faults import DISK_FAULTS, FAULTS, STATEMENT, Commits, clock_jumps, clock_of_its_own, small_disk, split, survive
from harness import wait_for
from proxy import PASS, Proxy, always, busy
from stores import seaweedfs
from wire import Wire, skip_without_namespaces

SEEDS = [int(seed) for seed in os.environ.get("COLDTRAIL_TEST_SEEDS", "1 2").split()]
HOLD_SECONDS = (5.0, 9.0)
DISK_MEBIBYTES = 64


@pytest.fixture(scope="module")
def wired(binary, ninety_days, tmp_path_factory):
    """Three schedulers and three executors on hosts of their own; the schedulers have small disks and clocks of their own."""
    skip_without_namespaces()
    folders, files = split(ninety_days)
    with ExitStack() as stack:
        wire = Wire(SEEDS[0])
        stack.callback(wire.close)
        features = {}

        def prepare(made):
            for node in made.schedulers:
                features["clock"] = clock_of_its_own(node)
                stack.callback(small_disk(node, DISK_MEBIBYTES))

        made = stack.enter_context(cluster(binary, tmp_path_factory.mktemp("wire"), 3, 3, tier="distributed", wire=wire, prepare=prepare))
        made.features = features
        ready(made, folders, files)
        yield made


@pytest.fixture(scope="module")
def stored(binary, ninety_days, tmp_path_factory):
    """Three schedulers and two executors over S3, with a proxy before the store that all of them go through."""
    folders, files = split(ninety_days)
    with seaweedfs(tmp_path_factory.mktemp("s3")) as store, ExitStack() as stack:
        proxy = Proxy(store.port, store.quirks)
        stack.callback(proxy.stop)
        options = {"lake": store.url("faults"), "environment": store.env(proxy.port)}
        made = stack.enter_context(cluster(binary, tmp_path_factory.mktemp("stored"), 3, 2, tier="distributed", **options))
        made.proxy = proxy
        ready(made, folders, files)
        yield made


def ready(made, folders, files):
    made.schedulers[0].ingest(*folders)
    made.wanted = made.leader().server.query(STATEMENT).to_pylist()
    made.commits = Commits(made, files, random.Random(SEEDS[0]))
    made.is_tainted = False


def begin_anew(made):
    """What an earlier test that failed left is not this one's matter."""
    if made.wire:
        made.wire.heal()
    for node in made.nodes:
        if node.process.poll() is None:
            node.unpause()
            node.kill()
        node.start()
    made.wait()
    wait_for("the executors", lambda: made.leader().server.query(STATEMENT).to_pylist() == made.wanted, 60)


def go_through(made, fault, seed):
    name = getattr(fault, "__name__", "fault")
    dice = random.Random(f"{seed} {name}")
    if made.is_tainted:
        begin_anew(made)
    made.is_tainted = True
    outcome = survive(made, fault, dice, made.commits, made.wanted, dice.uniform(*HOLD_SECONDS))
    made.is_tainted = False
    print(f"{name}, seed {seed}: {outcome}", flush=True)
    return outcome


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", FAULTS)
def test_a_cluster_comes_through(wired, name, seed):
    assert go_through(wired, FAULTS[name], seed).state == "done"


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", DISK_FAULTS)
def test_a_cluster_comes_through_a_full_disk(wired, name, seed):
    assert go_through(wired, DISK_FAULTS[name], seed).state == "done"


@pytest.mark.parametrize("seed", SEEDS)
def test_a_cluster_comes_through_a_clock_that_jumps(wired, seed):
    if not wired.features["clock"]:
        pytest.skip("no clock can be set: install libfaketime")
    assert go_through(wired, clock_jumps, seed).state == "done"


@pytest.mark.parametrize("share", [0.3, 0.9])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_cluster_comes_through_a_store_that_is_busy(stored, seed, share):
    """Nine in ten is more than tries again can hide: then an error is as good as the rows, if it is clear."""

    @contextmanager
    def store_is_busy(made, dice):
        stored.proxy.decide = busy(share, seed)
        yield []
        stored.proxy.decide = always(PASS)

    outcome = go_through(stored, store_is_busy, seed)
    assert outcome.state == "done" or share > 0.5
