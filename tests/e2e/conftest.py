"""The object stores of this machine, each started once and only if a test asks for it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import pytest
import stores
from proxy import Proxy


@pytest.fixture(scope="session")
def start_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], stores.Store]]:
    """Starts a kind of store, or says why it cannot be had here."""
    started: dict[str, stores.Store] = {}
    with contextlib.ExitStack() as stack:

        def start(kind: str) -> stores.Store:
            if kind not in started:
                started[kind] = stack.enter_context(stores.KINDS[kind](tmp_path_factory.mktemp(kind)))
            return started[kind]

        yield start


@pytest.fixture
def through() -> Iterator[Callable[[stores.Store], Proxy]]:
    """Puts a proxy before a store; ended, whatever happens, with the test."""
    with contextlib.ExitStack() as stack:

        def start(store: stores.Store) -> Proxy:
            proxy = Proxy(store.port, store.quirks)
            stack.callback(proxy.stop)
            return proxy

        yield start
