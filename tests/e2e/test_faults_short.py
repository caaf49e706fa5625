"""A leader that is cut off, one that is unheard, and one that is frozen; all faults, over many seeds, are in `make chaos`."""

import random

import pytest
from cluster import cluster
from faults import STATEMENT, Commits, leader_is_cut_off, leader_is_frozen, leader_is_unheard, split, survive
from wire import Wire, skip_without_namespaces

SEED = 20261124
HOLD_SECONDS = 6


@pytest.fixture(scope="module")
def three(binary, generated, tmp_path_factory):
    skip_without_namespaces()
    folders, files = split(generated)
    wire = Wire(SEED)
    with cluster(binary, tmp_path_factory.mktemp("wire"), 3, 2, tier="distributed", wire=wire) as made:
        made.schedulers[0].ingest(*folders)
        made.wanted = made.leader().server.query(STATEMENT).to_pylist()
        made.commits = Commits(made, files, random.Random(SEED))
        yield made
    wire.close()


@pytest.mark.parametrize("fault", [leader_is_cut_off, leader_is_unheard, leader_is_frozen], ids=lambda fault: fault.__name__)
def test_a_run_and_all_commits_outlive(three, fault):
    outcome = survive(three, fault, random.Random(SEED), three.commits, three.wanted, HOLD_SECONDS)
    print(f"{fault.__name__}: {outcome}")
    assert outcome.state == "done"
