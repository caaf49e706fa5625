"""Hunt files, from their check to what they find."""

import json
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from harness import wait_for

HUNTS = Path(__file__).resolve().parents[2] / "examples" / "hunts"
TRAIL = HUNTS / "09-logging-switched-off.yaml"
WINDOW = ("--since", "2026-01-01", "--until", "2026-12-31")


def test_every_example_can_be_run(coldtrail):
    checked = coldtrail.run("hunt", "check", HUNTS)
    assert len(checked.out.splitlines()) == len(list(HUNTS.glob("*.yaml"))) >= 16


def test_what_is_wrong_with_a_hunt_file_has_line_and_column(coldtrail, tmp_path):
    broken = tmp_path / "broken.yaml"
    broken.write_text(TRAIL.read_text().replace("title:", "titel:", 1))
    ran = coldtrail.try_run("hunt", "check", broken)
    assert ran.code == 1 and "titel" in ran.err and "title" in ran.err
    assert "broken.yaml" in ran.err


def test_a_hunt_finds_its_step_and_keeps_it_as_a_finding(server):
    ran = server.coldtrail.try_run("hunt", "run", TRAIL, *WINDOW, "--format", "json", env=server.sql_env())
    # The window is longer than the data: that is said, and is no success.
    assert ran.code == 3 and "has no data on" in ran.err, ran.err
    rows = [line for line in ran.out.splitlines() if line.startswith("{")]
    assert rows
    run = next(line for line in ran.out.splitlines() if line.startswith("-- ")).split("run ")[1].rstrip(")")
    found = wait_for("the finding", lambda: server.query(f"SELECT * FROM system.findings WHERE run_id = '{run}'").to_pylist())
    ocsf = json.loads(found[0]["ocsf"])
    assert (ocsf["class_uid"], ocsf["type_uid"], ocsf["status"]) == (2004, 200401, "New")
    assert ocsf["finding_info"]["attacks"]
    listed = server.coldtrail.run("hunt", "list", env=server.sql_env()).out
    hunt = found[0]["hunt"]
    assert hunt in listed
    assert server.coldtrail.run("hunt", "show", hunt, env=server.sql_env()).out == TRAIL.read_text()


def test_explain_says_what_would_be_read_and_what_is_missing(server):
    ran = server.coldtrail.try_run("hunt", "explain", TRAIL, "--since", "2020-01-01", "--until", "2020-01-31", env=server.sql_env())
    assert ran.code == 3 and "NO_COVERAGE" in ran.out and "segments    0" in ran.out
    assert server.value("SELECT count(*) FROM system.runs WHERE title LIKE '%2020%'") == 0


def test_new_writes_a_file_that_check_understands(coldtrail, tmp_path):
    out = tmp_path / "mine.yaml"
    coldtrail.run("hunt", "new", "My own hunt", "--out", out)
    assert "My own hunt" in out.read_text()
    coldtrail.run("hunt", "check", out)
    again = coldtrail.try_run("hunt", "new", "My own hunt", "--out", out)
    assert again.code == 1 and "already" in again.err


def test_a_webhook_is_told_of_a_finding_until_it_takes_it(node_with, tmp_path):
    told, refusals = [], [503, 503]

    class Cases(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            if refusals:
                self.send_response(refusals.pop())
            else:
                told.append((json.loads(body), self.headers["x-coldtrail-signature"]))
                self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    cases = HTTPServer(("127.0.0.1", 0), Cases)
    threading.Thread(target=cases.serve_forever, daemon=True).start()
    secret = tmp_path / "secret"
    secret.write_text("a key\n")
    settings = {
        "COLDTRAIL_FINDINGS_WEBHOOK": f"http://127.0.0.1:{cases.server_port}/cases",
        "COLDTRAIL_FINDINGS_WEBHOOK_SECRET_FILE": secret,
        "COLDTRAIL_FINDINGS_TEAM": "blue",
    }
    with node_with(**settings) as server:
        server.coldtrail.try_run("hunt", "run", TRAIL, *WINDOW, env=server.sql_env())
        case, signature = wait_for("the case", lambda: told[0] if told else None)
        assert case["team"] == "blue" and case["title"] and case["priority"]
        assert signature.startswith("sha256=") and len(signature) == 7 + 64
        key = case["evidence"]["key"]
        wait_for("the note that it was told", lambda: server.value(f"SELECT notified_time IS NOT NULL FROM system.findings WHERE key = '{key}'"))
    cases.shutdown()


def test_a_hunt_that_is_not_there_is_named(server):
    command = server.coldtrail.command("hunt", "run", "no-such-hunt", *WINDOW)
    ran = subprocess.run(command, capture_output=True, text=True, env=server.coldtrail.env(**server.sql_env()), check=False)
    assert ran.returncode == 1 and "no-such-hunt" in ran.stderr and "hunt list" in ran.stderr
