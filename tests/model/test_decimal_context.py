"""A host's decimal context changes no result."""

from __future__ import annotations

import decimal
import itertools
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from itertools import count

import pytest
from builders import NOW, S, event, fill, order_in, report, terms

from orderpit.model import events as e
from orderpit.model import numbers as n
from orderpit.model import reports as r
from orderpit.model.blotter import Blotter
from orderpit.model.commands import Approved, ModifyOrder
from orderpit.model.errors import InvalidValue
from orderpit.model.fill_models import ByProbability, ByQueuePosition, ByVolumeShare, Reach, ThroughOnly, Touch, filled
from orderpit.model.instrument import Instrument
from orderpit.model.kinds import Side
from orderpit.model.latency import FixedLatency, NormalLatency, SampledLatency
from orderpit.model.market import Bar, Depth, Quote, Trade
from orderpit.model.refusal import Refusal
from orderpit.model.slippage import FixedSlippage, NormalSlippage, SampledSlippage, UniformSlippage

EVERY_TRAP = [
    decimal.Clamped,
    decimal.DivisionByZero,
    decimal.Inexact,
    decimal.InvalidOperation,
    decimal.Overflow,
    decimal.Rounded,
    decimal.Subnormal,
    decimal.Underflow,
    decimal.FloatOperation,
]
BIG = "123456789012345678.123456789012345678"
SMALL = "0.000000000000000001"


def results() -> list[object]:
    """Do a bit of everything that computes, compares, hashes or writes a decimal."""
    big, small, minus = n.exact("big", BIG), n.exact("small", SMALL), n.exact("minus", "-1234567.89")
    return [*arithmetic(big, small, minus), *boundary(big), *judged(big), *lived(), *simulated(big, small)]


def arithmetic(big, small, minus):
    yield from (n.add(big, small), n.subtract(small, big), n.multiply(big, big), n.negate(minus), n.magnitude(minus))
    yield from (n.total([big, small, minus]), n.ratio(minus, big), n.share(big, small, minus))
    yield from (n.round_to(minus, n.exact("tick", "0.05")), n.is_multiple(big, small))
    yield from (n.plain(value) for value in (big, small, minus, n.multiply(small, small), n.ratio(small, big)))
    yield from (n.to_places(value, places) for value in (big, small, minus) for places in (0, 2, 10))
    yield from (hash(big), big == small, big > small, max(big, small))


def boundary(big):
    yield from (n.exact("value", value) for value in (BIG, 10**18 - 1, big, Decimal((0, (1,), 17))))
    yield n.exact("value", Decimal((0, (1, *(0,) * 50), -50)))
    huge = (Decimal((0, (1,), 10**8)), Decimal((0, (1,), -(10**8))), Decimal("NaN"), "1e5", -1, 0.1, 1 << 10_000)
    for value in huge:
        try:
            n.positive("value", value)
        except InvalidValue as error:
            yield str(error)


def judged(big):
    grid = Instrument(
        "BTC/USDT",
        price_increment="0.01",
        quantity_increment=SMALL,
        min_quantity="1",
        max_quantity=BIG,
        price_band="0.1",
    )
    yield from (grid, grid.on_tick(big), grid.check_quantity(big), grid.check_quantity(n.exact("small", SMALL)))
    yield from (grid.check_price("price", n.exact("p", price), big) for price in (BIG, "100", "123456789012345678.12"))
    yield Refusal.of(n_reason(), "price", n.multiply(big, big), "must lie nearer")
    yield Quote("BTC/USDT", bid=BIG, ask=BIG, bid_size=SMALL)
    yield Trade("BTC/USDT", price=BIG, size=SMALL)
    yield Bar("BTC/USDT", open=BIG, high=BIG, low=SMALL, close=SMALL)
    yield Depth("BTC/USDT", bids=[("99.99", "1"), ("99", "2")], asks=[(BIG, SMALL)])


def n_reason():
    return order_in(S.CANCELLED).reason


def lived():
    numbers = count(1)
    book = Blotter(lambda: f"om-{next(numbers)}", 1)
    own = {"quantity": BIG, "price": "1234567.89"}
    heard = (
        Approved(terms(**own), NOW, "risk_controller"),
        report(r.VenueAccepted, price="1234567.88"),
        report(r.VenueFilled, fill=fill("x-1", SMALL, "1234567.89", fee="-0.000000000000000000000000000000000001")),
        report(r.VenueFilled, fill=fill("x-2", "12345.678901234567890123", BIG)),
        report(r.VenueFillCorrected, fill=fill("x-2", "12345.678901234567890124", BIG)),
        Approved(ModifyOrder("o-1", quantity="123456.78", price=BIG), NOW, "risk_controller"),
        report(r.VenueModified, request_id="om-1", quantity="123456.78", price=BIG),
        report(r.VenueFillBusted),
        report(r.VenueFilled, fill=fill("x-3", BIG, BIG)),
        report(r.VenueFilled, client_order_id="theirs", fill=fill("x-3", BIG, BIG)),
        report(r.VenueStatus, filled_quantity=BIG),
    )
    for item in heard:
        outcome = book.decide_command(item, NOW) if isinstance(item, Approved) else book.decide_report(item, NOW)
        book.commit(outcome, NOW)
        yield outcome
    late = order_in(S.CANCELLED, event(e.OrderFilled, fill=fill("x-3", BIG, BIG)))
    for order in (*book.orders(), late):
        yield from (str(order), order.to_dict(), order, order.average_fill_price, order.fill_percentage)
        yield from (order.leaves_quantity, order.cancelled_quantity, order.excess_quantity, order.remaining_quantity)


def simulated(big, small):
    chances = tuple(Decimal((0, (digit % 10,) * 18, -18)) for digit in range(12))
    reach = Reach(
        side=Side.BUY, price=big, leaves=big, lot=small, by="trade", market=big, offered=big, volume=big, ahead=small
    )
    yield from (filled(model, reach) for model in (Touch(), ByVolumeShare(SMALL), ByQueuePosition(), ThroughOnly()))
    yield from (filled(ByProbability(SMALL), reach), reach.at_most(n.exact("part", "0.123456789012345678")))
    slippage = (FixedSlippage(7), UniformSlippage("0.01"), NormalSlippage(SMALL), SampledSlippage([SMALL, "0.5"]))
    for model, side in itertools.product(slippage, Side):
        yield from (model.most, model.most_ticks)
        yield model.price(side, n.exact("price", "1234567.89"), n.exact("tick", "0.01"), chances[: model.draws])
    for latency in (FixedLatency(SMALL), NormalLatency("0.0123456789", SMALL), SampledLatency([SMALL, "1.5"])):
        yield from (latency.longest, latency.delay_ns(chances[: latency.draws]))
    for bad in (lambda: NormalSlippage(BIG), lambda: ByProbability(BIG), lambda: SampledLatency(["-1", BIG])):
        try:
            bad()
        except InvalidValue as error:
            yield str(error)


def written(items) -> list[str]:
    return [repr(item) for item in items]


EXPECTED = written(results())


@pytest.mark.fault(36)
@pytest.mark.parametrize(
    "context",
    [
        pytest.param({"prec": 1, "Emax": 1, "Emin": -1, "capitals": 0, "clamp": 1, "traps": EVERY_TRAP}, id="cramped"),
        pytest.param({"prec": 1, "Emax": 0, "Emin": 0, "capitals": 0, "clamp": 0, "traps": []}, id="silent"),
        pytest.param({"prec": 5, "rounding": decimal.ROUND_UP, "traps": []}, id="rounding-up"),
        pytest.param({"prec": 1, "rounding": decimal.ROUND_05UP, "traps": EVERY_TRAP}, id="trapping"),
    ],
)
def test_no_result_depends_on_the_context_of_the_thread(context):
    with decimal.localcontext(decimal.Context(**context)):
        found = results()
    assert written(found) == EXPECTED


@pytest.mark.fault(36)
def test_no_result_depends_on_the_default_context_of_new_threads(monkeypatch):
    monkeypatch.setattr(decimal.DefaultContext, "prec", 5)
    monkeypatch.setattr(decimal.DefaultContext, "capitals", 0)
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(lambda: decimal.getcontext().prec).result() == 5
        found = pool.submit(results).result()
    assert written(found) == EXPECTED


def test_the_context_of_the_host_is_left_as_it_was():
    with decimal.localcontext(decimal.Context(prec=9, traps=[])) as context:
        results()
        assert not any(context.flags.values())
        assert context.prec == 9
