"""What the pytest plugin's fixtures give to a test."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from typing import Any, Final, TypeVar

import pytest

from ..actors.exchange import Exchange
from ..actors.simulated_exchange import SimulatedExchange
from ..actors.stepped import Stepped
from ..actors.strategy import Strategy
from ..actors.system import TradingSystem
from ..model.instrument import Instrument
from ..model.limits import RiskLimits
from ..model.market import MarketData
from ..model.numbers import Number
from .chaos.exchange import ChaosExchange
from .chaos.faults import SCENARIOS, Faults
from .schedules import seeded
from .trials.failures import Failure, own_frames
from .trials.situations import SITUATIONS
from .trials.trial import Explored, Trial
from .trials.worlds import Check

T = TypeVar("T")
_PATIENCE: Final = 1.5
"""Seconds after which it is worth telling how far a run has come."""
_PAUSE: Final = 0.25
_CALL: Final = re.compile(r"call=(\d+);(.*)", re.DOTALL)

_NONE: Final = Explored(0, {}, complete=False, deviations=0)


class ReplayHeld(BaseException):
    """The run that was to be replayed has held: the test ends here, and has passed."""


class Progress:
    """Tells on a terminal how far a run has come, once it takes a while.

    Args:
        what: is counted.
        write: writes a line over the one before.
        clock: seconds that only grow.
    """

    def __init__(self, what: str, write: Callable[[str], object], clock: Callable[[], float] = time.monotonic) -> None:
        self._what, self._write, self._clock = what, write, clock
        self._next = clock() + _PATIENCE

    def __call__(self, done: int, total: int) -> None:
        """Say that so many are done."""
        now = self._clock()
        if now >= self._next:
            self._next = now + _PAUSE
            self._write(f"  {self._what}: {done:,} of {total:,}")


class Interleavings:
    """Runs a bot through many interleavings; a failure is shrunk, told message by message, and can be replayed.

    Args:
        request: of the fixture.

    Attributes:
        has_replayed: whether a run was replayed.
    """

    def __init__(self, request: pytest.FixtureRequest) -> None:
        self._request = request
        self._calls = 0
        self.has_replayed = False

    def seeds(
        self,
        count: int,
        strategy: Callable[..., Strategy],
        /,
        *,
        check: Check | None = None,
        scenario: str | Faults | None = None,
        instruments: Sequence[Instrument] = (),
        data: Sequence[MarketData] | Callable[[int], Iterable[MarketData]] | None = None,
        exchange: SimulatedExchange | Exchange | None = None,
        cash: Mapping[str, Number] | None = None,
        risk: RiskLimits | None = None,
        **parameters: Any,
    ) -> int:
        """Run a bot on so many seeds: each has market data, faults and a schedule of its own.

        At the end of each the bot is stopped as a host does, the books of all actors are held against each other, and
        nothing may have been set aside.

        Args:
            count: of seeds; --orderpit-seeds overrules it.
            strategy: a subclass of Strategy, or what else makes one from the parameters.
            check: called with a Run after each step at which the bot was told something, and at the end; raises, or
                returns False, where the bot is not as it should be.
            scenario: the venue's faults: one of scenarios(), Faults, or "drawn" for others with each seed.
            instruments: what is traded; the bot's symbol, or BTC/USDT, unless given.
            data: a sequence of market data, or what makes them from a seed; a random walk around 100 unless given.
            exchange: a SimulatedExchange unless given.
            cash: as TradingSystem takes it.
            risk: as TradingSystem takes it.
            **parameters: of the strategy.

        Returns:
            How many were run.

        Raises:
            Failure: for the first that fails.
        """
        __tracebackhide__ = True
        overruled = self._request.config.getoption("--orderpit-seeds")
        wanted: int = count if overruled is None else overruled
        trial = Trial(
            strategy,
            parameters=parameters,
            check=check,
            scenario=scenario,
            instruments=instruments,
            data=data,
            exchange=exchange,
            settings=_given(cash=cash, risk=risk),
            line=self._line(),
        )
        return self._run("seeds", lambda progress: trial.seeds(wanted, progress), trial, 0)

    def race(  # noqa: D417  # the others are those of seeds()
        self,
        name: str,
        strategy: Callable[..., Strategy],
        /,
        *,
        most: int = 500,
        check: Check | None = None,
        instruments: Sequence[Instrument] = (),
        data: Sequence[MarketData] | None = None,
        exchange: SimulatedExchange | Exchange | None = None,
        cash: Mapping[str, Number] | None = None,
        risk: RiskLimits | None = None,
        **parameters: Any,
    ) -> Explored:
        """Run a bot through every schedule of a race, or the `most` with the fewest surprises and as many at random.

        Args:
            name: one of races().
            strategy: as for seeds(), and so are those that follow `most`.
            most: schedules.

        Returns:
            What came of them.

        Raises:
            Failure: for the first that fails.
            InvalidConfiguration: for a race that is not known, or never comes about with this bot.
        """
        __tracebackhide__ = True
        trial = Trial(
            strategy,
            parameters=parameters,
            check=check,
            instruments=instruments,
            data=data,
            exchange=exchange,
            settings=_given(cash=cash, risk=risk),
            line=self._line(),
        )
        return self._run("schedules", lambda progress: trial.race(name, most, progress), trial, _NONE)

    def races(self) -> tuple[str, ...]:
        """Return the names of the races."""
        return tuple(SITUATIONS)

    def scenarios(self) -> tuple[str, ...]:
        """Return the names of the venue's faults."""
        return tuple(SCENARIOS)

    # -- what they share

    def _line(self) -> Callable[[str], str]:
        """Count a call, and return what writes the line that replays a run of it."""
        self._calls += 1
        node, where = self._request.node, self._request.config.invocation_params.dir
        file = os.path.relpath(node.path, where).replace(os.sep, "/")
        test = f"{file}::{node.nodeid.partition('::')[2]}"
        call = "" if self._calls == 1 else f"call={self._calls};"
        return lambda run: f"pytest {_quoted(test)} --orderpit-replay {_quoted(call + run)}"

    def _run(self, what: str, run: Callable[[Progress], T], trial: Trial, none: T) -> T:
        __tracebackhide__ = True
        wanted: str | None = self._request.config.getoption("--orderpit-replay")
        try:
            if wanted is None:
                with self._telling(what) as progress:
                    return run(progress)
            self._replay(wanted, trial)
        except Failure as failure:
            # What lies between the test and the bot tells a developer nothing.
            raise failure.with_traceback(None) from None
        except Exception as error:
            if not self._request.config.getoption("fulltrace"):
                error.__traceback__ = own_frames(error.__traceback__)
            raise
        return none

    def _replay(self, wanted: str, trial: Trial) -> None:
        call, of_call = _call(wanted)
        if call == self._calls:
            self.has_replayed = True
            trial.replay(of_call)
            # What the test would say next is about all runs, and there was one.
            raise ReplayHeld

    @contextlib.contextmanager
    def _telling(self, what: str) -> Generator[Progress]:
        """Give what tells of progress: on a terminal, and nowhere else."""
        config = self._request.config
        terminal: Any = config.pluginmanager.get_plugin("terminalreporter")
        capture: Any = config.pluginmanager.get_plugin("capturemanager")
        told = False

        def write(line: str) -> None:
            nonlocal told
            # Past the reporter, which would count this into the length of its own line.
            with contextlib.nullcontext() if capture is None else capture.global_and_fixture_disabled():
                if not told:
                    sys.stdout.write("\n")
                sys.stdout.write(f"\r{line}\x1b[K")
                sys.stdout.flush()
            told = True

        is_seen = terminal is not None and terminal.isatty
        yield Progress(what, write if is_seen else _unseen)
        if told:
            write("")


class Chaos:
    """Makes an exchange with the faults of one scenario.

    Args:
        name: of the scenario.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.faults = SCENARIOS[name]

    def __call__(self, inner: SimulatedExchange | Exchange | None = None, seed: int = 0) -> ChaosExchange:
        """Return the exchange, in front of another one: a simulated one unless given."""
        return ChaosExchange(inner=SimulatedExchange() if inner is None else inner, faults=self.faults, seed=seed)


class Systems:
    """Makes systems that run on the caller's thread, and stops them."""

    def __init__(self) -> None:
        self._made: list[TradingSystem] = []

    def __call__(
        self,
        instruments: Iterable[Instrument],
        *,
        exchange: SimulatedExchange | Exchange | None = None,
        seed: int = 0,
        **settings: Any,
    ) -> TradingSystem:
        """Start a system whose schedule is drawn from the seed; for the settings see TradingSystem."""
        settings.setdefault("runtime", Stepped(choose=seeded(seed)))
        exchange = SimulatedExchange(seed=seed) if exchange is None else exchange
        system = TradingSystem(instruments, exchange=exchange, seed=seed, **settings).start()
        self._made.append(system)
        return system

    def stop(self) -> None:
        """Stop them all."""
        for system in reversed(self._made):
            system.stop()


def _given(**settings: Any) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if value is not None}


def _call(run: str) -> tuple[int, str]:
    """Split off which call of a test is meant."""
    found = _CALL.fullmatch(run)
    return (int(found[1]), found[2]) if found else (1, run)


def _quoted(text: str) -> str:
    """Write a text as one word of a shell."""
    return '"' + re.sub(r'(["\\$`])', r"\\\1", text) + '"'


def _unseen(line: str) -> None:
    del line
