"""The enumerations of the order lifecycle; the eight states, their names and their values are those of the notebook."""

from __future__ import annotations

from enum import Enum
from typing import Final


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
    TRAILING_STOP = "TRAILING_STOP"


STOPS: Final = frozenset({OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP})
"""The types that wait for a trigger."""


class Side(Kind):
    """Which way an order trades (FIX tag 54)."""

    BUY = "BUY"
    SELL = "SELL"


class TimeInForce(Kind):
    """How long an order works (FIX tag 59)."""

    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"
    GTD = "GTD"
    DAY = "DAY"


class TrailingType(Kind):
    """What the offset of a trailing stop counts (FIX tag 836, PegOffsetType)."""

    AMOUNT = "AMOUNT"
    PERCENT = "PERCENT"
    TICKS = "TICKS"


class Contingency(Kind):
    """What ties the orders of a group together (FIX tag 1385, ContingencyType).

    OCO: an execution of one cancels the others. OUO: an execution of one takes as much from the others. OTO: the
    complete fill of the first sends the others. BRACKET: what fills of the entry is protected by a profit target and a
    stop, which take from each other.
    """

    OCO = "OCO"
    OUO = "OUO"
    OTO = "OTO"
    BRACKET = "BRACKET"


class Role(Kind):
    """What an order is in its group."""

    LEG = "LEG"
    FIRST = "FIRST"
    THEN = "THEN"
    ENTRY = "ENTRY"
    PROFIT_TARGET = "PROFIT_TARGET"
    STOP_LOSS = "STOP_LOSS"


class Pending(Kind):
    """The request in flight for an order. A partial fill does not clear it."""

    NONE = "NONE"
    CANCEL = "CANCEL"
    MODIFY = "MODIFY"


class Liquidity(Kind):
    """Whether a fill added liquidity or took it (FIX tag 851, LastLiquidityInd)."""

    MAKER = "MAKER"
    TAKER = "TAKER"


class TradingState(Kind):
    """What may leave.

    ACTIVE: everything. REDUCING: cancels, and orders that bring a position closer to zero, counting working orders.
    HALTED: cancels alone.
    """

    ACTIVE = "ACTIVE"
    REDUCING = "REDUCING"
    HALTED = "HALTED"


class Action(Kind):
    """What a trip does. Each but ALERT changes the trading state, and none makes it less strict.

    ALERT: an alarm. REDUCE: REDUCING, and working orders that could open are cancelled. HALT: HALTED; working orders
    stay. CANCEL_ALL: HALTED, and all working orders are cancelled. FLATTEN: the same, and then each position is closed
    at the market.
    """

    ALERT = "ALERT"
    REDUCE = "REDUCE"
    HALT = "HALT"
    CANCEL_ALL = "CANCEL_ALL"
    FLATTEN = "FLATTEN"


class Trip(Kind):
    """What has changed the trading state."""

    # Outside of the system.
    PERSON = "PERSON"
    FILE = "FILE"
    SIGNAL = "SIGNAL"
    # Rules.
    DAILY_LOSS = "DAILY_LOSS"
    DRAWDOWN = "DRAWDOWN"
    CONSECUTIVE_LOSSES = "CONSECUTIVE_LOSSES"
    REJECT_RATE = "REJECT_RATE"
    STUCK_ACTOR = "STUCK_ACTOR"
    AUDIT_VIOLATION = "AUDIT_VIOLATION"
    MARGIN_CALL = "MARGIN_CALL"
    # What the venue holds and we do not, or the other way round.
    UNRECONCILED = "UNRECONCILED"
    # An actor that cannot go on.
    FAILURE = "FAILURE"


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
    MAX_NOTIONAL = "MAX_NOTIONAL"
    DISPLAY_QUANTITY = "DISPLAY_QUANTITY"
    EXPIRE_TIME = "EXPIRE_TIME"
    UNSUPPORTED_COMBINATION = "UNSUPPORTED_COMBINATION"
    REDUCE_ONLY = "REDUCE_ONLY"
    PRICE_BAND = "PRICE_BAND"
    NO_REFERENCE_PRICE = "NO_REFERENCE_PRICE"
    MAX_ORDER_QUANTITY = "MAX_ORDER_QUANTITY"
    MAX_ORDER_NOTIONAL = "MAX_ORDER_NOTIONAL"
    INSUFFICIENT_FUNDS = "INSUFFICIENT_FUNDS"
    INSUFFICIENT_MARGIN = "INSUFFICIENT_MARGIN"
    NO_ACCOUNT = "NO_ACCOUNT"
    PRICE_COLLAR = "PRICE_COLLAR"
    MAX_LONG = "MAX_LONG"
    MAX_SHORT = "MAX_SHORT"
    MAX_GROSS = "MAX_GROSS"
    MAX_EXPOSURE = "MAX_EXPOSURE"
    MAX_LEVERAGE = "MAX_LEVERAGE"
    MAX_CONCENTRATION = "MAX_CONCENTRATION"
    MAX_OPEN_ORDERS = "MAX_OPEN_ORDERS"
    ORDER_RATE = "ORDER_RATE"
    MODIFY_RATE = "MODIFY_RATE"
    CANCEL_RATE = "CANCEL_RATE"
    REQUEST_RATE = "REQUEST_RATE"
    DUPLICATE_ORDER = "DUPLICATE_ORDER"
    SELF_CROSSING = "SELF_CROSSING"
    MAX_DAILY_LOSS = "MAX_DAILY_LOSS"
    MAX_DRAWDOWN = "MAX_DRAWDOWN"
    MAX_CONSECUTIVE_LOSSES = "MAX_CONSECUTIVE_LOSSES"
    MAX_REJECT_RATE = "MAX_REJECT_RATE"
    STALE_DATA = "STALE_DATA"
    OUTSIDE_HOURS = "OUTSIDE_HOURS"
    HALTED = "HALTED"
    REDUCING = "REDUCING"
    SYMBOL_STOPPED = "SYMBOL_STOPPED"
    DISCONNECTED = "DISCONNECTED"
    UNRECORDED = "UNRECORDED"
    RECONCILING = "RECONCILING"
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
    STOP_PRICE = "STOP_PRICE"
    POST_ONLY = "POST_ONLY"
    FILL_OR_KILL = "FILL_OR_KILL"
    SELF_TRADE = "SELF_TRADE"
    TOO_LATE = "TOO_LATE"
    NOT_AT_VENUE = "NOT_AT_VENUE"
    VENUE = "VENUE"
    # Why an order closed, or why its truth is unknown.
    REQUESTED = "REQUESTED"
    REMAINDER = "REMAINDER"
    TIME_IN_FORCE = "TIME_IN_FORCE"
    CONTINGENT = "CONTINGENT"
    REPLACED = "REPLACED"
    NO_ANSWER = "NO_ANSWER"
    CONTRADICTION = "CONTRADICTION"
    REPORT_SET_ASIDE = "REPORT_SET_ASIDE"
    WITHHELD = "WITHHELD"
    TRIPPED = "TRIPPED"
