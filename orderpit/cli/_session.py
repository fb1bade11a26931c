"""A session: a strategy on recorded market data, watched while it runs."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
import time
from argparse import Namespace
from collections import deque
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, Protocol, Self

import attrs

from ..actors.exchange import SimulatedExchange
from ..actors.playback import Playback
from ..actors.strategy import Strategy
from ..actors.system import TradingSystem
from ..model.errors import InvalidConfiguration, InvalidValue
from ..model.events import OrderFilled, OrderUpdate
from ..model.instrument import Instrument
from ..model.numbers import exact, positive, ratio, round_to
from ..strategies import MovingAverageCrossover, TwoSidedQuoter
from ._data import DataReport, Source
from ._errors import Interrupted, UsageError
from ._logs import log_trouble, log_update
from ._outcome import Outcome, collect
from ._output import Nothing, Output
from ._signals import ORDERLY_SECONDS, Signals

if TYPE_CHECKING:
    from rich.console import Console

WORTH: Final = Decimal(1000)
"""What an order of the size that nobody stated is worth at the first price, in the quote currency."""

_LOOK_SECONDS: Final = 0.25
_KEPT_FILLS: Final = 32


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

    def show(self, playing: Playing) -> None:
        """Show how it stands."""


class Blind:
    """Watches nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def show(self, playing: Playing) -> None:
        """Show nothing."""


def run(args: Namespace, out: Output, console: Console | None, signals: Signals) -> Outcome:
    """Play the data, and return what came of it.

    Raises:
        UsageError, InvalidValue, InvalidData: for what was asked for and for the data.
    """
    make = strategy_named(args.strategy)
    exchange = SimulatedExchange(
        maker_fee=args.maker_fee,
        taker_fee=args.taker_fee,
        slippage=args.slippage,
        fill_probability=args.fill_probability,
        latency=args.latency,
        seed=args.seed,
    )
    cash = exact("--cash", args.cash, InvalidConfiguration)
    size = None if args.size is None else positive("--size", args.size, InvalidConfiguration)
    source = Source(args.data, args.symbol, args.records, skip_bad_rows=args.skip_bad_rows)
    with contextlib.closing(source):
        system = TradingSystem(
            source.instruments,
            exchange=exchange,
            cash={instrument.quote: cash for instrument in source.instruments},
            clock="data",
            run_id=f"seed{args.seed}",
            on_error=log_trouble,
        )
        with system:
            fills: deque[OrderUpdate] = deque(maxlen=_KEPT_FILLS)
            system.subscribe(fills.append, OrderFilled)
            if args.log_file is not None:
                system.subscribe(log_update)
            for instrument in source.instruments:
                _add(system, make, args.strategy, instrument, size or _size(source, instrument))
            title = f"{args.strategy} on {', '.join(source.marks)}, seed {args.seed}"
            watch = _watcher(args, console)
            outcome = _play(Playing(system, source, fills, time.perf_counter(), title), watch, signals)
    if not isinstance(out, Nothing):
        out.heading(f"Session: {title}")
        for symbol, chart in source.charts.items():
            out.chart(symbol, chart.points)
    return outcome


def _play(playing: Playing, watch: Watcher, signals: Signals) -> Outcome:
    system, source = playing.system, playing.source
    playback = system.play(source.records())
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
    system.quiesce(timeout)
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
    return collect(system, data, seconds, stop_timeout=timeout)


def _until_played(playback: Playback, playing: Playing, watch: Watcher, signals: Signals) -> None:
    while True:
        signals.check()
        watch.show(playing)
        with contextlib.suppress(TimeoutError):
            playback.wait(_LOOK_SECONDS)
            return


def _watcher(args: Namespace, console: Console | None) -> Watcher:
    if args.quiet:
        return Blind()
    if console is not None and not args.json:
        from ._live import LiveView  # noqa: PLC0415  # rich is an extra

        return LiveView(console)
    from ._progress import ProgressLines  # noqa: PLC0415  # beside the live view

    return ProgressLines(sys.stderr)


def _add(
    system: TradingSystem, make: Callable[..., Strategy], name: str, instrument: Instrument, size: Decimal
) -> None:
    parameters: dict[str, Any] = {"symbol": instrument.symbol, "size": size}
    if make is TwoSidedQuoter:
        parameters["tick"] = instrument.price_increment
    short = name.rpartition(":")[2]
    strategy_id = short if len(system.instruments) == 1 else f"{short}-{instrument.symbol}"
    try:
        system.add_strategy(make, strategy_id=strategy_id, **parameters)
    except InvalidValue:
        raise
    except Exception as error:
        msg = f"--strategy {name}: could not be made with symbol= and size=: {type(error).__name__}: {error}"
        raise UsageError(msg) from error


def _size(source: Source, instrument: Instrument) -> Decimal:
    price = source.first_prices[instrument.symbol]
    if price is None:
        msg = f"--size: must be given, as the first record of {instrument.symbol} has no price"
        raise UsageError(msg)
    return max(round_to(ratio(WORTH, price), instrument.quantity_increment), instrument.quantity_increment)


def strategy_named(name: str) -> Callable[..., Strategy]:
    """Return the strategy of a name, or the class that module:Class names; modules of the current folder count.

    Raises:
        UsageError: saying which names there are, or why the module cannot be used.
    """
    known: dict[str, Callable[..., Strategy]] = {"quoter": TwoSidedQuoter, "crossover": MovingAverageCrossover}
    if name in known:
        return known[name]
    module, colon, attribute = name.partition(":")
    if not colon:
        msg = f"--strategy: must be {', '.join(known)} or module:Class, got {name!a}"
        raise UsageError(msg)
    sys.path.insert(0, os.getcwd())  # noqa: PTH109  # a path entry is a str
    try:
        found = getattr(importlib.import_module(module), attribute)
    except Exception as error:
        msg = f"--strategy {name}: {type(error).__name__}: {error}"
        raise UsageError(msg) from error
    finally:
        sys.path.pop(0)
    if not (isinstance(found, type) and issubclass(found, Strategy)):
        msg = f"--strategy {name}: must be a subclass of orderpit.Strategy"
        raise UsageError(msg)
    return found
