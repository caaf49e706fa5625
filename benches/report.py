"""The figures as Markdown: RESULTS.md holds the last run in full, and one line for each run before."""

from __future__ import annotations

import json
import math
import os
import platform
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

HEAD = """# Results

Made by `make bench`; do not edit. Ratios are this engine's time by the other's, so below 1 is faster. All engines read the same Parquet
files in the same run, on all cores, each warmed up; times are medians. Coldtrail's include Flight SQL: sign-in is not measured, encoding
and the way over loopback are.
"""
HISTORY = """## History

| date | Coldtrail | events | machine | local ÷ DataFusion | distributed ÷ DataFusion | local ÷ DuckDB | local ÷ chDB |
|---|---|---|---|---|---|---|---|
"""
LOCAL, DISTRIBUTED = "Coldtrail, local", "Coldtrail, distributed"


def write_report(results: Any, seconds: float, path: Path | None) -> str:
    """The text of a run; it goes into the file too, if there is one."""
    sections = [hunts_section(results), planning_section(results), ingest_section(results), criterion_section()]
    text = "\n".join([run_section(results, seconds), *filter(None, sections)])
    if path:
        lines = re.findall(r"^\| \d{4}-.*$", path.read_text(), re.MULTILINE) if path.exists() else []
        path.write_text(f"{HEAD}\n{text}\n{HISTORY}" + "\n".join([history_line(results), *lines]) + "\n")
    return text


def machine() -> str:
    model = re.search(r"^model name\s*: (.+)$", read("/proc/cpuinfo"), re.MULTILINE)
    memory = re.search(r"^MemTotal:\s*(\d+)", read("/proc/meminfo"), re.MULTILINE)
    ram = f"{int(memory[1]) / 2**20:.0f} GiB" if memory else "unknown RAM"
    return f"{os.cpu_count()} cores, {ram}, {model[1].strip() if model else platform.processor() or platform.machine()}"


def read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""


def today() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%d")


def table(head: list[str], rows: list[list[str]]) -> str:
    align = ["---", *["--:"] * (len(head) - 1)]
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, align, *rows]) + "\n"


def run_section(results: Any, seconds: float) -> str:
    versions = ", ".join(f"{name.split(',')[0]} {version}" for name, version in results.versions.items())
    versions = ", ".join(dict.fromkeys(versions.split(", ")))
    logs = results.logs
    lines = [
        f"## {today()}",
        "",
        f"{machine()}; {platform.system()} {platform.release()}. {versions}.",
        f"{logs.get('records', '?')} records of {results.arguments.days} days, {logs.get('bytes_raw', 0) / 1e6:.0f} MB raw.",
        f"{results.arguments.runs} runs of each hunt; the whole took {seconds:.0f} s. "
        f"Load of the machine before: {results.load_before:.1f}.",
    ]
    if results.load_before > 0.5 * (os.cpu_count() or 1):
        lines.append("**Measured on a busy machine: the figures are not to be relied on.**")
    lines += [f"**Different: {text}**" for text in results.different]
    if not results.different:
        lines.append("All engines gave the same answers.")
    return "\n".join(lines) + "\n"


def hunts_section(results: Any) -> str:
    names = list(results.versions)
    if not names:
        return ""
    rows = []
    for hunt, timings in results.hunts.items():
        milliseconds = [f"{timings[name].median_s * 1000:.1f}" for name in names]
        rows.append([f"[{hunt}](hunts/{hunt}.sql)", *milliseconds, str(len(timings[names[0]].rows))])
    text = "### Hunts, in milliseconds\n\n" + table(["hunt", *names, "rows"], rows)
    pairs = [(ours, other) for ours in (LOCAL, DISTRIBUTED) if ours in names for other in names if not other.startswith("Coldtrail")]
    if not pairs:
        return text
    rows = [[hunt, *(f"{ratio(timings, ours, other):.2f}" for ours, other in pairs)] for hunt, timings in results.hunts.items()]
    rows.append(["**geometric mean**", *(f"**{geometric_mean(results, ours, other):.2f}**" for ours, other in pairs)])
    head = ["hunt", *(f"{ours.removeprefix('Coldtrail, ')} ÷ {other}" for ours, other in pairs)]
    peaks = ", ".join(f"{name.removeprefix('Coldtrail, ')} {peak:.0f} MB" for name, peak in results.server_peak_mb.items())
    return text + "\nRatios:\n\n" + table(head, rows) + f"\nMost memory of Coldtrail's servers while they answered: {peaks}.\n"


def ratio(timings: dict, ours: str, other: str) -> float:
    return timings[ours].median_s / timings[other].median_s


def geometric_mean(results: Any, ours: str, other: str) -> float:
    ratios = [ratio(timings, ours, other) for timings in results.hunts.values()]
    return math.exp(sum(map(math.log, ratios)) / len(ratios))


def planning_section(results: Any) -> str:
    ours = LOCAL if LOCAL in results.versions else DISTRIBUTED
    if ours not in results.versions:
        return ""
    rows = []
    for hunt, timings in results.hunts.items():
        notes, planning = timings[ours].notes, results.planning[hunt]
        size = notes.get("bytes", "")
        size = f"{int(size) / 1e6:.1f}" if size.isdigit() else "?"
        others = [f"{planning[name] * 1000:.1f}" if name in planning else "" for name in (ours, "DataFusion")]
        rows.append([hunt, notes.get("segments", "?"), size, *others])
    head = ["hunt", "segments left", "their MB", "EXPLAIN, Coldtrail, ms", "plan, DataFusion, ms"]
    return "### Planning and pruning\n\n" + table(head, rows)


def ingest_section(results: Any) -> str:
    text = "### Ingest\n\n"
    if results.ingest:
        report = results.ingest.output
        text += (
            f"All sources: {cost_text(results.ingest, report['bytes_plain'])}; "
            f"{report['records']} records = {report['events']} events + {report['rejects']} rejects, "
            f"{report['segment_bytes'] / 1e6:.0f} MB of Parquet.\n"
        )
    if len(results.cloudtrail) < 2:
        return text
    ours, theirs = results.cloudtrail["Coldtrail"], results.cloudtrail["DuckDB"]
    plain = ours.output["bytes_plain"]
    rows = []
    for name, cost in results.cloudtrail.items():
        speeds = [f"{plain / 1e6 / seconds:.0f}" for seconds in (cost.wall_s, cost.cpu_s)]
        rows.append([name, f"{cost.wall_s:.1f}", f"{cost.cpu_s:.1f}", *speeds, f"{cost.peak_mb:.0f}", f"{cost.output['bytes'] / 1e6:.1f}"])
    head = ["", "wall s", "CPU s", "MB/s", "MB/s a core", "peak MB", "Parquet MB"]
    return (
        text
        + f"\nCloudTrail alone, {ours.output['records']} records, {plain / 1e6:.0f} MB of JSON in gzip files, to zstd Parquet sorted by"
        + " time with the raw records ([DuckDB's statement](duckdb_ingest.py)). "
        + f"Coldtrail also writes {ours.output['observables_bytes'] / 1e6:.1f} MB of observables:\n\n"
        + table(head, rows)
        + f"\nColdtrail ÷ DuckDB: wall {ours.wall_s / theirs.wall_s:.2f}, CPU {ours.cpu_s / theirs.cpu_s:.2f}.\n"
    )


def cost_text(cost: Any, plain_bytes: int) -> str:
    return (
        f"{cost.wall_s:.1f} s wall, {cost.cpu_s:.1f} s CPU, {plain_bytes / 1e6 / cost.wall_s:.0f} MB/s of plain logs "
        f"({plain_bytes / 1e6 / cost.cpu_s:.0f} MB/s a core), {cost.peak_mb:.0f} MB at most"
    )


def criterion_section() -> str:
    """What `cargo bench` measured, if it ran before."""
    target = Path(os.environ.get("CARGO_TARGET_DIR", Path(__file__).resolve().parent.parent / "target")) / "criterion" / "journey"
    rows = []
    for estimates in sorted(target.glob("*/new/estimates.json")):
        folder = estimates.parent
        nanoseconds = json.loads(estimates.read_text())["median"]["point_estimate"]
        throughput = json.loads((folder / "benchmark.json").read_text()).get("throughput") or {}
        kind, amount = next(iter(throughput.items()), ("", 0))
        per_second = amount / nanoseconds * 1e9 if amount else 0
        unit = {"Bytes": f"{per_second / 1e6:.0f} MB/s", "Elements": f"{per_second:,.0f} events/s"}.get(kind, "")
        rows.append([folder.parent.name, f"{nanoseconds / 1e6:.3f}", unit])
    return "### Parts of the journey, on one core\n\n" + table(["part", "ms", "that is"], rows) if rows else ""


def history_line(results: Any) -> str:
    def mean(ours: str, other: str) -> str:
        return f"{geometric_mean(results, ours, other):.2f}" if {ours, other} <= set(results.versions) else ""

    figures = [mean(LOCAL, "DataFusion"), mean(DISTRIBUTED, "DataFusion"), mean(LOCAL, "DuckDB"), mean(LOCAL, "chDB")]
    busy = " (busy)" if results.load_before > 0.5 * (os.cpu_count() or 1) else ""
    version = next((version for name, version in results.versions.items() if name.startswith("Coldtrail")), "")
    return "| " + " | ".join([today(), version, str(results.logs.get("records", "")), machine() + busy, *figures]) + " |"
