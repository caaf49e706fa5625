"""The lakes that hunts are tried on: the demo's, one of quiet days, and one of quiet days with the fixtures of every hunt."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from harness import Coldtrail
from lakes import DAYS, EVENTS, FIXTURES, Demo, Lake

@pytest.fixture(scope="session")
def demo(binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    folder = tmp_path_factory.mktemp("demo") / "it"
    coldtrail = Coldtrail(binary, folder)
    ran = coldtrail.run(
        "demo", "--exit", "--folder", folder, "--days", DAYS, "--events", EVENTS, env={"COLDTRAIL_FLIGHT_BIND": "127.0.0.1:0"}, timeout=900
    )
    coldtrail.password = coldtrail.run("user", "set-password", "hunter").out.strip()
    truth = json.loads((folder / "generated" / "ground_truth.json").read_text())
    with coldtrail.serve() as server:
        yield Demo(ran.out, truth, Lake(server, datetime(2026, 4, 1, tzinfo=timezone.utc)))


@pytest.fixture(scope="session")
def quiet_days(binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Coldtrail:
    """Thirty days from 2026-01-01 on in which nothing happened."""
    coldtrail = Coldtrail(binary, tmp_path_factory.mktemp("quiet"))
    logs = coldtrail.folder / "logs"
    coldtrail.run("generate", logs, "--quiet-days", "--days", DAYS, "--events", EVENTS, "--seed", 7)
    coldtrail.ingest(*(source for source in sorted(logs.iterdir()) if source.is_dir()))
    return coldtrail


@pytest.fixture(scope="session")
def quiet(quiet_days: Coldtrail) -> Iterator[Lake]:
    with quiet_days.serve() as server:
        yield Lake(server, datetime(2026, 1, 1, tzinfo=timezone.utc) + timedelta(days=DAYS))


@pytest.fixture(scope="session")
def planted(binary: Path, quiet_days: Coldtrail, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    """The same days, with the fixtures of every hunt among them."""
    coldtrail = Coldtrail(binary, tmp_path_factory.mktemp("planted") / "it")
    shutil.copytree(quiet_days.folder, coldtrail.folder, dirs_exist_ok=True)
    for folder in sorted(FIXTURES.glob("*/*")):
        report = coldtrail.ingest(folder, source=folder.name)
        assert report["rejects"] == 0, f"{folder} has records that could not be read: {report}"
    coldtrail.password = coldtrail.password or coldtrail.run("user", "set-password", "hunter").out.strip()
    with coldtrail.serve() as server:
        yield Lake(server, datetime(2026, 1, 1, tzinfo=timezone.utc) + timedelta(days=DAYS))
