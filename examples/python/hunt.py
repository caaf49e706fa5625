#!/usr/bin/env python3
"""Run hunts on a Coldtrail server through ADBC, the database interface of Apache Arrow.

    export COLDTRAIL_PASSWORD=…
    python hunt.py ../hunts/12-beacons.sql                      # one hunt, as a table
    python hunt.py ../hunts/*.sql --summary                     # many, one line each
    python hunt.py --sql 'SELECT * FROM dns_activity WHERE query.hostname = ? LIMIT 5' --parameter bad.example
    python hunt.py ../hunts/13-dns-tunnel.sql --out tunnel.parquet

Also a module: `with Coldtrail.connect() as coldtrail: frame = coldtrail.pandas("SELECT …")`.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import adbc_driver_flightsql.dbapi as flightsql
import adbc_driver_manager
import pyarrow as pa
import pyarrow.parquet as pq
from adbc_driver_manager import DatabaseOptions

DEFAULT_URL = "grpc://127.0.0.1:32010"


@dataclass(frozen=True)
class Hunt:
    """A hunt file: SQL under a header of comments."""

    name: str
    title: str
    techniques: tuple[str, ...]
    sql: str

    @classmethod
    def read(cls, path: str | Path) -> Hunt:
        path = Path(path)
        sql = path.read_text(encoding="utf-8")
        header = {
            key.strip(): value.strip()
            for line in sql.splitlines()
            if line.startswith("-- ") and ":" in line
            for key, _, value in [line.removeprefix("-- ").partition(":")]
        }
        techniques = tuple(part.strip() for part in header.get("technique", "").split(",") if part.strip())
        return cls(path.stem, header.get("title", path.stem), techniques, sql)


class Coldtrail:
    """A connection. Every method runs one statement against the newest committed state of the lake."""

    def __init__(self, connection: flightsql.Connection) -> None:
        self._connection = connection

    @classmethod
    def connect(cls, url: str | None = None, user: str | None = None, password: str | None = None) -> Coldtrail:
        """Signs in; what is not given comes from COLDTRAIL_URL, COLDTRAIL_USER and COLDTRAIL_PASSWORD."""
        url = url or os.environ.get("COLDTRAIL_URL", DEFAULT_URL)
        # `coldtrail sql` takes http://, ADBC wants to be told that it is gRPC.
        url = url.replace("http://", "grpc://", 1).replace("https://", "grpc+tls://", 1)
        options = {
            DatabaseOptions.USERNAME.value: user or os.environ.get("COLDTRAIL_USER", "hunter"),
            DatabaseOptions.PASSWORD.value: password or os.environ.get("COLDTRAIL_PASSWORD", ""),
        }
        return cls(flightsql.connect(url, db_kwargs=options, autocommit=True))

    def __enter__(self) -> Coldtrail:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._connection.close()

    def arrow(self, sql: str, parameters: Sequence[Any] = ()) -> pa.Table:
        """The whole result. `?` and `$1` in the SQL are the parameters, in order: values never become part of the text."""
        with self._connection.cursor() as cursor:
            cursor.execute(sql, tuple(parameters) or None)
            return cursor.fetch_arrow_table()

    def pandas(self, sql: str, parameters: Sequence[Any] = ()):
        return self.arrow(sql, parameters).to_pandas()

    def polars(self, sql: str, parameters: Sequence[Any] = ()):
        import polars

        return polars.from_arrow(self.arrow(sql, parameters))

    def batches(self, sql: str, parameters: Sequence[Any] = ()) -> Iterator[pa.RecordBatch]:
        """The result as it comes in, for results larger than memory. Leaving the loop cancels the query on the server."""
        with self._connection.cursor() as cursor:
            cursor.execute(sql, tuple(parameters) or None)
            with cursor.fetch_record_batch() as reader:
                yield from reader

    def save(self, path: str | Path, sql: str, parameters: Sequence[Any] = ()) -> int:
        """Writes the result to Parquet as it comes in, and says how many rows it had."""
        rows, writer = 0, None
        try:
            for batch in self.batches(sql, parameters):
                writer = writer or pq.ParquetWriter(path, batch.schema, compression="zstd")
                writer.write_batch(batch)
                rows += batch.num_rows
        finally:
            if writer is not None:
                writer.close()
        if writer is None:
            pq.write_table(self.arrow(f"SELECT * FROM ({strip(sql)}) LIMIT 0", parameters), path)
        return rows


def strip(sql: str) -> str:
    return sql.strip().removesuffix(";")


def show(table: pa.Table, rows_max: int) -> str:
    """A table as text, with columns as wide as they need to be."""
    names = table.column_names
    rows = [[text_of(value) for value in row.values()] for row in table.slice(0, rows_max).to_pylist()]
    widths = [max(len(cell) for cell in column) for column in zip(names, *rows)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in [names, *rows]]
    lines.insert(1, "  ".join("─" * width for width in widths))
    if table.num_rows > rows_max:
        lines.append(f"… and {table.num_rows - rows_max} more rows")
    return "\n".join(lines)


def text_of(value: Any) -> str:
    text = "" if value is None else value.isoformat(sep=" ", timespec="seconds") if hasattr(value, "isoformat") else str(value)
    return text if len(text) <= 60 else text[:59] + "…"


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Run hunts on a Coldtrail server.")
    parser.add_argument("hunts", nargs="*", metavar="FILE", help="hunt files")
    parser.add_argument("--sql", help="a statement instead of a file")
    parser.add_argument("--parameter", action="append", default=[], help="a value for ? in the statement; may be given several times")
    parser.add_argument("--url", help=f"the server; default COLDTRAIL_URL or {DEFAULT_URL}")
    parser.add_argument("--user", help="default COLDTRAIL_USER or hunter; the password is COLDTRAIL_PASSWORD")
    parser.add_argument("--summary", action="store_true", help="one line a hunt")
    parser.add_argument("--rows", type=int, default=20, help="how many rows are shown")
    parser.add_argument("--out", help="write the result of a single hunt to this Parquet file")
    arguments = parser.parse_args()
    if bool(arguments.hunts) == bool(arguments.sql):
        parser.error("name hunt files, or give a statement with --sql")
    if arguments.out and len(arguments.hunts) > 1:
        parser.error("--out takes the result of one hunt")
    return arguments


def main() -> int:
    arguments = parse_arguments()
    hunts = [Hunt("statement", arguments.sql, (), arguments.sql)] if arguments.sql else [Hunt.read(path) for path in arguments.hunts]
    try:
        with Coldtrail.connect(arguments.url, arguments.user) as coldtrail:
            for hunt in hunts:
                run(coldtrail, hunt, arguments)
    except adbc_driver_manager.Error as error:
        print(f"hunt.py: {error}", file=sys.stderr)
        return 1
    return 0


def run(coldtrail: Coldtrail, hunt: Hunt, arguments: argparse.Namespace) -> None:
    if arguments.out:
        rows = coldtrail.save(arguments.out, hunt.sql, arguments.parameter)
        print(f"{rows} rows written to {arguments.out}")
        return
    started = time.monotonic()
    table = coldtrail.arrow(hunt.sql, arguments.parameter)
    seconds = time.monotonic() - started
    if arguments.summary:
        print(f"{table.num_rows:6} rows {seconds:7.2f} s  {hunt.title}")
        return
    print(f"── {hunt.title}" + (f"  [{', '.join(hunt.techniques)}]" if hunt.techniques else ""))
    print(show(table, arguments.rows) if table.num_rows else "nothing found")
    print(f"{table.num_rows} rows, {seconds:.2f} s\n")


if __name__ == "__main__":
    sys.exit(main())
