#!/usr/bin/env python3
"""How much faster distributed hunts get with 1, 2 and 4 executors, each with the same small share of a core.

    COLDTRAIL_BIN=target/release/coldtrail python benches/scaleout.py
    COLDTRAIL_BIN=… python benches/scaleout.py --quick      # two minutes, to see that it works; says nothing of speed

On a machine with few cores, executors beside each other would only take each other's time. So each runs in a control group of its own that
gives it the same part of a core (`--share`), small enough that all of them and the scheduler fit: what is measured is what one more executor
of that size adds. Needs Linux, root, and the CPU controller of cgroup v2 or v1. Prints the section "Scale-out" of RESULTS.md; `--write` puts
it there. The machine should have nothing else to do: its load is written down too.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

sys.dont_write_bytecode = True

import adbc_driver_flightsql.dbapi as flightsql  # noqa: E402 (nothing is compiled into the repository)
import pyarrow as pa  # noqa: E402
from adbc_driver_manager import DatabaseOptions  # noqa: E402
from engines import free_port  # noqa: E402

RESULTS = Path(__file__).resolve().parent / "RESULTS.md"
# Short, so that a process that has used up its part waits for milliseconds and its heartbeats are in time.
PERIOD_US = 20_000
VCORES = 2
START_SECONDS_MAX = 120

HUNTS = {
    "scan of the raw text": """SELECT source, count(*) AS n FROM events
WHERE raw_data LIKE '%203.0.113.%' OR raw_data LIKE '%kali%' GROUP BY source ORDER BY source""",
    "hash of every record": "SELECT source, max(sha256(raw_data)) AS hash, count(*) AS n FROM events GROUP BY source ORDER BY source",
    "regular expression": """SELECT source, count(*) AS n FROM events
WHERE regexp_like(raw_data, '(powershell|certutil|rundll32).{0,40}(http|-enc)') GROUP BY source ORDER BY source""",
    "top talkers": """SELECT src_endpoint_ip, dst_endpoint_ip, sum(traffic_bytes) AS bytes, count(*) AS flows FROM network_activity
WHERE traffic_bytes IS NOT NULL GROUP BY 1, 2 ORDER BY bytes DESC, 1, 2 LIMIT 20""",
}


def main() -> int:
    arguments = parse_arguments()
    named = os.environ.get("COLDTRAIL_BIN") or sys.exit("COLDTRAIL_BIN must name the binary; build it with `cargo build --release`")
    load = os.getloadavg()[0]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="coldtrail-scaleout-")))
        fleet = Fleet(Path(named).resolve(), folder, arguments.share, max(arguments.executors))
        stack.callback(fleet.close)
        fleet.start_scheduler()
        report = fleet.fill(arguments.events, arguments.days)
        measured = [measure(fleet, count, arguments.runs) for count in arguments.executors]
        text = section(arguments, report, load, measured, fleet)
    print(text)
    different = [hunt for hunt in HUNTS if any(point.rows[hunt] != measured[0].rows[hunt] for point in measured)]
    if different:
        sys.exit(f"the answers differ by the number of executors: {', '.join(different)}")
    if arguments.write:
        write(text)
    return 0


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure distributed hunts with 1, 2 and 4 executors of the same size.")
    parser.add_argument("--executors", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--share", type=float, default=0.25, help="the part of a core that each executor has")
    parser.add_argument("--events", type=int, default=1_000_000, help="ordinary events to generate")
    parser.add_argument("--days", type=int, default=90, help="days of logs")
    parser.add_argument("--runs", type=int, default=3, help="measured runs of each hunt, after one to warm up")
    parser.add_argument("--quick", action="store_true", help="30 days, 20,000 events, 1 run")
    parser.add_argument("--write", action="store_true", help="put the section into RESULTS.md")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.events, arguments.days, arguments.runs = 20_000, 30, 1
    return arguments


class CpuShare:
    """A control group whose processes have a part of a core together."""

    def __init__(self, name: str, share: float) -> None:
        quota = str(round(PERIOD_US * share))
        unified, old = Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/cpu")
        try:
            if "cpu" in read(unified / "cgroup.controllers").split():
                self._folder, self.kind = unified / name, "cgroup v2"
                self._folder.mkdir()
                (self._folder / "cpu.max").write_text(f"{quota} {PERIOD_US}")
            elif (old / "cpu.cfs_quota_us").exists() or (old / "cgroup.procs").exists():
                self._folder, self.kind = old / name, "cgroup v1"
                self._folder.mkdir()
                (self._folder / "cpu.cfs_period_us").write_text(str(PERIOD_US))
                (self._folder / "cpu.cfs_quota_us").write_text(quota)
            else:
                sys.exit("there is no CPU controller of cgroups here; nothing else shares out cores equally, so nothing is measured")
        except OSError as error:
            sys.exit(f"no control group can be made here ({error}); nothing else shares out cores equally, so nothing is measured")

    def enter(self) -> None:
        """Moves the calling process into the group."""
        (self._folder / "cgroup.procs").write_text("0")

    def waited(self) -> float:
        """The part of the periods in which its processes had used up their time."""
        counts = dict(line.split() for line in read(self._folder / "cpu.stat").splitlines())
        return int(counts["nr_throttled"]) / max(1, int(counts["nr_periods"]))

    def close(self) -> None:
        """The processes must have ended."""
        self._folder.rmdir()


def read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


@dataclass
class Process:
    """A node that runs."""

    name: str
    child: subprocess.Popen
    log: Path
    share: CpuShare | None = None

    def wait_until(self, said: str) -> None:
        deadline = time.monotonic() + START_SECONDS_MAX
        while said not in self.log.read_text():
            if self.child.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"{self.name} did not start:\n{self.log.read_text()[-2000:]}")
            time.sleep(0.05)

    def cpu_seconds(self) -> float:
        fields = Path(f"/proc/{self.child.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Fleet:
    """A scheduler with all of a core, and executors with a part of one each, over mutual TLS."""

    def __init__(self, binary: Path, folder: Path, share: float, executors_max: int) -> None:
        self._binary, self._folder, self._share = binary, folder, share
        self.scheduler: Process | None = None
        self.executors: list[Process] = []
        self.kind = ""
        self._addresses = {name: f"127.0.0.1:{free_port()}" for name in ("s", *(f"e{number}" for number in range(executors_max)))}
        self._flight = f"127.0.0.1:{free_port()}"
        self._command("cluster", "certs", str(folder), *self._addresses, "--also", "127.0.0.1")
        for name in self._addresses:
            self._configure(name)
        self._password = self._command("--config", str(folder / "s.toml"), "user", "set-password", "hunter").strip()

    def _command(self, *arguments: str) -> str:
        done = subprocess.run([str(self._binary), *arguments], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            sys.exit(f"{' '.join(arguments[:4])} … ended with {done.returncode}: {done.stderr}")
        return done.stdout

    def _configure(self, name: str) -> None:
        folder = self._folder
        settings = f"""data_folder = "{folder / name}"
lake = "{folder / "lake"}"
users_file = "{folder / "users.toml"}"
[cluster]
address = "{self._addresses[name]}"
peers = ["{self._addresses["s"]}"]
secret_file = "{folder / "cluster.secret"}"
tls_ca = "{folder / "ca.pem"}"
tls_certificate = "{folder / name}.pem"
tls_key = "{folder / name}-key.pem"
[flight]
bind = "{self._flight}"
[query]
tier = "distributed"
vcores = {VCORES}
memory_bytes = 1073741824
"""
        (folder / f"{name}.toml").write_text(settings)

    def _start(self, name: str, role: str, share: CpuShare | None) -> Process:
        log = self._folder / f"{name}.log"
        command = [str(self._binary), "--config", str(self._folder / f"{name}.toml"), "serve", "--role", role]
        with log.open("wb") as out:
            child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, preexec_fn=share.enter if share else None)
        return Process(name, child, log, share)

    def start_scheduler(self) -> None:
        self.scheduler = self._start("s", "scheduler", None)
        self.scheduler.wait_until("Serving SQL")

    def grow(self, count: int) -> None:
        """Starts executors until there are so many."""
        while len(self.executors) < count:
            name = f"e{len(self.executors)}"
            share = CpuShare(f"coldtrail-bench-{os.getpid()}-{name}", self._share)
            self.kind = share.kind
            self.executors.append(self._start(name, "executor", share))
            self.executors[-1].wait_until("Attached")

    def fill(self, events: int, days: int) -> dict:
        """Generates logs and takes them into the lake."""
        logs = self._folder / "logs"
        say(f"generating {events} events of {days} days, and ingesting them")
        self._command("generate", str(logs), "--days", str(days), "--events", str(events), "--json")
        sources = [str(path) for path in sorted(logs.iterdir()) if path.is_dir()]
        report = json.loads(self._command("--config", str(self._folder / "s.toml"), "ingest", "--json", *sources))
        shutil.rmtree(logs)
        return report

    def lake_bytes(self) -> int:
        return sum(path.stat().st_size for path in (self._folder / "lake").rglob("*.parquet"))

    def asker(self) -> Callable[[str], pa.Table]:
        options = {DatabaseOptions.USERNAME.value: "hunter", DatabaseOptions.PASSWORD.value: self._password}
        connection = flightsql.connect(f"grpc://{self._flight}", db_kwargs=options, autocommit=True)

        def ask(sql: str) -> pa.Table:
            with connection.cursor() as cursor:
                cursor.execute(sql)
                return cursor.fetch_arrow_table()

        return ask

    def close(self) -> None:
        for process in [*self.executors, *([self.scheduler] if self.scheduler else [])]:
            process.child.kill()
            process.child.wait()
            if process.share:
                process.share.close()


@dataclass
class Point:
    """What so many executors took."""

    executors: int
    seconds: dict[str, list[float]] = field(default_factory=dict)
    rows: dict[str, list] = field(default_factory=dict)
    # The least that one of them worked, as a part of the most that one worked.
    evenness: float = 1.0
    scheduler_cores: float = 0.0
    waited: float = 0.0


def measure(fleet: Fleet, executors: int, runs: int) -> Point:
    fleet.grow(executors)
    ask, point = fleet.asker(), Point(executors)
    for hunt, sql in HUNTS.items():
        point.rows[hunt] = ask(sql).to_pylist()
    before = [process.cpu_seconds() for process in fleet.executors]
    scheduler, began = fleet.scheduler.cpu_seconds(), time.monotonic()
    for hunt, sql in HUNTS.items():
        for _ in range(runs):
            started = time.perf_counter()
            ask(sql)
            point.seconds.setdefault(hunt, []).append(time.perf_counter() - started)
        say(f"{executors} executors, {hunt}: {statistics.median(point.seconds[hunt]):.2f} s")
    worked = [process.cpu_seconds() - was for process, was in zip(fleet.executors, before)]
    point.evenness = min(worked) / max(max(worked), 0.01)
    point.scheduler_cores = (fleet.scheduler.cpu_seconds() - scheduler) / (time.monotonic() - began)
    point.waited = statistics.mean(process.share.waited() for process in fleet.executors)
    return point


def section(arguments: argparse.Namespace, report: dict, load: float, points: list[Point], fleet: Fleet) -> str:
    counts = [point.executors for point in points]
    head = ["hunt", *(f"{count}, s" for count in counts), *(f"× with {count}" for count in counts[1:])]
    rows = []
    for hunt in HUNTS:
        medians = [statistics.median(point.seconds[hunt]) for point in points]
        rows.append([hunt, *(f"{median:.2f}" for median in medians), *(f"{medians[0] / median:.2f}" for median in medians[1:])])
    gains = [statistics.geometric_mean(statistics.median(points[0].seconds[hunt]) / statistics.median(point.seconds[hunt]) for hunt in HUNTS) for point in points[1:]]
    rows.append(["**geometric mean**", *("" for _ in counts), *(f"**{gain:.2f}**" for gain in gains)])
    # A spread is how far the slowest run is from the fastest, of the median.
    spread = max((max(times) - min(times)) / statistics.median(times) for point in points for times in point.seconds.values())
    notes = "; ".join(
        f"{point.executors}: least to most worked {point.evenness:.2f}, scheduler {point.scheduler_cores:.2f} cores, had used up their part in {point.waited:.0%} of all periods"
        for point in points
    )
    return f"""## Scale-out

{date.today()}, `benches/scaleout.py`: {report["events"]} events of {arguments.days} days in {fleet.lake_bytes() / 1e6:.0f} MB of Parquet, {os.cpu_count()} cores,
load before {load:.1f}. Each executor has {arguments.share:.0%} of a core ({fleet.kind}, periods of {PERIOD_US // 1000} ms) and {VCORES} slots for tasks; the
scheduler has what is left. All links are in mutual TLS. Median of {arguments.runs}; the runs of one hunt differ by {spread:.0%} at most.

| {" | ".join(head)} |
| --- |{" --: |" * (len(head) - 1)}
{chr(10).join("| " + " | ".join(row) + " |" for row in rows)}

Executors by their number. {notes}.

What this does not show: the executors share one machine, its memory and its page cache, so neither a network nor a store that slows down is
in it; a part of a core is no core; and with more executors the scheduler's own share of the time grows, which is in the figures.
"""


def write(text: str) -> None:
    """In place of the section that is there, else before the history."""
    whole = RESULTS.read_text()
    pattern = re.compile(r"^## Scale-out\n.*?(?=^## )", re.MULTILINE | re.DOTALL)
    if pattern.search(whole):
        whole = pattern.sub(lambda _: text + "\n", whole)
    else:
        whole = whole.replace("## History\n", f"{text}\n## History\n", 1)
    RESULTS.write_text(whole)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
