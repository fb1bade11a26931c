"""What the account and each strategy hold of one symbol, as a fold of the executions that stand."""

from __future__ import annotations

from typing import Final, TypeAlias

import attrs

from . import events as e
from .holding import AnyHolding, Hedged
from .kinds import Side
from .numbers import ZERO
from .order import Order
from .reports import Fill

_EVERY: Final = 64
"""Executions from one checkpoint to the next."""


@attrs.frozen
class Booked:
    """An execution that stands; closes says that its order closes the other side before it opens its own."""

    order_id: str
    strategy_id: str
    side: Side
    closes: bool
    fill: Fill


def booked(order: Order, fill: Fill, *, hedged: bool) -> Booked:
    """Return an execution as it is booked.

    Where positions are netted each order closes what is there of the other side. Where they are hedged: one that may
    only reduce, and the exits of a bracket.
    """
    return Booked(order.order_id, order.strategy_id, order.side, order.closes or not hedged, fill)


Held: TypeAlias = tuple[AnyHolding, AnyHolding]
"""What the account holds, and what the strategy of an execution does."""
_Checkpoint: TypeAlias = tuple[AnyHolding, dict[str, AnyHolding]]


@attrs.frozen
class Restated:
    """A position book as it is without an execution, or with another in its place; kept from a checkpoint on."""

    place: int
    instead: Booked | None
    account: AnyHolding
    strategies: dict[str, AnyHolding]
    checkpoints: list[_Checkpoint]


class PositionBook:
    """The positions of one symbol.

    The account's is that of all executions in their order, whoever's they are: where one strategy sells what another
    has bought, the account has realised what neither of them has. Where positions are hedged, the account's long is the
    sum of the strategies', and its short too.

    Each after() and restated() computes and changes nothing; take_over() and restate() then cannot fail.

    Args:
        nothing: the beginning of every position.
    """

    def __init__(self, nothing: AnyHolding) -> None:
        self.account = nothing
        self.strategies: dict[str, AnyHolding] = {}
        # Every execution that stands, so that a bust can be folded away exactly as if it had never been.
        self.booked: list[Booked] = []
        self._nothing = nothing
        # How it stood before every so many executions, so that one taken back is folded from there.
        self._checkpoints: list[_Checkpoint] = []

    def of(self, strategy_id: str) -> AnyHolding:
        """Return a strategy's position."""
        return self.strategies.get(strategy_id, self._nothing)

    def after(self, one: Booked) -> Held:
        """Return the account's position and the strategy's after one more execution."""
        return _after(self.account, self.of(one.strategy_id), one)

    def take_over(self, one: Booked, held: Held) -> None:
        """Keep an execution, and the positions after it."""
        if not len(self.booked) % _EVERY:
            self._checkpoints.append((self.account, dict(self.strategies)))
        self.booked.append(one)
        self.account, self.strategies[one.strategy_id] = held

    def restated(self, order: Order, event: e.FillBusted | e.FillCorrected) -> Restated:
        """Return the positions as if an execution had never been, or had been another from the beginning.

        Raises:
            ValueError: when it was not booked.
        """
        place = self._place(order.order_id, event.replaced if isinstance(event, e.FillCorrected) else event.fill)
        instead = attrs.evolve(self.booked[place], fill=event.fill) if isinstance(event, e.FillCorrected) else None
        start = place - place % _EVERY
        account, before = self._checkpoints[start // _EVERY]
        strategies, checkpoints = dict(before), list[_Checkpoint]()
        standing = (*self.booked[start:place], *(() if instead is None else (instead,)), *self.booked[place + 1 :])
        for count, one in enumerate(standing):
            if not count % _EVERY:
                checkpoints.append((account, dict(strategies)))
            account, strategies[one.strategy_id] = _after(account, strategies.get(one.strategy_id, self._nothing), one)
        known = dict.fromkeys(self.strategies, self._nothing)
        return Restated(place, instead, account, known | strategies, checkpoints)

    def _place(self, order_id: str, fill: Fill) -> int:
        # What is taken back is mostly among the latest.
        for place in range(len(self.booked) - 1, -1, -1):
            one = self.booked[place]
            if one.order_id == order_id and one.fill == fill:
                return place
        msg = f"execution {fill.execution_id} of {order_id} was never booked"
        raise ValueError(msg)

    def restate(self, after: Restated) -> None:
        """Take over what restated() has computed."""
        self.booked[after.place : after.place + 1] = () if after.instead is None else (after.instead,)
        self._checkpoints[after.place // _EVERY :] = after.checkpoints
        self.account, self.strategies = after.account, after.strategies


def _after(account: AnyHolding, own: AnyHolding, one: Booked) -> Held:
    side, quantity, price = one.side, one.fill.quantity, one.fill.price
    closing = own.closing(side, quantity) if one.closes else ZERO
    # Hedged, the account closes what the strategy does, which it has for certain.
    pooled = closing if isinstance(account, Hedged) else account.closing(side, quantity)
    return account.after(side, quantity, price, pooled), own.after(side, quantity, price, closing)
