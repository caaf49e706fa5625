"""Hunt files as the tests run them: read with PyYAML, parameters put in as `coldtrail-huntfile` puts them in."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples" / "hunts"
UNITS = {"w": 604_800_000, "d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1000, "ms": 1}


@dataclass(frozen=True)
class Case:
    """What a hunt must find: steps of the demo's intrusion, and rows of its own fixtures."""

    steps: dict[str, str | None] = field(default_factory=dict)
    """Steps of the ground truth, each with the column that counts its records; without one, rows are counted."""
    rows: list[dict[str, Any]] = field(default_factory=list)
    """One entry a row that must be found in the fixtures, with the columns that are compared."""


class Hunt:
    """A hunt file, and its case."""

    def __init__(self, path: Path, cases: dict[str, dict]) -> None:
        self.path = path
        self.name = path.stem
        self.file: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
        case = cases.get(self.name, {})
        self.case = Case(case.get("steps") or {}, case.get("rows") or [])
        [self.query] = self.file["queries"]

    def __repr__(self) -> str:
        return self.name

    def sql(self, until: datetime, values: dict[str, Any] | None = None) -> str:
        """The statement of the one query, with values in place of its parameters."""
        literals = {
            name: literal((values or {}).get(name, parameter.get("default")), parameter["type"], parameter.get("of"))
            for name, parameter in (self.file.get("parameters") or {}).items()
        }
        lookback = timedelta(milliseconds=milliseconds(self.file.get("window", {}).get("lookback", "90d")))
        literals |= {"from": time_literal(until - lookback), "until": time_literal(until)}
        return re.sub(r"\$\{(\w+)\}", lambda found: literals[found[1]], self.query["sql"])


def all_hunts() -> list[Hunt]:
    cases = yaml.safe_load((Path(__file__).parent / "cases.yaml").read_text(encoding="utf-8"))
    return [Hunt(path, cases) for path in sorted(EXAMPLES.glob("*.yaml"))]


def literal(value: Any, kind: str, of: str | None = None) -> str:
    if kind == "list":
        return ", ".join(literal(item, str(of)) for item in value) or "SELECT NULL WHERE FALSE"
    if kind in ("integer", "number"):
        return f"({value})" if value < 0 else str(value)
    if kind == "boolean":
        return str(value).upper()
    if kind == "duration":
        return f"INTERVAL '{milliseconds(value) // 1000} seconds'"
    return "'" + str(value).replace("'", "''") + "'"


def milliseconds(duration: str) -> int:
    return sum(int(number) * UNITS[unit] for number, unit in re.findall(r"(\d+)(ms|[wdhms])", duration))


def time_literal(time: datetime) -> str:
    return f"TIMESTAMP '{time.astimezone(timezone.utc):%Y-%m-%d %H:%M:%S.000}'"
