"""Where a race is run: a small system on one thread, senders that race in it, and what must hold afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Final, Self, cast

from ...actors.address import Address
from ...actors.audit import audit
from ...actors.exchange import Exchange
from ...actors.messages import Problem
from ...actors.scheduler import Choose, Option
from ...actors.simulated_exchange import SimulatedExchange
from ...actors.stepped import Stepped, SteppedRuntime
from ...actors.system import TradingSystem
from ...actors.tasks import Task
from ...model import events as e
from ...model import reports as r
from ...model.alarm import Alarm
from ...model.blotter import EXTERNAL
from ...model.commands import CancelOrder, ModifyOrder, SubmitGroup, SubmitOrder
from ...model.instrument import Instrument
from ...model.kinds import OrderState, Reason
from ...model.market import MARKET_DATA, MarketData
from ...model.numbers import ZERO, plain
from ...model.order import Order
from ...model.tying import stamped as stamped_group
from ...model.values import changed
from ..schedules import Window
from ..watching.groups import GroupLaws
from ..watching.sharing import actors_of, inside
from .saying import BTC

CHAIN: Final = frozenset({"risk_controller", "order_manager", "exchange"})
"""Those that a command passes on its way to the venue."""
_COMMANDS: Final = (SubmitOrder, CancelOrder, ModifyOrder)
_TAKEN: Final = (e.OrderCreated, e.CancelRequested, e.ModifyRequested, e.CommandRefused)
"""What is recorded of a command, whatever becomes of it."""
_REFUSALS: Final = (e.OrderDenied, e.OrderRejected, e.CancelRejected, e.ModifyRejected, e.CommandRefused)
_REPORTS: Final = r.VENUE_REPORTS | r.VENUE_LINK
_MOST_STEPS: Final = 20_000
_BOUND: Final = 60.0
Say = object
"""A command, a report of the venue or market data, which is sent; or a callable, which is called."""


class Venue:
    """An exchange that says what a race lets it say.

    Args:
        answer: given a request, the reports that answer it at once; none unless given.
    """

    def __init__(self, answer: Callable[[r.VenueRequest], Iterable[r.VenueReport]] | None = None) -> None:
        self.requests: list[r.VenueRequest] = []
        self.report: Callable[[Any], None] = _unheard
        self._answer = answer

    def connect(self, instruments: Mapping[str, Instrument], report: Callable[[Any], None]) -> None:
        """Make ready."""
        del instruments
        self.report = report

    def request(self, request: r.VenueRequest) -> None:
        """Keep a request, and answer it."""
        self.requests.append(request)
        if self._answer is not None:
            for report in self._answer(request):
                self.report(report)

    def on_market_data(self, data: MarketData) -> None:
        """Take no notice."""

    def close(self) -> None:
        """Disconnect."""


class _Number:
    def __init__(self, number: int) -> None:
        self.name = f"after {number} steps"


def _unheard(report: object) -> None:
    del report


def _in_turn(options: Sequence[Option]) -> int:
    del options
    return 0


class Arena:
    """A system in which nothing is left to chance but who goes first, among those that race.

    A context manager: leaving it throws the system away.

    Args:
        choose: chooses among those that race, once the race has begun.
        racing: the names of those that race, beside the racers themselves.
        exchange: a Venue unless given.
        late_ns: as in Stepped.
        settings: of the system.
    """

    def __init__(
        self,
        choose: Choose,
        racing: Iterable[str] = (),
        *,
        exchange: SimulatedExchange | Exchange | None = None,
        instruments: Sequence[Instrument] = (BTC,),
        late_ns: int = 0,
        **settings: Any,
    ) -> None:
        self.troubles: list[Problem | Alarm] = []
        self.venue = Venue() if exchange is None else exchange
        self.commands = 0
        self._orders: dict[str, Order] = {}
        self._choose, self._racing = choose, frozenset(racing)
        self._choose_now: Choose = _in_turn
        self._executed: Counter[str] = Counter()
        self._racers: list[Task] = []
        stepped = Stepped(choose=self._chosen, late_ns=late_ns, most_steps=_MOST_STEPS, on_step=self._stepped)
        self.system = TradingSystem(
            instruments, exchange=self.venue, runtime=stepped, on_error=self.troubles.append, **settings
        )
        self.runtime = cast(SteppedRuntime, self.system._runtime)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # one library
        self.at = self.system._at  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # the same
        self._groups: GroupLaws | None = None
        self.system.start()

    def _stepped(self, steps: int) -> None:
        """Hold the laws of groups at every step, where there are any."""
        del steps
        if self._groups is not None:
            self._groups.hold_all()

    def hold_groups(self) -> None:
        """Hold the laws of groups from here on, at every step."""
        self._groups = GroupLaws(inside(actors_of(self.system)["order_manager"], "_blotter"))

    def _chosen(self, options: Sequence[Option]) -> int:
        return self._choose_now(options)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.runtime.close()

    # -- what leads up to the race, in turn

    def set_up(self, *said: Say, by: str = "user") -> None:
        """Let one sender act, and all that follows from it come to rest."""
        for call in self._calls(by, said):
            call()
            self.runtime.settle()

    # -- the race

    def race(self, **racers: Sequence[Say]) -> None:
        """Let senders race, each saying one thing after the other, and run until nobody can move.

        Args:
            racers: by name, what each says.
        """
        # Each comes up to its first message before the race begins.
        for name, said in racers.items():
            self.enter(name, said)
        self.open(*racers)
        self.runtime.settle()

    def enter(self, name: str, said: Sequence[Say]) -> None:
        """Bring one sender up to the first thing that it says."""
        calls = self._calls(name, said)

        def say() -> None:
            for call in calls:
                call()

        # No actor, as a thread of the host or of the venue is none.
        self._racers.append(self.runtime.scheduler.start(name, say))
        # Those that stand at their first message already wait.
        self._choose_now = lambda options: next(n for n, option in enumerate(options) if option.name == name)
        self.runtime.scheduler.step()

    def pick(self, count: int) -> int:
        """Choose a number below count: what the caller itself does is one more choice."""
        return self._choose([_Number(number) for number in range(count)])

    def open(self, *names: str) -> None:
        """Begin the race."""
        window = Window(self._choose, self._racing | frozenset(names))
        window.is_open = True
        self._choose_now = window

    def let_time_pass(self) -> None:
        """Let the next timer fire."""
        self.runtime.scheduler.let_time_pass(None)

    # -- afterwards

    def price(self, order_id: str) -> str:
        """Return an order's limit, in words."""
        price = self.order(order_id).price
        return "" if price is None else f"at {plain(price)}"

    def position(self) -> str:
        """Return what is held of the instrument, in words."""
        position = self.system.portfolio().positions.get(BTC.symbol)
        return f"position {plain(ZERO if position is None else position.quantity)}"

    @property
    def asked(self) -> Sequence[r.VenueRequest]:
        """What the venue of the race was asked, in order."""
        return self.venue.requests if isinstance(self.venue, Venue) else ()

    def actor_of(self, address: Address[Any]) -> Any:
        """Return the actor itself, to be looked at when nobody moves."""
        return address.ref._actor_weakref()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # pykka has no public way

    def count(self, kind: type[Any]) -> int:
        """Return how often the venue of the race was asked for something of a kind."""
        return sum(isinstance(request, kind) for request in self.asked)

    def order(self, order_id: str) -> Order:
        """Return an order as it stands at the end."""
        order = self.system.order(order_id)
        if order is None:
            msg = f"{order_id} is not known"
            raise AssertionError(msg)
        return order

    def end(self, *more: str, problems: int | None = 0) -> str:
        """Hold everything that must hold at the end of every race against what came of this one; return that in words.

        Nothing is under way, the audit is clean, every sender came to its end, no command is without an answer, every
        execution that the venue told of is booked once, and no order that has ended goes on.

        Args:
            more: words to be added.
            problems: how many the race causes on purpose; None for any number.
        """
        if not self.runtime.wait_quiet(_BOUND):
            msg = "still at work"
            raise AssertionError(msg)
        self._choose_now = _in_turn
        waiting = [racer.name for racer in self._racers if not racer.fibre.done]
        if waiting:
            msg = f"{', '.join(waiting)} did not come to an end"
            raise AssertionError(msg)
        found = [one for one in self.troubles if isinstance(one, Problem)]
        if problems is not None and len(found) != problems:
            msg = f"{len(found)} problems: {found[:1]}"
            raise AssertionError(msg)
        violations = audit(self.system, _BOUND).violations
        if violations:
            msg = f"the audit found {violations[0]}"
            raise AssertionError(msg)
        history = self.system.history()
        self._check_history(history)
        return self._words(history, more)

    def _check_history(self, history: Sequence[e.OrderUpdate]) -> None:
        ended: dict[str, OrderState] = {}
        booked: Counter[str] = Counter()
        orders: dict[str, Order] = {}
        taken = 0
        for number, update in enumerate(history, 1):
            order, event = update.order, update.event
            if update.sequence != number:
                msg = f"entry {number} of the stream has number {update.sequence}"
                raise AssertionError(msg)
            taken += isinstance(event, _TAKEN) and not self._is_external(update) and not _is_contingent(event)
            if isinstance(event, e.OrderFilled):
                booked[event.fill.execution_id] += 1
            if order is not None:
                orders[order.order_id] = order
                state = ended.get(order.order_id, order.state)
                if order.state is not state:
                    msg = f"{order.order_id} was {state.value} and is {order.state.value}"
                    raise AssertionError(msg)
                if order.is_closed:
                    ended[order.order_id] = order.state
        if taken != self.commands:
            msg = f"{taken} of {self.commands} commands were recorded"
            raise AssertionError(msg)
        if isinstance(self.venue, Venue) and booked != self._executed:
            msg = f"executed {dict(self._executed)}, booked {dict(booked)}"
            raise AssertionError(msg)
        self._orders = orders

    def _is_external(self, update: e.OrderUpdate) -> bool:
        return update.order is not None and update.order.strategy_id == EXTERNAL

    def _words(self, history: Sequence[e.OrderUpdate], more: Sequence[str]) -> str:
        states = [
            f"{order.state.value} {plain(order.filled_quantity)}{'?' if order.in_doubt else ''}"
            for _, order in sorted(self._orders.items())
        ]
        reasons = {update.event.reason.value for update in history if isinstance(update.event, _REFUSALS)}
        alarms = {one.code.value for one in self.troubles if isinstance(one, Alarm)}
        return "; ".join(part for part in (", ".join(states), *more, *sorted(reasons), *sorted(alarms)) if part)

    # -- what is said

    def stamped(self, name: str, command: Any) -> Any:
        """Return a command as it leaves its sender."""
        return changed(command, time_ns=self.runtime.now_ns(), source=name)

    def _calls(self, name: str, said: Sequence[Say]) -> list[Callable[[], object]]:
        return [self._call(name, one) for one in said]

    def _call(self, name: str, said: Any) -> Callable[[], object]:
        if isinstance(said, SubmitGroup):
            self.commands += len(said.orders)
            group = stamped_group(said, lambda: "", self.runtime.now_ns(), name)
            return lambda: self.at.risk.send(group)
        if isinstance(said, _COMMANDS):
            self.commands += 1
            stamped = self.stamped(name, said)
            return lambda: self.at.risk.send(stamped)
        if type(said) in MARKET_DATA:
            return lambda: self.system.publish(said)
        if type(said) in _REPORTS:
            if isinstance(said, r.VenueFilled):
                # Told again, it is the same execution.
                self._executed[said.fill.execution_id] = 1
            return lambda: self.at.manager.send(said)
        if not callable(said):
            msg = f"neither a message nor a callable: {said!r}"
            raise TypeError(msg)
        return cast(Callable[[], object], said)


def _is_contingent(event: e.Event) -> bool:
    """Whether it is what a group has led to, and no command."""
    match event:
        case e.OrderCreated():
            return event.link is not None and event.link.replaces is not None
        case e.CancelRequested() | e.ModifyRequested():
            return event.reason is Reason.CONTINGENT
        case _:
            return False
