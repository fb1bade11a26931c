"""What is said in races: commands, quotes, and reports of the venue, in few words."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from ...model import reports as r
from ...model.commands import CancelOrder, ModifyOrder, SubmitOrder
from ...model.instrument import Instrument
from ...model.kinds import OrderType, Side
from ...model.market import Quote
from ...model.numbers import Number

BTC: Final = Instrument("BTC/USDT", price_increment="0.01", quantity_increment="0.00001")


def quote(bid: str = "99", ask: str = "101", symbol: str = BTC.symbol, ask_size: str | None = None) -> Quote:
    """Return a quote; the size of the offer is unlimited unless given."""
    return Quote(symbol, bid=bid, ask=ask, ask_size=ask_size)


def offers(count: int) -> list[Quote]:
    """Return quotes, each with a new offer of 1, at 100 and below: the same quote again would be the same offer."""
    return [quote("50", str(100 - number), ask_size="1") for number in range(count)]


def buy(order_id: str, quantity: Number = "2", price: Number = "100", symbol: str = BTC.symbol) -> SubmitOrder:
    """Return a limit order to buy."""
    return SubmitOrder(symbol, Side.BUY, OrderType.LIMIT, quantity, price=price, order_id=order_id)


def cancel(order_id: str) -> CancelOrder:
    """Return a cancel."""
    return CancelOrder(order_id)


def modify(
    order_id: str,
    price: Number | None = None,
    quantity: Number | None = None,
    stop_price: Number | None = None,
    expire_time_ns: int | None = None,
) -> ModifyOrder:
    """Return a modification."""
    return ModifyOrder(order_id, price=price, quantity=quantity, stop_price=stop_price, expire_time_ns=expire_time_ns)


def execution(execution_id: str, quantity: Number = "1", price: Number = "100") -> r.Fill:
    """Return an execution without a fee."""
    return r.Fill(execution_id=execution_id, quantity=quantity, price=price, fee=Decimal(0), fee_currency="USDT")


def filled(order_id: str, execution_id: str, quantity: Number = "1", price: Number = "100") -> r.VenueFilled:
    """Return the report of an execution."""
    fill = execution(execution_id, quantity, price)
    return r.VenueFilled(client_order_id=order_id, symbol=BTC.symbol, side=Side.BUY, fill=fill)


def accepted(order_id: str) -> r.VenueAccepted:
    """Return an acknowledgement."""
    return r.VenueAccepted(client_order_id=order_id, exchange_order_id=f"at-venue-{order_id}")


def cancelled(order_id: str) -> r.VenueCancelled:
    """Return the report of a cancel."""
    return r.VenueCancelled(client_order_id=order_id)


def expired(order_id: str) -> r.VenueExpired:
    """Return the report of an expiry."""
    return r.VenueExpired(client_order_id=order_id)


def rejected(order_id: str) -> r.VenueRejected:
    """Return the report of a rejection."""
    return r.VenueRejected(client_order_id=order_id)


def busted(order_id: str, execution_id: str) -> r.VenueFillBusted:
    """Return the report that an execution is void."""
    return r.VenueFillBusted(client_order_id=order_id, symbol=BTC.symbol, execution_id=execution_id)


def corrected(order_id: str, execution_id: str, quantity: Number, price: Number = "100") -> r.VenueFillCorrected:
    """Return the report that an execution was another."""
    fill = execution(execution_id, quantity, price)
    return r.VenueFillCorrected(client_order_id=order_id, symbol=BTC.symbol, fill=fill)
