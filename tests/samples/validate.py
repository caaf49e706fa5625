"""Validates OCSF JSON lines from standard input against the official 1.8.0 schema; prints each kind of problem with its count."""

import json
import sys
from collections import Counter

import ocsf

found = Counter()
count = 0
for line in sys.stdin:
    event = json.loads(line)
    count += 1
    found.update(f"{event['class_uid']} {problem}" for problem in ocsf.problems(event))
for kind, times in found.most_common():
    print(f"{times} x {kind}")
print(f"{count} events, {sum(found.values())} problems")
sys.exit(1 if found else 0)
