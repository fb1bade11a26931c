"""The audit at every step: holds the invariants while a system runs, each message and each step at a small cost."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from ...actors.address import Address
from ...actors.audit import audit
from ...actors.messages import Answered, Halt, Resume
from ...actors.stepped import SteppedRuntime
from ...actors.stepping import OnDelivery
from ...actors.system import TradingSystem
from ...model.commands import Approved, ChangeLimits, Denied, ModifyOrder, SubmitGroup, SubmitOrder
from ...model.errors import InvalidConfiguration
from ...model.events import OrderUpdate
from ...model.kinds import Action
from ...model.reports import VenueCancel, VenueConnected, VenueDisconnected, VenueModify, VenueQuery, VenueSubmit
from .groups import GroupLaws
from .immutable import Immutability
from .laws import Stream, Violation, must_equal
from .ledgers import Ledger, PortfolioLedger, RiskLedger, StrategyLedger
from .limits import ExecutedLaws, LimitLaws
from .passes import Passes
from .rest import Rest
from .sharing import actors_of, inside, shared_objects

__all__ = ["Violation", "Watch", "all_of"]

_SEE_ALL: Final = frozenset({"risk_controller", "portfolio", "view", "publisher"})
_MANAGER: Final = "order_manager"
_EXCHANGE: Final = "exchange"


def all_of(*calls: OnDelivery) -> OnDelivery:
    """Return one on_delivery that makes all these calls, in this order."""

    def call_all(now_ns: int, receiver: str, message: object) -> None:
        for call in calls:
            call(now_ns, receiver, message)

    return call_all


class _Seat:
    """One receiver: what was delivered to it, its mailbox, and what is looked at before its next message."""

    __slots__ = ("box", "delivered", "ledger", "name", "sees_all")

    def __init__(self, name: str) -> None:
        self.name = name
        self.delivered = 0
        self.box: Any = None
        self.ledger: PortfolioLedger | RiskLedger | StrategyLedger | None = None
        self.sees_all = name in _SEE_ALL


class Watch:
    """Holds the invariants at every step of a stepped system.

    Give `delivered` and `stepped` to Stepped(on_delivery=..., on_step=...), attach() the system once it has started,
    and finish() at the end. A Violation is raised where the caller moves the actors, never inside one.

    Args:
        messages_too: whether each message is walked for what could change.
        every: at least so many steps between two looks at all books together, and at all mailboxes.
        shared_too: whether each of these looks also searches for objects that two actors could change; for small runs.
    """

    def __init__(self, *, messages_too: bool = True, every: int = 1_000, shared_too: bool = False) -> None:
        self.steps = 0
        self.rests_held = 0
        self._every = every
        self._shared_too = shared_too
        self._next_rest = every
        self._broken: Exception | None = None
        self._handed: object = None
        self._immutability = Immutability()
        self._walked = self._immutability.walked if messages_too else None
        self._seats: dict[str, _Seat] = {}
        self._take: dict[type[Any], Callable[[_Seat, Any], None]] = {}
        self._system: TradingSystem | None = None

    @property
    def deliveries(self) -> int:
        """How many messages were seen."""
        return sum(seat.delivered for seat in self._seats.values())

    def attach(self, system: TradingSystem) -> None:
        """Begin to hold the books of a system that has started and that nothing has happened in yet.

        Raises:
            InvalidConfiguration: for a system on another runtime.
        """
        runtime = inside(system, "_runtime")
        if not isinstance(runtime, SteppedRuntime):
            raise InvalidConfiguration.of("system", system, "must run stepped, and have been started")
        self._system = system
        self._runtime = runtime
        actors = actors_of(system)
        settings = inside(system, "_settings")
        self._stream = stream = Stream(system.instruments)
        blotter = inside(actors[_MANAGER], "_blotter")
        self._passes = Passes(blotter, settings.limits, system.instruments)
        self._groups = GroupLaws(blotter)
        self._rest = Rest(system, stream, self._passes)
        portfolio, risk = actors["portfolio"], actors["risk_controller"]
        opening = system.opening_cash
        book, hedged = inside(risk, "_book"), settings.positions == "hedged"
        laws = LimitLaws(book, ties=settings.ties, hedged=hedged)
        self._executed = ExecutedLaws(settings.limits, hedged=hedged)
        self._risk = RiskLedger(risk, book, Ledger("risk_controller", stream.moved, opening), laws)
        self._seat("risk_controller").ledger = self._risk
        self._seat("portfolio").ledger = PortfolioLedger(
            portfolio, inside(portfolio, "_book"), Ledger("portfolio", stream.moved, opening)
        )
        for seated in self._seats:
            self._find(seated)
        self._take = {
            OrderUpdate: self._on_update,
            SubmitOrder: self._on_submit,
            SubmitGroup: self._on_submit,
            ModifyOrder: self._on_submit,
            ChangeLimits: self._on_limits,
            Approved: self._on_judged,
            Denied: self._on_judged,
            Halt: self._on_halt,
            Resume: self._on_resume,
            Answered: self._on_answered,
            VenueSubmit: self._on_request,
            VenueModify: self._on_request,
            VenueCancel: self._on_request,
            VenueQuery: self._on_request,
            VenueConnected: self._on_link,
            VenueDisconnected: self._on_link,
        }

    def delivered(self, now_ns: int, receiver: str, message: object) -> None:
        """Take a delivery: Stepped(on_delivery=...) calls it inside the actor, where nothing may be raised."""
        del now_ns
        if self._broken is not None:
            return
        try:
            seat = self._seats.get(receiver) or self._seat(receiver)
            seat.delivered += 1
            if seat.box is not None and seat.box.handled + 1 != seat.delivered:
                must_equal("I-5", f"messages that {receiver} was handed", seat.delivered, seat.box.handled + 1)
            if receiver == _MANAGER:
                self._handed = message
            if self._walked is not None and id(message) not in self._walked:
                self._walk(receiver, message)
            if seat.ledger is not None:
                seat.ledger.look()
            take = self._take.get(type(message))
            if take is not None:
                take(seat, message)
        except Exception as error:  # noqa: BLE001  # raised by stepped(), outside the actor
            self._broken = error

    def stepped(self, steps: int) -> None:
        """Take a step: Stepped(on_step=...) calls it outside all actors.

        Raises:
            Violation: what was found since the last step.
        """
        self.steps = steps
        if self._broken is not None:
            self._raise(self._broken)
        if self._handed is not None and self._system is not None:
            self._hold_groups()
        if steps >= self._next_rest and self._system is not None and not self._runtime.scheduler.ready:
            self._hold_rest()
            # The more there is to look at, the more seldom, so that a step costs the same however many orders work.
            self._next_rest = steps + max(self._every, 8 * len(self._stream.live))

    def finish(self, *, healed: bool = True, shared: bool = True, allowed: Iterable[object] = ()) -> None:
        """Hold what must be so at the end, and hold all books against each other.

        Args:
            healed: whether the venue has had its chance to answer everything, so that no doubt may be left.
            shared: whether to look for objects that two actors could change.
            allowed: objects of the host's that its callbacks and strategies may share.

        Raises:
            Violation: when something does not hold.
        """
        if self._system is None:
            raise InvalidConfiguration.of("system", None, "must have been attached")
        report = audit(self._system)
        if self._broken is not None:
            self._raise(self._broken)
        try:
            for seat in self._seats.values():
                if seat.ledger is not None:
                    seat.ledger.look()
            self._rest.hold()
            self._rest.hold_end(healed=healed)
            must_equal("I-1", "audit", "; ".join(report.violations), "")
            if shared:
                _hold_apart(self._system, allowed)
        except Violation as violation:
            # Nothing more moves, so nobody need be kept from going on.
            violation.step = self.steps
            raise

    def _walk(self, receiver: str, message: object) -> None:
        fault = self._immutability.fault(message)
        if fault is not None:
            raise Violation("I-20", f"a message to {receiver}", fault, "a value that nobody can change")

    def _hold_groups(self) -> None:
        """Hold the group that the order manager has just had to do with."""
        handed, self._handed = self._handed, None
        try:
            self._groups.hold(handed)
        except Exception as error:  # noqa: BLE001  # with the step it was found at
            self._raise(error)

    def _hold_rest(self) -> None:
        self.rests_held += 1
        try:
            self._rest.hold()
            if self._shared_too and self._system is not None:
                _hold_apart(self._system)
        except Exception as error:  # noqa: BLE001  # with the step it was found at
            self._raise(error)

    def _raise(self, error: Exception) -> None:
        self._broken = error
        if isinstance(error, Violation):
            error.step = error.step or self.steps
        raise error

    def _seat(self, name: str) -> _Seat:
        seat = self._seats.get(name)
        if seat is None:
            seat = self._seats[name] = _Seat(name)
            self._find(name)
        return seat

    def _find(self, name: str) -> None:
        """Find the mailbox of a receiver, and what it believes to hold, once the system is known."""
        if self._system is None:
            return
        seat = self._seats[name]
        strategies: Mapping[str, Address[Any]] = inside(self._system, "_strategies")
        address = strategies.get(name)
        if address is None:
            addresses: Iterable[Address[Any]] = inside(self._system, "_started")()
            address = next((one for one in addresses if one.name == name), None)
            seat.box = None if address is None else address.mailbox
        elif address.is_bound and seat.ledger is None:
            seat.box = address.mailbox
            actor = inside(address.ref, "_actor_weakref")()
            stream = self._stream
            seat.ledger = StrategyLedger(actor, name, stream.moved, lambda: stream.sequence)

    # -- what the messages are to whom

    def _on_update(self, seat: _Seat, update: OrderUpdate) -> None:
        if self._stream.take(seat.name, update, sees_all=seat.sees_all):
            self._passes.update(update)
            self._executed.update(update)
        if type(seat.ledger) is StrategyLedger:
            seat.ledger.is_told(update.sequence)

    def _on_submit(self, seat: _Seat, command: SubmitOrder | SubmitGroup | ModifyOrder) -> None:
        if seat.name == "risk_controller":
            self._risk.judges(command)

    def _on_limits(self, seat: _Seat, change: ChangeLimits) -> None:
        if seat.name == "risk_controller":
            self._passes.limits(change.limits)
            self._risk.limits(change.limits)

    def _on_judged(self, seat: _Seat, judged: Approved | Denied) -> None:
        if seat.name == _MANAGER:
            self._passes.judged(judged)
            self._risk.judged(judged)

    def _on_halt(self, seat: _Seat, halt: Halt) -> None:
        halts = halt.action not in {Action.ALERT, Action.REDUCE}
        if seat.name == _MANAGER and halts and not halt.strategy_id:
            self._passes.halted(halt.reason)

    def _on_resume(self, seat: _Seat, resume: Resume) -> None:
        if seat.name == _MANAGER and not resume.strategy_id:
            self._passes.resumed()

    def _on_answered(self, seat: _Seat, answered: Answered) -> None:
        if seat.name == "view":
            self._passes.repeated(answered.update.event.order_id)

    def _on_request(self, seat: _Seat, request: VenueSubmit | VenueModify | VenueCancel | VenueQuery) -> None:
        if seat.name == _EXCHANGE:
            self._passes.request(request)

    def _on_link(self, seat: _Seat, link: VenueConnected | VenueDisconnected) -> None:
        if seat.name == _MANAGER:
            self._passes.link(is_up=type(link) is VenueConnected)


def _hold_apart(system: TradingSystem, allowed: Iterable[object] = ()) -> None:
    both = "; ".join(map(str, shared_objects(system, allowed=allowed)))
    must_equal("I-20", "objects that two actors could change", both, "")
