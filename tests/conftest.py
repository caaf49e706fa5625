"""What every test file shares: the binary, generated logs, a lake that holds them, and a server over it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

sys.dont_write_bytecode = True

from harness import Coldtrail, Generated, Server  # noqa: E402 (nothing may be compiled into the repository before)

DAYS = 14
EVENTS = 20_000


@dataclass(frozen=True)
class Ingested:
    """A lake, what its first ingest reported, and a copy of its catalog as it was then."""

    coldtrail: Coldtrail
    report: dict
    catalog: Path


@pytest.fixture(scope="session")
def binary() -> Path:
    """The binary under test, named by COLDTRAIL_BIN."""
    named = os.environ.get("COLDTRAIL_BIN")
    if not named:
        pytest.exit("set COLDTRAIL_BIN to the binary to test, or run `make test`", returncode=2)
    path = Path(named).resolve()
    if not path.is_file():
        pytest.exit(f"COLDTRAIL_BIN names {path}, which is not there; build it with `cargo build`", returncode=2)
    return path


@pytest.fixture(scope="session")
def generated(binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Generated:
    """Two weeks of logs of every source, with the intrusion planted."""
    folder = tmp_path_factory.mktemp("generated")
    Coldtrail(binary, tmp_path_factory.mktemp("generate")).run("generate", folder, "--days", DAYS, "--events", EVENTS)
    return Generated(folder)


@pytest.fixture(scope="session")
def ingested(binary: Path, generated: Generated, tmp_path_factory: pytest.TempPathFactory) -> Ingested:
    """A lake with the generated logs, and the report of their ingest."""
    coldtrail = Coldtrail(binary, tmp_path_factory.mktemp("node"))
    report = coldtrail.ingest(*generated.locations())
    catalog = coldtrail.folder / "catalog-copy"
    shutil.copytree(coldtrail.data_folder, catalog)
    return Ingested(coldtrail, report, catalog)


@pytest.fixture(scope="session")
def lake(ingested: Ingested) -> Coldtrail:
    """The lake with the generated logs."""
    return ingested.coldtrail


@pytest.fixture(scope="session")
def server(lake: Coldtrail) -> Iterator[Server]:
    """A server over the generated logs, which chooses the tier by the size of the statement."""
    with lake.serve() as server:
        yield server


@pytest.fixture(scope="session")
def node_with(ingested: Ingested, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., AbstractContextManager[Server]]:
    """Starts servers of other settings over the generated logs: each has a copy of the catalog, and all read the same files."""

    def start(**settings: Any) -> AbstractContextManager[Server]:
        node = Coldtrail(ingested.coldtrail.binary, tmp_path_factory.mktemp("node"), ingested.coldtrail.lake)
        shutil.copytree(ingested.catalog, node.data_folder)
        return node.serve(**settings)

    return start


@pytest.fixture(scope="module", params=["local", "distributed"])
def tier(request: pytest.FixtureRequest, node_with: Callable[..., AbstractContextManager[Server]]) -> Iterator[Server]:
    """A server of each tier, one after the other."""
    with node_with(COLDTRAIL_QUERY_TIER=request.param) as server:
        yield server


@pytest.fixture
def coldtrail(binary: Path, tmp_path: Path) -> Coldtrail:
    """An empty lake of the test's own."""
    return Coldtrail(binary, tmp_path / "node")
