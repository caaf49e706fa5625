"""What the tests of lost machines share: three months of logs."""

from __future__ import annotations

from pathlib import Path

import pytest
from harness import Coldtrail, Generated

DAYS = 90
EVENTS = 20_000


@pytest.fixture(scope="session")
def ninety_days(binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Generated:
    """Ninety days of logs of every source, with the intrusion planted."""
    folder = tmp_path_factory.mktemp("ninety-days")
    Coldtrail(binary, tmp_path_factory.mktemp("generate")).run("generate", folder, "--days", DAYS, "--events", EVENTS)
    return Generated(folder)
