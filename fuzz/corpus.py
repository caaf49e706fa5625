"""Makes the first inputs of every fuzz target from the samples of real logs and from the project's own rules, feeds and hunts.

    python3 fuzz/corpus.py        (samples: COLDTRAIL_SAMPLES, by default ../shared/samples; without them only the project's own files)

An input is a file in fuzz/corpus/<target>, named by its content, so that running this again adds nothing twice.
"""

from __future__ import annotations

import ast
import csv
import gzip
import hashlib
import io
import json
import os
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SAMPLES = Path(os.environ.get("COLDTRAIL_SAMPLES", ROOT.parent / "shared" / "samples"))
CORPUS = Path(os.environ.get("FUZZ_CORPUS", ROOT / "fuzz" / "corpus"))
# A fuzzer gets further with many small inputs than with few large ones.
RECORD_BYTES = 4 << 10
FILES_PER_SOURCE = 60
# How inputs are cut: a byte each, odd where records may not be long.
CUTS = (0, 12, 63, 254)


def sources() -> list[str]:
    """The names of the sources in order: what the first byte of an input of `records` counts."""
    listed = (ROOT / "docs" / "reference" / "sources.md").read_text()
    return sorted(re.findall(r"^\| \[`(\w+)`\]", listed, re.MULTILINE))


def folders() -> dict[str, list[str]]:
    """The samples' folders of each source, as the score of the samples has them."""
    text = (ROOT / "tests" / "samples" / "score.py").read_text()
    return ast.literal_eval(re.search(r"^FOLDERS = (\{.*?^\})", text, re.MULTILINE | re.DOTALL)[1])


def list_in(target: str) -> list[str]:
    """The names that a target chooses from by its first byte."""
    text = (ROOT / "fuzz" / "fuzz_targets" / f"{target}.rs").read_text()
    return re.findall(r'"(\w+)"', text.split("const SOURCES", 1)[1].split(";", 1)[0])


def add(target: str, content: bytes) -> None:
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / hashlib.sha256(content).hexdigest()[:32]).write_bytes(content)


def head(content: bytes, bytes_max: int = RECORD_BYTES) -> bytes:
    """The beginning, to the end of a line if there is one."""
    if len(content) <= bytes_max:
        return content
    end = content.rfind(b"\n", 0, bytes_max)
    return content[: end + 1] if end > 0 else content[:bytes_max]


def raw_files(folder: str) -> list[Path]:
    found = [path for path in sorted((SAMPLES / folder).rglob("*")) if path.is_file() and ".expected." not in path.name]
    # Spread over the folder, small files first: they have the most kinds of records by the byte.
    found.sort(key=lambda path: path.stat().st_size)
    return found


def add_records(names: list[str]) -> None:
    tables = list_in("tables")
    for name, named in folders().items():
        files = [path for folder in named for path in raw_files(folder)]
        step = max(1, len(files) // FILES_PER_SOURCE)
        for number, path in enumerate(files[::step]):
            add_record_file(names, tables, name, path, number)


def add_record_file(names: list[str], tables: list[str], name: str, path: Path, number: int) -> None:
    stored = path.read_bytes()
    add("objects", stored if len(stored) <= 64 << 10 else head(stored))
    if path.suffix == ".parquet" and len(stored) <= 256 << 10:
        add("parquet", bytes([0 if name == "ocsf" else 1]) + stored[4:])
        return
    if path.suffix == ".zip":
        return
    plain = gzip.decompress(stored) if stored.startswith(b"\x1f\x8b") else stored
    if plain.startswith(b"ElfFile\0"):
        add("evtx", plain[8 : 68 << 10])
        return
    cut = CUTS[number % len(CUTS)]
    add("records", bytes([names.index(name), cut]) + head(plain))
    add("objects", gzip.compress(head(plain), mtime=0))
    if name in tables:
        prefix = bytes([tables.index(name), cut])
        if path.suffix == ".csv":
            add("tables", prefix + head(plain, 2048))
        for table in tables_of(plain):
            add("tables", prefix + table)


def tables_of(plain: bytes) -> list[bytes]:
    """The first record of JSON lines as a row of comma-separated values and of a query's answer."""
    try:
        record = json.loads(plain.split(b"\n", 1)[0])
        record = {**record, **record.pop("properties", {})}
    except (ValueError, AttributeError, TypeError):
        return []
    cells = [value if isinstance(value, (str, int, float)) else json.dumps(value) for value in record.values()]
    row = io.StringIO()
    csv.writer(row).writerows([record, cells])
    answer = {"tables": [{"name": "PrimaryResult", "columns": [{"name": name} for name in record], "rows": [cells, cells]}]}
    return [row.getvalue().encode(), json.dumps(answer).encode()]


def add_expected_parquet() -> None:
    for path in SAMPLES.rglob("*.expected.ocsf.parquet"):
        if path.stat().st_size <= 256 << 10:
            add("parquet", b"\0" + path.read_bytes()[4:])


def add_own_files() -> None:
    for path in (ROOT / "examples").rglob("*.y*ml"):
        content = path.read_bytes()
        add("hunts" if b"queries:" in content else "sigma", content)
    for path in (SAMPLES / "sigma_regression").rglob("*.expected.sigma.json"):
        add("sigma", json.loads(path.read_text())["rule_yaml"].encode())
    for path in (ROOT / "docs").rglob("*.md"):
        add("hunts", head(path.read_bytes()))
    add_feeds()


def add_feeds() -> None:
    """The feeds and patterns that the tests of `intel` hold."""
    for path in (ROOT / "crates" / "intel" / "tests" / "it").glob("*.rs"):
        text = path.read_text()
        feeds = re.findall(r'r#"(.*?)"#', text, re.DOTALL)
        patterns = re.findall(r'"(\[[a-z][^\n]*\])"', text)
        feeds += [json.dumps({"type": "indicator", "pattern_type": "stix", "pattern": pattern}) for pattern in patterns]
        for feed in feeds:
            add("feeds", b"\0" + feed.encode())


def main() -> None:
    if SAMPLES.is_dir():
        add_records(sources())
        add_expected_parquet()
    else:
        print(f"there are no samples in {SAMPLES}: only the project's own files are taken", file=sys.stderr)
    add_own_files()
    for folder in sorted(CORPUS.iterdir()):
        print(f"{folder.name}: {sum(1 for _ in folder.iterdir())} inputs")


if __name__ == "__main__":
    main()
