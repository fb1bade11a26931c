"""While trading only reduces, whatever passes can neither open a position nor flip one, in any order of all fills."""

from __future__ import annotations

import itertools
from decimal import Decimal

import pytest
from builders import NOW, terms
from reference_exposure import Resting, worst

from orderpit.model.checking import Asked
from orderpit.model.exposure import Exposures, Share
from orderpit.model.instrument import Instrument
from orderpit.model.kinds import Reason, Side
from orderpit.model.positions import Held
from orderpit.model.reducing import refuse_opening
from orderpit.model.reservation import Working

BTC = Instrument("BTC/USDT", price_increment="0.01", quantity_increment="1")
KEY = ("strategy", BTC.symbol)
KINDS = [(buys, closes) for buys in (True, False) for closes in (True, False)]


def share_of(order):
    return Share(KEY, Side.BUY if order.buys else Side.SELL, order.closes, None, Decimal(order.lots))


def asked_for(position, resting, order):
    """What risk judges: an order, beside a position and what works already."""
    exposures = Exposures()
    held = Held(Decimal(max(position, 0)), Decimal(max(-position, 0)))
    exposures.keep(KEY, exposures.with_held(exposures.of(KEY), held))
    for number, one in enumerate(resting):
        exposures.put(
            f"o-{number}",
            share_of(one),
            exposures.with_share(exposures.of(KEY), f"o-{number}", Decimal(0), share_of(one)),
        )
    before, share = exposures.of(KEY), share_of(order)
    command = terms(side=share.side, quantity=order.lots, reduce_only=order.closes, order_id="asked")
    return Asked(
        order_id="asked",
        strategy_id=KEY[0],
        terms=command,
        instrument=BTC,
        now_ns=NOW,
        working=Working(command),
        was=None,
        before=before,
        after=exposures.with_share(before, "asked", Decimal(0), share),
        sums=exposures.sums(BTC.symbol),
        share=share,
    )


def widens(position, resting, order):
    """Whether an order could bring the position to where it could not get without it, zero aside."""
    high, low, _ = worst(position, resting)
    after_high, after_low, _ = worst(position, (*resting, order))
    return after_high > max(high, 0) or after_low < min(low, 0)


@pytest.mark.parametrize("position", range(-3, 4))
@pytest.mark.parametrize("buys", [True, False], ids=["buys", "sells"])
@pytest.mark.parametrize("closes", [True, False], ids=["closes", "plain"])
def test_what_passes_cannot_open_or_flip_and_what_is_refused_could_or_has_nothing_to_close(position, buys, closes):
    passed = refused = 0
    for lots in itertools.product(range(3), repeat=4):
        resting = tuple(Resting(*kind, n) for kind, n in zip(KINDS, lots, strict=True) if n)
        for size in range(1, 4):
            order = Resting(buys, closes, size)
            refusal = refuse_opening(asked_for(position, resting, order), hedged=False)
            nothing_to_close = position >= 0 if buys else position <= 0
            if refusal is None:
                passed += 1
                assert not widens(position, resting, order), (resting, order)
                assert not nothing_to_close, (resting, order)
            else:
                refused += 1
                assert refusal.reason is Reason.REDUCING
                assert nothing_to_close or widens(position, resting, order), (resting, order)
    # Both happen wherever there is something to close.
    assert refused
    assert bool(passed) is (position < 0 if buys else position > 0)


def test_an_order_that_only_closes_may_not_make_room_for_one_that_flips():
    # Long 5, and 5 are on sale: with 5 more that only close, those may fill first, and the others sell 5 short.
    resting = (Resting(buys=False, closes=False, lots=5),)
    refusal = refuse_opening(asked_for(5, resting, Resting(buys=False, closes=True, lots=5)), hedged=False)
    assert refusal is not None
    assert refuse_opening(asked_for(5, (), Resting(buys=False, closes=True, lots=5)), hedged=False) is None
