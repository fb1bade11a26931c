"""A fold that fails midway has changed nothing, and goes on as if it had never been tried."""

from __future__ import annotations

import decimal
from collections import deque
from collections.abc import Mapping
from decimal import Decimal
from enum import Enum

import pytest

from orderpit.model import events as e
from orderpit.model.account import Currency, MarginAccount, SpotAccount
from orderpit.model.conversion import Conversion
from orderpit.model.kinds import Action, Side, Trip
from orderpit.model.limits import RiskLimits, Rule
from orderpit.model.market import Trade
from orderpit.model.performance_book import PerformanceBook
from orderpit.model.portfolio import PortfolioBook
from orderpit.model.reports import Fill
from orderpit.model.risk import RiskBook

from .ledger import BTC, ETH, INSTRUMENTS, START, an_order

CASH = {"USDT": Decimal("1000.1")}
LIMITS = RiskLimits(
    max_exposure="100000",
    max_leverage="3",
    max_daily_loss="1000",
    max_drawdown="1000",
    max_consecutive_losses=5,
    max_reject_rate="0.5",
    refuse_self_crossing=True,
    duplicate_within="1",
)
RULES = tuple(Rule(on=on, action=Action.HALT, limit="3") for on in (Trip.DAILY_LOSS, Trip.CONSECUTIVE_LOSSES))
RISK = {"cash": CASH, "currency": "USDT", "rules": RULES}
BOOKS = {
    "average": lambda: PortfolioBook(INSTRUMENTS, CASH, currencies={"USDT": Currency("USDT", places=2)}),
    "fifo": lambda: PortfolioBook(INSTRUMENTS, CASH, cost_basis="fifo"),
    "hedged": lambda: PortfolioBook(INSTRUMENTS, CASH, hedged=True),
    "performance": lambda: PerformanceBook(INSTRUMENTS, CASH, "USDT"),
    "risk": lambda: RiskBook(INSTRUMENTS, LIMITS, **RISK),
    "spot": lambda: RiskBook(INSTRUMENTS, LIMITS, **RISK, account=SpotAccount()),
    "margin": lambda: RiskBook(
        INSTRUMENTS, LIMITS, **RISK, account=MarginAccount(leverage="3", maintenance_margin="0.1")
    ),
}


def filled(sequence, words, strategy="a", symbol=BTC, currency="USDT", **beyond):
    """`buy 2 @ 100`; beyond are fields of the fill that the boundary would not let in."""
    side, quantity, _, price = words.split()
    fill = Fill(execution_id=f"E-{sequence}", quantity=quantity, price=price, fee="0.1", fee_currency=currency)
    for field, value in beyond.items():
        object.__setattr__(fill, field, value)
    event = e.OrderFilled(time_ns=START, source="", order_id="o", fill=fill)
    return e.OrderUpdate(sequence, event, an_order(strategy, Side(side.upper()), symbol))


FIRST = filled(1, "buy 1.3 @ 100.7")
STORY = (
    Trade(BTC, price="100.1", time_ns=START),
    FIRST,
    filled(2, "sell 0.4 @ 101.3"),
    filled(3, "buy 0.2 @ 99.9", "b"),
)
NEXT = filled(4, "sell 0.7 @ 100.3")
# Added to what has digits after the point it has more than any number here may have.
BEYOND = Decimal("1E+300")


def restated(kind, was, **beyond):
    replaced = {} if kind is e.FillBusted else {"replaced": was}
    fill = was if kind is e.FillBusted else filled(1, "buy 1.3 @ 100.7", **beyond).event.fill
    event = kind(time_ns=START, source="", order_id="o", fill=fill, **replaced)
    return e.OrderUpdate(4, event, FIRST.order)


POISON = {
    "quantity": filled(4, "sell 0.7 @ 100.3", quantity=BEYOND),
    "price": filled(4, "sell 0.7 @ 100.3", price=BEYOND),
    "fee": filled(4, "sell 0.7 @ 100.3", fee=BEYOND),
    "quantity, fee in another currency": filled(4, "sell 0.7 @ 100.3", currency="EUR", quantity=BEYOND),
    "price, of a symbol that is new": filled(4, "sell 0.7 @ 100.3", symbol=ETH, currency="BNB", price=BEYOND),
    "void, and never booked": restated(e.FillBusted, filled(9, "buy 1 @ 1", currency="BNB").event.fill),
    "corrected quantity": restated(e.FillCorrected, FIRST.event.fill, quantity=BEYOND),
    "corrected price": restated(e.FillCorrected, FIRST.event.fill, price=BEYOND),
    "corrected fee": restated(e.FillCorrected, FIRST.event.fill, fee=BEYOND),
}


def told(book, *messages):
    for message in messages:
        if isinstance(message, e.OrderUpdate):
            book.on_update(message)
        elif isinstance(book, PerformanceBook):
            book.on_market_data(message, START)
        else:
            book.on_market_data(message)
    return book


def state(value, above=()):
    """Everything that an object holds, as plain values; of a conversion not what it has only looked up."""
    if value is None or isinstance(value, str | int | Decimal | Enum | type):
        return value
    if callable(value) or any(value is other for other in above):
        return type(value).__name__
    inside = (*above, value)
    if isinstance(value, Mapping):
        return {str(state(key, inside)): state(item, inside) for key, item in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(repr(state(item, inside)) for item in value)
    if isinstance(value, list | tuple | deque):
        return [state(item, inside) for item in value]
    names = {name for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ())}
    names |= getattr(value, "__dict__", {}).keys()
    if isinstance(value, Conversion):
        names = {"_prices", "_marks"}
    fields = {name: getattr(value, name) for name in sorted(names) if hasattr(value, name) and name != "__weakref__"}
    return type(value).__name__, state(fields, inside)


@pytest.mark.parametrize("poison", POISON.values(), ids=POISON)
@pytest.mark.parametrize("new", BOOKS.values(), ids=BOOKS)
def test_an_entry_that_cannot_be_folded_changes_nothing(new, poison):
    tried, spared = told(new(), *STORY), told(new(), *STORY)
    before = state(tried)
    with pytest.raises((decimal.DecimalException, ValueError)):
        tried.on_update(poison)
    assert state(tried) == before
    assert state(told(tried, NEXT)) == state(told(spared, NEXT))
    assert state(tried) != before


def test_state_sees_what_has_changed():
    assert state(told(BOOKS["risk"](), *STORY)) != state(told(BOOKS["risk"](), *STORY[:-1]))
