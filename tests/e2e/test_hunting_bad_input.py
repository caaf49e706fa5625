"""What hunters bring can be broken: then it is said what and where, and nothing passes for clean that was not looked at."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import DONE, FAILED, INCOMPLETE, Coldtrail, Server, wait_for

HUNTS = Path(__file__).resolve().parents[2] / "examples" / "hunts"
TRAIL = HUNTS / "09-logging-switched-off.yaml"
WINDOW = ("--since", "2026-01-01", "--until", "2026-12-31")
BEFORE = ("--since", "2020-01-01", "--until", "2020-01-31")

RULE = """title: Somebody stops the trail
id: 4db60cc0-36fb-42b7-9b58-a5b53019fb74
level: high
logsource: {product: aws, service: cloudtrail}
detection:
    selection:
        eventName: StopLogging
    condition: selection
"""

TRAIL_RECORD = {
    "eventVersion": "1.08", "eventTime": "2026-01-05T10:00:00Z", "eventSource": "cloudtrail.amazonaws.com", "eventName": "StopLogging", "eventID": "1",
    "awsRegion": "eu-west-1", "userIdentity": {},
}  # fmt: skip

# Feeds

FEEDS = {
    "a STIX bundle that ends too early": (
        "stix.json",
        '{"type": "bundle",\n "objects": [\n  {"type": "indicator", "pattern": "[ipv4-addr',
        "line 3, column ",
    ),
    "a MISP event with a comma too many": ("misp.json", '{"Event": {\n "Attribute": [\n  {"type": "ip-dst", "value": "198.51.100.7",}\n]}}', "line 3, column 46"),
    "JSON of abuse.ch with text behind it": ("threatfox.json", '{"1": [{"ioc_value": "198.51.100.7"}]}\nOK\n', "line 2, column 1"),
    "OpenIOC that closes what is not open": ("ioc.xml", '<ioc>\n <definition>\n  <Indicator operator="OR">\n  </definition>\n</ioc>\n', "line 4, column "),
}


@pytest.mark.parametrize("what", FEEDS)
def test_a_broken_feed_is_told_with_its_name_line_and_column(what: str, server: Server, tmp_path: Path) -> None:
    name, text, place = FEEDS[what]
    feed = tmp_path / name
    feed.write_text(text)
    for command in (["intel", "import", feed], ["sweep", "--indicators", feed, *WINDOW]):
        ran = server.coldtrail.try_run(*command, env=server.sql_env())
        assert ran.code == FAILED, ran
        assert feed.stem in ran.error_line() and place in ran.error_line(), ran.error_line()
    assert feed.stem not in server.coldtrail.run("intel", "list", env=server.sql_env()).out, "a broken feed is not kept"


@pytest.mark.parametrize("name", ["list.csv", "list.yaml", "list.txt"])
def test_an_entry_that_is_no_indicator_costs_the_others_nothing(name: str, server: Server, tmp_path: Path) -> None:
    feed = tmp_path / name
    texts = {
        "list.csv": 'type,value\nip,198.51.100.7\nip,999.1.1.1\n,"never closed\n',
        "list.yaml": "indicators:\n  - 198.51.100.7\n  - 999.1.1.1\n",
        "list.txt": "198.51.100.7\n999.1.1.1\n\x00\x01\n",
    }
    feed.write_text(texts[name])
    ran = server.coldtrail.try_run("intel", "import", feed, "--force", "--json", env=server.sql_env())
    assert ran.code in (DONE, INCOMPLETE), ran
    said = ran.out + ran.err
    assert "999.1.1.1" in said and "line " in said, said


def test_a_feed_of_nothing_is_not_clean(server: Server, tmp_path: Path) -> None:
    """A feed without one entry that can be looked for must not look like one that was looked for and not seen."""
    feed = tmp_path / "nothing.txt"
    feed.write_text("10.0.0.1\nnot an indicator at all\n")
    ran = server.coldtrail.try_run("sweep", "--indicators", feed, *WINDOW, "--json", "--all", env=server.sql_env())
    verdicts = [json.loads(line)["verdict"] for line in ran.out.splitlines()]
    assert len(verdicts) == 2 and "NOT_SEEN" not in verdicts, ran


def test_a_format_that_there_is_not_is_told_with_those_there_are(server: Server, tmp_path: Path) -> None:
    feed = tmp_path / "feed.txt"
    feed.write_text("198.51.100.7\n")
    ran = server.coldtrail.try_run("intel", "import", feed, "--feed-format", "stiks", env=server.sql_env())
    assert ran.code == FAILED and "stiks" in ran.error_line() and "openioc" in ran.error_line()


def test_json_that_is_no_feed_is_told(server: Server, tmp_path: Path) -> None:
    feed = tmp_path / "answer.json"
    feed.write_text('{"error": "unauthorised"}')
    ran = server.coldtrail.try_run("intel", "import", feed, env=server.sql_env())
    assert ran.code == FAILED and "STIX" in ran.error_line() and "MISP" in ran.error_line()


def test_a_feed_nested_too_deep_names_its_limit(server: Server, tmp_path: Path) -> None:
    feed = tmp_path / "deep.json"
    feed.write_text(f'{{"objects": {"[" * 100_000}{"]" * 100_000}}}')
    ran = server.coldtrail.try_run("intel", "import", feed, env=server.sql_env())
    assert ran.code == FAILED and "depth_max" in ran.error_line() and "line 1" in ran.error_line()


def test_an_entry_over_the_limit_names_it_and_costs_the_others_nothing(server: Server, tmp_path: Path) -> None:
    feed = tmp_path / "long.txt"
    feed.write_text(f"198.51.100.7\nhttp://example.net/{'x' * 70_000}\n")
    ran = server.coldtrail.try_run("sweep", "--indicators", feed, *WINDOW, "--json", "--all", "--force", env=server.sql_env())
    verdicts = [json.loads(line) for line in ran.out.splitlines()]
    assert [verdict["verdict"] for verdict in verdicts] == ["NOT_SEEN", "REJECTED"], ran
    assert "entry_bytes_max" in verdicts[1]["reason"]


# Hunt files

HUNT_FILES = {
    "a key that there is not": (lambda text: text.replace("title:", "titel:", 1), ["titel", "title"]),
    "a bracket that is not closed": (lambda text: text.replace("tags: [", "tags: [[", 1) if "tags: [" in text else text + "extra: [a, b\n", ["this is not YAML"]),
    "a tab for indentation": (lambda text: text.replace("\nqueries:\n  - ", "\nqueries:\n\t- ", 1), ["this is not YAML"]),
    "a severity that there is not": (lambda text: text.replace("severity: ", "severity: very-", 1), ["very-", "critical"]),
    "a second document": (lambda text: text + "---\nversion: 1\n", ["second document"]),
}


@pytest.mark.parametrize("what", HUNT_FILES)
def test_a_broken_hunt_file_is_told_with_file_line_and_column(what: str, coldtrail: Coldtrail, tmp_path: Path) -> None:
    change, says = HUNT_FILES[what]
    text = change(TRAIL.read_text())
    assert text != TRAIL.read_text()
    broken = tmp_path / "broken.yaml"
    broken.write_text(text)
    ran = coldtrail.try_run("hunt", "check", broken)
    assert ran.code == FAILED
    assert any(f"{broken}:{number}:" in ran.err for number in range(1, len(text.splitlines()) + 2)), ran.err
    assert all(word in ran.err for word in says), ran.err


def test_one_broken_hunt_file_hides_no_other(coldtrail: Coldtrail, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("- no hunt\n")
    (tmp_path / "b.yaml").write_text(TRAIL.read_text())
    (tmp_path / "c.yaml").write_bytes(b"\xff\xfe\x00")
    ran = coldtrail.try_run("hunt", "check", tmp_path)
    assert ran.code == FAILED and "2 of 3" in ran.err
    assert "b.yaml" in ran.out and "a.yaml:1:1:" in ran.err and "c.yaml" in ran.err


# Sigma rules

RULES = {
    "a bracket that is not closed": ("eventName: StopLogging", "eventName: [StopLogging", ["rule.yml:"]),
    "a modifier that there is not": ("eventName:", "eventName|begins:", ["rule.yml:7:9:", "begins"]),
    "modifiers that contradict each other": ("eventName:", "eventName|startswith|endswith:", ["rule.yml:7:9:", "only one of startswith"]),
    "a condition without its search": ("condition: selection", "condition: selection and filter", ["rule.yml:8:16:", "filter"]),
    "a condition that does not end": ("condition: selection", "condition: selection and (", ["rule.yml:8:16:"]),
    "a condition that counts": ("condition: selection", "condition: selection | count() > 5", ["rule.yml:8:16:", "correlation"]),
    "a regular expression that is none": ("eventName: StopLogging", "eventName|re: '(unclosed'", ["rule.yml:7:"]),
    "a network that is none": ("eventName: StopLogging", "sourceIPAddress|cidr: 10.0.0.0/99", ["rule.yml:7:"]),
    "no detection": (RULE[RULE.index("detection:") :], "", ["rule.yml:", "detection"]),
}


def check_rule(coldtrail: Coldtrail, tmp_path: Path, text: str) -> tuple[int, dict]:
    """The exit code of a check of one rule, and what it says of it."""
    rule = tmp_path / "rule.yml"
    rule.write_text(text)
    ran = coldtrail.try_run("sigma", "check", rule, "--json")
    [said] = [json.loads(line) for line in ran.out.splitlines()]
    return ran.code, said


@pytest.mark.parametrize("what", RULES)
def test_a_broken_rule_is_told_with_file_line_and_column(what: str, coldtrail: Coldtrail, tmp_path: Path) -> None:
    there, instead, says = RULES[what]
    assert there in RULE
    code, said = check_rule(coldtrail, tmp_path, RULE.replace(there, instead, 1))
    assert code == INCOMPLETE and said["verdict"] in ("malformed", "unsupported"), said
    assert all(word in said["reason"] for word in says), said


@pytest.mark.parametrize("condition", ["selection and not selection", "not (selection or not selection)", "not 1 of them and all of them"])
def test_a_condition_that_contradicts_itself_matches_nothing(condition: str, coldtrail: Coldtrail, tmp_path: Path) -> None:
    """It is a rule like any other; in particular, it does not match what lacks the field."""
    rule, log = tmp_path / "rule.yml", tmp_path / "trail.json"
    rule.write_text(RULE.replace("condition: selection", f"condition: {condition}"))
    log.write_text("".join(json.dumps(TRAIL_RECORD | {"eventName": name}) + "\n" for name in ("StopLogging", "GetTrail")))
    ran = coldtrail.run("sigma", "test", rule, "--source", "aws_cloudtrail", "--file", log)
    assert ran.out == "" and "0 matches" in ran.err


TOASTER = RULE.replace("product: aws, service: cloudtrail", "product: toaster").replace("4db60cc0", "5db60cc0")


def test_a_rule_about_logs_that_nobody_reads_is_not_clean(coldtrail: Coldtrail, tmp_path: Path) -> None:
    rule, log = tmp_path / "toaster.yml", tmp_path / "trail.json"
    rule.write_text(TOASTER)
    log.write_text(json.dumps(TRAIL_RECORD) + "\n")
    for command in (["sigma", "check", rule], ["sigma", "test", rule, "--source", "aws_cloudtrail", "--file", log]):
        ran = coldtrail.try_run(*command)
        assert ran.code == INCOMPLETE, ran
        assert "unmapped" in ran.out + ran.err and "product=toaster has no mapping" in ran.out + ran.err, ran


def test_a_set_of_rules_about_logs_that_nobody_reads_says_why(server: Server, tmp_path: Path) -> None:
    folder = tmp_path / "toasters"
    folder.mkdir()
    (folder / "toaster.yml").write_text(TOASTER)
    ran = server.coldtrail.try_run("sigma", "run", folder, *WINDOW, env=server.sql_env())
    assert ran.code in (FAILED, INCOMPLETE) and "product=toaster has no mapping" in ran.err, ran
    assert "no schema" not in ran.err and "no rule of the set can be run" in ran.err, ran


def test_one_broken_rule_does_not_keep_the_others_from_being_run(server: Server, tmp_path: Path) -> None:
    folder = tmp_path / "mixed"
    folder.mkdir()
    (folder / "good.yml").write_text(RULE)
    (folder / "broken.yml").write_text("title: x\ndetection: [\n")
    ran = server.coldtrail.try_run("sigma", "run", folder, *WINDOW, "--format", "json", env=server.sql_env())
    assert ran.code == INCOMPLETE and "broken.yml:" in ran.err, ran
    assert [line for line in ran.out.splitlines() if line.startswith("{")], "the good rule found its events"


def hunt_with(query: str) -> str:
    """A hunt of one query about the trail."""
    return f"""version: 1
id: bad-input
title: A hunt that asks for what is not there
hypothesis: Somebody does something.
severity: low
status: test
attack:
  tactics: [defense-evasion]
  techniques: [T1562.008]
data:
  sources: [aws_cloudtrail]
  tables: [api_activity]
queries:
  - id: one
    title: One
{query}"""


@pytest.mark.parametrize("rules", [TOASTER, f"{RULE}---\n{TOASTER}", f"{RULE}---\ntitle: x\n"], ids=["only one that nobody reads", "one of two that nobody reads", "one of two that is broken"])
def test_a_hunt_one_of_whose_rules_cannot_be_run_is_not_clean(rules: str, server: Server, tmp_path: Path) -> None:
    (tmp_path / "rule.yml").write_text(rules)
    hunt = tmp_path / "hunt.yaml"
    hunt.write_text(hunt_with("    sigma: {file: rule.yml}\n"))
    server.coldtrail.run("hunt", "check", hunt)
    ran = server.coldtrail.try_run("hunt", "run", hunt, *WINDOW, env=server.sql_env())
    assert ran.code != DONE, ran
    assert "toaster" in ran.err or "there is no logsource" in ran.err, ran


# What was not there to be looked at


@pytest.mark.parametrize("query", ["    sql: SELECT time FROM api_activity WHERE time >= ${from}\n", "    sweep: {file: feed.txt}\n"], ids=["sql", "sweep"])
def test_a_hunt_over_time_without_data_says_no_coverage(query: str, server: Server, tmp_path: Path) -> None:
    (tmp_path / "feed.txt").write_text("198.51.100.7\n")
    hunt = tmp_path / "hunt.yaml"
    hunt.write_text(hunt_with(query))
    ran = server.coldtrail.try_run("hunt", "run", hunt, *BEFORE, "--format", "json", env=server.sql_env())
    assert ran.code == INCOMPLETE and "NO_COVERAGE" in ran.err, ran


def test_rules_over_time_without_data_are_not_clean(server: Server, tmp_path: Path) -> None:
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "trail.yml").write_text(RULE)
    ran = server.coldtrail.try_run("sigma", "run", folder, *BEFORE, env=server.sql_env())
    assert ran.code == INCOMPLETE and "NO_COVERAGE" in ran.out + ran.err, ran


@pytest.mark.parametrize(
    "window, says",
    [
        (("--since", "2026-02-01", "--until", "2026-01-01"), "2026"),
        (("--since", "soon"), "soon"),
        (("--since", "2026-13-01"), "2026-13-01"),
    ],
)
def test_a_window_that_is_none_is_told(window: tuple, says: str, server: Server, tmp_path: Path) -> None:
    for command in (["hunt", "run", TRAIL], ["sigma", "run", HUNTS]):
        ran = server.coldtrail.try_run(*command, *window, env=server.sql_env())
        assert ran.code in (1, 2) and says in ran.err, ran


# Receivers


@contextlib.contextmanager
def hanging_receiver() -> Iterator[tuple[int, list[socket.socket]]]:
    """A port that takes every connection and never says a word."""
    taken: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def take() -> None:
            with contextlib.suppress(OSError):
                while True:
                    taken.append(listener.accept()[0])

        threading.Thread(target=take, daemon=True).start()
        yield listener.getsockname()[1], taken
    for connection in taken:
        connection.close()


def test_a_webhook_that_hangs_keeps_no_run_waiting(node_with) -> None:
    with hanging_receiver() as (port, taken), node_with(COLDTRAIL_FINDINGS_WEBHOOK=f"http://127.0.0.1:{port}/cases") as server:
        for _ in range(2):
            ran = server.coldtrail.try_run("hunt", "run", TRAIL, *WINDOW, "--format", "json", env=server.sql_env(), timeout=60)
            assert ran.code in (DONE, INCOMPLETE), ran
            assert [line for line in ran.out.splitlines() if line.startswith("{")]
        wait_for("the webhook's connection", lambda: taken)
        findings = server.query("SELECT notified_time FROM system.findings").to_pylist()
        assert findings and all(finding["notified_time"] is None for finding in findings), "nobody took them"
        # What does not answer is not in the way of the next statement either.
        assert server.value("SELECT count(*) FROM system.runs WHERE state = 'done'") >= 2
