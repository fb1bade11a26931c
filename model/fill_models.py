"""Fill models: how much of a limit order fills when the market reaches it at the simulated exchange."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar, Final, Literal, Protocol

import attrs

from .errors import InvalidConfiguration, kind_name
from .kinds import Side
from .numbers import (
    EXACT,
    ONE,
    ZERO,
    Number,
    exact,
    is_multiple,
    multiply,
    not_negative,
    plain,
    positive,
    subtract,
    tidy,
)

ReachedBy = Literal["arrival", "quote", "depth", "trade", "bar"]
"""What has brought market and order together; on arrival it is the order that has come to the market."""


@attrs.frozen
class Offered:
    """What is there for an order: how much of it is left, how much it was, and how much of it orders here have taken.

    None is unlimited for what is left, and not known for how much it was.
    """

    left: Decimal | None = None
    volume: Decimal | None = None
    taken: Decimal = ZERO


@attrs.frozen(kw_only=True)
class Reach:
    """What has reached a limit order, and all that a fill model may know.

    Quantities are in units of the base, prices in the quote currency.

    Attributes:
        side, price, leaves: the order's; price is its limit, leaves what may still fill.
        lot: the instrument's quantity increment.
        taker: whether the order was marketable when it came in, and the market has not left its limit since. It takes
            what is offered, and stands in no queue.
        by: what has reached it.
        market: how far the market has come: the best opposite price of a quote or a depth, a trade's price, or the
            farthest price of the bar's move.
        offered: how much is there for it; None is unlimited.
        volume: the size quoted within its limit, or that of the trade or the bar, as a whole; None is not known.
        taken: how much of that volume orders of this exchange have taken already.
        ahead: what stands before it in the queue at its price, other than orders of this exchange; None is not known.
        chance: a draw in [0, 1), another each time; the same for the same seed.
    """

    side: Side
    price: Decimal
    leaves: Decimal
    lot: Decimal
    by: ReachedBy
    market: Decimal
    taker: bool = False
    offered: Decimal | None = None
    volume: Decimal | None = None
    taken: Decimal = ZERO
    ahead: Decimal | None = None
    chance: Decimal = ZERO

    @property
    def most(self) -> Decimal:
        """The most that may fill: what the order leaves, or what is offered where that is less."""
        return self.leaves if self.offered is None else min(self.leaves, self.offered)

    @property
    def is_through(self) -> bool:
        """Whether the market has gone beyond the order's price, not only to it."""
        return self.market < self.price if self.side is Side.BUY else self.market > self.price

    def at_most(self, quantity: Decimal) -> Decimal:
        """Return as much of a quantity as may fill, in whole lots unless that is all; 0 for a negative one."""
        if quantity >= self.most:
            return self.most
        return max(tidy(multiply(EXACT.divide_int(quantity, self.lot), self.lot)), ZERO)


class FillModel(Protocol):
    """How much of a limit order fills when the market reaches it: a pure function of what has reached it.

    A model that has `uses_chance = False` is given a chance of 0, and nothing is drawn for it.
    """

    def fill(self, reach: Reach, /) -> Decimal:
        """Return how much fills: from 0 to reach.most, in whole lots unless it is all of that."""
        ...


@attrs.frozen
class Touch:
    """Whatever is offered fills as soon as the market touches the order's price."""

    uses_chance: ClassVar = False

    def fill(self, reach: Reach, /) -> Decimal:
        """Return all that may fill."""
        return reach.most


def _probability(value: Number) -> Decimal:
    return probability_of("probability", value)


def probability_of(field: str, value: Number) -> Decimal:
    """Take a probability at the boundary.

    Raises:
        InvalidConfiguration: for what is no number in [0, 1].
    """
    probability = not_negative(field, value, InvalidConfiguration)
    if probability > ONE:
        raise InvalidConfiguration.of(field, value, "must be at most 1")
    return probability


@attrs.frozen
class ByProbability:
    """Each time the market reaches an order, it fills with this probability; also one that is marketable on arrival.

    Args:
        probability: from 0 to 1.

    Raises:
        InvalidConfiguration: naming the argument, its value and the rule.
    """

    probability: Decimal = attrs.field(converter=_probability)

    @property
    def uses_chance(self) -> bool:
        """Whether anything is left to chance."""
        return self.probability < ONE

    def fill(self, reach: Reach, /) -> Decimal:
        """Return all that may fill, or nothing."""
        return reach.most if reach.chance < self.probability else ZERO


def _share(value: Number) -> Decimal:
    share = positive("share", value, InvalidConfiguration)
    if share > ONE:
        raise InvalidConfiguration.of("share", value, "must be at most 1")
    return share


@attrs.frozen
class ByVolumeShare:
    """Resting orders fill at most a share of what is quoted within the limit, or of the volume of a trade or a bar.

    It is the share of all orders here together, rounded down to the lot. Where no volume is known, there is no limit. A
    taker takes what is offered.

    Args:
        share: above 0, at most 1.

    Raises:
        InvalidConfiguration: naming the argument, its value and the rule.
    """

    uses_chance: ClassVar = False
    share: Decimal = attrs.field(converter=_share)

    def fill(self, reach: Reach, /) -> Decimal:
        """Return what the share still allows."""
        if reach.taker or reach.volume is None:
            return reach.most
        return reach.at_most(subtract(multiply(self.share, reach.volume), reach.taken))


@attrs.frozen
class ByQueuePosition:
    """A trade at an order's price fills it with what is left behind the queue before it.

    * Beyond its price, the market has used up the whole queue: what is offered fills. So it has when the opposite
      quote stands at its price.
    * At its price, a trade first serves what stands ahead, as estimated from recorded depth. Where no depth is known,
      nobody knows how long the queue is, and a trade at the price fills nothing.
    * A bar does not tell how much was traded at a price: an order that the bar just touches fills only when nothing
      stands ahead. So with a trade whose size is not known.
    * A taker stands in no queue, and takes what is offered.
    """

    uses_chance: ClassVar = False

    def fill(self, reach: Reach, /) -> Decimal:
        """Return what is left behind the queue."""
        if reach.taker or reach.is_through or reach.by in _QUOTED:
            return reach.most
        if reach.ahead is None:
            return ZERO
        if reach.offered is None:
            return ZERO if reach.ahead else reach.most
        return reach.at_most(subtract(reach.offered, reach.ahead))


@attrs.frozen
class ThroughOnly:
    """The pessimist: a resting order fills only once the market has gone beyond its price.

    A taker takes what is offered.
    """

    uses_chance: ClassVar = False

    def fill(self, reach: Reach, /) -> Decimal:
        """Return all that may fill, or nothing."""
        return reach.most if reach.taker or reach.is_through else ZERO


_QUOTED: Final = frozenset({"quote", "depth"})


def filled(model: FillModel, reach: Reach) -> Decimal:
    """Ask a model, whoever wrote it, and check what it says.

    Raises:
        InvalidConfiguration: naming the model, its answer and the rule.
    """
    answer: object = model.fill(reach)
    most = reach.most
    # What nearly every answer is, all or nothing, is told at once.
    if type(answer) is Decimal and answer.is_finite() and (answer == most or not answer):
        return most if answer else ZERO
    field = f"{kind_name(model)}.fill"
    if type(answer) is not Decimal:
        raise InvalidConfiguration.of(field, answer, f"must return a Decimal, not {kind_name(answer)}")
    quantity = exact(field, answer, InvalidConfiguration)
    if not ZERO <= quantity <= most:
        rule = f"must return from 0 to {plain(most)}, what the order leaves and the market offers"
        raise InvalidConfiguration.of(field, answer, rule)
    if quantity != most and not is_multiple(quantity, reach.lot):
        raise InvalidConfiguration.of(field, answer, f"must return whole lots of {plain(reach.lot)}, or all there is")
    return quantity
