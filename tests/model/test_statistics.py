from __future__ import annotations

from collections import Counter
from decimal import Decimal
from itertools import count

from hypothesis import given, settings
from hypothesis import strategies as st

from orderpit.model import events as e
from orderpit.model import reports as r
from orderpit.model.blotter import Blotter
from orderpit.model.commands import Approved, CancelOrder, Command, Denied, ModifyOrder, SubmitOrder
from orderpit.model.kinds import Liquidity, OrderState, OrderType, Reason, Side
from orderpit.model.numbers import plain, ratio
from orderpit.model.order import LIVE
from orderpit.model.refusal import Refusal
from orderpit.model.reports import Fill
from orderpit.model.statistics import Statistics


def test_before_anything_has_happened_every_count_is_there_and_zero() -> None:
    assert Statistics().to_dict() == {
        "total_orders_created": 0,
        "total_orders_filled": 0,
        "total_orders_cancelled": 0,
        "total_orders_rejected": 0,
        "open_orders_count": 0,
        "symbols_traded": [],
        "orders_by_state": {
            "PENDING": 0,
            "SUBMITTED": 0,
            "OPEN": 0,
            "PARTIAL": 0,
            "FILLED": 0,
            "CANCELLED": 0,
            "REJECTED": 0,
            "EXPIRED": 0,
        },
        "total_fills": 0,
        "traded": {},
        "unprotected_ns": 0,
        "unprotected_ns_max": 0,
        "total_commands_refused": 0,
        "total_events": 0,
    }


NAMES = {Liquidity.MAKER: "maker", Liquidity.TAKER: "taker", None: "unstated"}


def traded(blotter: Blotter) -> dict[str, object]:
    """What the fills say that stand, by symbol and by who brought the liquidity."""
    by_symbol: dict[str, list[Fill]] = {}
    for order in blotter.orders():
        if order.fills:
            by_symbol.setdefault(order.symbol, []).extend(order.fills)
    return {
        symbol: {name: summed([fill for fill in fills if fill.liquidity is kind]) for kind, name in NAMES.items()}
        for symbol, fills in by_symbol.items()
    }


def summed(fills: list[Fill]) -> dict[str, object]:
    quantity = sum(int(fill.quantity) for fill in fills)
    notional = sum(int(fill.quantity) * int(fill.price) for fill in fills)
    fees = dict.fromkeys([fill.fee_currency for fill in fills], 0)
    for fill in fills:
        fees[fill.fee_currency] += int(fill.fee)
    return {
        "fills": len(fills),
        "quantity": str(quantity),
        "notional": str(notional),
        "average_price": plain(ratio(Decimal(notional), Decimal(quantity))) if fills else "0",
        "fees": {currency: str(fee) for currency, fee in fees.items() if fee},
    }


def recounted(blotter: Blotter, stream: list[e.OrderUpdate]) -> dict[str, object]:
    """The same figures, counted from the orders and the stream as they stand."""
    states = Counter(order.state for order in blotter.orders())
    return {
        "total_orders_created": states.total(),
        "total_orders_filled": states[OrderState.FILLED],
        "total_orders_cancelled": states[OrderState.CANCELLED],
        "total_orders_rejected": states[OrderState.REJECTED],
        "open_orders_count": sum(order.state in LIVE for order in blotter.orders()),
        "symbols_traded": list(dict.fromkeys(order.symbol for order in blotter.orders())),
        "orders_by_state": {state.value: states[state] for state in OrderState},
        "total_fills": sum(isinstance(update.event, e.OrderFilled) for update in stream),
        "traded": traded(blotter),
        "unprotected_ns": 0,
        "unprotected_ns_max": 0,
        "total_commands_refused": sum(isinstance(update.event, e.CommandRefused) for update in stream),
        "total_events": len(stream),
    }


ids = st.integers(0, 5).map(lambda n: f"o{n}")
symbols = st.sampled_from(["BTC/USDT", "ETH/USDT"])
liquidities = st.sampled_from([*Liquidity, None])
numbers_of_executions = st.integers(0, 3)


def an_execution(order_id: str, symbol: str, number: int, liquidity: Liquidity | None) -> r.VenueFilled:
    return r.VenueFilled(client_order_id=order_id, symbol=symbol, side=Side.BUY, fill=a_fill(number, liquidity))


def a_fill(number: int, liquidity: Liquidity | None) -> Fill:
    return Fill(
        execution_id=f"E-{number}",
        quantity="1",
        price=100 + number,
        fee=number % 3 - 1,
        fee_currency=("USDT", "BNB")[number % 2],
        liquidity=liquidity,
    )


def a_bust(order_id: str, symbol: str, number: int) -> r.VenueFillBusted:
    return r.VenueFillBusted(client_order_id=order_id, symbol=symbol, execution_id=f"E-{number}")


def a_correction(order_id: str, symbol: str, number: int, liquidity: Liquidity | None) -> r.VenueFillCorrected:
    return r.VenueFillCorrected(client_order_id=order_id, symbol=symbol, fill=a_fill(number, liquidity))


commands = st.one_of(
    st.builds(lambda i, s: SubmitOrder(s, Side.BUY, OrderType.MARKET, "2", order_id=i), ids, symbols),
    st.builds(CancelOrder, ids),
    st.builds(lambda i: ModifyOrder(i, quantity="3"), ids),
)
reports = st.one_of(
    st.builds(lambda i: r.VenueAccepted(client_order_id=i), ids),
    st.builds(lambda i: r.VenueRejected(client_order_id=i), ids),
    st.builds(lambda i: r.VenueCancelled(client_order_id=i), ids),
    st.builds(lambda i: r.VenueExpired(client_order_id=i), ids),
    st.builds(an_execution, ids, symbols, numbers_of_executions, liquidities),
    st.builds(a_bust, ids, symbols, numbers_of_executions),
    st.builds(a_correction, ids, symbols, numbers_of_executions, liquidities),
)


@settings(max_examples=200, deadline=None)
@given(steps=st.lists(st.tuples(commands, st.booleans()) | reports, max_size=60))
def test_the_fold_is_the_recount(steps: list[tuple[Command, bool] | r.VenueReport]) -> None:
    numbers = count()
    blotter, statistics = Blotter(lambda: f"R-{next(numbers)}"), Statistics()
    stream: list[e.OrderUpdate] = []
    for step in steps:
        if isinstance(step, tuple):
            command, passes = step
            refusal = Refusal(Reason.HALTED, "trading is halted")
            judged = Approved(command, 0, "") if passes else Denied(command, refusal, 0, "")
            outcome = blotter.decide_command(judged, 0)
        else:
            outcome = blotter.decide_report(step, 0)
        blotter.commit(outcome, 0)
        for update in outcome.updates:
            stream.append(update)
            statistics.on_update(update)
        assert statistics.to_dict() == recounted(blotter, stream)
