"""Metamorphic: what risk is asked, transformed, has the same verdicts, transformed."""

from __future__ import annotations

import random
from decimal import Decimal

import attrs
import pytest
from builders import NOW, event, fill

from orderpit.model import events as e
from orderpit.model.commands import Approved, ChangeLimits, ModifyOrder, SubmitOrder
from orderpit.model.instrument import Instrument
from orderpit.model.kinds import OrderType, Reason, Side
from orderpit.model.lifecycle import apply
from orderpit.model.limits import RiskLimits
from orderpit.model.market import Quote
from orderpit.model.risk import RiskBook

SEEDS = range(8)
LENGTH = 120
SWAPPED = {Side.BUY: Side.SELL, Side.SELL: Side.BUY}
REASONS = {Reason.MAX_LONG, Reason.MAX_SHORT, Reason.MAX_GROSS, Reason.MAX_EXPOSURE, Reason.MAX_ORDER_QUANTITY}
MIRRORED = {Reason.MAX_LONG: Reason.MAX_SHORT, Reason.MAX_SHORT: Reason.MAX_LONG}
NAMES = {"a": "a", "b": "b", "A/USDT": "A/USDT", "B/USDT": "B/USDT"}


@attrs.frozen(kw_only=True)
class Image:
    """How what is asked is changed."""

    times: int = 1
    dearer: int = 1
    swaps: bool = False
    names: dict[str, str] = NAMES

    def side(self, side):
        return SWAPPED[side] if self.swaps else side

    def quantity(self, quantity):
        return None if quantity is None else quantity * self.times

    def price(self, price):
        return price * self.dearer

    def limits(self, limits):
        long, short = limits.max_long, limits.max_short
        exposure = limits.max_exposure
        return RiskLimits(
            max_long=self.quantity(short if self.swaps else long),
            max_short=self.quantity(long if self.swaps else short),
            max_gross=self.quantity(limits.max_gross),
            max_order_quantity=self.quantity(limits.max_order_quantity),
            max_exposure=None if exposure is None else exposure * self.times * self.dearer,
            instruments={self.names[name]: self.limits(within) for name, within in limits.instruments},
            strategies={self.names[name]: self.limits(within) for name, within in limits.strategies},
        )


SAME = Image()


def drawn_limits(chance, *, deep=2):
    def most(upto):
        return None if chance.randrange(2) else Decimal(chance.randint(1, upto))

    symbols = [name for name in NAMES if "/" in name and chance.randrange(2)] if deep else []
    strategies = [name for name in "ab" if chance.randrange(2)] if deep == 2 else []
    return RiskLimits(
        max_long=most(12),
        max_short=most(12),
        max_gross=most(20),
        max_order_quantity=most(12),
        max_exposure=None if chance.randrange(2) else Decimal(100 * chance.randint(5, 40)),
        instruments={name: drawn_limits(chance, deep=0) for name in symbols},
        strategies={name: drawn_limits(chance, deep=1) for name in strategies},
    )


class Play:
    """Plays a story drawn from a seed to risk, or the image of it, and notes each verdict."""

    def __init__(self, seed, image):
        self.chance = random.Random(seed)
        self.image = image
        self.sequence = 0
        self.live = {}
        self.verdicts = []
        instruments = (
            Instrument(image.names[name], price_increment="1", quantity_increment="1") for name in ("A/USDT", "B/USDT")
        )
        limits = image.limits(drawn_limits(self.chance))
        self.book = RiskBook({one.symbol: one for one in instruments}, limits, currency="USDT")
        for name in ("A/USDT", "B/USDT"):
            self.quote(name)
        for number in range(LENGTH):
            deed = self.chance.choice(
                (self.submit,) * 5 + (self.fill,) * 4 + (self.modify,) * 2 + (self.end, self.turn)
            )
            deed(number)

    def quote(self, symbol):
        price = self.image.price(Decimal(self.chance.randint(90, 110)))
        self.book.on_market_data(Quote(self.image.names[symbol], bid=price, ask=price, time_ns=NOW))

    def told(self, kind, order, **changes):
        self.sequence += 1
        happened = event(kind, **{"order_id": order} | changes)
        after = apply(self.live.get(order), happened)
        self.book.on_update(e.OrderUpdate(self.sequence, happened, after))
        self.live[order] = after
        if after.is_closed:
            del self.live[order]

    def submit(self, number):
        chance, image = self.chance, self.image
        name, symbol = chance.choice("ab"), chance.choice(("A/USDT", "B/USDT"))
        side, reduces = chance.choice(list(Side)), not chance.randrange(4)
        quantity, price = Decimal(chance.randint(1, 6)), Decimal(chance.randint(90, 110))
        order_id = f"o-{number}"
        command = SubmitOrder(
            image.names[symbol],
            image.side(side),
            OrderType.LIMIT,
            image.quantity(quantity),
            price=image.price(price),
            reduce_only=reduces,
            order_id=order_id,
            time_ns=NOW,
            source=image.names[name],
        )
        if self.judged(command):
            self.told(e.OrderCreated, order_id, terms=command, strategy_id=command.source)
            self.told(e.OrderSubmitted, order_id, client_order_id=order_id)
            self.told(e.OrderOpened, order_id, exchange_order_id=f"v-{number}")

    def judged(self, command):
        judged = self.book.decide(command, NOW)
        self.book.commit(judged)
        passed = isinstance(judged, Approved)
        self.verdicts.append(None if passed else judged.refusal.reason)
        return passed

    def picked(self):
        # Drawn whether there is one or not, so that each image draws the same.
        at = self.chance.random()
        return sorted(self.live)[int(at * len(self.live))] if self.live else None

    def fill(self, number):
        order_id, part = self.picked(), self.chance.randint(1, 6)
        if order_id is not None:
            order = self.live[order_id]
            quantity = min(order.leaves_quantity, Decimal(part * self.image.times))
            self.told(e.OrderFilled, order_id, fill=fill(f"x-{number}", quantity, order.price))

    def modify(self, number):
        order_id, quantity, granted = self.picked(), self.chance.randint(1, 9), self.chance.randrange(2)
        if order_id is None:
            return
        command = ModifyOrder(order_id, quantity=quantity * self.image.times, time_ns=NOW)
        request = {"request_id": f"m-{number}", "price": None, "quantity": command.quantity}
        if command.quantity > self.live[order_id].filled_quantity and self.judged(command):
            self.told(e.ModifyRequested, order_id, **request)
            if granted:
                self.told(e.OrderModified, order_id, **request)
            else:
                self.told(e.ModifyRejected, order_id, request_id=request["request_id"])

    def end(self, number):
        del number
        order_id = self.picked()
        if order_id is not None:
            self.told(e.OrderCancelled, order_id)

    def turn(self, number):
        """Let the market move, or the limits."""
        del number
        if self.chance.randrange(3):
            self.quote(self.chance.choice(("A/USDT", "B/USDT")))
        else:
            limits = self.image.limits(drawn_limits(self.chance))
            self.book.change_limits(ChangeLimits(limits), NOW)


def verdicts(seed, image=SAME):
    return Play(seed, image).verdicts


def test_the_stories_are_worth_transforming():
    met = {reason for seed in SEEDS for reason in verdicts(seed)}
    assert met >= {None, *REASONS}


@pytest.mark.parametrize("seed", SEEDS)
def test_with_the_sides_swapped_the_verdicts_are_the_mirror_image(seed):
    mirrored = [MIRRORED.get(reason, reason) for reason in verdicts(seed)]
    found = verdicts(seed, Image(swaps=True))
    assert found == mirrored


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("times", "dearer"), [(7, 1), (1, 13), (1_000, 3)])
def test_with_prices_quantities_and_limits_scaled_the_verdicts_are_the_same(seed, times, dearer):
    assert verdicts(seed, Image(times=times, dearer=dearer)) == verdicts(seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_under_other_names_the_verdicts_are_the_same(seed):
    renamed = {"a": "zoe", "b": "adam", "A/USDT": "Z/USDT", "B/USDT": "C/USDT"}
    assert verdicts(seed, Image(names=renamed)) == verdicts(seed)
