"""Scores the mapping of sources against the independent expected results of the samples.

    python tests/samples/score.py SOURCE…      (a source of Coldtrail; all if none is named)

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
from datetime import datetime, timezone
from pathlib import Path

import ocsf
from normalizer import SAMPLES, normalize, read_json_documents

FOLDERS = {
    "aws_cloudtrail": ["aws_cloudtrail"],
    "aws_vpcflow": ["aws_vpcflow"],
    "aws_guardduty": ["aws_guardduty"],
    "azure_activity": ["azure_activity"],
    "azure_entra": ["azure_entra"],
    "gcp_audit": ["gcp_audit"],
    "k8s_audit": ["k8s_audit", "aws_eks_audit"],
    "windows_event": ["windows_evtx", "windows_host_json", "windows_other", "windows_security", "windows_sysmon", "windows_winlogbeat"],
    "zeek": ["zeek"],
}
# What depends on who mapped, when, or in which version, and so says nothing about the event.
NOT_COMPARED = {"observables", "unmapped", "raw_data", "enrichments", "type_name", "class_name", "category_name", "message", "raw_data_hash", "raw_data_size"}
NOT_COMPARED_PATHS = {
    "metadata.version", "metadata.profiles", "metadata.processed_time", "metadata.logged_time", "metadata.product.version", "metadata.extension",
    "metadata.extensions", "metadata.loggers", "metadata.log_version", "metadata.original_time", "metadata.product.lang", "metadata.product.url_string",
}


@dataclass
class Score:
    files: int = 0
    events: int = 0
    rejects: list[str] = field(default_factory=list)
    invalid: Counter = field(default_factory=Counter)
    ocsf: dict = field(default_factory=lambda: {"pairs": 0, "class": 0, "attributes": 0, "equal": 0, "absent": 0, "good_pairs": 0})
    ecs: dict = field(default_factory=lambda: {key: [0, 0] for key in ("time", "ip", "port", "user", "action", "outcome", "code", "hash")})
    differences: list[str] = field(default_factory=list)
    # Events and the reasons of rejects of each file.
    by_file: dict[str, tuple[int, list[str]]] = field(default_factory=dict)

    def share(self, kind: str) -> float:
        equal, total = self.ecs[kind]
        return equal / total if total else 1.0


def exceptions() -> dict[str, set[str]]:
    """Samples that the vendor's documentation contradicts: path to the fields that are not compared."""
    listed = tomllib.loads((Path(__file__).parent / "exceptions.toml").read_text())
    found: dict[str, set[str]] = {}
    for entry in listed.get("exception", []):
        found.setdefault(entry["path"], set()).add(entry["field"])
    return found


def flatten(value, path=()):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from flatten(inner, (*path, key))
    elif isinstance(value, list):
        for inner in value:
            yield from flatten(inner, path)
    elif value is not None and value != "":
        yield path, value


def same(ours, theirs) -> bool:
    if isinstance(ours, bool) or isinstance(theirs, bool):
        return str(ours).lower() == str(theirs).lower()
    if isinstance(ours, int | float) and isinstance(theirs, int | float):
        return abs(ours - theirs) < 1000 if abs(theirs) > 1e11 else ours == theirs
    return str(ours).strip().lower() == str(theirs).strip().lower()


def is_compared(class_uid: int, path: tuple[str, ...]) -> bool:
    dotted = ".".join(path)
    if path[0] in NOT_COMPARED or path[-1].endswith("_dt") or any(dotted == one or dotted.startswith(one + ".") for one in NOT_COMPARED_PATHS):
        return False
    return ocsf.knows(class_uid, path)


def compare_ocsf(score: Score, name: str, ours: dict, theirs: dict, skipped: set[str]) -> None:
    score.ocsf["pairs"] += 1
    if theirs.get("class_uid") == ours["class_uid"] and theirs.get("activity_id") == ours["activity_id"] or "class_uid" in skipped:
        score.ocsf["class"] += 1
    else:
        score.differences.append(f"{name}: class {ours['class_uid']}/{ours['activity_id']}, expected {theirs.get('class_uid')}/{theirs.get('activity_id')}")
    mine: dict[tuple, list] = {}
    for path, value in flatten(ours):
        mine.setdefault(path, []).append(value)
    total = equal = 0
    for path, value in flatten(theirs):
        if not is_compared(ours["class_uid"], path) or ".".join(path) in skipped or path[0] in ("class_uid", "activity_id", "type_uid", "category_uid"):
            continue
        if path not in mine:
            score.ocsf["absent"] += 1
            score.differences.append(f"{name}: {'.'.join(path)} is absent, expected {str(value)[:100]!r}")
            continue
        total += 1
        if any(same(one, value) for one in mine[path]):
            equal += 1
        else:
            score.differences.append(f"{name}: {'.'.join(path)} is {str(mine[path])[:100]}, expected {str(value)[:100]!r}")
    score.ocsf["attributes"] += total
    score.ocsf["equal"] += equal
    score.ocsf["good_pairs"] += equal >= 0.9 * total


def get(event: dict, path: str):
    if path in event:
        return event[path]
    value = event
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def milliseconds(text) -> int | None:
    try:
        time = datetime.fromisoformat(str(text).replace("Z", "+00:00")[:32])
    except ValueError:
        return None
    return int((time if time.tzinfo else time.replace(tzinfo=timezone.utc)).timestamp() * 1000)


def as_list(value) -> list:
    return value if isinstance(value, list) else [] if value is None else [value]


def compare_ecs(score: Score, name: str, ours: dict, theirs: dict, skipped: set[str]) -> None:
    values = {str(value).strip().lower() for path, value in flatten(ours) if path[0] != "raw_data"}
    loose = values | {part for value in values for part in value.replace("\\", "/").split("/")} | {value.split("@")[0] for value in values}

    def check(kind: str, path: str, found: bool, wanted, had) -> None:
        if path in skipped or "*" in skipped:
            return
        score.ecs[kind][1] += 1
        score.ecs[kind][0] += found
        if not found:
            score.differences.append(f"{name}: {path} is {str(had)[:100]}, expected {str(wanted)[:100]!r}")

    wanted = milliseconds(get(theirs, "@timestamp"))
    if wanted is not None:
        check("time", "@timestamp", abs(ours["time"] - wanted) < 1000, get(theirs, "@timestamp"), ours["time"])
    for path in ("source.ip", "destination.ip", "client.ip", "server.ip", "host.ip"):
        for wanted in as_list(get(theirs, path)):
            check("ip", path, str(wanted).lower() in values, wanted, "not in the event")
    for path in ("source.port", "destination.port"):
        if (wanted := get(theirs, path)) is not None:
            check("port", path, str(wanted) in values, wanted, "not in the event")
    for path in ("user.name", "user.target.name", "user.id", "user.email"):
        if (wanted := get(theirs, path)) is not None:
            check("user", path, any(str(one).strip().lower() in loose for one in as_list(wanted)), wanted, "not in the event")
    for path in ("event.action", "action.name"):
        if (wanted := get(theirs, path)) is not None:
            check("action", path, str(wanted).strip().lower() in loose, wanted, "not in the event")
    if (wanted := get(theirs, "event.code")) is not None:
        check("code", "event.code", same(ours["metadata"].get("event_code", ""), wanted), wanted, ours["metadata"].get("event_code"))
    if (wanted := get(theirs, "event.outcome")) in ("success", "failure"):
        check("outcome", "event.outcome", ours.get("status", "").lower() == wanted, wanted, ours.get("status"))
    for path in ("process.hash.sha256", "process.hash.md5", "file.hash.sha256", "file.hash.sha1", "file.hash.md5"):
        if (wanted := get(theirs, path)) is not None:
            check("hash", path, str(wanted).lower() in values, wanted, "not in the event")


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


def score_source(source: str) -> Score:
    """Normalises every sample of a source and compares it with what is expected."""
    score = Score()
    sampler = ocsf.Sampler()
    skipped_by_path = exceptions()
    with (SAMPLES / "index.tsv").open() as index:
        rows = [row for row in csv.DictReader(index, delimiter="\t", quoting=csv.QUOTE_NONE) if row["source"] in FOLDERS[source]]
    for raw_path, result in normalize_in_turn(source, list(dict.fromkeys(row["raw_path"] for row in rows))):
        score.files += 1
        score.by_file[raw_path] = len(result.events), result.rejects
        score.events += len(result.events)
        score.rejects += [f"{raw_path}: {reject}" for reject in result.rejects]
        for event in result.events:
            for problem in sampler.problems(event):
                score.invalid[f"{event['class_uid']} {problem}"] += 1
        skipped = skipped_by_path.get(raw_path, set())
        for row in rows:
            if row["raw_path"] != raw_path or not row["expected_path"]:
                continue
            expected = SAMPLES / row["expected_path"]
            is_ocsf = expected.name.endswith(".expected.ocsf.json")
            if not is_ocsf and not expected.name.endswith(".expected.ecs.json"):
                continue
            theirs = read_json_documents(expected)
            if len(theirs) != len(result.events) and "events" not in skipped:
                score.differences.append(f"{raw_path}: {len(result.events)} events, expected {len(theirs)}")
            for number, (mine, their) in enumerate(zip(result.events, theirs)):
                if isinstance(their, dict):
                    name = f"{raw_path}[{number}]"
                    (compare_ocsf if is_ocsf else compare_ecs)(score, name, mine, their, skipped)
    return score


def report(source: str, score: Score, differences: int) -> None:
    print(f"== {source}: {score.files} files, {score.events} events, {len(score.rejects)} rejects, {sum(score.invalid.values())} invalid")
    o = score.ocsf
    if o["pairs"]:
        print(
            f"   OCSF: class and activity {o['class']}/{o['pairs']}, attributes that both have {o['equal']}/{o['attributes']}"
            f" ({100 * o['equal'] / max(1, o['attributes']):.1f} %), absent {o['absent']}, pairs at 90 % {o['good_pairs']}/{o['pairs']}"
        )
    print("   ECS: " + ", ".join(f"{kind} {equal}/{total}" for kind, (equal, total) in score.ecs.items() if total))
    for reject in score.rejects[:differences]:
        print("   reject", reject[:300])
    for problem, count in score.invalid.most_common(differences):
        print(f"   invalid {count} x {problem}")
    for difference in score.differences[:differences]:
        print("   differs", difference)


if __name__ == "__main__":
    names = [argument for argument in sys.argv[1:] if not argument.startswith("--")]
    for source_name in names or FOLDERS:
        report(source_name, score_source(source_name), 100_000 if "--all" in sys.argv else 40)
