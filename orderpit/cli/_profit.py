"""What the account and each strategy have earned, as a table and a chart."""

from __future__ import annotations

from decimal import Decimal

from ..model.numbers import HUNDRED, magnitude, multiply, to_places
from ..model.performance import Performance
from ._errors import printable
from ._outcome import Outcome
from ._output import Output, signed
from ._report import money, profit

_SECOND_NS = 1_000_000_000
_COLUMNS = (
    "of",
    ">net profit",
    ">return",
    ">max drawdown",
    ">trades",
    ">hit rate",
    ">Sharpe",
    ">Sortino",
    ">turnover",
    ">fees",
)
_UNKNOWN = "-"
_SMALL = Decimal("0.1")


def show_profit(out: Output, outcome: Outcome) -> None:
    """Show what was earned at what risk, and the course of the equity; nothing where nothing was traded."""
    account = outcome.performance
    if account is None or not account.strategies:
        return
    out.heading("Profit" if account.currency is None else f"Profit in {account.currency}")
    rows = [_row(printable(name), one) for name, one in outcome.strategies.items()]
    out.table(_COLUMNS, [*rows, _row("account", account)])
    if account.currency is None:
        out.line("Prices count several currencies, and none is the account's: money is not told")
        return
    out.line(f"Ratios are of the returns of {_interval(account.interval_ns)}, annualised to 365 days")
    out.chart("equity", [Decimal(to_places(point.equity, 2)) for point in account.curve])


def _row(name: str, of: Performance) -> tuple[str, ...]:
    fall = _UNKNOWN if of.max_drawdown is None else money(of.max_drawdown)
    if of.max_drawdown and of.max_drawdown_fraction is not None:
        fall += f" ({_percent(of.max_drawdown_fraction)})"
    return (
        name,
        _UNKNOWN if of.net_profit is None else profit(of.net_profit),
        _UNKNOWN if of.total_return is None else signed(of.total_return, _percent(of.total_return)),
        fall,
        str(of.trades),
        _UNKNOWN if of.hit_rate is None else _percent(of.hit_rate),
        *(_UNKNOWN if figure is None else to_places(figure, 2) for figure in (of.sharpe, of.sortino)),
        *(_UNKNOWN if figure is None else money(figure) for figure in (of.turnover, of.fees)),
    )


def _percent(fraction: Decimal) -> str:
    """Write a fraction per hundred, with two places, or with four where it is small."""
    percent = multiply(fraction, HUNDRED)
    return f"{to_places(percent, 2 if magnitude(percent) >= _SMALL or not percent else 4)}%"


def _interval(interval_ns: int) -> str:
    seconds = interval_ns // _SECOND_NS
    return f"{seconds} s" if seconds % 60 else f"{seconds // 60:,} min"
