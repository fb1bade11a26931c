"""How a test drives a system that its caller moves: holding it still, and letting time pass."""

from __future__ import annotations

import contextlib

import pykka

from ..actors.scheduler import NANOSECONDS
from ..actors.stepped import SteppedRuntime
from ..actors.system import TradingSystem
from ..model.errors import InvalidConfiguration


def held(system: TradingSystem) -> contextlib.AbstractContextManager[None]:
    """Let nobody move until the end of the block: what is sent within it is under way at once.

        with held(system):
            system.publish(quote)
            system.cancel(order_id)

    Raises:
        InvalidConfiguration: for a system that runs on threads.
    """
    return stepped_runtime(system).held()


def let_pass(system: TradingSystem, seconds: float) -> None:
    """Let time pass, virtual time on the stepped runtime, and what falls due happen."""
    runtime = system._runtime  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    if runtime.in_data_time:
        until = runtime.now_ns() + int(seconds * NANOSECONDS)
        while runtime.pass_time(until):
            runtime.settle()
        return
    # Nobody sets it.
    with contextlib.suppress(pykka.Timeout):
        runtime.future().get(timeout=seconds)
    runtime.settle()


def stepped_runtime(system: TradingSystem) -> SteppedRuntime:
    """Return the runtime of a system that is moved by its caller.

    Raises:
        InvalidConfiguration: for another.
    """
    runtime = system._runtime  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    if not isinstance(runtime, SteppedRuntime):
        raise InvalidConfiguration.of("runtime", "threads", "must be stepped")
    return runtime
