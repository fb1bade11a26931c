"""Hostile values at every public entry: one clear error that names field, value and rule, and nothing half done."""

from __future__ import annotations

import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from helpers import BOUND, BTC, OwnVenue, Recorder, assert_clean, limit, market, quote, system_of

from orderpit import (
    Action,
    Bar,
    ByProbability,
    ByVolumeShare,
    CancelOrder,
    Currency,
    Depth,
    FixedLatency,
    FixedSlippage,
    Instrument,
    InvalidConfiguration,
    InvalidInstrument,
    InvalidMarketData,
    InvalidOrder,
    InvalidValue,
    MarginAccount,
    ModifyOrder,
    NormalLatency,
    NormalSlippage,
    OrderState,
    OrderType,
    Quote,
    RiskLimits,
    Rule,
    SampledLatency,
    SampledSlippage,
    Side,
    SimulatedExchange,
    SpotAccount,
    Strategy,
    SubmitOrder,
    TimeInForce,
    Touch,
    Trade,
    TradingSystem,
    Trip,
    UniformSlippage,
    audit,
)


class LyingStr(str):
    """A str that equals everything."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return hash("threads")


class Unshowable:
    """A value whose repr raises."""

    def __repr__(self) -> str:
        raise ZeroDivisionError


class Evasive:
    """A value that will not say of what class it is."""

    @property
    def __class__(self) -> Any:
        raise ZeroDivisionError


class Half:
    """An exchange with half of its methods."""

    def connect(self, *_: Any) -> None: ...

    def request(self, *_: Any) -> None: ...


class Closed:
    """A value none of whose attributes can be asked for."""

    def __getattr__(self, name: str) -> Any:
        raise ZeroDivisionError


class Numberlike:
    """A value that passes for a number wherever nobody looks at its type."""

    def __float__(self) -> float:
        return 1.0

    __int__ = __index__ = lambda self: 1


NOT_NUMBERS = {
    "NaN": Decimal("NaN"),
    "sNaN": Decimal("sNaN"),
    "infinity": Decimal("Infinity"),
    "minus infinity": Decimal("-Infinity"),
    "float": 0.1,
    "bool": True,
    "numpy-like": Numberlike(),
    "a million digits": Decimal("1e999999"),
    "a huge exponent": Decimal("1e-999999"),
    "a huge int": 10**5_000,
    "19 digits": "1234567890123456789",
    "19 places": "0.1234567890123456789",
    "nan in letters": "nan",
    "exponent": "1e3",
    "underscore": "1_0",
    "space": " 1",
    "full-width": "\uff11",
    "empty": "",
    "str subclass": LyingStr("1"),
    "list": [1],
    "unshowable": Unshowable(),
}
NEGATIVE = {"negative": "-1", "negative zero": "-0", "negative decimal": Decimal(-1)}
ZERO = {"zero": 0, "zero decimal": Decimal("0.00")}
NOT_POSITIVE = NOT_NUMBERS | NEGATIVE | ZERO | {"None": None}
NOT_IDS = {
    "empty": "",
    "65 characters": "x" * 65,
    "ten million": "x" * 10_000_000,
    "newline": "a\n",
    "NUL": "a\0",
    "escape": "\x1b[31m",
    "right to left": "a\u202eb",
    "zero width": "a\u200bb",
    "Cyrillic": "\u0410",
    "surrogate": "\ud800",
    "space": "a b",
    "bytes": b"a",
    "int": 7,
    "str subclass": LyingStr("a"),
    "list": ["a"],
    "unshowable": Unshowable(),
}
NOT_SECONDS = {
    "NaN": float("nan"),
    "infinity": float("inf"),
    "negative": -1,
    "str": "5",
    "bool": True,
    "list": [1],
    "unshowable": Unshowable(),
    "too large for a float": 10**5_000,
}
MEMBERS = {"its value": "BUY", "None": None, "int": 1, "another enumeration": OrderState.OPEN, "class": Side}


def cases(**named: dict[str, Any]) -> Any:
    """Return each bad value of each field, with an id that says which."""
    return pytest.mark.parametrize(
        ("field", "value"),
        [pytest.param(f, value, id=f"{f}: {name}") for f, values in named.items() for name, value in values.items()],
    )


def refused(error: type[InvalidValue], call: Callable[[], Any], field: str) -> None:
    """Check that a call is refused quickly, by an error that names the field, shows the value and says the rule."""
    began = time.perf_counter()
    with pytest.raises(error) as raised:
        call()
    assert time.perf_counter() - began < 1
    shown = raised.value
    assert field in shown.field
    assert shown.rule
    text = str(shown)
    assert text.isprintable()
    assert text.isascii()
    assert len(text) < 400


def without(values: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in names}


# -- values


@pytest.mark.fault(33, 34, 35, 37, 38, 39, 41, 42)
@cases(
    symbol=NOT_IDS | {"None": None},
    side=MEMBERS,
    order_type=MEMBERS,
    quantity=NOT_POSITIVE,
    price=NOT_POSITIVE,
    stop_price=NOT_POSITIVE,
    time_in_force=MEMBERS,
    expire_time_ns={"float": 1.0, "bool": True, "negative": -1, "too large": 2**63, "str": "1", "out of place": 5},
    post_only={"int": 1, "str": "yes", "None": None},
    reduce_only={"int": 1, "str": "yes", "None": None},
    display_quantity=without(NOT_POSITIVE, "None"),
    order_id=NOT_IDS,
    tag={"newline": "a\n", "too long": "x" * 257, "int": 7, "None": None, "surrogate": "\ud800"},
    notes={"escape": "\x1b[31m", "too long": "x" * 257, "bytes": b"a"},
)
def test_an_order_that_can_never_be_valid_is_refused_when_it_is_built(field: str, value: Any) -> None:
    good = {"symbol": "BTC/USDT", "side": Side.BUY, "order_type": OrderType.STOP_LIMIT, "quantity": "1"}
    good |= {"price": "1", "stop_price": "1"}
    refused(InvalidOrder, lambda: SubmitOrder(**good | {field: value}), field)


@pytest.mark.parametrize(
    ("order_type", "prices", "field"),
    [
        (OrderType.MARKET, {"price": "1"}, "price"),
        (OrderType.MARKET, {"stop_price": "1"}, "stop_price"),
        (OrderType.LIMIT, {}, "price"),
        (OrderType.LIMIT, {"price": "1", "stop_price": "1"}, "stop_price"),
        (OrderType.STOP, {}, "stop_price"),
        (OrderType.STOP, {"price": "1", "stop_price": "1"}, "price"),
        (OrderType.STOP_LIMIT, {"price": "1"}, "stop_price"),
        (OrderType.STOP_LIMIT, {"stop_price": "1"}, "price"),
        (OrderType.MARKET, {"time_in_force": TimeInForce.GTD}, "expire_time_ns"),
    ],
    ids=lambda value: value.name if isinstance(value, OrderType) else None,
)
def test_a_price_too_many_or_too_few_is_refused(order_type: OrderType, prices: dict[str, Any], field: str) -> None:
    refused(InvalidOrder, lambda: SubmitOrder("BTC/USDT", Side.BUY, order_type, "1", **prices), field)


@pytest.mark.fault(33, 34, 35, 37, 38, 39, 41, 42)
@cases(order_id=NOT_IDS | {"None": None}, price=without(NOT_POSITIVE, "None"), quantity=without(NOT_POSITIVE, "None"))
def test_a_modification_that_can_never_be_valid_is_refused(system: TradingSystem, field: str, value: Any) -> None:
    arguments = {"order_id": "x", "price": "1", field: value}
    refused(InvalidOrder, lambda: ModifyOrder(**arguments), field)
    refused(InvalidOrder, lambda: system.modify(**arguments), field)


@cases(order_id=NOT_IDS | {"None": None})
def test_a_cancel_that_can_never_be_valid_is_refused(system: TradingSystem, field: str, value: Any) -> None:
    refused(InvalidOrder, lambda: CancelOrder(value), field)
    refused(InvalidOrder, lambda: system.cancel(value), field)


@pytest.mark.fault(30, 33, 34, 35, 37)
@pytest.mark.parametrize(
    ("kind", "good", "fields"),
    [
        (Quote, {"bid": "1", "ask": "2"}, ("bid", "ask")),
        (Trade, {"price": "1"}, ("price",)),
        (Bar, {"open": "1", "high": "1", "low": "1", "close": "1"}, ("open", "high", "low", "close")),
    ],
    ids=["quote", "trade", "bar"],
)
@pytest.mark.parametrize("name", without(NOT_POSITIVE, "None"))
def test_a_price_that_no_market_can_show_is_refused(
    kind: Any, good: dict[str, Any], fields: tuple[str, ...], name: str
) -> None:
    for field in fields:
        refused(InvalidMarketData, lambda f=field: kind("BTC/USDT", **good | {f: NOT_POSITIVE[name]}), field)


@pytest.mark.fault(30)
@pytest.mark.parametrize(
    ("build", "field"),
    [
        (lambda: Quote("BTC/USDT"), "bid"),
        (lambda: Quote("BTC/USDT", bid="2", ask="1"), "bid"),
        (lambda: Quote("BTC/USDT", bid="1", bid_size="-1"), "bid_size"),
        (lambda: Quote("BTC/USDT", bid="1", time_ns=-1), "time_ns"),
        (lambda: Quote("BTC/USDT", bid="1", time_ns=2**63), "time_ns"),
        (lambda: Trade("BTC/USDT", price="1", size="0"), "size"),
        (lambda: Trade("BTC/USDT", price="1", aggressor="BUY"), "aggressor"),
        (lambda: Bar("BTC/USDT", open="1", high="0.5", low="1", close="1"), "high"),
        (lambda: Bar("BTC/USDT", open="1", high="2", low="1.5", close="1"), "low"),
        (lambda: Depth("BTC/USDT", bids="12", asks=()), "bids"),
        (lambda: Depth("BTC/USDT", bids=[("1",)], asks=()), "bids"),
        (lambda: Depth("BTC/USDT", bids=[("1", "1"), ("2", "1")], asks=()), "bids"),
        (lambda: Depth("BTC/USDT", bids=[("2", "1")], asks=[("1", "1")]), "bid"),
        (lambda: Quote("b t c", bid="1"), "symbol"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_market_data_that_contradicts_itself_is_refused(build: Callable[[], Any], field: str) -> None:
    refused(InvalidMarketData, build, field)


@pytest.mark.fault(33, 34, 35, 37)
@cases(
    symbol=without(NOT_IDS, "ten million") | {"None": None, "without a slash": "AAPL"},
    price_increment=NOT_POSITIVE,
    quantity_increment=NOT_POSITIVE,
    min_quantity=without(NOT_POSITIVE, "None"),
    max_quantity=without(NOT_POSITIVE, "None") | {"off the grid": "0.000001"},
    min_notional=NOT_NUMBERS | NEGATIVE,
    price_band=without(NOT_POSITIVE, "None"),
    base_currency=NOT_IDS,
    quote_currency=NOT_IDS,
)
def test_an_instrument_that_contradicts_itself_is_refused(field: str, value: Any) -> None:
    good = {"symbol": "BTC/USDT", "price_increment": "0.01", "quantity_increment": "0.00001"}
    named = "quote_currency" if type(value) is str and value == "AAPL" else field
    refused(InvalidInstrument, lambda: Instrument(**good | {field: value}), named)


@pytest.mark.fault(33, 34, 35, 37)
@cases(
    maker_fee=NOT_NUMBERS | NEGATIVE | {"None": None},
    taker_fee=NOT_NUMBERS | NEGATIVE | {"None": None},
    slippage=NOT_NUMBERS | NEGATIVE | {"None": None, "one": 1},
    fill_probability=NOT_NUMBERS | NEGATIVE | {"None": None, "above one": "1.01"},
    fill_model={"a name": "Touch", "its class": Touch, "half": Half(), "closed": Closed(), "evasive": Evasive()},
    latency=NOT_NUMBERS | NEGATIVE | {"None": None},
    seed={"negative": -1, "float": 1.0, "bool": True, "str": "1", "None": None},
    remainder={"unknown": "gone", "None": None, "lying": LyingStr("x"), "list": []},
    post_only={"unknown": "reject", "None": None, "bool": True, "lying": LyingStr("x"), "list": []},
    amends={"int": 1, "str": "yes", "None": None, "evasive": Evasive()},
    ties={"int": 1, "str": "yes", "None": None, "evasive": Evasive()},
    self_trade_prevention={"unknown": "cancel_all", "None": None, "lying": LyingStr("x"), "list": []},
    wrong_side_stop={"unknown": "refuse", "None": None, "lying": LyingStr("x"), "list": []},
)
def test_an_exchange_out_of_range_is_refused(field: str, value: Any) -> None:
    refused(InvalidConfiguration, lambda: SimulatedExchange(**{field: value}), field)


@pytest.mark.parametrize("fill_probability", ["0", "0.5"])
def test_a_probability_beside_a_fill_model_is_refused(fill_probability: str) -> None:
    both = {"fill_probability": fill_probability, "fill_model": Touch()}
    refused(InvalidConfiguration, lambda: SimulatedExchange(**both), "fill_model")


SAMPLES = {f"of {name}": (0, value) for name, value in NOT_NUMBERS.items()} | {
    "none": None,
    "empty": (),
    "text": "1",
    "a dict": {"1": 1},
    "unshowable": Unshowable(),
    "a lying member": [Evasive()],
}


@pytest.mark.fault(33, 34, 35, 37)
@pytest.mark.parametrize(
    ("kind", "good", "field", "value"),
    [
        pytest.param(kind, good, field, value, id=f"{kind.__name__}.{field}: {name}")
        for kind, good, field, values in [
            (ByProbability, {}, "probability", NOT_NUMBERS | NEGATIVE | {"None": None, "above one": "1.01"}),
            (ByVolumeShare, {}, "share", NOT_POSITIVE | {"above one": "1.01"}),
            (FixedSlippage, {}, "ticks", NOT_SECONDS | {"None": None, "numpy-like": Numberlike(), "too many": 10**9}),
            (UniformSlippage, {}, "most", NOT_NUMBERS | NEGATIVE | {"None": None, "one": 1}),
            (NormalSlippage, {}, "deviation", NOT_NUMBERS | NEGATIVE | {"None": None, "a fifth": "0.2"}),
            (SampledSlippage, {}, "moves", SAMPLES | {"of one": ("0", 1), "of minus one": ["-1"]}),
            (FixedLatency, {}, "seconds", NOT_NUMBERS | NEGATIVE | {"None": None}),
            (NormalLatency, {"deviation": 0}, "mean", NOT_NUMBERS | NEGATIVE | {"None": None}),
            (NormalLatency, {"mean": 0}, "deviation", NOT_NUMBERS | NEGATIVE | {"None": None}),
            (SampledLatency, {}, "seconds", SAMPLES | {"of a negative": ["-1"]}),
        ]
        for name, value in values.items()
    ],
)
def test_a_model_of_slippage_or_latency_or_fills_out_of_range_is_refused(
    kind: Any, good: dict[str, Any], field: str, value: Any
) -> None:
    refused(InvalidConfiguration, lambda: kind(**good | {field: value}), field)


@cases(max_order_quantity=without(NOT_POSITIVE, "None"), max_order_notional=without(NOT_POSITIVE, "None"))
def test_limits_out_of_range_are_refused(field: str, value: Any) -> None:
    refused(InvalidConfiguration, lambda: RiskLimits(**{field: value}), field)


# -- the system

RULE = Rule(on=Trip.DRAWDOWN, action=Action.HALT, limit="5")


class Quarrelsome(dict[str, str]):
    """A mapping that will not say what is in it."""

    def items(self) -> Any:
        raise ZeroDivisionError


@cases(
    instruments={
        "None": None,
        "int": 7,
        "empty": [],
        "symbols": ["BTC/USDT"],
        "a str": "BTC/USDT",
        "twice": [BTC, BTC],
        "one of them": [BTC, None],
        "evasive": Evasive(),
        "an iterable that raises": (1 / 0 for _ in "x"),
    },
    exchange={
        "None": None,
        "str": "simulated",
        "class": OwnVenue,
        "half": Half(),
        "unshowable": Unshowable(),
        "evasive": Evasive(),
        "closed": Closed(),
    },
    cash={"list": ["USDT"], "str": "USDT", "int": 7, "evasive": Evasive(), "quarrelsome": Quarrelsome()},
    risk={
        "None": None,
        "dict": {},
        "class": RiskLimits,
        "of an untraded symbol": RiskLimits(instruments={"DOGE/USDT": RiskLimits()}),
        "of a strategy in an untraded symbol": RiskLimits(
            strategies={"s": RiskLimits(instruments={"DOGE/USDT": RiskLimits()})}
        ),
    },
    runtime={"unknown": "greenlets", "None": None, "lying": LyingStr("x"), "list": []},
    clock={"unknown": "sun", "None": None, "bool": True},
    seed={"negative": -1, "float": 1.0, "bool": True, "str": "1", "None": None},
    on_error={"int": 7, "str": "print"},
    history={"zero": 0, "negative": -1, "float": 1.0, "bool": True, "None": None},
    max_unanswered={"zero": 0, "negative": -1, "float": 1.0, "bool": True, "None": None},
    max_in_flight={"zero": 0, "negative": -1, "float": 1.0, "bool": True, "None": None},
    answer_within=NOT_NUMBERS | NEGATIVE,
    on_exit={"unknown": "panic", "None": None, "lying": LyingStr("x")},
    run_id=NOT_IDS,
    account={
        "its name": "spot",
        "class": SpotAccount,
        "evasive": Evasive(),
        "unshowable": Unshowable(),
    },
    currency=NOT_IDS,
    currencies={
        "None": None,
        "int": 7,
        "codes": ["USDT"],
        "a str": "USDT",
        "one": Currency("USDT"),
        "class": [Currency],
        "twice": [Currency("USDT"), Currency("USDT", 2)],
        "evasive": [Evasive()],
        "an iterable that raises": (1 / 0 for _ in "x"),
    },
    cost_basis={"unknown": "FIFO", "None": None, "lying": LyingStr("x"), "list": []},
    positions={"unknown": "both", "None": None, "lying": LyingStr("x"), "list": []},
    rules={
        "None": None,
        "int": 7,
        "one": RULE,
        "class": [Rule],
        "names": ["DRAWDOWN"],
        "evasive": [RULE, Evasive()],
        "an iterable that raises": (1 / 0 for _ in "x"),
    },
    kill_file={
        "empty": "",
        "NUL": "a\0",
        "bytes": b"kill",
        "int": 7,
        "lying": LyingStr("x"),
        "unshowable": Unshowable(),
    },
)
def test_a_setting_out_of_range_is_refused(field: str, value: Any) -> None:
    arguments = {"instruments": [BTC], "exchange": SimulatedExchange()} | {field: value}
    refused(InvalidConfiguration, lambda: TradingSystem(**arguments), field)


@pytest.mark.parametrize(
    "account", [SpotAccount(), MarginAccount(leverage=2, maintenance_margin="0.1")], ids=["spot", "margin"]
)
def test_an_account_without_cash_is_refused(account: Any) -> None:
    refused(InvalidConfiguration, lambda: system_of(account=account, cash=None), "cash")


@pytest.mark.parametrize("name", NOT_NUMBERS | NEGATIVE | {"None": None})
def test_an_opening_balance_out_of_range_is_refused(name: str) -> None:
    amount = (NOT_NUMBERS | NEGATIVE | {"None": None})[name]
    refused(InvalidConfiguration, lambda: system_of(cash={"USDT": amount}), "cash USDT")


@pytest.mark.parametrize("name", without(NOT_IDS, "list"))
def test_a_currency_that_is_no_name_is_refused(name: str) -> None:
    refused(InvalidConfiguration, lambda: system_of(cash={NOT_IDS[name]: "1"}), "currency")


class Hasty(Strategy):
    """Submits before it can be heard."""

    def __init__(self) -> None:
        self.submit(market())


BAD_CALLS: dict[str, tuple[type[InvalidValue], Callable[[TradingSystem], Any], str]] = {
    "submit None": (InvalidOrder, lambda s: s.submit(None), "order"),
    "submit a dict": (InvalidOrder, lambda s: s.submit({"symbol": "BTC/USDT"}), "order"),
    "submit a cancel": (InvalidOrder, lambda s: s.submit(CancelOrder("x")), "order"),
    "submit something unshowable": (InvalidOrder, lambda s: s.submit(Unshowable()), "order"),
    "modify nothing": (InvalidOrder, lambda s: s.modify("x"), "price"),
    "publish None": (InvalidMarketData, lambda s: s.publish(None), "data"),
    "publish a tuple": (InvalidMarketData, lambda s: s.publish(("BTC/USDT", 1)), "data"),
    "publish an order": (InvalidMarketData, lambda s: s.publish(limit()), "data"),
    "publish another symbol": (InvalidMarketData, lambda s: s.publish(quote(symbol="DOGE/USDT")), "symbol"),
    "wait for a str": (InvalidOrder, lambda s: s.wait("x", "FILLED", 1), "state"),
    "wait for None": (InvalidOrder, lambda s: s.wait("x", None, 1), "state"),
    "wait for a side": (InvalidOrder, lambda s: s.wait("x", Side.BUY, 1), "state"),
    "subscribe None": (InvalidConfiguration, lambda s: s.subscribe(None), "target"),
    "subscribe a str": (InvalidConfiguration, lambda s: s.subscribe("print"), "target"),
    "subscribe to a str": (InvalidConfiguration, lambda s: s.subscribe(print, "OrderFilled"), "events"),
    "subscribe to an int type": (InvalidConfiguration, lambda s: s.subscribe(print, int), "events"),
    "subscribe something evasive": (InvalidConfiguration, lambda s: s.subscribe(Evasive()), "target"),
    "subscribe to something evasive": (InvalidConfiguration, lambda s: s.subscribe(print, Evasive()), "events"),
    "play something evasive": (InvalidConfiguration, lambda s: s.play(Evasive()), "records"),
    "subscribe to a quote": (InvalidConfiguration, lambda s: s.subscribe(print, quote()), "events"),
    "subscribe to no symbol": (InvalidConfiguration, lambda s: s.subscribe(print, symbol=7), "symbol"),
    "subscribe to another symbol": (InvalidConfiguration, lambda s: s.subscribe(print, symbol="DOGE/USDT"), "symbol"),
    "add None": (InvalidConfiguration, lambda s: s.add_strategy(None), "strategy"),
    "add an int": (InvalidConfiguration, lambda s: s.add_strategy(7), "strategy"),
    "add what makes no strategy": (InvalidConfiguration, lambda s: s.add_strategy(dict), "strategy"),
    "add an instance": (InvalidConfiguration, lambda s: s.add_strategy(Strategy()), "strategy"),
    "add under a taken name": (InvalidConfiguration, lambda s: s.add_strategy(Strategy, strategy_id="taken"), "id"),
    "add as the system": (InvalidConfiguration, lambda s: s.add_strategy(Strategy, strategy_id="system"), "id"),
    "add as nobody": (InvalidConfiguration, lambda s: s.add_strategy(Strategy, strategy_id="external"), "id"),
    "add as a part": (InvalidConfiguration, lambda s: s.add_strategy(Strategy, strategy_id="order_manager"), "id"),
    "add as the monitor": (InvalidConfiguration, lambda s: s.add_strategy(Strategy, strategy_id="monitor"), "id"),
    "add under no name": (InvalidConfiguration, lambda s: s.add_strategy(Strategy, strategy_id=""), "id"),
    "halt for an int": (InvalidValue, lambda s: s.halt(7), "reason"),
    "halt for a control character": (InvalidValue, lambda s: s.halt("\x1b[31m"), "reason"),
    "set no limits": (InvalidValue, lambda s: s.set_limits(None), "limits"),
    "set limits of a dict": (InvalidValue, lambda s: s.set_limits({"max_long": "1"}), "limits"),
    "set limits by their class": (InvalidValue, lambda s: s.set_limits(RiskLimits), "limits"),
    "set limits of another symbol": (
        InvalidValue,
        lambda s: s.set_limits(RiskLimits(instruments={"DOGE/USDT": RiskLimits()})),
        "instruments",
    ),
    "history of a str": (InvalidValue, lambda s: s.history("5"), "newest"),
    "history below zero": (InvalidValue, lambda s: s.history(-1), "newest"),
    "orders of a float": (InvalidValue, lambda s: s.orders(newest=1.5), "newest"),
    "orders of a strategy without a name": (InvalidValue, lambda s: s.orders(strategy_id=""), "strategy_id"),
    "orders that live as a str": (InvalidValue, lambda s: s.orders(live_only="no"), "live_only"),
    "audit None": (InvalidValue, lambda _: audit(None), "system"),
    "add what acts before it is hosted": (InvalidConfiguration, lambda s: s.add_strategy(Hasty), "strategy"),
    "orders in a str": (InvalidValue, lambda s: s.orders(state="OPEN"), "state"),
    "play None": (InvalidValue, lambda s: s.play(None), "records"),
    "play an int": (InvalidValue, lambda s: s.play(7), "records"),
}
for _name, _bad in NOT_SECONDS.items():
    BAD_CALLS[f"wait for {_name} seconds"] = (
        InvalidValue,
        lambda s, bad=_bad: s.wait("x", OrderState.OPEN, bad),
        "timeout",
    )
    BAD_CALLS[f"submit within {_name} seconds"] = (
        InvalidValue,
        lambda s, bad=_bad: s.submit(limit(), timeout=bad),
        "timeout",
    )
for _name, _bad in without(NOT_IDS, "ten million").items():
    BAD_CALLS[f"order {_name}"] = (InvalidOrder, lambda s, bad=_bad: s.order(bad), "order_id")
    BAD_CALLS[f"wait for order {_name}"] = (
        InvalidOrder,
        lambda s, bad=_bad: s.wait(bad, OrderState.OPEN, 1),
        "order_id",
    )


@pytest.fixture(scope="module")
def shared() -> Any:
    """One system that has to bear all bad calls."""
    troubles = Recorder()
    with system_of(on_error=troubles) as system:
        system.publish(quote())
        system.add_strategy(Strategy, strategy_id="taken")
        yield system
        assert system.quiesce(BOUND)
        assert troubles.items == []


@pytest.mark.fault(42)
@pytest.mark.parametrize("name", BAD_CALLS)
def test_a_bad_call_is_refused_and_leaves_nothing_half_done(shared: TradingSystem, name: str) -> None:
    error, call, field = BAD_CALLS[name]
    before = (shared.stats(), shared.mailboxes())
    refused(error, lambda: call(shared), field)
    assert shared.stats() == before[0]
    assert [box.actor for box in shared.mailboxes()] == [box.actor for box in before[1]]
    assert shared.wait(shared.submit(market()), OrderState.FILLED, BOUND).is_filled
    assert_clean(shared)


def test_a_factory_without_a_name_of_its_own_makes_a_strategy_too(system: TradingSystem) -> None:
    assert system.add_strategy(lambda: Strategy()).startswith("strategy-")  # noqa: PLW0108  # the lambda is the point


# -- what depends on market and instrument ends as a rejected order with a code


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        (limit(symbol="DOGE/USDT"), "UNKNOWN_SYMBOL"),
        (limit("100.001"), "PRICE_INCREMENT"),
        (limit(quantity="0.000001"), "QUANTITY_INCREMENT"),
        (limit(quantity="200"), "MAX_ORDER_QUANTITY"),
        (limit("1000", quantity="50"), "MAX_ORDER_NOTIONAL"),
        (limit("200", post_only=True), "POST_ONLY"),
        (limit(reduce_only=True), "REDUCE_ONLY"),
        (SubmitOrder("BTC/USDT", Side.BUY, OrderType.STOP, 1, stop_price="1"), "STOP_PRICE"),
        (limit(time_in_force=TimeInForce.GTD, expire_time_ns=5), "EXPIRE_TIME"),
        (market(symbol="ETH/USDT"), "NO_REFERENCE_PRICE"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_depends_on_the_market_ends_rejected_with_its_code_and_numbers(order: Any, reason: str) -> None:
    limits = RiskLimits(max_order_quantity="100", max_order_notional="40000")
    with system_of(risk=limits) as system:
        system.publish(quote())
        rejected = system.wait(system.submit(order), OrderState.FILLED, BOUND)
        assert rejected.state is OrderState.REJECTED
        assert rejected.reason is not None
        assert rejected.reason.value == reason
        assert system.history()[-1].event.text
        assert_clean(system)


# -- messages of other types, and values that were tampered with


@pytest.mark.fault(42, 45)
@pytest.mark.parametrize(
    "message", [None, "x", 7, object(), Unshowable(), LyingStr("x")], ids=lambda m: type(m).__name__
)
def test_a_message_of_an_unknown_type_is_reported_by_every_actor_and_harms_none(message: Any) -> None:
    troubles = Recorder()
    with system_of(on_error=troubles) as system:
        system.publish(quote())
        for address in system._at.all():
            address.send(message)
        assert system.quiesce(BOUND)
        assert {problem.actor for problem in troubles.items} == {address.name for address in system._at.all()}
        assert {problem.what for problem in troubles.items} == {"unknown message"}
        assert system.wait(system.submit(market()), OrderState.FILLED, BOUND).is_filled
        assert_clean(system)
