"""The laws of what leaves for the venue: what risk let pass, once, as it was asked for; and never what was halted."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from ...model import events as e
from ...model import reports as r
from ...model.blotter import EXTERNAL, Blotter
from ...model.clearing import TAG
from ...model.commands import (
    Approved,
    CancelOrder,
    Command,
    Denied,
    ModifyOrder,
    OrderCommand,
    SubmitGroup,
    SubmitOrder,
)
from ...model.group import EXITS
from ...model.instrument import Instrument
from ...model.kinds import OrderState, Pending, Reason, Role
from ...model.limits import RiskLimits
from ...model.numbers import ZERO, multiply
from ...model.order import Order
from .laws import Violation, must_equal
from .sharing import inside

_Request = r.VenueModify | r.VenueCancel
_UNASKED = frozenset({Reason.CONTINGENT, Reason.TRIPPED})
_MAY_REFUSE_A_CANCEL = frozenset(
    # The last two where limits on their rate are set.
    {*(Reason.INTERNAL_ERROR, Reason.CANCEL_PENDING, Reason.ORDER_CLOSED), *(Reason.CANCEL_RATE, Reason.REQUEST_RATE)}
)


class Passes:
    """Follows each command from risk's word to the venue.

    Args:
        blotter: of the order manager, read as it stands when a message is handed to it.
        limits: that are in force at first.
        instruments: by symbol.
    """

    def __init__(self, blotter: Blotter, limits: RiskLimits, instruments: Mapping[str, Instrument]) -> None:
        self._blotter = blotter
        self._limits = [limits]
        self._instruments = instruments
        self._halted: str | None = None
        self._disconnected = False
        self._just_halted = False
        # Approved, not yet at the venue; and why others must never get there.
        self._passes: dict[str, SubmitOrder] = {}
        self._barred: dict[str, tuple[str, str]] = {}
        # What the order manager has been handed and not yet answered, and whether it may leave, by kind and order.
        self._unanswered: dict[tuple[type[Any], str], deque[tuple[OrderCommand, str | None]]] = {}
        # Requests that the stream has told of and those that the venue was handed, until they meet.
        self._told: dict[str, e.ModifyRequested | e.CancelRequested] = {}
        self._handed: dict[str, _Request] = {}
        # Cancels of what has closed here, which need not be told of.
        self._cleaning: set[str] = set()
        self._sent: set[str] = set()
        # Those of orders that follow others of their group, until what is told and what is sent have met.
        self._terms: dict[str, tuple[object, ...]] = {}

    # -- what the order manager is handed

    def judged(self, message: Approved | Denied) -> None:
        """Take a command that is being handed to the order manager."""
        self._hold_halt()
        command = message.command
        if isinstance(command, SubmitGroup):
            # One that keeps an order from leaving keeps all.
            bars = {self._bar(order) for order in command.orders} - {None}
            for order in command.orders:
                self._judged(order, min(map(str, bars)) if bars else None, message)
        else:
            self._judged(command, self._bar(command), message)

    def _judged(self, command: OrderCommand, bar: str | None, message: Approved | Denied) -> None:
        order_id = command.order_id
        assert order_id is not None, "the edge gives every order an id"
        barred = bar if isinstance(message, Approved) else "I-13"
        if type(command) is SubmitOrder:
            # A repeated id makes no order, so nothing leaves for it.
            if order_id not in self._blotter.latest:
                self._passes.pop(order_id, None)
                self._barred.pop(order_id, None)
                if barred is None:
                    self._passes[order_id] = command
                else:
                    self._barred[order_id] = (barred, type(message).__name__)
        elif type(command) is CancelOrder and self._must_leave(order_id):
            barred = "must leave"
        self._unanswered.setdefault((type(command), order_id), deque()).append((command, barred))

    def halted(self, reason: str) -> None:
        """Take a halt that is being handed to the order manager."""
        self._halted = reason
        self._just_halted = True

    def resumed(self) -> None:
        """Take the end of a halt."""
        self._hold_halt()
        self._halted = None
        self._just_halted = False

    def limits(self, limits: RiskLimits) -> None:
        """Take other limits that are being handed to risk."""
        self._limits.append(limits)

    def link(self, *, is_up: bool) -> None:
        """Take the loss of the venue, or its return."""
        self._disconnected = not is_up

    def _hold_halt(self) -> None:
        if self._halted is not None and self._blotter.gate.halted is None:
            law = "I-14" if self._just_halted else "I-15"
            raise Violation(law, f"halt of the order manager ({self._halted})", "none", "in force until resumed")
        self._just_halted = False

    def _bar(self, command: Command) -> str | None:
        """The law that keeps a command from leaving now; None when nothing does."""
        gate = self._blotter.gate
        if type(command) is CancelOrder:
            return None
        if self._halted is not None or gate.halted is not None:
            return "I-14"
        if type(command) is SubmitOrder and command.symbol in gate.stopped_symbols:
            return "I-15"
        return "I-15" if self._disconnected else None

    def _must_leave(self, order_id: str) -> bool:
        known = self._blotter.latest.get(order_id)
        order = None if known is None else known.order
        if order is None or order.is_closed or order.state is OrderState.PENDING:
            return False
        return order.pending is not Pending.CANCEL

    # -- what the stream tells

    def update(self, update: e.OrderUpdate) -> None:
        """Take an update that is seen for the first time."""
        event, order = update.event, update.order
        match event:
            case e.OrderCreated():
                # What the order manager sends by itself is its own.
                if event.strategy_id != EXTERNAL and not event.unasked:
                    self._answered(SubmitOrder, event.order_id)
            case e.OrderDenied():
                self._passes.pop(event.order_id, None)
                self._barred.pop(event.order_id, None)
            case e.OrderSubmitted():
                if order is not None and order.strategy_id != EXTERNAL:
                    self._pair_submission(event.client_order_id)
                    if _follows_others(order):
                        self._pair_terms(order.order_id, _sent_terms(order))
            case e.ModifyRequested() | e.CancelRequested() if event.reason in _UNASKED:
                # Nobody's command: what another order of its group has led to, or a trip.
                self._pair(event.request_id, told=event)
            case e.OrderModified() if order is not None and order.state is OrderState.PENDING:
                if event.request_id is not None:
                    self._answered(ModifyOrder, event.order_id)
            case e.ModifyRequested():
                command, barred = self._answered(ModifyOrder, event.order_id)
                if barred is not None:
                    raise Violation(barred, f"modification of {event.order_id}", "on its way to the venue", "refused")
                asked = _terms_of(command) if isinstance(command, ModifyOrder) else None
                must_equal("I-13", f"terms asked for {event.order_id}", _terms_of(event), asked)
                self._pair(event.request_id, told=event)
            case e.CancelRequested():
                self._answered(CancelOrder, event.order_id)
                self._pair(event.request_id, told=event)
            case e.OrderReplaced():
                self._pair_submission(event.client_order_id)
            case e.OrderCancelled() if event.text == "never sent":
                self._passes.pop(event.order_id, None)
                if event.reason is Reason.REQUESTED:
                    self._answered(CancelOrder, event.order_id)
            case e.CommandRefused():
                self._refused(event)
            case _:
                pass

    def repeated(self, order_id: str) -> None:
        """Take the answer to a submission that repeated an order."""
        self._answered(SubmitOrder, order_id)

    def _refused(self, event: e.CommandRefused) -> None:
        kinds: dict[str, type[Any]] = {kind.__name__: kind for kind in (SubmitOrder, ModifyOrder, CancelOrder)}
        kind = SubmitOrder if event.command == SubmitGroup.__name__ else kinds[event.command]
        _, barred = self._answered(kind, event.order_id)
        if kind is SubmitOrder and event.order_id not in self._blotter.latest:
            self._passes.pop(event.order_id, None)
            self._barred.pop(event.order_id, None)
        if barred == "must leave" and event.reason not in _MAY_REFUSE_A_CANCEL:
            raise Violation("I-14", f"cancel of {event.order_id}", f"refused as {event.reason.value}", "let through")

    def _answered(self, kind: type[Any], order_id: str) -> tuple[Command, str | None]:
        waiting = self._unanswered.get((kind, order_id))
        if not waiting:
            raise Violation("I-13", f"{kind.__name__} of {order_id}", "an answer", "none, since risk has judged none")
        answered = waiting.popleft()
        if not waiting:
            del self._unanswered[kind, order_id]
        return answered

    # -- what the venue is handed

    def request(self, request: r.VenueRequest) -> None:
        """Take a request that is being handed to the exchange."""
        match request:
            case r.VenueSubmit():
                self._submitted(request)
            case r.VenueModify() | r.VenueCancel():
                if isinstance(request, r.VenueCancel) and self._is_closed(request.client_order_id):
                    # One that has closed here may be found live there when the venue is asked, and is then cancelled
                    # there, with an alarm: nothing has changed here that the stream would tell of.
                    self._cleaning.add(request.request_id)
                self._pair(request.request_id, handed=request)
            case r.VenueQuery() | r.VenueList():
                pass

    def _waits(self, order_id: str) -> bool:
        """Whether an order is held until others of its group have filled."""
        order = self._blotter.order(order_id)
        return order is not None and order.link is not None and order.state is OrderState.PENDING

    def _is_closed(self, client_id: str) -> bool:
        order_id = inside(self._blotter, "_by_client_id").get(client_id, client_id)
        order = self._blotter.order(order_id)
        return order is not None and order.is_closed

    def _submitted(self, request: r.VenueSubmit) -> None:
        order_id = request.client_order_id
        command = self._passes.pop(order_id, None)
        order = self._blotter.order(order_id)
        if order is not None and _follows_others(order) and (command or self._is_own(order)):
            # Its terms are those of the moment at which it was sent, which the stream tells.
            self._pair_terms(order_id, _sent_terms(request))
            self._hold_to_limits(order_id, request.quantity, request.price)
            self._pair_submission(order_id)
            return
        if command is None and (self._replaces(request) or self._closes_position(order)):
            self._pair_submission(order_id)
            return
        if command is None:
            law, why = self._barred.get(order_id, ("I-13", "never approved, or sent before"))
            raise Violation(law, f"submission of {order_id}", "at the venue", f"not sent: {why}")
        asked = (command.symbol, command.side, command.order_type, command.quantity, command.price, command.stop_price)
        sent = (request.symbol, request.side, request.order_type, request.quantity, request.price, request.stop_price)
        if sent != asked:
            raise Violation("I-13", f"terms of {order_id} at the venue", sent, asked)
        self._hold_to_limits(order_id, request.quantity, request.price)
        self._pair_submission(order_id)

    def _closes_position(self, order: Order | None) -> bool:
        """Whether it is what a trip sends to close a position."""
        return order is not None and order.reduce_only and order.tag == TAG and self._blotter.is_clearing

    def _replaces(self, request: r.VenueSubmit) -> bool:
        """Whether it is what a modification has been granted by, on a venue that has no amend."""
        order_id = inside(self._blotter, "_by_client_id").get(request.client_order_id)
        order = None if order_id is None else self._blotter.order(order_id)
        if order is None or not order.replaced_client_order_ids:
            return False
        sent = None if order.replacement is None else order.replacement.sent
        # It may have come to an end while this was on its way.
        must_equal(
            "I-13", f"quantity of {request.client_order_id} at the venue", request.quantity, sent or request.quantity
        )
        self._hold_to_limits(request.client_order_id, request.quantity, request.price)
        return True

    def _hold_to_limits(self, order_id: str, quantity: Decimal, price: Decimal | None) -> None:
        if self._closes_too_much_filled(order_id):
            return
        # It may have passed under any that were ever in force.
        most = _widest(limits.max_order_quantity for limits in self._limits)
        if most is not None and quantity > most:
            raise Violation("I-13", f"quantity of {order_id} at the venue", quantity, f"at most {most}")
        most = _widest(limits.max_order_notional for limits in self._limits)
        if most is not None and price is not None and multiply(quantity, price) > most:
            raise Violation(
                "I-13", f"notional of {order_id} at the venue", multiply(quantity, price), f"at most {most}"
            )

    def _closes_too_much_filled(self, order_id: str) -> bool:
        """Whether it is an exit of what the venue has filled beyond the entry's quantity: it closes all of that."""
        order = self._blotter.order(inside(self._blotter, "_by_client_id").get(order_id, order_id))
        if order is None or order.link is None or order.link.role not in EXITS:
            return False
        group = self._blotter.groups.get(order.link.group_id)
        return group is not None and group.legs[0].order.excess_quantity > ZERO

    def _is_own(self, order: Order) -> bool:
        return order.link is not None and order.link.replaces is not None

    def _pair_terms(self, order_id: str, terms: tuple[object, ...]) -> None:
        if order_id in self._terms:
            must_equal("I-13", f"terms of {order_id}, told and sent", self._terms.pop(order_id), terms)
        else:
            self._terms[order_id] = terms

    def _pair_submission(self, client_id: str) -> None:
        # Told and handed come in either order; whoever is second takes it out.
        if client_id in self._sent:
            self._sent.remove(client_id)
        else:
            self._sent.add(client_id)

    def _pair(
        self,
        request_id: str,
        told: e.ModifyRequested | e.CancelRequested | None = None,
        handed: _Request | None = None,
    ) -> None:
        told = told or self._told.pop(request_id, None)
        handed = handed or self._handed.pop(request_id, None)
        if told is None and handed is not None:
            self._handed[request_id] = handed
        elif handed is None and told is not None:
            self._told[request_id] = told
        elif isinstance(told, e.ModifyRequested) and isinstance(handed, r.VenueModify):
            must_equal("I-13", f"terms of {told.order_id} at the venue", _terms_of(handed), _terms_of(told))
        elif isinstance(told, e.ModifyRequested) and told.replaces and isinstance(handed, r.VenueCancel):
            # The new order follows once the cancel has been answered.
            pass
        elif type(told) is not e.CancelRequested or type(handed) is not r.VenueCancel:
            raise Violation("I-13", f"request {request_id}", type(handed).__name__, type(told).__name__)

    # -- at rest

    def hold_at_rest(self) -> None:
        """Hold that everything has come to where it was on its way to: nobody is at work."""
        must_equal("I-5", "commands that nobody answered", [key[1] for key in self._unanswered], [])
        unsent = [order_id for order_id in self._passes if not self._waits(order_id)]
        must_equal("I-5", "approved orders that never left", unsent, [])
        must_equal("I-5", "submissions that only one side knows of", sorted(self._sent), [])
        must_equal("I-14", "requests that never reached the venue", list(self._told), [])
        unrecorded = [request_id for request_id in self._handed if request_id not in self._cleaning]
        must_equal("I-13", "requests at the venue that nobody recorded", unrecorded, [])


def _widest(limits: Iterable[Decimal | None]) -> Decimal | None:
    given = tuple(limits)
    return None if None in given else max(filter(None, given))


def _terms_of(asked: ModifyOrder | e.ModifyRequested | r.VenueModify) -> tuple[object, ...]:
    return asked.price, asked.quantity, asked.stop_price, asked.expire_time_ns


def _follows_others(order: Order) -> bool:
    """Whether what is executed of others of its group decides when it is sent, and for how much."""
    link = order.link
    return link is not None and (link.replaces is not None or link.role not in {Role.ENTRY, Role.FIRST, Role.LEG})


def _sent_terms(one: Order | r.VenueSubmit) -> tuple[object, ...]:
    return (one.symbol, one.side, one.order_type, one.quantity, one.price, one.stop_price)
