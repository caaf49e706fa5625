"""Hosts with a network of their own each, and a wire between them that cuts, loses and delays what a test says.

Every host is a network namespace whose only way out is a TUN device. The other end is held here: each packet between hosts passes through
`Wire._carry`, so a fault is a rule for a pair of hosts and a direction, the dice are seeded, and the kernel needs no module for it. The
addresses are of 192.0.2.0/24, which is nobody's. Nothing leads out of the namespaces, and they vanish with this process. Needs Linux and root.
"""

from __future__ import annotations

import ctypes
import fcntl
import heapq
import os
import random
import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

import pytest

Given = TypeVar("Given")

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000
TUNSETIFF, IFF_TUN, IFF_NO_PI, IFF_UP = 0x400454CA, 0x0001, 0x1000, 0x1
SIOCGIFFLAGS, SIOCSIFFLAGS, SIOCSIFADDR, SIOCSIFNETMASK, SIOCSIFMTU = 0x8913, 0x8914, 0x8916, 0x891C, 0x8922
DEVICE, MTU = "wire0", 9000


def must(result: int) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def skip_without_namespaces() -> None:
    """Says why there can be no hosts here."""
    try:
        Host("probe", "192.0.2.1").close()
    except OSError as error:
        pytest.skip(f"hosts with networks of their own need Linux and root: {error}")


class Host:
    """A network namespace with a loopback device and an address on the wire."""

    def __init__(self, name: str, ip: str) -> None:
        self.name, self.ip = name, ip
        made: dict[str, int] = {}
        failed: list[OSError] = []

        def make() -> None:
            try:
                must(LIBC.unshare(CLONE_NEWNET))
                made["namespace"] = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
                made["device"] = open_device(ip)
            except OSError as error:
                failed.append(error)

        # Only the thread that asks for it moves into the namespace.
        thread = threading.Thread(target=make)
        thread.start()
        thread.join()
        if failed:
            for fd in made.values():
                os.close(fd)
            raise failed[0]
        self.namespace, self.device = made["namespace"], made["device"]

    def enter(self) -> None:
        """Moves the calling thread, or a process before it starts its program, to this host."""
        must(LIBC.setns(self.namespace, CLONE_NEWNET))

    def here(self, action: Callable[[], Given]) -> Given:
        """Does something as this host would: sockets that it opens are of this host."""
        given: list[Given] = []
        failed: list[Exception] = []

        def act() -> None:
            try:
                self.enter()
                given.append(action())
            except Exception as error:  # noqa: BLE001 (it is raised again where it was asked for)
                failed.append(error)

        thread = threading.Thread(target=act)
        thread.start()
        thread.join()
        if failed:
            raise failed[0]
        return given[0]

    def close(self) -> None:
        os.close(self.device)
        os.close(self.namespace)


def open_device(ip: str) -> int:
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", DEVICE.encode(), IFF_TUN | IFF_NO_PI))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        for request, address in ((SIOCSIFADDR, ip), (SIOCSIFNETMASK, "255.255.255.0")):
            fcntl.ioctl(asking, request, struct.pack("16sHH4s8x", DEVICE.encode(), socket.AF_INET, 0, socket.inet_aton(address)))
        fcntl.ioctl(asking, SIOCSIFMTU, struct.pack("16si12x", DEVICE.encode(), MTU))
        for name in (DEVICE, "lo"):
            (flags,) = struct.unpack("16xH22x", fcntl.ioctl(asking, SIOCGIFFLAGS, struct.pack("16s24x", name.encode())))
            fcntl.ioctl(asking, SIOCSIFFLAGS, struct.pack("16sH22x", name.encode(), flags | IFF_UP))
    return device


@dataclass(frozen=True)
class Rule:
    """What becomes of the packets from one host to another."""

    loss: float = 0.0
    delay_s: float = 0.0


CUT = Rule(loss=1.0)


@dataclass
class Wire:
    """The hosts, and what is wrong between them. Everything passes until a rule says otherwise."""

    seed: int
    hosts: dict[str, Host] = field(default_factory=dict)
    carried: int = 0
    lost: int = 0

    def __post_init__(self) -> None:
        self._dice = random.Random(self.seed)
        self._rules: dict[tuple[bytes, bytes], Rule] = {}
        self._devices: dict[bytes, int] = {}
        self._later: list[tuple[float, int, int, bytes]] = []
        self._sequence = 0
        self._poll = select.epoll()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def host(self, name: str) -> Host:
        """The host of that name, made at the first call."""
        if name not in self.hosts:
            made = self.hosts[name] = Host(name, f"192.0.2.{10 + len(self.hosts)}")
            self._devices[socket.inet_aton(made.ip)] = made.device
            self._poll.register(made.device, select.EPOLLIN)
        return self.hosts[name]

    def set(self, rule: Rule, sources: Iterable[str], targets: Iterable[str]) -> None:
        """Gives the packets from these hosts to those a rule; the way back is another matter."""
        targets = list(targets)
        for source in sources:
            for target in targets:
                if source != target:
                    self._rules[self._address(source), self._address(target)] = rule

    def set_all(self, rule: Rule) -> None:
        self.set(rule, self.hosts, self.hosts)

    def isolate(self, name: str) -> None:
        """Nothing comes from a host, and nothing comes to it."""
        self.mute(name)
        self.deafen(name)

    def mute(self, name: str) -> None:
        """Nobody hears a host, which hears all."""
        self.set(CUT, [name], self.hosts)

    def deafen(self, name: str) -> None:
        """A host hears nobody, and all hear it."""
        self.set(CUT, self.hosts, [name])

    def heal(self) -> None:
        self._rules.clear()

    def close(self) -> None:
        self._stopped.set()
        self._thread.join()
        self._poll.close()
        for host in self.hosts.values():
            host.close()

    def _address(self, name: str) -> bytes:
        return socket.inet_aton(self.hosts[name].ip)

    def _work(self) -> None:
        while not self._stopped.is_set():
            wait_s = 0.05
            if self._later:
                wait_s = min(wait_s, max(0.0, self._later[0][0] - time.monotonic()))
            for device, _ in self._poll.poll(wait_s):
                try:
                    self._carry(os.read(device, 65536))
                except OSError:
                    continue  # another look found nothing to read
            while self._later and self._later[0][0] <= time.monotonic():
                _, _, device, packet = heapq.heappop(self._later)
                self._deliver(device, packet)

    def _carry(self, packet: bytes) -> None:
        if packet[0] >> 4 != 4:
            return
        source, target = packet[12:16], packet[16:20]
        device = self._devices.get(target)
        if device is None:
            return
        rule = self._rules.get((source, target))
        if rule is None:
            self._deliver(device, packet)
        elif rule.loss and self._dice.random() < rule.loss:
            self.lost += 1
        else:
            self._sequence += 1
            heapq.heappush(self._later, (time.monotonic() + rule.delay_s, self._sequence, device, packet))

    def _deliver(self, device: int, packet: bytes) -> None:
        self.carried += 1
        try:
            os.write(device, packet)
        except OSError:
            self.lost += 1  # its queue is full, as on any network
