"""Each hunt finds its own case among the look-alikes and the cases of all other hunts, and nothing else.

A fixture is a folder of raw logs in a vendor's format, `fixtures/<hunt>/<source>/`, made for the test: a few records of the case, and
records that look like it and are harmless. All of them lie in one lake with thirty quiet days.
"""

from __future__ import annotations

from typing import Any

import pytest
from huntfiles import Hunt, all_hunts
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


def test_every_hunt_has_a_case() -> None:
    assert not [hunt.name for hunt in ALL if not hunt.case.steps and not hunt.case.rows]


def test_every_fixture_belongs_to_a_hunt_that_expects_rows() -> None:
    assert {folder.name for folder in FIXTURES.iterdir()} == {hunt.name for hunt in ALL if hunt.case.rows}


def is_like(row: dict[str, Any], wanted: dict[str, Any]) -> bool:
    return all(str(row.get(column)) == str(value) for column, value in wanted.items())
