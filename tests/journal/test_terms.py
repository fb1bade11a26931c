"""What a journal is begun with is read back as it was, and changes only where nothing recorded changes with it."""

from __future__ import annotations

from decimal import Decimal

import attrs
import pytest
from journal_in_memory import BTC, TERMS, run

from orderpit import Instrument, OrderType, Side, SubmitOrder
from orderpit.journal.books import Books
from orderpit.journal.continuing import Used, conflicts, refuse_changes
from orderpit.journal.terms import JournalTerms, decode_terms, encode_terms
from orderpit.model.account import Currency, MarginAccount, SpotAccount
from orderpit.model.errors import InvalidJournal, JournalCorrupt
from orderpit.model.events import OrderCreated, OrderUpdate
from orderpit.model.lifecycle import apply
from orderpit.model.records import EXTERNAL

ETH = Instrument("ETHUSD", price_increment="0.1", quantity_increment="1", base_currency="ETH", quote_currency="USD")
SOL = Instrument("SOL/USDT", price_increment="0.1", quantity_increment="1")
FULL = JournalTerms(
    instruments=(BTC, ETH),
    cash=(("USDT", Decimal("1.50")),),
    account=MarginAccount(leverage="5", maintenance_margin="0.1"),
    currencies=(Currency("USDT", 2), Currency("USD")),
    currency="USDT",
    cost_basis="fifo",
    positions="hedged",
    package="1.2",
)
HELD = Used(held=frozenset({"BTC/USDT"}), ours=frozenset({"BTC/USDT"}))
LATER = Used(
    held=frozenset({"SOL/USDT"}),
    ours=frozenset({"SOL/USDT"}),
    quantities={"SOL/USDT": (Decimal(6), Decimal(0), Decimal(4))},
    prices={"SOL/USDT": (Decimal("20.5"),)},
)
LEFT = Used(
    held=frozenset({"SOL/USDT"}), ours=frozenset({"SOL/USDT"}), quantities={"SOL/USDT": (Decimal(0), Decimal(-6))}
)
SOLD = Used()


@pytest.mark.parametrize(
    "terms",
    [FULL, TERMS, JournalTerms(instruments=()), attrs.evolve(FULL, account=SpotAccount())],
    ids=["full", "plain", "empty", "spot"],
)
def test_terms_are_read_back_as_they_were(terms):
    assert decode_terms(encode_terms(terms)) == terms


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        encode_terms(FULL) + b" ",
        encode_terms(FULL).replace(b'"version":1', b'"version":2'),
        encode_terms(FULL).replace(b'"price_increment":"0.01"', b'"price_increment":"0"'),
        encode_terms(FULL).replace(b'"leverage":"5"', b'"leverage":"50"'),
        encode_terms(FULL).replace(b'"currency":"USDT"', b'"currency":"US DT"'),
        encode_terms(FULL).replace(b'"1.50"', b'"-1.50"'),
        encode_terms(FULL).replace(b'"1.50"', b'"NaN"'),
        encode_terms(FULL).replace(b'"package"', b'"more":1,"package"'),
        encode_terms(FULL).replace(b'"maintenance_margin":"0.1"', b'"maintenance_margin":null'),
        encode_terms(attrs.evolve(FULL, instruments=(BTC, BTC))),
    ],
    ids=["nothing", "empty", "blank", "newer", "zero", "margin", "currency", "debt", "nan", "unknown", "null", "twice"],
)
def test_terms_that_would_not_have_been_written_are_refused(body):
    with pytest.raises(JournalCorrupt, match=r"j\.db: the terms that it was begun with"):
        decode_terms(body, "j.db")


def finer(**changes):
    return attrs.evolve(TERMS, instruments=(attrs.evolve(BTC, **changes),))


def added(**changes):
    return attrs.evolve(TERMS, instruments=(BTC, attrs.evolve(SOL, **changes)))


@pytest.mark.parametrize(
    ("now", "used", "fields"),
    [
        (TERMS, HELD, []),
        (attrs.evolve(TERMS, instruments=(BTC, SOL)), HELD, []),
        (attrs.evolve(TERMS, instruments=(BTC, ETH)), HELD, ["instruments ETHUSD base", "instruments ETHUSD quote"]),
        (
            attrs.evolve(TERMS, instruments=(BTC, attrs.evolve(SOL, base_currency="S"))),
            HELD,
            ["instruments SOL/USDT base"],
        ),
        (attrs.evolve(TERMS, instruments=(SOL,)), HELD, ["instruments"]),
        (attrs.evolve(TERMS, instruments=(SOL,)), SOLD, []),
        (TERMS, LATER, ["instruments"]),
        (attrs.evolve(TERMS, instruments=(BTC, SOL)), LATER, []),
        (TERMS, LEFT, ["instruments"]),
        (attrs.evolve(TERMS, instruments=(BTC, SOL)), LEFT, []),
        (added(price_increment="1"), LATER, ["instruments SOL/USDT price_increment"]),
        (added(price_increment="0.5", quantity_increment="2"), LATER, []),
        (added(quantity_increment="4"), LATER, ["instruments SOL/USDT quantity_increment"]),
        (added(quantity_increment="4"), LEFT, ["instruments SOL/USDT quantity_increment"]),
        (added(quantity_increment="4"), SOLD, []),
        (finer(price_increment="0.1"), HELD, ["instruments BTC/USDT price_increment"]),
        (finer(quantity_increment="1"), HELD, ["instruments BTC/USDT quantity_increment"]),
        (finer(price_increment="0.1"), SOLD, []),
        (finer(max_quantity="9"), HELD, []),
        (finer(quote_currency="USDC"), SOLD, ["instruments BTC/USDT quote"]),
        (finer(base_currency="XBT"), SOLD, ["instruments BTC/USDT base"]),
        (attrs.evolve(TERMS, cash=(("USDT", Decimal(1)),)), SOLD, ["cash"]),
        (attrs.evolve(TERMS, cash=None), SOLD, ["cash"]),
        (attrs.evolve(TERMS, account=SpotAccount()), HELD, ["account"]),
        (attrs.evolve(TERMS, account=SpotAccount()), SOLD, []),
        (attrs.evolve(TERMS, currency="EUR"), SOLD, ["currency"]),
        (attrs.evolve(TERMS, cost_basis="lifo", positions="hedged"), SOLD, ["cost_basis", "positions"]),
        (attrs.evolve(TERMS, currencies=(Currency("USDT", 2),)), SOLD, ["currencies USDT"]),
        (attrs.evolve(TERMS, currencies=(Currency("USDT"),)), SOLD, []),
        (attrs.evolve(TERMS, package="99"), HELD, []),
    ],
    ids=[
        *("same", "added", "added-odd", "added-base", "removed-held", "removed-sold", "added-removed", "added-kept"),
        *("added-left", "added-held", "added-tick", "added-whole", "added-lot", "added-lot-held", "added-lot-sold"),
        *("tick-held", "lot-held", "tick-sold", "limit"),
        *("quote", "base", "cash", "no-cash", "account-held", "account-sold", "currency", "basis", "places", "exact"),
        "package",
    ],
)
def test_what_may_change_between_runs(now, used, fields):
    assert [conflict.field for conflict in conflicts(TERMS, now, used)] == fields


def test_cash_in_another_order_is_the_same_cash():
    one = attrs.evolve(TERMS, cash=(("A", Decimal(1)), ("B", Decimal("2.0"))))
    assert not list(conflicts(one, attrs.evolve(one, cash=(("B", Decimal(2)), ("A", Decimal(1)))), HELD))


def test_the_margin_may_change_while_positions_are_held():
    one = attrs.evolve(TERMS, account=MarginAccount(leverage=5, maintenance_margin="0.1"))
    assert not list(
        conflicts(one, attrs.evolve(one, account=MarginAccount(leverage=3, maintenance_margin="0.1")), HELD)
    )


def test_a_conflict_names_the_field_and_both_values():
    with pytest.raises(InvalidJournal) as caught:
        refuse_changes("j.db", TERMS, finer(price_increment="0.5"), HELD)
    assert str(caught.value) == (
        "j.db: instruments BTC/USDT price_increment: begun with 0.01, now 0.5: there are positions or live orders in it"
    )


def test_who_leaves_out_what_was_added_and_is_open_is_told_what_to_do():
    with pytest.raises(InvalidJournal) as caught:
        refuse_changes("j.db", TERMS, TERMS, LEFT)
    assert str(caught.value) == (
        "j.db: instruments: begun with no SOL/USDT, now without SOL/USDT: it was added later, and "
        "there are positions or live orders in it: name it among the instruments"
    )


def test_terms_under_which_a_journal_can_go_on_pass():
    refuse_changes("j.db", TERMS, attrs.evolve(TERMS, instruments=(BTC, SOL), package="2"), HELD)


def test_what_is_open_is_told_by_the_books():
    books = Books(TERMS)
    assert books.used == Used()
    for update in run()[0]:
        books.take(update)
    assert (books.used.held, books.used.ours) == (HELD.held, HELD.ours)
    held = books.portfolio.snapshot().positions["BTC/USDT"]
    working = [books.orders[order_id] for order_id in books.live]
    assert books.used.quantities == {
        "BTC/USDT": (held.long.quantity, held.short.quantity, *(order.leaves_quantity for order in working))
    }
    assert Decimal(50) in books.used.prices["BTC/USDT"]


def test_an_order_of_nobodys_asks_for_no_instrument():
    books = Books(TERMS)
    terms = SubmitOrder("SOL/USDT", Side.BUY, OrderType.MARKET, "1", order_id="x", source=EXTERNAL)
    created = OrderCreated(time_ns=1, source="m", order_id="x", strategy_id=EXTERNAL, terms=terms)
    books.take(OrderUpdate(1, created, apply(None, created)))
    assert (books.used.held, books.used.ours) == ({"SOL/USDT"}, set())
    assert not list(conflicts(TERMS, TERMS, books.used))
