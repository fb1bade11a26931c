"""A run told as a sequence of messages, one short line each."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, Final

import attrs

from ...actors.messages import Arrived, CheckExpiries, StartStrategy, StopStrategy
from ...model import events as e
from ...model import reports as r
from ...model.commands import CancelOrder, Denied, ModifyOrder, SubmitOrder
from ...model.market import MARKET_DATA, Bar, Depth, Quote, Trade
from ...model.numbers import plain
from ..trace import picture

_MILLISECOND: Final = 1_000_000
_WIDTH: Final = 100
_TOLD: Final = 48
_COMMANDS: Final = (SubmitOrder, ModifyOrder, CancelOrder)
_OWN_DOING: Final = (e.OrderCreated, e.OrderSubmitted, e.CancelRequested, e.ModifyRequested)
"""Events that tell a bot nothing but what it has asked for."""
AHEAD: Final = "*"


@attrs.frozen(eq=False)
class Delivery:
    """One message as it was handed out: at which step and when, and to whom."""

    step: int
    time_ns: int
    receiver: str
    message: object


def tell(deliveries: Iterable[Delivery], surprises: Iterable[int], bot: str, run_id: str) -> tuple[str, ...]:
    """Return the lines of a story; of a long one, the end.

    It leaves out who only listens, what risk lets pass, and what tells the bot nothing but that it has been heard.

    Args:
        deliveries: of the run, in order.
        surprises: the steps at which somebody moved out of turn.
        bot: the name of the strategy's actor.
        run_id: the first part of every id, which is left out.
    """
    told = [one for one in deliveries if _is_told(one, bot)]
    if not told:
        return ()
    begin = told[0].time_ns
    marked = _marked(told, sorted(surprises))
    lines = [f"{AHEAD if one in marked else ' '}{_line(one, begin, bot, run_id)}" for one in told]
    if len(lines) <= _TOLD:
        return tuple(lines)
    return (f"      ... {len(lines) - _TOLD} messages before", *lines[-_TOLD:])


def _marked(told: Sequence[Delivery], surprises: Sequence[int]) -> set[Delivery]:
    """Return the first delivery after each surprise."""
    steps = [one.step for one in told]
    places = {bisect_left(steps, surprise) for surprise in surprises}
    return {told[place] for place in places if place < len(told)}


def _is_told(one: Delivery, bot: str) -> bool:
    if one.receiver == bot:
        update = one.message
        if isinstance(update, e.OrderUpdate):
            return not isinstance(update.event, _OWN_DOING)
        return type(update) in MARKET_DATA or isinstance(update, StartStrategy | StopStrategy)
    if one.receiver == "exchange":
        return type(one.message) in MARKET_DATA or isinstance(one.message, _REQUESTS)
    if one.receiver == "order_manager":
        return isinstance(one.message, Denied) or type(one.message) in r.VENUE_REPORTS
    return one.receiver == "risk_controller" and isinstance(one.message, _COMMANDS)


_REQUESTS: Final = (r.VenueSubmit, r.VenueModify, r.VenueCancel, r.VenueQuery, Arrived)


def _line(one: Delivery, begin: int, bot: str, run_id: str) -> str:
    ms, rest = divmod(one.time_ns - begin, _MILLISECOND)
    since = f"{ms}{'+' if rest else ''}"
    text = short(one.message).replace(f"{run_id}-", "")
    sender = sender_of(one.message, one.receiver, bot)
    line = f"{one.step:>5} {since:>6} ms  {sender} -> {one.receiver}: {text}"
    return line if len(line) <= _WIDTH * 2 else f"{line[: _WIDTH * 2]}..."


def sender_of(message: object, receiver: str, bot: str) -> str:
    """Return who sends such a message to this receiver."""
    if type(message) in MARKET_DATA:
        return "exchange" if receiver == bot else "market"
    match message:
        case SubmitOrder() | ModifyOrder() | CancelOrder():
            return message.source or "host"
        case Denied():
            return "risk_controller"
        case Arrived() | CheckExpiries():
            return "exchange"
        case StartStrategy() | StopStrategy():
            return "system"
        case e.OrderUpdate():
            return "order_manager"
        case _:
            return "exchange" if receiver == "order_manager" else "order_manager"


def short(message: object) -> str:
    """Write a message in a few words."""
    match message:
        case Quote():
            bid, ask = _side(message.bid, message.bid_size), _side(message.ask, message.ask_size)
            return f"Quote {message.symbol} {bid} / {ask}"
        case Trade():
            return f"Trade {message.symbol} {_side(message.price, message.size)}"
        case Bar():
            prices = " ".join(plain(price) for price in (message.open, message.high, message.low, message.close))
            return f"Bar {message.symbol} {prices}"
        case Depth():
            return f"Depth {message.symbol} {len(message.bids)} bids, {len(message.asks)} asks"
        case SubmitOrder():
            return f"SubmitOrder {message.order_id} {_terms(message)}"
        case ModifyOrder():
            return f"ModifyOrder {message.order_id}{_changes(message)}"
        case CancelOrder():
            return f"CancelOrder {message.order_id}"
        case Denied():
            return f"denied, {message.refusal.reason.value}: {short(message.command)}"
        case Arrived():
            return short(message.request)
        case e.OrderUpdate():
            return _update(message)
        case _:
            return _venue(message)


def _venue(message: object) -> str:
    """Write a request to the venue, or its report."""
    match message:
        case r.VenueSubmit():
            return f"VenueSubmit {message.client_order_id} {_terms(message)}"
        case r.VenueModify():
            return f"VenueModify {message.client_order_id}{_changes(message)}"
        case r.VenueFilled() | r.VenueFillCorrected():
            return f"{type(message).__name__} {message.client_order_id} {_fill(message.fill)}"
        case StartStrategy():
            return "start"
        case StopStrategy():
            return "stop"
        case _:
            client_id = getattr(message, "client_order_id", None)
            return picture(message) if client_id is None else f"{type(message).__name__} {client_id}{_reason(message)}"


def _update(update: e.OrderUpdate) -> str:
    event, order = update.event, update.order
    text = f"{type(event).__name__} {event.order_id}"
    if isinstance(event, e.OrderFilled):
        text += f" {_fill(event.fill)}"
    text += _reason(event)
    if order is None:
        return text
    filled = f" {plain(order.filled_quantity)} of {plain(order.quantity)}" if order.filled_quantity else ""
    return f"{text} [{order.state.value}{filled}]"


def _terms(terms: Any) -> str:
    text = f"{terms.side.value} {plain(terms.quantity)} {terms.symbol} {terms.order_type.value}"
    if terms.price is not None:
        text += f" {plain(terms.price)}"
    return text if terms.stop_price is None else f"{text} stop {plain(terms.stop_price)}"


def _changes(terms: Any) -> str:
    named = (("price", terms.price), ("quantity", terms.quantity))
    return "".join(f" {name} {plain(value)}" for name, value in named if value is not None)


def _side(price: Decimal | None, size: Decimal | None) -> str:
    if price is None:
        return "-"
    return plain(price) if size is None else f"{plain(size)} at {plain(price)}"


def _fill(fill: r.Fill) -> str:
    return f"{plain(fill.quantity)} at {plain(fill.price)}"


def _reason(message: Any) -> str:
    reason = getattr(message, "reason", None)
    value = getattr(reason, "value", None)
    return "" if value is None else f", {value}"


def numbered(lines: Sequence[str]) -> str:
    """Return a story with a heading, indented."""
    heading = "  step    time  message"
    legend = (
        f"  ({AHEAD} just before it, somebody moved out of turn)"
        if any(line.startswith(AHEAD) for line in lines)
        else ""
    )
    return "\n".join([f"  {heading}{legend}", *(f"  {line}" for line in lines)])
