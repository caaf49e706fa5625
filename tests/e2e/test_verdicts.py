"""Events that somebody else labelled: our rule for a detection matches those that it should find, and none of those that it should not.

`verdicts/` has a file of Sigma rules for each set of labelled events that can be read, `verdicts/unwritten.toml` the sets and rules that are
not asked, each with its reason. The events are cut down by hand, often to a few fields and without a time: what a log of that kind always
has is put in where it is missing.
"""

from __future__ import annotations

import functools
import json
import re
import tomllib
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from harness import DONE, Coldtrail
from normalizer import SAMPLES

HERE = Path(__file__).parent / "verdicts"
UNWRITTEN = tomllib.loads((HERE / "unwritten.toml").read_text(encoding="utf-8"))
SETS = {path.name.removesuffix(".dev.ndjson.expected.verdict.ndjson"): path for path in sorted(SAMPLES.glob("*/*/*.expected.verdict.ndjson"))}
# The sets that are asked: the file of rules, and the sources whose records they hold.
ASKED = {
    "AWS.CloudTrail": "aws_cloudtrail",
    "Amazon.EKS.Audit": "k8s_audit",
    "Azure.MonitorActivity": "azure_activity",
    "Azure.Audit": "azure_entra",
    "GCP.AuditLog": "gcp_audit",
    "AWS.VPCFlow": "aws_vpcflow",
    "AWS.GuardDuty": "aws_guardduty",
    "AWS.VPCDns": "aws_route53",
    "AWS.S3ServerAccess": "aws_s3_access",
    "AWS.SecurityFindingFormat": "aws_securityhub",
    "AWS.WAFWebACL": "aws_waf",
    "Crowdstrike.EventStreams": "crowdstrike_falcon",
    "Crowdstrike.FDREvent": "crowdstrike_fdr",
    "Duo.Administrator": "duo",
    "Duo.Authentication": "duo",
    "GCP.HTTPLoadBalancer": "gcp_lb",
    "GitHub.Audit": "github_audit",
    "GSuite.ActivityEvent": "google_workspace",
    "Microsoft365.Audit.AzureActiveDirectory": "o365_audit",
    "Okta.SystemLog": "okta",
    "OnePassword.ItemUsage": "onepassword",
    "OnePassword.SignInAttempt": "onepassword",
    "Osquery.Differential": "osquery",
    "Slack.AuditLogs": "slack",
}
# What tells a record of another source than its set is named after.
ELSEWHERE = {
    "Amazon.EKS.Audit": lambda record: "protoPayload" in record,
    "AWS.VPCDns": lambda record: "class_uid" in record,
    "Crowdstrike.FDREvent": lambda record: "aid" not in record,
}

pytestmark = pytest.mark.skipif(not SETS, reason=f"there are no samples in {SAMPLES}; COLDTRAIL_SAMPLES names another folder")


@dataclass(frozen=True)
class Labelled:
    """A record and what it is labelled with."""

    record: dict
    rule: str
    name: str
    is_match: bool


@functools.cache
def labelled(name: str) -> list[Labelled]:
    path = SETS[name]
    records = path.with_name(path.name.removesuffix(".expected.verdict.ndjson")).read_text(encoding="utf-8").splitlines()
    labels = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert len(records) == len(labels)
    return [Labelled(json.loads(record), label["rule_id"], label["test"], label["expected_match"]) for record, label in zip(records, labels)]


@functools.cache
def detections(source: str) -> dict[str, dict]:
    """The detections of a file, by the rule whose labels they must give."""
    file = yaml.safe_load((HERE / f"{source}.yaml").read_text(encoding="utf-8"))
    shared = {name: file[name] for name in ("logsource", "table") if name in file}
    return {rule: shared | detection for rule, detection in file["rules"].items()}


def sigma_rule(rule: str, detection: dict) -> str:
    """A whole rule; its id is made of the name."""
    about = {"title": rule, "id": str(uuid.uuid5(uuid.NAMESPACE_URL, rule)), "status": "test", "level": "medium", "logsource": detection["logsource"]}
    return yaml.safe_dump(about | {"detection": {key: value for key, value in detection.items() if key not in ("logsource", "table")}}, sort_keys=False)


def instant(number: int, fraction: str = ".000Z") -> str:
    """An instant of its own for each record, by which it is told apart."""
    return f"2026-01-05T{10 + number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}{fraction}"


def whole(source: str, record: dict, number: int) -> dict:
    """A record with what every record of its source has."""
    time = instant(number)
    if source == "aws_cloudtrail":
        # One rule's records are written without capitals.
        names = {name.lower(): name for name in ("awsRegion", "eventID", "eventName", "eventSource", "eventType", "eventVersion")}
        record = {names.get(name, name): value for name, value in record.items()}
        missing = {"eventVersion": "1.08", "eventID": str(number), "eventType": "AwsApiCall", "awsRegion": "us-east-1", "eventSource": "unknown.amazonaws.com", "userIdentity": {}}
        return missing | record | {"eventTime": time}
    if source == "k8s_audit" and "log" in record.get("properties", {}):
        # AKS: the event lies in Azure's record as text.
        inner = whole(source, json.loads(record["properties"]["log"]), number)
        return record | {"time": time, "properties": {"log": json.dumps(inner)}}
    if source == "k8s_audit":
        missing = {"kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "Metadata", "stage": "ResponseComplete", "auditID": str(number), "requestURI": "/", "user": {}}
        return missing | record | {"requestReceivedTimestamp": time, "stageTimestamp": time}
    if source == "aws_vpcflow":
        return flow(record, number)
    if source == "aws_guardduty":
        return record | {"id": str(number), "updatedAt": time, "createdAt": time}
    if source in STAMPS:
        return stamped(source, record, number)
    if source == "gcp_audit":
        return {"logName": "projects/p/logs/cloudaudit.googleapis.com%2Factivity", "insertId": str(number)} | record | {"timestamp": time}
    return record | {"time": time}


# The first second of `instant`, since 1970.
FIRST = 1767607200
# Where each source says when something happened, and how: as text, in seconds or in milliseconds. A name with a dot lies in an object.
STAMPS = {
    "aws_route53": {"query_timestamp": "text"},
    "aws_s3_access": {"time": "text"},
    "aws_securityhub": {"UpdatedAt": "text", "CreatedAt": "text"},
    "aws_waf": {"timestamp": "ms"},
    "crowdstrike_falcon": {"metadata.eventCreationTime": "ms"},
    "crowdstrike_fdr": {"timestamp": "ms text"},
    "duo": {"isotimestamp": "text"},
    "gcp_lb": {"timestamp": "text"},
    "github_audit": {"created_at": "ms"},
    "google_workspace": {"id.time": "text"},
    "o365_audit": {"CreationTime": "text"},
    "okta": {"published": "text"},
    "onepassword": {"timestamp": "text"},
    "osquery": {"unixTime": "seconds"},
    "slack": {"date_create": "seconds"},
}
# What every record has, and some of these lack.
MISSING = {
    "aws_s3_access": {"bucketowner": "owner", "operation": "REST.GET.OBJECT", "requestid": "1"},
    "aws_waf": {"httpRequest": {}},
    "crowdstrike_falcon": {"event": {}},
    "duo": {"username": "Homer Simpson"},
    "github_audit": {"actor": "cat"},
    "google_workspace": {"kind": "admin#reports#activity", "actor": {}},
    "okta": {"severity": "INFO", "outcome": {"result": "SUCCESS"}, "actor": {}},
    "osquery": {"action": "added", "hostIdentifier": "test-host"},
}
# Names that Panther writes in small letters.
SPELLING = {
    "okta": ["eventType", "displayMessage", "legacyEventType", "debugContext", "securityContext", "authenticationContext"],
    "gcp_lb": ["httpRequest", "jsonPayload", "insertId", "logName", "receiveTimestamp", "spanId"],
}


def stamped(source: str, record: dict, number: int) -> dict:
    """A record with its own instant, where its source has it."""
    if source == "crowdstrike_fdr":
        # The sensor's record lies in Panther's, whose copies of its names are what the tests change.
        record = record["event"] | {"event_platform": record["event_platform"], "event_simpleName": record["fdr_event_type"]}
    names = {name.lower(): name for name in SPELLING.get(source, [])}
    record = MISSING.get(source, {}) | {names.get(name, name): value for name, value in record.items() if name != "calendarTime"}
    seconds = FIRST + number
    forms = {"text": instant(number), "seconds": seconds, "ms": seconds * 1000, "ms text": str(seconds * 1000)}
    for place, form in STAMPS[source].items():
        outer, _, inner = place.rpartition(".")
        if outer:
            record = record | {outer: record.get(outer, {}) | {inner: forms[form]}}
        else:
            record = record | {inner: forms[form]}
    return record


def flow(record: dict, number: int) -> dict:
    """A flow by AWS's names; the set has those of a query tool, and of OCSF."""
    ends = {"srcaddr": ("src_endpoint", "ip"), "dstaddr": ("dst_endpoint", "ip"), "srcport": ("src_endpoint", "port"), "dstport": ("dst_endpoint", "port")}
    names = {"srcAddr": "srcaddr", "dstAddr": "dstaddr", "srcPort": "srcport", "dstPort": "dstport", "flowDirection": "flow_direction", "action": "action"}
    there = {ours: record[theirs] for theirs, ours in names.items() if record.get(theirs, "null") != "null"}
    there |= {name: record[end][key] for name, (end, key) in ends.items() if key in record.get(end, {})}
    start = 1767607200 + number
    missing = {"version": 5, "account_id": "111122223333", "interface_id": "eni-1", "protocol": 6, "packets": 1, "bytes": 100, "action": "ACCEPT", "log_status": "OK"}
    return missing | there | {"start": start, "end": start + 60}


def time_of(record: dict) -> str:
    """The instant that `whole` gave a record, to the second, wherever it lies; the start of a flow, which has an end, too."""
    said = json.dumps(record.get("start", record))
    return re.search(r"2026-01-05T\d\d:\d\d:\d\d|\b17676\d{5}(?=\d{3}\b|\b)", said)[0]


@dataclass(frozen=True)
class Answer:
    """What `sigma test` and SQL said of a set: rules with the numbers of the records that they match."""

    code: int
    matched: set[tuple[str, int]]
    said: str


@pytest.fixture(scope="module")
def answers(binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Answer]:
    @functools.cache
    def ask(name: str) -> Answer:
        source = ASKED[name]
        coldtrail = Coldtrail(binary, tmp_path_factory.mktemp(source))
        records = {number: whole(source, one.record, number) for number, one in enumerate(labelled(name)) if not is_left_out(name, one)}
        log = coldtrail.folder / "records.ndjson"
        log.write_text("".join(json.dumps(record) + "\n" for record in records.values()), encoding="utf-8")
        numbers = {time_of(record): number for number, record in records.items()}
        in_sql = {rule: detection for rule, detection in detections(source).items() if "sql" in detection}
        in_sigma = {rule: sigma_rule(rule, detection) for rule, detection in detections(source).items() if rule not in in_sql}
        code, said, found = found_by_sigma(coldtrail, source, in_sigma, log)
        found += found_by_sql(coldtrail, source, in_sql, log)
        return Answer(code, {(rule, numbers[time_of(record)]) for rule, record in found}, said)

    return ask


def found_by_sigma(coldtrail: Coldtrail, source: str, rules: dict[str, str], log: Path) -> tuple[int, str, list[tuple[str, dict]]]:
    """What `sigma test` finds."""
    if not rules:
        return DONE, "", []
    folder = coldtrail.folder / "rules"
    folder.mkdir()
    for rule, text in rules.items():
        (folder / f"{rule}.yml").write_text(text, encoding="utf-8")
    ran = coldtrail.try_run("sigma", "test", folder, "--source", source, "--file", log)
    found = [json.loads(line) for line in ran.out.splitlines()]
    return ran.code, ran.err, [(one["rule_title"], one["record"]) for one in found]


def found_by_sql(coldtrail: Coldtrail, source: str, rules: dict[str, dict], log: Path) -> list[tuple[str, dict]]:
    """What SQL finds in a lake of the records."""
    if not rules:
        return []
    report = coldtrail.ingest(log, source=source)
    assert report["rejects"] == 0, report
    with coldtrail.serve() as server:
        sql = {rule: f"SELECT raw_data FROM {detection['table']} WHERE {detection['sql']}" for rule, detection in rules.items()}
        return [(rule, json.loads(raw)) for rule, statement in sql.items() for raw in server.query(statement)["raw_data"].to_pylist()]


def is_left_out(name: str, one: Labelled) -> bool:
    """True for a record that is of another source, or of a rule that is not asked."""
    return is_elsewhere(name, one) or one.rule in UNWRITTEN["rule"] or (one.rule, one.name) in {(record["rule"], record["name"]) for record in UNWRITTEN["record"]}


def is_elsewhere(name: str, one: Labelled) -> bool:
    """True for a record of another source than its set is named after."""
    return name in ELSEWHERE and ELSEWHERE[name](one.record)


@pytest.mark.parametrize("name", ASKED)
def test_every_rule_compiles_and_every_record_is_read(name, answers):
    answer = answers(name)
    assert answer.code == DONE, answer.said


@pytest.mark.parametrize("name", ASKED)
def test_a_rule_matches_what_it_should_and_nothing_else(name, answers):
    matched, wrong = answers(name).matched, []
    for number, one in enumerate(labelled(name)):
        if not is_left_out(name, one) and ((one.rule, number) in matched) != one.is_match:
            wrong.append(f"{one.rule}: {one.name}: should {'' if one.is_match else 'not '}match")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", ASKED)
def test_most_labels_of_a_set_are_asked(name):
    asked_of = [one for one in labelled(name) if not is_left_out(name, one)]
    assert sum(is_elsewhere(name, one) for one in labelled(name)) == UNWRITTEN["elsewhere"].get(name, 0)
    assert {one.is_match for one in asked_of} == {True, False}
    assert len(asked_of) >= 0.7 * sum(not is_elsewhere(name, one) for one in labelled(name))


@pytest.mark.parametrize("name", ASKED)
def test_every_rule_of_the_set_is_written_or_has_a_reason(name):
    rules, written = {one.rule for one in labelled(name)}, set(detections(ASKED[name]))
    of_source = {one.rule for other, source in ASKED.items() if source == ASKED[name] for one in labelled(other)}
    assert rules - written - UNWRITTEN["rule"].keys() == set()
    assert written - of_source == set(), "rules that no event is labelled with"
    assert written & UNWRITTEN["rule"].keys() == set(), "these are written: take them out of unwritten.toml"


def test_every_set_is_asked_or_has_a_reason():
    assert ASKED.keys() | UNWRITTEN["set"].keys() == SETS.keys()
    assert not ASKED.keys() & UNWRITTEN["set"].keys()


def test_what_is_not_asked_is_there_and_has_a_reason():
    everything = {(one.rule, one.name) for name in SETS for one in labelled(name)}
    assert {(record["rule"], record["name"]) for record in UNWRITTEN["record"]} <= everything
    assert UNWRITTEN["rule"].keys() <= {rule for rule, _ in everything}
    reasons = [*UNWRITTEN["rule"].values(), *(record["reason"] for record in UNWRITTEN["record"])]
    assert all(len(reason) > 25 for reason in reasons)
    assert all(reason.startswith("source not read: ") for reason in UNWRITTEN["set"].values())


def test_a_set_whose_source_can_be_read_is_no_longer_left_out(coldtrail):
    """When a source is added, its set has to be asked."""
    said = coldtrail.try_run("normalize", "--source", "no-such-source", HERE / "unwritten.toml").err
    known = set(said.partition("the sources are ")[2].replace(",", " ").split())
    assert "aws_cloudtrail" in known, said
    waiting = {name: reason.removeprefix("source not read: ") for name, reason in UNWRITTEN["set"].items() if reason.startswith("source not read: ")}
    assert {name for name, source in waiting.items() if source in known} == set(), "Coldtrail reads these now: write rules for them"
