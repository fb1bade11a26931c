"""A file of limits: TOML, read strictly, so that a limit that is misspelt is an error and not no limit."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from os import PathLike, fspath
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, cast

import attrs

from .model.account import Account, Currency, MarginAccount, SpotAccount
from .model.errors import InvalidConfiguration, InvalidData, InvalidValue, shown
from .model.kinds import Action, Trip
from .model.limits import RULED, RiskLimits, Rule
from .model.text import identifier

_MOST_BYTES: Final = 1_000_000
_MOST_SHOWN: Final = 120
_MOST_DIGITS: Final = 64
_LINE: Final = re.compile(r"\(at line ([0-9]+), column [0-9]+\)")
_NESTED: Final = ("instruments", "strategies")
_LIMITS: Final = frozenset(field.name for field in attrs.fields(RiskLimits)) - set(_NESTED)
_SECTIONS: Final = frozenset({"account", "currencies", "rules"})
_ACCOUNTS: Final = MappingProxyType(
    {"spot": frozenset[str](), "margin": frozenset({"leverage", "initial_margin", "maintenance_margin"})}
)
_CURRENCY: Final = frozenset({"places", "rounding"})
_RULE: Final = frozenset({"on", "limit", "action", "strategy"})

Table = Mapping[str, Any]


@attrs.frozen(kw_only=True)
class LimitsFile:
    """What a file of limits says, as TradingSystem takes it.

    Attributes:
        limits: for its argument risk.
        rules: for rules.
        account: for account; None where the file has no such table.
        currencies: for currencies.
        currency: for currency; None where the file names none.
    """

    limits: RiskLimits
    rules: tuple[Rule, ...] = ()
    account: Account | None = None
    currencies: tuple[Currency, ...] = ()
    currency: str | None = None


def load_limits(path: str | PathLike[str]) -> LimitsFile:
    """Read a file of limits. Numbers are taken exactly as they are written, 0.1 as a tenth.

    Limits of the account stand at the top, those of a symbol under [instruments."BTC/USDT"], those of a strategy under
    [strategies.NAME] and [strategies.NAME.instruments."BTC/USDT"], each under its name in RiskLimits. [account] has
    type ("spot" or "margin"), currency, and what MarginAccount takes; [currencies] the places of each, or a table with
    places and rounding; each [[rules]] has on, action, and where they have a meaning limit and strategy.

    Raises:
        InvalidData: naming the file, the line where that is known, the key and the rule.
    """
    reader = _Reader(fspath(path))
    return reader.file(reader.table())


class _Reader:
    """Reads one file; every error names it.

    Args:
        name: its path.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._lines: list[str] = []

    def table(self) -> Table:
        """Return what the file says, as TOML sees it."""
        try:
            with Path(self._name).open("rb") as file:
                content = file.read(_MOST_BYTES + 1)
        except (OSError, ValueError) as error:
            said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            raise InvalidData(self._name, 0, "", f"cannot be read: {said}") from None
        if len(content) > _MOST_BYTES:
            raise InvalidData(self._name, 0, "", f"must be at most {_MOST_BYTES} bytes")
        try:
            text = content.decode()
            self._lines = text.splitlines()
            return tomllib.loads(text, parse_float=_number)
        except (ValueError, RecursionError) as error:
            # What is no TOML, no UTF-8, or nested beyond all reason.
            found = _LINE.search(str(error))
            raise InvalidData(self._name, int(found[1]) if found else 0, "", f"no TOML: {_said(error)}") from None

    def file(self, table: Table) -> LimitsFile:
        """Return what it means."""
        self._known(table, _LIMITS | _SECTIONS | set(_NESTED), "")
        account = self._table(table.get("account", {}), "account")
        currency = account.get("currency")
        if currency is not None:
            currency = str(self._made("account.currency", identifier, "currency", currency))
        return LimitsFile(
            limits=self._limits({key: value for key, value in table.items() if key not in _SECTIONS}, "", _NESTED),
            rules=tuple(self._rules(table.get("rules", []))),
            account=self._account(account) if "type" in account or account.keys() - {"currency"} else None,
            currencies=tuple(self._currencies(table.get("currencies", {}))),
            currency=None
            if currency is None
            else str(self._made("account.currency", identifier, "currency", currency)),
        )

    def _limits(self, table: Table, where: str, nested: Iterable[str]) -> RiskLimits:
        self._known(table, _LIMITS | set(nested), where)
        own = {key: value for key, value in table.items() if key in _LIMITS}
        self._no_text(own, where)
        by_name = {key: self._by_name(table[key], _join(where, key)) for key in nested if key in table}
        return cast("RiskLimits", self._made(where, RiskLimits, **own, **by_name))

    def _by_name(self, table: object, where: str) -> dict[str, RiskLimits]:
        # A symbol has no strategies of its own, and nothing below it is nested.
        nested = ("instruments",) if where == "strategies" else ()
        found: dict[str, RiskLimits] = {}
        for name, limits in self._table(table, where).items():
            below = _join(where, name)
            self._made(below, identifier, "name", name)
            found[name] = self._limits(self._table(limits, below), below, nested)
        return found

    def _account(self, table: Table) -> Account:
        kind = table.get("type")
        if type(kind) is not str or kind not in _ACCOUNTS:
            raise self._error("account.type", "nothing" if kind is None else shown(kind), 'must be "spot" or "margin"')
        self._known(table, _ACCOUNTS[kind] | {"type", "currency"}, "account")
        asked = {key: value for key, value in table.items() if key in _ACCOUNTS[kind]}
        self._no_text(asked, "account")
        if kind == "spot":
            return SpotAccount()
        if "maintenance_margin" not in asked:
            raise self._error("account.maintenance_margin", "nothing", "must be given")
        return cast("Account", self._made("account", MarginAccount, **asked))

    def _currencies(self, table: object) -> Iterable[Currency]:
        for code, given in self._table(table, "currencies").items():
            where = _join("currencies", code)
            asked = self._table(cast("object", given), where) if type(given) is dict else {"places": given}
            self._known(asked, _CURRENCY, where)
            yield cast("Currency", self._made(where, Currency, code, **asked))

    def _rules(self, rules: object) -> Iterable[Rule]:
        if type(rules) is not list:
            raise self._error("rules", shown(rules), "must be tables under [[rules]]")
        for number, given in enumerate(cast("list[object]", rules), start=1):
            where = f"rules, number {number}"
            rule = self._table(given, where)
            self._known(rule, _RULE, where)
            on = self._named(rule, where, "on", {trip.value.lower(): trip for trip in Trip if trip in RULED})
            action = self._named(rule, where, "action", {action.value.lower(): action for action in Action})
            rest = {key: value for key, value in rule.items() if key in {"limit", "strategy"}}
            self._no_text({key: value for key, value in rest.items() if key == "limit"}, where)
            yield cast("Rule", self._made(where, Rule, on=on, action=action, **rest))

    def _named(self, table: Table, where: str, key: str, known: Mapping[str, object]) -> object:
        value = table.get(key)
        if type(value) is not str or value not in known:
            rule = f"must be one of {', '.join(known)}"
            raise self._error(_join(where, key), "nothing" if value is None else shown(value), rule)
        return known[value]

    def _no_text(self, values: Table, where: str) -> None:
        """Refuse "5" for 5, which RiskLimits would take: whoever reads the file takes it for text."""
        for key, value in values.items():
            if type(value) is str:
                raise self._error(_join(where, key), shown(value), "must be a number of at most 18 digits each side")

    def _table(self, value: object, where: str) -> Table:
        if type(value) is not dict:
            raise self._error(where, shown(value), "must be a table")
        return cast("Table", value)

    def _known(self, table: Table, known: Iterable[str], where: str) -> None:
        for key in table:
            if key not in known:
                near = difflib.get_close_matches(key[:_MOST_SHOWN], sorted(known), n=1)
                hint = f"; did you mean {near[0]}?" if near else ""
                raise self._error(_join(where, key), "", f"is not known{hint}")

    def _made(self, where: str, make: Callable[..., object], *args: object, **kwargs: object) -> object:
        try:
            return make(*args, **kwargs)
        except InvalidConfiguration as error:
            raise self._error(_join(where, error.field), error.value, error.rule) from None
        except InvalidValue as error:
            raise self._error(where, error.value, error.rule) from None

    def _error(self, key: str, value: str, rule: str) -> InvalidData:
        return InvalidData(self._name, self._line_of(key), value, f"{key}: {rule}")

    def _line_of(self, key: str) -> int:
        """Return the line on which the last part of a key stands, where there is but one; else 0."""
        last = re.escape(re.split(r"[. ]", key)[-1].strip('"'))
        here = re.compile(rf'(^|[\s."{{\[,]){last}"?\s*(=|\])')
        found = [number for number, line in enumerate(self._lines, start=1) if here.search(line[:_MOST_SHOWN])]
        return found[0] if len(found) == 1 else 0


def _said(error: ValueError | RecursionError) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8"
    # An int of more digits than Python reads is no TOMLDecodeError.
    known = isinstance(error, tomllib.TOMLDecodeError)
    return _LINE.sub("", str(error)).strip()[:_MOST_SHOWN] if known else "a number is too long"


def _number(text: str) -> Decimal | str:
    """Take a TOML float exactly; what cannot be taken stays text, and is refused where it is used."""
    try:
        return Decimal(text) if len(text) <= _MOST_DIGITS else text
    except ArithmeticError:  # an exponent beyond all reason
        return text


def _join(where: str, key: str) -> str:
    key = key[:_MOST_SHOWN]
    plain = re.fullmatch(r"[A-Za-z0-9_ -]+", key)
    name = key if plain else f'"{key}"' if key.isprintable() else ascii(key)
    return f"{where}.{name}" if where else name
