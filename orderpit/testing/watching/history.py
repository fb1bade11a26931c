"""Checks a history that knows nothing of the inside: what a client did and was told, and what the venue was handed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from ...model import events as e
from ...model import reports as r
from ...model.blotter import EXTERNAL
from ...model.booking import entries
from ...model.commands import SUBMISSIONS, SubmitGroup, SubmitOrder
from ...model.kinds import OrderState, Side
from ...model.numbers import ZERO, add, multiply, subtract
from .laws import MAY_FOLLOW

_ENDS: Final[Mapping[type[object], OrderState]] = MappingProxyType(
    {
        e.OrderDenied: OrderState.REJECTED,
        e.OrderRejected: OrderState.REJECTED,
        e.OrderCancelled: OrderState.CANCELLED,
        e.OrderExpired: OrderState.EXPIRED,
    }
)


class History:
    """What was seen from outside; a Stepped(on_delivery=...) too.

    Args:
        client: the name of a subscriber that is told of all updates; it must subscribe before anything happens.
    """

    def __init__(self, client: str) -> None:
        self._client = client
        self.submitted: list[str] = []
        self.told: list[e.Event] = []
        self.handed: list[r.VenueRequest] = []
        self.reported: list[r.VenueReport] = []

    def __call__(self, now_ns: int, receiver: str, message: object) -> None:
        """Take a delivery."""
        del now_ns
        if receiver == self._client and isinstance(message, e.OrderUpdate):
            self.told.append(message.event)
        elif receiver == "risk_controller" and isinstance(message, SubmitOrder):
            self.submitted.append(message.order_id or "")
        elif receiver == "risk_controller" and isinstance(message, SubmitGroup):
            self.submitted.extend(order.order_id or "" for order in message.orders)
        elif receiver == "exchange" and isinstance(message, r.VenueSubmit | r.VenueModify | r.VenueCancel):
            self.handed.append(message)
        elif receiver == "order_manager" and type(message) in r.VENUE_REPORTS:
            self.reported.append(message)  # type: ignore[arg-type]  # one of these

    def faults(self) -> tuple[str, ...]:
        """Return what cannot be, as sentences; of a history at whose end nothing was under way."""
        return (*self._queue(), *self._fills(), *self._lives(), *self._requests())

    def cash(self) -> dict[str, Decimal]:
        """Return the cash that has moved by what the client was told, by currency; fees in the quote currency's are."""
        sides: dict[str, tuple[Side, str]] = {}
        cash: dict[str, Decimal] = {}
        for event in self.told:
            if isinstance(event, e.OrderCreated):
                sides[event.order_id] = event.terms.side, event.terms.symbol.partition("/")[2]
            for entry in entries(event):
                side, quote = sides[event.order_id]
                pays = (side is Side.BUY) is not entry.taken_back
                sign, fee = subtract if pays else add, add if entry.taken_back else subtract
                cash[quote] = sign(cash.get(quote, ZERO), multiply(entry.fill.quantity, entry.fill.price))
                currency = entry.fill.fee_currency
                cash[currency] = fee(cash.get(currency, ZERO), entry.fill.fee)
        return cash

    def _queue(self) -> Iterator[str]:
        """Everything that went in comes out, and nothing else does: as a queue that loses and invents nothing."""
        created = Counter(
            event.order_id for event in self.told if isinstance(event, e.OrderCreated) and _is_submitted(event)
        )
        refused = Counter(
            event.order_id
            for event in self.told
            if isinstance(event, e.CommandRefused) and event.command in SUBMISSIONS
        )
        asked = Counter(self.submitted)
        for order_id, count in created.items():
            if count > 1:
                yield f"order {order_id} was created {count} times"
            if not asked[order_id]:
                yield f"order {order_id} was created, and nobody had submitted it"
        for order_id, count in asked.items():
            if not created[order_id] and not refused[order_id]:
                yield f"order {order_id} was submitted {count} times, and nothing was heard of it"

    def _fills(self) -> Iterator[str]:
        """Each execution that was reported was told once, and none was told that was not reported."""
        executed = {report.fill.execution_id for report in self.reported if isinstance(report, r.VenueFilled)}
        told = Counter(
            (event.order_id, event.fill.execution_id) for event in self.told if isinstance(event, e.OrderFilled)
        )
        heard = {execution_id for _, execution_id in told}
        for execution_id in sorted(executed - heard):
            yield f"execution {execution_id} was reported, and the client was never told"
        for execution_id in sorted(heard - executed):
            yield f"execution {execution_id} was told, and the venue never reported it"
        for (order_id, execution_id), count in told.items():
            if count > 1:
                yield f"execution {execution_id} of order {order_id} was told {count} times"

    def _lives(self) -> Iterator[str]:
        """Each order's states, as the kinds of events alone imply them, are a way through the table."""
        states: dict[str, OrderState] = {}
        for event in self.told:
            if isinstance(event, e.OrderCreated):
                states[event.order_id] = OrderState.PENDING
                continue
            target = self._implied(event)
            before = states.get(event.order_id)
            if target is None:
                continue
            if before is None:
                yield f"{type(event).__name__} was told of order {event.order_id} before it was created"
            elif target not in MAY_FOLLOW.get(before, ()):
                yield f"{type(event).__name__} was told of order {event.order_id}, which was {before.value}"
            states[event.order_id] = target

    def _implied(self, event: e.Event) -> OrderState | None:
        if isinstance(event, e.OrderSubmitted):
            return OrderState.SUBMITTED
        if isinstance(event, e.OrderOpened):
            return OrderState.OPEN
        return _ENDS.get(type(event))

    def _requests(self) -> Iterator[str]:
        """What reached the venue had been asked for by a client that was told so, once."""
        sent = Counter(
            event.client_order_id for event in self.told if isinstance(event, e.OrderSubmitted | e.OrderReplaced)
        )
        asked = Counter(
            event.request_id for event in self.told if isinstance(event, e.CancelRequested | e.ModifyRequested)
        )
        submitted = Counter(one.client_order_id for one in self.handed if isinstance(one, r.VenueSubmit))
        others = Counter(one.request_id for one in self.handed if isinstance(one, r.VenueCancel | r.VenueModify))
        for at_venue, told, what in ((submitted, sent, "order"), (others, asked, "request")):
            for name, count in at_venue.items():
                if not told[name]:
                    yield f"{what} {name} is at the venue, and the client was never told"
                elif count > 1:
                    yield f"{what} {name} was handed to the venue {count} times"


def _is_submitted(event: e.OrderCreated) -> bool:
    """Whether somebody asked for the order: it is not the venue's, and not one that we sent in place of another."""
    return event.strategy_id != EXTERNAL and (event.link is None or event.link.replaces is None)
