"""What a Sigma rule matches is what pySigma and SQLite say it matches, but for the differences that `sigma_differences.toml` lists.

Each of the 120 rules of Sigma's regression data is asked about each recorded event, and about each event with one of the fields that its
rule names left out, empty, in the other case, with a letter before or behind it, or over two lines.
"""

import copy
import json
import os
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from harness import Coldtrail
from second_opinion import Events, Refused, records_of

SAMPLES = Path(os.environ.get("COLDTRAIL_SAMPLES", Path(__file__).resolve().parents[3] / "shared" / "samples")) / "sigma_regression" / "sigmahq"
DIFFERENCES = tomllib.loads(Path(__file__).with_name("sigma_differences.toml").read_text())["difference"]

pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason=f"there are no samples in {SAMPLES}; COLDTRAIL_SAMPLES names another folder")


@dataclass(frozen=True)
class Rule:
    """A rule, and the name of the file of events that were recorded for it."""

    name: str
    id: str
    text: str

    def fields(self) -> set[str]:
        """The fields that its detection names."""
        return set(named_fields(yaml.safe_load(self.text)["detection"]))


@dataclass(frozen=True)
class Opinions:
    """Pairs of a rule and an event that match, by their names."""

    rules: list[Rule]
    events: list[str]
    ours: set[tuple[str, str]]
    theirs: set[tuple[str, str]]
    refused: dict[str, str]

    def differences(self) -> dict[tuple[str, str], str]:
        """What only one of both found, with the one that did."""
        return {pair: "ours" for pair in self.ours - self.theirs} | {pair: "theirs" for pair in self.theirs - self.ours}


@pytest.fixture(scope="module")
def opinions(binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Opinions:
    rules = all_rules()
    events = dict(all_events(rules))
    # The number of the record tells events apart; no rule asks for it.
    for number, event in enumerate(events.values()):
        event["Event"]["System"]["EventRecordID"] = number
    names = list(events)
    theirs, refused = asked_of_pysigma(rules, Events(list(events.values())), names)
    printed = asked_of_coldtrail(Coldtrail(binary, tmp_path_factory.mktemp("sigma")), rules, events)
    by_id = {rule.id: rule.name for rule in rules}
    ours = {(by_id[found["rule_id"]], names[found["record"]["Event"]["System"]["EventRecordID"]]) for found in printed}
    return Opinions(rules, names, ours, theirs, refused)


def test_every_rule_was_asked_about_every_event(opinions: Opinions) -> None:
    recorded = [name for name in opinions.events if name.rpartition("#")[2].isdigit()]
    assert (len(opinions.rules), len(recorded)) == (120, 153)
    assert len(opinions.events) > 3000
    assert opinions.refused == {}
    # Without these, both could agree by finding nothing.
    assert {rule for rule, event in opinions.theirs if event.startswith(f"{rule}#")} == {rule.name for rule in opinions.rules}
    assert len(opinions.theirs) > 2000


def test_both_say_the_same_but_for_the_differences_that_are_listed(opinions: Opinions) -> None:
    listed = {(entry["rule"], entry["event"]): entry["found_by"] for entry in DIFFERENCES}
    found = opinions.differences()
    assert {pair: who for pair, who in found.items() if listed.get(pair) != who} == {}, "differences that are not listed"
    assert sorted(set(listed) - set(found)) == [], "these agree now; take them out of sigma_differences.toml"


def test_no_difference_is_our_mistake() -> None:
    """A difference where we are wrong is a bug, which a list does not mend."""
    assert [entry for entry in DIFFERENCES if entry["right"] != "ours" or len(entry["reason"]) < 30] == []


def all_rules() -> list[Rule]:
    pairs = {path.name.removesuffix(".json.expected.sigma.json"): json.loads(path.read_text()) for path in sorted(SAMPLES.glob("*.expected.sigma.json"))}
    return [Rule(name, pair["rule_id"], pair["rule_yaml"]) for name, pair in pairs.items()]


def all_events(rules: list[Rule]) -> Iterator[tuple[str, dict]]:
    for rule in rules:
        for number, record in enumerate(records_of(SAMPLES / f"{rule.name}.json")):
            yield f"{rule.name}#{number}", record
            for field in sorted(rule.fields() & record["Event"]["EventData"].keys()):
                for what, change in CHANGES.items():
                    changed = copy.deepcopy(record)
                    change(changed["Event"]["EventData"], field)
                    yield f"{rule.name}#{number} {field} {what}", changed


def set_to(change):
    return lambda data, field: data.update({field: change(str(data[field] if data[field] is not None else ""))})


CHANGES = {
    "left out": lambda data, field: data.pop(field),
    "null": lambda data, field: data.update({field: None}),
    "empty": set_to(lambda value: ""),
    "in the other case": set_to(str.swapcase),
    "with a letter before it": set_to(lambda value: f"x{value}"),
    "with a letter behind it": set_to(lambda value: f"{value}x"),
    "with a line feed behind it": set_to(lambda value: f"{value}\n"),
    "over two lines": set_to(lambda value: f"{value[: len(value) // 2]}\n{value[len(value) // 2 :]}"),
}


def named_fields(detection) -> Iterator[str]:
    if isinstance(detection, list):
        for item in detection:
            yield from named_fields(item)
    elif isinstance(detection, dict):
        for key, value in detection.items():
            yield key.partition("|")[0]
            yield from named_fields(value)


def asked_of_pysigma(rules: list[Rule], events: Events, names: list[str]) -> tuple[set[tuple[str, str]], dict[str, str]]:
    matched, refused = set(), {}
    for rule in rules:
        found = events.matched(rule.text)
        if isinstance(found, Refused):
            refused[rule.name] = found.reason
        else:
            matched |= {(rule.name, names[number]) for number in found}
    return matched, refused


def asked_of_coldtrail(coldtrail: Coldtrail, rules: list[Rule], events: dict[str, dict]) -> list[dict]:
    folder, log = coldtrail.folder / "rules", coldtrail.folder / "events.json"
    folder.mkdir()
    for rule in rules:
        (folder / f"{rule.name}.yml").write_text(rule.text)
    log.write_text("".join(json.dumps(event) + "\n" for event in events.values()))
    ran = coldtrail.run("sigma", "test", folder, "--source", "windows_event", "--file", log)
    return [json.loads(line) for line in ran.out.splitlines()]
