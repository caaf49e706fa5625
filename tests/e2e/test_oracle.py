"""An independent engine over the raw Parquet agrees with Coldtrail over Flight SQL, in both tiers."""

import datetime
import decimal
from pathlib import Path

import duckdb
import pytest
from hunts import HUNTS, MACROS

EXAMPLES = sorted((Path(__file__).resolve().parents[2] / "examples" / "hunts").glob("*.sql"))


@pytest.fixture(scope="session")
def oracle(lake):
    """DuckDB with a view for each table of the lake, and one for all events."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    for statement in MACROS.split(";"):
        connection.execute(statement)
    folders = sorted((lake.lake_folder / "ocsf").iterdir())
    for folder in folders:
        connection.execute(f"CREATE VIEW {folder.name} AS SELECT * FROM read_parquet('{folder}/*/*.parquet', hive_partitioning = true)")
    events = ", ".join(f"'{folder}/*/*.parquet'" for folder in folders if folder.name != "observables")
    connection.execute(f"CREATE VIEW events AS SELECT * FROM read_parquet([{events}], hive_partitioning = true, union_by_name = true)")
    return connection


def plain(value):
    """A value without what depends on the engine: how wide its number is, how its time is kept."""
    match value:
        case bool() | None | str():
            return value
        case int():
            return float(value)
        case float() | decimal.Decimal():
            # Sums of whole numbers are exact; the order of additions shows in the last digits of fractions.
            return float(value) if value == int(value) else float(f"{float(value):.9g}")
        case datetime.datetime():
            return value.replace(tzinfo=None).isoformat(timespec="milliseconds")
        case datetime.date():
            return value.isoformat()
        case list():
            return tuple(plain(inner) for inner in value)
        case _:
            raise AssertionError(f"a hunt gave a {type(value)}")


def rows_of(table):
    return sorted((tuple(plain(value) for value in row.values()) for row in table.to_pylist()), key=repr)


@pytest.mark.parametrize("hunt", HUNTS, ids=lambda hunt: hunt.name)
def test_duckdb_agrees(hunt, oracle, tier):
    ours = rows_of(tier.query(hunt.sql))
    theirs = rows_of(oracle.sql(hunt.oracle_sql).to_arrow_table())
    assert theirs, "a hunt that finds nothing proves nothing"
    assert ours == theirs


def test_there_are_hunts_enough():
    assert len(HUNTS) >= 20


def test_each_tier_is_the_one_that_was_asked_for(tier, request):
    asked = request.node.callspec.params["tier"]
    assert tier.notes("SELECT api_operation, count(*) FROM api_activity GROUP BY 1")["tier"].startswith(asked)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_each_example_hunt_finds_something(path, tier):
    assert tier.query(path.read_text()).num_rows > 0
