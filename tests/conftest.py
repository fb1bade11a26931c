"""Fixtures of the tests of actors and systems."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator

import pytest
from helpers import BTC, ETH, Desk, Recorder, Threads, system_of
from hypothesis import settings

from orderpit import TradingSystem

# How fast something is, no test says: on a machine that others use, too, an example may take long.
settings.register_profile("untimed", settings(), deadline=None)
settings.load_profile("untimed")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fault", type=int, metavar="ROW", help="run only the tests of this row of the fault catalogue")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    row = config.getoption("--fault")
    if row is None:
        return
    kept = [item for item in items if any(row in mark.args for mark in item.iter_markers("fault"))]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def threads() -> Iterator[Threads]:
    running = Threads()
    yield running
    running.stop()


@pytest.fixture
def troubles() -> Recorder:
    return Recorder()


@pytest.fixture
def system(troubles: Recorder) -> Iterator[TradingSystem]:
    with system_of(BTC, ETH, on_error=troubles) as running:
        yield running


@pytest.fixture
def eager_switching() -> Iterator[None]:
    """Let threads take turns every microsecond instead of every 5 ms: what can interleave, will."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.fixture
def at_once() -> Iterator[Recorder]:
    """Collects exceptions that end a thread, which would else be printed and forgotten."""
    raised = Recorder()
    before = threading.excepthook
    threading.excepthook = raised
    yield raised
    threading.excepthook = before
