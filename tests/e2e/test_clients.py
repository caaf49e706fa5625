"""Real clients against the real server."""

import base64
import contextlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import adbc_driver_manager
import flightsql
import pandas
import polars
import pyarrow
import pyarrow.flight as flight
import pytest
from harness import USER, wait_for

COUNT = "SELECT source, count(*) AS n FROM events GROUP BY source ORDER BY source"
# Minutes of work that reads on and on, and hours of work that comes out of few rows: only cancelling ends them.
LONG_SCAN = "SELECT " + ", ".join(f"max(sha512(repeat(raw_data || '{number}', 50))) AS h{number}" for number in range(10)) + " FROM events"
GROWING_JOIN = """SELECT count(*) FROM network_activity AS a JOIN network_activity AS b ON a.class_uid = b.class_uid JOIN network_activity AS c ON b.class_uid = c.class_uid
                  WHERE a.traffic_bytes + b.traffic_bytes < c.traffic_bytes"""


@pytest.fixture
def connection(server):
    with server.connect() as connection:
        yield connection


@pytest.fixture(scope="session")
def by_source(generated):
    return sorted(generated.records_by_source().items())


def pairs(table):
    return list(zip(table.column(0).to_pylist(), table.column(1).to_pylist()))


# ADBC


def test_adbc_executes_and_fetches_arrow(connection, by_source):
    with connection.cursor() as cursor:
        cursor.execute(COUNT)
        table = cursor.fetch_arrow_table()
    assert pairs(table) == by_source
    assert table.schema.types == [pyarrow.string(), pyarrow.int64()]


def test_adbc_fetches_rows_one_by_one_and_many(connection, by_source):
    with connection.cursor() as cursor:
        cursor.execute(COUNT)
        assert cursor.fetchone() == by_source[0]
        assert cursor.fetchmany(2) == by_source[1:3]
        assert cursor.fetchall() == by_source[3:]
        assert [column[0] for column in cursor.description] == ["source", "n"]


@pytest.mark.parametrize("marks", [("$1", "$2"), ("?", "?")], ids=["numbered", "question-marks"])
def test_adbc_binds_parameters(marks, connection, generated):
    sql = f"SELECT count(*) AS n FROM events WHERE source = {marks[0]} AND class_uid > {marks[1]}"
    with connection.cursor() as cursor:
        for source, records in generated.records_by_source().items():
            cursor.execute(sql, (source, 0))
            assert cursor.fetchall() == [(records,)]
        cursor.execute(sql, ("no_such_source", 0))
        assert cursor.fetchall() == [(0,)]


def test_adbc_binds_text_numbers_times_and_nulls(connection):
    with connection.cursor() as cursor:
        cursor.execute("SELECT $1 || '!' AS a, $2 + 1 AS b, coalesce($3, 'none') AS c", ("it's", 41, None))
        assert cursor.fetchall() == [("it's!", 42, "none")]
        first = pyarrow.scalar(1767225600000, pyarrow.timestamp("ms", "UTC"))
        bound = pyarrow.record_batch([pyarrow.array([first.as_py()], first.type)], names=["0"])
        cursor.execute("SELECT count(*) FROM events WHERE time >= $1", bound)
        everything = cursor.fetchone()[0]
        cursor.execute("SELECT count(*) FROM events")
        assert cursor.fetchone()[0] == everything


def test_adbc_repeats_a_prepared_statement(connection, generated):
    with connection.cursor() as cursor:
        cursor.adbc_prepare("SELECT count(*) FROM events WHERE source = $1")
        for source in generated.sources():
            cursor.execute("SELECT count(*) FROM events WHERE source = $1", (source,))
            assert cursor.fetchone()[0] == generated.records_by_source()[source]


def test_adbc_knows_the_columns_before_it_runs(connection):
    with connection.cursor() as cursor:
        schema = cursor.adbc_execute_schema("SELECT time, source, class_uid, answers_rdata FROM dns_activity")
        assert schema.names == ["time", "source", "class_uid", "answers_rdata"]
        assert schema.types == [pyarrow.timestamp("ms", "UTC"), pyarrow.string(), pyarrow.int32(), pyarrow.list_(pyarrow.string())]


@pytest.mark.parametrize("depth", ["catalogs", "db_schemas", "tables", "all"])
def test_adbc_gets_objects_to_each_depth(depth, connection):
    catalogs = connection.adbc_get_objects(depth=depth).read_all().to_pylist()
    assert [catalog["catalog_name"] for catalog in catalogs] == ["coldtrail"]
    schemas = catalogs[0]["catalog_db_schemas"]
    if depth == "catalogs":
        assert not schemas
        return
    names = {schema["db_schema_name"] for schema in schemas}
    assert {"ocsf", "system"} <= names
    ocsf = next(schema for schema in schemas if schema["db_schema_name"] == "ocsf")
    if depth == "db_schemas":
        assert not ocsf["db_schema_tables"]
        return
    tables = {table["table_name"]: table for table in ocsf["db_schema_tables"]}
    assert {"api_activity", "authentication", "network_activity", "observables", "events"} <= tables.keys()
    assert tables["events"]["table_type"] == "VIEW"
    columns = tables["api_activity"]["table_columns"]
    if depth == "tables":
        assert not columns
        return
    by_name = {column["column_name"]: column for column in columns}
    assert by_name["time"]["ordinal_position"] == 1
    assert "src_endpoint_ip" in by_name and "event_day" in by_name


def test_adbc_filters_objects(connection):
    found = connection.adbc_get_objects(depth="tables", db_schema_filter="oc%", table_name_filter="%endpoint%").read_all().to_pylist()
    assert all(not schema["db_schema_tables"] for catalog in found for schema in catalog["catalog_db_schemas"])
    found = connection.adbc_get_objects(depth="tables", db_schema_filter="ocsf", table_name_filter="dns_activity").read_all().to_pylist()
    assert [table["table_name"] for schema in found[0]["catalog_db_schemas"] for table in schema["db_schema_tables"]] == ["dns_activity"]


def test_adbc_gets_a_table_schema(connection):
    schema = connection.adbc_get_table_schema("authentication", db_schema_filter="ocsf")
    assert schema.field("is_mfa").type == pyarrow.bool_()
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM authentication LIMIT 0")
        assert cursor.fetch_arrow_table().schema.names == schema.names


def test_adbc_tells_who_serves(connection):
    info = connection.adbc_get_info()
    assert info["vendor_name"] == "Coldtrail"
    assert info["vendor_version"]


def test_adbc_says_what_is_wrong_with_a_statement(connection):
    with connection.cursor() as cursor, pytest.raises(adbc_driver_manager.Error, match="did you mean api_activity"):
        cursor.execute("SELECT * FROM api_activty")


def test_a_large_result_arrives_whole(server, generated):
    table = server.query("SELECT source_object, source_offset, raw_data FROM events")
    assert table.num_rows == generated.manifest["records"]
    places = set(zip(table.column(0).to_pylist(), table.column(1).to_pylist()))
    assert len(places) == table.num_rows
    assert table.column("raw_data").null_count == 0


def test_many_clients_are_served_at_once(server, by_source):
    def ask(_):
        with server.connect() as connection, connection.cursor() as cursor:
            cursor.execute(COUNT)
            return pairs(cursor.fetch_arrow_table())

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(16))) == [by_source] * 16


# Signing in


@pytest.mark.parametrize(("user", "password"), [(USER, "wrong"), ("nobody", "wrong"), (USER, ":")])
def test_a_wrong_password_is_refused(user, password, server):
    with pytest.raises(adbc_driver_manager.Error, match="(?i)unauth|password") as refused:
        with server.connect(user, password) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    assert server.password not in str(refused.value)


def test_nothing_is_served_without_signing_in(server):
    with flight.connect(server.uri) as client:
        with pytest.raises(flight.FlightUnauthenticatedError):
            list(client.list_flights())
        with pytest.raises(flight.FlightUnauthenticatedError):
            client.do_get(flight.Ticket(b"SELECT 1")).read_all()
        with pytest.raises(flight.FlightUnauthenticatedError):
            list(client.do_action(flight.Action("CreatePreparedStatement", b"")))


@pytest.mark.parametrize("padded", [True, False])
def test_basic_credentials_work_padded_and_unpadded(padded, server):
    token = base64.b64encode(f"{USER}:{server.password}".encode()).decode()
    header = token if padded else token.rstrip("=")
    options = flight.FlightCallOptions(headers=[(b"authorization", f"Basic {header}".encode())])
    with flight.connect(server.uri) as client:
        assert read(client, "SELECT 41 + 1 AS n", options).to_pylist() == [{"n": 42}]


# pyarrow.flight


def command(sql):
    """CommandStatementQuery in its protobuf wrapper, written by hand: a client that knows nothing of ADBC."""

    def field(number, data):
        size, encoded = len(data), b""
        while size >= 128:
            size, encoded = size >> 7, encoded + bytes([size & 127 | 128])
        return bytes([number << 3 | 2]) + encoded + bytes([size]) + data

    kind = b"type.googleapis.com/arrow.flight.protocol.sql.CommandStatementQuery"
    return field(1, kind) + field(2, field(1, sql.encode()))


def read(client, sql, options):
    info = client.get_flight_info(flight.FlightDescriptor.for_command(command(sql)), options)
    assert len(info.endpoints) == 1, "one endpoint, so that no client misses rows"
    assert info.endpoints[0].locations == [], "the result is where the client is connected"
    table = client.do_get(info.endpoints[0].ticket, options).read_all()
    assert table.schema.equals(info.schema)
    return table


def test_pyarrow_flight_signs_in_and_reads(server, by_source):
    with flight.connect(server.uri) as client:
        header = client.authenticate_basic_token(USER, server.password)
        assert header[1].startswith(b"Bearer ")
        options = flight.FlightCallOptions(headers=[header])
        assert pairs(read(client, COUNT, options)) == by_source
        empty = read(client, "SELECT time, source FROM events WHERE source = 'nothing'", options)
        assert (empty.num_rows, empty.schema.names) == (0, ["time", "source"])


def test_pyarrow_flight_refuses_a_wrong_password(server):
    with flight.connect(server.uri) as client, pytest.raises(flight.FlightUnauthenticatedError):
        client.authenticate_basic_token(USER, "wrong")


# Data frames


def test_pandas_reads_a_statement(connection, by_source):
    frame = pandas.read_sql(COUNT, connection)
    assert list(frame.itertuples(index=False, name=None)) == by_source
    frame = pandas.read_sql("SELECT time, src_endpoint_ip FROM authentication WHERE source = 'azure_entra' LIMIT 3", connection)
    assert len(frame) == 3 and str(frame["time"].dtype).startswith("datetime64")


def test_polars_reads_a_statement(connection, by_source):
    frame = polars.read_database(COUNT, connection)
    assert frame.rows() == by_source
    frame = polars.read_database("SELECT time, answers_rdata FROM dns_activity LIMIT 5", connection)
    assert frame.schema["answers_rdata"] == polars.List(polars.String)
    assert frame.height == 5


# flightsql-dbapi


def test_flightsql_dbapi_reads_through_its_cursor(server, by_source):
    host, _, port = server.address.rpartition(":")
    client = flightsql.FlightSQLClient(host=host, port=int(port), user=USER, password=server.password, insecure=True)
    cursor = flightsql.connect(client).cursor()
    cursor.execute(COUNT)
    assert [tuple(row) for row in cursor.fetchall()] == by_source
    assert [column[0] for column in cursor.description] == ["source", "n"]
    info = client.get_tables(include_schema=True)
    tables = client.do_get(info.endpoints[0].ticket).read_all()
    assert "dns_activity" in tables.column("table_name").to_pylist()


# Cancelling


@pytest.fixture(params=["local", "distributed"])
def busy_tier(request, node_with, generated):
    """A server of the test's own in each tier: whatever becomes of its work, it is killed at the end."""
    with node_with(COLDTRAIL_QUERY_TIER=request.param) as server:
        yield server
        server.process.kill()


def is_idle(server):
    """True if the server used next to no CPU for a moment."""
    before, began = server.cpu_seconds(), time.monotonic()
    time.sleep(0.2)  # the length of the measurement
    return server.cpu_seconds() - before < 0.2 * (time.monotonic() - began)


class InBackground:
    """A statement under way in a thread of its own, until the end of the block; its server may be gone by then."""

    def __init__(self, server, sql):
        self.server, self.sql = server, sql
        self.failure = None
        self.ended = threading.Event()

    def __enter__(self):
        self.connection = self.server.connect()
        self.cursor = self.connection.cursor()
        begin = self.server.cpu_seconds()
        threading.Thread(target=self.run, daemon=True).start()
        wait_for("the long work", lambda: self.server.cpu_seconds() - begin > 1.0 or self.ended.is_set(), 60)
        assert not self.ended.is_set(), f"the work was to be long: {self.failure}"
        return self

    def __exit__(self, *_):
        # Closing waits for the thread, which ends with the server at the latest.
        self.server.process.kill()
        self.ended.wait(10)
        for one in (self.cursor, self.connection):
            with contextlib.suppress(adbc_driver_manager.Error, RuntimeError):
                one.close()
            # The driver cannot close what the server no longer has, and must not try again while something else goes on.
            one._closed = True

    def run(self):
        try:
            self.cursor.execute(self.sql)
            self.cursor.fetch_arrow_table()
        except adbc_driver_manager.Error as error:
            self.failure = error
        finally:
            self.ended.set()


@pytest.mark.parametrize("sql", [LONG_SCAN, GROWING_JOIN], ids=["scan", "join"])
def test_cancelling_long_work_frees_the_cpu_within_two_seconds(sql, busy_tier):
    with InBackground(busy_tier, sql) as work:
        cancelled = time.monotonic()
        work.cursor.adbc_cancel()
        wait_for("the end of the work", lambda: is_idle(busy_tier), 10)
        seconds = time.monotonic() - cancelled
        print(f"the CPU was free {seconds:.2f} s after the cancel")
        assert seconds < 2.0
        assert work.ended.wait(10), "the client hears of it"
        assert work.failure and "cancel" in str(work.failure).lower()
        assert busy_tier.value("SELECT 1") == 1


@pytest.mark.parametrize("sql", [LONG_SCAN, GROWING_JOIN], ids=["scan", "join"])
def test_a_client_that_goes_away_frees_the_cpu(sql, busy_tier):
    client = flight.connect(busy_tier.uri)
    options = flight.FlightCallOptions(headers=[client.authenticate_basic_token(USER, busy_tier.password)])
    info = client.get_flight_info(flight.FlightDescriptor.for_command(command(sql)), options)
    begin = busy_tier.cpu_seconds()
    reader = client.do_get(info.endpoints[0].ticket, options)
    wait_for("the long work", lambda: busy_tier.cpu_seconds() - begin > 1.0, 60)
    reader.cancel()
    gone = time.monotonic()
    wait_for("the end of the work", lambda: is_idle(busy_tier), 10)
    assert time.monotonic() - gone < 2.0


def test_work_that_takes_too_long_is_ended(node_with):
    """`query.query_seconds_max` ends what nobody cancels."""
    with node_with(COLDTRAIL_QUERY_QUERY_SECONDS_MAX=3) as server:
        with pytest.raises(adbc_driver_manager.Error, match="query_"):
            server.query(LONG_SCAN)
        wait_for("the end of the work", lambda: is_idle(server), 10)


def test_stopping_the_server_ends_its_work(node_with):
    with node_with(COLDTRAIL_FLIGHT_DRAIN_TIMEOUT="1s") as server:
        with InBackground(server, LONG_SCAN) as work:
            server.process.terminate()
            assert server.process.wait(timeout=20) == 0
            assert work.ended.wait(10) and work.failure
