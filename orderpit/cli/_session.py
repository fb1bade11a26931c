"""A session: a strategy on recorded market data, watched while it runs."""

from __future__ import annotations

import contextlib
import sys
import time
from argparse import Namespace
from collections import deque
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol, Self

import attrs

from ..actors.logs import log_update
from ..actors.playback import Playback
from ..actors.system import TradingSystem
from ..model.account_events import TradingStateChanged
from ..model.errors import InvalidConfiguration, SystemStopped
from ..model.events import OrderFilled, OrderUpdate
from ..model.kinds import Trip
from ..model.numbers import add, exact, positive
from ..model.text import identifier
from ._data import DataReport, Source
from ._errors import Interrupted
from ._kept import Kept, exchange_of, taken_up
from ._limits import limits_of, refuse_strangers
from ._outcome import Outcome, collect
from ._output import Nothing, Output
from ._signals import ORDERLY_SECONDS, Signals
from ._strategies import add_strategy, default_size, strategy_named
from ._tallies import REFUSALS, Tallies

if TYPE_CHECKING:
    from rich.console import Console

_LOOK_SECONDS: Final = 0.25
_STEPS: Final = 1_000
"""Between two looks at the clock, on the stepped runtime; a few milliseconds."""
_KEPT_FILLS: Final = 32
_PATIENCE: Final = Decimal(10)


@attrs.frozen
class Playing:
    """What a view of a running session reads."""

    system: TradingSystem
    source: Source
    fills: deque[OrderUpdate]
    began: float
    title: str

    @property
    def seconds(self) -> float:
        """How long it has been running."""
        return time.perf_counter() - self.began


class Watcher(Protocol):
    """Shows a running session, a few times a second."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def show(self, playing: Playing, /) -> None:
        """Show how it stands."""


class Blind:
    """Watches nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def show(self, _: object, /) -> None:
        """Show nothing."""


def run(args: Namespace, out: Output, console: Console | None, signals: Signals) -> Outcome:
    """Play the data, and return what came of it.

    Raises:
        UsageError, InvalidValue, InvalidData: for what was asked for and for the data.
        JournalError: for a journal that cannot be opened, or is not what was written.
    """
    make = strategy_named(args.strategy)
    exchange, longest = exchange_of(args)
    cash = exact("--cash", args.cash, InvalidConfiguration)
    for order_id in args.explain:
        identifier("--explain", order_id, InvalidConfiguration)
    size = None if args.size is None else positive("--size", args.size, InvalidConfiguration)
    limits = limits_of(args.limits)
    source = Source(args.data, args.symbol, args.records, skip_bad_rows=args.skip_bad_rows)
    tallies = Tallies()
    with contextlib.closing(source):
        refuse_strangers(args.limits, limits, args.strategy, source.instruments)
        system = TradingSystem(
            source.instruments,
            exchange=exchange,
            cash={instrument.quote: cash for instrument in source.instruments},
            risk=limits.limits,
            rules=limits.rules,
            account=limits.account,
            currency=limits.currency,
            currencies=limits.currencies,
            clock="data",
            runtime=args.runtime,
            # A venue remembers the orders of other sessions, and theirs must not have the same ids.
            run_id=f"seed{args.seed}" if args.venue is None else None,
            answer_within=add(longest, _PATIENCE),
            on_error=tallies.trouble,
            kill_file=args.kill_file,
            journal=args.journal,
        )
        with system:
            begun = taken_up(args, system, out)
            signals.kill_by(partial(_kill, system), between_steps=args.runtime == "stepped")
            fills: deque[OrderUpdate] = deque(maxlen=_KEPT_FILLS)
            system.subscribe(fills.append, OrderFilled)
            system.subscribe(tallies.refusal, *REFUSALS)
            system.subscribe(tallies.trip, TradingStateChanged)
            if args.log_file is not None:
                system.subscribe(log_update)
            for instrument in source.instruments:
                add_strategy(system, make, args.strategy, instrument, size or default_size(source, instrument))
            title = f"{args.strategy} on {', '.join(source.marks)}, seed {args.seed}"
            watch = _watcher(args, console)
            playing = Playing(system, source, fills, time.perf_counter(), title)
            outcome = _play(playing, watch, signals, tallies, begun.after_ns)
    if not isinstance(out, Nothing):
        out.heading(f"Session: {title}")
        for symbol, chart in source.charts.items():
            out.chart(symbol, chart.points)
    performance = system.performance()
    strategies = {name: system.performance(name) for name in performance.strategies}
    explanations = {order_id: system.explain(order_id) for order_id in args.explain}
    return attrs.evolve(
        outcome,
        runtime=args.runtime,
        performance=performance,
        strategies=strategies,
        explanations=explanations,
        journal=None if args.journal is None else Kept.by(system, args.journal, begun, source.passed_over),
    )


def _kill(system: TradingSystem) -> None:
    # The session may just be coming to its end.
    with contextlib.suppress(SystemStopped):
        system.kill("SIGUSR1", trip=Trip.SIGNAL)


def _play(playing: Playing, watch: Watcher, signals: Signals, tallies: Tallies, after_ns: int) -> Outcome:
    system, source = playing.system, playing.source
    playback = system.play(source.records(after_ns))
    timeout = 10.0
    with watch:
        try:
            _until_played(playback, playing, watch, signals)
        except Interrupted:
            playback.stop()
            timeout = ORDERLY_SECONDS / 5
    seconds = playing.seconds
    with contextlib.suppress(TimeoutError):
        playback.wait(timeout)
    progress = playback.progress()
    data = DataReport(
        source.name,
        progress.records,
        progress.symbols,
        progress.first_time_ns,
        progress.last_time_ns,
        source.skipped(),
        source.remarks(),
    )
    return collect(system, data, seconds, tallies, stop_timeout=timeout)


def _until_played(playback: Playback, playing: Playing, watch: Watcher, signals: Signals) -> None:
    while True:
        signals.check()
        watch.show(playing)
        if _run_for_a_while(playback, playing, signals):
            continue
        with contextlib.suppress(TimeoutError):
            playback.wait(_LOOK_SECONDS)
            return


def _run_for_a_while(playback: Playback, playing: Playing, signals: Signals) -> bool:
    """Move the actors of a stepped session until the next look; False when nothing is left to move, as on threads."""
    look = playing.seconds + _LOOK_SECONDS
    while playback.run_steps(_STEPS):
        signals.check()
        if playing.seconds >= look:
            return True
    return False


def _watcher(args: Namespace, console: Console | None) -> Watcher:
    if args.quiet:
        return Blind()
    if console is not None and not args.json:
        from ._live import LiveView  # noqa: PLC0415  # rich is an extra

        return LiveView(console)
    from ._progress import ProgressLines  # noqa: PLC0415  # beside the live view

    return ProgressLines(sys.stderr)
