"""The pytest plugin of orderpit. It stands beside the package, so that pytest loads no part of that until a test asks.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import TYPE_CHECKING, cast

import pytest

if TYPE_CHECKING:
    from orderpit import TradingSystem
    from orderpit.testing.plugin import Chaos, Interleavings

SCENARIOS = (
    "lost request", "lost ack", "duplicate reports", "reordered reports", "fill before ack", "late fill",
    "fill races cancel", "fill races modify", "fill races expiry", "overfill", "fill for an unknown order", "bust",
    "correction", "cancel rejected", "modify rejected", "wrong price in an ack",
    "other content under an execution id", "disconnect", "restart with loss of orders", "clock skew", "slow venue",
    "rate limit", "market closed",
)  # fmt: skip
"""The names in orderpit.testing.SCENARIOS, which is not loaded yet when pytest collects."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("orderpit", "bots under every interleaving (orderpit)")
    group.addoption("--orderpit-seeds", type=int, metavar="N", help="run N seeds wherever a test runs seeds of a bot")
    group.addoption("--orderpit-replay", metavar="RUN", help="run only what a failure named, like seed=17;3,7-9;12:1")


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """End a test where the run that it was to replay has held, and fail it where it has not come to that run."""
    wanted = pyfuncitem.config.getoption("--orderpit-replay")
    if wanted is None or "interleavings" not in pyfuncitem.fixturenames:
        return (yield)
    from orderpit.testing.plugin import ReplayHeld  # noqa: PLC0415

    try:
        done = yield
    except ReplayHeld:
        return True
    if not cast("Interleavings", pyfuncitem.funcargs["interleavings"]).has_replayed:
        pytest.fail(f"nothing was replayed: {wanted!r} names a run that this test does not have", pytrace=False)
    return done


@pytest.fixture
def interleavings(request: pytest.FixtureRequest) -> Interleavings:
    """Run a bot through many seeds, or through the schedules of a race: .seeds(), .race(), .races(), .scenarios()."""
    from orderpit.testing.plugin import Interleavings  # noqa: PLC0415  # not before a test asks

    return Interleavings(request)


@pytest.fixture(params=SCENARIOS)
def chaos(request: pytest.FixtureRequest) -> Chaos:
    """Run the test once for each scenario: calling it makes the exchange with that scenario's faults."""
    from orderpit.testing.plugin import Chaos  # noqa: PLC0415

    return Chaos(request.param)


@pytest.fixture
def stepped_system() -> Iterator[Callable[..., TradingSystem]]:
    """Make systems that run on this thread under a schedule drawn from a seed; each is stopped after the test."""
    from orderpit.testing.plugin import Systems  # noqa: PLC0415

    systems = Systems()
    yield systems
    systems.stop()
