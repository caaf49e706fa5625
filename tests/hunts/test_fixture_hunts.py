"""Each hunt finds its own case among the look-alikes and the cases of all other hunts, and nothing else.

A fixture is a folder of raw logs in a vendor's format, `fixtures/<hunt>/<source>/`, made for the test: a few records of the case, and
records that look like it and are harmless. All of them lie in one lake with thirty quiet days.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from harness import DONE, INCOMPLETE
from huntfiles import EXAMPLES, ROOT, Hunt, all_hunts
from jsonschema import Draft202012Validator
from lakes import FIXTURES, Lake

ALL = all_hunts()


@pytest.mark.parametrize("hunt", ALL, ids=repr)
def test_a_hunt_finds_its_own_case_and_no_other(hunt: Hunt, planted: Lake, quiet: Lake) -> None:
    rows = planted.rows(hunt)
    for wanted in hunt.case.rows:
        assert any(is_like(row, wanted) for row in rows), f"{wanted} is not among\n{rows}"
    background = quiet.rows(hunt)
    others = [row for row in rows if row not in background and not any(is_like(row, wanted) for wanted in hunt.case.rows)]
    assert not others, f"rows of no case:\n{others}"


@pytest.mark.parametrize("hunt", [hunt for hunt in ALL if hunt.case.rows], ids=repr)
def test_the_command_line_finds_the_same_case(hunt: Hunt, planted: Lake) -> None:
    coldtrail, last_day = planted.server.coldtrail, planted.until - timedelta(days=1)
    window = ("--since", "2026-01-01", "--until", f"{last_day:%Y-%m-%d}")
    ran = coldtrail.try_run("hunt", "run", hunt.path, *window, "--format", "json", env=planted.server.sql_env())
    # 3: done, but some data were missing on some days; a source may be quiet on a day.
    assert ran.code in (DONE, INCOMPLETE), ran
    rows = [json.loads(line) for line in ran.out.splitlines() if line.startswith("{")]
    for wanted in hunt.case.rows:
        assert any(is_like(row, wanted) for row in rows), f"{wanted} is not among\n{rows}\n{ran}"


def test_the_command_line_finds_nothing_wrong_with_any_hunt(planted: Lake) -> None:
    ran = planted.server.coldtrail.run("hunt", "check", *(hunt.path for hunt in ALL))
    assert len(ran.out.splitlines()) == len(ALL)


@pytest.mark.parametrize("hunt", ALL, ids=repr)
def test_a_hunt_is_valid_against_the_published_schema(hunt: Hunt) -> None:
    schema = json.loads((ROOT / "schemas" / "hunt.schema.json").read_text(encoding="utf-8"))
    problems = sorted(error.message for error in Draft202012Validator(schema).iter_errors(hunt.file))
    assert not problems


def test_the_published_schema_refuses_what_the_reader_refuses() -> None:
    schema = json.loads((ROOT / "schemas" / "hunt.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    whole = ALL[0].file
    query = whole["queries"][0]
    wrong = [
        {key: value for key, value in whole.items() if key != "hypothesis"},
        whole | {"severty": "high"},
        whole | {"version": 2},
        whole | {"severity": "terrible"},
        whole | {"queries": []},
        whole | {"queries": [query | {"sweep": {"feed": "x"}}]},
        whole | {"window": {"lookback": "90 days"}},
    ]
    for file in wrong:
        assert not Draft202012Validator(schema).is_valid(file), file
    assert Draft202012Validator(schema).is_valid(whole | {"queries": [], "status": "draft"})


def test_every_hunt_has_a_case() -> None:
    assert not [hunt.name for hunt in ALL if not hunt.case.steps and not hunt.case.rows]


def test_the_list_of_hunts_names_every_hunt_with_its_title() -> None:
    rows = (EXAMPLES / "README.md").read_text(encoding="utf-8").splitlines()
    for hunt in ALL:
        assert any(row.startswith(f"| [{hunt.name}]({hunt.name}.yaml) | {hunt.file['title']} |") for row in rows), hunt.name


def test_every_fixture_belongs_to_a_hunt_that_expects_rows() -> None:
    assert {folder.name for folder in FIXTURES.iterdir()} == {hunt.name for hunt in ALL if hunt.case.rows}


def is_like(row: dict[str, Any], wanted: dict[str, Any]) -> bool:
    return all(str(row.get(column)) == str(value) for column, value in wanted.items())
