"""Collections of a TAXII 2.1 server, medallion of OASIS, brought as feeds and swept."""

import json
import sys

import pytest
from stores import HOST, free_ports, running

USER, PASSWORD = "hunter", "a password that is nowhere shown"
WINDOW = ("--since", "2026-01-01", "--until", "2026-03-31")
COLLECTION = "91a7b528-80eb-42ed-a74d-c6fbd5a26116"
INDICATORS = 25


def indicator(number, pattern):
    identity = f"indicator--00000000-0000-4000-8000-{number:012}"
    time = "2025-12-01T00:00:00.000Z"
    return {
        "type": "indicator", "spec_version": "2.1", "id": identity, "created": time, "modified": time, "valid_from": time,
        "pattern_type": "stix", "pattern": pattern, "indicator_types": ["malicious-activity"],
    }  # fmt: skip


def contents(objects):
    def entry(number, thing):
        return {
            "date_added": f"2025-12-02T00:00:{number:02}.000Z", "id": thing["id"], "media_type": "application/stix+json;version=2.1",
            "version": thing["modified"],
        }  # fmt: skip

    collection = {
        "id": COLLECTION, "title": "Bad addresses", "can_read": True, "can_write": False,
        "media_types": ["application/stix+json;version=2.1"], "objects": objects,
        "manifest": [entry(number, thing) for number, thing in enumerate(objects)],
    }  # fmt: skip
    closed = {"id": "64993447-4d7e-4f70-b94d-d7f33742ee63", "title": "Closed", "can_read": False, "can_write": False, "objects": [], "manifest": []}
    root = {
        "information": {"title": "Feeds", "versions": ["application/taxii+json;version=2.1"], "max_content_length": 9765625},
        "status": [], "collections": [collection, closed],
    }  # fmt: skip
    return {"/discovery": {"title": "Feeds", "default": "/feeds/", "api_roots": ["/feeds/"]}, "feeds": root}


@pytest.fixture(scope="module")
def taxii(server, tmp_path_factory):
    """A server whose collection holds one address that was seen and others that were not."""
    folder = tmp_path_factory.mktemp("taxii")
    seen = server.value("SELECT src_endpoint_ip FROM api_activity WHERE src_endpoint_ip IS NOT NULL GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1")
    patterns = [f"[ipv4-addr:value = '{seen}']", *(f"[domain-name:value = 'host{number}.example.net']" for number in range(INDICATORS - 1))]
    (folder / "data.json").write_text(json.dumps(contents([indicator(number, pattern) for number, pattern in enumerate(patterns)])))
    (port,) = free_ports(1)
    backend = {"module": "medallion.backends.memory_backend", "module_class": "MemoryBackend", "filename": str(folder / "data.json")}
    (folder / "config.json").write_text(json.dumps({"backend": backend, "users": {USER: PASSWORD}, "taxii": {"max_page_size": 100}}))
    command = [sys.executable, "-m", "medallion.scripts.run", "--host", HOST, "--port", str(port), str(folder / "config.json")]
    url = f"http://{HOST}:{port}/taxii2/"
    with running(command, folder, url):
        yield url, seen


def ask(server, *arguments, **more):
    return server.coldtrail.try_run("intel", *arguments, env={**server.sql_env(), **more})


def test_collections_are_listed_for_a_known_user(server, taxii, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text(PASSWORD + "\n")
    ran = ask(server, "collections", taxii[0], "--taxii-user", USER, "--taxii-secret-file", secret)
    assert ran.code == 0, ran.err
    assert [line.split("  ")[1:] for line in ran.out.splitlines()] == [["readable", "/feeds/", "Bad addresses"], ["closed", "/feeds/", "Closed"]]


def test_a_collection_is_brought_and_swept(server, taxii):
    url, seen = taxii
    ran = ask(server, "fetch", url, "--collection", "Bad addresses", "--force", "--json", "--taxii-user", USER, COLDTRAIL_TAXII_SECRET=PASSWORD)
    assert ran.code == 0, ran.err
    kept = json.loads(ran.out)
    assert (kept["name"], kept["counts"]["accepted"]) == ("Bad-addresses", INDICATORS), kept
    assert f"{INDICATORS} objects" in ran.err and "--added-after 2025-12-02T00:00:24" in ran.err, ran.err
    assert PASSWORD not in ran.out + ran.err
    swept = server.coldtrail.try_run("sweep", "--indicators", "Bad-addresses", *WINDOW, "--json", env=server.sql_env())
    verdicts = {line["original"]: line["verdict"] for line in map(json.loads, swept.out.splitlines())}
    assert len(verdicts) == INDICATORS and [value for value, verdict in verdicts.items() if verdict == "SEEN"] == [seen]


def test_only_what_was_added_since_is_brought(server, taxii):
    since = ("--added-after", "2025-12-02T00:00:19Z", "--name", "newest")
    ran = ask(server, "fetch", taxii[0], "--collection", COLLECTION, *since, "--force", "--json", "--taxii-user", USER, COLDTRAIL_TAXII_SECRET=PASSWORD)
    assert json.loads(ran.out)["counts"]["accepted"] == 5, ran.err


def test_what_goes_wrong_is_said_in_one_line_without_the_secret(server, taxii):
    url = taxii[0]
    known = {"COLDTRAIL_TAXII_SECRET": PASSWORD}
    problems = [
        (("fetch", url, "--collection", "Bad", "--taxii-user", USER), known, "Bad addresses"),
        (("fetch", url, "--collection", "Closed", "--taxii-user", USER), known, "Closed"),
        (("fetch", url, "--collection", COLLECTION, "--taxii-user", USER), {"COLDTRAIL_TAXII_SECRET": "a wrong secret"}, "login"),
        (("fetch", url, "--collection", COLLECTION, "--taxii-user", USER), {}, "--taxii-secret-file"),
        (("collections", "http://127.0.0.1:1/"), {}, "127.0.0.1:1"),
    ]
    for arguments, secret, named in problems:
        ran = ask(server, *arguments, **secret)
        assert ran.code == 1 and named in ran.error_line() and len(ran.err.splitlines()) == 1, ran.err
        assert PASSWORD not in ran.err and "a wrong secret" not in ran.err
