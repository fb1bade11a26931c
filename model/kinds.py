"""The enumerations of the order lifecycle; the eight states, their names and their values are those of the notebook."""

from __future__ import annotations

from enum import Enum


class Kind(Enum):
    """A member is one object, so its identity serves as its hash; Enum's own hash is a Python function, and slow."""

    __hash__ = object.__hash__


class OrderState(Kind):
    """Where an order stands. What may follow what is in lifecycle.py."""

    PENDING = "PENDING"
    SUBMITTED = "SUBMITTED"
    OPEN = "OPEN"
    PARTIALLY_FILLED = "PARTIAL"
    FILLED = "FILLED"
    CANCELLED = "CANCELLED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"


class OrderType(Kind):
    """How an order executes (FIX tag 40, OrdType)."""

    MARKET = "MARKET"
    LIMIT = "LIMIT"
    STOP = "STOP"
    STOP_LIMIT = "STOP_LIMIT"


class Side(Kind):
    """Which way an order trades (FIX tag 54)."""

    BUY = "BUY"
    SELL = "SELL"


class TimeInForce(Kind):
    """How long an order works (FIX tag 59). Only GTC is built; the others are refused as UNSUPPORTED."""

    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"
    GTD = "GTD"
    DAY = "DAY"


class Pending(Kind):
    """The request in flight for an order. A partial fill does not clear it."""

    NONE = "NONE"
    CANCEL = "CANCEL"
    MODIFY = "MODIFY"


class Liquidity(Kind):
    """Whether a fill added liquidity or took it (FIX tag 851, LastLiquidityInd)."""

    MAKER = "MAKER"
    TAKER = "TAKER"


class Reason(Kind):
    """Why an order or a command was refused, cancelled or put in doubt."""

    # Refused by us.
    UNKNOWN_SYMBOL = "UNKNOWN_SYMBOL"
    UNSUPPORTED = "UNSUPPORTED"
    PRICE_INCREMENT = "PRICE_INCREMENT"
    QUANTITY_INCREMENT = "QUANTITY_INCREMENT"
    MIN_QUANTITY = "MIN_QUANTITY"
    MAX_QUANTITY = "MAX_QUANTITY"
    MIN_NOTIONAL = "MIN_NOTIONAL"
    PRICE_BAND = "PRICE_BAND"
    NO_REFERENCE_PRICE = "NO_REFERENCE_PRICE"
    MAX_ORDER_QUANTITY = "MAX_ORDER_QUANTITY"
    MAX_ORDER_NOTIONAL = "MAX_ORDER_NOTIONAL"
    INSUFFICIENT_FUNDS = "INSUFFICIENT_FUNDS"
    HALTED = "HALTED"
    SYMBOL_STOPPED = "SYMBOL_STOPPED"
    DISCONNECTED = "DISCONNECTED"
    VENUE_BUSY = "VENUE_BUSY"
    DUPLICATE_ID = "DUPLICATE_ID"
    UNKNOWN_ORDER = "UNKNOWN_ORDER"
    ORDER_CLOSED = "ORDER_CLOSED"
    CANCEL_PENDING = "CANCEL_PENDING"
    MODIFY_PENDING = "MODIFY_PENDING"
    NOTHING_TO_MODIFY = "NOTHING_TO_MODIFY"
    INTERNAL_ERROR = "INTERNAL_ERROR"
    # Said by the venue.
    NO_MARKET = "NO_MARKET"
    TOO_LATE = "TOO_LATE"
    NOT_AT_VENUE = "NOT_AT_VENUE"
    VENUE = "VENUE"
    # Why an order closed, or why its truth is unknown.
    REQUESTED = "REQUESTED"
    REMAINDER = "REMAINDER"
    NO_ANSWER = "NO_ANSWER"
    CONTRADICTION = "CONTRADICTION"
    REPORT_SET_ASIDE = "REPORT_SET_ASIDE"
