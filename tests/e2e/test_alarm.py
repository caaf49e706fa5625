"""A sender whose records cannot be read any more is told of: in a table, and to the case system."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from harness import Coldtrail, wait_for

LOOKS = {"COLDTRAIL_REJECTS_ALARM_EVERY_SECONDS": 1, "COLDTRAIL_REJECTS_ALARM_LEAST_RECORDS": 50}


@pytest.fixture
def cases():
    """A case system; what it was told."""
    told = []

    class Cases(BaseHTTPRequestHandler):
        def do_POST(self):
            told.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Cases)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/cases", told
    server.shutdown()


def events(count, is_broken):
    """Lines of Kubernetes' audit log."""
    time = "not a time" if is_broken else "2026-03-01T00:00:00.000000Z"
    line = {"kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "Metadata", "stage": "ResponseComplete", "verb": "get", "requestURI": "/api", "user": {"username": "eve"}, "requestReceivedTimestamp": time, "stageTimestamp": time}
    return "".join(json.dumps(line | {"auditID": str(number)}) + "\n" for number in range(count))


def test_an_alarm_is_raised_told_and_over(binary, cases, tmp_path):
    webhook, told = cases
    coldtrail = Coldtrail(binary, tmp_path / "node")
    logs = tmp_path / "logs"
    logs.mkdir()
    with coldtrail.serve(COLDTRAIL_FINDINGS_WEBHOOK=webhook, **LOOKS) as server:

        def ingest(name, content):
            (logs / name).write_text(content)
            return coldtrail.ingest(logs / name, source="k8s_audit")

        assert ingest("good.log", events(200, False))["events"] == 200
        assert ingest("broken.log", events(100, True))["rejects"] == 100
        alarm = wait_for("an alarm", lambda: next(iter(server.query("SELECT source, records, rejects, cleared_time FROM system.alarms").to_pylist()), None))
        assert alarm == {"source": "k8s_audit", "records": 300, "rejects": 100, "cleared_time": None}
        case = wait_for("the case", lambda: told[0] if told else None)
        assert "k8s_audit" in case["title"] and "33.3 %" in case["title"], case
        wait_for("the note that it was told", lambda: server.value("SELECT notified_time IS NOT NULL FROM system.alarms"))
        # The share of the window falls below half of what raised the alarm.
        assert ingest("mended.log", events(5_000, False))["events"] == 5_000
        wait_for("its end", lambda: server.value("SELECT cleared_time IS NOT NULL FROM system.alarms"))
        assert server.value("SELECT count(*) FROM system.alarms") == 1
    assert len(told) == 1, "it is told of once"
