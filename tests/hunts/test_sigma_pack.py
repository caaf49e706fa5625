"""The rules of examples/sigma find every step of the planted intrusion that a single event gives away, and quiet days find (nearly) nothing.

`sigma_cases.yaml` says which rule finds which steps, and which steps need more than one event.
"""

from __future__ import annotations

import json
import uuid
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from harness import DONE
from huntfiles import ROOT
from lakes import DAYS, Demo, Lake

PACK = ROOT / "examples" / "sigma"
RULES = {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(PACK.glob("*.yml"))}
CASES = yaml.safe_load((Path(__file__).parent / "sigma_cases.yaml").read_text(encoding="utf-8"))
# Which of Zeek's logs are in a class. Their lines are tables, whose fields have no names: any of them may be the one.
ZEEK_LOGS = {4001: ["conn", "ssl"], 4002: ["http"], 4003: ["dns"]}

Rows = dict[str, list[dict[str, Any]]]


def found(lake: Lake) -> Rows:
    """The events that each rule matches, all rules in one run."""
    first, last = lake.until - timedelta(days=DAYS), lake.until - timedelta(days=1)
    window = ("--since", f"{first:%Y-%m-%d}", "--until", f"{last:%Y-%m-%d}")
    ran = lake.server.coldtrail.try_run("sigma", "run", PACK, *window, "--format", "json", env=lake.server.sql_env())
    assert ran.code == DONE, ran
    names = {rule["id"]: name for name, rule in RULES.items()}
    rows: Rows = defaultdict(list)
    for line in ran.out.splitlines():
        row = json.loads(line)
        rows[names[row["rule_id"]]].append(row)
    return rows


@pytest.fixture(scope="module")
def demo_rows(demo: Demo) -> Rows:
    return found(demo.lake)


@pytest.fixture(scope="module")
def quiet_rows(quiet: Lake) -> Rows:
    return found(quiet)


@pytest.mark.parametrize("name", RULES)
def test_a_rule_finds_the_steps_it_should_and_nothing_else(name: str, demo: Demo, demo_rows: Rows) -> None:
    steps = Counter(step_of(row, demo.truth["steps"]) for row in demo_rows[name])
    assert steps == Counter(CASES["rules"][name])


@pytest.mark.parametrize("name", RULES)
def test_a_rule_on_quiet_days_finds_one_thing_at_most(name: str, quiet_rows: Rows) -> None:
    assert len(quiet_rows[name]) <= 1, quiet_rows[name]


def test_every_step_is_found_or_needs_more_than_one_event(demo: Demo) -> None:
    found_steps = {step for steps in CASES["rules"].values() for step in steps}
    assert not found_steps & CASES["not_found"].keys(), "these are found: take them out of not_found"
    assert found_steps | CASES["not_found"].keys() == {step["id"] for step in demo.truth["steps"]}
    assert {step["phase"] for step in demo.truth["steps"] if step["id"] in found_steps} == set(range(1, 11))


def test_a_rule_knows_no_value_of_the_intrusion(demo: Demo) -> None:
    values = [value for kind in demo.truth["indicators"].values() for value in kind]
    for path in PACK.glob("*.yml"):
        text = path.read_text(encoding="utf-8")
        assert not [value for value in values if value in text], path.name


@pytest.mark.parametrize("name", RULES)
def test_a_rule_says_what_it_is(name: str) -> None:
    rule = RULES[name]
    assert list(rule) == ["title", "id", "status", "description", "author", "date", "tags", "logsource", "detection", "falsepositives", "level"]
    assert uuid.UUID(rule["id"]) and rule["falsepositives"] and rule["level"] in ("low", "medium", "high", "critical")
    assert any(tag.startswith("attack.t1") for tag in rule["tags"]) and len(rule["title"]) <= 110
    assert (PACK / "README.md").read_text(encoding="utf-8").count(f"| [{name}]({name}.yml) | {rule['title']} |") == 1


def test_ids_and_titles_are_given_once() -> None:
    assert len({rule["id"] for rule in RULES.values()}) == len({rule["title"] for rule in RULES.values()}) == len(RULES) == len(CASES["rules"])


def step_of(row: dict[str, Any], steps: list[dict[str, Any]]) -> str:
    """The step that an event belongs to; the event's place if it belongs to none."""
    at = datetime.fromisoformat(row["time"].rstrip("Z") + "+00:00")
    slack = timedelta(seconds=1)
    for step in steps:
        first, last = datetime.fromisoformat(step["time_first"]), datetime.fromisoformat(step["time_last"])
        fits = step["source"] == row["source"] and first - slack <= at <= last + slack
        if fits and all(holds(condition, values_of(row, field)) for field, condition in step["match"].items()):
            return step["id"]
    return f"no step: {row['source_object']}#{row['source_offset']}"


def values_of(row: dict[str, Any], field: str) -> list[str]:
    """The values of a field of the record, every element of a list on the way."""
    if field == "#path":
        return ZEEK_LOGS[row["class_uid"]]
    if row["source"] == "zeek":
        return row["raw_data"].split("\t")
    values: list[Any] = [json.loads(row["raw_data"])]
    for key in field.split("."):
        opened = [item for value in values for item in (value if isinstance(value, list) else [value])]
        values = [item[key] for item in opened if isinstance(item, dict) and key in item]
    flat = [item for value in values for item in (value if isinstance(value, list) else [value])]
    return [json.dumps(value) if isinstance(value, bool) else str(value) for value in flat]


def holds(condition: dict[str, Any], values: list[str]) -> bool:
    [(kind, wanted)] = condition.items()
    tests = {"any_of": lambda value: value in wanted, "contains": lambda value: wanted in value, "ends_with": lambda value: value.endswith(wanted)}
    return any(tests[kind](value) for value in values)
