"""A trial: a bot of one's own through many seeds, or every schedule of a race, and what to read when it fails."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain, islice
from random import Random
from types import MappingProxyType
from typing import Any, Final

import attrs

from ...actors.scheduler import Choose
from ...actors.simulated_exchange import SimulatedExchange
from ...actors.strategy import Strategy
from ...model.errors import InvalidConfiguration, InvalidMarketData
from ...model.instrument import Instrument
from ...model.market import MARKET_DATA, MarketData
from ...model.numbers import whole
from ..chaos.exchange import ChaosExchange
from ..chaos.faults import SCENARIOS, Faults
from ..schedules import (
    Deviations,
    Recording,
    Replay,
    Window,
    from_text,
    seeded,
    shrink,
    to_text,
    uniform,
)
from ..tripwire import Escape, tripwire
from .failures import Failure, from_ranges, to_ranges
from .search import fewest_first
from .situations import LEAD, Situation, enter, situation
from .walks import random_walk
from .worlds import BOT, FEED, Check, Setting, World

_SHRINKING_RUNS: Final = 300
_LATE_NS: Final = 5_000_000
_STALE: Final = 2
"""Seconds after which an order that a faulty venue has not answered is asked about."""
RACING: Final = frozenset({BOT, FEED, "risk_controller", "order_manager", "exchange"})
Progress = Callable[[int, int], object]
"""Called with how many runs are done, and of how many."""


@attrs.frozen
class Explored:
    """What came of the schedules of a race.

    Args:
        schedules: how many were run.
        outcomes: how often the bot's orders and position ended as the words say.
        complete: whether these are all that there are.
        deviations: all those were run in which somebody moves out of turn at most so often.
    """

    schedules: int
    outcomes: Mapping[str, int]
    complete: bool
    deviations: int


@attrs.frozen
class Ran:
    """What came of one run: what failed, None when all held; the choices that were made; how the bot's orders stand."""

    failure: BaseException | None
    deviations: Mapping[int, int]
    outcome: str
    steps: int
    story: tuple[str, ...] = ()


def _is_data(_: Any, attribute: attrs.Attribute[Any], value: object) -> None:
    # An iterator would be used up by the first run.
    if not (value is None or callable(value) or isinstance(value, Sequence)):
        raise InvalidConfiguration.of(attribute.name, value, "must be a sequence, or a callable given a seed")


def _are_instruments(_: Any, attribute: attrs.Attribute[Any], value: Sequence[object]) -> None:
    if not issubclass(type(value), Sequence) or any(type(one) is not Instrument for one in value):
        raise InvalidConfiguration.of(attribute.name, value, "must be a sequence of Instruments")


@attrs.frozen(kw_only=True)
class Trial:
    """A bot, the market that it is put into, and what must hold.

    Args:
        strategy: a subclass of Strategy, or what else makes one from the parameters.
        parameters: of the strategy.
        check: called with a Run after each step at which the bot was told something, and at the end; raises, or returns
            False, where the bot is not as it should be.
        scenario: the venue's faults: the name of one of SCENARIOS, Faults, or "drawn", from each seed; None for none.
        instruments: what is traded; one of the symbol that the parameters name unless given.
        data: a sequence of market data, or a callable that makes them from a seed; a random walk unless given.
        exchange: a SimulatedExchange unless given.
        settings: more for TradingSystem, such as cash and risk.
        line: given what replays a run, writes the whole line that does so.

    Raises:
        InvalidConfiguration: naming the setting, the value and the rule.
    """

    strategy: Callable[..., Strategy] = attrs.field(kw_only=False)
    parameters: Mapping[str, Any] = attrs.field(factory=dict[str, Any])
    check: Check | None = None
    scenario: Any = None
    instruments: Sequence[Instrument] = attrs.field(default=(), validator=_are_instruments)
    data: Sequence[MarketData] | Callable[[int], Iterable[MarketData]] | None = attrs.field(
        default=None, validator=_is_data
    )
    exchange: Any = None
    settings: Mapping[str, Any] = attrs.field(factory=dict[str, Any])
    line: Callable[[str], str] = "Trial(...).replay({!r})".format

    # -- what is asked for

    def seeds(self, count: int, progress: Progress | None = None) -> int:
        """Run the seeds from 0 on, each with market data, faults and a schedule of its own; return how many were run.

        Raises:
            Failure: for the first that fails.
        """
        whole("seeds", count, InvalidConfiguration, least=1)
        with tripwire(*self._watched()) as escapes:
            for seed in range(count):
                ran = self._run_seed(seed, None, escapes, seeded(seed))
                if ran.failure is not None:
                    raise self._shortest_of_seed(seed, count, ran, escapes)
                if progress is not None:
                    progress(seed + 1, count)
        return count

    def race(self, name: str, most: int = 500, progress: Progress | None = None) -> Explored:
        """Run every schedule of a race, those with the fewest surprises first.

        Where there are more than `most`, as many others are drawn at random. Only the bot, the market and those whom an
        order passes race; what leads up to the race is always the same.

        Raises:
            Failure: for the first that fails.
            InvalidConfiguration: for a race that is not known, or never comes about with this bot.
        """
        at, title = situation(name), f"race {name!r}"
        whole("most", most, InvalidConfiguration, least=1)
        outcomes: Counter[str] = Counter()
        with tripwire(*self._watched()) as escapes:
            run = partial(self._run_race, at, self._market(0)[:LEAD], escapes)

            def take(ran: Ran) -> None:
                if ran.failure is not None:
                    raise self._shortest(title, f"race={name};", ran, run)
                outcomes[ran.outcome] += 1
                if progress is not None:
                    progress(outcomes.total(), most)

            depth = 0
            for deviations, ran in islice(fewest_first(run), most):
                take(ran)
                depth = len(deviations)
            complete = outcomes.total() < most
            if not complete:
                # Of those with so many not all were run.
                depth = max(depth - 1, 0)
                for seed in range(most):
                    take(run(uniform(seed)))
        return Explored(outcomes.total(), MappingProxyType(outcomes), complete, depth)

    def run_seed(self, seed: int) -> Ran:
        """Run one seed."""
        with tripwire(*self._watched()) as escapes:
            return self._run_seed(seed, None, escapes, seeded(seed))

    def run_schedule(self, seed: int, deviations: Deviations, kept: Collection[int] | None = None) -> Ran:
        """Run the data and faults of a seed under a schedule of one's own, and tell the story.

        Args:
            seed: of the data and the faults.
            deviations: of the schedule.
            kept: the numbers of the records that are fed, from 0; None for all.
        """
        with tripwire(*self._watched()) as escapes:
            return self._run_seed(seed, kept, escapes, Replay(deviations), keep=True)

    def replay(self, run: str) -> Ran:
        """Run what a failure named, such as "seed=17;3,7-9;12:1,40:2" or "race=<name>;3:1".

        Raises:
            Failure: when it fails again.
            InvalidConfiguration: for what names no run.
        """
        match run.partition("=")[0], run.partition("=")[2].split(";"):
            case "race", [name, schedule]:
                with tripwire(*self._watched()) as escapes:
                    records = self._market(0)[:LEAD]
                    ran = self._run_race(situation(name), records, escapes, Replay(from_text(schedule)), keep=True)
            case "seed", [seed, *kept, schedule] if seed.isdecimal() and len(kept) <= 1:
                fed = from_ranges(kept[0]) if kept else None
                ran = self.run_schedule(int(seed), from_text(schedule), fed)
            case _:
                rule = "must be like seed=17;3,7-9;12:1,40:2 or race=<name>;3:1"
                raise InvalidConfiguration.of("replay", run, rule)
        if ran.failure is not None:
            raise Failure(run, ran.failure, run, ran.story, self.line(run)) from None
        return ran

    # -- one run

    @property
    def _traded(self) -> tuple[Instrument, ...]:
        if self.instruments:
            return tuple(self.instruments)
        symbol = self.parameters.get("symbol", "BTC/USDT")
        currencies: dict[str, Any] = {} if "/" in symbol else {"base_currency": symbol, "quote_currency": "USD"}
        return (Instrument(symbol, price_increment="0.01", quantity_increment="0.00001", **currencies),)

    def _market(self, seed: int) -> tuple[MarketData, ...]:
        if self.data is None:
            walks = (random_walk(seed, instrument) for instrument in self._traded)
            return tuple(chain.from_iterable(zip(*walks, strict=True)))
        records = tuple(self.data(seed) if callable(self.data) else self.data)
        known = {instrument.symbol for instrument in self._traded}
        for record in records:
            if type(record) not in MARKET_DATA:
                raise InvalidMarketData.of("data", record, "must be Quotes, Trades, Bars and Depths")
            if record.symbol not in known:
                raise InvalidMarketData.of("symbol", record.symbol, f"must be one of {', '.join(sorted(known))}")
        return records

    def _setting(self) -> Setting:
        settings = dict(self.settings)
        if self.scenario is not None:
            settings.setdefault("answer_within", _STALE)
        return Setting(self.strategy, self.parameters, self.check, self._traded, settings, self._venue)

    def _venue(self, seed: int) -> Any:
        inner = SimulatedExchange(seed=seed) if self.exchange is None else self.exchange
        if self.scenario is None:
            return inner
        return ChaosExchange(inner=inner, faults=_faults(self.scenario, seed), seed=seed)

    def _watched(self) -> frozenset[str]:
        """The packages whose code must depend on nothing but what it is told: the bot's own."""
        made = getattr(self.strategy, "func", self.strategy)
        classes = made.__mro__ if isinstance(made, type) else (made,)
        modules = {str(getattr(one, "__module__", "")) for one in classes} - {"builtins", "functools"}
        return frozenset(module.partition(".")[0] for module in modules if not module.startswith("orderpit.")) - {""}

    def _run_seed(
        self, seed: int, kept: Collection[int] | None, escapes: list[Escape], choose: Choose, *, keep: bool = False
    ) -> Ran:
        recording = Recording(choose)
        late_ns = _LATE_NS if Random(f"late {seed}").randrange(2) else 0
        records = self._market(seed)
        if kept is not None:
            records = tuple(records[number] for number in sorted(kept) if number < len(records))
        world = World(self._setting(), recording, seed, len(records), late_ns=late_ns, keep=keep)
        failure = world.attempt(lambda: self._trade(world, seed, iter(records)))
        return _ran(world, failure, recording.deviations, escapes)

    def _trade(self, world: World, seed: int, records: Iterator[MarketData]) -> None:
        draw = Random(f"feed {seed}")
        world.start()
        if draw.randrange(2):
            world.move()
        while chunk := tuple(islice(records, draw.choice((1, 1, 2, 3, 5)))):
            world.feed(chunk)
            # Half the time more comes while something is still under way.
            if draw.randrange(2):
                world.move(draw.randrange(1, 60))
            else:
                world.pass_time(draw.choice((0, 1, 50, 1_000)) / 1_000)
        world.settle()
        if self.scenario is not None:
            world.heal()
        world.stop()

    def _run_race(
        self, at: Situation, records: Sequence[MarketData], escapes: list[Escape], choose: Choose, *, keep: bool = False
    ) -> Ran:
        recording = Recording(choose)
        window = Window(recording, RACING)
        world = World(self._setting(), window, 0, len(records), keep=keep)
        failure = world.attempt(lambda: enter(world, at, window, records))
        return _ran(world, failure, recording.deviations, escapes)

    # -- the shortest

    def _shortest_of_seed(self, seed: int, count: int, first: Ran, escapes: list[Escape]) -> Failure:
        """Find few market data with which the seed fails in the same way, and then the shortest schedule."""

        def run(kept: Collection[int], choose: Choose, *, keep: bool = False) -> Ran:
            return self._run_seed(seed, kept, escapes, choose, keep=keep)

        def in_turn() -> Choose:
            return Replay({})

        def by_seed() -> Choose:
            return seeded(seed)

        everything = range(len(self._market(seed)))
        choose = in_turn if _same(run(everything, in_turn()), first) else by_seed
        records = dict.fromkeys(everything, 1)
        kept = shrink(records, lambda some: _same(run(some, choose()), first), _SHRINKING_RUNS).keys()
        again = run(kept, choose())
        title, names = f"seed {seed} of {count}", f"seed={seed};{to_ranges(kept)};"
        return self._shortest(title, names, again if again.failure else first, partial(run, kept))

    def _shortest(self, title: str, names: str, first: Ran, run: Callable[..., Ran]) -> Failure:
        """Find the shortest schedule that fails in the same way, and tell its story."""

        def fails(candidate: dict[int, int]) -> bool:
            return _same(run(Replay(candidate)), first)

        found = shrink(first.deviations, fails, _SHRINKING_RUNS)
        ran = run(Replay(found), keep=True)
        error = ran.failure
        if error is None:
            error = first.failure
            assert error is not None
            error.add_note("It did not fail again: the bot depends on something else than what it is told.")
        replay = f"{names}{to_text(found)}"
        return Failure(title, error, replay, ran.story, self.line(replay))


def _same(ran: Ran, first: Ran) -> bool:
    return type(ran.failure) is type(first.failure)


def _ran(world: World, failure: BaseException | None, deviations: Deviations, escapes: list[Escape]) -> Ran:
    if escapes:
        # Its actor has set it aside, and told of it in other words.
        failure = escapes[0]
        escapes.clear()
    return Ran(failure, MappingProxyType(dict(deviations)), world.outcome(), world.scheduler.steps, world.story())


def _faults(scenario: object, seed: int) -> Faults:
    if isinstance(scenario, Faults):
        return scenario
    if scenario == "drawn":
        return Faults.drawn(seed)
    if type(scenario) is not str or scenario not in SCENARIOS:
        rule = f"must be Faults, 'drawn' or one of: {', '.join(SCENARIOS)}"
        raise InvalidConfiguration.of("scenario", scenario, rule)
    return SCENARIOS[scenario]
