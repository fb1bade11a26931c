"""The facts that concern no order: money paid in or out, limits changed, the trading state changed.

They stand in the same ordered stream as the events of orders, so that whoever folds it knows what was in force when.
"""

from __future__ import annotations

from decimal import Decimal

import attrs

from .kinds import Action, TradingState, Trip
from .limits import RiskLimits


class _OfNoOrder:
    """Gives what every event has."""

    __slots__ = ()

    @property
    def order_id(self) -> str:
        """Empty: it is about no order."""
        return ""


@attrs.frozen(kw_only=True)
class CashMoved(_OfNoOrder):
    """Money was paid into the account, or out of it where the amount is negative. It is no profit."""

    time_ns: int
    source: str
    transfer_id: str
    currency: str
    amount: Decimal
    text: str


@attrs.frozen(kw_only=True)
class LimitsChanged(_OfNoOrder):
    """From here on orders are held to these limits, in place of all before."""

    time_ns: int
    source: str
    limits: RiskLimits


@attrs.frozen(kw_only=True)
class TradingStateChanged(_OfNoOrder):
    """What may leave has changed, or was to change and was strict enough already.

    strategy_id is whose state it is, empty for all. trip says what has caused it and text the numbers; action is what
    is done, None for a person who resumes.
    """

    time_ns: int
    source: str
    strategy_id: str
    before: TradingState
    state: TradingState
    trip: Trip
    action: Action | None
    text: str
