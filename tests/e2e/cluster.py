"""A cluster of real processes on loopback addresses, over mutual TLS."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

from harness import Coldtrail, Server, die_with_parent, stop, wait_for

# A leader that is gone is replaced in about two seconds, also on a busy machine.
ELECTIONS = {"heartbeat_ms": 200, "election_timeout_min_ms": 1000, "election_timeout_max_ms": 1800}


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


class Node:
    """One process of the cluster, with a configuration and a data folder of its own."""

    def __init__(self, cluster: Cluster, name: str, role: str) -> None:
        self.cluster, self.name, self.role = cluster, name, role
        self.folder = cluster.folder / name
        self.folder.mkdir()
        self.address = f"127.0.0.1:{free_port()}"
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
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.cluster.env(), preexec_fn=die_with_parent)

    @property
    def log(self) -> str:
        return (self.folder / f"log-{self.starts}").read_text()

    def is_up(self) -> bool:
        assert self.process.poll() is None, f"{self.name} ended with {self.process.returncode}:\n{self.log}"
        return ("Attached" if self.role == "executor" else "Serving SQL") in self.log

    def ready(self) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://{self.health}/readyz", timeout=5) as answer:
                return answer.status, answer.read().decode().strip()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode().strip()

    def listening(self) -> list[str]:
        """The addresses on which the process listens, as the kernel says."""
        held = {os.readlink(fd) for fd in Path(f"/proc/{self.process.pid}/fd").iterdir()}
        found = []
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
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
        return Server(self.cluster.client, self.process, self.flight, self.cluster.password, self.folder / f"log-{self.starts}")

    def ingest(self, *locations) -> dict:
        done = subprocess.run(self.command("ingest", "--json", *locations), capture_output=True, text=True, timeout=300, env=self.cluster.env())
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def status(self) -> dict:
        done = subprocess.run(self.command("cluster", "status", "--json"), capture_output=True, text=True, timeout=30)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


class Cluster:
    def __init__(self, binary: Path, folder: Path, schedulers: int, executors: int, tier: str = "auto", lake: str | None = None, environment: dict[str, str] | None = None) -> None:
        self.binary, self.folder, self.lake, self.tier = binary, folder, lake or folder / "lake", tier
        self.environment = environment or {}
        self.certs = folder / "certs"
        self.schedulers: list[Node] = []
        self.schedulers = [Node(self, f"n{number}", "scheduler") for number in range(schedulers)]
        self.executors = [Node(self, f"e{number}", "executor") for number in range(executors)]
        self.client = Coldtrail(binary, folder / "client")
        names = [node.name for node in self.nodes]
        self.client.run("cluster", "certs", self.certs, *names, "--also", "127.0.0.1")
        for node in self.nodes:
            node.configure()
        made = subprocess.run(self.schedulers[0].command("user", "set-password", "hunter"), capture_output=True, text=True, check=True)
        self.password = self.client.password = made.stdout.strip()
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
        self.client.run("cluster", "certs", self.certs, node.name, "--also", "127.0.0.1")
        node.configure()
        node.start()
        return node

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

    def leader(self) -> Node:
        """The node that leads, as a node that runs sees it."""

        def look() -> Node | None:
            for node in self.running():
                done = subprocess.run(node.command("cluster", "status", "--json"), capture_output=True, text=True, timeout=30)
                if done.returncode != 0:
                    continue
                status = json.loads(done.stdout)
                addresses = [found["address"] for found in status["nodes"] if found["leads"]]
                for other in self.running():
                    if other.address in addresses:
                        return other
            return None

        return wait_for("a leader", look, 30)


@contextmanager
def cluster(binary: Path, folder: Path, schedulers: int, executors: int, **options):
    made = Cluster(binary, folder, schedulers, executors, **options)
    try:
        made.start()
        yield made
    finally:
        for node in made.nodes:
            if node.process and node.process.poll() is None:
                node.unpause()
                node.process.kill()
                node.process.wait()
