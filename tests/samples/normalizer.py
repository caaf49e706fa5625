"""Runs `coldtrail normalize` (or the example of the same name while developing) over sample files."""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import tempfile
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = Path(os.environ.get("COLDTRAIL_SAMPLES", ROOT.parent / "shared" / "samples"))


@dataclass
class Normalized:
    events: list[dict] = field(default_factory=list)
    rejects: list[str] = field(default_factory=list)


def command(source: str, file: str, rejects: str) -> list[str]:
    binary = os.environ.get("COLDTRAIL_BIN")
    if binary:
        return [binary, "normalize", "--source", source, "--rejects", rejects, file]
    target = os.environ.get("CARGO_TARGET_DIR", str(ROOT / "target"))
    return [f"{target}/debug/examples/normalize", source, file]


def normalize(source: str, path: Path) -> Normalized:
    """The events and rejects of one sample file; a zip is read member by member."""
    if path.suffix.lower() == ".zip":
        whole = Normalized()
        with zipfile.ZipFile(path) as archive, tempfile.TemporaryDirectory() as folder:
            for member in archive.namelist():
                if not member.endswith("/") and not Path(member).name.startswith(("._", ".")):
                    one = normalize(source, Path(archive.extract(member, folder)))
                    whole.events += one.events
                    whole.rejects += one.rejects
        return whole
    with tempfile.NamedTemporaryFile(suffix=".rejects") as rejects:
        run = subprocess.run(command(source, str(path), rejects.name), capture_output=True, check=False)
        lines = Path(rejects.name).read_text().splitlines()
    said = run.stderr.decode(errors="replace")
    if run.returncode != 0:
        return Normalized([], [f"exit {run.returncode}: {said[-300:]}"])
    if os.environ.get("COLDTRAIL_BIN"):
        reasons = [f"{reject['offset']}: {reject['reason']}" for reject in map(json.loads, lines)]
    else:
        reasons = [line.removeprefix(f"{path}: ") for line in said.splitlines()[:-1]]
    return Normalized([json.loads(line) for line in run.stdout.splitlines()], reasons)


# A JSON string, or a comment to the end of its line: the string comes first, so `//` in a URL is none.
STRING_OR_COMMENT = re.compile(r'("(?:[^"\\]|\\.)*")|//[^\n]*')


def read_json_documents(path: Path) -> list:
    """A file of one JSON document, of a list, or of lines; some are written with `//` comments."""
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    text = STRING_OR_COMMENT.sub(lambda found: found[1] or "", data.decode())
    try:
        whole = json.loads(text)
    except json.JSONDecodeError:
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    if isinstance(whole, dict) and isinstance(whole.get("expected"), list):
        return whole["expected"]
    return whole if isinstance(whole, list) else [whole]
