"""What a host does to its decimal context changes no figure of money, of limits, or of performance."""

from __future__ import annotations

import decimal

import pytest

from orderpit.model import reports as r
from orderpit.model.account import Currency, MarginAccount, SpotAccount
from orderpit.model.commands import ModifyOrder, MoveCash
from orderpit.model.instrument import Instrument
from orderpit.model.kinds import Action, Side, Trip
from orderpit.model.limits import RiskLimits, Rule
from orderpit.model.market import Quote
from orderpit.model.numbers import exact

from .books import Books
from .desks import NOW, SECOND, TimedDesk, buy, sell
from .ledger import MINUTE, Ledger
from .test_decimal_context import EVERY_TRAP, written

SYMBOLS = ("BTC/USDT", "BTC/EUR", "EUR/USDT")
GRID = [Instrument(symbol, price_increment="0.000000001", quantity_increment="0.000000001") for symbol in SYMBOLS]
LIMITS = RiskLimits(
    max_order_quantity="1000",
    max_order_notional="90000000.123456789",
    max_long="100.000000001",
    max_short="100.000000001",
    max_gross="100.000000001",
    max_exposure="98765432.123456789",
    max_leverage="3.123456789",
    max_concentration="2.987654321",
    max_daily_loss="12345.678901234",
    max_drawdown="12345.678901234",
    max_consecutive_losses=3,
    max_reject_rate="0.123456789",
    max_orders_per_second=7,
    max_requests_per_second=11,
    max_data_age="33.333333333",
    price_collar="0.123456789",
    duplicate_within="0.123456789",
    refuse_self_crossing=True,
)
RULES = tuple(
    Rule(on=on, action=Action.ALERT, limit=limit)
    for on, limit in [(Trip.DAILY_LOSS, "1.000000001"), (Trip.DRAWDOWN, "1.000000001"), (Trip.CONSECUTIVE_LOSSES, "1")]
)


def results() -> list[object]:
    """Have every figure worked out, of accounts of each kind."""
    return [*held(), *done(), *judged()]


def held():
    places = (Currency("USDT", places=2), Currency("BNB", places=8, rounding="up"))
    for basis in ("average", "fifo", "lifo"):
        for hedged in (False, True):
            books = Books(basis, hedged=hedged, currencies=places, cash={"USDT": exact("cash", "10000.123456789")})
            books.fill("buy 1.123456789 @ 43210.987654321 fee 0.000000123 BNB")
            books.fill("buy 2.987654321 @ 43219.123456789 fee 43.123456789")
            books.fill("sell 1.333333333 @ 43333.333333333 fee 33.333333333", "b")
            books.fill("sell 3.777777777 @ 43111.111111111", reduce_only=True)
            yield from (books.book.snapshot(), books.book.snapshot("a"), books.book.executed())


def done():
    for hedged in (False, True):
        ledger = Ledger({"USDT": "12345.678901234", "EUR": "777.777777777"}, hedged=hedged)
        ledger.price("1.123456789", "EUR/USDT").price("43210.987654321")
        for place, price in enumerate(("43217.123456789", "43111.987654321", "43333.333333333")):
            ledger.after(60 * place + 1)
            ledger.fill(f"buy 1.123456789 @ {price} fee 0.123456789 EUR")
            ledger.fill("sell 1.123456789 @ 43200.000000001 fee 0.987654321", reduce_only=True)
            ledger.fill("sell 0.333333333 @ 43200.000000001", "b", "BTC/EUR")
            ledger.price(price).price(f"1.0{place}7654321", "EUR/USDT").pay("-3.333333333").pay("4.444444444", "EUR")
        ledger.after(10 * MINUTE // SECOND).price("43001.000000001").restate(1, busts=True).restate(2, busts=False)
        yield from (ledger.seen(), ledger.seen("a"), ledger.seen("b"))


def judged():
    accounts = (None, SpotAccount(), MarginAccount(leverage="3.123456789", maintenance_margin="0.123456789"))
    for account in accounts:
        cash = {"USDT": exact("cash", "1234567.123456789"), "BTC": exact("cash", "77.123456789")}
        at = TimedDesk(LIMITS, *GRID, priced=False, cash=cash, account=account, rules=RULES)
        at.tell(Quote("BTC/USDT", bid="43210.987654321", ask="43211.123456789", bid_size="1.5", ask_size="2.5"))
        at.tell(Quote("EUR/USDT", bid="1.123456788", ask="1.123456789"))
        at.tell(Quote("BTC/EUR", bid="39000.123456789", ask="39001.123456789"))
        yield at.ask(buy("a", "43210.999999999", "1.123456789"))
        yield at.ask(buy("b", "43210.999999998", "2.123456789"), at=SECOND // 3)
        yield at.ask(sell("c", None, "0.123456789"), at=SECOND // 2)
        yield at.ask(buy("d", "38999.999999999", "0.123456789", symbol="BTC/EUR"), at=SECOND)
        for order_id, quantity, price in [("a", "1", "43210.999999999"), ("c", "0.123456789", "43100.987654321")]:
            at.filled(order_id, quantity, price=price, fee="0.123456789")
        yield at.ask(ModifyOrder("b", quantity="3.123456789", price="43210.999999997"), at=2 * SECOND)
        fact = at.risk.move_cash(MoveCash("USDT", "-3.333333333", transfer_id="t", source="system"), NOW)
        at.fact(fact)
        at.tell(Quote("BTC/USDT", bid="42210.987654321", ask="42211.123456789"))
        at.report(r.VenueFilled, "x", symbol="BTC/USDT", side=Side.SELL, fill=_theirs())
        yield from (
            fact,
            at.risk.account(7),
            at.risk.margin.margin(),
            at.risk.tripped(NOW),
            dict(at.risk.exposures.all()),
        )
        yield from (at.ask(buy(str(place), "42210.5", f"5{place}.123456789")) for place in range(3))


def _theirs():
    return r.Fill(execution_id="t", quantity="7.123456789", price="42222.222222222", fee="1.1", fee_currency="EUR")


EXPECTED = written(results())


@pytest.mark.fault(36)
@pytest.mark.parametrize(
    "context",
    [
        pytest.param({"prec": 1, "Emax": 1, "Emin": -1, "capitals": 0, "clamp": 1, "traps": EVERY_TRAP}, id="cramped"),
        pytest.param({"prec": 1, "Emax": 0, "Emin": 0, "capitals": 0, "clamp": 0, "traps": []}, id="silent"),
        pytest.param({"prec": 5, "rounding": decimal.ROUND_UP, "traps": []}, id="rounding-up"),
    ],
)
def test_no_figure_of_money_depends_on_the_context_of_the_thread(context):
    with decimal.localcontext(decimal.Context(**context)) as hostile:
        found = results()
        assert not any(hostile.flags.values())
    assert written(found) == EXPECTED


def test_the_story_reaches_what_it_is_to_reach():
    said = "\n".join(EXPECTED)
    for name in ("Approved(", "Denied(", "Tripped(", "CashMoved(", "Margin(", "EquityPoint(", "rounding"):
        assert name in said, name
