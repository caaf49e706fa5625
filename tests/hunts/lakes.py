"""What the tests of hunts look at: a lake with a server over it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from harness import Server
from huntfiles import Hunt

FIXTURES = Path(__file__).parent / "fixtures"
DAYS, EVENTS = 30, 30_000


@dataclass(frozen=True)
class Lake:
    """A server over a lake, and the first instant after its last day."""

    server: Server
    until: datetime

    def rows(self, hunt: Hunt) -> list[dict[str, Any]]:
        return self.server.query(hunt.sql(self.until)).to_pylist()


@dataclass(frozen=True)
class Demo:
    """What `coldtrail demo` printed and left behind."""

    printed: str
    truth: dict[str, Any]
    lake: Lake
