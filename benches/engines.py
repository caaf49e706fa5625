"""The engines that are compared, each behind the same two calls: `run` a statement, `explain` it.

All read the very same Parquet files, on all cores, and give their result as an Arrow table.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
import subprocess
import time
from pathlib import Path

import pyarrow as pa

# What is spelt differently: five minutes as a number, from the column `time`.
FIVE_MINUTES = {
    "datafusion": "CAST(time AS BIGINT) / 300000",
    "duckdb": "epoch_ms(time) // 300000",
    "clickhouse": "intDiv(toUnixTimestamp64Milli(time), 300000)",
}


def event_tables(lake: Path) -> list[str]:
    return sorted(folder.name for folder in (lake / "ocsf").iterdir() if folder.is_dir())


class Coldtrail:
    """Coldtrail over Flight SQL, in one of its tiers. Each has a server of its own, over the same catalog one after the other."""

    dialect = "datafusion"

    def __init__(self, binary: str, folder: Path, tier: str) -> None:
        import adbc_driver_flightsql.dbapi as flightsql
        from adbc_driver_manager import DatabaseOptions

        self.name = f"Coldtrail, {tier}"
        self.version = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True).stdout.split()[-1]
        data = ["--data-folder", str(folder / "data"), "--lake", str(folder / "lake")]
        made = subprocess.run([binary, *data, "user", "set-password", "bench"], capture_output=True, text=True, check=True)
        port = free_port()
        self._command = [binary]
        self._access = {"COLDTRAIL_URL": f"http://127.0.0.1:{port}", "COLDTRAIL_USER": "bench", "COLDTRAIL_PASSWORD": made.stdout.strip()}
        settings = {"COLDTRAIL_FLIGHT_BIND": f"127.0.0.1:{port}", "COLDTRAIL_QUERY_TIER": tier}
        self._log = (folder / f"serve-{tier}.log").open("wb")
        self._process = subprocess.Popen(
            [binary, *data, "serve"], env=os.environ | settings, cwd=folder, stdout=self._log, stderr=self._log
        )
        options = {DatabaseOptions.USERNAME.value: "bench", DatabaseOptions.PASSWORD.value: made.stdout.strip()}
        deadline = time.monotonic() + 120
        while True:
            try:
                self._connection = flightsql.connect(f"grpc://127.0.0.1:{port}", db_kwargs=options, autocommit=True)
                self.run("SELECT 1")
                return
            except Exception as error:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    self.close()
                    raise RuntimeError(f"coldtrail serve did not answer; see {self._log.name}") from error
                time.sleep(0.1)

    def cpu_seconds(self) -> dict[str, float]:
        """The time of the cores that the server's threads used, by their names."""
        used: dict[str, float] = {}
        for stat in Path(f"/proc/{self._process.pid}/task").glob("*/stat"):
            try:
                name, _, fields = stat.read_text().partition("(")[2].rpartition(")")
            except (FileNotFoundError, ProcessLookupError):
                continue  # The thread has ended.
            ticks = sum(map(int, fields.split()[11:13]))
            used[name] = used.get(name, 0) + ticks / os.sysconf("SC_CLK_TCK")
        return used

    def run(self, sql: str) -> pa.Table:
        with self._connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetch_arrow_table()

    def cli(self, *arguments: str) -> str:
        """What a command prints that asks this server. That it could not do all of it (3) is no error here."""
        ran = subprocess.run([*self._command, *arguments], env=os.environ | self._access, capture_output=True, text=True)
        if ran.returncode not in (0, 3):
            raise RuntimeError(f"{arguments}: {ran.stderr}")
        return ran.stdout

    def explain(self, sql: str) -> str:
        return self.run(f"EXPLAIN {sql}").column("plan")[0].as_py()

    def peak_mb(self) -> float:
        """The most memory that the server ever held."""
        return peak_mb(self._process.pid)

    def close(self) -> None:
        with contextlib.suppress(Exception):
            self._connection.close()
        self._process.terminate()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()


class DuckDb:
    """DuckDB over the files, with its cache of Parquet footers on."""

    name, dialect = "DuckDB", "duckdb"

    def __init__(self, lake: Path) -> None:
        import duckdb

        self.version = duckdb.__version__
        self._connection = duckdb.connect()
        self._connection.execute("SET TimeZone = 'UTC'")
        self._connection.execute("SET parquet_metadata_cache = true")
        for table in event_tables(lake):
            files = f"{lake}/ocsf/{table}/*/*.parquet"
            self._connection.execute(
                f"CREATE VIEW {table} AS SELECT * FROM read_parquet('{files}', hive_partitioning = true, hive_types = {{event_day: DATE}})"
            )

    def run(self, sql: str) -> pa.Table:
        return self._connection.sql(sql).to_arrow_table()

    def explain(self, sql: str) -> str:
        return self._connection.execute(f"EXPLAIN {sql}").fetchall()[0][1]

    def close(self) -> None:
        self._connection.close()


class ChDb:
    """ClickHouse in this process (chDB) over the files, through `file(…, Parquet)`."""

    name, dialect = "chDB", "clickhouse"

    def __init__(self, lake: Path, folder: Path) -> None:
        import chdb
        from chdb import session

        self._folder = folder / "chdb"
        self._session = session.Session(str(self._folder))
        clickhouse = self._session.query("SELECT version()", "TabSeparated").bytes().decode().strip()
        self.version = f"{chdb.__version__} (ClickHouse {clickhouse})"
        self._session.query("CREATE DATABASE IF NOT EXISTS lake ENGINE = Atomic")
        self._session.query("SET use_hive_partitioning = 1, output_format_arrow_string_as_string = 1, session_timezone = 'UTC'")
        for table in event_tables(lake):
            files = os.path.abspath(f"{lake}/ocsf/{table}/*/*.parquet")
            self._session.query(f"CREATE VIEW IF NOT EXISTS lake.{table} AS SELECT * FROM file('{files}', Parquet)")
        self._session.query("USE lake")

    def run(self, sql: str) -> pa.Table:
        return pa.ipc.open_file(pa.BufferReader(self._session.query(sql, "Arrow").bytes())).read_all()

    def explain(self, sql: str) -> str:
        return self._session.query(f"EXPLAIN {sql}", "TabSeparated").bytes().decode()

    def close(self) -> None:
        self._session.close()


class PlainDataFusion:
    """DataFusion's Python package over the files: as it comes, or with the filters that it can push into Parquet pushed."""

    dialect = "datafusion"

    def __init__(self, lake: Path, pushdown: bool) -> None:
        import datafusion

        self.name = "DataFusion, pushdown" if pushdown else "DataFusion"
        self.version = datafusion.__version__
        config = datafusion.SessionConfig().set("datafusion.execution.time_zone", "UTC")
        if pushdown:
            config = config.set("datafusion.execution.parquet.pushdown_filters", "true")
            config = config.set("datafusion.execution.parquet.reorder_filters", "true")
        self._context = datafusion.SessionContext(config)
        for table in event_tables(lake):
            self._context.register_listing_table(table, f"{lake}/ocsf/{table}", [("event_day", pa.date32())], file_extension=".parquet")

    def run(self, sql: str) -> pa.Table:
        return self._context.sql(sql).to_arrow_table()

    def explain(self, sql: str) -> str:
        return str(self._context.sql(sql).execution_plan())

    def close(self) -> None:
        pass


def peak_mb(pid: int) -> float:
    """The most memory that a process has held so far; 0 if it is gone."""
    try:
        peak = re.search(r"VmHWM:\s*(\d+)", Path(f"/proc/{pid}/status").read_text())
    except OSError:
        return 0.0
    return int(peak[1]) / 1024 if peak else 0.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
