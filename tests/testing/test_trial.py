"""Trials: a bot that is wrong is found out by seeds and races, its failure can be replayed; a right one passes."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from helpers import BTC, ETH, quote

from orderpit import (
    Instrument,
    InvalidConfiguration,
    InvalidMarketData,
    OrderType,
    OrderUpdate,
    Quote,
    Side,
    SimulatedExchange,
    Strategy,
    SubmitOrder,
    Trade,
)
from orderpit.testing import (
    SCENARIOS,
    SITUATIONS,
    Escape,
    Failure,
    Faults,
    OutOfSteps,
    Run,
    Trial,
    random_walk,
)
from orderpit.testing.trials.failures import from_ranges, to_ranges

SYMBOL = "BTC/USDT"


class Careful(Strategy):
    """Buys one coin at the bid; follows the bid by a new order once the old one has ended."""

    def __init__(self, symbol: str = SYMBOL) -> None:
        self.symbol = symbol
        self.bid: Decimal | None = None
        self.order_id: str | None = None
        self.refused = 0

    def on_market_data(self, data: Any) -> None:
        if not isinstance(data, Quote) or data.bid in {None, self.bid}:
            return
        self.bid = data.bid
        if self.order_id is None:
            self.buy()
        else:
            self.cancel(self.order_id)

    def buy(self) -> None:
        missing = 1 - self.position(self.symbol)
        if missing > 0 and self.refused < 5:
            self.order_id = self.submit(SubmitOrder(self.symbol, Side.BUY, OrderType.LIMIT, missing, price=self.bid))

    def on_order(self, update: OrderUpdate) -> None:
        order = update.order
        if order is not None and order.is_closed and order.order_id == self.order_id:
            self.order_id = None
            self.refused += order.state.value == "REJECTED"
            self.buy()

    def on_stop(self) -> None:
        if self.order_id is not None:
            self.refused = 5
            self.cancel(self.order_id)


class Rash(Careful):
    """The same, but takes its cancel for granted."""

    def on_market_data(self, data: Any) -> None:
        if isinstance(data, Quote) and data.bid not in {None, self.bid}:
            self.bid = data.bid
            if self.order_id is not None:
                self.cancel(self.order_id)
            self.buy()


class Mover(Careful):
    """The same, but moves its order."""

    def on_market_data(self, data: Any) -> None:
        if isinstance(data, Quote) and data.bid not in {None, self.bid}:
            self.bid = data.bid
            if self.order_id is None:
                self.buy()
            else:
                self.modify(self.order_id, price=self.bid)


def holds_at_most_one(run: Run) -> None:
    assert run.position(SYMBOL) <= 1, f"holds {run.position(SYMBOL)}"


def trial(bot: Callable[..., Strategy] = Careful, **more: Any) -> Trial:
    return Trial(bot, **({"check": holds_at_most_one} | more))


def test_a_careful_bot_passes_its_seeds():
    assert trial().seeds(30) == 30


@pytest.mark.parametrize("name", [name for name in SITUATIONS if "modify" not in name])
def test_a_careful_bot_passes_a_race(name: str):
    found = trial().race(name, most=20)
    assert found.schedules == sum(found.outcomes.values()) >= 20


def test_a_bot_that_modifies_passes_the_race_with_the_modification():
    outcomes = trial(Mover).race("a fill overtakes the modify", most=40).outcomes
    assert len(outcomes) >= 1


def test_a_race_shows_both_outcomes():
    outcomes = trial().race("a fill overtakes the cancel", most=60).outcomes
    assert {outcome.startswith("FILLED") for outcome in outcomes} == {True, False}


def test_an_order_is_refused_or_just_not():
    outcomes = trial().race("an order is refused", most=60).outcomes
    assert {"REJECTED" in outcome for outcome in outcomes} == {True, False}


def test_of_a_race_with_many_schedules_those_with_the_fewest_surprises_are_run():
    found = trial().race("a fill overtakes the cancel", most=150)
    assert found.schedules == 300
    assert not found.complete
    assert found.deviations == 1


def failure_of(run: Callable[[], object]) -> Failure:
    with pytest.raises(Failure) as raised:
        run()
    return raised.value


def test_a_rash_bot_is_found_out_by_seeds_and_its_failure_is_short():
    failure = failure_of(lambda: trial(Rash).seeds(30))
    assert isinstance(failure.error, AssertionError)
    assert "AssertionError: holds " in str(failure)
    assert "test_trial.py" in str(failure)
    fed = failure.replay.split(";")[1]
    assert len(from_ranges(fed)) <= 6, "of the sixty records those are left that matter"
    assert len(failure.story) < 48
    assert any("bot -> risk_controller: CancelOrder bot-1" in line for line in failure.story)


def test_a_rash_bot_is_found_out_by_a_race():
    failure = failure_of(lambda: trial(Rash).race("a fill overtakes the cancel"))
    _, schedule = failure.replay.split(";")
    assert schedule != "-", "in turn all is well"
    assert any(line.startswith("*") for line in failure.story)
    assert "moved out of turn" in str(failure)


@pytest.mark.parametrize(
    "run",
    [lambda it: it.seeds(30), lambda it: it.race("a fill overtakes the cancel")],
    ids=["seeds", "race"],
)
def test_a_replay_fails_in_the_same_way(run: Callable[[Trial], object]):
    first = failure_of(lambda: run(trial(Rash)))
    again = failure_of(lambda: trial(Rash).replay(first.replay))
    assert again.story == first.story
    assert str(again.error) == str(first.error)
    trial(Careful).replay(first.replay)


class Raising(Strategy):
    def on_market_data(self, data: Any) -> None:
        raise ZeroDivisionError("by design")


class Clocked(Strategy):
    def on_market_data(self, data: Any) -> None:
        self.at = time.time()


class Fickle(Strategy):
    def on_market_data(self, data: Any) -> None:
        if random.random() < 0.5:
            self.submit(SubmitOrder(SYMBOL, Side.BUY, OrderType.MARKET, 1))


class Stubborn(Strategy):
    """Answers each refusal with the same order."""

    def on_market_data(self, data: Any) -> None:
        self.buy()

    def on_order(self, update: OrderUpdate) -> None:
        if update.order is not None and update.order.is_closed:
            self.buy()

    def buy(self) -> None:
        self.submit(SubmitOrder(SYMBOL, Side.BUY, OrderType.LIMIT, "0.000001", price=1))


class BadlyStopped(Careful):
    def on_stop(self) -> None:
        raise RuntimeError("cannot stop")


@pytest.mark.parametrize(
    ("bot", "kind", "text"),
    [
        (Raising, AssertionError, "ZeroDivisionError: by design"),
        (Clocked, Escape, "time.time() cannot be replayed"),
        (Fickle, Escape, "random.random() cannot be replayed"),
        (Stubborn, OutOfSteps, "not at rest after"),
        (BadlyStopped, AssertionError, "cannot stop"),
    ],
    ids=["raises", "reads the clock", "draws at random", "never rests", "raises as it stops"],
)
def test_a_bot_fails_that(bot: type[Strategy], kind: type[BaseException], text: str):
    failure = failure_of(lambda: trial(bot, check=None).seeds(3))
    assert isinstance(failure.error, kind)
    assert text in str(failure)


def test_a_check_that_returns_false_fails():
    assert "the check returned False" in str(failure_of(lambda: trial(check=lambda run: not run.sent).seeds(3)))


def test_a_check_may_end_as_pytest_lets_it():
    def check(run: Run) -> None:
        pytest.fail("I do not like it")

    assert "I do not like it" in str(failure_of(lambda: trial(check=check).seeds(1)))


def test_a_check_sees_what_the_bot_was_told_and_what_it_sent():
    seen: list[tuple[int, int]] = []

    def check(run: Run) -> None:
        seen.append((len(run.updates), len(run.sent)))
        assert isinstance(run.strategy, Careful)
        assert len(run.orders()) <= 1
        if run.at_end:
            assert run.system.portfolio().positions[SYMBOL].quantity == run.position(SYMBOL)

    trial(check=check).seeds(2)
    assert max(updates for updates, _ in seen) > 5
    assert max(sent for _, sent in seen) > 2


def test_the_system_is_not_to_be_read_on_the_way():
    assert "at_end" in str(failure_of(lambda: trial(check=lambda run: run.system.orders()).seeds(1)))


@pytest.mark.parametrize("scenario", [*SCENARIOS, "drawn", Faults.drawn(3)], ids=str)
def test_a_careful_bot_passes_with_a_faulty_venue(scenario: Any):
    # An overfill or a fill for an unknown order is no fault of the bot's.
    trial(check=None, scenario=scenario).seeds(4)


def test_the_same_seed_is_the_same_run():
    one, two = trial().run_seed(7), trial().run_seed(7)
    assert one == two
    assert one.steps > 500
    assert trial().run_seed(8) != one


def test_another_symbol_brings_its_instrument():
    assert Trial(Careful, parameters={"symbol": "IBM"}).seeds(2) == 2
    assert Trial(Careful, parameters={"symbol": "ETH/USDT"}, instruments=[BTC, ETH]).seeds(2) == 2


def test_what_makes_a_bot_may_be_any_callable():
    assert Trial(partial(Careful, SYMBOL)).seeds(2) == 2


def test_progress_is_told():
    told: list[tuple[int, int]] = []
    trial().seeds(3, lambda done, total: told.append((done, total)))
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_settings_reach_the_system():
    ran = trial(settings={"cash": {"USDT": 1}}, check=None).run_seed(1)
    assert set(ran.outcome.split(", ")) <= {"REJECTED", "0 BTC/USDT"}


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: trial(instruments="BTC/USDT"), InvalidConfiguration, "instruments: must be a sequence of Instruments"),
        (lambda: trial(instruments=iter([BTC])), InvalidConfiguration, "instruments: must be a sequence of Instrum"),
        (lambda: trial(data=iter([quote()])), InvalidConfiguration, "data: must be a sequence"),
        (lambda: trial(data=["x"]).seeds(1), InvalidMarketData, "data: must be Quotes"),
        (lambda: trial(data=[quote(symbol="X/Y")]).seeds(1), InvalidMarketData, "symbol: must be one of BTC/USDT"),
        (lambda: trial(scenario="rain").seeds(1), InvalidConfiguration, "scenario: must be Faults, 'drawn' or one of"),
        (lambda: trial().race("rain"), InvalidConfiguration, "race: must be one of: a fill overtakes the cancel"),
        (lambda: trial().race("a fill overtakes the modify"), InvalidConfiguration, "race: must come about within 60"),
        (lambda: trial().seeds(-1), InvalidConfiguration, "seeds: "),
        (lambda: trial().replay("seed=x;-"), InvalidConfiguration, "replay: must be like"),
        (lambda: trial().replay("seed=1;a;-"), InvalidConfiguration, "replay: must name records"),
        (lambda: trial().replay("seed=1;1:x"), InvalidConfiguration, "schedule: must be like"),
        (lambda: trial().replay("storm=1"), InvalidConfiguration, "replay: must be like"),
        (lambda: trial(data=[]).race("a quote burst"), InvalidConfiguration, "data: must have a Quote"),
    ],
    ids=[
        "no instruments", "an iterator of instruments",
        "an iterator", "no data", "another symbol", "no scenario", "no race", "a race that does not come about",
        "no count", "no seed", "no records", "no schedule", "no kind", "no quote",
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(make: Callable[[], object], error: type[Exception], text: str):
    with pytest.raises(error, match=text):
        make()


@pytest.mark.parametrize(
    "look",
    [lambda run: run.position("BTCUSDT") <= 1, lambda run: not run.orders("BTCUSDT")],
    ids=["position", "orders"],
)
def test_a_check_of_a_symbol_that_is_not_traded_does_not_hold(look: Callable[[Run], bool]):
    with pytest.raises(Failure, match="symbol: must be one of BTC/USDT, got 'BTCUSDT'"):
        trial(check=look).seeds(1)


class Floating(Careful):
    def buy(self) -> None:
        self.submit(SubmitOrder(self.symbol, Side.BUY, OrderType.LIMIT, 1.5, price=self.bid))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_a_failure_shows_the_lines_of_the_bot_alone():
    with pytest.raises(Failure) as caught:
        Trial(Floating).seeds(1)
    text = str(caught.value)
    assert "in buy" in text
    assert "InvalidOrder: quantity: must be a Decimal, str or int, not float, got 1.5" in text
    assert [line for line in text.splitlines() if "File " in line and Path(__file__).name not in line] == []


def test_a_failure_before_the_first_message_has_no_empty_story():
    def fails(run: Run) -> None:
        raise LookupError(run)

    with pytest.raises(Failure) as caught:
        trial(check=fails, data=[]).seeds(1)
    assert not caught.value.story
    assert "step " not in str(caught.value)


def test_a_bot_that_cannot_be_made_is_no_failure_of_a_schedule():
    with pytest.raises(TypeError, match="nonsense"):
        Trial(Careful, parameters={"nonsense": 1}).seeds(1)


@pytest.mark.parametrize(
    ("numbers", "text"),
    [((), ""), ((3,), "3"), ((3, 7, 8, 9), "3,7-9"), ((0, 1), "0-1")],
    ids=["none", "one", "some", "two"],
)
def test_ranges_are_read_as_written(numbers: tuple[int, ...], text: str):
    assert to_ranges(numbers) == text
    assert from_ranges(text) == set(numbers)


def test_a_walk_is_the_same_for_a_seed_and_on_the_grid():
    coarse = Instrument("BTC/USDT", price_increment="0.5", quantity_increment="1")
    records = list(random_walk(5, coarse, records=300, start="20"))
    assert records == list(random_walk(5, coarse, records=300, start="20"))
    assert records != list(random_walk(6, coarse, records=300, start="20"))
    assert {type(record) for record in records} == {Quote, Trade}
    for record in records:
        prices = [record.price] if isinstance(record, Trade) else [record.bid, record.ask]
        assert all(price > 0 and price % Decimal("0.5") == 0 for price in prices)
        sizes = [record.size] if isinstance(record, Trade) else [record.bid_size, record.ask_size]
        assert all(size is None or (size > 0 and size % 1 == 0) for size in sizes)


def test_an_exchange_of_ones_own_is_taken():
    ran = trial(exchange=SimulatedExchange(latency="0.01")).run_seed(1)
    assert ran.failure is None
