"""What has happened to an order, in words: each event as a sentence."""

from __future__ import annotations

from typing import Final

from . import events as e
from .account_events import TradingStateChanged
from .explanation import moment
from .kinds import Reason
from .link import Link
from .numbers import exact, plain, round_to
from .order import Order

_SHOWN: Final = exact("average", "0.00000001")


def told(update: e.OrderUpdate) -> str:
    """Return what an entry of the stream says."""
    event, order = update.event, update.order
    match event:
        case e.OrderCreated():
            return _created(event)
        case e.OrderDenied():
            return f"refused before it left, {_why(event)}"
        case e.OrderSubmitted():
            return f"sent to the venue as {event.client_order_id}"
        case e.OrderOpened():
            return "taken by the venue" + (f" as {event.exchange_order_id}" if event.exchange_order_id else "")
        case e.OrderRejected():
            return f"refused by the venue, {_why(event)}"
        case e.OrderTriggered():
            at = "" if event.stop_price is None else f" at {plain(event.stop_price)}"
            return f"its stop was reached{at}"
        case e.OrderCancelled():
            return "cancelled" if event.reason is Reason.REQUESTED else f"cancelled, {_why(event)}"
        case e.OrderExpired():
            return f"expired, {_why(event)}"
        case e.OrderInDoubt():
            return f"in doubt, {_why(event)}"
        case e.OrderResolved():
            return "the doubt is resolved" + ("" if order is None else f": it is {order.state.value}")
        case e.CommandRefused():
            return f"{event.command} of {event.strategy_id} was refused, {_why(event)}"
        case TradingStateChanged():
            whose = f"{event.strategy_id}'s trading state" if event.strategy_id else "the trading state"
            numbers = f": {event.text}" if event.text else ""
            return f"{whose} went from {event.before.value} to {event.state.value}, {event.trip.value}{numbers}"
        case e.OrderFilled() | e.FillBusted() | e.FillCorrected():
            return _executed(event) + ("" if order is None else f"; so far {so_far(order)}")
        case _:
            return _changed(event)


def _changed(event: e.Event) -> str:
    match event:
        case e.CancelRequested():
            why = "" if event.reason is Reason.REQUESTED else f", {event.reason.value}"
            return f"a cancel was sent to the venue{why}"
        case e.CancelRejected():
            return f"the venue refused the cancel, {_why(event)}"
        case e.ModifyRequested():
            way = "a cancel, to send it anew with" if event.replaces else "new terms,"
            return f"{way} {_terms(event)} went to the venue{_because(event)}"
        case e.ModifyRejected():
            return f"the venue refused the new terms, {_why(event)}"
        case e.OrderModified():
            return f"new terms are in force: {_terms(event) or 'another id at the venue'}{_because(event)}"
        case _:
            assert isinstance(event, e.OrderReplaced), "money and limits are told of no order"
            return f"sent anew as {event.client_order_id} for {plain(event.quantity)}"


def _created(event: e.OrderCreated) -> str:
    terms = event.terms
    words = [terms.side.value, plain(terms.quantity), terms.symbol, terms.order_type.value]
    prices = (("@", terms.price), ("stop", terms.stop_price))
    words += [f"{word} {plain(price)}" for word, price in prices if price is not None]
    words.append(terms.time_in_force.value)
    who = "by the order manager itself" if event.unasked else f"by {event.strategy_id}"
    place = (
        "" if event.link is None else f", {role_of(event.link)} of {event.link.contingency.value} {event.link.group_id}"
    )
    if event.link is not None and event.link.replaces is not None:
        place += f", in place of {event.link.replaces}, which has ended"
    return f"created {who}: {' '.join(words)}{place}"


def role_of(link: Link) -> str:
    """Return what an order is to its group."""
    return link.role.value.lower().replace("_", " ")


def _why(event: _Refusing) -> str:
    return f"{event.reason.value}: {event.text}" if event.text else event.reason.value


_Refusing = (
    e.OrderDenied
    | e.OrderRejected
    | e.CancelRejected
    | e.ModifyRejected
    | e.OrderCancelled
    | e.OrderExpired
    | e.OrderInDoubt
    | e.CommandRefused
)


def _because(event: e.ModifyRequested | e.OrderModified) -> str:
    return "" if event.reason is Reason.REQUESTED else f", {event.reason.value}"


def _terms(event: e.ModifyRequested | e.OrderModified) -> str:
    new = (("price", event.price), ("quantity", event.quantity), ("stop price", event.stop_price))
    words = [f"{name} {plain(value)}" for name, value in new if value is not None]
    if event.expire_time_ns is not None:
        words.append(f"until {moment(event.expire_time_ns)}")
    return ", ".join(words)


def _executed(event: e.OrderFilled | e.FillBusted | e.FillCorrected) -> str:
    fill = event.fill
    amount = f"{plain(fill.quantity)} @ {plain(fill.price)}"
    fee = f"fee {plain(fill.fee)} {fill.fee_currency}"
    match event:
        case e.FillBusted():
            return f"execution {fill.execution_id} of {amount}, {fee}, was declared void"
        case e.FillCorrected():
            was = f"{plain(event.replaced.quantity)} @ {plain(event.replaced.price)}"
            return f"execution {fill.execution_id} of {was} was corrected to {amount}, {fee}"
        case _:
            role = "" if fill.liquidity is None else f" as {fill.liquidity.value.lower()}"
            return f"filled {amount}{role}, {fee}"


def so_far(order: Order) -> str:
    """Return what has filled of an order."""
    text = f"{plain(order.filled_quantity)} of {plain(order.quantity)} filled"
    if not order.filled_quantity:
        return text
    fees = "" if order.fee_currency is None else f", fees {plain(order.fees_paid)} {order.fee_currency}"
    return f"{text} at {plain(round_to(order.average_fill_price, _SHOWN))} on average{fees}"


def done(event: e.Event) -> str:
    """Return what was done to an order that others of its group follow, to come after "was"."""
    match event:
        case e.OrderFilled():
            return f"filled {plain(event.fill.quantity)} @ {plain(event.fill.price)}"
        case e.FillBusted() | e.FillCorrected():
            return "restated: an execution of it is void or was corrected"
        case e.OrderDenied() | e.OrderRejected():
            return "refused"
        case e.OrderCancelled():
            return "cancelled"
        case e.OrderExpired():
            return "expired"
        case _:
            return "modified"
