"""The limits that risk holds orders to, and the rules that change the trading state by themselves."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, TypeAlias, cast

import attrs

from .errors import InvalidConfiguration
from .kinds import Action, Trip
from .numbers import ONE, Number, positive, whole
from .text import identifier

_Pairs: TypeAlias = "tuple[tuple[str, RiskLimits], ...]"


def _amount(value: Number | None, field: str = "") -> Decimal | None:
    return None if value is None else positive(field, value, InvalidConfiguration)


def _fraction(value: Number | None, field: str = "") -> Decimal | None:
    number = _amount(value, field)
    if number is not None and number > ONE:
        raise InvalidConfiguration.of(field, number, "must be a fraction of at most 1")
    return number


def _count(value: int | None, field: str = "") -> int | None:
    return None if value is None else whole(field, value, InvalidConfiguration)


def _at_least_one(value: int | None, field: str = "") -> int | None:
    return None if value is None else whole(field, value, InvalidConfiguration, least=1)


def _whole(value: int, field: str = "") -> int:
    return whole(field, value, InvalidConfiguration)


def _window(value: int, field: str = "") -> int:
    return whole(field, value, InvalidConfiguration, least=1)


def _flag(value: bool, field: str = "") -> bool:  # noqa: FBT001  # a converter takes one positional value
    if type(value) is not bool:
        raise InvalidConfiguration.of(field, value, "must be True or False")
    return value


def _named(value: Mapping[str, RiskLimits] | _Pairs, field: str = "") -> _Pairs:
    """Take limits by name; kept as pairs, so that they can be told in a message."""
    named: dict[str, RiskLimits] = {}
    for name, limits in _pairs(value, field):
        where = f"{field} {identifier(field, name, InvalidConfiguration)}"
        if type(limits) is not RiskLimits:
            raise InvalidConfiguration.of(where, limits, "must be RiskLimits")
        if name in named:
            raise InvalidConfiguration.of(field, name, "must have each name once")
        named[name] = limits
    return tuple(sorted(named.items(), key=lambda pair: pair[0]))


def _pairs(value: Any, field: str) -> list[tuple[Any, Any]]:
    rule = "must map names to RiskLimits"
    # Not isinstance(), which asks the value itself for its class.
    kind = type(cast("object", value))
    if kind is not tuple and not issubclass(kind, Mapping):
        raise InvalidConfiguration.of(field, value, rule)
    try:
        return [(name, limits) for name, limits in (value if kind is tuple else value.items())]
    except Exception as error:  # what is no pair, or a mapping of the caller's own that raises
        raise InvalidConfiguration.of(field, value, rule) from error


def _knowing_their_names(_: type, fields: list[attrs.Attribute[Any]]) -> list[attrs.Attribute[Any]]:
    """Give each converter the name of its field, for its errors."""
    return [field.evolve(converter=_knowing(cast("Any", field).converter, field.name)) for field in fields]


def _knowing(converter: Any, name: str) -> Any:
    return functools.partial(converter, field=name)


@attrs.frozen(kw_only=True, field_transformer=_knowing_their_names)
class RiskLimits:
    """Limits that every order is held to before it leaves; None is no limit.

    Given to the system they are those of the account. Under `instruments` stand those that hold in one symbol alone,
    under `strategies` those of one strategy, which may have `instruments` of its own. Each that applies is checked, so
    a wider one never loosens a narrower one. What a limit counts, it counts within its scope: of the account, of the
    strategy, of the symbol, or of the strategy in the symbol.

    Exposure is judged as if all working and in-doubt orders were to fill in the worst order. An order that does not
    make the exposure larger is not refused for it. Where a price or an account is missing that a limit needs, the order
    is refused.

    Args:
        max_order_quantity: of one order, in units of the base.
        max_order_notional: quantity * price of one order in the quote currency; one without a price is judged at the
            market.
        price_collar: how far above the mark and the last trade a buy may be priced, and a sell below, as a fraction.
        max_long, max_short: position in each instrument, in units of the base.
        max_gross: in each instrument, the sum of the long and of the short positions of all strategies.
        max_exposure: gross notional of all positions at their marks, in the account's currency.
        max_leverage: gross notional as a multiple of the account's equity.
        max_concentration: notional of one instrument as a fraction of the account's equity.
        max_open_orders: how many orders may be working.
        max_orders_per_second, max_modifies_per_second, max_cancels_per_second: each a bucket of as many tokens.
        max_requests_per_second: of the three together; of these tokens cancel_reserve are kept for cancels.
        duplicate_within: seconds in which a second order of the same side, price and quantity is refused.
        refuse_self_crossing: refuse an order that could trade with a working one.
        max_daily_loss: loss since midnight UTC, realised and unrealised, fees included, in the account's currency.
        max_drawdown: fall of the profit from its highest, in the account's currency.
        max_consecutive_losses: round trips in a row that lost.
        max_reject_rate: fraction of the last reject_window orders that were refused by us or by the venue.
        max_data_age: seconds since the latest market data of the symbol.
        only_in_trading_hours: refuse an order outside the instrument's trading hours.
        instruments, strategies: limits of one symbol, of one strategy, by name.

    Raises:
        InvalidConfiguration: naming the limit, the value and the rule.
    """

    max_order_quantity: Decimal | None = attrs.field(default=None, converter=_amount)
    max_order_notional: Decimal | None = attrs.field(default=None, converter=_amount)
    price_collar: Decimal | None = attrs.field(default=None, converter=_amount)
    max_long: Decimal | None = attrs.field(default=None, converter=_amount)
    max_short: Decimal | None = attrs.field(default=None, converter=_amount)
    max_gross: Decimal | None = attrs.field(default=None, converter=_amount)
    max_exposure: Decimal | None = attrs.field(default=None, converter=_amount)
    max_leverage: Decimal | None = attrs.field(default=None, converter=_amount)
    max_concentration: Decimal | None = attrs.field(default=None, converter=_amount)
    max_open_orders: int | None = attrs.field(default=None, converter=_count)
    max_orders_per_second: int | None = attrs.field(default=None, converter=_at_least_one)
    max_modifies_per_second: int | None = attrs.field(default=None, converter=_at_least_one)
    max_cancels_per_second: int | None = attrs.field(default=None, converter=_at_least_one)
    max_requests_per_second: int | None = attrs.field(default=None, converter=_at_least_one)
    cancel_reserve: int = attrs.field(default=0, converter=_whole)
    duplicate_within: Decimal | None = attrs.field(default=None, converter=_amount)
    refuse_self_crossing: bool = attrs.field(default=False, converter=_flag)
    max_daily_loss: Decimal | None = attrs.field(default=None, converter=_amount)
    max_drawdown: Decimal | None = attrs.field(default=None, converter=_amount)
    max_consecutive_losses: int | None = attrs.field(default=None, converter=_at_least_one)
    max_reject_rate: Decimal | None = attrs.field(default=None, converter=_fraction)
    reject_window: int = attrs.field(default=20, converter=_window)
    max_data_age: Decimal | None = attrs.field(default=None, converter=_amount)
    only_in_trading_hours: bool = attrs.field(default=False, converter=_flag)
    instruments: tuple[tuple[str, RiskLimits], ...] = attrs.field(default=(), converter=_named)
    strategies: tuple[tuple[str, RiskLimits], ...] = attrs.field(default=(), converter=_named)

    def __attrs_post_init__(self) -> None:
        most = self.max_requests_per_second
        if self.cancel_reserve and (most is None or self.cancel_reserve >= most):
            raise InvalidConfiguration.of(
                "cancel_reserve", self.cancel_reserve, "must be below max_requests_per_second"
            )
        for name, limits in self.instruments:
            if limits.instruments or limits.strategies:
                where = f"instruments {name}"
                raise InvalidConfiguration.of(where, "limits by name", "must not be nested")
        for name, limits in self.strategies:
            if limits.strategies:
                where = f"strategies {name}"
                raise InvalidConfiguration.of(where, "strategies", "must not be nested")


def _trip(value: Trip) -> Trip:
    if type(value) is not Trip:
        names = ", ".join(f"Trip.{trip.name}" for trip in Trip)
        raise InvalidConfiguration.of("on", value, f"must be one of {names}")
    return value


def _action(value: Action) -> Action:
    if type(value) is not Action:
        names = ", ".join(f"Action.{action.name}" for action in Action)
        raise InvalidConfiguration.of("action", value, f"must be one of {names}")
    return value


def _limit(value: Number | None) -> Decimal | None:
    return None if value is None else positive("limit", value, InvalidConfiguration)


def _strategy(value: str) -> str:
    # What is no str is not compared, since it may answer with anything.
    return "" if type(value) is str and not value else identifier("strategy", value, InvalidConfiguration)


MEASURED = frozenset(
    {
        Trip.DAILY_LOSS,
        Trip.DRAWDOWN,
        Trip.CONSECUTIVE_LOSSES,
        Trip.REJECT_RATE,
        Trip.STUCK_ACTOR,
    }
)
"""What trips beyond a limit; the others have none."""

RULED = MEASURED | {Trip.AUDIT_VIOLATION, Trip.MARGIN_CALL}
"""What a rule may be about."""


@attrs.frozen(kw_only=True)
class Rule:
    """Something that trips by itself, and what it does then.

    Args:
        on: DAILY_LOSS, DRAWDOWN (amounts in the account's currency), CONSECUTIVE_LOSSES (a count), REJECT_RATE (a
            fraction of the last 20 orders), STUCK_ACTOR (seconds without moving while messages wait), AUDIT_VIOLATION,
            MARGIN_CALL (equity below the maintenance margin).
        limit: beyond which it trips; none for AUDIT_VIOLATION and MARGIN_CALL.
        action: what it does.
        strategy: whose figures count, and whose trading state changes; empty for the account and all.

    Raises:
        InvalidConfiguration: naming the field, the value and the rule.
    """

    on: Trip = attrs.field(converter=_trip)
    action: Action = attrs.field(converter=_action)
    limit: Decimal | None = attrs.field(default=None, converter=_limit)
    strategy: str = attrs.field(default="", converter=_strategy)

    def __attrs_post_init__(self) -> None:
        if self.on not in RULED:
            raise InvalidConfiguration.of("on", self.on.value, "must be something that can be measured")
        if (self.limit is None) is (self.on in MEASURED):
            rule = "is needed" if self.limit is None else "has no meaning"
            raise InvalidConfiguration.of("limit", self.limit, f"{rule} for {self.on.value}")
        if self.strategy and self.on in {Trip.STUCK_ACTOR, Trip.AUDIT_VIOLATION, Trip.MARGIN_CALL}:
            raise InvalidConfiguration.of("strategy", self.strategy, f"has no meaning for {self.on.value}")
