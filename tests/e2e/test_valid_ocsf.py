"""Every line that `normalize` prints is valid OCSF 1.8.0. The real samples are validated with their scores, in test_samples.py."""

import json
from collections import Counter

import ocsf
import pytest
from harness import Coldtrail

SOURCES = ["aws_cloudtrail", "aws_vpcflow", "azure_entra", "gcp_audit", "k8s_audit", "windows_event", "zeek"]


@pytest.fixture(scope="module", params=SOURCES)
def printed(request, generated, binary, tmp_path_factory):
    """The source, its files, and what `normalize` printed of them."""
    source = request.param
    files = generated.files_of(source)
    rejects = tmp_path_factory.mktemp("normalize") / "rejects"
    ran = Coldtrail(binary, rejects.parent).run("normalize", "--source", source, "--rejects", rejects, *files)
    assert rejects.read_text() == ""
    return source, [json.loads(line) for line in ran.out.splitlines()]


def test_every_generated_record_is_printed(printed, generated):
    source, events = printed
    assert len(events) == generated.records_by_source()[source]


def test_every_generated_record_is_valid(printed):
    _, events = printed
    sampler = ocsf.Sampler()
    wrong = Counter(problem for event in events for problem in sampler.problems(event))
    assert wrong == Counter()


def test_type_uid_follows_from_class_and_activity_always(printed):
    _, events = printed
    assert all(event["type_uid"] == event["class_uid"] * 100 + event["activity_id"] for event in events)
    assert all(event["metadata"]["version"] == "1.8.0" for event in events)
    assert all(isinstance(event["time"], int) for event in events)


def test_every_event_keeps_its_raw_record(printed):
    _, events = printed
    assert all(event.get("raw_data") for event in events)


def test_auto_finds_the_source(printed, generated, coldtrail):
    """What `auto` prints is what naming the source prints."""
    source, _ = printed
    for file in generated.files_of(source)[:3]:
        assert coldtrail.run("normalize", file).out == coldtrail.run("normalize", "--source", source, file).out


def test_the_events_of_the_lake_are_those_that_normalize_prints(printed, server):
    """Two ways to the same event: nested JSON from `normalize`, and columns in the lake."""
    source, events = printed
    printed_counts = Counter((event["class_uid"], event["activity_id"], event.get("status_id")) for event in events)
    rows = server.query(f"SELECT class_uid, activity_id, status_id, count(*) AS n FROM events WHERE source = '{source}' GROUP BY 1, 2, 3").to_pylist()
    assert {(row["class_uid"], row["activity_id"], row["status_id"]): row["n"] for row in rows} == printed_counts
    times = server.query(f"SELECT time FROM events WHERE source = '{source}' ORDER BY time").column(0).cast("int64").to_pylist()
    assert times == sorted(event["time"] for event in events)
