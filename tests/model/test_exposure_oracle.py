"""The worst case is neither more nor less than what every order of all fills can bring about."""

from __future__ import annotations

import itertools
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference_exposure import Resting, worst, worst_together

from orderpit.model.exposure import Exposures, Share
from orderpit.model.kinds import Side
from orderpit.model.positions import Held

SYMBOL = "BTC/USDT"


def shared(name: str, order: Resting, lots: int) -> Share:
    pool = None if order.pool is None else f"{name}-{order.pool}"
    return Share((name, SYMBOL), Side.BUY if order.buys else Side.SELL, order.closes, pool, Decimal(lots))


class Desk:
    """The exposures under test beside what they should be worked out from."""

    def __init__(self) -> None:
        self.exposures = Exposures()
        self.held: dict[str, int] = {}
        self.orders: dict[str, dict[str, Resting]] = {}

    def counts(self, name: str, order_id: str, order: Resting) -> None:
        """Have an order count so many lots in place of what it did; none once it has ended."""
        own = self.orders.setdefault(name, {})
        before = own[order_id].lots if order_id in own else 0
        share = shared(name, order, order.lots)
        after = self.exposures.with_share(self.exposures.of(share.key), order_id, Decimal(before), share)
        self.exposures.put(order_id, share, after)
        own[order_id] = order
        if not order.lots:
            del own[order_id]

    def fills(self, name: str, order: Resting, lots: int) -> None:
        """Have a strategy's position move."""
        key, net = (name, SYMBOL), self.held.get(name, 0) + (lots if order.buys else -lots)
        held = Held(Decimal(max(net, 0)), Decimal(max(-net, 0)))
        self.exposures.keep(key, self.exposures.with_held(self.exposures.of(key), held))
        self.held[name] = net

    def agrees(self) -> None:
        books = []
        for name in self.held.keys() | self.orders.keys():
            book = self.held.get(name, 0), tuple(self.orders.get(name, {}).values())
            found = self.exposures.of((name, SYMBOL))
            assert found.position == book[0]
            assert (found.high, found.low, found.size) == worst(*book), (name, book)
            books.append(book)
        sums = self.exposures.sums(SYMBOL)
        assert (sums.high, sums.low, sums.size) == worst_together(books), books


KINDS = [(buys, closes) for buys in (True, False) for closes in (True, False)]


@pytest.mark.parametrize("position", range(-3, 4))
def test_for_every_position_and_every_small_set_of_orders_the_worst_case_is_exact(position):
    # One order of each kind: nothing, or up to three lots; all of a kind add up, as the next test shows.
    for lots in itertools.product(range(4), repeat=4):
        desk = Desk()
        desk.fills("s", Resting(buys=position > 0, closes=False, lots=0), abs(position))
        for number, (of_kind, (buys, closes)) in enumerate(zip(lots, KINDS, strict=True)):
            if of_kind:
                desk.counts("s", f"o-{number}", Resting(buys, closes, of_kind))
        desk.agrees()


def test_an_order_that_closes_makes_room_for_one_that_opens():
    # Short 5, with 7 to buy and 5 to buy that only close: those may go first (-5 + 5 = 0), and then 0 + 7 = 7.
    desk = Desk()
    desk.fills("s", Resting(buys=False, closes=False, lots=0), 5)
    desk.counts("s", "opens", Resting(buys=True, closes=False, lots=7))
    assert desk.exposures.of(("s", SYMBOL)).high == 2  # -5 + 7
    desk.counts("s", "closes", Resting(buys=True, closes=True, lots=5))
    assert desk.exposures.of(("s", SYMBOL)).high == 7
    desk.agrees()


def test_the_orders_of_a_pool_count_by_the_largest_and_again_by_the_next_once_that_has_ended():
    desk = Desk()
    desk.counts("s", "a", Resting(buys=True, closes=False, lots=3, pool=1))
    desk.counts("s", "b", Resting(buys=True, closes=False, lots=5, pool=1))
    assert desk.exposures.of(("s", SYMBOL)).high == 5
    desk.counts("s", "b", Resting(buys=True, closes=False, lots=0, pool=1))
    assert desk.exposures.of(("s", SYMBOL)).high == 3
    desk.agrees()


def orders(most: int = 3):
    # The legs of a pool are alike in kind: the group's number says which.
    plain = st.builds(Resting, st.booleans(), st.booleans(), st.integers(0, most), pool=st.none())
    pooled = st.builds(
        lambda pool, lots: Resting(pool % 2 == 0, pool >= 2, lots, pool), st.integers(0, 3), st.integers(0, most)
    )
    return st.one_of(plain, pooled)


DEEDS = st.lists(
    st.one_of(
        st.tuples(st.just("counts"), st.sampled_from("ab"), st.integers(0, 3), orders()),
        st.tuples(st.just("fills"), st.sampled_from("ab"), st.integers(1, 3), orders()),
    ),
    max_size=10,
)


@settings(max_examples=300, deadline=None)
@given(DEEDS)
def test_whatever_has_happened_the_worst_case_is_exact_for_each_strategy_and_for_all(deeds):
    desk = Desk()
    kinds: dict[str, Resting] = {}
    for deed, name, number, order in deeds:
        if deed == "fills":
            desk.fills(name, order, number)
        else:
            # An order stays what it is; only what it may still execute changes.
            order_id = f"{name}-{number}"
            kind = kinds.setdefault(order_id, order)
            desk.counts(name, order_id, kind._replace(lots=order.lots))
        desk.agrees()


@settings(max_examples=100, deadline=None)
@given(st.integers(-4, 4), st.lists(orders(), max_size=5), st.integers(1, 5))
def test_swapped_sides_swap_high_and_low_and_larger_lots_scale_them(position, resting, factor):
    def exposure(sign, times):
        desk = Desk()
        desk.fills("s", Resting(buys=sign > 0, closes=False, lots=0), position * times)
        for number, order in enumerate(resting):
            desk.counts("s", f"o-{number}", order._replace(buys=order.buys is (sign > 0), lots=order.lots * times))
        return desk.exposures.of(("s", SYMBOL))

    one, other, scaled = exposure(1, 1), exposure(-1, 1), exposure(1, factor)
    assert (other.high, other.low, other.size) == (-one.low, -one.high, one.size)
    assert (scaled.high, scaled.low, scaled.size) == (one.high * factor, one.low * factor, one.size * factor)
