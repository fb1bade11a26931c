"""Stress: a flood through real threads, perhaps at an exchange that does everything wrong, and then the audit."""

from __future__ import annotations

import sys
import threading
import time
from argparse import Namespace
from collections.abc import Mapping
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol, Self

import attrs

from ..actors.exchange import ExchangeDescription
from ..actors.logs import log_update
from ..actors.reading import MailboxCount
from ..actors.simulated_exchange import SimulatedExchange
from ..actors.strategy import StrategyBooks
from ..actors.system import TradingSystem
from ._data import DataReport
from ._errors import Interrupted
from ._flood import INSTRUMENTS, LIMITS, Market, Trader
from ._outcome import Flooded, Outcome, collect
from ._output import Nothing, Output, counted
from ._session import Blind
from ._signals import ORDERLY_SECONDS, Signals
from ._tallies import REFUSALS, Tallies

if TYPE_CHECKING:
    from rich.console import Console

_TICK_SECONDS: Final = 0.005
_LOOK_SECONDS: Final = 0.25
_STALLED_SECONDS: Final = 60.0
"""How long nothing may move before the run is taken to hang; the slowest machine needs a fraction of a second."""

_MOST_LATE: Final = Decimal("0.2")
_MOST_OUTAGE: Final = Decimal("0.05")
"""Seconds that a delay and an outage among the faults may last."""

_CALM_SECONDS: Final = 60.0
_STORM: Final = 2 / 3
"""The part of the orders after which all faults end."""

_MOST_BEHIND: Final = 200
"""Messages that may wait for the exchange before the market holds still: every quote looks at every resting order."""

_PATIENCE: Final = 3
"""Seconds after which a venue with faults is asked what has become of a request."""

_IN_FLIGHT: Final = 200
_HISTORY: Final = 1_000
_CASH: Final = "1000000"


@attrs.frozen
class Flooding:
    """What a view of a running flood reads.

    Attributes:
        wanted: orders to be submitted in all.
        faulty: whether the exchange has faults, which heal.
        began: by time.perf_counter().
    """

    system: TradingSystem
    traders: tuple[Trader, ...]
    wanted: int
    title: str
    began: float
    faulty: bool = False

    @property
    def seconds(self) -> float:
        """How long it has been running."""
        return time.perf_counter() - self.began

    @property
    def submitted(self) -> int:
        """How many orders there have been."""
        return sum(trader.submitted for trader in self.traders)

    @property
    def is_over(self) -> bool:
        """Whether every strategy has submitted all its orders."""
        return all(trader.is_done for trader in self.traders)

    def deepest(self) -> MailboxCount:
        """Return the mailbox in which the most messages wait."""
        return max(self.system.mailboxes(), key=lambda box: box.queued)


class Watcher(Protocol):
    """Shows a running flood, a few times a second."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def show(self, flooding: Flooding, /) -> None:
        """Show how it stands."""


def run(args: Namespace, out: Output, console: Console | None, signals: Signals) -> Outcome:
    """Flood a system, and return what came of it.

    Raises:
        UsageError: for what was asked for.
    """
    tallies = Tallies(alarms_expected=args.faults)
    system = TradingSystem(
        INSTRUMENTS,
        exchange=_exchange(args),
        cash={"USDT": _CASH},
        risk=LIMITS,
        seed=args.seed,
        history=_HISTORY,
        max_in_flight=_IN_FLIGHT,
        answer_within=_PATIENCE if args.faults else "auto",
        on_exit="cancel",
        run_id=f"seed{args.seed}",
        on_error=tallies.trouble,
    )
    traders = tuple(
        Trader(args.orders // args.strategies + (n < args.orders % args.strategies), f"{args.seed}-{n}")
        for n in range(args.strategies)
    )
    faulty = ", with faults" if args.faults else ""
    title = f"{counted(args.orders, 'order')} by {args.strategies} strategies, seed {args.seed}{faulty}"
    with system:
        system.subscribe(tallies.refusal, *REFUSALS)
        if args.log_file is not None:
            system.subscribe(log_update)
        flooding = Flooding(system, traders, args.orders, title, time.perf_counter(), args.faults)
        outcome = _flood(flooding, args, _watcher(args, console), signals, tallies)
    if not isinstance(out, Nothing):
        out.heading(f"Stress: {title}")
    return outcome


def _flood(flooding: Flooding, args: Namespace, watch: Watcher, signals: Signals, tallies: Tallies) -> Outcome:
    system = flooding.system
    market = _Moving(system, Market(args.seed))
    market.move()
    for number, trader in enumerate(flooding.traders, 1):
        system.add_strategy(partial(_itself, trader), strategy_id=f"trader-{number}")
    timeout, stalled = 10.0, False
    with watch:
        try:
            stalled = not _until_over(flooding, market, watch, signals)
            calm = not stalled and _calmed(flooding, watch, signals)
        except Interrupted:
            timeout, calm = ORDERLY_SECONDS / 5, True
    for trader in flooding.traders:
        trader.calm_down()
    seconds = flooding.seconds
    if args.faults:
        # Also when it was interrupted: what is cancelled at the end shall be heard of.
        _heal(system)
    outcome = collect(system, market.report(), seconds, tallies, stop_timeout=timeout)
    counts = [box.refused_at_edge for box in _strategies(system)]
    flooded = Flooded(
        orders=flooding.submitted,
        strategies=args.strategies,
        seed=args.seed,
        orders_per_second=flooding.submitted / seconds if seconds > 0 else 0.0,
        modified=sum(trader.modified for trader in flooding.traders),
        cancelled=sum(trader.cancelled for trader in flooding.traders),
        held_back=sum(counts),
        stalled=stalled,
        faults=_happened(system) if args.faults else {},
        alarms=dict(tallies.alarms),
        mailboxes=system.mailboxes(),
    )
    return attrs.evolve(outcome, flooded=flooded, orderly=outcome.orderly and calm, alarms_expected=args.faults)


class _Moving:
    """The market as it is published, held still while the exchange is behind."""

    def __init__(self, system: TradingSystem, market: Market) -> None:
        self._system = system
        self._market = market
        self._records = 0
        self._ticking = threading.Event()

    def move(self) -> None:
        """Publish the next quotes, and let a moment pass."""
        behind = next((box.queued for box in self._system.mailboxes() if box.actor == "exchange"), 0)
        if behind < _MOST_BEHIND:
            for quote in self._market.quotes():
                self._system.publish(quote)
                self._records += 1
        self._ticking.wait(_TICK_SECONDS)

    def report(self) -> DataReport:
        """Say what was published."""
        return DataReport("quotes that wander by chance", self._records, tuple(one.symbol for one in INSTRUMENTS))


def _until_over(
    flooding: Flooding, market: _Moving, watch: Watcher, signals: Signals, patience: float = _STALLED_SECONDS
) -> bool:
    """Return whether every order was submitted, False when nothing has moved for so many seconds."""
    looked, moved, before = 0.0, time.perf_counter(), -1
    stormy = flooding.faulty
    while not flooding.is_over:
        signals.check()
        if stormy and flooding.submitted >= flooding.wanted * _STORM:
            stormy = False
            _heal(flooding.system)
        market.move()
        now, submitted = time.perf_counter(), flooding.submitted
        if submitted != before:
            moved, before = now, submitted
        elif now - moved > patience:
            return False
        if now - looked >= _LOOK_SECONDS:
            looked = now
            watch.show(flooding)
    watch.show(flooding)
    return True


def _calmed(flooding: Flooding, watch: Watcher, signals: Signals) -> bool:
    """Wait until what is under way has come to rest, and every doubt is resolved."""
    from ..testing import settled  # noqa: PLC0415  # --help needs none of it

    until = time.perf_counter() + _CALM_SECONDS
    while not settled(flooding.system, _LOOK_SECONDS):
        signals.check()
        watch.show(flooding)
        if time.perf_counter() > until:
            return False
    return True


def _heal(system: TradingSystem) -> None:
    from ..testing import heal  # noqa: PLC0415  # a flood without faults needs none of it

    heal(system, timeout=0)


def _happened(system: TradingSystem) -> Mapping[str, int]:
    from ..testing import happened  # noqa: PLC0415  # a flood without faults needs none of it

    return happened(system)


def _exchange(args: Namespace) -> ExchangeDescription:
    inner = SimulatedExchange(slippage="0.001", fill_probability="0.9", seed=args.seed)
    if not args.faults:
        return inner
    from ..testing import ChaosExchange, Faults  # noqa: PLC0415  # a flood without faults needs none of it

    drawn = Faults.drawn(args.seed)
    # In real time: what lasts ten times as long shows nothing more, and nobody would wait for it.
    hurried = attrs.evolve(
        drawn,
        late=min(drawn.late, _MOST_LATE),
        slow_by=min(drawn.slow_by, _MOST_LATE),
        outage=min(drawn.outage, _MOST_OUTAGE),
    )
    return ChaosExchange(inner=inner, faults=hurried, seed=args.seed)


def _itself(trader: Trader) -> Trader:
    return trader


def _strategies(system: TradingSystem) -> list[StrategyBooks]:
    return [books for books in system.books().values() if isinstance(books, StrategyBooks)]


def _watcher(args: Namespace, console: Console | None) -> Watcher:
    if args.quiet:
        return Blind()
    if console is not None and not args.json:
        from ._bar import FloodBar  # noqa: PLC0415  # rich is an extra

        return FloodBar(console)
    from ._progress import StressLines  # noqa: PLC0415  # beside the bar

    return StressLines(sys.stderr)
