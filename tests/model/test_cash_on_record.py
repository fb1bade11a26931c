"""What the order manager has of each currency is what the portfolio books, and differs from the venue's by numbers."""

from __future__ import annotations

from decimal import Decimal

import pytest

from orderpit.model import reports as r
from orderpit.model.account import Currency
from orderpit.model.account_events import CashMoved
from orderpit.model.cash_on_record import CashOnRecord
from orderpit.model.instrument import Instrument
from orderpit.model.limits import RiskLimits
from orderpit.model.portfolio import PortfolioBook
from orderpit.model.positions import Positions

from .builders import NOW, fill
from .desks import TICK, TimedDesk, buy, sell

INSTRUMENTS = {symbol: Instrument(symbol, **TICK) for symbol in ("BTC/USDT", "BTC/EUR")}
CASH = {"USDT": Decimal(1000), "BTC": Decimal(2)}


class Books:
    """A desk whose stream is folded into the cash on record, the positions, and a portfolio to compare with."""

    def __init__(self, *, is_spot: bool = False, currencies: tuple[Currency, ...] = ()) -> None:
        by_code = {one.code: one for one in currencies}
        self.desk = TimedDesk(RiskLimits(), *INSTRUMENTS.values())
        self.cash = CashOnRecord(INSTRUMENTS, CASH, by_code, is_spot=is_spot)
        self.portfolio = PortfolioBook(INSTRUMENTS, CASH, currencies=by_code)
        self.positions = Positions()
        self.desk.followers += [self.cash.on_update, self.portfolio.on_update, self._moved]

    def _moved(self, update) -> None:
        moved = None if update.order is None else self.positions.after(update.event, update.order)
        if moved is not None:
            self.positions.take_over(moved)

    def differences(self, **told: str | Decimal) -> list[str]:
        balances = [r.VenueBalance(currency=currency, amount=amount) for currency, amount in told.items()]
        return list(self.cash.differences(balances, self.positions))


def pays(books: Books, currency: str, amount: str) -> None:
    paid = CashMoved(time_ns=NOW, source="risk", transfer_id="t-1", currency=currency, amount=Decimal(amount), text="")
    books.desk.fact(paid)


def test_what_the_venue_does_not_tell_of_is_none() -> None:
    assert Books(is_spot=True).differences() == [
        "BTC: the venue has 0, on record are 2",
        "USDT: the venue has 0, on record are 1000",
    ]


@pytest.mark.parametrize("places", [None, 1], ids=["exact", "rounded"])
def test_fills_and_what_becomes_of_them_are_booked_as_the_portfolio_books_them(places: int | None) -> None:
    books = Books(currencies=(Currency("USDT", places),))
    books.desk.ask(buy("a", quantity="3"))
    books.desk.filled("a", "1", price="99.37", fee="0.123")
    books.desk.filled("a", "1.5", price="98.11", fee="0.456")
    books.desk.report(r.VenueFillBusted, "a", symbol="BTC/USDT", execution_id="x1")
    corrected = fill("x2", "1.25", price="98.12", fee="0.4")
    books.desk.report(r.VenueFillCorrected, "a", symbol="BTC/USDT", fill=corrected)
    books.desk.ask(sell("b", quantity="1"))
    books.desk.filled("b", "1", price="101.01", fee="0.07")
    pays(books, "USDT", "12.34")
    booked = books.portfolio.snapshot().cash["USDT"]
    assert books.differences(USDT=booked) == []
    assert books.differences(USDT=booked + Decimal("0.01")) != []


def test_of_a_currency_of_which_nobody_has_said_what_there_was_nothing_is_told() -> None:
    books = Books()
    books.desk.ask(buy("a", symbol="BTC/EUR"))
    books.desk.filled("a", "1", price="100", fee="0.5", fee_currency="BNB")
    assert books.differences(USDT="1000", EUR="7", BNB="3") == []
    pays(books, "EUR", "150")
    assert books.differences(USDT="1000", EUR="7", BNB="3") == ["EUR: the venue has 7, on record are 50"]


@pytest.mark.parametrize(
    ("is_spot", "told"),
    [(True, ["BTC: the venue has 2, on record are 5"]), (False, [])],
    ids=["a spot account", "no account: whether the venue counts it is not known"],
)
def test_what_is_held_is_part_of_a_balance_on_a_spot_account(told: list[str], *, is_spot: bool) -> None:
    books = Books(is_spot=is_spot)
    for order_id, symbol in (("a", "BTC/USDT"), ("b", "BTC/EUR")):
        books.desk.ask(buy(order_id, quantity="1.5", symbol=symbol))
        books.desk.filled(order_id, "1.5", price="100")
    assert books.differences(USDT="850", BTC="5") == []
    assert books.differences(USDT="850", BTC="2") == told


def test_the_balances_of_several_accounts_come_together() -> None:
    books = Books()
    balances = [r.VenueBalance(currency="USDT", amount=amount, account=amount) for amount in ("400", "600")]
    assert list(books.cash.differences(balances, books.positions)) == []
