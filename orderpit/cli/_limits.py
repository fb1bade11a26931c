"""The limits of a session, and what came of them: trips, one refused order, explanations."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from ..limits_file import LimitsFile, load_limits
from ..model.account_events import TradingStateChanged
from ..model.errors import InvalidData
from ..model.instrument import Instrument
from ..model.kinds import OrderState
from ..model.limits import RiskLimits
from ._errors import UsageError, printable
from ._outcome import SHOWN_TROUBLES, Outcome
from ._output import Output, counted
from ._report import moment
from ._strategies import id_of


def limits_of(path: str | None) -> LimitsFile:
    """Read the file of --limits; without one, nothing is limited.

    Raises:
        UsageError: naming the file, the key and the rule.
    """
    if path is None:
        return LimitsFile(limits=RiskLimits())
    try:
        return load_limits(path)
    except InvalidData as error:
        raise UsageError(str(error)) from None


def refuse_strangers(path: str | None, file: LimitsFile, strategy: str, instruments: Collection[Instrument]) -> None:
    """Refuse limits of an instrument or a strategy that the session has not: they would hold nothing.

    Raises:
        UsageError: naming the file, and what there is.
    """
    symbols = {instrument.symbol for instrument in instruments}
    ids = {id_of(strategy, instrument, len(instruments)) for instrument in instruments}
    for where, name in _named(file):
        known = symbols if where.endswith("instruments") else ids
        if name not in known:
            msg = f'{path}: {where}: must be one of this session, {", ".join(sorted(known))}, got "{name}"'
            raise UsageError(msg)


def _named(file: LimitsFile) -> Iterator[tuple[str, str]]:
    for symbol, _ in file.limits.instruments:
        yield "instruments", symbol
    for name, limits in file.limits.strategies:
        yield "strategies", name
        for symbol, _ in limits.instruments:
            yield f"strategies.{name}.instruments", symbol
    for rule in file.rules:
        if rule.strategy:
            yield "rules.strategy", rule.strategy


def show_judged(out: Output, outcome: Outcome) -> None:
    """Show what tripped, and name one refused order."""
    for event in outcome.trips[:SHOWN_TROUBLES]:
        out.line(printable(f"Tripped at {moment(event.time_ns)}: {trip_text(event)}"))
    if len(outcome.trips) > SHOWN_TROUBLES:
        out.line(f"... {counted(len(outcome.trips) - SHOWN_TROUBLES, 'trip')} more")
    denied = (order for order in outcome.orders if order.state is OrderState.REJECTED and order.reason is not None)
    refused = next(denied, None)
    if refused is not None and refused.reason is not None:
        why = f"{refused.reason.value}: {refused.reason_text}" if refused.reason_text else refused.reason.value
        out.line(printable(f"Refused first: {refused.order_id}, {why} (--explain {refused.order_id} tells more)"))


def show_explanations(out: Output, outcome: Outcome) -> None:
    """Show what was asked for with --explain."""
    for order_id, told in outcome.explanations.items():
        out.heading(f"Explanation of {order_id}")
        for line in [f"No order has the id {order_id}"] if told is None else str(told).splitlines():
            out.line(printable(line))


def trip_text(event: TradingStateChanged) -> str:
    """Say what has changed the trading state, from what to what, and of whom."""
    whose = f" of {event.strategy_id}" if event.strategy_id else ""
    action = "" if event.action is None else f", {event.action.value}"
    text = f": {event.text}" if event.text else ""
    return f"{event.before.value} to {event.state.value}{whose} by {event.trip.value}{action}{text}"
