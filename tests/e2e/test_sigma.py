"""Sigma rules: on files without a server, and over months in one scan."""

import json
import os
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from harness import wait_for

SAMPLES = Path(os.environ.get("COLDTRAIL_SAMPLES", Path(__file__).resolve().parents[3] / "shared" / "samples")) / "sigma_regression" / "sigmahq"
WINDOW = ("--since", "2026-01-01", "--until", "2026-12-31")

TRAIL = """
title: Somebody stops the trail
id: 4db60cc0-36fb-42b7-9b58-a5b53019fb74
status: test
level: high
logsource: {product: aws, service: cloudtrail}
detection:
    selection:
        eventSource: cloudtrail.amazonaws.com
        eventName: [StopLogging, UpdateTrail, DeleteTrail]
    condition: selection
"""
SHELL = """
title: PowerShell with an encoded command
id: 1b0b8d2e-2f4e-4a35-9d5e-5d9b1d3f2a10
status: test
level: medium
logsource: {product: windows, category: process_creation}
detection:
    selection:
        Image|endswith: '\\\\powershell.exe'
        CommandLine|contains: ['-enc', '-EncodedCommand']
    condition: selection
"""


def test_a_recorded_event_is_matched_by_its_rule(coldtrail, tmp_path):
    if not SAMPLES.is_dir():
        pytest.skip("the samples are not here")
    missed = []
    pairs = sorted(SAMPLES.glob("*.expected.sigma.json"))
    assert len(pairs) >= 100
    for pair in pairs:
        expected = json.loads(pair.read_text())
        rule = tmp_path / f"{expected['rule_id']}.yml"
        rule.write_text(expected["rule_yaml"])
        event = pair.with_name(pair.name.removesuffix(".expected.sigma.json"))
        ran = coldtrail.try_run("sigma", "test", rule, "--source", "windows_event", "--file", event)
        matched = {json.loads(line)["rule_id"] for line in ran.out.splitlines()}
        if expected["rule_id"] not in matched:
            missed.append((pair.name, ran.err.strip()))
    assert not missed


def rules_folder(tmp_path, **rules):
    folder = tmp_path / "rules"
    folder.mkdir()
    for name, text in rules.items():
        (folder / f"{name}.yml").write_text(text)
    return folder


def test_rules_find_over_months_what_sql_finds(tier, tmp_path):
    folder = rules_folder(tmp_path, trail=TRAIL, shell=SHELL)
    ran = tier.coldtrail.run("sigma", "run", folder, *WINDOW, "--format", "json", env=tier.sql_env())
    found = [json.loads(line) for line in ran.out.splitlines()]
    by_rule = {}
    for row in found:
        by_rule.setdefault(row["rule_title"], []).append(row["source_offset"])
    trail = "SELECT source_offset FROM api_activity WHERE source = 'aws_cloudtrail' AND api_operation IN ('StopLogging', 'UpdateTrail', 'DeleteTrail')"
    assert sorted(by_rule["Somebody stops the trail"]) == sorted(tier.query(trail).column("source_offset").to_pylist())
    shell = "SELECT source_offset FROM process_activity WHERE lower(process_cmd_line) LIKE '%-enc%' AND lower(process_file_path) LIKE '%\\powershell.exe' AND activity_id = 1"
    assert sorted(by_rule["PowerShell with an encoded command"]) == sorted(tier.query(shell).column("source_offset").to_pylist())


def test_a_match_becomes_a_finding_once_however_often_it_is_run(server, tmp_path):
    folder = rules_folder(tmp_path, trail=TRAIL)
    for _ in range(2):
        server.coldtrail.run("sigma", "run", folder, *WINDOW, "--name", "twice", env=server.sql_env())
    ran = "SELECT count(*) FROM system.runs WHERE title LIKE 'sigma twice%' AND state = 'done'"
    assert server.value(ran) == 2
    findings = "SELECT key, status, verdict, hunt FROM system.findings WHERE hunt = 'twice'"
    both = "SELECT count(*) FROM system.findings WHERE hunt = 'twice' AND runs = 2"
    wait_for("the findings of both runs", lambda: server.value(both) > 0)
    found = server.query(findings).to_pylist()
    assert found and len({row["key"] for row in found}) == len(found)
    key = found[0]["key"]
    server.coldtrail.run("finding", "set", key, "--verdict", "false_positive", "--status", "resolved", "--note", "a drill", env=server.sql_env())
    judged = server.query(f"SELECT status, verdict, note FROM system.findings WHERE key = '{key}'").to_pylist()
    assert judged == [{"status": "resolved", "verdict": "false_positive", "note": "a drill"}]
    wrong = server.coldtrail.try_run("finding", "set", key, "--verdict", "maybe", env=server.sql_env())
    assert wrong.code == 1 and "true_positive" in wrong.err


def test_check_says_why_a_rule_cannot_be_run(coldtrail, tmp_path):
    unmapped = TRAIL.replace("product: aws, service: cloudtrail", "product: toaster")
    folder = rules_folder(tmp_path, trail=TRAIL, toaster=unmapped, broken="title: x\ndetection: [")
    ran = coldtrail.try_run("sigma", "check", folder, "--json")
    said = {Path(row["file"]).name: row for row in map(json.loads, ran.out.splitlines())}
    assert said["trail.yml"]["verdict"] == "pass"
    assert said["toaster.yml"]["verdict"] == "unmapped" and "toaster" in said["toaster.yml"]["reason"]
    assert said["broken.yml"]["verdict"] == "malformed"
    assert ran.code == 3


CORRELATED = """
title: A user is asked again and again
id: 0e95725d-7320-415d-80f7-004da920fc11
name: failed_sign_in
status: test
level: low
logsource: {product: azure, service: signinlogs}
detection:
    selection:
        ResultType|contains: '5'
    condition: selection
---
title: Many failed sign-ins of one user within an hour
id: 0e95725d-7320-415d-80f7-004da920fc12
status: test
level: high
tags: [attack.t1110.001]
correlation:
    type: event_count
    rules: [failed_sign_in]
    group-by: [UserPrincipalName]
    timespan: 1h
    condition: {gte: 3}
"""


def test_a_correlation_is_looked_for_over_all_of_the_window(server, tmp_path):
    folder = rules_folder(tmp_path, correlated=CORRELATED)
    checked = server.coldtrail.run("sigma", "check", folder).out
    assert [line.split()[0] for line in checked.splitlines()] == ["pass", "pass"], checked
    ran = server.coldtrail.try_run("sigma", "run", folder, "--name", "correlated", *WINDOW, "--format", "json", env=server.sql_env())
    assert ran.code == 0, ran.err
    matches = [json.loads(line) for line in ran.out.splitlines()]
    run = ran.err.split("findings of run ")[1].split()[0]
    # Sliding windows of an hour in Python, over what the rule matched.
    by_user = {}
    for row in matches:
        by_user.setdefault(json.loads(row["rule_fields"])[0], []).append(row["time"])
    wanted = set()
    for user, times in by_user.items():
        times = sorted(datetime.fromisoformat(time.replace("Z", "+00:00")) for time in times)
        if any(third - first <= timedelta(hours=1) for first, third in zip(times, times[2:])):
            wanted.add(user)
    assert wanted, "the generated logs have none"
    sql = f"SELECT * FROM system.findings WHERE run_id = '{run}'"
    found = wait_for("findings", lambda: server.query(sql).to_pylist())
    assert {tuple(json.loads(finding["entities"])["UserPrincipalName"]) for finding in found} == {(user,) for user in wanted}
    assert {finding["severity"] for finding in found} == {"high"}, "the rule's own matches are not wanted"
    assert all(json.loads(finding["techniques"]) == ["T1110.001"] for finding in found)


EXPANDED = TRAIL.replace("eventName: [StopLogging, UpdateTrail, DeleteTrail]", "eventName|expand: '%Stopping%'")
FILTER = """
title: The pipeline may
logsource: {product: aws, service: cloudtrail}
filter:
    rules: [4db60cc0-36fb-42b7-9b58-a5b53019fb74]
    known: {userAgent|contains|expand: '%Pipeline%'}
    condition: known
"""
RECORD = {"eventVersion": "1.08", "eventTime": "2026-03-01T10:20:30Z", "eventSource": "cloudtrail.amazonaws.com", "awsRegion": "us-east-1", "userIdentity": {}}


def test_filters_and_placeholders_change_what_a_file_is_tested_for(coldtrail, tmp_path):
    folder = rules_folder(tmp_path, trail=EXPANDED)
    (tmp_path / "pipeline.yml").write_text(FILTER)
    values = tmp_path / "values.yml"
    values.write_text("Stopping: [StopLogging, 'Delete*']\nPipeline: terraform\n")
    calls = [("StopLogging", "aws-cli"), ("DeleteTrail", "terraform/1.9"), ("CreateTrail", "aws-cli")]
    log = tmp_path / "log.json"
    log.write_text("".join(json.dumps(RECORD | {"eventName": name, "userAgent": agent, "eventID": name}) + "\n" for name, agent in calls))

    def found(*more):
        ran = coldtrail.try_run("sigma", "test", folder, "--source", "aws_cloudtrail", "--file", log, *more)
        return ran.code, [json.loads(line)["record"]["eventName"] for line in ran.out.splitlines()], ran.err

    code, names, said = found()
    assert (code, names) == (3, []) and "the placeholder %Stopping% has no value" in said
    assert found("--placeholders", values)[:2] == (0, ["StopLogging", "DeleteTrail"])
    assert found("--placeholders", values, "--filter", tmp_path / "pipeline.yml")[:2] == (0, ["StopLogging"])
    checked = coldtrail.try_run("sigma", "check", folder, "--placeholders", values, "--filter", tmp_path / "pipeline.yml")
    assert checked.code == 0 and checked.out.startswith("pass")
    twice = coldtrail.try_run("sigma", "check", folder, "--placeholders", values, "--placeholders", values)
    assert twice.code == 1 and "has values already" in twice.err


def test_a_run_keeps_its_filters_and_placeholders(server, tmp_path):
    folder = rules_folder(tmp_path, trail=EXPANDED)
    filters = tmp_path / "nobody.yml"
    filters.write_text(FILTER.replace("userAgent|contains|expand: '%Pipeline%'", "eventName: UpdateTrail"))
    values = tmp_path / "values.yml"
    values.write_text("Stopping: [StopLogging, UpdateTrail, DeleteTrail]\n")
    beside = ("--filter", filters, "--placeholders", values)
    ran = server.coldtrail.try_run("sigma", "run", folder, "--name", "beside", *beside, *WINDOW, "--format", "json", env=server.sql_env())
    assert ran.code == 0, ran.err
    found = sorted(json.loads(line)["source_offset"] for line in ran.out.splitlines())
    sql = "SELECT source_offset FROM api_activity WHERE source = 'aws_cloudtrail' AND api_operation IN ('StopLogging', 'DeleteTrail')"
    assert found == sorted(server.query(sql).column("source_offset").to_pylist()) and found
    # By its name it is the same set, which takes no others; without them it is another version.
    again = server.coldtrail.try_run("sigma", "run", "beside", *WINDOW, "--format", "json", env=server.sql_env())
    assert sorted(json.loads(line)["source_offset"] for line in again.out.splitlines()) == found
    refused = server.coldtrail.try_run("sigma", "run", "beside", "--placeholders", values, *WINDOW, env=server.sql_env())
    assert refused.code == 1 and "name the files of beside" in refused.err
    # Whoever goes on with the run, and an auditor, has them.
    run = ran.err.split("findings of run ")[1].split()[0]
    key, bundle = tmp_path / "signing.pem", tmp_path / "bundle"
    server.coldtrail.run("evidence", "key", "--private", key, "--public", tmp_path / "signer.pem")
    server.coldtrail.run("evidence", "export", run, "--out", bundle, "--key", key, env=server.sql_env())
    definition = json.loads((bundle / "manifest.json").read_text())["run"]["definition"]
    assert json.loads(definition["sigma.placeholders"]) == {"Stopping": ["StopLogging", "UpdateTrail", "DeleteTrail"]}
    assert "UpdateTrail" in definition["sigma.filters"] and "The pipeline may" in definition["sigma.filters"]
