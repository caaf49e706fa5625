"""Every step of the planted intrusion is found by the hunts that say so, and quiet days find (nearly) nothing.

Runs the real binary: COLDTRAIL_BIN names it. `coldtrail demo` generates and ingests, `coldtrail serve` answers over Flight SQL.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from huntfiles import EXAMPLES, Hunt, all_hunts
from lakes import Demo, Lake

ALL = all_hunts()
STEPPED = [hunt for hunt in ALL if hunt.case.steps]
# The hunts of the demo, which are also there as plain SQL.
PLAIN = sorted(EXAMPLES.glob("*.sql"))


@pytest.mark.parametrize("hunt", STEPPED, ids=repr)
def test_a_hunt_finds_the_steps_it_names_and_little_else(hunt: Hunt, demo: Demo) -> None:
    rows = demo.lake.rows(hunt)
    steps = {step["id"]: step for step in demo.truth["steps"]}
    hits: list[dict] = []
    for step_id, column in hunt.case.steps.items():
        step = steps[step_id]
        found = [row for row in rows if names(row, step) and overlaps(row, step)]
        counted = sum(row[column] or 0 for row in found) if column else len(found)
        assert counted == step["count"], f"{step_id}: {counted} of {step['count']} records found in\n{rows}"
        hits += [row for row in found if row not in hits]
    others = [row for row in rows if row not in hits]
    assert len(others) <= 2, f"{len(others)} rows are not about the intrusion:\n{others}"


def test_every_step_and_phase_of_the_intrusion_is_found_by_some_hunt(demo: Demo) -> None:
    named = {step for hunt in ALL for step in hunt.case.steps}
    assert named == {step["id"] for step in demo.truth["steps"]}
    assert {step["phase"] for step in demo.truth["steps"]} == set(range(1, 11))


@pytest.mark.parametrize("hunt", ALL, ids=repr)
def test_a_hunt_on_quiet_days_finds_one_thing_at_most(hunt: Hunt, quiet: Lake) -> None:
    rows = quiet.rows(hunt)
    assert len(rows) <= 1, rows


def test_the_demo_runs_every_plain_hunt_and_each_shows_something(demo: Demo) -> None:
    for path in PLAIN:
        assert f"({path.name})" in demo.printed, f"the demo does not run {path.name}"
    assert "nothing found" not in demo.printed


@pytest.mark.parametrize("path", PLAIN, ids=lambda path: path.stem)
def test_a_plain_hunt_is_its_hunt_file_with_the_defaults(path) -> None:
    hunt = next(hunt for hunt in ALL if hunt.name == path.stem)
    lines = path.read_text(encoding="utf-8").splitlines()
    header = [line for line in lines if line.startswith("--")]
    assert lines[: len(header)] == header, "the header comes first"
    assert f"-- title: {hunt.file['title']}" in header
    assert "\n".join(lines[len(header) :]).strip() == hunt.sql(datetime(2026, 4, 1)).strip()


@pytest.mark.parametrize("hunt", ALL, ids=repr)
def test_a_hunt_reads_the_tables_it_says(hunt: Hunt, quiet: Lake) -> None:
    code = "\n".join(line.split("--")[0] for line in hunt.query["sql"].splitlines())
    tables = set(quiet.server.query("SELECT table_name FROM system.tables WHERE schema_name = 'ocsf'")["table_name"].to_pylist())
    assert set(hunt.file["data"]["tables"]) == set(re.findall(r"(?:FROM|JOIN)\s+(\w+)", code)) & (tables | {"events"})


@pytest.mark.parametrize("hunt", ALL, ids=repr)
def test_a_finding_names_columns_of_the_result(hunt: Hunt, quiet: Lake) -> None:
    columns = set(quiet.server.query(f"SELECT * FROM ({hunt.sql(quiet.until)}) LIMIT 0").column_names)
    finding = hunt.query["finding"]
    named = set(re.findall(r"\{(\w+)\}", finding["title"])) | set(finding["dedupe"] + finding["entities"] + finding["observables"])
    assert named <= columns, f"{named - columns} are not in {columns}"
    assert {"first_seen", "last_seen"} <= columns


def test_a_hunt_knows_no_value_of_the_intrusion(demo: Demo) -> None:
    values = [value for kind in demo.truth["indicators"].values() for value in kind]
    for hunt in ALL:
        text = hunt.path.read_text(encoding="utf-8")
        assert not [value for value in values if value in text], hunt.name


def names(row: dict, step: dict) -> bool:
    """True if a row shows an indicator of the step."""
    text = "\n".join(str(value) for value in row.values()).lower()
    return any(value.lower().removesuffix("@example.com") in text for values in step["indicators"].values() for value in values)


def overlaps(row: dict, step: dict) -> bool:
    """True if the time of a row and that of the step touch. API servers log the end of a request, which is a little later."""
    first, last = datetime.fromisoformat(step["time_first"]), datetime.fromisoformat(step["time_last"])
    slack = timedelta(seconds=1)
    return row["first_seen"] - slack <= last and row["last_seen"] + slack >= first
