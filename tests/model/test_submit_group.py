"""Groups as they are asked for: what can make one, the ids, what risk holds for them, and the laws of the audit."""

from __future__ import annotations

from itertools import count

import attrs
import pytest
from builders import halt
from groups import SYMBOL, Desk, bracket, limit, named, oco, oto, stop

from orderpit.model.audit import Ledger, check_groups
from orderpit.model.commands import Approved, Denied, ModifyOrder, SubmitGroup, SubmitOrder
from orderpit.model.errors import InvalidOrder
from orderpit.model.gate import Gate
from orderpit.model.instrument import Instrument
from orderpit.model.kinds import Contingency, OrderState, OrderType, Reason, Role, Side, TimeInForce
from orderpit.model.limits import RiskLimits
from orderpit.model.market import Quote
from orderpit.model.numbers import exact
from orderpit.model.reports import VenueAccepted
from orderpit.model.risk import RiskBook
from orderpit.model.tying import BracketIds, GroupIds, bracket_ids, bracket_of, ids_of, oco_of, oto_of, stamped
from orderpit.model.values import changed

ENTRY = limit("entry")
TARGET = limit("target", "10", "110", Side.SELL)
STOP = stop("stop")


# -- what can make a group


def test_a_bracket_by_its_prices_has_exits_of_the_entrys_quantity_on_the_other_side():
    group = bracket_of(attrs.evolve(ENTRY, tag="mine"), "110", 95)
    assert group.contingency is Contingency.BRACKET
    _, target, stop_loss = group.orders
    assert (target.side, target.order_type, target.quantity, target.price) == (Side.SELL, OrderType.LIMIT, 10, 110)
    assert (stop_loss.side, stop_loss.order_type, stop_loss.stop_price) == (Side.SELL, OrderType.STOP, 95)
    assert {order.tag for order in group.orders} == {"mine"}


def test_a_bracket_that_sells_buys_back():
    _, target, stop_loss = bracket_of(limit("entry", side=Side.SELL), "90", "105").orders
    assert {target.side, stop_loss.side} == {Side.BUY}


def test_a_bracket_takes_orders_as_exits():
    assert bracket_of(ENTRY, TARGET, STOP).orders == (ENTRY, TARGET, STOP)


IDS = [
    *("entry", "float", "negative", "target type", "stop type", "symbol", "side", "quantity", "crossed", "short"),
    *("two of three", "kind", "list", "member", "group id", "one leg", "symbols", "same id", "partial", "no then"),
    "no first",
]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: bracket_of("entry", "110", "95"), "entry: must be a SubmitOrder"),
        (lambda: bracket_of(ENTRY, 1.5, "95"), "profit_target: "),
        (lambda: bracket_of(ENTRY, "110", "-1"), "stop_loss: must be greater than zero"),
        (lambda: bracket_of(ENTRY, stop("x"), STOP), "profit_target: must be a LIMIT order"),
        (lambda: bracket_of(ENTRY, TARGET, limit("x", side=Side.SELL)), "stop_loss: must be a STOP, STOP_LIMIT"),
        (lambda: bracket_of(ENTRY, attrs.evolve(TARGET, symbol="ETH/USDT"), STOP), "symbol: must be BTC/USDT"),
        (lambda: bracket_of(ENTRY, TARGET, stop("x", side=Side.BUY)), "side: must be opposite"),
        (lambda: bracket_of(ENTRY, TARGET, stop("x", "9")), "quantity: must be the entry's"),
        (lambda: bracket_of(ENTRY, changed(TARGET, time_in_force=TimeInForce.IOC), STOP), "must be GTC, GTD or DAY"),
        (lambda: bracket_of(ENTRY, changed(TARGET, time_in_force=TimeInForce.FOK), STOP), "must be GTC, GTD or DAY"),
        (lambda: bracket_of(ENTRY, "95", "95"), "profit_target: must be above the stop loss"),
        (lambda: bracket_of(limit("e", side=Side.SELL), "110", "105"), "profit_target: must be below the stop loss"),
        (lambda: SubmitGroup(Contingency.BRACKET, (ENTRY, TARGET)), "orders: must be three"),
        (lambda: SubmitGroup("OCO", (ENTRY, TARGET)), "contingency: must be one of"),
        (lambda: SubmitGroup(Contingency.OCO, [ENTRY, TARGET]), "orders: must be a tuple of SubmitOrder"),
        (lambda: SubmitGroup(Contingency.OCO, (ENTRY, "x")), r"orders\[1\]: must be a SubmitOrder, got 'x'"),
        (lambda: oco_of((ENTRY, [TARGET]), "cancel"), r"orders\[1\]: must be a SubmitOrder"),
        (lambda: SubmitGroup(Contingency.OCO, (ENTRY, TARGET), group_id="a b"), "group_id: "),
        (lambda: oco_of((ENTRY,), "cancel"), "orders: must be at least two"),
        (lambda: oco_of((ENTRY, attrs.evolve(TARGET, symbol="ETH/USDT")), "cancel"), "symbol: must be BTC/USDT"),
        (lambda: oco_of((ENTRY, ENTRY), "cancel"), "order_id: must be another"),
        (lambda: oco_of((ENTRY, TARGET), "both"), "partial: must be one of cancel, reduce"),
        (lambda: oto_of(ENTRY, ()), "orders: must be at least two"),
        (lambda: oto_of(None, (ENTRY,)), "first: must be a SubmitOrder"),
    ],
    ids=[
        "entry",
        "float",
        "negative",
        "target-type",
        "stop-type",
        "symbol",
        "side",
        "quantity",
        "target-ioc",
        "target-fok",
        "crossed",
        "crossed-short",
        "two-of-three",
        "kind",
        "list",
        "member",
        "list-as-member",
        "group-id",
        "one-leg",
        "symbols",
        "same-id",
        "partial",
        "nothing-then",
        "nothing-first",
    ],
)
def test_what_can_make_no_group_is_refused_by_name(make, message):
    with pytest.raises(InvalidOrder, match=message):
        make()


def test_a_trailing_stop_has_no_price_to_be_compared():
    trailing = SubmitOrder(SYMBOL, Side.SELL, OrderType.TRAILING_STOP, "10", trailing_offset="2")
    assert bracket_of(ENTRY, "110", trailing).roles == (Role.ENTRY, Role.PROFIT_TARGET, Role.STOP_LOSS)


def test_the_roles_of_the_others():
    assert oco_of((ENTRY, TARGET), "cancel").roles == (Role.LEG, Role.LEG)
    assert oco_of((ENTRY, TARGET), "reduce").contingency is Contingency.OUO
    assert oto_of(ENTRY, (attrs.evolve(TARGET, symbol="ETH/USDT"),)).roles == (Role.FIRST, Role.THEN)


def test_the_edge_gives_ids_where_there_are_none():
    ids = count(1)
    entry = attrs.evolve(ENTRY, order_id=None)
    group = stamped(bracket_of(entry, TARGET, "95"), lambda: f"n-{next(ids)}", 7, "me")
    assert ids_of(group) == GroupIds("n-1", ("n-2", "target", "n-3"))
    assert bracket_ids(ids_of(group)) == BracketIds("n-1", "n-2", "target", "n-3")
    assert {(order.time_ns, order.source) for order in group.orders} == {(7, "me")}
    kept = stamped(changed(group, group_id="g"), lambda: "x", 7, "me")
    assert kept.group_id == "g"


def test_what_is_asked_for_again_under_the_first_orders_id_gets_the_same_ids():
    ids = count(1)
    first, again = (stamped(bracket_of(ENTRY, "110", "95"), lambda: f"n-{next(ids)}", 7, "me") for _ in range(2))
    assert first == again
    assert ids_of(first) == GroupIds("entry", ("entry", "entry/2", "entry/3"))
    assert next(ids) == 1


def test_an_id_too_long_to_make_others_of_leaves_them_to_the_system():
    ids = count(1)
    entry = attrs.evolve(ENTRY, order_id="e" * 63)
    group = stamped(bracket_of(entry, "110", "95"), lambda: f"n-{next(ids)}", 7, "me")
    assert ids_of(group) == GroupIds("e" * 63, ("e" * 63, "n-1", "n-2"))


# -- what risk holds


def book(cash="10000") -> RiskBook:
    instrument = Instrument(SYMBOL, price_increment="1", quantity_increment="1")
    return RiskBook({SYMBOL: instrument}, RiskLimits(), cash={"USDT": exact("cash", cash)})


def judged(risk, group):
    risk.on_market_data(Quote(SYMBOL, bid="99", ask="100"))
    verdict = risk.decide(group, 1)
    risk.commit(verdict)
    return verdict


def text(verdict):
    return "approved" if isinstance(verdict, Approved) else f"{verdict.refusal.reason.value}: {verdict.refusal.text}"


def short_bracket():
    return named(bracket_of(limit("entry", side=Side.SELL), "90", "105"))


def test_of_exits_that_close_each_other_the_dearest_alone_is_held():
    risk = book()
    assert text(judged(risk, short_bracket())) == "approved"
    assert risk.reserved == {"USDT": 1050}


def test_of_alternatives_the_dearest_alone_is_held():
    risk = book()
    judged(risk, oco())
    assert risk.reserved == {"USDT": 1100}


def test_the_entry_is_held_by_itself_and_what_sells_costs_nothing():
    risk = book()
    judged(risk, bracket())
    assert risk.reserved == {"USDT": 1000}


def test_everything_that_an_oto_may_buy_is_held():
    risk = book()
    judged(risk, named(oto_of(limit("a"), (limit("b"),))))
    assert risk.reserved == {"USDT": 2000}


@pytest.mark.parametrize(("cash", "expected"), [("2000", "approved"), ("1999", "INSUFFICIENT_FUNDS")])
def test_the_orders_of_a_group_must_be_paid_together(cash, expected):
    verdict = judged(book(cash), named(oto_of(limit("a"), (limit("b"),))))
    assert text(verdict).startswith(expected)
    if expected != "approved":
        assert "then b: cost with fee 1000: must be at most the 999 USDT that are free" in text(verdict)


def test_a_refusal_names_the_order_and_refuses_all():
    risk = book()
    verdict = judged(risk, named(bracket_of(ENTRY, "110.5", "95")))
    assert text(verdict).startswith("PRICE_INCREMENT: profit target entry/2: price 110.5: ")
    assert not any(risk.reserved.values())


def test_without_a_market_price_a_stop_that_buys_cannot_be_valued():
    risk = book()
    market = SubmitOrder(SYMBOL, Side.BUY, OrderType.MARKET, "1", order_id="m")
    verdict = risk.decide(named(oto_of(limit("a"), (market,))), 1)
    assert text(verdict) == "NO_REFERENCE_PRICE: then m: quantity 1: no market price is known to value it by"


def test_without_an_account_no_funds_are_judged():
    instrument = Instrument(SYMBOL, price_increment="1", quantity_increment="1")
    assert isinstance(RiskBook({SYMBOL: instrument}, RiskLimits()).decide(bracket(), 1), Approved)


def test_a_halt_denies_a_group():
    risk = book()
    risk.gate = risk.gate.tripped(halt("enough"))
    assert "trading is halted: enough" in text(judged(risk, bracket()))


def test_a_repeated_id_is_the_order_managers_to_refuse_and_holds_nothing_twice():
    risk = book()
    judged(risk, short_bracket())
    assert (
        text(judged(risk, short_bracket())) == "DUPLICATE_ID: order_id entry: is taken by an order that is on its way"
    )
    assert risk.reserved == {"USDT": 1050}


def test_exits_that_only_reduce_have_the_entry_to_reduce():
    exits = [attrs.evolve(order, reduce_only=True) for order in (TARGET, STOP)]
    assert text(judged(book(), named(bracket_of(ENTRY, *exits)))) == "approved"


def test_what_is_held_follows_the_orders_to_their_end():
    risk, desk = book(), Desk()
    verdict = judged(risk, short_bracket())
    seen = 0

    def follow(outcome):
        nonlocal seen
        for update in outcome.updates:
            risk.on_update(update)
            seen += 1

    follow(desk.take(desk.blotter.decide_command(verdict, 1)))
    follow(desk.filled("entry", "10"))
    orders = [order.order_id for order in desk.group().orders]
    for order_id in orders[1:]:
        follow(desk.report(VenueAccepted, order_id))
    follow(desk.filled(orders[1], "4"))
    assert risk.reserved == {"USDT": 1050}, "until the stop has shrunk"
    follow(desk.amended(orders[2]))
    assert risk.reserved == {"USDT": 630}
    follow(desk.expired(orders[2]))
    assert risk.reserved == {"USDT": 600}, "what closes it at the market, at 100"
    follow(desk.filled(desk.group().orders[-1].order_id, "6"))
    follow(desk.cancelled(orders[1]))
    assert risk.reserved == {"USDT": 0}
    assert risk.funds.reserved._pools._pools == {}


def test_a_group_that_was_refused_after_all_holds_nothing():
    risk, desk = book(), Desk()
    verdict = judged(risk, short_bracket())
    for update in desk.take(desk.blotter.decide_unhandled(verdict, 1)).updates:
        risk.on_update(update)
    assert not any(risk.reserved.values())


@pytest.mark.parametrize(("price", "expected"), [("109", "approved"), ("200", "INSUFFICIENT_FUNDS")])
def test_a_modification_of_an_alternative_is_judged_by_what_it_adds_to_the_dearest(price, expected):
    risk = book("1100")
    judged(risk, oco())
    verdict = judged(risk, ModifyOrder("low", price=price))
    assert text(verdict).startswith(expected)


# -- the audit


def violations(desk):
    ledger = Ledger()
    check_groups(ledger, tuple(desk.blotter.orders()), tuple(desk.blotter.groups), desk.blotter.gate)
    return ledger.report().violations


def entered():
    desk = Desk(bracket())
    desk.filled("entry", "10")
    desk.opened("stop", "target")
    return desk


def test_the_audit_finds_nothing_in_what_is_in_order():
    assert violations(entered()) == ()


def test_the_audit_expects_an_order_of_no_group_in_none():
    desk = entered()
    desk.take(desk.blotter.decide_command(Approved(limit("alone", source="s"), desk.now, "risk"), desk.now))
    assert desk.order("alone").group_id is None
    assert violations(desk) == ()


def test_the_audit_finds_a_group_that_is_not_of_its_orders():
    desk = entered()
    ledger = Ledger()
    check_groups(ledger, tuple(desk.blotter.orders()), (), Gate())
    assert "a group is of its orders" in ledger.report().violations[0]


def tampered(group, order_id, **changes):
    legs = tuple(
        changed(leg, order=changed(leg.order, **changes)) if leg.order.order_id == order_id else leg
        for leg in group.legs
    )
    return changed(group, legs=legs)


def broken(group):
    ledger = Ledger()
    orders = tuple(group.orders)
    check_groups(ledger, orders, (group,), Gate())
    return " ".join(ledger.report().violations)


S = OrderState
Q = {name: exact("q", name) for name in ("0", "7", "10", "12")}


@pytest.mark.parametrize(
    ("changes", "law"),
    [
        ({"stop": {"quantity": Q["7"]}}, "exits working = entry filled and not yet closed"),
        ({"target": {"quantity": Q["12"]}}, "exits working = entry filled and not yet closed"),
        ({"entry": {"filled_quantity": Q["0"]}}, "nothing works when nothing is open"),
        ({"stop": {"state": S.PENDING}}, "what waits is held for a reason"),
        ({"stop": {"state": S.EXPIRED}}, "what is open has a stop"),
        ({"target": {"state": S.FILLED}, "entry": {"state": S.OPEN}}, "nothing more enters when an exit has completed"),
    ],
    ids=["small", "large", "flat", "waits", "bare", "over"],
)
def test_the_audit_finds_exits_that_do_not_follow(changes, law):
    group = entered().group()
    for order_id, fields in changes.items():
        group = tampered(group, order_id, **fields)
    assert law in broken(group)


def test_the_audit_finds_two_orders_that_are_one_exit():
    group = entered().group()
    assert "one order at a time" in broken(changed(group, legs=(*group.legs, group.legs[-1])))


@pytest.mark.parametrize(
    ("contingency", "filled", "law"),
    [
        (Contingency.OCO, Q["7"], "one execution ends the others"),
        (Contingency.OUO, Q["7"], "exits working = entry filled and not yet closed"),
        (Contingency.OUO, Q["10"], "nothing works when nothing is open"),
    ],
    ids=["oco", "ouo", "ouo-done"],
)
def test_the_audit_finds_alternatives_that_do_not_follow(contingency, filled, law):
    desk = Desk(oco(contingency))
    desk.opened("low", "high")
    group = changed(tampered(desk.group(), "low", filled_quantity=filled), first_executed="low")
    assert law in broken(group)


def test_the_audit_finds_what_waits_for_nothing():
    desk = Desk(oto())
    assert "what waits is held for a reason" in broken(tampered(desk.group(), "first", state=S.FILLED))
    assert "what waits is held for a reason" in broken(tampered(desk.group(), "first", state=S.CANCELLED))


def test_refusals_are_told_of_the_group():
    denied = judged(book("1"), bracket())
    assert isinstance(denied, Denied)
    assert denied.refusal.reason is Reason.INSUFFICIENT_FUNDS


@pytest.mark.parametrize(
    ("entry", "target", "loss", "message"),
    [
        (limit("entry", "10", "95"), "110", "95", "stop_loss: must be below the entry's price 95, got Decimal('95')"),
        (
            limit("entry", "10", "95", Side.SELL),
            "80",
            "94",
            "stop_loss: must be above the entry's price 95, got Decimal('94')",
        ),
        (
            stop("entry", "10", "105", Side.BUY),
            "105",
            "100",
            "profit_target: must be above the entry's stop price 105, got Decimal('105')",
        ),
        (stop("entry"), "96", "100", "profit_target: must be below the entry's stop price 95, got Decimal('96')"),
    ],
    ids=["buy limit", "sell limit", "buy stop", "sell stop"],
)
def test_an_exit_that_is_reached_whenever_its_entry_fills_is_refused(entry, target, loss, message):
    with pytest.raises(InvalidOrder) as caught:
        bracket_of(entry, target, loss)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("entry", "target", "loss"),
    [
        (limit("entry", "10", "105"), "103", "102"),
        (limit("entry", "10", "95", Side.SELL), "97", "98"),
        (stop("entry", "10", "105", Side.BUY), "110", "107"),
        (stop("entry"), "90", "93"),
    ],
    ids=["buy far better", "sell far better", "buy far beyond", "sell far beyond"],
)
def test_an_exit_that_waits_where_the_entry_fills_better_or_beyond_is_let_pass(entry, target, loss):
    assert bracket_of(entry, target, loss).orders[0] == entry
