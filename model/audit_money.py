"""The laws of money in the books of a finished run: what was executed is what is held, and no cash is from nowhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from .account import Currency
from .audit import Ledger
from .booking import Flows, quote_of
from .instrument import Instrument
from .kinds import Side
from .numbers import ZERO, add, negate, subtract, total
from .order import Order
from .portfolio_snapshot import PortfolioFigures, PortfolioSnapshot
from .rounding import rounded

_EXACT: Final[Mapping[str, Currency]] = MappingProxyType({})
_Money = dict[str, Decimal]


class _Expected:
    """What orders have bought and sold by symbol, and the cash that they have moved, summed from their fills."""

    def __init__(self, cash: Mapping[str, Decimal]) -> None:
        self.flows: dict[str, Flows] = {}
        self.cash: _Money = dict(cash)
        self.fees: _Money = {}
        self.rounding: _Money = {}

    def take(self, order: Order, quote: str, currencies: Mapping[str, Currency]) -> None:
        """Add an order."""
        flows = self.flows.get(order.symbol, Flows())
        self.flows[order.symbol] = flows.after(order.side, order.filled_quantity, order.filled_notional)
        flow = negate(order.filled_notional) if order.side is Side.BUY else order.filled_notional
        _add(self.cash, quote, flow)
        _add_rounding(self.rounding, quote, flow, currencies)
        paid: _Money = {}
        for fill in order.fills:
            _add(paid, fill.fee_currency, fill.fee)
        for currency, fee in paid.items():
            _add(self.cash, currency, negate(fee))
            _add(self.fees, currency, fee)
            _add_rounding(self.rounding, currency, negate(fee), currencies)


def check_portfolio(
    ledger: Ledger,
    orders: Iterable[Order],
    snapshot: PortfolioSnapshot,
    executed: Mapping[str, Flows],
    opening_cash: Mapping[str, Decimal],
    instruments: Mapping[str, Instrument],
    currencies: Mapping[str, Currency] = _EXACT,
) -> None:
    """Check that what the order manager booked is what the portfolio booked, and that no cash came from nowhere.

    Args:
        ledger: takes what is found.
        orders: of the order manager.
        snapshot: of the portfolio, of the account.
        executed: by symbol, summed from the portfolio's own fills.
        opening_cash: by currency.
        instruments: by symbol.
        currencies: by code, those whose cash is rounded.
    """
    account = _Expected(opening_cash)
    strategies: dict[str, _Expected] = {}
    for order in orders:
        quote = quote_of(instruments, order.symbol)
        account.take(order, quote, currencies)
        strategies.setdefault(order.strategy_id, _Expected({})).take(order, quote, currencies)
    for symbol in sorted(account.flows.keys() | executed.keys()):
        ours, theirs = account.flows.get(symbol, Flows()), executed.get(symbol, Flows())
        ledger.check("order manager = portfolio, bought", symbol, theirs.bought, ours.bought)
        ledger.check("order manager = portfolio, sold", symbol, theirs.sold, ours.sold)
        ledger.check("order manager = portfolio, cash flow", symbol, theirs.cash, ours.cash)
    _check_figures(ledger, "", snapshot, account, opening_cash)
    for name, figures in snapshot.strategies.items():
        _check_figures(ledger, f" of {name}", figures, strategies.pop(name, _Expected({})), {})
    traded = sorted(name for name, expected in strategies.items() if any(map(_moved, expected.flows.values())))
    ledger.check("who has traded has a book", "all strategies", traded, [])
    _check_sums(ledger, snapshot)


def _moved(flows: Flows) -> bool:
    return bool(flows.bought or flows.sold)


def _check_figures(
    ledger: Ledger, whose: str, figures: PortfolioFigures, expected: _Expected, opening: Mapping[str, Decimal]
) -> None:
    """Check the account or one strategy."""
    for symbol in sorted(expected.flows.keys() | figures.positions.keys()):
        position = figures.positions.get(symbol)
        flows = expected.flows.get(symbol, Flows())
        held = ZERO if position is None else position.quantity
        ledger.check("position = bought - sold", symbol + whose, held, subtract(flows.bought, flows.sold))
        if position is not None:
            sides = subtract(position.long.quantity, position.short.quantity)
            ledger.check("position = long - short", symbol + whose, position.quantity, sides)
    for currency in _currencies(expected.cash, figures.cash):
        name = currency + whose
        cash = total(_each(currency, expected.cash, figures.deposits, expected.rounding))
        law = "opening cash + deposits + flows - fees + rounding = cash"
        ledger.check(law, name, figures.cash.get(currency, ZERO), cash)
        ledger.check("fees = sum of fees", name, *_each(currency, figures.fees, expected.fees))
        ledger.check("rounding = sum of rounding", name, *_each(currency, figures.rounding, expected.rounding))
    for currency in _currencies(figures.equity, figures.realised_pnl):
        gained = figures.equity.get(currency, ZERO)
        for before in _each(currency, opening, figures.deposits):
            gained = subtract(gained, before)
        earned = total(_each(currency, figures.realised_pnl, figures.unrealised_pnl, figures.rounding))
        earned = subtract(earned, figures.fees.get(currency, ZERO))
        law = "realised + unrealised - fees + rounding = equity - opening cash - deposits"
        ledger.check(law, currency + whose, gained, earned)


def _check_sums(ledger: Ledger, account: PortfolioSnapshot) -> None:
    """Check that the strategies are the account."""
    parts = account.strategies.values()
    for symbol in sorted(account.positions):
        held = (part.positions[symbol].quantity for part in parts if symbol in part.positions)
        law = "sum of the strategies' positions = the account's"
        ledger.check(law, symbol, total(held), account.positions[symbol].quantity)
    for currency in _currencies(account.cash, account.realised_pnl):
        crossed = account.crossed.get(currency, ZERO)
        realised = add(total(part.realised_pnl.get(currency, ZERO) for part in parts), crossed)
        open_profit = subtract(total(part.unrealised_pnl.get(currency, ZERO) for part in parts), crossed)
        law = "sum of the strategies' realised + crossed = the account's"
        ledger.check(law, currency, realised, account.realised_pnl.get(currency, ZERO))
        law = "sum of the strategies' unrealised - crossed = the account's"
        ledger.check(law, currency, open_profit, account.unrealised_pnl.get(currency, ZERO))


def _add(amounts: _Money, currency: str, amount: Decimal) -> None:
    amounts[currency] = add(amounts.get(currency, ZERO), amount)


def _add_rounding(rounding: _Money, code: str, amount: Decimal, currencies: Mapping[str, Currency]) -> None:
    if code in currencies:
        _add(rounding, code, subtract(rounded(amount, currencies[code]), amount))


def _each(currency: str, *sums: Mapping[str, Decimal]) -> Iterator[Decimal]:
    return (amounts.get(currency, ZERO) for amounts in sums)


def _currencies(*sums: Mapping[str, Decimal]) -> list[str]:
    return sorted(set[str]().union(*sums))
