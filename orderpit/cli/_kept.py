"""A session that is written down: where it trades, what it takes up, and what it has to tell of its journal."""

from __future__ import annotations

from argparse import Namespace
from decimal import Decimal
from typing import TYPE_CHECKING, Self

import attrs

from ..actors.simulated_exchange import SimulatedExchange
from ..actors.system import TradingSystem
from ..actors.view import ViewBooks
from ..model.errors import InvalidConfiguration
from ..model.numbers import ZERO
from ._errors import UsageError
from ._output import Output, counted
from ._parser import OF_THE_EXCHANGE

if TYPE_CHECKING:
    from ..remote import RemoteVenue


@attrs.frozen
class Begun:
    """Where a session begins.

    Attributes:
        earlier: how many entries the sessions before had written, and the one that takes up has when it begins.
        after_ns: the time that only later records are played of; 0 for all, nanoseconds since the epoch, UTC.
    """

    earlier: int = 0
    after_ns: int = 0


@attrs.frozen
class Kept:
    """What a journal has at the end of a session.

    Attributes:
        path: of its file.
        entries: how many it has.
        earlier: how many of them it had when the session began to play, those of taking up among them.
        passed_over: how many records were no later than these.
    """

    path: str
    entries: int
    earlier: int
    passed_over: int

    @classmethod
    def by(cls, system: TradingSystem, path: str, begun: Begun, passed_over: int) -> Self:
        """Read it from the books of a system that has stopped."""
        view = system.books().get("view")
        # It hears of what is durable, and of nothing else.
        entries = view.sequence if isinstance(view, ViewBooks) else begun.earlier
        return cls(path, entries, begun.earlier, passed_over)


def exchange_of(args: Namespace) -> tuple[SimulatedExchange | RemoteVenue, Decimal]:
    """Return where the session trades, and the longest that a request is on its way there, in seconds.

    Raises:
        UsageError: for settings of the exchange that cannot be, or that are the venue's.
    """
    if args.venue is not None:
        return _venue_at(args), ZERO
    try:
        exchange = SimulatedExchange(
            maker_fee=args.maker_fee,
            taker_fee=args.taker_fee,
            slippage=args.slippage,
            fill_probability=args.fill_probability,
            latency=args.latency,
            seed=args.seed,
        )
    except InvalidConfiguration as error:
        msg = f"--{error.field.replace('_', '-')}: {error.rule}, got {error.value}"
        raise UsageError(msg) from None
    return exchange, exchange.latency.longest


def _venue_at(args: Namespace) -> RemoteVenue:
    for name, default in OF_THE_EXCHANGE.items():
        value = getattr(args, name.replace("-", "_"))
        if value != default:
            msg = f"--{name}: must be said where the venue is started, not beside --venue, got {value!a}"
            raise UsageError(msg)
    try:
        from ..remote import RemoteVenue  # noqa: PLC0415  # an extra
    except ImportError as error:
        msg = f"--venue: needs the extra journal (pip install orderpit[journal]): {error}"
        raise UsageError(msg) from error
    try:
        return RemoteVenue(args.venue)
    except InvalidConfiguration as error:
        raise InvalidConfiguration("--venue", error.value, error.rule) from error


def taken_up(args: Namespace, system: TradingSystem, out: Output) -> Begun:
    """Tell what a system that has just started goes on with, and say where in the data it does.

    Its time is the latest of what the journal's entries and the venue say, so that no record is traded on twice.
    """
    newest = system.history(1)
    earlier = newest[-1].sequence if newest else 0
    if earlier and args.journal is not None:
        out.line(f"Going on with {counted(earlier, 'entry', 'entries')} in {args.journal}")
        if args.venue is None:
            out.line("The simulated exchange begins anew: orders that were working there are gone")
    return Begun(earlier, system.now_ns())
