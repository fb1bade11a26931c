"""What a trader may ask for. A command is checked once, when built; what depends on the market is judged later."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum
from typing import Final, TypeAlias, TypeVar

import attrs

from .errors import InvalidConfiguration, InvalidOrder
from .instructions import NO_INSTRUCTIONS, Instructions
from .judgement import Judgement
from .kinds import Contingency, OrderType, Role, Side, TimeInForce, TradingState, TrailingType
from .limits import RiskLimits
from .link import Link
from .numbers import EXACT, HUNDRED, Number, exact, positive, whole
from .refusal import Refusal
from .shape import refuse_misshapen, roles_in
from .text import free_text, identifier

E = TypeVar("E", bound=Enum)


def _member(field: str, value: object, kind: type[E]) -> E:
    if type(value) is not kind:
        names = ", ".join(f"{kind.__name__}.{member.name}" for member in kind)
        raise InvalidOrder.of(field, value, f"must be one of {names}")
    return value


def _flag(field: str, value: object) -> bool:
    if type(value) is not bool:
        raise InvalidOrder.of(field, value, "must be True or False")
    return value


def _symbol(value: str) -> str:
    return identifier("symbol", value, InvalidOrder)


def _side(value: Side) -> Side:
    return _member("side", value, Side)


def _order_type(value: OrderType) -> OrderType:
    return _member("order_type", value, OrderType)


def _time_in_force(value: TimeInForce) -> TimeInForce:
    return _member("time_in_force", value, TimeInForce)


def _quantity(value: Number) -> Decimal:
    return positive("quantity", value, InvalidOrder)


def _optional_quantity(value: Number | None) -> Decimal | None:
    return None if value is None else positive("quantity", value, InvalidOrder)


def _price(value: Number | None) -> Decimal | None:
    return None if value is None else positive("price", value, InvalidOrder)


def _stop_price(value: Number | None) -> Decimal | None:
    return None if value is None else positive("stop_price", value, InvalidOrder)


def _display_quantity(value: Number | None) -> Decimal | None:
    return None if value is None else positive("display_quantity", value, InvalidOrder)


def _trailing_offset(value: Number | None) -> Decimal | None:
    return None if value is None else positive("trailing_offset", value, InvalidOrder)


def _trailing_type(value: TrailingType) -> TrailingType:
    return _member("trailing_type", value, TrailingType)


def _activation_price(value: Number | None) -> Decimal | None:
    return None if value is None else positive("activation_price", value, InvalidOrder)


def _expire_time(value: int | None) -> int | None:
    return None if value is None else whole("expire_time_ns", value, InvalidOrder, least=1)


def _time(value: int) -> int:
    return whole("time_ns", value, InvalidOrder)


def _post_only(value: bool) -> bool:  # noqa: FBT001  # a converter takes one positional value
    return _flag("post_only", value)


def _reduce_only(value: bool) -> bool:  # noqa: FBT001  # a converter takes one positional value
    return _flag("reduce_only", value)


def _order_id(value: str) -> str:
    return identifier("order_id", value, InvalidOrder)


def _optional_order_id(value: str | None) -> str | None:
    return None if value is None else identifier("order_id", value, InvalidOrder)


def _tag(value: str) -> str:
    return free_text("tag", value, InvalidOrder)


def _notes(value: str) -> str:
    return free_text("notes", value, InvalidOrder)


def _source(value: str) -> str:
    return free_text("source", value, InvalidOrder)


_PRICED = frozenset({OrderType.LIMIT, OrderType.STOP_LIMIT})
_STOPPED = frozenset({OrderType.STOP, OrderType.STOP_LIMIT})


@attrs.frozen(weakref_slot=False)
class SubmitOrder:
    """A request for a new order (FIX NewOrderSingle, 35=D).

    Args:
        symbol: of an instrument that the system trades.
        side: Side.BUY or Side.SELL.
        order_type: MARKET, LIMIT, STOP, STOP_LIMIT or TRAILING_STOP.
        quantity: in units of the base, above zero.
        price: the limit; needed by LIMIT and STOP_LIMIT, refused for the others.
        stop_price: the trigger; needed by STOP and STOP_LIMIT, refused for the others.
        time_in_force: GTC until it is cancelled; IOC what fills at once; FOK all at once or nothing; GTD until
            expire_time_ns; DAY until the instrument's trading hours end.
        expire_time_ns: nanoseconds since the epoch, UTC; needed by GTD, refused for the others.
        post_only: rest on the book, never take.
        reduce_only: bring the position closer to zero, and never beyond.
        display_quantity: how much the market sees at a time of a LIMIT or STOP_LIMIT order; None for all.
        trailing_offset: how far a TRAILING_STOP stays behind the market; needed by it, refused for the others.
        trailing_type: whether the offset is an amount of the quote currency, per cent of the price, or ticks.
        activation_price: where a TRAILING_STOP begins to follow the market, a SELL at that price or above and a BUY at
            that price or below; at once without one.
        order_id: yours, unique for ever; one is given when it is None. The same id with the same terms is one order.
        tag, notes: free text of at most 256 printable characters, kept with the order.
        time_ns, source: stamped by the system on entry.

    Raises:
        InvalidOrder: for what can never be valid, naming the field, the value and the rule.
    """

    symbol: str = attrs.field(converter=_symbol)
    side: Side = attrs.field(converter=_side)
    order_type: OrderType = attrs.field(converter=_order_type)
    quantity: Decimal = attrs.field(converter=_quantity)
    price: Decimal | None = attrs.field(default=None, converter=_price, kw_only=True)
    stop_price: Decimal | None = attrs.field(default=None, converter=_stop_price, kw_only=True)
    time_in_force: TimeInForce = attrs.field(default=TimeInForce.GTC, converter=_time_in_force, kw_only=True)
    expire_time_ns: int | None = attrs.field(default=None, converter=_expire_time, kw_only=True)
    post_only: bool = attrs.field(default=False, converter=_post_only, kw_only=True)
    reduce_only: bool = attrs.field(default=False, converter=_reduce_only, kw_only=True)
    display_quantity: Decimal | None = attrs.field(default=None, converter=_display_quantity, kw_only=True)
    trailing_offset: Decimal | None = attrs.field(default=None, converter=_trailing_offset, kw_only=True)
    trailing_type: TrailingType = attrs.field(default=TrailingType.AMOUNT, converter=_trailing_type, kw_only=True)
    activation_price: Decimal | None = attrs.field(default=None, converter=_activation_price, kw_only=True)
    order_id: str | None = attrs.field(default=None, converter=_optional_order_id, kw_only=True)
    tag: str = attrs.field(default="", converter=_tag, kw_only=True)
    notes: str = attrs.field(default="", converter=_notes, kw_only=True)
    # Stamped on entry; not part of what was asked for, so two submissions that differ only here are the same order.
    time_ns: int = attrs.field(default=0, converter=_time, kw_only=True, eq=False)
    source: str = attrs.field(default="", converter=_source, kw_only=True, eq=False)

    def __attrs_post_init__(self) -> None:
        kind = self.order_type
        _refuse_mismatch("price", self.price, kind, needed=kind in _PRICED)
        _refuse_mismatch("stop_price", self.stop_price, kind, needed=kind in _STOPPED)
        _refuse_mismatch("trailing_offset", self.trailing_offset, kind, needed=kind is OrderType.TRAILING_STOP)
        if self.trailing_offset is None:
            _refuse_mismatch("activation_price", self.activation_price, kind, needed=False)
            if self.trailing_type is not TrailingType.AMOUNT:
                rule = f"has no meaning for a {kind.value} order"
                raise InvalidOrder.of("trailing_type", self.trailing_type.value, rule)
        else:
            _refuse_offset(self.trailing_offset, self.trailing_type)
        expires = self.time_in_force is TimeInForce.GTD
        if expires and self.expire_time_ns is None:
            raise InvalidOrder.of("expire_time_ns", None, "is required by time in force GTD")
        if self.expire_time_ns is not None and not expires:
            raise InvalidOrder.of("expire_time_ns", self.expire_time_ns, "goes only with time in force GTD")

    @property
    def instructions(self) -> Instructions:
        """What it asks for besides."""
        asked = self.post_only or self.reduce_only or self.display_quantity or self.trailing_offset
        if not asked:
            return NO_INSTRUCTIONS
        return Instructions(
            post_only=self.post_only,
            reduce_only=self.reduce_only,
            display_quantity=self.display_quantity,
            trailing_offset=self.trailing_offset,
            trailing_type=self.trailing_type,
            activation_price=self.activation_price,
        )


def _refuse_offset(offset: Decimal, kind: TrailingType) -> None:
    if kind is TrailingType.PERCENT and offset >= HUNDRED:
        raise InvalidOrder.of("trailing_offset", offset, "must be below 100 per cent")
    if kind is TrailingType.TICKS and offset != offset.to_integral_value(context=EXACT):
        raise InvalidOrder.of("trailing_offset", offset, "must be a whole number of ticks")


def _refuse_mismatch(field: str, value: Decimal | None, kind: OrderType, *, needed: bool) -> None:
    if needed and value is None:
        raise InvalidOrder.of(field, None, f"is required by a {kind.value} order")
    if not needed and value is not None:
        # Ignoring it would execute something else than what was asked for.
        raise InvalidOrder.of(field, value, f"has no meaning for a {kind.value} order")


@attrs.frozen
class ModifyOrder:
    """A request to change the terms of a live order (FIX OrderCancelReplaceRequest, 35=G); a term of None stays.

    The quantity counts what has filled: 10 with 4 filled and a new quantity of 6 leaves 2. At or below what has filled
    the order is done. expire_time_ns is that of a GTD order. An amend keeps the place in the queue only if it does
    nothing but lower the quantity.

    Raises:
        InvalidOrder: for what can never be valid, a modification of nothing included.
    """

    order_id: str = attrs.field(converter=_order_id)
    price: Decimal | None = attrs.field(default=None, converter=_price, kw_only=True)
    quantity: Decimal | None = attrs.field(default=None, converter=_optional_quantity, kw_only=True)
    stop_price: Decimal | None = attrs.field(default=None, converter=_stop_price, kw_only=True)
    expire_time_ns: int | None = attrs.field(default=None, converter=_expire_time, kw_only=True)
    time_ns: int = attrs.field(default=0, converter=_time, kw_only=True, eq=False)
    source: str = attrs.field(default="", converter=_source, kw_only=True, eq=False)

    def __attrs_post_init__(self) -> None:
        if self.changes_nothing:
            raise InvalidOrder.of("price", None, "must be given when there is no other new term")

    @property
    def changes_nothing(self) -> bool:
        """Whether no new term is given."""
        terms = (self.price, self.quantity, self.stop_price, self.expire_time_ns)
        return all(term is None for term in terms)


@attrs.frozen
class CancelOrder:
    """A request to cancel a live order (FIX OrderCancelRequest, 35=F)."""

    order_id: str = attrs.field(converter=_order_id)
    time_ns: int = attrs.field(default=0, converter=_time, kw_only=True, eq=False)
    source: str = attrs.field(default="", converter=_source, kw_only=True, eq=False)


def _contingency(value: Contingency) -> Contingency:
    return _member("contingency", value, Contingency)


def _group_id(value: str | None) -> str | None:
    return None if value is None else identifier("group_id", value, InvalidOrder)


def _orders(value: tuple[SubmitOrder, ...]) -> tuple[SubmitOrder, ...]:
    if type(value) is not tuple:
        raise InvalidOrder.of("orders", value, "must be a tuple of SubmitOrder")
    for at, order in enumerate(value):
        if type(order) is not SubmitOrder:
            field = f"orders[{at}]"
            raise InvalidOrder.of(field, order, "must be a SubmitOrder")
    return value


@attrs.frozen
class SubmitGroup:
    """A request for several new orders that are tied together (FIX NewOrderList, 35=E); all are accepted, or none.

    Args:
        contingency: what ties them (FIX tag 1385).
        orders: of OCO and OUO two legs or more, of one symbol; of OTO the first and what is sent once it has filled; of
            BRACKET three: the entry, the profit target (LIMIT) and the stop (STOP, STOP_LIMIT or TRAILING_STOP), both
            of the entry's symbol and quantity, on the other side.
        group_id: yours, unique for ever; one is given when it is None.
        time_ns, source: stamped by the system on entry.

    Raises:
        InvalidOrder: for what can never be valid, naming the field, the value and the rule.
    """

    contingency: Contingency = attrs.field(converter=_contingency)
    orders: tuple[SubmitOrder, ...] = attrs.field(converter=_orders)
    group_id: str | None = attrs.field(default=None, converter=_group_id, kw_only=True)
    time_ns: int = attrs.field(default=0, converter=_time, kw_only=True, eq=False)
    source: str = attrs.field(default="", converter=_source, kw_only=True, eq=False)

    def __attrs_post_init__(self) -> None:
        refuse_misshapen(self.contingency, self.orders)

    @property
    def roles(self) -> tuple[Role, ...]:
        """What each order is in the group."""
        return roles_in(self.contingency, len(self.orders))

    @property
    def links(self) -> tuple[Link, ...]:
        """The place of each order, once the group has its id."""
        assert self.group_id is not None, "the edge gives every group an id"
        return tuple(Link(group_id=self.group_id, contingency=self.contingency, role=role) for role in self.roles)


def _currency(value: str) -> str:
    return identifier("currency", value, InvalidOrder)


def _moved(value: Number) -> Decimal:
    amount = exact("amount", value, InvalidOrder)
    if not amount:
        raise InvalidOrder.of("amount", value, "must not be zero")
    return amount


def _transfer_id(value: str | None) -> str | None:
    return None if value is None else identifier("transfer_id", value, InvalidOrder)


def _text(value: str) -> str:
    return free_text("text", value, InvalidOrder)


@attrs.frozen
class MoveCash:
    """Money paid into the account, or out of it where the amount is negative.

    A withdrawal of more than is free is refused.

    Args:
        currency: of the amount.
        amount: above zero to pay in, below zero to pay out.
        transfer_id: yours, unique for ever; one is given when it is None. The same id with the same content is one.
        text: free text of at most 256 printable characters, kept with it.
        time_ns, source: stamped by the system on entry.

    Raises:
        InvalidOrder: for what can never be valid, naming the field, the value and the rule.
    """

    currency: str = attrs.field(converter=_currency)
    amount: Decimal = attrs.field(converter=_moved)
    transfer_id: str | None = attrs.field(default=None, converter=_transfer_id, kw_only=True)
    text: str = attrs.field(default="", converter=_text, kw_only=True)
    time_ns: int = attrs.field(default=0, converter=_time, kw_only=True, eq=False)
    source: str = attrs.field(default="", converter=_source, kw_only=True, eq=False)


def _limits(value: RiskLimits) -> RiskLimits:
    if type(value) is not RiskLimits:
        raise InvalidConfiguration.of("limits", value, "must be RiskLimits")
    return value


@attrs.frozen
class ChangeLimits:
    """From now on, hold orders to these limits in place of all before.

    Raises:
        InvalidConfiguration: for what are no RiskLimits.
    """

    limits: RiskLimits = attrs.field(converter=_limits)
    time_ns: int = attrs.field(default=0, converter=_time, kw_only=True, eq=False)
    source: str = attrs.field(default="", converter=_source, kw_only=True, eq=False)


OrderCommand: TypeAlias = SubmitOrder | ModifyOrder | CancelOrder
"""What concerns one order."""

Command: TypeAlias = OrderCommand | SubmitGroup

AccountCommand: TypeAlias = MoveCash | ChangeLimits
"""What concerns no order."""

SUBMISSIONS: Final = frozenset({SubmitOrder.__name__, SubmitGroup.__name__})
"""The commands that ask for new orders, by name, as CommandRefused tells them."""


@attrs.frozen
class Approved:
    """A command that risk has let pass; judgements has one for each order that it asks for.

    judged_in is the trading state that it was judged in.
    """

    command: Command
    time_ns: int
    source: str
    judgements: tuple[Judgement, ...] = ()
    judged_in: TradingState = TradingState.ACTIVE


@attrs.frozen
class Denied:
    """A command that risk has refused; it goes on to the order manager, which alone records and publishes."""

    command: Command
    refusal: Refusal
    time_ns: int
    source: str
    judgements: tuple[Judgement, ...] = ()
