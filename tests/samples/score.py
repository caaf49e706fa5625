"""Scores the mapping of sources against the independent expected results of the samples.

    python tests/samples/score.py SOURCE…      (a source of Coldtrail; all if none is named)
    python tests/samples/score.py --reference  writes the scores into docs/reference/sources.md

For each source: how many files are read, the rejects, and how far class, activity, time and attributes agree with
`.expected.ocsf.json`, and time, addresses, users and actions with `.expected.ecs.json`. Differences are listed with `--all` in full.
"""

from __future__ import annotations

import csv
import sys
import tomllib
from collections import Counter, deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import ocsf
from compare import compare_ecs, compare_ocsf, milliseconds
from normalizer import ROOT, SAMPLES, normalize, read_json_documents

FOLDERS = {
    "aws_cloudfront": ["aws_cloudfront"],
    "aws_cloudtrail": ["aws_cloudtrail"],
    "aws_elb": ["aws_elb"],
    "aws_guardduty": ["aws_guardduty"],
    "aws_route53": ["aws_route53"],
    "aws_s3_access": ["aws_s3_access"],
    "aws_securityhub": ["aws_securityhub"],
    "aws_vpcflow": ["aws_vpcflow"],
    "aws_waf": ["aws_waf"],
    "azure_activity": ["azure_activity"],
    "azure_appgw": ["azure_appgw"],
    "azure_entra": ["azure_entra"],
    "cisco_asa": ["cisco_asa"],
    "azure_frontdoor": ["azure_frontdoor"],
    "azure_keyvault": ["azure_keyvault"],
    "azure_nsgflow": ["azure_nsgflow", "azure_network_watcher"],
    "crowdstrike_falcon": ["crowdstrike_falcon"],
    "crowdstrike_fdr": ["crowdstrike_fdr"],
    "duo": ["duo"],
    "envoy_istio_access": ["envoy_istio_access"],
    "falco": ["falco"],
    "fortinet": ["fortinet"],
    "gcp_audit": ["gcp_audit"],
    "gcp_lb": ["gcp_lb"],
    "gcp_vpcflow": ["gcp_vpcflow"],
    "github_audit": ["github_audit"],
    "google_workspace": ["google_workspace"],
    "k8s_audit": ["k8s_audit", "aws_eks_audit"],
    "linux_auditd": ["linux_auditd"],
    "linux_sshd": ["linux_sshd"],
    "linux_syslog": ["linux_syslog"],
    "ms_defender_mde": ["ms_defender_mde"],
    "ms_defender_xdr": ["ms_defender_xdr"],
    "ms_sentinel": ["ms_sentinel"],
    "nginx": ["nginx"],
    "o365_audit": ["o365_audit"],
    "ocsf": ["ocsf_native"],
    "okta": ["okta"],
    "onepassword": ["onepassword"],
    "osquery": ["osquery"],
    "paloalto": ["paloalto"],
    "slack": ["slack"],
    "suricata_eve": ["suricata_eve"],
    "tetragon": ["tetragon"],
    "windows_event": ["windows_evtx", "windows_host_json", "windows_other", "windows_security", "windows_sysmon", "windows_winlogbeat"],
    "zeek": ["zeek"],
    "zscaler": ["zscaler"],
}

@dataclass
class Score:
    files: int = 0
    events: int = 0
    rejects: list[str] = field(default_factory=list)
    invalid: Counter = field(default_factory=Counter)
    ocsf: dict = field(default_factory=lambda: {"pairs": 0, "class": 0, "class_excepted": 0, "attributes": 0, "equal": 0, "absent": 0, "good_pairs": 0})
    ecs: dict = field(default_factory=lambda: {key: [0, 0] for key in ("time", "ip", "port", "user", "action", "outcome", "code", "hash")})
    # Events of tab-separated Zeek logs that equal those of the same log as JSON, and how many there are.
    zeekjson: list[int] = field(default_factory=lambda: [0, 0])
    differences: list[str] = field(default_factory=list)
    # Exceptions that hide no difference: they are to be taken out of the list.
    stale: list[str] = field(default_factory=list)
    # Events and the reasons of rejects of each file.
    by_file: dict[str, tuple[int, list[str]]] = field(default_factory=dict)

    def share(self, kind: str) -> float:
        equal, total = self.ecs[kind]
        return equal / total if total else 1.0


class Listed:
    """The fields of one sample in which a difference is listed, and those in which there was one."""

    def __init__(self, fields=()) -> None:
        self.fields = set(fields)
        self.met: set[str] = set()

    def covers(self, field_name: str) -> bool:
        """True if a difference that was found in this field is listed."""
        found = {field_name, "*"} & self.fields
        self.met |= found
        return bool(found)


def exceptions(source: str) -> dict[str, Listed]:
    """Samples that the vendor's documentation contradicts, by path."""
    entries = tomllib.loads((Path(__file__).parent / "exceptions.toml").read_text())["exception"]
    found: dict[str, Listed] = {}
    for entry in entries:
        for path in entry["paths"]:
            if path.split("/")[0] in FOLDERS[source]:
                found.setdefault(path, Listed()).fields.update(entry["fields"])
    return found


def normalize_in_turn(source: str, raw_paths: list[str]):
    """Each file with its events, the next one under way while one is looked at."""
    with ThreadPoolExecutor(2) as pool:
        waiting = deque()
        for raw_path in raw_paths:
            waiting.append((raw_path, pool.submit(normalize, source, SAMPLES / raw_path)))
            if len(waiting) > 2:
                done, result = waiting.popleft()
                yield done, result.result()
        while waiting:
            done, result = waiting.popleft()
            yield done, result.result()


def order_of(event: dict) -> tuple:
    """Puts events in an order that both sides agree on: by time, connection, and position in the log."""
    metadata = event["metadata"]
    return milliseconds(event["time"]) // 1, str(metadata.get("correlation_uid", "")), metadata.get("sequence", 0)


# Files that begin with records of another source: an ingest refuses them under the name of this one, as it should.
MIXED = {"crowdstrike_fdr/panther-analysis/Crowdstrike.FDREvent.dev.ndjson"}


def score_source(source: str) -> Score:
    """Normalises every sample of a source and compares it with what is expected."""
    score = Score()
    sampler = ocsf.Sampler()
    listed_by_path = exceptions(source)
    with (SAMPLES / "index.tsv").open() as index:
        rows = [row for row in csv.DictReader(index, delimiter="\t", quoting=csv.QUOTE_NONE) if row["source"] in FOLDERS[source] and row["raw_path"] not in MIXED]
    for raw_path, result in normalize_in_turn(source, list(dict.fromkeys(row["raw_path"] for row in rows))):
        score.files += 1
        score.by_file[raw_path] = len(result.events), result.rejects
        score.events += len(result.events)
        score.rejects += [f"{raw_path}: {reject}" for reject in result.rejects]
        # A file of tens of thousands of events repeats itself.
        for event in result.events[:: 1 + len(result.events) // 2000]:
            for problem in sampler.problems(event):
                score.invalid[f"{event['class_uid']} {problem}"] += 1
        listed = listed_by_path.get(raw_path, Listed())
        for row in rows:
            if row["raw_path"] != raw_path or not row["expected_path"]:
                continue
            expected = SAMPLES / row["expected_path"]
            if ".expected.zeekjson." in expected.name:
                compare_zeekjson(score, source, result.events, expected)
                continue
            is_ocsf = expected.name.endswith(".expected.ocsf.json")
            if not is_ocsf and not expected.name.endswith(".expected.ecs.json"):
                continue
            theirs = read_json_documents(expected)
            if len(theirs) != len(result.events) and not listed.covers("events"):
                score.differences.append(f"{raw_path}: {len(result.events)} events, expected {len(theirs)}")
            if row["note"] == "expected is sorted, not input order":
                result.events.sort(key=order_of)
                theirs.sort(key=order_of)
            for number, (mine, their) in enumerate(zip(result.events, theirs)):
                if isinstance(their, dict):
                    name = f"{raw_path}[{number}]"
                    (compare_ocsf if is_ocsf else compare_ecs)(score, name, mine, their, listed)
    score.stale = [f"{path}: {name}" for path, listed in listed_by_path.items() for name in sorted(listed.fields - listed.met)]
    return score


def compare_zeekjson(score: Score, source: str, ours: list[dict], expected: Path) -> None:
    """The same log as JSON must give the same events, but for the text that they were read from. The records of some logs have no time,
    and only tab-separated ones have a header that says when the log was opened."""
    apart = {"raw_data", "raw_data_size", "unmapped", "metadata"}
    theirs = normalize(source, expected).events

    def agree(mine: dict, their: dict) -> bool:
        left_out = apart | ({"time"} if their["time"] == 0 else set())
        return all(mine.get(key) == their.get(key) for key in (mine.keys() | their.keys()) - left_out)

    score.zeekjson[0] += sum(agree(mine, their) for mine, their in zip(ours, theirs))
    score.zeekjson[1] += max(len(ours), len(theirs))


REFERENCE = ROOT / "docs" / "reference" / "sources.md"
SCORES = "## Scores\n"
SCORES_HEAD = f"""{SCORES}
Against what others made of the same records, on samples of real logs. *Class* counts the pairs whose class and activity agree, and how many of
them only because the difference is listed with its reason (`tests/samples/exceptions.toml`); *attributes* those that both have and that agree;
*ECS* and *Zeek JSON* the facts and events that agree. Listed exceptions are left out of the other figures.

| source | files | events | rejects | class | attributes | ECS | Zeek JSON |
|---|---|---|---|---|---|---|---|
"""


def reference_row(source: str, score: Score) -> str:
    """The row of a source in the table of the reference page."""
    share = lambda equal, total: f"{equal} of {total}" if total else "–"
    o = score.ocsf
    excepted = f" ({o['class_excepted']} listed)" if o["class_excepted"] else ""
    ecs = [sum(figures) for figures in zip(*score.ecs.values())]
    cells = [f"`{source}`", score.files, score.events, len(score.rejects), share(o["class"], o["pairs"]) + excepted, share(o["equal"], o["attributes"]), share(*ecs), share(*score.zeekjson)]
    return "| " + " | ".join(map(str, cells)) + " |"


# Sources that no sample is of.
WITHOUT_SAMPLES = ["gcp_scc"]


def write_reference(rows: list[str]) -> None:
    before = REFERENCE.read_text().partition(SCORES)[0]
    REFERENCE.write_text(before + SCORES_HEAD + "\n".join(sorted(rows)) + "\n")


def report(source: str, score: Score, differences: int) -> None:
    print(f"== {source}: {score.files} files, {score.events} events, {len(score.rejects)} rejects, {sum(score.invalid.values())} invalid")
    o = score.ocsf
    if o["pairs"]:
        print(
            f"   OCSF: class and activity {o['class']}/{o['pairs']} ({o['class_excepted']} of them listed exceptions), attributes that both have {o['equal']}/{o['attributes']}"
            f" ({100 * o['equal'] / max(1, o['attributes']):.1f} %), absent {o['absent']}, pairs at 90 % {o['good_pairs']}/{o['pairs']}"
        )
    print("   ECS: " + ", ".join(f"{kind} {equal}/{total}" for kind, (equal, total) in score.ecs.items() if total))
    for reject in score.rejects[:differences]:
        print("   reject", reject[:300])
    for exception in score.stale:
        print("   stale exception", exception)
    for problem, count in score.invalid.most_common(differences):
        print(f"   invalid {count} x {problem}")
    for difference in score.differences[:differences]:
        print("   differs", difference)


if __name__ == "__main__":
    names = [argument for argument in sys.argv[1:] if not argument.startswith("--")]
    if "--reference" in sys.argv:
        none = [f"| `{name}` | no samples | – | – | – | – | – | – |" for name in WITHOUT_SAMPLES]
        write_reference(none + [reference_row(source_name, score_source(source_name)) for source_name in FOLDERS])
        sys.exit()
    for source_name in names or FOLDERS:
        report(source_name, score_source(source_name), 100_000 if "--all" in sys.argv else 40)
