"""Runs the real binary: one command, or a server with its clients."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import adbc_driver_flightsql.dbapi as flightsql
import pyarrow
from adbc_driver_manager import DatabaseOptions

Found = TypeVar("Found")

USER = "hunter"
# A debug binary on a busy machine is slow to start, but a test that hangs must end.
START_SECONDS_MAX = 60
COMMAND_SECONDS_MAX = 240

# What the command line documents of its exit codes.
DONE, FAILED, WRONG_ARGUMENTS, INCOMPLETE = 0, 1, 2, 3


PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)


def die_with_parent() -> None:
    """Asks the kernel to kill this process when the tests end, however they end."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def wait_for(what: str, look: Callable[[], Found | None], seconds_max: float = 30) -> Found:
    """Looks again and again until there is something to see."""
    deadline = time.monotonic() + seconds_max
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not happen within {seconds_max} s")
        time.sleep(0.01)


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str

    def error_line(self) -> str:
        """The one line that says what is wrong."""
        lines = [line for line in self.err.splitlines() if line.startswith("coldtrail: ")]
        assert len(lines) == 1, f"one error line was expected:\n{self.err}"
        return lines[0]


class Generated:
    """A folder that `coldtrail generate` wrote."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifest = json.loads((folder / "manifest.json").read_text())
        self.truth = json.loads((folder / "ground_truth.json").read_text())

    def sources(self) -> list[str]:
        return sorted({file["source"] for file in self.manifest["files"]})

    def locations(self) -> list[Path]:
        """The folders of the sources; `manifest.json` and `ground_truth.json` beside them are no logs."""
        return [self.folder / source for source in self.sources()]

    def files_of(self, source: str) -> list[Path]:
        return [self.folder / file["path"] for file in self.manifest["files"] if file["source"] == source]

    def records_by_source(self) -> dict[str, int]:
        counts: dict[str, int] = {}
        for file in self.manifest["files"]:
            counts[file["source"]] = counts.get(file["source"], 0) + file["records"]
        return counts


@dataclass
class Coldtrail:
    """The binary over one data folder and one lake."""

    binary: Path
    folder: Path
    lake: str | None = None
    environment: dict[str, str] = field(default_factory=dict)
    password: str | None = None

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.lake = self.lake or str(self.folder / "lake")

    @property
    def data_folder(self) -> Path:
        return self.folder / "data"

    @property
    def lake_folder(self) -> Path:
        return Path(str(self.lake))

    def command(self, *arguments: Any) -> list[str]:
        return [str(self.binary), "--data-folder", str(self.data_folder), "--lake", str(self.lake), *map(str, arguments)]

    def env(self, **more: Any) -> dict[str, str]:
        """The environment without settings of whoever runs the tests."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("COLDTRAIL_", "AWS_", "AZURE_", "GOOGLE_"))}
        return clean | self.environment | {name: str(value) for name, value in more.items()}

    def try_run(self, *arguments: Any, env: dict[str, Any] | None = None, stdin: str | bytes | None = None, **options: Any) -> Ran:
        """Runs a command to its end, whatever its exit code."""
        stdin_bytes = stdin.encode() if isinstance(stdin, str) else stdin
        options.setdefault("timeout", COMMAND_SECONDS_MAX)
        options.setdefault("cwd", self.folder)
        done = subprocess.run(
            self.command(*arguments), input=stdin_bytes if stdin_bytes is not None else b"", capture_output=True, env=self.env(**(env or {})), check=False, **options
        )
        return Ran(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))

    def run(self, *arguments: Any, **options: Any) -> Ran:
        """Runs a command that must succeed."""
        ran = self.try_run(*arguments, **options)
        assert ran.code == DONE, f"{arguments} ended with {ran.code}:\n{ran.out[-2000:]}\n{ran.err[-2000:]}"
        return ran

    def start(self, *arguments: Any, log: Path, env: dict[str, Any] | None = None) -> subprocess.Popen:
        """Starts a command whose output goes to a file."""
        with log.open("wb") as out:
            return subprocess.Popen(
                self.command(*arguments),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env=self.env(**(env or {})),
                cwd=self.folder,
                preexec_fn=die_with_parent,
            )

    def ingest(self, *locations: Any, source: str = "auto", env: dict[str, Any] | None = None) -> dict:
        """Ingests and returns the report."""
        return json.loads(self.run("ingest", "--json", "--source", source, *locations, env=env).out)

    def segments(self) -> list[dict]:
        """The segments that the catalog has."""
        return [json.loads(line) for line in self.run("segments", "--json").out.splitlines()]

    def files(self) -> set[str]:
        """The files that lie in a lake of this machine, relative to it."""
        return {str(path.relative_to(self.lake_folder)) for path in self.lake_folder.rglob("*") if path.is_file()}

    @contextlib.contextmanager
    def serve(self, **settings: Any) -> Iterator[Server]:
        """A running server; ended, whatever happens, at the end of the block."""
        log = self.folder / f"serve-{time.monotonic_ns()}.log"
        env = {"COLDTRAIL_FLIGHT_BIND": "127.0.0.1:0"} | settings
        process = self.start("serve", log=log, env=env)
        try:
            address = wait_for("the server's start", lambda: _address(process, log), START_SECONDS_MAX)
            if password := re.search(r"shown once.*\n\s+(\S+)\n", log.read_text()):
                self.password = password.group(1)
            assert self.password, f"no password is known:\n{log.read_text()}"
            yield Server(self, process, address, self.password, log)
        finally:
            stop(process)


def _address(process: subprocess.Popen, log: Path) -> str | None:
    assert process.poll() is None, f"serve ended with {process.returncode}:\n{log.read_text()}"
    found = re.search(r"Serving SQL on grpc://(\S+) from", log.read_text())
    return found.group(1) if found else None


def stop(process: subprocess.Popen) -> int:
    """Asks a process to stop, and kills it if it does not."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    return process.returncode


@dataclass
class Server:
    """A running `coldtrail serve`."""

    coldtrail: Coldtrail
    process: subprocess.Popen
    address: str
    password: str
    log: Path

    @property
    def uri(self) -> str:
        return f"grpc://{self.address}"

    def connect(self, user: str = USER, password: str | None = None) -> flightsql.Connection:
        options = {DatabaseOptions.USERNAME.value: user, DatabaseOptions.PASSWORD.value: password or self.password}
        return flightsql.connect(self.uri, db_kwargs=options, autocommit=True)

    def query(self, sql: str, parameters: Any = None) -> pyarrow.Table:
        """The rows of a statement."""
        with self.connect() as connection, connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            return cursor.fetch_arrow_table()

    def value(self, sql: str) -> Any:
        """The one value of a statement."""
        table = self.query(sql)
        assert table.num_rows == 1 and table.num_columns == 1, f"{sql} gave {table.num_rows} rows"
        return table.column(0)[0].as_py()

    def explain(self, sql: str, analyze: bool = False) -> dict[str, str]:
        """What EXPLAIN says, by the kind of plan."""
        table = self.query(f"EXPLAIN {'ANALYZE ' if analyze else ''}{sql}")
        return dict(zip(table.column(0).to_pylist(), table.column(1).to_pylist()))

    def notes(self, sql: str) -> dict[str, str]:
        """The lines that an explanation begins with, by their names."""
        lines = self.explain(sql)["coldtrail"].splitlines()
        return {name: rest.strip() for name, _, rest in (line.partition(":") for line in lines)}

    def cpu_seconds(self) -> float:
        """The time of CPUs that the server used so far."""
        return cpu_seconds(self.process.pid)

    def sql_env(self) -> dict[str, str]:
        """What `coldtrail sql` needs to reach this server."""
        return {"COLDTRAIL_URL": f"http://{self.address}", "COLDTRAIL_USER": USER, "COLDTRAIL_PASSWORD": self.password}


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
