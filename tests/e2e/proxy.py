"""Stands between Coldtrail and a store: it counts, and it misbehaves when a test says so."""

from __future__ import annotations

import http.client
import random
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# What can become of a request. CUT is half an answer, and from then on nobody listens.
PASS, BUSY, REFUSE, HANG, CUT = "pass", "busy", "refuse", "hang", "cut"

BUSY_BODY = b"<?xml version='1.0'?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
REFUSE_BODY = b"<?xml version='1.0'?><Error><Code>AuthenticationRequired</Code><Message>Authentication required.</Message></Error>"


@dataclass(frozen=True)
class Request:
    """A request as Coldtrail sent it."""

    method: str
    path: str
    headers: dict[str, str]


@dataclass(frozen=True)
class Answer:
    """An answer as the store gave it."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


Decide = Callable[[Request], str]


def always(what: str) -> Decide:
    return lambda request: what


def busy(share: float, seed: int) -> Decide:
    """Answers 503 to that share of the requests, in bursts as long as chance makes them."""
    chance = random.Random(seed)
    return lambda request: BUSY if chance.random() < share else PASS


def gone_after(reads: int) -> Decide:
    """Lets so many reads pass; the next one is the store's last."""
    left = iter([PASS] * reads)
    return lambda request: next(left, CUT) if request.method == "GET" else PASS


class Quirks:
    """How an emulator differs from the real store; here it does not."""

    def asked(self, request: Request) -> Request:
        return request

    def answered(self, request: Request, answer: Answer) -> Answer:
        return answer


class Proxy:
    """Listens on a port of its own and passes everything on until `decide` says otherwise."""

    def __init__(self, store_port: int, quirks: Quirks) -> None:
        self.store_port, self.quirks = store_port, quirks
        self.decide: Decide = always(PASS)
        self.seen: list[tuple[Request, str]] = []
        self.open, self.open_max = 0, 0
        self.lock = threading.Lock()
        self.port = 0
        self.listen()

    def listen(self) -> None:
        """Starts to listen, after a stop on the same port as before."""
        self.stopped = threading.Event()
        self.sockets: set[socket.socket] = set()
        self.server = Listener(("127.0.0.1", self.port), Handler)
        self.server.proxy = self
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self) -> None:
        """Ends every connection; whoever comes now is refused."""
        with self.lock:
            if self.stopped.is_set():
                return
            self.stopped.set()
            sockets = list(self.sockets)
        self.server.shutdown()
        self.server.server_close()
        for one in sockets:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # the client was faster

    def count(self, what: str) -> int:
        """How many requests that became of."""
        with self.lock:
            return sum(1 for _, became in self.seen if became == what)

    def begin(self, request: Request) -> str:
        with self.lock:
            what = self.decide(request)
            self.seen.append((request, what))
            self.open += 1
            self.open_max = max(self.open_max, self.open)
            return what

    def end(self) -> None:
        with self.lock:
            self.open -= 1

    def ask_store(self, request: Request, body: bytes) -> Answer:
        asked = self.quirks.asked(request)
        store = http.client.HTTPConnection("127.0.0.1", self.store_port, timeout=30)
        try:
            store.putrequest(asked.method, asked.path, skip_host=True, skip_accept_encoding=True)
            for name, value in asked.headers.items():
                store.putheader(name, value)
            store.endheaders(body or None)
            response = store.getresponse()
            return self.quirks.answered(request, Answer(response.status, response.getheaders(), response.read()))
        finally:
            store.close()


class Listener(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    proxy: Proxy

    def handle_error(self, request: object, client_address: object) -> None:
        """A connection that is cut is what a test wants."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Listener

    def setup(self) -> None:
        super().setup()
        with self.server.proxy.lock:
            self.server.proxy.sockets.add(self.connection)

    def finish(self) -> None:
        with self.server.proxy.lock:
            self.server.proxy.sockets.discard(self.connection)
        super().finish()

    def pass_on(self) -> None:
        proxy = self.server.proxy
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        request = Request(self.command, self.path, dict(self.headers.items()))
        what = proxy.begin(request)
        try:
            if what == BUSY:
                self.answer(Answer(503, [("content-type", "application/xml")], BUSY_BODY))
            elif what == REFUSE:
                self.answer(Answer(401, [("content-type", "application/xml")], REFUSE_BODY))
            elif what == HANG:
                proxy.stopped.wait(timeout=60)
                self.close_connection = True
            else:
                answer = proxy.ask_store(request, body)
                self.answer(answer, is_cut=what == CUT)
        finally:
            proxy.end()
        if what == CUT:
            self.close_connection = True
            proxy.stop()

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = pass_on

    def answer(self, answer: Answer, is_cut: bool = False) -> None:
        has_body = self.command != "HEAD" and answer.status not in (204, 304)
        left_out = {"connection", "transfer-encoding", "keep-alive"} | ({"content-length"} if has_body else set())
        self.send_response_only(answer.status)
        for name, value in answer.headers:
            if name.lower() not in left_out:
                self.send_header(name, value)
        if has_body:
            self.send_header("content-length", str(len(answer.body)))
        self.end_headers()
        if has_body:
            self.wfile.write(answer.body[: len(answer.body) // 2] if is_cut else answer.body)

    def log_message(self, format: str, *arguments: object) -> None:
        """What came is in `Proxy.seen`."""
