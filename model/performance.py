"""How the account and each strategy have done: an immutable snapshot with the definition of each of its figures."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import attrs

from .equity_curve import EquityPoint
from .numbers import plain, tidy


@attrs.frozen(kw_only=True)
class Performance:
    """What the account, or one strategy, has earned, at what risk.

    Money is in the account currency, converted at the present marks (mid, else the last price, else the one side; see
    Conversion); fractions are of one ("0.05" is five per cent). A figure is None where it has no meaning, and where a
    price that it needs is missing. The figures of money add up: the net profit, fees and turnover of the strategies
    sum to the account's exactly. What happened is what was known then: an execution that is declared void changes the
    present figures and all trades, and not the curve before.

    Attributes:
        strategy_id: whose; None for the account.
        currency: the account currency. None where there are several and none was chosen, and then so is all money.
        sequence: of the last update that is included.
        time_ns: of the latest price or update, nanoseconds since the epoch (UTC).
        strategies: those that have traded so far.
        equity: of the account: opening cash, what was paid in and out, and net profit. What a currency that is booked
            to so many places rounds is left out. None for a strategy, which has no cash of its own.
        paid_in: the opening cash and deposits less withdrawals, each at the marks when it was first known what it was
            worth. The same for a strategy: it is the capital of all.
        net_profit: realised and unrealised profit, less fees.
        fees: paid.
        turnover: the sum of quantity * price of all executions.
        gross_exposure: the sum of what the positions are worth at their marks, long and short alike. The account's
            are netted over the strategies, unless positions are hedged.
        net_exposure: the long positions less the short ones.
        curve: the account's equity, or the strategy's net profit, at equal intervals and at present, where known.
        interval_ns: between the samples of the curve. Every second one is dropped, and the interval doubles, when
            there is no more room; of times at which nothing happened a sample is what stood.
        peak: the highest so far of the same, at any mark. Of the account it is the present equity and how far it has
            fallen: deposits are no profit.
        drawdown: how far it lies below that peak now, at least zero.
        drawdown_fraction: the same as a fraction of the account's equity at the peak (for a strategy too; when the
            strategy was last at its peak).
        max_drawdown: the largest fall from a peak that there was before it, at any mark.
        max_drawdown_fraction: the largest as a fraction; it may be another fall than max_drawdown.
        total_return: what was earned as a fraction. Of the account it is time-weighted: payments in and out show
            neither as profit nor in what the profit is held against; None where the equity was not above zero at one
            of them. Of a strategy: net_profit / paid_in.
        sharpe, sortino: of the returns of the curve's full intervals; for their definitions see sharpe_ratio() and
            sortino_ratio(). The account's return of an interval is time-weighted; a strategy's is the change of its
            profit as a fraction of the account's equity at the interval's beginning.
        trades: positions of a strategy in a symbol from their opening until flat, or until they flip; a position that
            is still open is none yet. Each earns its cash flow less the fees in the quote currency, and does not
            depend on how its fills are sliced.
        won, lost: those that earned more than nothing, and less.
        hit_rate: won / trades.
        average_win, average_loss: what one of them earned, and lost (above zero).
        profit_factor: all that was won / all that was lost.
        largest_loss: of one trade, above zero; None where none was lost.
        losses_now: how many of the latest trades in a row were lost; one that is not lost ends it.
        most_losses: the most that were.
    """

    strategy_id: str | None
    currency: str | None
    sequence: int
    time_ns: int
    strategies: tuple[str, ...]
    equity: Decimal | None
    paid_in: Decimal | None
    net_profit: Decimal | None
    fees: Decimal | None
    turnover: Decimal | None
    gross_exposure: Decimal | None
    net_exposure: Decimal | None
    curve: tuple[EquityPoint, ...]
    interval_ns: int
    peak: Decimal | None
    drawdown: Decimal | None
    drawdown_fraction: Decimal | None
    max_drawdown: Decimal | None
    max_drawdown_fraction: Decimal | None
    total_return: Decimal | None
    sharpe: Decimal | None
    sortino: Decimal | None
    trades: int
    won: int
    lost: int
    hit_rate: Decimal | None
    average_win: Decimal | None
    average_loss: Decimal | None
    profit_factor: Decimal | None
    largest_loss: Decimal | None
    losses_now: int
    most_losses: int

    def to_dict(self) -> dict[str, Any]:
        """Return it ready for JSON: decimals as plain strings without trailing zeros, the curve as pairs."""
        shown: dict[str, Any] = {}
        for field in attrs.fields(Performance):
            value = getattr(self, field.name)
            shown[field.name] = plain(value) if isinstance(value, Decimal) else value
        shown["strategies"] = list(self.strategies)
        shown["curve"] = [[point.time_ns, plain(point.equity)] for point in self.curve]
        return shown


def tidied(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Return the same figures without the trailing zeros that products and sums leave."""
    return {name: tidy(value) if isinstance(value, Decimal) else value for name, value in figures.items()}
