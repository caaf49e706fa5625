#!/usr/bin/env python3
"""A set of Sigma rules in one scan, beside one rule and beside a scan that only reads.

    COLDTRAIL_BIN=target/release/coldtrail python benches/sigma.py --folder lake-of-side_by_side --rules 300

Takes a lake that side_by_side.py made with --folder. The rules are about cloud logs (CloudTrail, Azure activity, Entra sign-ins, GCP and
Kubernetes audit), each with a value of its own, every third with a field that is only in the raw record. The scan reads every column of the
same tables once, and does nothing with them but count. Prints what RESULTS-hunting.md has, by hand.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.dont_write_bytecode = True

from engines import Coldtrail  # noqa: E402

# Log source, the field of the action, a field that is only in the raw record, and names of actions.
SOURCES = [
    ("{product: aws, service: cloudtrail}", "eventName", "requestParameters.name", ["Create", "Delete", "Put", "Update", "Attach", "Detach"]),
    ("{product: azure, service: activitylogs}", "operationName", "properties.message", ["write", "delete", "action"]),
    ("{product: azure, service: signinlogs}", "AppDisplayName", "DeviceDetail.browser", ["Portal", "Shell", "Graph", "Teams"]),
    ("{product: gcp, service: gcp.audit}", "gcp.audit.method_name", "gcp.audit.request.name", ["SetIamPolicy", "CreateServiceAccountKey", "delete"]),
    ("{product: kubernetes, service: audit}", "verb", "objectRef.resource", ["create", "delete", "patch", "exec"]),
]


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure Sigma rules.")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--rules", type=int, default=300)
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    folder = arguments.folder.resolve()
    ours = Coldtrail(str(Path(os.environ["COLDTRAIL_BIN"]).resolve()), folder, "local")
    try:
        taken = {}
        for name, count in (("all", arguments.rules), ("few", len(SOURCES))):
            with tempfile.TemporaryDirectory() as rules:
                for number in range(count):
                    (Path(rules) / f"{number:04}.yml").write_text(rule(number))
                ours.cli("sigma", "check", rules)
                bring(ours, rules, f"bench-{name}")
            taken[f"{count} rules"] = measured(lambda name=name: ours.run(f"SELECT rule_id, count(*) AS n FROM sigma('bench-{name}') GROUP BY rule_id"), arguments.runs)
        taken["a scan that counts every column"] = measured(lambda: scan(ours), arguments.runs)
    finally:
        ours.close()
    for name, (seconds, rows) in taken.items():
        print(f"  {name:34} {seconds * 1000:9.1f} ms {rows:8} rows")
    whole, few, read = (seconds for seconds, _ in taken.values())
    print(f"  {whole / read:.2f} x the scan, {whole / few:.2f} x one rule for each source")
    return 0


def bring(ours: Coldtrail, rules: str, name: str) -> None:
    """Brings the rules; a window long past makes the run itself end at once, with 3: there are no events."""
    ours.cli("sigma", "run", rules, "--name", name, "--since", "2000-01-01", "--until", "2000-01-02")


def rule(number: int) -> str:
    logsource, action, raw, names = SOURCES[number % len(SOURCES)]
    name = names[number // len(SOURCES) % len(names)]
    more = f"        {raw}|contains: 'needle-{number}'\n" if number % 3 == 0 else f"        {action}|endswith: '{number}'\n"
    return f"""title: Rule {number} of a benchmark
id: {number:08x}-0000-4000-8000-000000000000
status: test
level: low
logsource: {logsource}
detection:
    selection:
        {action}|contains: ['{name}', 'never-{number}']
    more:
{more}    condition: selection and more
"""


def scan(ours: Coldtrail):
    """Reads every column of the tables that the rules look at."""
    rows = None
    for table in ("api_activity", "authentication"):
        columns = ours.run(f"SELECT column_name FROM information_schema.columns WHERE table_schema = 'ocsf' AND table_name = '{table}'")
        counts = ", ".join(f'count("{name}")' for name in columns.column("column_name").to_pylist())
        rows = ours.run(f"SELECT {counts} FROM {table} WHERE source IN ('aws_cloudtrail', 'azure_activity', 'azure_entra', 'gcp_audit', 'k8s_audit')")
    return rows


def measured(action, runs: int) -> tuple[float, int]:
    action()
    seconds = []
    for _ in range(runs):
        begun = time.perf_counter()
        rows = action()
        seconds.append(time.perf_counter() - begun)
    return statistics.median(seconds), rows.num_rows


if __name__ == "__main__":
    sys.exit(main())
