#!/usr/bin/env python3
"""Coldtrail beside DuckDB, chDB (ClickHouse) and plain DataFusion: the same files, the same questions, one run.

    make bench
    COLDTRAIL_BIN=target/release/coldtrail python benches/side_by_side.py --events 2000000 --days 90
    COLDTRAIL_BIN=… python benches/side_by_side.py --quick          # a minute, to see that it works; writes nothing

Generates logs, ingests them, asks twelve hunts of every engine, compares the answers, ingests CloudTrail alone with Coldtrail and with
DuckDB, and puts the figures into RESULTS.md beside this file. The machine should have nothing else to do: the load is written down too.
"""

from __future__ import annotations

import argparse
import decimal
import json
import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

sys.dont_write_bytecode = True

from engines import FIVE_MINUTES, ChDb, Coldtrail, DuckDb, PlainDataFusion, peak_mb  # noqa: E402 (nothing is compiled into the repository)
from report import write_report  # noqa: E402

HERE = Path(__file__).resolve().parent
START = date(2026, 1, 1)


@dataclass
class Cost:
    """What a process took."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    output: dict


@dataclass
class Timing:
    """How long one hunt took on one engine, its answer, and what its plan says."""

    median_s: float
    rows: list
    notes: dict = field(default_factory=dict)


@dataclass
class Results:
    """Everything that was measured."""

    arguments: argparse.Namespace
    load_before: float
    logs: dict = field(default_factory=dict)
    ingest: Cost | None = None
    cloudtrail: dict[str, Cost] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    hunts: dict[str, dict[str, Timing]] = field(default_factory=dict)
    planning: dict[str, dict[str, float]] = field(default_factory=dict)
    server_peak_mb: dict[str, float] = field(default_factory=dict)
    different: list[str] = field(default_factory=list)


def main() -> int:
    arguments = parse_arguments()
    named = os.environ.get("COLDTRAIL_BIN") or sys.exit("COLDTRAIL_BIN must name the binary; build it with `cargo build --release`")
    binary = str(Path(named).resolve())
    results = Results(arguments, os.getloadavg()[0])
    started = time.monotonic()
    with working_folder(arguments.folder) as folder:
        prepare(binary, folder, results)
        for name, open_engine in engines(binary, folder).items():
            if not arguments.engine or name in arguments.engine:
                ask_all(open_engine, results)
        compare_answers(results)
        if not arguments.no_ingest:
            ingest_cloudtrail(binary, folder, results)
    seconds = time.monotonic() - started
    text = write_report(results, seconds, None if arguments.quick else HERE / "RESULTS.md")
    print(text)
    return 1 if results.different else 0


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Compare Coldtrail with DuckDB, chDB and plain DataFusion.")
    parser.add_argument("--events", type=int, default=2_000_000, help="ordinary events to generate")
    parser.add_argument("--days", type=int, default=90, help="days of logs")
    parser.add_argument("--runs", type=int, default=5, help="measured runs of each hunt, after one to warm up")
    parser.add_argument("--folder", "--lake", type=Path, help="keep logs and lake here; a lake that is there already is used as it is")
    parser.add_argument("--engine", action="append", help="only this engine; may be given several times")
    parser.add_argument("--no-ingest", action="store_true", help="leave out the comparison of ingests")
    parser.add_argument("--quick", action="store_true", help="30 days, 60,000 events, 1 run; RESULTS.md stays as it is")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.events, arguments.days, arguments.runs = 60_000, 30, 1
    return arguments


@contextmanager
def working_folder(wanted: Path | None) -> Iterator[Path]:
    if wanted:
        wanted.mkdir(parents=True, exist_ok=True)
        yield wanted.resolve()
        return
    folder = Path(tempfile.mkdtemp(prefix="coldtrail-bench-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def measured(command: list[str]) -> Cost:
    """Runs a command that prints JSON, and says what it took."""
    started = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    peak = PeakMemory(process.pid)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    wall_s = time.monotonic() - started
    if process.returncode != 0:
        sys.exit(f"{' '.join(command[:4])} … ended with {process.returncode}")
    return Cost(wall_s, usage.ru_utime + usage.ru_stime, peak.stop(), json.loads(output.strip().splitlines()[-1]))


class PeakMemory:
    """The most memory that a process ever held, asked for until it ends. What `wait4` says counts this process's own before `exec`."""

    def __init__(self, pid: int) -> None:
        self._pid, self._ended, self._peak = pid, threading.Event(), 0.0
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def _watch(self) -> None:
        while True:
            self._peak = max(self._peak, peak_mb(self._pid))
            if self._ended.wait(0.02):
                return

    def stop(self) -> float:
        self._ended.set()
        self._thread.join()
        return self._peak


def prepare(binary: str, folder: Path, results: Results) -> None:
    """Generates and ingests, unless an earlier run left a lake."""
    logs, kept = folder / "logs", folder / "measured.json"
    if kept.exists():
        kept_figures = json.loads(kept.read_text())
        results.logs, results.ingest = kept_figures["logs"], Cost(**kept_figures["ingest"])
        results.arguments.days, results.arguments.events = kept_figures["days"], kept_figures["events"]
        return
    shape = ["--start", str(START), "--days", str(results.arguments.days), "--events", str(results.arguments.events)]
    say(f"generating {results.arguments.events} events of {results.arguments.days} days")
    summary = measured([binary, "generate", str(logs), *shape, "--json"]).output
    results.logs = {key: summary[key] for key in ("records", "bytes_raw", "bytes")}
    say("ingesting")
    results.ingest = measured(ingest_command(binary, folder, [str(path) for path in sorted(logs.iterdir()) if path.is_dir()]))
    say(f"  {results.ingest.wall_s:.1f} s")
    figures = {"logs": results.logs, "ingest": vars(results.ingest), "days": results.arguments.days, "events": results.arguments.events}
    kept.write_text(json.dumps(figures))


def ingest_command(binary: str, folder: Path, locations: list[str]) -> list[str]:
    return [binary, "--data-folder", str(folder / "data"), "--lake", str(folder / "lake"), "ingest", "--json", *locations]


def engines(binary: str, folder: Path) -> dict[str, Callable[[], Any]]:
    """Each engine, in the order in which they are asked; only one is open at a time."""
    lake = folder / "lake"
    return {
        "DataFusion": lambda: PlainDataFusion(lake, pushdown=False),
        "Coldtrail, local": lambda: Coldtrail(binary, folder, "local"),
        "Coldtrail, distributed": lambda: Coldtrail(binary, folder, "distributed"),
        "DataFusion, pushdown": lambda: PlainDataFusion(lake, pushdown=True),
        "DuckDB": lambda: DuckDb(lake),
        "chDB": lambda: ChDb(lake, folder),
    }


def hunt_texts(days: int, dialect: str) -> dict[str, str]:
    """The twelve hunts, with their dates in the middle of the window, as an engine spells them."""
    middle = START + timedelta(days=days // 2)
    spelling = {
        "day": middle,
        "next_day": middle + timedelta(days=1),
        "week": middle,
        "next_week": middle + timedelta(days=7),
        "five_minutes": FIVE_MINUTES[dialect],
    }
    texts = {}
    for path in sorted((HERE / "hunts").glob("*.sql")):
        lines = [line for line in path.read_text().splitlines() if not line.startswith("--")]
        texts[path.stem] = "\n".join(lines).format(**spelling)
    return texts


def ask_all(open_engine: Callable[[], Any], results: Results) -> None:
    engine = open_engine()
    try:
        say(f"asking {engine.name} {engine.version}")
        results.versions[engine.name] = engine.version
        for hunt, sql in hunt_texts(results.arguments.days, engine.dialect).items():
            table = engine.run(sql)
            median_s = median_of(lambda: engine.run(sql), results.arguments.runs)
            results.hunts.setdefault(hunt, {})[engine.name] = Timing(median_s, comparable(table), notes_of(engine, sql))
            say(f"  {hunt:28} {median_s * 1000:9.1f} ms {table.num_rows:6} rows")
            if isinstance(engine, (Coldtrail, PlainDataFusion)):
                planning_s = median_of(lambda: engine.explain(sql), results.arguments.runs)
                results.planning.setdefault(hunt, {})[engine.name] = planning_s
        if isinstance(engine, Coldtrail):
            results.server_peak_mb[engine.name] = engine.peak_mb()
    finally:
        engine.close()


def median_of(action: Callable[[], Any], runs: int) -> float:
    times = []
    for _ in range(runs):
        started = time.perf_counter()
        action()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def notes_of(engine: Any, sql: str) -> dict[str, str]:
    """What Coldtrail's EXPLAIN says before the plan: segments, bytes, tier."""
    if not isinstance(engine, Coldtrail):
        return {}
    pairs = (line.partition(":") for line in engine.explain(sql).splitlines())
    return {key.strip(): value.strip() for key, colon, value in pairs if colon}


def comparable(table: Any) -> list:
    """The rows of an answer, in no order and in plain types."""
    return sorted((tuple(map(plain, row.values())) for row in table.to_pylist()), key=repr)


def plain(value: Any) -> Any:
    match value:
        case datetime():
            return round(value.timestamp() * 1000)
        case date():
            return value.isoformat()
        case decimal.Decimal() if value == value.to_integral_value():
            return int(value)
        case decimal.Decimal():
            return float(f"{value:.9g}")
        case float() if value.is_integer():
            return int(value)
        case float():
            return float(f"{value:.9g}") if math.isfinite(value) else str(value)
        case bytes():
            return value.decode()
        case _:
            return value


def compare_answers(results: Results) -> None:
    for hunt, timings in results.hunts.items():
        (first, expected), *others = timings.items()
        for name, timing in others:
            if timing.rows != expected.rows:
                results.different.append(f"{hunt}: {name} has {len(timing.rows)} rows, {first} has {len(expected.rows)}")
        if not expected.rows:
            results.different.append(f"{hunt}: {first} found nothing, so nothing was compared")


def ingest_cloudtrail(binary: str, folder: Path, results: Results) -> None:
    """CloudTrail alone, by Coldtrail and by DuckDB, each in a process and a folder of its own."""
    logs = folder / "logs" / "aws_cloudtrail"
    if not logs.is_dir():
        say("there are no logs any more: the ingests are not compared")
        return
    alone = folder / "cloudtrail"
    shutil.rmtree(alone, ignore_errors=True)
    alone.mkdir()
    say("ingesting CloudTrail with Coldtrail")
    results.cloudtrail["Coldtrail"] = measured(ingest_command(binary, alone, [str(logs)]))
    events = alone / "lake" / "ocsf"
    stored = {path.name: sum(file.stat().st_size for file in path.rglob("*.parquet")) for path in events.iterdir()}
    results.cloudtrail["Coldtrail"].output |= {"observables_bytes": stored.pop("observables", 0), "bytes": sum(stored.values())}
    say(f"  {results.cloudtrail['Coldtrail'].wall_s:.1f} s; with DuckDB")
    results.cloudtrail["DuckDB"] = measured([sys.executable, str(HERE / "duckdb_ingest.py"), str(logs), str(alone / "duckdb")])
    say(f"  {results.cloudtrail['DuckDB'].wall_s:.1f} s")
    ours, theirs = (results.cloudtrail[name].output["records"] for name in ("Coldtrail", "DuckDB"))
    if ours != theirs:
        results.different.append(f"CloudTrail: Coldtrail ingested {ours} records, DuckDB {theirs}")


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
