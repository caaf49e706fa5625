"""Validates OCSF events against the official 1.8.0 schema, every one of them; prints each kind of problem with its count.

    coldtrail normalize FILE | python tests/samples/validate.py     (lines of standard input)
    COLDTRAIL_BIN=… python tests/samples/validate.py --samples      (every event of every sample; minutes)
"""

import csv
import json
import sys
from collections import Counter
from collections.abc import Iterator

import ocsf


def of_standard_input() -> Iterator[dict]:
    yield from map(json.loads, sys.stdin)


def of_samples() -> Iterator[dict]:
    from normalizer import SAMPLES, normalize
    from score import FOLDERS

    with (SAMPLES / "index.tsv").open() as index:
        rows = list(csv.DictReader(index, delimiter="\t", quoting=csv.QUOTE_NONE))
    for source, folders in FOLDERS.items():
        before = count
        for path in dict.fromkeys(row["raw_path"] for row in rows if row["source"] in folders):
            yield from normalize(source, SAMPLES / path).events
        print(f"{source}: {count - before} events", flush=True)


found = Counter()
count = 0
for event in of_samples() if "--samples" in sys.argv else of_standard_input():
    count += 1
    found.update(f"{event['class_uid']} {problem}" for problem in ocsf.problems(event))
for kind, times in found.most_common():
    print(f"{times} x {kind}")
print(f"{count} events, {sum(found.values())} problems")
sys.exit(1 if found else 0)
