"""The command line: help that teaches, formats that scripts read, exit codes as documented."""

import csv
import io
import json
import os
import re
import stat
import subprocess

import pyarrow.parquet as parquet
import pytest
from harness import DONE, FAILED, INCOMPLETE, WRONG_ARGUMENTS

COMMANDS = [
    ["demo"], ["serve"], ["generate"], ["normalize"], ["ingest"], ["sql"], ["segments"], ["lake"], ["lake", "verify"], ["lake", "clean"],
    ["user"], ["user", "set-password"], ["user", "list"], ["config"], ["completions"],
]  # fmt: skip
FIVE = "SELECT time, class_uid, source, query_hostname, answers_rdata FROM dns_activity ORDER BY time, source_object, source_offset LIMIT 5"


@pytest.fixture
def sql(server):
    """Runs `coldtrail sql` on the shared server."""

    def run(*arguments, **options):
        env = server.sql_env() | options.pop("env", {})
        return server.coldtrail.try_run("sql", *arguments, env=env, **options)

    return run


# Help


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_help_that_explains_each_option(command, coldtrail):
    page = coldtrail.run(*command, "--help").out
    assert page.splitlines()[0].strip(), "the first line says what it does"
    assert f"Usage: coldtrail {' '.join(command)}" in page
    # Every option has words of its own, beside it or below it.
    options = re.split(r"\n+(?=\s+(?:-\w, |    )?--)", page.partition("Options:")[2])[1:]
    assert options
    for option in options:
        words = re.sub(r"\[[^\]]*\]|<[^>]*>|-{1,2}[a-z-]+,?", "", option).split()
        assert len(words) >= 2, f"no explanation: {option!r}"


def test_help_names_every_command_and_the_exit_codes(coldtrail):
    page = coldtrail.run("--help").out
    for command in {command[0] for command in COMMANDS}:
        assert re.search(rf"^  {command}\s+\S", page, re.MULTILINE), command
    assert "Exit codes: 0 done, 1 failed, 2 wrong arguments, 3 done but some input could not be read." in page


def test_the_version_is_that_of_the_package(coldtrail):
    assert re.fullmatch(r"coldtrail \d+\.\d+\.\d+\S*\n", coldtrail.run("--version").out)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "elvish", "powershell"])
def test_completions_know_the_commands(shell, coldtrail):
    script = coldtrail.run("completions", shell).out
    assert all(command[0] in script for command in COMMANDS)
    if shell == "bash":
        subprocess.run(["bash", "-n"], input=script.encode(), check=True)


# Exit codes


def test_exit_codes_are_those_documented(coldtrail, generated, tmp_path):
    assert coldtrail.try_run("config", "--check").code == DONE
    assert coldtrail.try_run("ingest", tmp_path / "missing").code == FAILED
    assert coldtrail.try_run("ingest").code == WRONG_ARGUMENTS
    assert coldtrail.try_run("no-such-command").code == WRONG_ARGUMENTS
    assert coldtrail.try_run().code == WRONG_ARGUMENTS
    assert coldtrail.try_run("segments", "--table", "no_such_table").code == WRONG_ARGUMENTS
    (tmp_path / "noise").write_text("this is no log\n")
    assert coldtrail.try_run("ingest", tmp_path / "noise").code == INCOMPLETE
    assert coldtrail.try_run("normalize", tmp_path / "missing").code == INCOMPLETE


def test_a_closed_pipe_is_no_error(lake):
    command = " ".join(f"'{part}'" for part in lake.command("segments", "--json"))
    done = subprocess.run(["bash", "-c", f"set -o pipefail; {command} | head -1"], capture_output=True, env=lake.env(), check=False)
    assert (done.returncode, done.stderr) == (DONE, b"")


# sql


def test_sql_prints_a_table(sql):
    ran = sql(FIVE)
    assert ran.code == DONE, ran.err
    lines = ran.out.splitlines()
    assert lines[0].startswith("+--") and "query_hostname" in lines[1]
    assert len([line for line in lines if line.startswith("| 20")]) == 5


def test_sql_says_how_many_rows_a_table_leaves_out(sql, generated):
    ran = sql("SELECT source FROM events", "--rows-max", 3)
    assert ran.out.count("| ") == 4
    assert f"3 of {generated.manifest['records']} rows" in ran.out


def test_sql_prints_json_lines(sql, server):
    rows = [json.loads(line) for line in sql(FIVE, "--format", "json").out.splitlines()]
    wanted = server.query(FIVE).to_pylist()
    assert [row["query_hostname"] for row in rows] == [row["query_hostname"] for row in wanted]
    assert [row.get("answers_rdata") for row in rows] == [row["answers_rdata"] for row in wanted]


def test_sql_prints_csv(sql, server):
    rows = list(csv.DictReader(io.StringIO(sql(FIVE, "--format", "csv").out)))
    assert [row["query_hostname"] for row in rows] == server.query(FIVE).column("query_hostname").to_pylist()
    nothing = sql("SELECT source, time FROM events WHERE source = 'nothing'", "--format", "csv")
    assert nothing.out == "source,time\n"


def test_sql_writes_parquet_with_the_exact_types(sql, server, tmp_path):
    out = tmp_path / "five.parquet"
    assert sql(FIVE, "--format", "parquet", "--out", out).code == DONE
    wanted = server.query(FIVE)
    written = parquet.read_table(out)
    assert written.schema.types == wanted.schema.types
    assert written.to_pylist() == wanted.to_pylist()
    refused = sql(FIVE, "--format", "parquet")
    assert refused.code == FAILED and "--out" in refused.error_line()


def test_sql_reads_the_statement_from_standard_input(sql):
    ran = sql("--format", "csv", stdin="SELECT 41 + 1 AS n -- a comment\n")
    assert (ran.code, ran.out) == (DONE, "n\n42\n")


def test_sql_takes_the_password_from_a_file(sql, server, tmp_path):
    secret = tmp_path / "password"
    secret.write_text(server.password + "\n")
    ran = sql("SELECT 1 AS n", "--format", "csv", "--password-file", secret, env={"COLDTRAIL_PASSWORD": "wrong"})
    assert (ran.code, ran.out) == (DONE, "n\n1\n")


@pytest.mark.parametrize(
    ("env", "says"),
    [
        ({"COLDTRAIL_PASSWORD": "wrong"}, "password"),
        ({"COLDTRAIL_URL": "http://127.0.0.1:1"}, "could not reach http://127.0.0.1:1"),
        ({"COLDTRAIL_URL": "nonsense"}, "is not the address of a server"),
    ],
)
def test_sql_says_why_it_cannot_sign_in(env, says, sql):
    ran = sql("SELECT 1", env=env)
    assert ran.code == FAILED
    assert says in ran.error_line()


# generate, segments, config, user


def test_generate_writes_the_same_bytes_again(coldtrail, tmp_path):
    def written(name, *options):
        said = coldtrail.run("generate", tmp_path / name, "--days", 2, "--events", 500, "--json", *options).out
        return json.loads(said), {str(path.relative_to(tmp_path / name)): path.read_bytes() for path in (tmp_path / name).rglob("*") if path.is_file()}

    said, one = written("one")
    assert one == written("two")[1]
    assert one != written("other", "--seed", 2)[1]
    assert said["records"] == sum(file["records"] for file in said["files"])
    _, zeek = written("zeek", "--source", "zeek", "--quiet-days")
    assert {name.split("/")[0] for name in zeek} == {"zeek", "manifest.json", "ground_truth.json"}
    assert json.loads(zeek["ground_truth.json"])["steps"] == []


def test_segments_lists_what_system_segments_shows(server, lake):
    listed = lake.segments()
    shown = server.query("SELECT segment_id, table_name, event_day, path, rows, bytes, source, sha256 FROM system.segments").to_pylist()
    mine = sorted((s["id"], s["table"], s["day"], s["path"], s["rows"], s["bytes"], s["source"], s["sha256"]) for s in listed)
    assert mine == sorted((str(s["segment_id"]), s["table_name"], str(s["event_day"]), s["path"], s["rows"], s["bytes"], s["source"], s["sha256"]) for s in shown)
    for segment in listed:
        assert (lake.lake_folder / segment["path"]).stat().st_size == segment["bytes"]


def test_segments_can_be_narrowed(lake):
    listed = lake.segments()
    day = listed[0]["day"]
    narrowed = [json.loads(line) for line in lake.run("segments", "--json", "--table", "dns_activity", "--day", day).out.splitlines()]
    assert narrowed == [segment for segment in listed if (segment["table"], segment["day"]) == ("dns_activity", day)]
    assert f"{len(listed)} segments" in lake.run("segments").out


def test_config_shows_what_is_in_force(coldtrail, tmp_path):
    file = tmp_path / "coldtrail.toml"
    file.write_text('[query]\nmemory_bytes = 123456789\ntier = "local"\n')
    shown = coldtrail.run("--config", file, "config", env={"COLDTRAIL_QUERY_TIER": "distributed"}).out
    assert "123456789" in shown
    assert '"distributed"' in shown, "the environment wins over the file"
    assert coldtrail.run("--config", file, "config", "--check").out == ""


def test_a_configuration_file_beside_the_command_is_read(coldtrail):
    (coldtrail.folder / "coldtrail.toml").write_text("[query]\nmemory_bytes = 987654321\n")
    assert "987654321" in coldtrail.run("config").out


def test_set_password_makes_a_user_who_can_sign_in(coldtrail):
    password = coldtrail.run("user", "set-password", "ada").out.strip().splitlines()[-1]
    assert coldtrail.run("user", "list").out.split() == ["ada", "hunter"] or "ada" in coldtrail.run("user", "list").out.split()
    users = coldtrail.data_folder / "users.toml"
    assert stat.S_IMODE(os.stat(users).st_mode) == 0o600
    assert password not in users.read_text(), "only a hash is kept"
    coldtrail.password = password
    with coldtrail.serve() as server:
        with server.connect("ada", password) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            assert cursor.fetchone() == (1,)
