"""The audit: clean books pass, and each law is seen to fail on books that break it."""

from __future__ import annotations

from types import MappingProxyType

import attrs
import pytest
from builders import NOW, fill, number, terms

from orderpit.model import events as e
from orderpit.model.account import Currency
from orderpit.model.account_events import CashMoved
from orderpit.model.audit import Ledger, check_orders, check_venue
from orderpit.model.audit_money import check_portfolio
from orderpit.model.booking import Flows
from orderpit.model.chain import Chain
from orderpit.model.instrument import Instrument
from orderpit.model.kinds import OrderState, OrderType, Side
from orderpit.model.lifecycle import apply
from orderpit.model.order import Order
from orderpit.model.portfolio import PortfolioBook
from orderpit.model.values import changed
from orderpit.model.venue import VenueOrder

BTC = Instrument("BTC/USDT", price_increment="1", quantity_increment="1")
INSTRUMENTS = {"BTC/USDT": BTC}
CASH = {"USDT": number("10000")}


def life_of(order_id, side, *fills, strategy="strategy"):
    head = {"time_ns": NOW, "source": "test", "order_id": order_id}
    created = e.OrderCreated(**head, strategy_id=strategy, terms=terms(order_id=order_id, side=side))
    events = [
        created,
        e.OrderSubmitted(**head, client_order_id=order_id),
        e.OrderOpened(**head, exchange_order_id="v-1"),
        *(e.OrderFilled(**head, fill=one) for one in fills),
    ]
    order, updates = None, []
    for event in events:
        order = apply(order, event)
        updates.append((event, order))
    return updates


LIVES = (
    *life_of("bought", Side.BUY, fill("x-1", "4", "100"), fill("x-2", "6", "101")),
    *life_of("sold", Side.SELL, fill("x-3", "3", "105")),
)
BOUGHT, SOLD = LIVES[4][1], LIVES[8][1]
PORTFOLIO = PortfolioBook(INSTRUMENTS, CASH)
for number_, (event_, order_) in enumerate(LIVES, start=1):
    PORTFOLIO.on_update(e.OrderUpdate(number_, event_, order_))
SNAPSHOT, EXECUTED = PORTFOLIO.snapshot(), PORTFOLIO.executed()


def at_venue(order, **changes):
    fields = {
        "client_order_id": order.order_id,
        "exchange_order_id": "v-1",
        "symbol": order.symbol,
        "side": order.side,
        "order_type": OrderType.LIMIT,
        "quantity": order.quantity,
        "price": order.price,
        "stop_price": None,
        "priority": 1,
        "draw_key": "X-1",
        "state": order.state,
        "filled": order.filled_quantity,
        "notional": order.filled_notional,
        "fees": order.fees_paid,
    }
    return VenueOrder(**fields | changes)


def violated(check, *arguments):
    ledger = Ledger()
    check(ledger, *arguments)
    report = ledger.report()
    assert report.checks > 0
    assert report.is_clean is not bool(report.violations)
    return {violation.split(":")[0] for violation in report.violations}


def test_orders_that_kept_every_law_are_clean():
    assert violated(check_orders, (BOUGHT, SOLD)) == set()


@pytest.mark.parametrize(
    ("order", "law"),
    [
        pytest.param(changed(SOLD, filled_quantity=number("4")), "filled = sum of fills", id="a quantity too much"),
        pytest.param(changed(SOLD, filled_notional=number("1")), "notional = sum of fills", id="a notional"),
        pytest.param(changed(SOLD, fees_paid=number("9")), "fees = sum of fills", id="a fee"),
        pytest.param(
            changed(SOLD, state=OrderState.FILLED, filled_quantity=number("2")),
            "filled = sum of fills",
            id="a fill lost on the way to FILLED",
        ),
        pytest.param(
            changed(SOLD, fill_chain=Chain.of((*SOLD.fills, *SOLD.fills))),
            "execution ids are unique",
            id="an execution booked twice",
        ),
    ],
)
def test_an_order_that_breaks_a_law_is_named(order, law):
    assert law in violated(check_orders, (order,))


class Leaky(Order):
    """An order whose leaves forget what has filled."""

    @property
    def leaves_quantity(self):
        return self.quantity


def test_an_order_whose_parts_do_not_add_up_is_named():
    leaky = Leaky(**{field.name: getattr(SOLD, field.name) for field in attrs.fields(Order)})
    assert violated(check_orders, (leaky,)) == {"filled - excess + leaves + cancelled = quantity"}


def test_a_venue_that_agrees_is_clean():
    assert violated(check_venue, (BOUGHT, SOLD), (at_venue(BOUGHT), at_venue(SOLD))) == set()


@pytest.mark.parametrize(
    ("there", "law"),
    [
        pytest.param(at_venue(SOLD, filled=number("4")), "executed = booked, quantity", id="quantity"),
        pytest.param(at_venue(SOLD, notional=number("4")), "executed = booked, notional", id="notional"),
        pytest.param(at_venue(SOLD, fees=number("4")), "executed = booked, fees", id="fees"),
        pytest.param(at_venue(SOLD, state=OrderState.CANCELLED), "live here = live there", id="closed there"),
        pytest.param(
            at_venue(SOLD, client_order_id="other"), "the order manager knows the venue's order", id="unknown here"
        ),
    ],
)
def test_a_venue_that_disagrees_is_found(there, law):
    assert law in violated(check_venue, (SOLD,), (there,))


def test_an_execution_booked_here_that_the_venue_does_not_know_is_found():
    assert violated(check_venue, (SOLD,), ()) == {"executed = booked, quantity"}


def test_an_order_in_doubt_may_live_here_and_not_there():
    there = at_venue(SOLD, state=OrderState.CANCELLED)
    assert violated(check_venue, (changed(SOLD, in_doubt=True),), (there,)) == set()


def check_books(orders=(BOUGHT, SOLD), snapshot=SNAPSHOT, executed=EXECUTED, cash=CASH):
    return violated(check_portfolio, orders, snapshot, executed, cash, INSTRUMENTS)


def test_a_portfolio_that_agrees_is_clean():
    assert check_books() == set()


@pytest.mark.parametrize(
    ("books", "law"),
    [
        pytest.param({"orders": (BOUGHT,)}, "order manager = portfolio, sold", id="an order lost"),
        pytest.param({"orders": (SOLD,)}, "order manager = portfolio, bought", id="the other lost"),
        pytest.param({"executed": {}}, "order manager = portfolio, cash flow", id="fills lost"),
        pytest.param({"orders": ()}, "order manager = portfolio, bought", id="fills from nowhere"),
        pytest.param(
            {"executed": {"BTC/USDT": Flows(number("10"), number("3"), number("1"))}},
            "order manager = portfolio, cash flow",
            id="a price lost",
        ),
        pytest.param(
            {"cash": {"USDT": number("9999")}},
            "opening cash + deposits + flows - fees + rounding = cash",
            id="cash from nowhere",
        ),
        pytest.param(
            {"snapshot": changed(SNAPSHOT, positions=MappingProxyType({}))},
            "position = bought - sold",
            id="a position lost",
        ),
        pytest.param(
            {"snapshot": changed(SNAPSHOT, fees=MappingProxyType({"USDT": number("1")}))},
            "realised + unrealised - fees + rounding = equity - opening cash - deposits",
            id="a fee lost",
        ),
    ],
)
def test_a_portfolio_that_disagrees_is_found(books, law):
    assert law in check_books(**books)


def test_a_violation_names_law_subject_and_both_figures():
    ledger = Ledger()
    ledger.check("law", "subject", number("1.50"), number("2"))
    ledger.check("law", "subject", "same", "same")
    assert ledger.report().violations == ("law: subject: found 1.5, expected 2",)
    assert ledger.report().checks == 2


# -- strategies, deposits and rounding

CENTS = {"USDT": Currency("USDT", places=2)}
CROSSING = (
    *life_of("a-1", Side.BUY, fill("y-1", "4", "100.001"), strategy="a"),
    *life_of("b-1", Side.SELL, fill("y-2", "3", "105.004"), strategy="b"),
)


def crossing_books():
    book = PortfolioBook(INSTRUMENTS, CASH, currencies=CENTS)
    for number_, (event_, order_) in enumerate(CROSSING, start=1):
        book.on_update(e.OrderUpdate(number_, event_, order_))
    moved = CashMoved(time_ns=NOW, source="risk", transfer_id="t", currency="USDT", amount=number("50"), text="")
    book.on_update(e.OrderUpdate(book.sequence + 1, moved, None))
    return book.snapshot(), book.executed()


CROSSED, CROSSED_FLOWS = crossing_books()


def check_crossed(snapshot=CROSSED, orders=(CROSSING[3][1], CROSSING[7][1]), currencies=CENTS):
    return violated(check_portfolio, orders, snapshot, CROSSED_FLOWS, CASH, INSTRUMENTS, currencies)


def of_a(**changes):
    return changed(CROSSED, strategies={**CROSSED.strategies, "a": changed(CROSSED.strategies["a"], **changes)})


def usdt(amount):
    return MappingProxyType({"USDT": number(amount)})


def test_two_strategies_that_cross_a_deposit_and_rounding_are_clean():
    assert all((CROSSED.crossed["USDT"], CROSSED.rounding["USDT"], CROSSED.deposits["USDT"]))
    assert check_crossed() == set()


POSITION = CROSSED.positions["BTC/USDT"]
SUM = "sum of the strategies' "


@pytest.mark.parametrize(
    ("books", "law"),
    [
        pytest.param({"snapshot": of_a(positions={})}, SUM + "positions = the account's", id="a strategy's position"),
        pytest.param(
            {"snapshot": of_a(positions={})}, "position = bought - sold", id="a strategy's position by itself"
        ),
        pytest.param(
            {"snapshot": of_a(cash=usdt("1"))},
            "opening cash + deposits + flows - fees + rounding = cash",
            id="a strategy's cash",
        ),
        pytest.param({"snapshot": of_a(fees=usdt("9"))}, "fees = sum of fees", id="a strategy's fees"),
        pytest.param(
            {"snapshot": of_a(realised_pnl=usdt("1"))},
            "realised + unrealised - fees + rounding = equity - opening cash - deposits",
            id="a strategy's profit",
        ),
        pytest.param(
            {"snapshot": changed(CROSSED, strategies={"a": CROSSED.strategies["a"]})},
            "who has traded has a book",
            id="a strategy lost",
        ),
        pytest.param(
            {"snapshot": changed(CROSSED, deposits=usdt("49"))},
            "opening cash + deposits + flows - fees + rounding = cash",
            id="a deposit",
        ),
        pytest.param(
            {"snapshot": changed(CROSSED, rounding=usdt("0"))}, "rounding = sum of rounding", id="rounding forgotten"
        ),
        pytest.param({"currencies": {}}, "rounding = sum of rounding", id="rounding that nobody asked for"),
        pytest.param(
            {"snapshot": changed(CROSSED, crossed=usdt("0"))},
            SUM + "realised + crossed = the account's",
            id="what crossed",
        ),
        pytest.param(
            {"snapshot": changed(CROSSED, unrealised_pnl=usdt("0"))},
            SUM + "unrealised - crossed = the account's",
            id="unrealised",
        ),
        pytest.param(
            {
                "snapshot": changed(
                    CROSSED,
                    positions={"BTC/USDT": changed(POSITION, long=changed(POSITION.long, quantity=number("2")))},
                )
            },
            "position = long - short",
            id="a side",
        ),
    ],
)
def test_a_book_of_a_strategy_that_disagrees_is_found(books, law):
    assert law in check_crossed(**books)


def test_who_has_traded_nothing_needs_no_book():
    idle = changed(CROSSING[3][1], order_id="i", strategy_id="idle", filled_quantity=number("0"))
    idle = changed(idle, filled_notional=number("0"), fill_chain=Chain())
    assert check_crossed(orders=(CROSSING[3][1], CROSSING[7][1], idle)) == set()


def test_of_an_order_of_an_earlier_life_a_venue_that_has_begun_anew_knows_nothing():
    assert violated(check_venue, (SOLD, BOUGHT), (at_venue(BOUGHT),), {"sold"}) == set()
    assert violated(check_venue, (SOLD, BOUGHT), (), {"sold"}) == {"executed = booked, quantity"}
    # What it does know of it must agree.
    assert violated(check_venue, (SOLD,), (at_venue(SOLD, filled=number("4")),), {"sold"}) == {
        "executed = booked, quantity"
    }
