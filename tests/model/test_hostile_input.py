"""What comes from outside is refused at the boundary with one clear error, whatever it is (catalogue rows 33 to 44)."""

from __future__ import annotations

from datetime import tzinfo
from decimal import Decimal
from fractions import Fraction

import pytest
from builders import NOW, S, fill, terms

from orderpit.model import reports as r
from orderpit.model.account import Currency, MarginAccount
from orderpit.model.commands import CancelOrder, ChangeLimits, ModifyOrder, MoveCash, SubmitOrder
from orderpit.model.errors import (
    InvalidConfiguration,
    InvalidInstrument,
    InvalidMarketData,
    InvalidOrder,
    InvalidReport,
    InvalidValue,
)
from orderpit.model.instructions import Instructions
from orderpit.model.instrument import Instrument
from orderpit.model.kinds import Action, OrderType, Side, TimeInForce, Trip
from orderpit.model.limits import RiskLimits, Rule
from orderpit.model.market import Bar, Depth, Quote, Trade
from orderpit.model.trading_hours import TradingHours

LONGEST_ERROR = 400


class LyingText(str):
    """A str that claims to equal everything."""

    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, other):
        return True


class LoudText(str):
    """A str that cannot be shown."""

    __slots__ = ()

    def __repr__(self):
        raise RuntimeError("no picture")


class Unshowable:
    """An object that cannot be shown, hashed or compared."""

    __hash__ = None

    def __repr__(self):
        raise RuntimeError("no picture")

    def __eq__(self, other):
        raise RuntimeError("no comparison")


class LyingClass:
    """An object that claims to be of another class, with an error for an answer."""

    @property
    def __class__(self):
        raise RuntimeError("no class")


class Scalar(int):
    """What a scalar of numpy is to us: an integer of another class."""


class Number(Decimal):
    """A Decimal of another class."""


Ugly = type("Ugly\x1b[31m\n" * 1000, (), {})
Ugly.__repr__ = lambda self: "\x1b[2J\u202e\n"

# Wrong for any field, be it a number, a text or a member of an enumeration.
ALWAYS_WRONG = {
    "float": 0.1,
    "nan-float": float("nan"),
    "inf-float": float("inf"),
    "complex": 1j,
    "bytes": b"1",
    "bytearray": bytearray(b"1"),
    "list": [1],
    "dict": {"a": 1},
    "tuple": (1, 2, 3),
    "class": Decimal,
    "fraction": Fraction(1, 3),
    "scalar": Scalar(1),
    "decimal-subclass": Number(1),
    "lying-text": LyingText("1"),
    "loud-text": LoudText("1"),
    "unshowable": Unshowable(),
    "lying-class": LyingClass(),
    "ugly-class": Ugly(),
    "nan": Decimal("NaN"),
    "snan": Decimal("sNaN"),
    "snan-payload": Decimal("sNaN" + "9" * 1000),
    "inf": Decimal("Infinity"),
    "minus-inf": Decimal("-Infinity"),
    "minus-zero": Decimal("-0"),
    "minus-zero-exponent": Decimal("-0E+999999999"),
    "huge": Decimal("1E+999999999"),
    "tiny": Decimal("1E-999999999"),
    "million-digits": Decimal("1" * 10**6),
    "million-places": Decimal("0." + "1" * 10**6),
    "huge-int": 1 << 4_000_000,
    "minus-huge-int": -(1 << 4_000_000),
    "long-text": "1" * 10**7,
    "control": "1\x00",
    "newline": "1\n",
    "escape": "\x1b[31m1",
    "surrogate": "\ud800",
    "zero-width": "1\u200b",
    "right-to-left": "\u202e1",
}

WRONG_NUMBER = ALWAYS_WRONG | {
    "true": True,
    "none-text": "None",
    "empty": "",
    "underscore": "1_0",
    "blank": " 1",
    "trailing-blank": "1 ",
    "plus": "+1",
    "exponent-text": "1e5",
    "nan-text": "NaN",
    "inf-text": "Infinity",
    "minus-zero-text": "-0",
    "minus-zero-places": "-0.00",
    "full-width": "\uff11\uff12",
    "arabic": "\u0661",
    "superscript": "\u00b2",
    "two-points": "1.2.3",
    "no-whole": ".5",
    "no-places": "5.",
    "hex": "0x10",
    "comma": "1,000",
    "19-digits": "1" * 19,
    "19-places": "0." + "0" * 18 + "1",
    "decimal-19-digits": Decimal(10**18),
    "decimal-19-places": Decimal("1E-19"),
    "int-19-digits": 10**18,
    "negative": -1,
    "negative-text": "-1",
    "negative-decimal": Decimal(-1),
}
ZERO = {"zero": 0, "zero-text": "0", "zero-places": "0.000", "zero-exponent": Decimal("0E+999999999")}

WRONG_ID = ALWAYS_WRONG | {
    "none": None,
    "int": 1,
    "true": True,
    "empty": "",
    "blank": "a b",
    "65-characters": "a" * 65,
    "cyrillic": "\u0410PPL",
    "composed": "caf\u00e9",
    "decomposed": "cafe\u0301",
    "full-width": "\uff21",
    "braces": "{0}",
    "percent": "%s",
}
WRONG_ID_OR_NONE = {name: value for name, value in WRONG_ID.items() if name != "none"}
WRONG_TEXT = ALWAYS_WRONG | {
    "none": None,
    "int": 1,
    "257-characters": "a" * 257,
    "tab": "a\tb",
    "line-separator": "a\u2028b",
}
WRONG_TIME = ALWAYS_WRONG | {
    "true": True,
    "text": "1",
    "negative": -1,
    "beyond-64-bits": 2**63,
}
WRONG_MEMBER = ALWAYS_WRONG | {"name": "BUY", "true": True, "other": S.OPEN}
WRONG_FLAG = ALWAYS_WRONG | {"none": None, "one": 1, "zero": 0, "text": "True"}
WRONG_LEVELS = ALWAYS_WRONG | {
    "none": None,
    "text": "12",
    "three": [("1", "2", "3")],
    "one": [("1",)],
    "set": {("1", "2")},
    "generator": (pair for pair in [("1", "2")]),
    "price-float": [(1.0, "2")],
    "price-zero": [("0", "2")],
    "size-negative": [("1", "-2")],
    "text-pair": ["12"],
    "twice": [("1", "2"), ("1", "2")],
}

POSITIVE = WRONG_NUMBER | ZERO
NO_NONE = {"none": None}
AT_LEAST_ONE = WRONG_TIME | {"zero": 0}


class Quarrelsome(dict):
    """A mapping that will not say what is in it."""

    def items(self):
        raise RuntimeError("no items")


WRONG_LIMITS = ALWAYS_WRONG | NO_NONE | {"class": RiskLimits, "dict": {"max_long": "1"}}
WRONG_NAMED = ALWAYS_WRONG | {
    "none": None,
    "text": "A",
    "quarrelsome": Quarrelsome(),
    "no-limits": {"A": None},
    "a-class": {"A": RiskLimits},
    "bad-name": {"a b": RiskLimits()},
    "no-name": {None: RiskLimits()},
    "nested": {"A": RiskLimits(strategies={"B": RiskLimits()})},
    "pairs-of-one": (("A",),),
    "pairs-of-three": (("A", RiskLimits(), 1),),
    "unhashable-name": ((["A"], RiskLimits()),),
    "twice": (("A", RiskLimits()), ("A", RiskLimits(max_long="1"))),
}


def without(table, *names):
    return {name: value for name, value in table.items() if name not in names}


LIMIT = {"symbol": "A", "side": Side.BUY, "order_type": OrderType.LIMIT, "quantity": "1", "price": "1"}
STOP = {"symbol": "A", "side": Side.BUY, "order_type": OrderType.STOP, "quantity": "1", "stop_price": "1"}
TRAIL = {
    "symbol": "A",
    "side": Side.BUY,
    "order_type": OrderType.TRAILING_STOP,
    "quantity": "1",
    "trailing_offset": "1",
}
GTD = LIMIT | {"time_in_force": TimeInForce.GTD}
BAR = {"symbol": "A", "open": "1", "high": "1", "low": "1", "close": "1"}
GRID = {"symbol": "A/B", "price_increment": "1", "quantity_increment": "1"}
HOURS = {"open": "09:30", "close": "16:00"}
FILL = {"execution_id": "x", "quantity": "1", "price": "1", "fee_currency": "USDT"}
ID = {"client_order_id": "o"}
TRADED = ID | {"symbol": "A", "side": Side.BUY, "fill": fill()}
REQUESTED = ID | {"request_id": "c"}
STAMPED = {"time_ns": WRONG_TIME, "source": WRONG_TEXT}
NAMED = {"client_order_id": WRONG_ID} | STAMPED
OTHER_FILL = ALWAYS_WRONG | {"none": None, "report": CancelOrder("o")}
# A fee may be negative and of 54 digits, so fewer numbers are wrong.
FEE = without(WRONG_NUMBER, *(name for name in WRONG_NUMBER if "19-" in name or name.startswith("negative")))
AMOUNT = without(WRONG_NUMBER, *(name for name in WRONG_NUMBER if name.startswith("negative"))) | ZERO | NO_NONE
ORDER_LISTED = REQUESTED | {"symbol": "A", "side": Side.BUY, "order_type": OrderType.LIMIT, "quantity": "1"}
LISTED = {"request_id": "l", "orders": 0}
WRONG_HOLDINGS = ALWAYS_WRONG | {"text": "12", "report": CancelOrder("o"), "orders": (CancelOrder("o"),)}
WRONG_INSTRUCTIONS = ALWAYS_WRONG | {
    "none": None,
    "post-only": Instructions(post_only=1),
    "reduce-only": Instructions(reduce_only=None),
    "display-float": Instructions(display_quantity=0.5),
    "display-zero": Instructions(display_quantity=Decimal(0)),
    "offset": Instructions(trailing_offset=float("nan")),
    "trailing-type": Instructions(trailing_type="TICKS"),
    "activation": Instructions(activation_price=Decimal(-1)),
}
PAID = {"currency": "USDT", "amount": "1"}
TRIP = {"on": Trip.DAILY_LOSS, "action": Action.HALT, "limit": "1"}
MARGIN = {"leverage": "2", "maintenance_margin": "0.001"}
OTHER_MARGIN = {"maintenance_margin": "0.001"}
WRONG_BY_LIMIT = {
    **dict.fromkeys(
        (
            *("max_order_quantity", "max_order_notional", "price_collar", "max_long", "max_short", "max_gross"),
            *("max_exposure", "max_leverage", "max_concentration", "duplicate_within", "max_daily_loss"),
            *("max_drawdown", "max_data_age"),
        ),
        POSITIVE,
    ),
    "max_reject_rate": POSITIVE | {"above-one": "1.000000000000000001"},
    "max_open_orders": WRONG_TIME,
    **dict.fromkeys(
        (
            *("max_orders_per_second", "max_modifies_per_second", "max_cancels_per_second"),
            *("max_requests_per_second", "max_consecutive_losses"),
        ),
        AT_LEAST_ONE,
    ),
    "cancel_reserve": WRONG_TIME | NO_NONE | {"of-nothing": 1},
    "reject_window": AT_LEAST_ONE | NO_NONE,
    **dict.fromkeys(("refuse_self_crossing", "only_in_trading_hours"), WRONG_FLAG),
    **dict.fromkeys(("instruments", "strategies"), WRONG_NAMED),
}

FIELDS = [
    (SubmitOrder, LIMIT, InvalidOrder, "symbol", WRONG_ID),
    (SubmitOrder, LIMIT, InvalidOrder, "side", WRONG_MEMBER | NO_NONE),
    (SubmitOrder, LIMIT, InvalidOrder, "order_type", WRONG_MEMBER | NO_NONE),
    (SubmitOrder, LIMIT, InvalidOrder, "quantity", POSITIVE | NO_NONE),
    (SubmitOrder, LIMIT, InvalidOrder, "price", POSITIVE | NO_NONE),
    (SubmitOrder, STOP, InvalidOrder, "stop_price", POSITIVE | NO_NONE),
    (SubmitOrder, LIMIT, InvalidOrder, "time_in_force", WRONG_MEMBER | NO_NONE),
    (SubmitOrder, GTD, InvalidOrder, "expire_time_ns", WRONG_TIME | {"zero": 0} | NO_NONE),
    (SubmitOrder, LIMIT, InvalidOrder, "post_only", WRONG_FLAG),
    (SubmitOrder, LIMIT, InvalidOrder, "reduce_only", WRONG_FLAG),
    (SubmitOrder, LIMIT, InvalidOrder, "display_quantity", POSITIVE),
    (SubmitOrder, TRAIL, InvalidOrder, "trailing_offset", POSITIVE | NO_NONE),
    (SubmitOrder, TRAIL, InvalidOrder, "trailing_type", WRONG_MEMBER | NO_NONE),
    (SubmitOrder, TRAIL, InvalidOrder, "activation_price", POSITIVE),
    (SubmitOrder, LIMIT, InvalidOrder, "order_id", WRONG_ID_OR_NONE),
    (SubmitOrder, LIMIT, InvalidOrder, "tag", WRONG_TEXT),
    (SubmitOrder, LIMIT, InvalidOrder, "notes", WRONG_TEXT),
    *((SubmitOrder, LIMIT, InvalidOrder, field, table) for field, table in STAMPED.items()),
    (ModifyOrder, {"order_id": "o", "price": "1"}, InvalidOrder, "order_id", WRONG_ID),
    (ModifyOrder, {"order_id": "o"}, InvalidOrder, "price", POSITIVE | NO_NONE),
    (ModifyOrder, {"order_id": "o"}, InvalidOrder, "quantity", POSITIVE),
    (ModifyOrder, {"order_id": "o"}, InvalidOrder, "stop_price", POSITIVE),
    (ModifyOrder, {"order_id": "o"}, InvalidOrder, "expire_time_ns", WRONG_TIME | {"zero": 0}),
    *((ModifyOrder, {"order_id": "o", "price": "1"}, InvalidOrder, *item) for item in STAMPED.items()),
    (CancelOrder, {}, InvalidOrder, "order_id", WRONG_ID),
    *((CancelOrder, {"order_id": "o"}, InvalidOrder, *item) for item in STAMPED.items()),
    (Quote, {"bid": "1"}, InvalidMarketData, "symbol", WRONG_ID),
    (Quote, {"symbol": "A"}, InvalidMarketData, "bid", POSITIVE | NO_NONE),
    (Quote, {"symbol": "A"}, InvalidMarketData, "ask", POSITIVE),
    (Quote, {"symbol": "A", "bid": "1"}, InvalidMarketData, "bid_size", WRONG_NUMBER),
    (Quote, {"symbol": "A", "ask": "1"}, InvalidMarketData, "ask_size", WRONG_NUMBER),
    *((Quote, {"symbol": "A", "bid": "1"}, InvalidMarketData, *item) for item in STAMPED.items()),
    (Trade, {"price": "1"}, InvalidMarketData, "symbol", WRONG_ID),
    (Trade, {"symbol": "A"}, InvalidMarketData, "price", POSITIVE | NO_NONE),
    (Trade, {"symbol": "A", "price": "1"}, InvalidMarketData, "size", POSITIVE),
    (Trade, {"symbol": "A", "price": "1"}, InvalidMarketData, "aggressor", WRONG_MEMBER),
    *((Trade, {"symbol": "A", "price": "1"}, InvalidMarketData, *item) for item in STAMPED.items()),
    (Bar, BAR, InvalidMarketData, "symbol", WRONG_ID),
    *((Bar, BAR, InvalidMarketData, field, POSITIVE | NO_NONE) for field in ("open", "high", "low", "close")),
    (Bar, BAR, InvalidMarketData, "volume", WRONG_NUMBER),
    *((Bar, BAR, InvalidMarketData, *item) for item in STAMPED.items()),
    (Depth, {"bids": (), "asks": ()}, InvalidMarketData, "symbol", WRONG_ID),
    (Depth, {"symbol": "A", "asks": ()}, InvalidMarketData, "bids", WRONG_LEVELS),
    (Depth, {"symbol": "A", "bids": ()}, InvalidMarketData, "asks", WRONG_LEVELS),
    *((Depth, {"symbol": "A", "bids": (), "asks": ()}, InvalidMarketData, *item) for item in STAMPED.items()),
    (Instrument, GRID, InvalidInstrument, "symbol", WRONG_ID),
    (Instrument, GRID, InvalidInstrument, "price_increment", POSITIVE | NO_NONE),
    (Instrument, GRID, InvalidInstrument, "quantity_increment", POSITIVE | NO_NONE),
    (Instrument, GRID, InvalidInstrument, "min_quantity", POSITIVE),
    (Instrument, GRID, InvalidInstrument, "max_quantity", POSITIVE),
    (Instrument, GRID, InvalidInstrument, "min_notional", WRONG_NUMBER),
    (Instrument, GRID, InvalidInstrument, "max_notional", POSITIVE),
    (Instrument, GRID, InvalidInstrument, "price_band", POSITIVE),
    (Instrument, GRID, InvalidInstrument, "base_currency", WRONG_ID_OR_NONE),
    (Instrument, GRID, InvalidInstrument, "quote_currency", WRONG_ID_OR_NONE),
    (Instrument, GRID, InvalidInstrument, "trading_hours", ALWAYS_WRONG),
    (TradingHours, {"close": "16:00"}, InvalidInstrument, "open", WRONG_ID_OR_NONE | NO_NONE),
    (TradingHours, {"open": "09:30"}, InvalidInstrument, "close", WRONG_ID_OR_NONE | NO_NONE),
    (TradingHours, HOURS, InvalidInstrument, "time_zone", ALWAYS_WRONG | NO_NONE | {"no-offset": tzinfo()}),
    (TradingHours, HOURS, InvalidInstrument, "days", without(ALWAYS_WRONG, "list", "tuple") | NO_NONE | {"empty": ()}),
    *((RiskLimits, {}, InvalidConfiguration, field, table) for field, table in WRONG_BY_LIMIT.items()),
    (Rule, TRIP, InvalidConfiguration, "on", WRONG_MEMBER | NO_NONE | {"by-hand": Trip.PERSON}),
    (Rule, TRIP, InvalidConfiguration, "action", WRONG_MEMBER | NO_NONE),
    (Rule, TRIP, InvalidConfiguration, "limit", POSITIVE | NO_NONE),
    (Rule, TRIP, InvalidConfiguration, "strategy", without(WRONG_ID, "empty")),
    (Currency, {"code": "USDT"}, InvalidConfiguration, "code", WRONG_ID),
    (Currency, {"code": "USDT"}, InvalidConfiguration, "places", WRONG_TIME | {"19": 19}),
    (Currency, {"code": "USDT"}, InvalidConfiguration, "rounding", ALWAYS_WRONG | NO_NONE | {"unknown": "half"}),
    (MarginAccount, MARGIN, InvalidConfiguration, "leverage", POSITIVE | NO_NONE),
    (MarginAccount, OTHER_MARGIN, InvalidConfiguration, "initial_margin", POSITIVE),
    (MarginAccount, MARGIN, InvalidConfiguration, "maintenance_margin", POSITIVE | NO_NONE | {"above": "0.6"}),
    (MoveCash, {"amount": "1"}, InvalidOrder, "currency", WRONG_ID),
    (MoveCash, {"currency": "USDT"}, InvalidOrder, "amount", AMOUNT),
    (MoveCash, PAID, InvalidOrder, "transfer_id", WRONG_ID_OR_NONE),
    (MoveCash, PAID, InvalidOrder, "text", WRONG_TEXT),
    *((MoveCash, PAID, InvalidOrder, *item) for item in STAMPED.items()),
    (ChangeLimits, {}, InvalidConfiguration, "limits", WRONG_LIMITS),
    *((ChangeLimits, {"limits": RiskLimits()}, InvalidOrder, *item) for item in STAMPED.items()),
    (r.Fill, FILL, InvalidReport, "execution_id", WRONG_ID),
    (r.Fill, FILL, InvalidReport, "quantity", POSITIVE | NO_NONE),
    (r.Fill, FILL, InvalidReport, "price", POSITIVE | NO_NONE),
    (r.Fill, FILL, InvalidReport, "fee", FEE | {"55-digits": "1" * 55, "55-places": Decimal("1E-55")} | NO_NONE),
    (r.Fill, FILL, InvalidReport, "fee_currency", WRONG_ID),
    (r.Fill, FILL, InvalidReport, "liquidity", WRONG_MEMBER),
    (r.Fill, FILL, InvalidReport, "time_ns", WRONG_TIME),
    *((r.VenueAccepted, ID, InvalidReport, *item) for item in NAMED.items()),
    (r.VenueAccepted, ID, InvalidReport, "exchange_order_id", WRONG_ID_OR_NONE),
    (r.VenueAccepted, ID, InvalidReport, "price", POSITIVE),
    (r.VenueAccepted, ID, InvalidReport, "quantity", POSITIVE),
    *(
        (kind, REQUESTED if "Reject" in kind.__name__ and kind is not r.VenueRejected else ID, InvalidReport, *item)
        for kind in (r.VenueRejected, r.VenueCancelled, r.VenueExpired, r.VenueCancelRejected, r.VenueModifyRejected)
        for item in (NAMED | {"reason": WRONG_MEMBER | NO_NONE}).items()
    ),
    *((kind, ID, InvalidReport, "text", WRONG_TEXT) for kind in (r.VenueRejected, r.VenueCancelled, r.VenueExpired)),
    *((kind, ID, InvalidReport, "filled_quantity", WRONG_NUMBER) for kind in (r.VenueCancelled, r.VenueExpired)),
    *((r.VenueTriggered, ID, InvalidReport, *item) for item in NAMED.items()),
    (r.VenueTriggered, ID, InvalidReport, "stop_price", POSITIVE),
    *((r.VenueFilled, TRADED, InvalidReport, *item) for item in NAMED.items()),
    (r.VenueFilled, TRADED, InvalidReport, "symbol", WRONG_ID),
    (r.VenueFilled, TRADED, InvalidReport, "side", WRONG_MEMBER | NO_NONE),
    (r.VenueFilled, TRADED, InvalidReport, "fill", OTHER_FILL),
    (r.VenueFilled, TRADED, InvalidReport, "exchange_order_id", WRONG_ID_OR_NONE),
    *((r.VenueModified, REQUESTED, InvalidReport, *item) for item in NAMED.items()),
    (r.VenueModified, REQUESTED, InvalidReport, "request_id", WRONG_ID),
    (r.VenueModified, REQUESTED, InvalidReport, "price", POSITIVE),
    (r.VenueModified, REQUESTED, InvalidReport, "quantity", POSITIVE),
    (r.VenueModified, REQUESTED, InvalidReport, "stop_price", POSITIVE),
    (r.VenueModified, REQUESTED, InvalidReport, "expire_time_ns", WRONG_TIME | {"zero": 0}),
    (r.VenueModified, REQUESTED, InvalidReport, "reason", WRONG_MEMBER | NO_NONE),
    (r.VenueModified, REQUESTED, InvalidReport, "exchange_order_id", WRONG_ID_OR_NONE),
    *(
        (kind, REQUESTED, InvalidReport, *item)
        for kind in (r.VenueCancelRejected, r.VenueModifyRejected)
        for item in {"request_id": WRONG_ID, "text": WRONG_TEXT}.items()
    ),
    (r.VenueFillBusted, ID | {"symbol": "A"}, InvalidReport, "execution_id", WRONG_ID),
    (r.VenueFillBusted, ID | {"execution_id": "x"}, InvalidReport, "symbol", WRONG_ID),
    *((r.VenueFillBusted, ID | {"symbol": "A", "execution_id": "x"}, InvalidReport, *item) for item in NAMED.items()),
    (r.VenueFillCorrected, ID | {"symbol": "A"}, InvalidReport, "fill", OTHER_FILL),
    (r.VenueFillCorrected, ID | {"fill": fill()}, InvalidReport, "symbol", WRONG_ID),
    *((r.VenueFillCorrected, ID | {"symbol": "A", "fill": fill()}, InvalidReport, *item) for item in NAMED.items()),
    *((r.VenueStatus, ID | {"state": None}, InvalidReport, *item) for item in NAMED.items()),
    (r.VenueStatus, ID | {"state": None}, InvalidReport, "request_id", WRONG_ID_OR_NONE),
    (r.VenueStatus, ID, InvalidReport, "state", without(WRONG_MEMBER, "other") | {"other": Side.BUY}),
    (r.VenueStatus, ID | {"state": None}, InvalidReport, "filled_quantity", WRONG_NUMBER | NO_NONE),
    (r.VenueStatus, ID | {"state": None}, InvalidReport, "complete", WRONG_FLAG),
    (r.VenueStatus, ID | {"state": None}, InvalidReport, "price", POSITIVE),
    (r.VenueStatus, ID | {"state": None}, InvalidReport, "quantity", POSITIVE),
    (r.VenueStatus, ID | {"state": None}, InvalidReport, "stop_price", POSITIVE),
    (r.VenueStatus, ID | {"state": None}, InvalidReport, "expire_time_ns", WRONG_TIME | {"zero": 0}),
    *((r.VenueOrderListed, ORDER_LISTED, InvalidReport, *item) for item in NAMED.items()),
    (r.VenueOrderListed, ORDER_LISTED, InvalidReport, "request_id", WRONG_ID),
    (r.VenueOrderListed, ORDER_LISTED, InvalidReport, "exchange_order_id", WRONG_ID_OR_NONE),
    (r.VenueOrderListed, ORDER_LISTED, InvalidReport, "symbol", WRONG_ID),
    (r.VenueOrderListed, ORDER_LISTED, InvalidReport, "side", WRONG_MEMBER | NO_NONE),
    (r.VenueOrderListed, ORDER_LISTED, InvalidReport, "order_type", WRONG_MEMBER | NO_NONE),
    (r.VenueOrderListed, ORDER_LISTED, InvalidReport, "quantity", POSITIVE | NO_NONE),
    (r.VenueOrderListed, ORDER_LISTED, InvalidReport, "price", POSITIVE),
    (r.VenueOrderListed, ORDER_LISTED, InvalidReport, "stop_price", POSITIVE),
    (r.VenueOrderListed, ORDER_LISTED, InvalidReport, "time_in_force", WRONG_MEMBER | NO_NONE),
    (r.VenueOrderListed, ORDER_LISTED, InvalidReport, "expire_time_ns", WRONG_TIME | {"zero": 0}),
    (r.VenueOrderListed, ORDER_LISTED, InvalidReport, "instructions", WRONG_INSTRUCTIONS),
    (r.VenueOrderListed, ORDER_LISTED, InvalidReport, "account", WRONG_TEXT),
    (r.VenueOrderListed, ORDER_LISTED, InvalidReport, "closes", WRONG_FLAG),
    (r.VenueOrderListed, ORDER_LISTED, InvalidReport, "link_id", WRONG_ID_OR_NONE),
    (r.VenueOrderListed, ORDER_LISTED, InvalidReport, "contingency", WRONG_MEMBER),
    (r.VenueOrderListed, ORDER_LISTED, InvalidReport, "triggered", WRONG_FLAG),
    (r.VenueOrderListed, ORDER_LISTED, InvalidReport, "created_ns", WRONG_TIME),
    (r.VenueListed, {"orders": 0}, InvalidReport, "request_id", WRONG_ID),
    (r.VenueListed, {"request_id": "l"}, InvalidReport, "orders", WRONG_TIME),
    (r.VenueListed, LISTED, InvalidReport, "complete", WRONG_FLAG),
    (r.VenueListed, LISTED, InvalidReport, "balances", WRONG_HOLDINGS),
    (r.VenueListed, LISTED, InvalidReport, "positions", WRONG_HOLDINGS),
    (r.VenueListed, LISTED, InvalidReport, "text", WRONG_TEXT),
    *((r.VenueListed, LISTED, InvalidReport, *item) for item in STAMPED.items()),
    (r.VenueBalance, {"amount": "1"}, InvalidReport, "currency", WRONG_ID),
    (r.VenueBalance, {"currency": "USDT"}, InvalidReport, "amount", FEE | {"55-digits": "1" * 55} | NO_NONE),
    (r.VenueBalance, {"currency": "USDT", "amount": "1"}, InvalidReport, "account", WRONG_TEXT),
    (r.VenuePosition, {"quantity": "1"}, InvalidReport, "symbol", WRONG_ID),
    (r.VenuePosition, {"symbol": "A"}, InvalidReport, "quantity", FEE | {"55-digits": "1" * 55} | NO_NONE),
    (r.VenuePosition, {"symbol": "A", "quantity": "1"}, InvalidReport, "opened_by", WRONG_MEMBER),
    (r.VenuePosition, {"symbol": "A", "quantity": "1"}, InvalidReport, "account", WRONG_TEXT),
    (r.VenueDisconnected, {}, InvalidReport, "reason", WRONG_TEXT),
    *((kind, {}, InvalidReport, "time_ns", WRONG_TIME) for kind in (r.VenueDisconnected, r.VenueConnected)),
    *((kind, {}, InvalidReport, "source", WRONG_TEXT) for kind in (r.VenueDisconnected, r.VenueConnected)),
]


def check(error, kind, field):
    """One clear error: its class, the field, and a message of bounded length that is fit for a terminal."""
    assert type(error) is kind
    assert isinstance(error, ValueError)
    # "asks price" is of asks, and "instruments A" of instruments.
    assert error.field.split(" ")[0] == field
    text = str(error)
    assert text.startswith(f"{error.field}: ")
    assert ", got " in text
    assert len(text) <= LONGEST_ERROR
    assert text.isascii()
    assert text.isprintable()


@pytest.mark.fault(33, 34, 35, 37, 38, 39, 41, 42)
@pytest.mark.parametrize(
    ("build", "fields", "kind", "field", "table"),
    [pytest.param(*case, id=f"{case[0].__name__}-{case[3]}") for case in FIELDS],
)
def test_a_hostile_value_is_refused_with_one_clear_error_that_names_the_field(build, fields, kind, field, table):
    for name, value in table.items():
        with pytest.raises(InvalidValue) as caught:
            build(**fields | {field: value})
        check(caught.value, kind, field), name


def test_every_field_of_every_public_constructor_is_in_the_table():
    tried = {}
    for build, _, _, field, _ in FIELDS:
        tried.setdefault(build, set()).add(field)
    assert {build: {field.name for field in build.__attrs_attrs__} for build in tried} == tried
    reports = {
        kind for kind in vars(r).values() if isinstance(kind, type) and issubclass(kind, r.VenueReport | r.VenueListing)
    }
    assert reports <= tried.keys()


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        pytest.param("000000000000000001.500000000000000000", "1.500000000000000000", id="text"),
        pytest.param("999999999999999999.999999999999999999", "999999999999999999.999999999999999999", id="most"),
        pytest.param("0.000000000000000001", "1E-18", id="least"),
        pytest.param(10**18 - 1, "999999999999999999", id="int"),
        pytest.param(Decimal("0.10"), "0.10", id="decimal"),
        pytest.param(Decimal("1E+3"), "1000", id="exponent"),
        pytest.param(Decimal("1E+17"), "100000000000000000", id="largest-exponent"),
        pytest.param(Decimal("1.0000000000000000000"), "1", id="zeros-beyond-18-places"),
        pytest.param(Decimal("1000.0000000000000000000"), "1000", id="thousand-with-zeros"),
        pytest.param(Decimal("1." + "0" * 10**6), "1", id="a-million-zeros"),
    ],
)
def test_a_number_within_18_digits_each_side_is_taken_exactly(value, plain):
    assert str(terms(quantity=value).quantity) == plain


def test_a_fee_may_be_a_rebate_and_a_product():
    for value in ("-0.1", Decimal("-0.1"), Decimal("1E-54"), "9" * 54 + "." + "9" * 54, 0, Decimal("0E+10")):
        assert fill(fee=value).fee == Decimal(value)


@pytest.mark.parametrize(
    ("build", "field"),
    [
        pytest.param(lambda: terms(price=None), "price", id="limit-without-price"),
        pytest.param(lambda: terms(order_type=OrderType.MARKET), "price", id="market-with-price"),
        pytest.param(lambda: terms(order_type=OrderType.STOP_LIMIT), "stop_price", id="stop-without-stop"),
        pytest.param(lambda: terms(stop_price="1"), "stop_price", id="limit-with-stop"),
        pytest.param(lambda: terms(order_type=OrderType.STOP, stop_price="1"), "price", id="stop-with-price"),
        pytest.param(lambda: terms(time_in_force=TimeInForce.GTD), "expire_time_ns", id="gtd-without-time"),
        pytest.param(lambda: terms(expire_time_ns=NOW), "expire_time_ns", id="gtc-with-time"),
        pytest.param(lambda: ModifyOrder("o-1"), "price", id="modify-nothing"),
    ],
)
def test_terms_that_contradict_each_other_are_refused(build, field):
    with pytest.raises(InvalidOrder) as caught:
        build()
    check(caught.value, InvalidOrder, field)


@pytest.mark.fault(30)
@pytest.mark.parametrize(
    ("build", "field"),
    [
        pytest.param(lambda: Quote("A", bid="2", ask="1"), "bid", id="crossed-quote"),
        pytest.param(lambda: Quote("A"), "bid", id="no-side"),
        pytest.param(lambda: Bar("A", open="2", high="1", low="1", close="1"), "high", id="open-above-high"),
        pytest.param(lambda: Bar("A", open="1", high="1", low="2", close="1"), "high", id="low-above-high"),
        pytest.param(lambda: Bar("A", open="2", high="3", low="2", close="1"), "low", id="close-below-low"),
        pytest.param(lambda: Depth("A", bids=[("2", "1")], asks=[("1", "1")]), "bid", id="crossed-book"),
        pytest.param(lambda: Depth("A", bids=[("1", "1"), ("2", "1")], asks=()), "bids", id="rising-bids"),
        pytest.param(lambda: Depth("A", bids=(), asks=[("2", "1"), ("1", "1")]), "asks", id="falling-asks"),
    ],
)
def test_market_data_that_no_market_can_show_is_refused(build, field):
    with pytest.raises(InvalidMarketData) as caught:
        build()
    check(caught.value, InvalidMarketData, field)


@pytest.mark.parametrize(
    ("build", "field"),
    [
        pytest.param(
            lambda: RiskLimits(max_requests_per_second=5, cancel_reserve=5), "cancel_reserve", id="all-in-reserve"
        ),
        pytest.param(
            lambda: RiskLimits(instruments={"A": RiskLimits(instruments={"B": RiskLimits()})}),
            "instruments",
            id="symbol-within-symbol",
        ),
        pytest.param(
            lambda: RiskLimits(strategies={"A": RiskLimits(strategies={"B": RiskLimits()})}),
            "strategies",
            id="strategy-within-strategy",
        ),
        pytest.param(lambda: Rule(on=Trip.STUCK_ACTOR, action=Action.HALT), "limit", id="rule-without-limit"),
        pytest.param(
            lambda: Rule(on=Trip.MARGIN_CALL, action=Action.HALT, limit=1), "limit", id="rule-with-needless-limit"
        ),
        pytest.param(
            lambda: Rule(on=Trip.AUDIT_VIOLATION, action=Action.HALT, strategy="s"), "strategy", id="rule-of-nobody"
        ),
        pytest.param(lambda: MarginAccount(maintenance_margin="0.1"), "leverage", id="no-margin"),
        pytest.param(
            lambda: MarginAccount(maintenance_margin="0.1", leverage=2, initial_margin="0.5"),
            "leverage",
            id="two-margins",
        ),
        pytest.param(
            lambda: MarginAccount(maintenance_margin="0.2", initial_margin="0.1"),
            "maintenance_margin",
            id="maintenance-above-initial",
        ),
    ],
)
def test_settings_that_contradict_each_other_are_refused(build, field):
    with pytest.raises(InvalidConfiguration) as caught:
        build()
    check(caught.value, InvalidConfiguration, field)


def test_limits_by_name_are_kept_in_one_order_and_equal_however_they_were_given():
    one, other = RiskLimits(max_long="1"), RiskLimits(max_short="1")
    given = RiskLimits(instruments={"B": one, "A": other})
    assert given.instruments == (("A", other), ("B", one))
    assert given == RiskLimits(instruments={"A": other, "B": one}) == RiskLimits(instruments=given.instruments)
