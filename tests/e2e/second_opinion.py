"""What pySigma and SQLite say that Sigma rules match: an implementation of the specification that shares nothing with ours.

pySigma reads the rules, its pipelines for Windows say which log and event ID a log source means, its backend for SQLite writes the query,
and SQLite runs it over a table with one column a field, in which nothing was mapped, normalised or left out.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sigma.backends.sqlite import sqliteBackend
from sigma.collection import SigmaCollection
from sigma.exceptions import SigmaTransformationError
from sigma.pipelines.sysmon import sysmon_pipeline
from sigma.pipelines.windows import windows_audit_pipeline, windows_logsource_pipeline

# What is common to all events, by the names that rules use for it.
SYSTEM = {"Provider_Name": ("Provider", "#attributes", "Name"), "EventID": ("EventID",), "Channel": ("Channel",), "Computer": ("Computer",)}


@dataclass(frozen=True)
class Refused:
    """Why a rule could not be asked about."""

    reason: str


def records_of(path: Path) -> list[dict[str, Any]]:
    """The records of a file of JSON objects, one after the other."""
    text, decoder, at, records = path.read_text(encoding="utf-8"), json.JSONDecoder(), 0, []
    while at < len(text):
        record, at = decoder.raw_decode(text, at)
        records.append(record)
        at += len(text[at:]) - len(text[at:].lstrip())
    return records


class Events:
    """Windows events in a table."""

    def __init__(self, records: list[dict[str, Any]]) -> None:
        rows = [flat(record["Event"]) for record in records]
        self.columns = sorted({name for row in rows for name in row}, key=str.lower)
        self.database = sqlite3.connect(":memory:")
        self.database.create_function("REGEXP", 2, lambda pattern, value: value is not None and re.search(pattern, value) is not None)
        # Text is compared without case, as Sigma says; the backend leaves that to the table.
        self.database.execute(f"CREATE TABLE logs ({', '.join(quoted(name) + ' TEXT COLLATE NOCASE' for name in self.columns)})")
        places = ", ".join("?" * len(self.columns))
        self.database.executemany(f"INSERT INTO logs VALUES ({places})", [[row.get(name) for name in self.columns] for row in rows])

    def matched(self, rule_yaml: str) -> set[int] | Refused:
        """The numbers of the records that a rule matches, from 0 on."""
        try:
            queries = list(queries_of(rule_yaml))
        except Exception as error:  # noqa: BLE001 (whatever stops it is its reason)
            return Refused(f"{type(error).__name__}: {error}")
        found: set[int] = set()
        for query in queries:
            found.update(row[0] - 1 for row in self.database.execute(self.with_columns(query)))
        return found

    def with_columns(self, query: str) -> str:
        """The query over a table that also has the fields that no event has, as Sigma sees them: null."""
        there = {name.lower() for name in self.columns}
        named = set(re.findall(r"[A-Za-z_][A-Za-z0-9_]*", re.sub(r"'(?:[^']|'')*'", "", query)))
        missing = [f"NULL AS {quoted(name)}" for name in sorted(named) if name.lower() not in there | KEYWORDS]
        table = f"(SELECT {', '.join(['rowid AS record', '*', *missing])} FROM logs)"
        return query.replace("SELECT * FROM logs", f"SELECT record FROM {table}", 1)


KEYWORDS = set("select from logs where and or not like escape glob regexp is null coalesce in true false".split())


def queries_of(rule_yaml: str) -> Iterator[str]:
    """A rule as queries: over Sysmon's logs or the log that it names, and over the audit log where that has the same."""
    pipelines = [sysmon_pipeline() + windows_logsource_pipeline()]
    if "category: process_creation" in rule_yaml:
        pipelines.append(windows_audit_pipeline() + windows_logsource_pipeline())
    for number, pipeline in enumerate(pipelines):
        try:
            yield from sqliteBackend(pipeline).convert(SigmaCollection.from_yaml(rule_yaml))
        except SigmaTransformationError:
            # The audit log lacks a field that the rule needs: then it is about Sysmon's only.
            if number == 0:
                raise


def flat(event: dict[str, Any]) -> dict[str, str]:
    """The fields of an event, each with its value as text; null is as good as absent."""
    fields = {name: value for name, value in event["System"].items() if not isinstance(value, dict)}
    for name, path in SYSTEM.items():
        value: Any = event["System"]
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        fields[name] = value
    fields |= event.get("EventData") or {}
    return {name: text(value) for name, value in fields.items() if value is not None}


def text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
