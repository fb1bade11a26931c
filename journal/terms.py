"""What a journal is begun with: all that is needed to fold positions, cash and profit from its events alone."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final, Literal, TypeVar

import attrs
import msgspec

from ..model.account import Account, CostBasis, Currency, MarginAccount, PositionMode, Rounding, SpotAccount
from ..model.errors import InvalidValue, JournalCorrupt, told
from ..model.instrument import Instrument
from ..model.numbers import not_negative
from ..model.text import identifier

VERSION: Final = 1
"""Of the layout."""

_T = TypeVar("_T", bound=msgspec.Struct)


@attrs.frozen(kw_only=True)
class JournalTerms:
    """What the events of a journal mean.

    Attributes:
        instruments: those of its beginning, each without its trading hours, which no fold needs.
        cash: opening balance by currency; None where no funds are checked.
        account: its kind, and the margin.
        currencies: those whose cash is booked to so many places.
        currency: what money is told in where currencies meet; None where there is none.
        cost_basis: which of what was bought is sold first.
        positions: "netted" or "hedged".
        package: the version of orderpit that wrote them.
    """

    instruments: tuple[Instrument, ...]
    cash: tuple[tuple[str, Decimal], ...] | None = None
    account: Account | None = None
    currencies: tuple[Currency, ...] = ()
    currency: str | None = None
    cost_basis: CostBasis = "average"
    positions: PositionMode = "netted"
    package: str = ""

    @property
    def by_symbol(self) -> Mapping[str, Instrument]:
        """The instruments by symbol."""
        return MappingProxyType({instrument.symbol: instrument for instrument in self.instruments})

    @property
    def opening_cash(self) -> Mapping[str, Decimal] | None:
        """The opening balance by currency, None where no funds are checked."""
        return None if self.cash is None else MappingProxyType(dict(self.cash))

    @property
    def by_code(self) -> Mapping[str, Currency]:
        """The currencies that are rounded, by code."""
        return MappingProxyType({currency.code: currency for currency in self.currencies})

    @property
    def is_hedged(self) -> bool:
        """Whether a strategy can hold a long and a short position in the same symbol."""
        return self.positions == "hedged"


class _Instrument(msgspec.Struct, forbid_unknown_fields=True):
    symbol: str
    price_increment: Decimal
    quantity_increment: Decimal
    min_quantity: Decimal | None
    max_quantity: Decimal | None
    min_notional: Decimal | None
    max_notional: Decimal | None
    price_band: Decimal | None
    base_currency: str | None
    quote_currency: str | None


class _Currency(msgspec.Struct, forbid_unknown_fields=True):
    code: str
    places: int | None
    rounding: Rounding


class _Account(msgspec.Struct, forbid_unknown_fields=True):
    kind: Literal["spot", "margin"]
    leverage: Decimal | None
    initial_margin: Decimal | None
    maintenance_margin: Decimal | None


class _Terms(msgspec.Struct, forbid_unknown_fields=True):
    version: Literal[1]
    package: str
    instruments: list[_Instrument]
    cash: list[tuple[str, Decimal]] | None
    account: _Account | None
    currencies: list[_Currency]
    currency: str | None
    cost_basis: CostBasis
    positions: PositionMode


_ENCODER: Final = msgspec.json.Encoder(decimal_format="string")
_DECODER: Final = msgspec.json.Decoder(_Terms)


def encode_terms(terms: JournalTerms) -> bytes:
    """Return terms as they are kept: JSON with every field by name, the same bytes for the same terms."""
    written = _Terms(
        version=VERSION,
        package=terms.package,
        instruments=[_alike(_Instrument, instrument) for instrument in terms.instruments],
        cash=None if terms.cash is None else list(terms.cash),
        account=_written(terms.account),
        currencies=[_alike(_Currency, currency) for currency in terms.currencies],
        currency=terms.currency,
        cost_basis=terms.cost_basis,
        positions=terms.positions,
    )
    return _ENCODER.encode(written)


def decode_terms(body: bytes, path: str = "") -> JournalTerms:
    """Return the terms that were encoded.

    Raises:
        JournalCorrupt: for anything that encode_terms() would not have written.
    """
    try:
        written = _DECODER.decode(body)
        terms = JournalTerms(
            instruments=tuple(Instrument(**_fields(one)) for one in written.instruments),
            cash=None if written.cash is None else tuple(_balance(*pair) for pair in written.cash),
            account=_account(written.account),
            currencies=tuple(Currency(**_fields(one)) for one in written.currencies),
            currency=None if written.currency is None else identifier("currency", written.currency, InvalidValue),
            cost_basis=written.cost_basis,
            positions=written.positions,
            package=written.package,
        )
    except (msgspec.MsgspecError, UnicodeError, InvalidValue) as error:
        raise JournalCorrupt(path, 0, f"the terms that it was begun with cannot be read: {told(error)}") from error
    if encode_terms(terms) != body:
        raise JournalCorrupt(path, 0, "the terms that it was begun with are not written as they would be")
    if len(terms.by_symbol) < len(terms.instruments) or len(terms.by_code) < len(terms.currencies):
        raise JournalCorrupt(path, 0, "the terms that it was begun with name the same thing twice")
    return terms


def _fields(written: msgspec.Struct) -> dict[str, Any]:
    return {name: getattr(written, name) for name in written.__struct_fields__}


def _alike(kind: type[_T], value: object) -> _T:
    return kind(**{name: getattr(value, name) for name in kind.__struct_fields__})


def _balance(currency: str, amount: Decimal) -> tuple[str, Decimal]:
    name = identifier("cash currency", currency, InvalidValue)
    return name, not_negative(f"cash {name}", amount, InvalidValue)


def _written(account: Account | None) -> _Account | None:
    match account:
        case None:
            return None
        case SpotAccount():
            return _Account("spot", None, None, None)
        case MarginAccount():
            return _Account("margin", account.leverage, account.initial_margin, account.maintenance_margin)


def _account(written: _Account | None) -> Account | None:
    if written is None:
        return None
    if written.kind == "spot":
        return SpotAccount()
    if written.maintenance_margin is None:
        raise InvalidValue.of("maintenance_margin", None, "must be given for a margin account")
    return MarginAccount(
        leverage=written.leverage,
        initial_margin=written.initial_margin,
        maintenance_margin=written.maintenance_margin,
    )
