"""The faults of a venue: how often each happens, and the named scenarios of one each."""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

import attrs

from ...model.errors import InvalidConfiguration
from ...model.numbers import EXACT, ONE, ZERO, Number, multiply, not_negative, subtract

_NANOSECONDS: Final = Decimal(1_000_000_000)
_THOUSAND: Final = Decimal(1_000)
_OFF: Final = 3
"""One in so many faults is off in what a seed draws."""


def _exact(value: Number) -> Decimal:
    # What is none is refused by the validator, which knows the field's name.
    try:
        return not_negative("value", value, InvalidConfiguration)
    except InvalidConfiguration:
        return value  # type: ignore[return-value]


def _thousandths(count: int) -> Decimal:
    return EXACT.divide(Decimal(count), _THOUSAND)


def _is_rate(_: Any, attribute: attrs.Attribute[Any], value: object) -> None:
    if not_negative(attribute.name, value, InvalidConfiguration) > ONE:
        raise InvalidConfiguration.of(attribute.name, value, "must be at most 1")


def _is_duration(_: Any, attribute: attrs.Attribute[Any], value: object) -> None:
    not_negative(attribute.name, value, InvalidConfiguration)


@attrs.frozen(kw_only=True)
class Faults:
    """How often each fault happens, as a probability, and how long it lasts.

    At most one fault befalls a request on its way, one at the venue, and one each report on its way back; a rate is the
    chance of its fault where none of those named before it has been drawn.

    Args:
        lost_request: a request never reaches the venue.
        slow: a request takes up to slow_by seconds; the later ones on the same order wait behind it.
        disconnect: the link breaks for up to `outage` seconds. What is under way then is lost; executions that the
            venue has finished with meanwhile are reported again once the link is back, others when it is asked.
        restart: as disconnect, and the venue forgets its open orders. Their executions remain true.
        rate_limit: for up to `outage` seconds the venue refuses every request but cancels.
        market_closed: for up to `outage` seconds the venue refuses new orders and modifications.
        wrong_price: an order is put on the book, and acknowledged, at a price one increment from the one sent.
        cancel_rejected, modify_rejected: the venue refuses a request that it could have granted.
        fill_races_cancel, fill_races_modify: a resting limit order fills in part or whole just before the request is
            handled; the fill's report comes before or after the answer. An exchange of one's own is not made to fill.
        fill_races_expiry: the venue lets a limit order expire by itself, as a fill races it.
        overfill: the execution that completes an order happens twice, under two ids.
        unknown_order: an execution happens on an order that nobody here has sent.
        bust, correction: an execution is declared void, or gets another price.
        clock_skew: the times in an order's reports are wrong by up to a day.
        lost_ack: the answer to a request is lost.
        duplicate: a report comes twice.
        reordered: a report is held back for up to `late` seconds while others overtake it.
        fill_before_ack: an acknowledgement is held back so.
        late_fill: an execution's report is held back for `late` seconds and up to as many again.
        other_content: an execution is reported again, under its id, at another price. Its first report is the truth.
        latency: seconds that each request and each report is on its way.
        late, slow_by, outage: seconds.

    Raises:
        InvalidConfiguration: naming the field, the value and the rule.
    """

    lost_request: Decimal = attrs.field(default=ZERO, converter=_exact, validator=_is_rate)
    slow: Decimal = attrs.field(default=ZERO, converter=_exact, validator=_is_rate)
    disconnect: Decimal = attrs.field(default=ZERO, converter=_exact, validator=_is_rate)
    restart: Decimal = attrs.field(default=ZERO, converter=_exact, validator=_is_rate)
    rate_limit: Decimal = attrs.field(default=ZERO, converter=_exact, validator=_is_rate)
    market_closed: Decimal = attrs.field(default=ZERO, converter=_exact, validator=_is_rate)
    wrong_price: Decimal = attrs.field(default=ZERO, converter=_exact, validator=_is_rate)
    cancel_rejected: Decimal = attrs.field(default=ZERO, converter=_exact, validator=_is_rate)
    modify_rejected: Decimal = attrs.field(default=ZERO, converter=_exact, validator=_is_rate)
    fill_races_cancel: Decimal = attrs.field(default=ZERO, converter=_exact, validator=_is_rate)
    fill_races_modify: Decimal = attrs.field(default=ZERO, converter=_exact, validator=_is_rate)
    fill_races_expiry: Decimal = attrs.field(default=ZERO, converter=_exact, validator=_is_rate)
    overfill: Decimal = attrs.field(default=ZERO, converter=_exact, validator=_is_rate)
    unknown_order: Decimal = attrs.field(default=ZERO, converter=_exact, validator=_is_rate)
    bust: Decimal = attrs.field(default=ZERO, converter=_exact, validator=_is_rate)
    correction: Decimal = attrs.field(default=ZERO, converter=_exact, validator=_is_rate)
    clock_skew: Decimal = attrs.field(default=ZERO, converter=_exact, validator=_is_rate)
    lost_ack: Decimal = attrs.field(default=ZERO, converter=_exact, validator=_is_rate)
    duplicate: Decimal = attrs.field(default=ZERO, converter=_exact, validator=_is_rate)
    reordered: Decimal = attrs.field(default=ZERO, converter=_exact, validator=_is_rate)
    fill_before_ack: Decimal = attrs.field(default=ZERO, converter=_exact, validator=_is_rate)
    late_fill: Decimal = attrs.field(default=ZERO, converter=_exact, validator=_is_rate)
    other_content: Decimal = attrs.field(default=ZERO, converter=_exact, validator=_is_rate)
    latency: Decimal = attrs.field(default=ZERO, converter=_exact, validator=_is_duration)
    late: Decimal = attrs.field(default=Decimal("0.5"), converter=_exact, validator=_is_duration)
    slow_by: Decimal = attrs.field(default=Decimal(5), converter=_exact, validator=_is_duration)
    outage: Decimal = attrs.field(default=Decimal(1), converter=_exact, validator=_is_duration)

    @classmethod
    def none(cls) -> Faults:
        """Return a venue without faults."""
        return cls()

    @classmethod
    def drawn(cls, seed: int) -> Faults:
        """Return the rates that a seed draws, with about a third of the faults off."""
        draw = random.Random(seed)
        rates = {
            name: _thousandths(draw.randint(1, _MOST.get(name, _USUALLY))) for name in RATES if draw.randrange(_OFF)
        }
        return cls(
            **rates,
            latency=_thousandths(draw.choice((0, 1, 20))),
            late=_thousandths(draw.choice((10, 200, 1_000))),
            slow_by=_thousandths(draw.choice((500, 5_000))),
            outage=_thousandths(draw.choice((50, 500, 3_000))),
        )

    def names(self) -> tuple[str, ...]:
        """Return the names of the faults that are on."""
        return tuple(name for name in RATES if getattr(self, name))


DURATIONS: Final = frozenset({"latency", "late", "slow_by", "outage"})
RATES: Final = tuple(field.name for field in attrs.fields(Faults) if field.name not in DURATIONS)
"""The names of all faults, in the order in which they are drawn."""
_USUALLY: Final = 150
# In thousandths. An outage stops everything, so it must be rarer than what befalls one message.
_MOST: Final = MappingProxyType({"disconnect": 8, "restart": 4, "rate_limit": 10, "market_closed": 10})


class Picks:
    """Finds which one of several faults, if any, a number drawn from [0, 1) stands for."""

    __slots__ = ("_edges", "_names")

    def __init__(self, faults: Faults, *names: str) -> None:
        self._names = [name for name in names if getattr(faults, name)]
        self._edges: list[Decimal] = []
        spared = ONE
        for name in self._names:
            spared = multiply(spared, subtract(ONE, getattr(faults, name)))
            self._edges.append(subtract(ONE, spared))

    def __bool__(self) -> bool:
        return bool(self._names)

    def at(self, drawn: Decimal) -> str | None:
        """Return the fault's name, None for none."""
        index = bisect_right(self._edges, drawn)
        return self._names[index] if index < len(self._names) else None


def nanoseconds(seconds: Decimal) -> int:
    """Return a duration in whole nanoseconds."""
    return int(EXACT.multiply(seconds, _NANOSECONDS))


SCENARIOS: Final[Mapping[str, Faults]] = MappingProxyType(
    {
        "lost request": Faults(lost_request="0.2"),
        "lost ack": Faults(lost_ack="0.3"),
        "duplicate reports": Faults(duplicate="0.5"),
        "reordered reports": Faults(reordered="0.5"),
        "fill before ack": Faults(fill_before_ack="0.5"),
        "late fill": Faults(late_fill="0.5"),
        "fill races cancel": Faults(fill_races_cancel="0.5"),
        "fill races modify": Faults(fill_races_modify="0.5"),
        "fill races expiry": Faults(fill_races_expiry="0.3"),
        "overfill": Faults(overfill="0.3"),
        "fill for an unknown order": Faults(unknown_order="0.2"),
        "bust": Faults(bust="0.2"),
        "correction": Faults(correction="0.3"),
        "cancel rejected": Faults(cancel_rejected="0.5"),
        "modify rejected": Faults(modify_rejected="0.5"),
        "wrong price in an ack": Faults(wrong_price="0.3"),
        "other content under an execution id": Faults(other_content="0.3"),
        "disconnect": Faults(disconnect="0.05", latency="0.005"),
        "restart with loss of orders": Faults(restart="0.05", latency="0.005"),
        "clock skew": Faults(clock_skew="0.5"),
        "slow venue": Faults(slow="0.3"),
        "rate limit": Faults(rate_limit="0.1"),
        "market closed": Faults(market_closed="0.1"),
    }
)
"""One fault each, often enough to happen in a short run."""
