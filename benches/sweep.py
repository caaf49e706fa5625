#!/usr/bin/env python3
"""A sweep for indicators beside DuckDB, chDB and plain DataFusion, which look for the same values in the events.

    COLDTRAIL_BIN=target/release/coldtrail python benches/sweep.py --folder lake-of-side_by_side --days 90
    COLDTRAIL_BIN=… python benches/sweep.py --folder … --days 9      # the same lake, a tenth of the time

Takes a lake that side_by_side.py made with --folder. Plants 200 values of ten types that the lake has among 100,000 that it has not.
The others get it easier: exact values only, no list columns, no domains below domains, no networks. Prints what RESULTS-hunting.md has, by hand.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import statistics
import sys
import time
from collections import defaultdict
from pathlib import Path

sys.dont_write_bytecode = True

import pyarrow as pa  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402
from engines import ChDb, Coldtrail, DuckDb, PlainDataFusion  # noqa: E402

# The types that are planted: in OCSF's words, in those of a feed.
KINDS = {
    "IP Address": "ip",
    "Hostname": "domain",
    "Hash": "hash",
    "User Name": "user_name",
    "Email Address": "email",
    "URL String": "url",
    "File Name": "file_name",
    "File Path": "file_path",
    "Process Name": "process_name",
    "HTTP User-Agent": "user_agent",
}
PLANTED = 200


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure a sweep.")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--indicators", type=int, default=100_000)
    parser.add_argument("--days", type=int, default=90, help="the last days of the lake, of 90")
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    folder, lake = arguments.folder.resolve(), arguments.folder.resolve() / "lake"
    ours = Coldtrail(str(Path(os.environ["COLDTRAIL_BIN"]).resolve()), folder, "local")
    try:
        columns = observable_columns(ours)
        events = ours.run("SELECT count(*) AS n FROM events").column("n")[0].as_py()
        planted = plant(ours)
        since = ours.run(f"SELECT CAST(max(event_day) - INTERVAL '{arguments.days - 1} days' AS DATE) AS d FROM events").column("d")[0].as_py()
        everything = planted + noise(arguments.indicators - len(planted))
        print(f"{events:,} events, {len(everything):,} indicators of which {len(planted)} are planted, since {since}")
        one = [planted[0]]
        times = {"sweep": {}, "one": {}}
        for name, indicators in (("sweep", everything), ("one", one)):
            feed = folder / f"bench-{name}.csv"
            feed.write_text("type,value\n" + "".join(f"{kind},{quoted(value)}\n" for kind, value in indicators))
            ours.cli("intel", "import", str(feed), "--force", "--name", f"bench-{name}")
            sql = f"SELECT indicator, sum(count) AS n, min(first_time) AS first, max(last_time) AS last FROM sweep('bench-{name}') WHERE last_time >= TIMESTAMP '{since}T00:00:00Z' GROUP BY indicator"
            times[name][ours.name] = measured(lambda sql=sql: ours.run(sql), arguments.runs)
    finally:
        ours.close()
    for name, indicators in (("sweep", everything), ("one", one)):
        file = folder / f"bench-{name}.parquet"
        pq.write_table(pa.table({"kind": [kind for kind, _ in indicators], "value": [value for _, value in indicators]}), file)
        for open_engine in (lambda: DuckDb(lake), lambda: ChDb(lake, folder), lambda: PlainDataFusion(lake, pushdown=True), lambda: PlainDataFusion(lake, pushdown=False)):
            engine = open_engine()
            try:
                sql = load(engine, file, columns, indicators, since)
                times[name][engine.name] = measured(lambda engine=engine, sql=sql: engine.run(sql), arguments.runs)
            finally:
                engine.close()
    for name, found in times.items():
        best = min(seconds for engine, (seconds, _) in found.items() if not engine.startswith("Coldtrail"))
        print(f"\n{name}: {'median ms':>12} {'seen':>8}")
        for engine, (seconds, rows) in found.items():
            print(f"  {engine:24} {seconds * 1000:9.1f} {rows:8}")
        mine = next(seconds for engine, (seconds, _) in found.items() if engine.startswith("Coldtrail"))
        print(f"  {best / mine:.1f} x faster than the fastest of the others")
    return 0


def quoted(value: str) -> str:
    return '"' + value.replace('"', '""') + '"'


def observable_columns(ours: Coldtrail) -> dict[str, dict[str, list[str]]]:
    """By kind and table: the columns that show such values."""
    columns: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    rows = ours.run("SELECT table_name, column_name, observable_type, data_type FROM system.columns WHERE observable_type IS NOT NULL AND schema_name = 'ocsf' AND table_name <> 'events'")
    for row in rows.to_pylist():
        if row["observable_type"] in KINDS and not row["data_type"].startswith("List"):
            columns[KINDS[row["observable_type"]]][row["table_name"]].append(row["column_name"])
    return columns


def plant(ours: Coldtrail) -> list[tuple[str, str]]:
    planted = []
    for kind, name in KINDS.items():
        rows = ours.run(f"SELECT value FROM observables WHERE type = '{kind}' AND (type <> 'Hostname' OR value NOT LIKE '% %') GROUP BY value ORDER BY md5(value) LIMIT {PLANTED // len(KINDS)}")
        planted += [(name, value) for value in rows.column("value").to_pylist()]
    return planted


def noise(count: int) -> list[tuple[str, str]]:
    def of(number: int) -> tuple[str, str]:
        digest = hashlib.sha256(str(number).encode()).hexdigest()
        match number % 4:
            case 0:
                return "ip", f"198.{18 + int(digest[:2], 16) % 2}.{int(digest[2:4], 16)}.{int(digest[4:6], 16)}"
            case 1:
                return "domain", f"{digest[:12]}.example.org"
            case 2:
                return "hash", digest
            case _:
                return "url", f"https://{digest[:10]}.example.org/{digest[10:20]}"

    return list(dict.fromkeys(of(number) for number in range(count)))


def load(engine, file: Path, columns, indicators, since) -> str:
    """Gives the engine the indicators, and the statement that looks for them."""
    kinds = sorted({kind for kind, _ in indicators})
    name = "indicators"
    match engine.dialect:
        case "duckdb":
            engine._connection.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM read_parquet('{file}')")
        case "clickhouse":
            engine._session.query(f"DROP TABLE IF EXISTS lake.{name}")
            engine._session.query(f"CREATE TABLE lake.{name} ENGINE = Memory AS SELECT kind, value FROM file('{file}', Parquet)")
        case _:
            engine._context.register_parquet(name, str(file))
    tables = {folder.name for folder in (file.parent / "lake" / "ocsf").iterdir()}
    day = f"toDate('{since}')" if engine.dialect == "clickhouse" else f"DATE '{since}'"

    def condition(kind: str, column: str) -> str:
        if len(indicators) == 1:
            return f"{column} = '{indicators[0][1]}'"
        return f"{column} IN (SELECT value FROM {name} WHERE kind = '{kind}')"

    parts = [
        f"SELECT {column} AS value, time FROM {table} WHERE event_day >= {day} AND {condition(kind, column)}"
        for kind in kinds
        for table, named in columns[kind].items()
        if table in tables
        for column in named
    ]
    return f"SELECT value, count(*) AS n, min(time) AS first, max(time) AS last FROM ({' UNION ALL '.join(parts)}) AS hits GROUP BY value"


def measured(run, runs: int) -> tuple[float, int]:
    """The median of some runs after one to warm up, and how many rows there were."""
    rows = run().num_rows
    seconds = []
    for _ in range(runs):
        began = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds), rows


if __name__ == "__main__":
    sys.exit(main())
