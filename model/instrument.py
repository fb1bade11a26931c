"""What can be traded, and on which grid its prices and quantities lie."""

from __future__ import annotations

from decimal import Decimal

import attrs

from .errors import InvalidInstrument
from .kinds import Reason
from .numbers import ONE, Number, add, is_multiple, multiply, not_negative, plain, positive, round_to, subtract
from .refusal import Refusal
from .text import identifier
from .trading_hours import TradingHours


def _symbol(value: str) -> str:
    return identifier("symbol", value, InvalidInstrument)


def _price_increment(value: Number) -> Decimal:
    return positive("price_increment", value, InvalidInstrument)


def _quantity_increment(value: Number) -> Decimal:
    return positive("quantity_increment", value, InvalidInstrument)


def _min_quantity(value: Number | None) -> Decimal | None:
    return None if value is None else positive("min_quantity", value, InvalidInstrument)


def _max_quantity(value: Number | None) -> Decimal | None:
    return None if value is None else positive("max_quantity", value, InvalidInstrument)


def _min_notional(value: Number | None) -> Decimal | None:
    return None if value is None else not_negative("min_notional", value, InvalidInstrument)


def _max_notional(value: Number | None) -> Decimal | None:
    return None if value is None else positive("max_notional", value, InvalidInstrument)


def _price_band(value: Number | None) -> Decimal | None:
    return None if value is None else positive("price_band", value, InvalidInstrument)


def _trading_hours(value: TradingHours | None) -> TradingHours | None:
    if value is not None and type(value) is not TradingHours:
        raise InvalidInstrument.of("trading_hours", value, "must be TradingHours, or None")
    return value


def _base_currency(value: str | None) -> str | None:
    return None if value is None else identifier("base_currency", value, InvalidInstrument)


def _quote_currency(value: str | None) -> str | None:
    return None if value is None else identifier("quote_currency", value, InvalidInstrument)


@attrs.frozen(kw_only=True)
class Instrument:
    """A symbol and its trading rules.

    Args:
        symbol: 1 to 64 characters of A-Z, a-z, 0-9 and . _ : / -. A slash separates base and quote currency.
        price_increment: the tick; every price is a whole number of them.
        quantity_increment: the lot; every quantity is a whole number of them.
        min_quantity, max_quantity: per order, in units of the base; None for no limit.
        min_notional, max_notional: least and most quantity * price of an order, in the quote currency; None for no
            limit. An order without a price is judged at the market.
        price_band: how far a limit or stop price may lie from the market, as a fraction of it ("0.1" is ten per cent).
        base_currency, quote_currency: taken from a symbol with a slash unless given.
        trading_hours: when a DAY order expires. None for a market that never closes, as those of crypto: there a DAY
            order works until it is cancelled. Outside the hours orders are accepted and wait.

    Raises:
        InvalidInstrument: naming the field, the value and the rule.
    """

    symbol: str = attrs.field(converter=_symbol, kw_only=False)
    price_increment: Decimal = attrs.field(converter=_price_increment)
    quantity_increment: Decimal = attrs.field(converter=_quantity_increment)
    min_quantity: Decimal | None = attrs.field(default=None, converter=_min_quantity)
    max_quantity: Decimal | None = attrs.field(default=None, converter=_max_quantity)
    min_notional: Decimal | None = attrs.field(default=None, converter=_min_notional)
    max_notional: Decimal | None = attrs.field(default=None, converter=_max_notional)
    price_band: Decimal | None = attrs.field(default=None, converter=_price_band)
    base_currency: str | None = attrs.field(default=None, converter=_base_currency)
    quote_currency: str | None = attrs.field(default=None, converter=_quote_currency)
    trading_hours: TradingHours | None = attrs.field(default=None, converter=_trading_hours)

    def __attrs_post_init__(self) -> None:
        least, most = self.min_quantity, self.max_quantity
        if least is not None and most is not None and least > most:
            raise InvalidInstrument.of("max_quantity", most, f"must not be below min_quantity {plain(least)}")
        low, high = self.min_notional, self.max_notional
        if low is not None and high is not None and low > high:
            raise InvalidInstrument.of("max_notional", high, f"must not be below min_notional {plain(low)}")
        for field, limit in (("min_quantity", least), ("max_quantity", most)):
            if limit is not None and not is_multiple(limit, self.quantity_increment):
                rule = f"must be a multiple of quantity_increment {plain(self.quantity_increment)}"
                raise InvalidInstrument.of(field, limit, rule)
        if not self.base:
            rule = "must be given for a symbol that does not name it before a slash"
            raise InvalidInstrument.of("base_currency", None, rule)
        if not self.quote:
            rule = "must be given for a symbol that does not name it after a slash"
            raise InvalidInstrument.of("quote_currency", None, rule)

    def _halves(self) -> tuple[str, str]:
        base, _, quote = self.symbol.partition("/")
        return base, quote

    @property
    def base(self) -> str:
        """The currency or asset that a quantity counts."""
        return self.base_currency or self._halves()[0]

    @property
    def quote(self) -> str:
        """The currency that a price counts."""
        return self.quote_currency or self._halves()[1]

    def on_tick(self, price: Decimal) -> Decimal:
        """Return the price on the grid nearest to the given one, at least one increment."""
        rounded = round_to(price, self.price_increment)
        return rounded if rounded > 0 else self.price_increment

    def check_tick(self, field: str, price: Decimal) -> Refusal | None:
        """Judge a price, or a distance of prices, against the grid."""
        if is_multiple(price, self.price_increment):
            return None
        rule = f"must be a multiple of {plain(self.price_increment)}"
        return Refusal.of(Reason.PRICE_INCREMENT, field, price, rule)

    def check_price(self, field: str, price: Decimal, reference: Decimal | None) -> Refusal | None:
        """Judge a limit or stop price against the grid and the band around the reference price."""
        off_tick = self.check_tick(field, price)
        if off_tick is not None or self.price_band is None:
            return off_tick
        if reference is None:
            return Refusal.of(Reason.NO_REFERENCE_PRICE, field, price, "no market price is known to judge it by")
        low = multiply(reference, subtract(ONE, self.price_band))
        high = multiply(reference, add(ONE, self.price_band))
        if low <= price <= high:
            return None
        return Refusal.of(Reason.PRICE_BAND, field, price, f"must lie from {plain(low)} to {plain(high)}")

    def check_quantity(self, quantity: Decimal) -> Refusal | None:
        """Judge an order's quantity against the grid and the limits."""
        if not is_multiple(quantity, self.quantity_increment):
            rule = f"must be a multiple of {plain(self.quantity_increment)}"
            return Refusal.of(Reason.QUANTITY_INCREMENT, "quantity", quantity, rule)
        if self.min_quantity is not None and quantity < self.min_quantity:
            return Refusal.of(Reason.MIN_QUANTITY, "quantity", quantity, f"must be at least {plain(self.min_quantity)}")
        if self.max_quantity is not None and quantity > self.max_quantity:
            return Refusal.of(Reason.MAX_QUANTITY, "quantity", quantity, f"must be at most {plain(self.max_quantity)}")
        return None

    @property
    def limits_notional(self) -> bool:
        """Whether an order's worth matters."""
        return self.min_notional is not None or self.max_notional is not None

    def check_notional(self, notional: Decimal) -> Refusal | None:
        """Judge what an order is worth, in the quote currency."""
        least, most = self.min_notional, self.max_notional
        if least is not None and notional < least:
            return Refusal.of(Reason.MIN_NOTIONAL, "notional", notional, f"must be at least {plain(least)}")
        if most is not None and notional > most:
            return Refusal.of(Reason.MAX_NOTIONAL, "notional", notional, f"must be at most {plain(most)}")
        return None
