"""A source of one's own: the example of docs/adding-a-source.md, by configuration alone."""

import json
import re
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "adding-a-source.md"


def example(kind):
    return re.search(rf"```{kind}\n(.*?)```", PAGE.read_text(), re.S).group(1)


def test_the_source_of_the_page_is_taken_in_and_hunted(coldtrail, tmp_path):
    mapping, log = tmp_path / "doors.yml", tmp_path / "doors.json"
    mapping.write_text(example("yaml"))
    log.write_text(example("json"))
    own = {"COLDTRAIL_MAPPINGS": json.dumps([str(mapping)])}
    unknown = coldtrail.try_run("ingest", "--source", "doorman", log)
    assert unknown.code == 1 and "doorman" in unknown.err
    report = coldtrail.ingest(log, env=own)
    assert (report["events"], report["rejects"]) == (2, 1), report
    with coldtrail.serve(**own) as server:
        rows = server.query("SELECT actor.user.name AS who FROM events WHERE source = 'doorman' ORDER BY time").to_pylist()
        assert [row["who"] for row in rows] == ["mara", "Front desk"]


def test_a_mistake_in_a_mapping_is_named_with_its_line(coldtrail, tmp_path):
    mapping = tmp_path / "doors.yml"
    mapping.write_text(example("yaml").replace("authentication logon", "authentication login"))
    ran = coldtrail.try_run("normalize", mapping, env={"COLDTRAIL_MAPPINGS": json.dumps([str(mapping)])})
    assert ran.code == 1 and "doors.yml:12" in ran.err and "logon" in ran.err, ran.err
