"""Logs that keep coming: a folder that is watched, and what senders push over HTTP, each record once whatever is repeated or killed."""

import gzip
import http.client
import json
import os
import signal
import ssl
import urllib.error
import urllib.request

import pytest
from harness import Coldtrail, wait_for
from stores import free_ports

TOKEN = "a-token-of-this-test"


def record(number):
    """A record of CloudTrail."""
    return {
        "eventVersion": "1.08", "eventTime": f"2026-01-05T10:{number // 60 % 60:02}:{number % 60:02}Z", "eventSource": "s3.amazonaws.com",
        "eventName": "GetObject", "awsRegion": "eu-west-1", "sourceIPAddress": "198.51.100.7", "userAgent": "test", "eventID": f"id-{number}",
        "eventType": "AwsApiCall", "recipientAccountId": "111122223333", "userIdentity": {"type": "IAMUser", "userName": "ann"},
    }  # fmt: skip


def lines(first, last):
    return "".join(json.dumps(record(number)) + "\n" for number in range(first, last)).encode()


@pytest.fixture
def node(binary, tmp_path):
    coldtrail = Coldtrail(binary, tmp_path / "node")
    (port,) = free_ports(1)
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    tokens = coldtrail.folder / "tokens"
    tokens.write_text(f"# senders\n{TOKEN}\n")
    (coldtrail.folder / "coldtrail.toml").write_text(f"""
[[watch]]
location = "{inbox}"
every_seconds = 1
settle_seconds = 0

[push]
bind = "127.0.0.1:{port}"
tokens_file = "{tokens}"

[push.limits]
flush_seconds = 1
""")
    coldtrail.inbox, coldtrail.port = inbox, port
    return coldtrail


def push(port, path, body, token=TOKEN, **headers):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data=body, headers={"Authorization": token} | headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def count(server):
    return server.value("SELECT count(*) FROM api_activity"), server.value("SELECT count(DISTINCT metadata_uid) FROM api_activity")


def test_a_watched_folder_is_searchable_soon(node):
    with node.serve() as server:
        (node.inbox / "first.json").write_bytes(lines(0, 50))
        wait_for("the first file", lambda: count(server) == (50, 50), 60)
        (node.inbox / "copy.json.gz").write_bytes(gzip.compress(lines(50, 80)))
        (node.inbox / "same-again.json").write_bytes(lines(0, 50))
        wait_for("the second file", lambda: count(server)[1] == 80, 60)
        wait_for("the copy to be noted", lambda: server.value("SELECT count(*) FROM system.sources") >= 2, 60)
        assert count(server) == (80, 80), "the same bytes under another name are taken once"


def test_pushes_are_confirmed_after_the_commit_and_repeated_ones_are_taken_once(node):
    with node.serve() as server:
        wait_for("the listener", lambda: push(node.port, "/services/collector/health", None, token=f"Splunk {TOKEN}")[0] == 200, 30)
        status, answer = push(node.port, "/v1/events?source=aws_cloudtrail", lines(0, 40), token=f"Bearer {TOKEN}")
        assert status == 200, answer
        assert count(server) == (40, 40), "an answer comes after the commit"
        assert push(node.port, "/v1/events?source=aws_cloudtrail", lines(0, 40), token=f"Bearer {TOKEN}")[0] == 200
        assert count(server) == (40, 40)
        events = "".join(json.dumps({"event": record(number), "sourcetype": "aws:cloudtrail", "time": 1}) for number in range(40, 60)).encode()
        status, answer = push(node.port, "/services/collector/event", events, token=f"Splunk {TOKEN}")
        assert status == 200 and json.loads(answer)["code"] == 0, answer
        assert count(server) == (60, 60)
        body = gzip.compress(lines(60, 70))
        assert push(node.port, "/v1/events", body, token=f"Bearer {TOKEN}", **{"Content-Encoding": "gzip"})[0] == 200
        assert count(server) == (70, 70)
        assert push(node.port, "/v1/events", lines(70, 71), token="Bearer wrong")[0] in (401, 403)
        assert push(node.port, "/v1/events", lines(70, 71), token="")[0] in (401, 403)
        assert count(server) == (70, 70)
        assert TOKEN not in server.log.read_text()


def test_what_was_received_outlives_a_kill(node):
    with node.serve() as server:
        wait_for("the listener", lambda: push(node.port, "/services/collector/health", None, token=f"Splunk {TOKEN}")[0] == 200, 30)
        channel = {"X-Splunk-Request-Channel": "5f0d4b1e-6f0e-4a4e-9f5e-0c8d3c1f7a11"}
        body = "".join(json.dumps({"event": record(number)}) for number in range(30)).encode()
        status, answer = push(node.port, "/services/collector/event", body, token=f"Splunk {TOKEN}", **channel)
        assert status == 200 and "ackId" in json.loads(answer), answer
        os.kill(server.process.pid, signal.SIGKILL)
        server.process.wait()
    with node.serve() as server:
        wait_for("the spool to be committed", lambda: count(server) == (30, 30), 60)


def test_pushes_are_encrypted_with_the_given_certificate(node):
    certificates = node.folder / "certificates"
    node.run("cluster", "certs", certificates, "listener", "--also", "127.0.0.1")
    settings = node.folder / "coldtrail.toml"
    files = f'tls_certificate = "{certificates / "listener.pem"}"\ntls_key = "{certificates / "listener-key.pem"}"\n\n[push.limits]'
    settings.write_text(settings.read_text().replace("[push.limits]", files))
    trusted = ssl.create_default_context(cafile=str(certificates / "ca.pem"))
    with node.serve() as server:
        request = urllib.request.Request(f"https://127.0.0.1:{node.port}/v1/events", data=lines(0, 5), headers={"Authorization": f"Bearer {TOKEN}"})
        with urllib.request.urlopen(request, timeout=60, context=trusted) as answer:
            assert answer.status == 200
        assert count(server) == (5, 5)
        with pytest.raises((OSError, http.client.HTTPException)):
            push(node.port, "/v1/events", lines(5, 6), token=f"Bearer {TOKEN}")
        assert count(server) == (5, 5), "nothing is taken in the clear"


def test_a_listener_that_would_show_tokens_is_refused(node):
    (node.folder / "coldtrail.toml").write_text(f'[push]\nbind = "0.0.0.0:{node.port}"\ntokens_file = "tokens"\n')
    ran = node.try_run("config", "--check")
    assert ran.code != 0 and "push.tls_certificate" in ran.err, ran.err


def test_rejects_are_read_again_once_their_mapping_is_mended(binary, tmp_path):
    coldtrail = Coldtrail(binary, tmp_path / "mended")
    log = tmp_path / "acme.json"
    log.write_text("".join(json.dumps({"acme": 1, "what": "open", "at": f"2026-01-05T10:00:0{number}Z", "moment": f"2026-01-05T10:00:0{number}Z"}) + "\n" for number in range(5)))
    mapping = "source: acme\ndocumentation: https://acme.example/logs\nrecognised_by: [[acme]]\ntime: {}\nevent: what\nclasses: {{\"*\": api_activity by verb}}\n"
    (tmp_path / "acme.yml").write_text(mapping.format("no_such_field"))
    (coldtrail.folder / "coldtrail.toml").write_text(f'mappings = ["{tmp_path / "acme.yml"}"]\n')
    report = json.loads(coldtrail.try_run("ingest", "--json", "--source", "acme", log).out)
    assert (report["events"], report["rejects"]) == (0, 5), report
    (tmp_path / "acme.yml").write_text(mapping.format("at"))
    again = json.loads(coldtrail.run("rejects", "retry", "--source", "acme", "--json").out)
    assert (again["rows"], again["events"], again["rejects"]) == (5, 5, 0), again
    assert json.loads(coldtrail.run("rejects", "retry", "--source", "acme", "--json").out)["rows"] == 0
    with coldtrail.serve() as server:
        assert server.value("SELECT count(*) FROM events") == 5
        assert server.value("SELECT count(*) FROM system.rejects") == 0
