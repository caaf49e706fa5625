"""Real samples of every source: all are read, and the events agree with independent expectations.

`python tests/samples/score.py SOURCE` prints the same figures with every difference.
"""

import functools
import tomllib
from collections import Counter
from pathlib import Path

import pytest
import score as scoring
from normalizer import SAMPLES

pytestmark = pytest.mark.skipif(not (SAMPLES / "index.tsv").is_file(), reason=f"there are no samples in {SAMPLES}; COLDTRAIL_SAMPLES names another folder")

BROKEN = tomllib.loads((Path(scoring.__file__).parent / "broken.toml").read_text())["broken"]


@functools.cache
def scored(source):
    return scoring.score_source(source)


@pytest.fixture(params=list(scoring.FOLDERS))
def source(request, binary):
    return request.param


def share(equal, total):
    return equal / total if total else 1.0


def say(differences):
    return "\n".join(differences[:50])


def test_every_file_is_read(source):
    """No file is refused as a whole, and none is silent: it gives events or rejects."""
    refused = [f"{path}: {reason}" for path, (_, rejects) in scored(source).by_file.items() for reason in rejects if reason.startswith("exit ")]
    silent = [path for path, (events, rejects) in scored(source).by_file.items() if events == 0 and not rejects and not is_empty(path)]
    assert (refused, silent) == ([], [])


def is_empty(path):
    """Zeek writes logs without records, and Windows exports of empty channels."""
    return any(entry["path"] == path and entry["count"] == 0 for entry in BROKEN)


def test_only_what_is_broken_is_rejected(source):
    """`broken.toml` lists the records that are really broken, with the reason."""
    listed = {entry["path"]: entry["count"] for entry in BROKEN}
    found = {path: len(rejects) for path, (_, rejects) in scored(source).by_file.items()}
    unlisted = {path: (count, Counter(reason.partition(": ")[2] for reason in scored(source).by_file[path][1]).most_common(3)) for path, count in found.items() if count > listed.get(path, 0)}
    assert not unlisted, f"rejects that are not listed: {unlisted}"
    healed = {path: count for path, count in listed.items() if path in found and found[path] < count}
    assert not healed, f"these are read now; take them out of broken.toml: {healed}"


def test_every_event_is_valid_ocsf(source):
    assert scored(source).invalid == Counter()


def test_class_and_activity_agree(source):
    ocsf = scored(source).ocsf
    assert share(ocsf["class"], ocsf["pairs"]) >= 0.95, say(scored(source).differences)


def test_shared_attributes_agree(source):
    ocsf = scored(source).ocsf
    assert share(ocsf["good_pairs"], ocsf["pairs"]) >= 0.90, say(scored(source).differences)
    assert share(ocsf["equal"], ocsf["attributes"]) >= 0.90, say(scored(source).differences)


@pytest.mark.parametrize("kind", ["time", "ip", "user", "action"])
def test_ecs_facts_agree(kind, source):
    assert scored(source).share(kind) >= 0.95, say(scored(source).differences)


def test_the_reference_page_has_these_scores(source):
    """`python tests/samples/score.py --reference` writes them again."""
    assert scoring.reference_row(source, scored(source)) in scoring.REFERENCE.read_text().splitlines()
