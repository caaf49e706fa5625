"""DuckDB with its Iceberg extension, in a virtual environment of its own: the extension comes as a package, and only for an older DuckDB
than the tests' own. As a program it runs there: statements on standard input as a JSON list, their rows as JSON lines."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

VERSION = "1.5.5"
PACKAGES = [f"duckdb=={VERSION}", f"duckdb-extension-avro=={VERSION}", f"duckdb-extension-iceberg=={VERSION}"]
PIP_SECONDS_MAX = 300


class DuckDb:
    """Asks in a process of its own."""

    def __init__(self, folder: Path) -> None:
        import pytest

        self.python = folder / "bin" / "python"
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        pip = [str(self.python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PACKAGES]
        try:
            installed = subprocess.run(pip, capture_output=True, text=True, check=False, timeout=PIP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            pytest.skip(f"DuckDB's Iceberg extension cannot be had here: pip took more than {PIP_SECONDS_MAX} s")
        if installed.returncode != 0:
            pytest.skip(f"DuckDB's Iceberg extension cannot be had here: {installed.stderr[-500:]}")

    def ask(self, *statements: str) -> list[list[tuple]]:
        """The rows of each statement, every value as text."""
        done = subprocess.run([str(self.python), __file__], input=json.dumps(statements), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return [[tuple(row) for row in json.loads(line)] for line in done.stdout.splitlines()]


def main() -> None:
    import duckdb
    import duckdb_extension_avro
    import duckdb_extension_iceberg

    connection = duckdb.connect()
    for package in (duckdb_extension_avro, duckdb_extension_iceberg):
        extension = next(Path(package.__path__[0]).rglob("*.duckdb_extension"))
        connection.execute(f"LOAD '{extension}'")
    connection.execute("SET TimeZone = 'UTC'")
    for statement in json.load(sys.stdin):
        rows = connection.execute(statement).fetchall()
        print(json.dumps([[None if value is None else str(value) for value in row] for row in rows]))


if __name__ == "__main__":
    main()
