#!/usr/bin/env python3
"""What runs cost: a run in slices beside the same query as one job, its first rows, and other queries while runs take all cores.

    make bench-runs
    COLDTRAIL_BIN=target/release/coldtrail python benches/runs.py --folder lake-of-side_by_side

Takes the lake that side_by_side.py made with --folder. Prints what RESULTS-hunting.md has, by hand.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True

from engines import Coldtrail  # noqa: E402
from side_by_side import hunt_texts  # noqa: E402

RUNS = "SELECT state, date_part('epoch', ended_time - submitted_time) AS seconds FROM system.runs WHERE run_id = '{}'"
FILTER_90_DAYS = "SELECT time, actor_user_name, api_operation, src_endpoint_ip FROM api_activity WHERE status_id = 2"
ONE_DAY = "02-one-day"
HEAVY = "SELECT source, max(sha512(repeat(raw_data, 50))) AS hash FROM events GROUP BY source"


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure what runs cost.")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    binary = str(Path(os.environ["COLDTRAIL_BIN"]).resolve())
    engine = Coldtrail(binary, arguments.folder.resolve(), "distributed")
    try:
        client = Client(engine, binary)
        cost(engine, client, arguments.runs)
        first_rows(engine, client, arguments.runs)
        interactive(engine, client)
    finally:
        engine.close()
    return 0


class Client:
    """Starts runs as the command line does."""

    def __init__(self, engine: Coldtrail, binary: str) -> None:
        self._engine, self._binary = engine, binary

    def start(self, sql: str) -> str:
        return self._engine.cli("run", "start", sql).strip()

    def cancel(self, run: str) -> None:
        self._engine.cli("run", "cancel", run)

    def seconds(self, run: str) -> float:
        while True:
            state, seconds = (column[0].as_py() for column in self._engine.run(RUNS.format(run)).columns)
            if state not in ("queued", "running"):
                assert state == "done", f"the run is {state}"
                return seconds
            time.sleep(0.005)


def cost(engine: Coldtrail, client: Client, runs: int) -> None:
    """Each hunt that reads all days, as one distributed job and as a run: from its submission to its last row."""
    print("hunt                              job ms    run ms   ratio   slices  how")
    ratios = []
    for hunt, sql in hunt_texts(90, "datafusion").items():
        if hunt == ONE_DAY:
            continue
        engine.run(sql)
        job, run = [], []
        for _ in range(runs):
            began = time.perf_counter()
            engine.run(sql)
            job.append(time.perf_counter() - began)
            name = client.start(sql)
            seconds = client.seconds(name)
            began = time.perf_counter()
            engine.run(f'SELECT * FROM results."{name}"')
            run.append(seconds + time.perf_counter() - began)
        shape = engine.run(f"SELECT slices, merge FROM system.runs WHERE run_id = '{name}'")
        ratio = statistics.median(run) / statistics.median(job)
        ratios.append(ratio)
        print(f"{hunt:30} {statistics.median(job) * 1000:9.1f} {statistics.median(run) * 1000:9.1f} {ratio:7.2f} {shape[0][0].as_py():8}  {shape[1][0].as_py()}")
    print(f"geometric mean of the ratios: {statistics.geometric_mean(ratios):.2f}")


def first_rows(engine: Coldtrail, client: Client, runs: int) -> None:
    seen = []
    for _ in range(runs):
        began = time.perf_counter()
        name = client.start(FILTER_90_DAYS)
        while not engine.run(f'SELECT * FROM results."{name}" LIMIT 1').num_rows:
            pass
        seen.append(time.perf_counter() - began)
        client.seconds(name)
    print(f"first rows of a filter over 90 days: median {statistics.median(seen) * 1000:.0f} ms, most {max(seen) * 1000:.0f} ms, the start of the client included")


def interactive(engine: Coldtrail, client: Client, count: int = 60) -> None:
    sql = hunt_texts(90, "datafusion")[ONE_DAY]

    def p95() -> float:
        times = []
        for _ in range(count):
            began = time.perf_counter()
            engine.run(sql)
            times.append(time.perf_counter() - began)
        return statistics.quantiles(times, n=20)[-1]

    engine.run(sql)
    idle = p95()
    names = [client.start(HEAVY) for _ in range(2)]
    time.sleep(1)
    began, cpu = time.perf_counter(), engine.cpu_seconds()
    busy = p95()
    seconds = time.perf_counter() - began
    cores = {threads: (used - cpu.get(threads, 0)) / seconds for threads, used in engine.cpu_seconds().items()}
    states = [engine.run(f"SELECT state FROM system.runs WHERE run_id = '{name}'")[0][0].as_py() for name in names]
    for name in names:
        client.cancel(name)
    assert states == ["running", "running"] and sum(cores.values()) > 0.9 * os.cpu_count(), f"the runs did not take all cores: {states}, {cores}"
    shares = ", ".join(f"{threads} {used:.2f}" for threads, used in sorted(cores.items()) if used >= 0.01)
    print(f"one day, p95 of {count}: idle {idle * 1000:.1f} ms, while two runs take all cores {busy * 1000:.1f} ms, ratio {busy / idle:.2f}; cores by threads: {shares}")


if __name__ == "__main__":
    sys.exit(main())
