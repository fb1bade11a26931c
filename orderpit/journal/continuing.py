"""Which terms may change between the runs that write to one journal, and which would change what is recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import attrs

from ..model.errors import InvalidJournal
from ..model.instrument import Instrument
from ..model.numbers import plain
from .terms import JournalTerms


@attrs.frozen(kw_only=True)
class Used:
    """What the rows of a journal have made use of.

    Attributes:
        held: symbols of which there is a position or a live order.
        traded: symbols that an order was ever for.
        currencies: those in which a fill or a fee was booked.
        live: whether any order is live.
    """

    held: frozenset[str] = frozenset()
    traded: frozenset[str] = frozenset()
    currencies: frozenset[str] = frozenset()
    live: bool = False


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


def conflicts(before: JournalTerms, now: JournalTerms, used: Used) -> Iterator[Conflict]:
    """Tell what of the new terms would change the meaning of what is recorded.

    Instruments may be added at any time, and limits of their orders changed; increments, and whether one is traded at
    all, only while it is not held; its currencies only if it was never traded. The opening cash stays: it is what the
    balance is counted from, and deposits are transfers. The margin may change, the kind of account only while nothing
    is held. How profit and rounding are worked out stays once there is something that was worked out so. The account's
    currency stays, since recorded limits are in it.

    Args:
        before: of the journal.
        now: asked for.
        used: what the journal's rows have made use of.
    """
    kept = {instrument.symbol: instrument for instrument in now.instruments}
    for instrument in before.instruments:
        yield from _of_instrument(instrument, kept.get(instrument.symbol), used)
    if before.cash != now.cash and dict(before.cash or ()) != dict(now.cash or ()):
        yield Conflict("cash", _cash(before), _cash(now), "the opening cash stays; pay in or out by a transfer")
    elif (before.cash is None) is not (now.cash is None):
        yield Conflict("cash", _cash(before), _cash(now), "whether funds are checked stays")
    kinds = _named(before.account), _named(now.account)
    if kinds[0] != kinds[1] and (used.held or used.live):
        yield Conflict("account", *kinds, "its kind may change only while there are no positions and no live orders")
    if before.currency != now.currency:
        names = (before.currency or "none", now.currency or "none")
        yield Conflict("currency", *names, "limits that are recorded are in it")
    for field in ("cost_basis", "positions"):
        one, other = getattr(before, field), getattr(now, field)
        if one != other and used.traded:
            yield Conflict(field, one, other, "positions that are recorded were worked out so")
    for code in sorted(used.currencies):
        one, other = before.by_code.get(code), now.by_code.get(code)
        if one != other:
            yield Conflict(f"currencies {code}", _places(one), _places(other), "cash that is booked was rounded so")


def continued(path: str, before: JournalTerms, now: JournalTerms, used: Used) -> JournalTerms:
    """Return the terms to go on with: the new ones, and the instruments that are no longer traded but were.

    Raises:
        InvalidJournal: naming the first field that must not change, with both values.
    """
    for conflict in conflicts(before, now, used):
        raise InvalidJournal(path, str(conflict))
    symbols = now.by_symbol
    gone = (one for one in before.instruments if one.symbol not in symbols and one.symbol in used.traded)
    return attrs.evolve(now, instruments=(*now.instruments, *gone))


def _of_instrument(before: Instrument, now: Instrument | None, used: Used) -> Iterator[Conflict]:
    symbol = before.symbol
    if now is None:
        if symbol in used.held:
            rule = "there are positions or live orders in it"
            yield Conflict("instruments", symbol, "not among them", rule)
        return
    fields: tuple[tuple[str, frozenset[str], str, Callable[[Any], str]], ...] = (
        *((name, used.held, "there are positions or live orders in it", plain) for name in _GRID),
        *((name, used.traded, "money that is recorded is in it", str) for name in _NAMES),
    )
    for name, by, rule, shown in fields:
        one, other = getattr(before, name), getattr(now, name)
        if one != other and symbol in by:
            yield Conflict(f"instruments {symbol} {name}", shown(one), shown(other), rule)


def _cash(terms: JournalTerms) -> str:
    if terms.cash is None:
        return "none"
    return ", ".join(f"{plain(amount)} {currency}" for currency, amount in terms.cash) or "nothing"


def _named(value: object) -> str:
    return "none" if value is None else type(value).__name__


def _places(currency: Any) -> str:
    if currency is None or currency.places is None:
        return "exact"
    return f"{currency.places} places {currency.rounding}"
