"""What is found wrong with orders while a system runs."""

from __future__ import annotations

from builders import NOW
from test_audit import BOUGHT, LIVES, SOLD

from orderpit.model import events as e
from orderpit.model.account_events import CashMoved
from orderpit.model.auditing import Auditing
from orderpit.model.numbers import ONE
from orderpit.model.values import changed


def test_an_order_that_keeps_the_laws_and_one_that_works_and_a_payment_are_let_be():
    auditing = Auditing()
    assert [auditing.on_update(e.OrderUpdate(at, *pair)) for at, pair in enumerate(LIVES, start=1)] == [()] * len(LIVES)
    assert not SOLD.is_closed
    assert auditing.on_update(e.OrderUpdate(1, LIVES[-1][0], changed(SOLD, filled_notional=ONE))) == ()
    moved = CashMoved(time_ns=NOW, source="test", currency="USDT", amount=ONE, transfer_id="t", text="")
    assert auditing.on_update(e.OrderUpdate(1, moved, None)) == ()


def test_a_closed_order_that_breaks_a_law_is_found_once_and_again_after_a_person_has_resumed():
    auditing, update = Auditing(), e.OrderUpdate(5, LIVES[4][0], changed(BOUGHT, filled_notional=ONE))
    # 4 * 100 + 6 * 101 = 1006.
    expected = ("notional = sum of fills: bought: found 1, expected 1006",)
    assert [auditing.on_update(update), auditing.on_update(update)] == [expected, ()]
    auditing.resume()
    assert auditing.on_update(update) == expected


def test_what_is_found_is_bounded_and_printable():
    auditing = Auditing()
    assert auditing.found(["a\nb" + "x" * 300]) == ("a?b" + "x" * 197,)
    assert len(auditing.found(str(number) for number in range(2_000))) == 999
