"""What is rebuilt from the entries of a life is what that life knew, and the next one goes on as it would have."""

from __future__ import annotations

from decimal import Decimal

import pytest

from orderpit.model import events as e
from orderpit.model import reports as r
from orderpit.model.account import MarginAccount, SpotAccount
from orderpit.model.commands import CancelOrder, ModifyOrder
from orderpit.model.kinds import Action, OrderState, OrderType, Reason, Side, TradingState, Trip
from orderpit.model.limits import RiskLimits, Rule
from orderpit.model.records import EXTERNAL
from orderpit.model.tying import bracket_of, oco_of, oto_of
from orderpit.model.values import changed

from .builders import NOW, report
from .desks import SECOND, buy, group, sell
from .lives import Life, assert_same

S = OrderState


def plain_orders(life: Life) -> None:
    for order_id, price in (("open", "90"), ("part", "101"), ("filled", "101"), ("sent", "80")):
        life.ask(buy(order_id, price, "2"))
    for order_id in ("open", "part"):
        life.report(r.VenueAccepted, order_id, exchange_order_id=order_id)
    life.filled("part", "0.5")
    life.filled("filled", "2", fee="1")
    life.ask(sell("sold", "100", "1"))
    life.filled("sold", "1", price="100")


def refusals(life: Life) -> None:
    life.ask(buy("costly", "90", "100000"))
    life.ask(buy("unknown", symbol="XRP/USDT"))
    life.ask(CancelOrder("nothing"))
    plain_orders(life)
    life.ask(buy("open", "91"))
    life.report(r.VenueRejected, "sent")


def changes(life: Life) -> None:
    plain_orders(life)
    life.ask(ModifyOrder("open", quantity="3", price="95"))
    life.ask(ModifyOrder("part", quantity="9"))
    life.report(r.VenueModifyRejected, "part", request_id=life.blotter.order("part").pending_request_id)
    life.ask(ModifyOrder("part", quantity="1"))
    request_id = life.blotter.order("part").pending_request_id
    life.report(r.VenueModified, "part", request_id=request_id, price=None, quantity="1")
    life.ask(CancelOrder("sent"))
    life.ask(CancelOrder("sent"))
    life.ask(ModifyOrder("sent", quantity="1"))


def executions(life: Life) -> None:
    plain_orders(life)
    life.report(r.VenueFillBusted, "filled", symbol="BTC/USDT", execution_id="x2")
    life.report(r.VenueCancelled, "open")
    life.filled("open", "1")
    life.report(r.VenueFilled, "nobody-knows")
    life.report(r.VenueStatus, "part", state=S.FILLED, filled_quantity="2")


def brackets(life: Life) -> None:
    for name in ("waiting", "entered", "out"):
        life.ask(
            group(
                bracket_of(buy(None, "100", "2"), sell(None, "120", "2"), sell(None, None, "2", stop_price="90")), name
            )
        )
    for name in ("entered", "out"):
        life.filled(f"{name}-0", "2", price="100")
    life.report(r.VenueAccepted, "entered-1")
    life.filled("out-1", "2", price="120")
    life.ask(group(oco_of((buy(None, "90"), buy(None, "95")), "cancel"), "either"))
    life.filled("either-1", "0.4")
    life.ask(group(oto_of(buy(None, "98"), (sell(None, "110"),)), "then"))
    life.ask(group(oco_of((buy(None, "90", "9000"), buy(None, "95", "9000")), "reduce"), "costly"))
    life.ask(CancelOrder("then-1"))


def payments(life: Life) -> None:
    plain_orders(life)
    life.pay("500", "in")
    life.pay("500", "in")
    life.pay("-70", "out")
    life.pay("-1000000", "too-much")
    life.pay("3", "coins", "BTC")


def limits_changed(life: Life) -> None:
    plain_orders(life)
    life.bound(RiskLimits(max_order_quantity="2", max_long="50"))
    life.ask(buy("large", "90", "3"))
    life.bound(RiskLimits(max_order_quantity="5"))
    life.ask(buy("larger", "90", "3"))


def trips(life: Life) -> None:
    plain_orders(life)
    life.halt("one")
    life.halt("s", Action.REDUCE)
    life.ask(buy("opens", "90"))
    life.halt()
    life.ask(buy("halted", "90"))
    life.resume("one")


def resumed(life: Life) -> None:
    plain_orders(life)
    life.halt("s", Action.FLATTEN)
    life.report(r.VenueCancelled, "open")
    life.resume()
    life.ask(buy("again", "90"))


STORIES = (plain_orders, refusals, changes, executions, brackets, payments, limits_changed, trips, resumed)
KINDS = {
    "netted": {},
    "hedged": {"hedged": True},
    "spot": {"account": SpotAccount()},
    "margin": {"account": MarginAccount(leverage="5", maintenance_margin="0.1")},
    "no amend": {"amends": False},
    "no ties": {"ties": False},
    "no cash": {"cash": None},
}


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_what_is_rebuilt_is_what_was_known(story, kind):
    life = Life(**kind).price()
    story(life)
    assert_same(life.recovered().priced_as(life).known(), life.known())


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_it_is_the_same_at_every_entry_and_when_it_is_rebuilt_from_what_was_rebuilt(story):
    life = Life().price()
    life.pictures = {}
    story(life)
    assert len(life.pictures) > 5
    for sequence, known in life.pictures.items():
        again = life.recovered(sequence)
        assert_same(again.recovered().priced_as(life).known(), known)
