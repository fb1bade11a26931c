"""Which terms may change between the runs that write to one journal, and which would change what is recorded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Final, Self

import attrs

from ..model.account import Currency
from ..model.booking import quote_of
from ..model.errors import InvalidJournal
from ..model.instrument import Instrument
from ..model.numbers import is_multiple, plain
from ..model.order import Order
from ..model.portfolio_snapshot import PortfolioSnapshot, Position
from ..model.records import EXTERNAL
from .terms import JournalTerms

_Numbers = Mapping[str, tuple[Decimal, ...]]
_NOTHING: Final[_Numbers] = MappingProxyType({})


@attrs.frozen(kw_only=True)
class Used:
    """What is open at the end of a journal.

    Attributes:
        held: symbols of which there is a position or a live order.
        ours: those of them in which somebody here has traded; the others are of nobody's orders only.
        quantities: by symbol, of its positions and what its live orders may still execute.
        prices: by symbol, of its live orders.
    """

    held: frozenset[str] = frozenset()
    ours: frozenset[str] = frozenset()
    quantities: _Numbers = _NOTHING
    prices: _Numbers = _NOTHING

    @classmethod
    def of(cls, live: Iterable[Order], portfolio: PortfolioSnapshot) -> Self:
        """Tell it from the live orders and the positions, those of nothing included."""
        quantities: dict[str, tuple[Decimal, ...]] = {}
        prices: dict[str, tuple[Decimal, ...]] = {}
        ours = {
            symbol
            for name, figures in portfolio.strategies.items()
            if name != EXTERNAL
            for symbol in _open(figures.positions)
        }
        for symbol, one in _open(portfolio.positions).items():
            quantities[symbol] = (one.long.quantity, one.short.quantity)
        for order in live:
            symbol = order.symbol
            if order.strategy_id != EXTERNAL:
                ours.add(symbol)
            quantities[symbol] = (*quantities.get(symbol, ()), order.leaves_quantity)
            given = (price for price in (order.price, order.stop_price) if price is not None)
            prices[symbol] = (*prices.get(symbol, ()), *given)
        return cls(held=frozenset(quantities.keys() | ours), ours=frozenset(ours), quantities=quantities, prices=prices)


@attrs.frozen
class Conflict:
    """A term that must not change: its field, what the journal says, what was asked for, and why not."""

    field: str
    before: str
    now: str
    rule: str

    def __str__(self) -> str:
        return f"{self.field}: begun with {self.before}, now {self.now}: {self.rule}"


_GRID: Final = ("price_increment", "quantity_increment")
_NAMES: Final = ("base", "quote")
_OPEN: Final = "there are positions or live orders in it"


def conflicts(before: JournalTerms, now: JournalTerms, used: Used) -> Iterator[Conflict]:
    """Tell what of the new terms would change the meaning of what is recorded.

    A journal keeps the terms that it was begun with, and whoever reads it has no others. So what positions, cash and
    profit are worked out by stays: the opening cash (deposits are transfers), the cost basis, whether positions are
    netted, how currencies are rounded, and the account's currency, which recorded limits are in.

    Instruments may be added, where their symbols name their currencies; limits of their orders may change at any time.
    One may go, or have other increments, while there is no position and no live order in it. Of one that was added
    later the increments are not kept: while anything of somebody's is open in it it may not go, and all that is open
    must be whole steps of the increments that are asked for. What is open of nobody's may be in a symbol that was never
    traded here. The margin may change, the kind of account only while there is no position and no live order at all.

    Args:
        before: of the journal.
        now: asked for.
        used: what is open at the journal's end.
    """
    known, kept = before.by_symbol, now.by_symbol
    for instrument in before.instruments:
        yield from _of_instrument(instrument, kept.get(instrument.symbol), used)
    for symbol in sorted(used.held - known.keys()):
        yield from _of_added(symbol, kept.get(symbol), used)
    for instrument in now.instruments:
        if instrument.symbol not in known:
            yield from _of_names(instrument)
    if (before.cash is None) is not (now.cash is None) or dict(before.cash or ()) != dict(now.cash or ()):
        yield Conflict("cash", _cash(before), _cash(now), "the opening cash stays; pay in or out by a transfer")
    one, other = _named(before.account), _named(now.account)
    if one != other and used.held:
        yield Conflict("account", one, other, "its kind may change only without positions and live orders")
    if before.currency != now.currency:
        names = (before.currency or "none", now.currency or "none")
        yield Conflict("currency", *names, "limits that are recorded are in it")
    for field in ("cost_basis", "positions"):
        one, other = getattr(before, field), getattr(now, field)
        if one != other:
            yield Conflict(field, one, other, "what is recorded is worked out so")
    for code in sorted(before.by_code.keys() | now.by_code.keys()):
        one, other = _places(before.by_code.get(code)), _places(now.by_code.get(code))
        if one != other:
            yield Conflict(f"currencies {code}", one, other, "cash that is recorded is rounded so")


def refuse_changes(path: str, before: JournalTerms, now: JournalTerms, used: Used) -> None:
    """Let terms pass under which a journal can go on.

    Raises:
        InvalidJournal: naming the first field that must not change, with both values.
    """
    for conflict in conflicts(before, now, used):
        raise InvalidJournal(path, str(conflict))


def _of_instrument(before: Instrument, now: Instrument | None, used: Used) -> Iterator[Conflict]:
    symbol, held = before.symbol, before.symbol in used.held
    if now is None:
        if held:
            yield Conflict("instruments", symbol, f"without {symbol}", _OPEN)
        return
    for name in _GRID:
        one, other = getattr(before, name), getattr(now, name)
        if held and one != other:
            yield Conflict(f"instruments {symbol} {name}", plain(one), plain(other), _OPEN)
    for name in _NAMES:
        one, other = getattr(before, name), getattr(now, name)
        if one != other:
            yield Conflict(f"instruments {symbol} {name}", one, other, "money that is recorded is in it")


def _open(positions: Mapping[str, Position]) -> Mapping[str, Position]:
    return {symbol: one for symbol, one in positions.items() if one.long.quantity or one.short.quantity}


def _of_added(symbol: str, now: Instrument | None, used: Used) -> Iterator[Conflict]:
    """Compare an instrument that was added later, in which something is open, with what is open."""
    if now is None:
        if symbol not in used.ours:
            return
        rule = f"it was added later, and {_OPEN}: name it among the instruments"
        yield Conflict("instruments", f"no {symbol}", f"without {symbol}", rule)
        return
    for name, values in (("price_increment", used.prices), ("quantity_increment", used.quantities)):
        step: Decimal = getattr(now, name)
        for value in values.get(symbol, ()):
            if not is_multiple(value, step):
                rule = f"{plain(value)} is open in it, and must be a multiple"
                yield Conflict(f"instruments {symbol} {name}", "none", plain(step), rule)


def _of_names(added: Instrument) -> Iterator[Conflict]:
    """Hold the currencies of an instrument that is added against those that readers of the journal know."""
    symbol = added.symbol
    for name, found, expected in (
        ("base", added.base, symbol.partition("/")[0]),
        ("quote", added.quote, quote_of({}, symbol)),
    ):
        if found != expected:
            rule = f"one that is added must have the currencies that its symbol names, here {expected}"
            yield Conflict(f"instruments {symbol} {name}", "none", found, rule)


def _cash(terms: JournalTerms) -> str:
    if terms.cash is None:
        return "none"
    return ", ".join(f"{plain(amount)} {currency}" for currency, amount in terms.cash) or "nothing"


def _named(value: object) -> str:
    return "none" if value is None else type(value).__name__


def _places(currency: Currency | None) -> str:
    if currency is None or currency.places is None:
        return "exact"
    return f"{currency.places} places {currency.rounding}"
