"""Nodes on hosts of their own: what another host can reach of them, and a leader that is cut off, unheard or frozen.

All faults, over more seeds, are in `make chaos`.
"""

import errno
import random
import socket

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


def test_another_host_reaches_nothing_but_links(three):
    stranger = three.wire.host("stranger")
    for node in three.nodes:

        def scan():
            return [port for port in range(1, 65536) if is_open(node.ip, port)]

        assert stranger.here(scan) == [int(node.address.rpartition(":")[2])], f"what answers at {node.name}"


def is_open(ip, port):
    with socket.socket() as asking:
        asking.settimeout(5)
        answer = asking.connect_ex((ip, port))
        assert answer in (0, errno.ECONNREFUSED), f"port {port}: {errno.errorcode.get(answer)}"
        return answer == 0


@pytest.mark.parametrize("fault", [leader_is_cut_off, leader_is_unheard, leader_is_frozen], ids=lambda fault: fault.__name__)
def test_a_run_and_all_commits_outlive(three, fault):
    outcome = survive(three, fault, random.Random(SEED), three.commits, three.wanted, HOLD_SECONDS)
    print(f"{fault.__name__}: {outcome}")
    assert outcome.state == "done"
