"""An exchange that misbehaves as its faults say, in front of any other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

import attrs

from ...actors import checks
from ...actors.exchange import Exchange, ExchangeActor, ExchangeDescription, Surroundings
from ...actors.runtime import Runtime
from ...actors.scheduler import NANOSECONDS
from ...actors.simulated_exchange import SimulatedExchange
from ...actors.system import TradingSystem
from ...actors.venue import Venue
from ...model.errors import InvalidConfiguration
from ...model.numbers import whole
from ...model.records import is_awaited
from ..driving import let_pass
from .actor import AdaptedChaosActor, SimulatedChaosActor
from .faults import Faults
from .tables import ChaosBooks, ChaosCounts, Heal, Storm
from .truth import Truth

_SIMULATED: Final = SimulatedExchange()
_NO_FAULTS: Final = Faults.none()
_PAUSE: Final = 0.25
_BOUND: Final = 20.0


def _inner(inner: SimulatedExchange | Venue | Exchange) -> SimulatedExchange | Venue | Exchange:
    # Not isinstance(), which asks the value itself for its class, and that may answer with an error.
    if not issubclass(type(inner), SimulatedExchange | Venue):
        checks.must_be_an_exchange("inner", inner)
    return inner


def _faults(faults: Faults) -> Faults:
    if type(faults) is not Faults:
        raise InvalidConfiguration.of("faults", faults, "must be Faults")
    return faults


def _seed(value: int) -> int:
    return whole("seed", value, InvalidConfiguration)


@attrs.define
class _Past:
    """What has truly been done, and who gives ids to it: kept where the venue outlives its systems."""

    truth: Truth = attrs.field(factory=Truth)
    next_id: Callable[[], str] | None = None


@attrs.frozen(kw_only=True)
class ChaosExchange(ExchangeDescription):
    """An exchange in front of another one, which does what its faults say.

    What it executes, declares void and corrects is the truth: audit() holds the order manager's books against it. With
    a simulated exchange behind, that is so for every order.

    Args:
        inner: a SimulatedExchange, a Venue, or an Exchange of one's own, which is not made to fill orders in a race.
            With a Venue, the same ChaosExchange is to be given to one system after the other: it remembers the truth.
        faults: how often each happens.
        seed: of all chance here, together with the system's; an order's faults depend on its number at this exchange.

    Raises:
        InvalidConfiguration: naming the field, the value and the rule.
    """

    inner: SimulatedExchange | Venue | Exchange = attrs.field(default=_SIMULATED, converter=_inner)
    faults: Faults = attrs.field(default=_NO_FAULTS, converter=_faults)
    seed: int = attrs.field(default=0, converter=_seed)
    _past: _Past = attrs.field(init=False, factory=_Past, eq=False, repr=False)

    @property
    def dearest_fee(self) -> Decimal:
        """That of the exchange behind."""
        return self._behind.dearest_fee

    @property
    def allowance(self) -> Decimal:
        """That of the exchange behind."""
        return self._behind.allowance

    @property
    def allowance_ticks(self) -> int:
        """That of the exchange behind."""
        return self._behind.allowance_ticks

    @property
    def amends(self) -> bool:
        """Whether the exchange behind amends orders."""
        return checks.flag_of("inner", self.inner, "amends", unless_said=True)

    @property
    def ties(self) -> bool:
        """Whether the exchange behind ties the orders of a group: what is lost on the way to it, it never had."""
        return checks.flag_of("inner", self.inner, "ties", unless_said=False)

    @property
    def lists(self) -> bool:
        """Whether the exchange behind can be asked for all orders at once."""
        return checks.flag_of("inner", self.inner, "lists", unless_said=False)

    @property
    def remembers(self) -> bool:
        """Whether the exchange behind knows of what was traded before a system began."""
        return checks.flag_of("inner", self.inner, "remembers", unless_said=False)

    @property
    def _behind(self) -> ExchangeDescription:
        return self.inner if isinstance(self.inner, ExchangeDescription) else ExchangeDescription()

    def actor_in(self, around: Surroundings) -> tuple[type[ExchangeActor], tuple[Any, ...]]:
        """Return the actor's class, and its arguments behind the Context."""
        runtime = around.runtime
        inner, past = self.inner, self._past if isinstance(self.inner, Venue) else _Past()
        if past.next_id is None:
            past.next_id = runtime.ids("chaos")
        draws = runtime.draws(around.seed, self.seed)
        common = (around.me, around.manager, around.instruments, self.faults, draws, past.next_id, runtime.call_later)
        if isinstance(inner, SimulatedExchange | Venue):
            return SimulatedChaosActor, (inner.venue_in(around), *common, inner.delay_in(around), past.truth)
        return AdaptedChaosActor, (inner, *common)

    def left_by(self, runtime: Runtime) -> None:
        """Take note that a system has ended."""
        self._behind.left_by(runtime)


def heal(system: TradingSystem, timeout: float = 60.0) -> bool:
    """End all faults, and wait until no order is in doubt and no request is without an answer.

    On the stepped runtime virtual time passes meanwhile.

    Args:
        system: one whose exchange is a ChaosExchange.
        timeout: seconds.

    Returns:
        Whether that came to be in time.
    """
    _send(system, Heal())
    return settled(system, timeout)


def storm(system: TradingSystem) -> None:
    """Let the faults happen again."""
    _send(system, Storm())


def settled(system: TradingSystem, timeout: float = 60.0) -> bool:
    """Wait until nothing is under way, no order is in doubt and no request is without an answer.

    Returns:
        Whether that came to be within timeout seconds.
    """
    runtime = system._runtime  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    deadline = runtime.now_ns() + int(timeout * NANOSECONDS)
    while True:
        if system.quiesce(min(timeout, _BOUND)) and not any(map(is_awaited, system.orders())):
            return True
        if runtime.now_ns() >= deadline:
            return False
        let_pass(system, _PAUSE)


def happened(system: TradingSystem) -> Mapping[str, int]:
    """Return how often each fault has happened so far.

    Raises:
        InvalidConfiguration: when the system's exchange is no ChaosExchange.
    """
    books = system.books().get("exchange")
    if not isinstance(books, ChaosBooks | ChaosCounts):
        raise InvalidConfiguration.of("system", system, "must trade at a ChaosExchange")
    return books.happened


def _send(system: TradingSystem, message: Heal | Storm) -> None:
    system._at.exchange.send(message)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    system._runtime.settle()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
