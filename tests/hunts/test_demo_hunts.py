"""Every step of the planted intrusion is found by the hunts that say so, and quiet days find (nearly) nothing.

Runs the real binary: COLDTRAIL_BIN names it. `coldtrail demo` generates and ingests, `coldtrail serve` answers over Flight SQL.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import adbc_driver_flightsql.dbapi as flightsql
import pyarrow as pa
import pytest
from adbc_driver_manager import DatabaseOptions

ROOT = Path(__file__).resolve().parents[2]
HUNTS = sorted((ROOT / "examples" / "hunts").glob("*.sql"))
DAYS, EVENTS = 30, 30_000

# The column of a hunt that counts the records of a step. A hunt without an entry counts rows: one a record.
COUNTED_BY = {
    "phishing-domain-lookup": "lookups",
    "phishing-connection": "connections",
    "phishing-page": "requests",
    "password-guesses": "wrong_passwords",
    "mfa-fatigue": "denials",
    "sign-in-without-mfa": "sign_ins_without_mfa",
    "authenticator-registered": "authenticators",
    "console-login-without-mfa": "sign_ins",
    "cloud-reconnaissance": "reads_allowed",
    "access-denied-burst": "calls_denied",
    "access-key-for-another-user": "keys_made",
    "stolen-key-used": "reads",
    "administrator-created": "changes",
    "logon-failures": "failures",
    "network-logon": "logons",
    "remote-desktop": "remote_desktops",
    "encoded-powershell": "starts",
    "download-cradle": "cradles",
    "service-installed": "services",
    "scheduled-task": "tasks",
    "dumper-started": "starts",
    "lsass-read": "lsass_reads",
    "command-server-lookup": "lookups",
    "exec-into-pod": "shells",
    "secrets-listed": "secret_lists",
    "cluster-admin-binding": "admin_bindings",
    "privileged-pod": "privileged_pods",
    "project-owner-granted": "grants",
    "service-account-key": "keys_made",
    "beacon-connections": "connections",
    "beacon-server-name": "handshakes",
    "beacon-flows": "connections",
    "dns-tunnel": "lookups",
    "objects-read": "objects",
    "snapshot-shared": "snapshots",
    "bytes-out-at-night": "flows",
}


class Hunt:
    """A hunt file and what its header says."""

    def __init__(self, path: Path) -> None:
        self.name = path.stem
        self.sql = path.read_text(encoding="utf-8")
        self.header = dict(re.findall(r"^-- (title|technique|finds|reads|why): (.+)$", self.sql, re.MULTILINE))
        self.steps = [step.strip() for step in self.header.get("finds", "").split(",") if step.strip()]


ALL = [Hunt(path) for path in HUNTS]


class Server:
    """`coldtrail serve` on a free port, and a connection to it."""

    def __init__(self, folder: Path, data_folder: Path, lake: Path) -> None:
        # Another program may take the port between choosing and binding it; then the next try chooses another.
        for _ in range(5):
            port = free_port()
            self._log = open(folder / "serve.log", "wb")
            command = [binary(), "--data-folder", str(data_folder), "--lake", str(lake), "serve"]
            environment = os.environ | {"COLDTRAIL_FLIGHT_BIND": f"127.0.0.1:{port}"}
            self._process = subprocess.Popen(command, cwd=folder, env=environment, stdout=self._log, stderr=self._log)
            if self._connect(f"grpc://127.0.0.1:{port}", set_password(data_folder)):
                return
            self.stop()
        pytest.fail("coldtrail serve did not answer: " + (folder / "serve.log").read_text(errors="replace"))

    def _connect(self, url: str, password: str) -> bool:
        options = {DatabaseOptions.USERNAME.value: "hunter", DatabaseOptions.PASSWORD.value: password}
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                self._connection = flightsql.connect(url, db_kwargs=options, autocommit=True)
                self.query("SELECT 1")
                return True
            except flightsql.Error:
                time.sleep(0.1)
        return False

    def query(self, sql: str) -> pa.Table:
        with self._connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetch_arrow_table()

    def stop(self) -> None:
        with contextlib.suppress(Exception):
            self._connection.close()
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()


def binary() -> str:
    path = os.environ.get("COLDTRAIL_BIN")
    if not path:
        pytest.fail("COLDTRAIL_BIN must name the coldtrail binary")
    return str(Path(path).resolve())


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def run(*arguments: str, cwd: Path) -> str:
    done = subprocess.run([binary(), *arguments], cwd=cwd, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, f"coldtrail {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


_PASSWORDS: dict[Path, str] = {}


def set_password(data_folder: Path) -> str:
    """A new password for `hunter`, which the command prints once; before the first server starts."""
    if data_folder not in _PASSWORDS:
        printed = run("--data-folder", str(data_folder), "user", "set-password", "hunter", cwd=data_folder.parent)
        _PASSWORDS[data_folder] = printed.strip()
    return _PASSWORDS[data_folder]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, dict, Server]]:
    """The demo's output, the truth about its logs, and a server over its lake."""
    folder = tmp_path_factory.mktemp("demo")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLDTRAIL_FLIGHT_BIND", f"127.0.0.1:{free_port()}")
        printed = run("demo", "--exit", "--folder", str(folder / "it"), "--days", str(DAYS), "--events", str(EVENTS), cwd=folder)
    truth = json.loads((folder / "it" / "generated" / "ground_truth.json").read_text())
    set_password(folder / "it" / "data")
    server = Server(folder, folder / "it" / "data", folder / "it" / "lake")
    yield printed, truth, server
    server.stop()


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server over days on which nothing happened."""
    folder = tmp_path_factory.mktemp("quiet")
    logs, data, lake = folder / "logs", folder / "data", folder / "lake"
    data.mkdir()
    run("generate", str(logs), "--quiet-days", "--days", str(DAYS), "--events", str(EVENTS), "--seed", "7", cwd=folder)
    sources = [str(source) for source in sorted(logs.iterdir()) if source.is_dir()]
    run("--data-folder", str(data), "--lake", str(lake), "ingest", *sources, cwd=folder)
    set_password(data)
    server = Server(folder, data, lake)
    yield server
    server.stop()


@pytest.mark.parametrize("hunt", ALL, ids=lambda hunt: hunt.name)
def test_a_hunt_finds_the_steps_it_names_and_little_else(hunt: Hunt, demo: tuple[str, dict, Server]) -> None:
    _, truth, server = demo
    rows = server.query(hunt.sql).to_pylist()
    steps = {step["id"]: step for step in truth["steps"]}
    hits: list[dict] = []
    for step_id in hunt.steps:
        step = steps[step_id]
        found = [row for row in rows if names(row, step) and overlaps(row, step)]
        column = COUNTED_BY.get(step_id)
        counted = sum(row[column] or 0 for row in found) if column else len(found)
        assert counted == step["count"], f"{step_id}: {counted} of {step['count']} records found in\n{rows}"
        hits += [row for row in found if row not in hits]
    others = [row for row in rows if row not in hits]
    assert len(others) <= 2, f"{len(others)} rows are not about the intrusion:\n{others}"


def test_every_step_and_phase_of_the_intrusion_is_found_by_some_hunt(demo: tuple[str, dict, Server]) -> None:
    _, truth, _ = demo
    named = {step for hunt in ALL for step in hunt.steps}
    assert named == {step["id"] for step in truth["steps"]}
    assert {step["phase"] for step in truth["steps"]} == set(range(1, 11))


def test_a_hunt_on_quiet_days_gives_few_rows_or_none(quiet: Server) -> None:
    found = {hunt.name: server_rows(quiet, hunt) for hunt in ALL}
    assert sum(map(len, found.values())) <= 2, {name: rows for name, rows in found.items() if rows}


def server_rows(server: Server, hunt: Hunt) -> list[dict]:
    return server.query(hunt.sql).to_pylist()


def test_the_demo_runs_every_hunt_and_each_shows_something(demo: tuple[str, dict, Server]) -> None:
    printed, _, _ = demo
    for hunt in ALL:
        assert f"({hunt.name}.sql)" in printed, f"the demo does not run {hunt.name}"
    assert "nothing found" not in printed


@pytest.mark.parametrize("hunt", ALL, ids=lambda hunt: hunt.name)
def test_a_hunt_says_what_it_looks_for_and_reads_what_it_says(hunt: Hunt, demo: tuple[str, dict, Server]) -> None:
    assert set(hunt.header) == {"title", "technique", "finds", "reads", "why"}
    assert all(re.fullmatch(r"T\d{4}(\.\d{3})?", part.strip()) for part in hunt.header["technique"].split(","))
    _, _, server = demo
    reads = {table.strip() for table in hunt.header["reads"].split(",")}
    code = "\n".join(line.split("--")[0] for line in hunt.sql.splitlines())
    tables = set(server.query("SELECT table_name FROM system.tables WHERE schema_name = 'ocsf'")["table_name"].to_pylist())
    assert reads == set(re.findall(r"(?:FROM|JOIN)\s+(\w+)", code)) & tables


def test_a_hunt_knows_no_value_of_the_intrusion(demo: tuple[str, dict, Server]) -> None:
    _, truth, _ = demo
    values = [value for kind in truth["indicators"].values() for value in kind]
    for hunt in ALL:
        assert not [value for value in values if value in hunt.sql], hunt.name


def names(row: dict, step: dict) -> bool:
    """True if a row shows an indicator of the step."""
    text = "\n".join(str(value) for value in row.values()).lower()
    return any(value.lower().removesuffix("@example.com") in text for values in step["indicators"].values() for value in values)


def overlaps(row: dict, step: dict) -> bool:
    """True if the time of a row and that of the step touch. API servers log the end of a request, which is a little later."""
    first, last = datetime.fromisoformat(step["time_first"]), datetime.fromisoformat(step["time_last"])
    slack = timedelta(seconds=1)
    return row["first_seen"] - slack <= last and row["last_seen"] + slack >= first
