"""Fuzzing of how a system is set up and called, and of the command line."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Mapping
from random import Random
from typing import Any, Final

import attrs

from orderpit import (
    Action,
    ByProbability,
    ByVolumeShare,
    CancelOrder,
    Currency,
    FixedLatency,
    FixedSlippage,
    Instrument,
    InvalidConfiguration,
    InvalidMarketData,
    InvalidOrder,
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
    ThroughOnly,
    Touch,
    TradingSystem,
    Trip,
    UniformSlippage,
)
from orderpit.actors.stepped import Stepped
from orderpit.cli import main
from orderpit.cli._errors import UsageError
from orderpit.cli._parser import parse
from orderpit.journal.memory import MemoryStore
from orderpit.model.errors import InvalidValue
from orderpit.testing import SCENARIOS, ChaosExchange, Faults

from .messages import check
from .outcome import Case, accepts
from .values import Draw, changed, either, exactly, junk, name, number, plain_number, remark, spoilt, time


def _pairs(random: Random) -> Any:
    currency = name(random)
    try:
        return {currency: number(random)}
    except Exception:  # noqa: BLE001  # what cannot be hashed is no key
        return {"USDT": number(random)}


_BTC: Final = Instrument("BTC/USDT", price_increment="0.01", quantity_increment="0.00001")
_GOOD: Final = {"instruments": [_BTC], "exchange": SimulatedExchange()}
_LIMITED: Final = tuple(RiskLimits(instruments={symbol: RiskLimits(max_long="1")}) for symbol in ("BTC/USDT", "A"))
_RULE: Final = Rule(on=Trip.DRAWDOWN, action=Action.HALT, limit="5")
_YES_OR_NO: Final = (True, False)
_SAMPLE: Final[Draw] = either(
    junk,
    number,
    lambda random: tuple(number(random) for _ in range(random.randrange(4))),
    lambda random: [plain_number(random) for _ in range(random.randrange(4))],
)
_ENTRY: Final = SubmitOrder("BTC/USDT", Side.BUY, OrderType.LIMIT, "1", price="90")
_COUNT: Final = either(time, exactly(1, 10))
_OPTIONAL_CALL: Final = either(junk, exactly(None, print))
_RUNTIME: Final = either(junk, exactly("threads", "stepped", "greenlets", Stepped()))
_EXCHANGE: Final[Mapping[str, Draw]] = {
    "maker_fee": number,
    "taker_fee": number,
    "slippage": either(number, exactly("0", "0.5", FixedSlippage(1), NormalSlippage("0.01"), FixedSlippage)),
    "fill_probability": either(number, exactly("0", "0.5")),
    "fill_model": either(junk, exactly(None, Touch(), ByVolumeShare("0.1"), ThroughOnly(), ThroughOnly)),
    "latency": either(number, exactly(FixedLatency("0.1"), SampledLatency(["0.1"]), SampledLatency)),
    "seed": time,
    "remainder": either(junk, exactly("cancelled", "expired", "gone")),
    "amends": either(junk, exactly(*_YES_OR_NO)),
    "ties": either(junk, exactly(*_YES_OR_NO)),
    "lists": either(junk, exactly(*_YES_OR_NO)),
    "self_trade_prevention": either(junk, exactly("cancel_newest", "cancel_both", "decrement", "cancel_all")),
    "post_only": either(junk, exactly("refuse", "slide", "reject")),
    "wrong_side_stop": either(junk, exactly("reject", "trigger", "refuse")),
}
_SYSTEM: Final[Mapping[str, Draw]] = {
    "instruments": either(
        junk, lambda random: [junk(random)], lambda random: (_BTC, junk(random)), exactly([_BTC, _BTC])
    ),
    "exchange": either(junk, exactly(SimulatedExchange(seed=1), SimulatedExchange)),
    "cash": either(junk, _pairs, exactly(None, {"USDT": "5"})),
    "risk": either(junk, exactly(RiskLimits(), *_LIMITED)),
    "runtime": _RUNTIME,
    "clock": either(junk, exactly("wall", "data", "sun")),
    "seed": time,
    "on_error": either(junk, exactly(print, None)),
    "history": _COUNT,
    "max_in_flight": _COUNT,
    "max_unanswered": _COUNT,
    "answer_within": either(number, exactly("auto", None)),
    "on_exit": either(junk, exactly("leave", "cancel", "panic")),
    "run_id": either(name, exactly(None)),
    "account": either(junk, exactly(None, SpotAccount(), MarginAccount(leverage=2, maintenance_margin="0.1"))),
    "currency": either(name, exactly(None, "USDT")),
    "currencies": either(
        junk, lambda random: [junk(random)], exactly((), [Currency("USDT", 2)], [Currency("USDT"), Currency("USDT", 2)])
    ),
    "cost_basis": either(junk, exactly("average", "fifo", "lifo", "FIFO")),
    "positions": either(junk, exactly("netted", "hedged", "both")),
    "rules": either(junk, lambda random: [_RULE, junk(random)], exactly((), [_RULE], [_RULE, _RULE])),
    "kill_file": either(name, remark, exactly(None, "orderpit.kill", "")),
    "journal": either(junk, remark, exactly(None, "orders.db", "", MemoryStore(), MemoryStore)),
    "unknown_orders": either(junk, exactly("adopt", "cancel", "ignore")),
    "snapshot_every": either(_COUNT, exactly(0)),
}
_STEPPED: Final[Mapping[str, Draw]] = {
    "late_ns": time,
    "fibres": either(junk, exactly("auto", "greenlet", "thread")),
    "most_steps": time,
    "crash_at": time,
    "choose": _OPTIONAL_CALL,
    "on_delivery": _OPTIONAL_CALL,
    "on_step": _OPTIONAL_CALL,
}
_FAULTS: Final[Mapping[str, Draw]] = dict.fromkeys(
    (field.name for field in attrs.fields(Faults)), either(number, exactly("0", "0.5", 1))
)
_CHAOS: Final[Mapping[str, Draw]] = {
    "inner": either(junk, exactly(SimulatedExchange(), SimulatedExchange)),
    "faults": either(junk, exactly(Faults(), SCENARIOS["lost request"])),
    "seed": time,
}
_Target = tuple[type[Any], Mapping[str, Any], Mapping[str, Draw]]
MODELS: Final[tuple[_Target, ...]] = (
    (ByProbability, {}, {"probability": number}),
    (ByVolumeShare, {}, {"share": number}),
    (FixedSlippage, {}, {"ticks": either(time, exactly(1, 10**9))}),
    (UniformSlippage, {}, {"most": number}),
    (NormalSlippage, {}, {"deviation": either(number, exactly("0.1", "0.17"))}),
    (SampledSlippage, {}, {"moves": _SAMPLE}),
    (FixedLatency, {}, {"seconds": number}),
    (NormalLatency, {"mean": "0.1", "deviation": "0.1"}, {"mean": number, "deviation": number}),
    (SampledLatency, {}, {"seconds": _SAMPLE}),
)
CONFIGURATIONS: Final[tuple[_Target, ...]] = (
    (SimulatedExchange, {}, _EXCHANGE),
    *MODELS,
    (Stepped, {}, _STEPPED),
    (Faults, {}, _FAULTS),
    (ChaosExchange, {}, _CHAOS),
    *[(TradingSystem, _GOOD, _SYSTEM)] * 4,
)


def configuration(random: Random) -> Case:
    """Draw the setting up of an exchange, a runtime or a system, which is not started."""
    kind, base, draws = random.choice(CONFIGURATIONS)
    arguments = changed(random, base, draws)

    def call() -> bool:
        made: list[Any] = []
        if not accepts(lambda: made.append(kind(**arguments)), InvalidConfiguration, frozenset(draws)):
            return False
        if kind in {SimulatedExchange, Faults, *(model for model, _, _ in MODELS)}:
            check(made[0])
        return True

    return Case(kind.__name__, call)


class Desk:
    """A running system that has to bear bad calls, all on the caller's thread."""

    def __init__(self) -> None:
        self.system = TradingSystem(
            [_BTC], exchange=SimulatedExchange(), runtime="stepped", on_error=lambda _: None, history=10
        ).start()
        self.system.publish(Quote("BTC/USDT", bid="99", ask="101"))
        self.system.add_strategy(Strategy, strategy_id="taken")

    def case(self, random: Random) -> Case:
        """Draw a call that can hardly be right; one that is refused leaves everything as it was."""
        what, kind, field, bad = self._bad(random)

        def call() -> bool:
            before = self._state()
            if accepts(lambda: _answered(bad), kind, (field,)):
                return True
            assert self._state() == before, "half done"
            return False

        return Case(what, call)

    def _state(self) -> Any:
        return self.system.stats()["total_events"], [box.actor for box in self.system.mailboxes()]

    def _bad(self, random: Random) -> tuple[str, type[InvalidValue], str, Callable[[], object]]:
        system, value, other = self.system, junk(random), random.choice((name, time, number))(random)
        wrong: Any = random.choice((value, other))
        # What the caller's own code raises, is raised: the making of a strategy, the reading of records.
        uncalled: Any = None if callable(value) or hasattr(type(value), "__iter__") else value
        table: tuple[tuple[str, type[InvalidValue], str, Callable[[], object]], ...] = (
            ("submit", InvalidOrder, "order", lambda: system.submit(wrong)),
            ("submit a cancel", InvalidOrder, "order", lambda: system.submit(CancelOrder("x"))),
            ("submit a change", InvalidOrder, "order", lambda: system.submit(ModifyOrder("x", price="1"))),
            ("publish", InvalidMarketData, "data", lambda: system.publish(wrong)),
            ("modify", InvalidOrder, "", lambda: system.modify(wrong, price="1")),
            ("modify the price", InvalidOrder, "price", lambda: system.modify("o", price=wrong)),
            ("modify the stop price", InvalidOrder, "stop_price",
             lambda: system.modify("o", price="1", stop_price=wrong)),
            ("modify the expiry", InvalidOrder, "expire_time_ns",
             lambda: system.modify("o", price="1", expire_time_ns=wrong)),
            ("cancel", InvalidOrder, "order_id", lambda: system.cancel(wrong)),
            ("tie an entry", InvalidOrder, "entry", lambda: system.bracket(wrong, profit_target="2", stop_loss="1")),
            ("tie a target", InvalidOrder, "profit_target",
             lambda: system.bracket(_ENTRY, profit_target=wrong, stop_loss="1")),
            ("tie a stop", InvalidOrder, "stop_loss",
             lambda: system.bracket(_ENTRY, profit_target="9" * 18, stop_loss=wrong)),
            ("tie legs", InvalidOrder, "orders", lambda: system.oco(_ENTRY, wrong)),
            ("tie legs somehow", InvalidOrder, "partial", lambda: system.oco(_ENTRY, _ENTRY, partial=wrong)),
            ("tie first", InvalidOrder, "first", lambda: system.oto(wrong, _ENTRY)),
            ("group", InvalidOrder, "group_id", lambda: system.group(wrong)),
            ("order", InvalidOrder, "order_id", lambda: system.order(wrong)),
            ("wait for an order", InvalidOrder, "order_id", lambda: system.wait(wrong, OrderState.OPEN, 0)),
            ("wait for a state", InvalidOrder, "state", lambda: system.wait("o", wrong, 0)),
            ("wait for a time", InvalidConfiguration, "timeout", lambda: system.wait("o", OrderState.OPEN, value)),
            ("orders of a symbol", InvalidConfiguration, "symbol", lambda: system.orders(symbol=wrong)),
            ("orders of a strategy", InvalidConfiguration, "strategy_id", lambda: system.orders(strategy_id=wrong)),
            ("halt", InvalidConfiguration, "reason", lambda: system.halt(value) if type(value) is not str else None),
            ("subscribe to", InvalidConfiguration, "events", lambda: system.subscribe(print, value)),
            ("subscribe to a symbol", InvalidConfiguration, "symbol",
             lambda: _left(system.subscribe(print, symbol=wrong))),
            ("subscribe", InvalidConfiguration, "target", lambda: _left(system.subscribe(value))),
            ("play", InvalidConfiguration, "records", lambda: system.play(uncalled)),
            ("add a strategy", InvalidConfiguration, "strategy", lambda: system.add_strategy(uncalled)),
            ("add under a name", InvalidConfiguration, "strategy_id",
             lambda: system.add_strategy(Strategy, strategy_id=random.choice(("taken", "system", "view", "a b")))),
        )  # fmt: skip
        return random.choice(table)

    def close(self) -> None:
        """Stop the system."""
        self.system.stop()


def _answered(call: Callable[[], object]) -> None:
    # Waiting in vain is an answer, and not to the value.
    with contextlib.suppress(TimeoutError):
        call()


def _left(handle: Any) -> None:
    handle.close()


_OPTIONS: Final = (
    "--json", "--quiet", "--debug", "--log-file", "--seed", "--data", "--symbol", "--strategy", "--size", "--cash",
    "--records", "--skip-bad-rows", "--maker-fee", "--taker-fee", "--slippage", "--fill-probability", "--latency",
    "--version", "--help", "-h", "--", "--js", "-", "demo", "session", "stress", "explore",
    "--orders", "--strategies", "--faults", "--runtime", "--most", "--schedule", "",
)  # fmt: skip


def arguments(random: Random) -> Case:
    """Draw a command line."""
    argv: list[str] = []
    for _ in range(random.randrange(6)):
        argv.append(random.choice(_OPTIONS))
        value = random.choice((number, name, remark, time))(random)
        if type(value) is str and not random.randrange(3):
            argv.append(value[:5_000])
    if random.randrange(2):
        option = random.choice(_OPTIONS)
        argv.append(spoilt(random, option + "="))
    if random.randrange(40):
        return Case("arguments", lambda: _parsed(argv))
    refused = ["session", "--data", "/nowhere/at/all.csv", *(word for word in argv if _is_harmless(word))]
    return Case("a command line", lambda: _ended(refused))


_ENDS: Final = {"--version", "--help", "-h", "demo", "session", "stress", "explore"}


def _is_harmless(word: str) -> bool:
    # What would end otherwise, or write a file before the data is looked for.
    return word not in _ENDS and "log-file" not in word


def _parsed(argv: list[str]) -> bool:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as err:
        said, code = "", 0
        try:
            parse(argv)
        except UsageError as error:
            said = str(error)
        except SystemExit as end:  # after --help
            code = end.code
    assert (code, err.getvalue()) == (0, "")
    return not said


def _ended(argv: list[str]) -> bool:
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        code = main(argv)
    last = err.getvalue().splitlines()[-1]
    assert (code, out.getvalue()) == (2, ""), (code, last)
    assert last.startswith("orderpit: ")
    assert last.isprintable(), ascii(last)
    return False


def settings(random: Random) -> Case:
    """Draw a configuration or a command line."""
    return arguments(random) if not random.randrange(5) else configuration(random)
