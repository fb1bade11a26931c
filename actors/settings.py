"""What a system is told when it is made, checked once."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final, Literal, TypeGuard, TypeVar, cast

import attrs

from ..journal.store import JournalStore
from ..model.account import Account, CostBasis, Currency, MarginAccount, PositionMode, SpotAccount
from ..model.errors import InvalidConfiguration
from ..model.instrument import Instrument
from ..model.kinds import Trip
from ..model.limits import RiskLimits, Rule
from ..model.members import up_to_another_kind
from ..model.numbers import EXACT, Number, not_negative, whole
from ..model.text import identifier
from . import checks
from .exchange import Exchange, ExchangeDescription
from .stepped import Stepped

_NS: Final = Decimal(1_000_000_000)
_PATIENCE: Final = 10
T = TypeVar("T")


def _by_symbol(instruments: Iterable[Instrument]) -> Mapping[str, Instrument]:
    by_symbol: dict[str, Instrument] = {}
    for instrument in _each_of("instruments", instruments, Instrument):
        if instrument.symbol in by_symbol:
            raise InvalidConfiguration.of("instruments", instrument.symbol, "must have each symbol once")
        by_symbol[instrument.symbol] = instrument
    if not by_symbol:
        raise InvalidConfiguration.of("instruments", (), "must have at least one")
    return MappingProxyType(by_symbol)


def _balances(cash: Mapping[str, Number] | None) -> Mapping[str, Decimal] | None:
    if cash is None:
        return None
    # Not isinstance(), which asks the value itself for its class, and that may answer with an error.
    if not issubclass(type(cash), Mapping):
        raise InvalidConfiguration.of("cash", cash, "must map currencies to amounts")
    try:
        items = [(currency, amount) for currency, amount in cash.items()]  # of whatever items() gives
    except Exception as error:  # a mapping of the caller's own that raises
        raise InvalidConfiguration.of("cash", cash, "must map currencies to amounts") from error
    balances: dict[str, Decimal] = {}
    for currency, amount in items:
        name = identifier("cash currency", currency, InvalidConfiguration)
        balances[name] = not_negative(f"cash {name}", amount, InvalidConfiguration)
    return MappingProxyType(balances)


def _exchange(exchange: ExchangeDescription | Exchange) -> ExchangeDescription | Exchange:
    if not _is_described(exchange):
        checks.must_be_an_exchange("exchange", exchange)
    return exchange


def _is_described(exchange: object) -> TypeGuard[ExchangeDescription]:
    return issubclass(type(exchange), ExchangeDescription)


def _account(account: Account | None) -> Account | None:
    if account is not None and type(account) not in (SpotAccount, MarginAccount):
        raise InvalidConfiguration.of("account", account, "must be a SpotAccount, a MarginAccount or None")
    return account


def _currency(value: str | None) -> str | None:
    return None if value is None else identifier("currency", value, InvalidConfiguration)


def _currencies(currencies: Iterable[Currency]) -> Mapping[str, Currency]:
    by_code: dict[str, Currency] = {}
    for currency in _each_of("currencies", currencies, Currency):
        if currency.code in by_code:
            raise InvalidConfiguration.of("currencies", currency.code, "must have each currency once")
        by_code[currency.code] = currency
    return MappingProxyType(by_code)


def _rules(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    return tuple(_each_of("rules", rules, Rule))


def _each_of(field: str, values: Iterable[T], kind: type[T]) -> Iterator[T]:
    rule = f"must be of {kind.__name__}"
    try:
        taken = up_to_another_kind(values, kind)
    except Exception as error:  # what is no iterable, or one of the caller's own that raises
        raise InvalidConfiguration.of(field, values, rule) from error
    for value in taken:
        if type(value) is not kind:
            raise InvalidConfiguration.of(field, value, rule)
        yield value


def _kill_file(value: str | checks.PathLike | None) -> str | None:
    return None if value is None else checks.path("kill_file", value)


def _journal(value: str | checks.PathLike | JournalStore | None) -> str | JournalStore | None:
    if checks.is_path(value):
        return checks.path("journal", value)
    if value is not None:
        checks.must_be_a_store("journal", value)
    return cast("JournalStore | None", value)


def _limits(limits: RiskLimits) -> RiskLimits:
    if type(limits) is not RiskLimits:
        raise InvalidConfiguration.of("risk", limits, "must be RiskLimits")
    return limits


def refuse_untraded(field: str, limits: RiskLimits, traded: Container[str]) -> None:
    """Refuse limits of a symbol that is not traded: they would hold nothing, and whoever wrote them thinks they do.

    Raises:
        InvalidConfiguration: naming the symbol.
    """
    for within in (limits, *(of_strategy for _, of_strategy in limits.strategies)):
        for symbol, _ in within.instruments:
            if symbol not in traded:
                where = f"{field} instruments"
                raise InvalidConfiguration.of(where, symbol, "must be one that is traded")


def patience(answer_within: Number | Literal["auto"] | None, exchange: ExchangeDescription | Exchange) -> Number | None:
    """Return how many seconds a venue has to answer where that was left open."""
    if type(answer_within) is str and answer_within == "auto":
        return None if _is_described(exchange) and exchange.loses_nothing else _PATIENCE
    return answer_within


def _seconds(value: Number | None) -> int | None:
    if value is None:
        return None
    return int(EXACT.multiply(not_negative("answer_within", value, InvalidConfiguration), _NS))


def _seed(value: int) -> int:
    return whole("seed", value, InvalidConfiguration)


def _history(value: int) -> int:
    return whole("history", value, InvalidConfiguration, least=1)


def _snapshot_every(value: int) -> int:
    return whole("snapshot_every", value, InvalidConfiguration, least=0)


def _max_in_flight(value: int) -> int:
    return whole("max_in_flight", value, InvalidConfiguration, least=1)


def _max_unanswered(value: int) -> int:
    return whole("max_unanswered", value, InvalidConfiguration, least=1)


def _run_id(value: str | None) -> str | None:
    return None if value is None else identifier("run_id", value, InvalidConfiguration)


def _one_of(*allowed: str) -> Callable[[Any, attrs.Attribute[Any], object], None]:
    def check(_: Any, attribute: attrs.Attribute[Any], value: object) -> None:
        if type(value) is not str or value not in allowed:
            raise InvalidConfiguration.of(attribute.name, value, f"must be one of {', '.join(allowed)}")

    return check


def _known_runtime(_: Any, attribute: attrs.Attribute[Any], value: object) -> None:
    if type(value) is not Stepped and (type(value) is not str or value not in {"threads", "stepped"}):
        raise InvalidConfiguration.of(attribute.name, value, "must be 'threads', 'stepped' or a Stepped")


def _callable(_: Any, attribute: attrs.Attribute[Any], value: object) -> None:
    if not callable(value):
        raise InvalidConfiguration.of(attribute.name, value, "must be callable")


def _amends(settings: Settings) -> bool:
    return checks.flag_of("exchange", settings.exchange, "amends", unless_said=True)


def _ties(settings: Settings) -> bool:
    return checks.flag_of("exchange", settings.exchange, "ties", unless_said=False)


def _lists(settings: Settings) -> bool:
    return checks.flag_of("exchange", settings.exchange, "lists", unless_said=False)


SNAPSHOT_EVERY: Final = 20_000
"""So many rows make another snapshot worth while: they are folded in two seconds or so."""


@attrs.frozen(kw_only=True)
class Settings:
    """The arguments of TradingSystem, where they are described.

    Raises:
        InvalidConfiguration: naming the setting, the value and the rule.
    """

    instruments: Mapping[str, Instrument] = attrs.field(converter=_by_symbol)
    exchange: ExchangeDescription | Exchange = attrs.field(converter=_exchange)
    cash: Mapping[str, Decimal] | None = attrs.field(converter=_balances)
    limits: RiskLimits = attrs.field(converter=_limits)
    runtime: Literal["threads", "stepped"] | Stepped = attrs.field(validator=_known_runtime)
    clock: Literal["wall", "data"] = attrs.field(validator=_one_of("wall", "data"))
    seed: int = attrs.field(converter=_seed)
    on_error: Callable[[Any], object] = attrs.field(validator=_callable)
    history: int = attrs.field(converter=_history)
    max_in_flight: int = attrs.field(converter=_max_in_flight)
    max_unanswered: int = attrs.field(default=10_000, converter=_max_unanswered)
    answer_within_ns: int | None = attrs.field(alias="answer_within", converter=_seconds)
    on_exit: Literal["leave", "cancel"] = attrs.field(validator=_one_of("leave", "cancel"))
    run_id: str | None = attrs.field(converter=_run_id)
    account: Account | None = attrs.field(default=None, converter=_account)
    currency: str | None = attrs.field(default=None, converter=_currency)
    currencies: Mapping[str, Currency] = attrs.field(factory=dict[str, Currency], converter=_currencies)
    cost_basis: CostBasis = attrs.field(default="average", validator=_one_of("average", "fifo", "lifo"))
    positions: PositionMode = attrs.field(default="netted", validator=_one_of("netted", "hedged"))
    rules: tuple[Rule, ...] = attrs.field(default=(), converter=_rules)
    kill_file: str | None = attrs.field(default=None, converter=_kill_file)
    journal: str | JournalStore | None = attrs.field(default=None, converter=_journal)
    unknown_orders: Literal["adopt", "cancel"] = attrs.field(default="adopt", validator=_one_of("adopt", "cancel"))
    snapshot_every: int = attrs.field(default=SNAPSHOT_EVERY, converter=_snapshot_every)
    amends: bool = attrs.field(init=False, default=attrs.Factory(_amends, takes_self=True))
    ties: bool = attrs.field(init=False, default=attrs.Factory(_ties, takes_self=True))
    lists: bool = attrs.field(init=False, default=attrs.Factory(_lists, takes_self=True))

    def __attrs_post_init__(self) -> None:
        if isinstance(self.account, MarginAccount) and self.account_currency is None:
            needed = "must be given for a margin account on instruments whose prices count several currencies"
            raise InvalidConfiguration.of("currency", None, needed)
        refuse_untraded("risk", self.limits, self.instruments)
        if self.account is not None and self.cash is None:
            raise InvalidConfiguration.of("cash", None, "must be given for an account")
        for rule in self.rules:
            if rule.on is Trip.MARGIN_CALL and not isinstance(self.account, MarginAccount):
                needed = "must be a MarginAccount for a rule on MARGIN_CALL"
                raise InvalidConfiguration.of("account", self.account, needed)
            if rule.on in {Trip.DAILY_LOSS, Trip.DRAWDOWN} and self.account_currency is None:
                why = f"must be given for a rule on {rule.on.value}, where prices count several"
                raise InvalidConfiguration.of("currency", None, why)

    @property
    def account_currency(self) -> str | None:
        """What money is told in where currencies meet: as given, else what all prices count, else nothing is."""
        quotes = {instrument.quote for instrument in self.instruments.values()}
        return self.currency or (min(quotes) if len(quotes) == 1 else None)
