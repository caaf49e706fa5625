"""A cluster of real processes over mutual TLS: on loopback addresses, or each on a host of its own (`wire.Wire`)."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pyarrow
from harness import Coldtrail, Server, die_with_parent, stop, wait_for
from pyarrow import parquet
from wire import Host, Wire

Given = TypeVar("Given")

# A leader that is gone is replaced in about two seconds, also on a busy machine.
ELECTIONS = {"heartbeat_ms": 200, "election_timeout_min_ms": 1000, "election_timeout_max_ms": 1800}


# Below those that the kernel gives to whoever connects: a node that starts again must find its port free.
PORTS = range(20_000, 32_000)
TAKEN: set[int] = set()


def free_port() -> int:
    while True:
        port = random.SystemRandom().choice(PORTS)
        with socket.socket() as found, contextlib.suppress(OSError):
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            found.bind(("0.0.0.0", port))
            if port not in TAKEN:
                TAKEN.add(port)
                return port


class Node:
    """One process of the cluster, with a configuration and a data folder of its own."""

    def __init__(self, cluster: Cluster, name: str, role: str) -> None:
        self.cluster, self.name, self.role = cluster, name, role
        self.folder = cluster.folder / name
        self.folder.mkdir()
        self.host: Host | None = cluster.wire.host(name) if cluster.wire else None
        self.ip = self.host.ip if self.host else "127.0.0.1"
        # What only this node's processes have in their environment.
        self.environment: dict[str, str] = {}
        self.address = f"{self.ip}:{free_port()}"
        self.flight = f"127.0.0.1:{free_port()}"
        self.health = f"127.0.0.1:{free_port()}"
        self.process: subprocess.Popen | None = None
        self.starts = 0

    @property
    def data_folder(self) -> Path:
        return self.folder / "data"

    def command(self, *arguments) -> list[str]:
        return [str(self.cluster.binary), "--config", str(self.folder / "coldtrail.toml"), *map(str, arguments)]

    def configure(self) -> None:
        peers = json.dumps([node.address for node in self.cluster.schedulers])
        certs = self.cluster.certs
        settings = [
            f'data_folder = "{self.data_folder}"',
            f'lake = "{self.cluster.lake}"',
            f'users_file = "{self.cluster.folder / "users.toml"}"',
            "[cluster]",
            f'address = "{self.address}"',
            # On every address of the machine: what listens beyond loopback must be a link.
            f'bind = "0.0.0.0:{self.address.rpartition(":")[2]}"',
            f"peers = {peers}",
            f'secret_file = "{certs / "cluster.secret"}"',
            f'tls_ca = "{certs / "ca.pem"}"',
            f'tls_certificate = "{certs / self.name}.pem"',
            f'tls_key = "{certs / self.name}-key.pem"',
            *(f"{name} = {value}" for name, value in ELECTIONS.items()),
            "[health]",
            f'bind = "{self.health}"',
            "[flight]",
            f'bind = "{self.flight}"',
            'drain_timeout = "1s"',
            "[query]",
            "vcores = 2",
            f'tier = "{self.cluster.tier}"',
            "[runs]",
            "slices_target = 40",
            "slice_bytes_min = 1",
        ]
        (self.folder / "coldtrail.toml").write_text("\n".join(settings) + "\n")

    def start(self) -> None:
        self.starts += 1
        log = (self.folder / f"log-{self.starts}").open("wb")
        command = self.command("serve", "--role", self.role)
        env = self.cluster.env() | self.environment
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env, preexec_fn=self.settle)

    def settle(self) -> None:
        """What a process of this node does before it begins."""
        die_with_parent()
        if self.host:
            self.host.enter()

    def here(self, action: Callable[[], Given]) -> Given:
        """Does something on this node's host."""
        return self.host.here(action) if self.host else action()

    def try_run(self, *arguments, timeout: float = 300) -> subprocess.CompletedProcess[str]:
        """Runs a command with this node's configuration, whatever its exit code."""
        enter = self.host.enter if self.host else None
        command = self.command(*arguments)
        return subprocess.run(command, capture_output=True, text=True, timeout=timeout, env=self.cluster.env(), preexec_fn=enter, stdin=subprocess.DEVNULL)

    def run(self, *arguments, timeout: float = 300) -> str:
        """Runs a command that must succeed."""
        done = self.try_run(*arguments, timeout=timeout)
        assert done.returncode == 0, f"{arguments} at {self.name}: {done.stderr}"
        return done.stdout

    @property
    def log(self) -> str:
        return (self.folder / f"log-{self.starts}").read_text()

    def is_up(self) -> bool:
        assert self.process.poll() is None, f"{self.name} ended with {self.process.returncode}:\n{self.log}"
        return ("Attached" if self.role == "executor" else "Serving SQL") in self.log

    def ready(self) -> tuple[int, str]:
        def ask() -> tuple[int, str]:
            try:
                with urllib.request.urlopen(f"http://{self.health}/readyz", timeout=5) as answer:
                    return answer.status, answer.read().decode().strip()
            except urllib.error.HTTPError as error:
                return error.code, error.read().decode().strip()

        return self.here(ask)

    def listening(self) -> list[str]:
        """The addresses on which the process listens, as the kernel says."""
        held = {os.readlink(fd) for fd in Path(f"/proc/{self.process.pid}/fd").iterdir()}
        found = []
        for line in Path(f"/proc/{self.process.pid}/net/tcp").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in held:
                address, port = fields[1].split(":")
                found.append(f"{socket.inet_ntoa(bytes.fromhex(address)[::-1])}:{int(port, 16)}")
        return found

    def kill(self) -> None:
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def pause(self) -> None:
        os.kill(self.process.pid, signal.SIGSTOP)

    def unpause(self) -> None:
        os.kill(self.process.pid, signal.SIGCONT)

    def stop(self) -> int:
        return stop(self.process)

    @property
    def server(self) -> Server:
        """What tests ask this node with."""
        log = self.folder / f"log-{self.starts}"
        if self.host is None:
            return Server(self.cluster.client, self.process, self.flight, self.cluster.password, log)
        client = ClientAtHost(self.cluster.binary, self.cluster.folder / "client", password=self.cluster.password, host=self.host)
        return ServerAtHost(client, self.process, self.flight, self.cluster.password, log)

    def ingest(self, *locations) -> dict:
        return json.loads(self.run("ingest", "--json", *locations))

    def status(self) -> dict:
        return json.loads(self.run("cluster", "status", "--json", timeout=30))


@dataclass
class ClientAtHost(Coldtrail):
    """The binary as a client that runs on a host of the wire."""

    host: Host | None = None

    def try_run(self, *arguments, **options):
        return super().try_run(*arguments, preexec_fn=self.host.enter, **options)


@dataclass
class ServerAtHost(Server):
    """A server on a host of the wire, asked with the command line from there."""

    def query(self, sql: str, parameters: object = None) -> pyarrow.Table:
        assert parameters is None, "the command line takes no parameters"
        with tempfile.NamedTemporaryFile(suffix=".parquet") as out:
            self.coldtrail.run("sql", sql, "--format", "parquet", "--out", out.name, env=self.sql_env())
            return parquet.read_table(out.name)


class Cluster:
    def __init__(self, binary: Path, folder: Path, schedulers: int, executors: int, tier: str = "auto", lake: str | None = None, environment: dict[str, str] | None = None, wire: Wire | None = None) -> None:
        self.binary, self.folder, self.lake, self.tier = binary, folder, lake or folder / "lake", tier
        self.environment, self.wire = environment or {}, wire
        self.certs = folder / "certs"
        self.schedulers: list[Node] = []
        self.schedulers = [Node(self, f"n{number}", "scheduler") for number in range(schedulers)]
        self.executors = [Node(self, f"e{number}", "executor") for number in range(executors)]
        self.client = Coldtrail(binary, folder / "client")
        for node in self.nodes:
            self.certify(node)
        for node in self.nodes:
            node.configure()
        self.password = self.client.password = self.schedulers[0].run("user", "set-password", "hunter").strip()
        self.dice = random.Random(20261124)

    def env(self) -> dict[str, str]:
        """The environment of every process, without settings of whoever runs the tests."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("COLDTRAIL_")}
        return clean | self.environment

    @property
    def nodes(self) -> list[Node]:
        return self.schedulers + self.executors

    def add_executor(self) -> Node:
        node = Node(self, f"e{len(self.executors)}", "executor")
        self.executors.append(node)
        self.certify(node)
        node.configure()
        node.start()
        return node

    def certify(self, node: Node) -> None:
        self.client.run("cluster", "certs", self.certs, node.name, "--also", node.ip)

    def start(self) -> None:
        for node in self.nodes:
            node.start()
        self.wait()

    def wait(self) -> None:
        for node in self.nodes:
            if node.process.poll() is None:
                wait_for(f"the start of {node.name}", node.is_up, 60)

    def running(self) -> list[Node]:
        return [node for node in self.schedulers if node.process and node.process.poll() is None]

    def leader(self, asked: list[Node] | None = None, seconds_max: float = 30) -> Node:
        """The node that leads, as a node that runs sees it; or one of those that are `asked`."""

        def look() -> Node | None:
            for node in asked or self.running():
                done = node.try_run("cluster", "status", "--json", timeout=30)
                if done.returncode != 0:
                    continue
                status = json.loads(done.stdout)
                addresses = [found["address"] for found in status["nodes"] if found["leads"]]
                for other in self.running():
                    if other.address in addresses:
                        return other
            return None

        return wait_for("a leader", look, seconds_max)


@contextmanager
def cluster(binary: Path, folder: Path, schedulers: int, executors: int, prepare: Callable[[Cluster], None] | None = None, **options):
    """A running cluster, which ends with the block; `prepare` is done before its nodes start for the first time."""
    made = Cluster(binary, folder, schedulers, executors, **options)
    try:
        if prepare:
            prepare(made)
        made.start()
        yield made
    finally:
        for node in made.nodes:
            if node.process and node.process.poll() is None:
                node.unpause()
                node.process.kill()
                node.process.wait()
