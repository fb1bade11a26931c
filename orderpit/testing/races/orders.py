"""Races of commands against each other and against the market, at the simulated venue."""

from __future__ import annotations

from ...actors.scheduler import Choose
from ...actors.simulated_exchange import SimulatedExchange
from ...model.commands import SubmitOrder
from ...model.kinds import OrderType, Side
from ...model.numbers import plain
from .arena import CHAIN, Arena
from .racing import race
from .saying import BTC, buy, cancel, modify, offers, quote

_FREE = SimulatedExchange(maker_fee="0", taker_fee="0")
_LATER = CHAIN - {"risk_controller"}
_VENUE = frozenset({"exchange"})
_RISK = frozenset({"risk_controller"})


def _stop(order_id: str, order_type: OrderType = OrderType.STOP, price: str | None = None) -> SubmitOrder:
    return SubmitOrder(BTC.symbol, Side.BUY, order_type, "2", stop_price="105", price=price, order_id=order_id)


def _market(order_id: str, quantity: str = "2") -> SubmitOrder:
    return SubmitOrder(BTC.symbol, Side.BUY, OrderType.MARKET, quantity, order_id=order_id)


@race("CANCELLED 0", "FILLED 2; ORDER_CLOSED", "FILLED 2; TOO_LATE", size=4379)
def a_fill_against_a_cancel(choose: Choose) -> str:
    """A quote fills an order while its cancel is on its way: it ends once, filled or cancelled, and never both."""
    with Arena(choose, _LATER, exchange=_FREE) as arena:
        arena.set_up(quote(), buy("o"))
        arena.race(user=[cancel("o")], market=[quote("99", "100")])
        return arena.end()


@race("CANCELLED 0", "CANCELLED 1", "FILLED 2; ORDER_CLOSED", "FILLED 2; TOO_LATE", size=236)
def two_fills_against_a_cancel(choose: Choose) -> str:
    """Two partial fills come while a cancel is on its way: what was executed by then is booked, and nothing after."""
    with Arena(choose, _VENUE, exchange=_FREE) as arena:
        arena.set_up(quote(), buy("o"))
        arena.race(user=[cancel("o")], market=offers(2))
        return arena.end()


@race(
    "CANCELLED 0; ORDER_CLOSED",
    "CANCELLED 1; ORDER_CLOSED",
    "CANCELLED 2; ORDER_CLOSED",
    "FILLED 3; ORDER_CLOSED",
    size=110,
)
def three_fills_against_two_cancels(choose: Choose) -> str:
    """Three partial fills and two cancels of one order: one cancel at most takes effect, the other is refused."""
    with Arena(choose, exchange=_FREE) as arena:
        arena.set_up(quote(), buy("o", "3"))
        arena.race(user=[cancel("o")], other=[cancel("o")], market=offers(3))
        return arena.end()


@race("FILLED 2; at 100; ORDER_CLOSED", "FILLED 2; at 100; TOO_LATE", "OPEN 0; at 98", size=4379)
def a_fill_against_a_new_price(choose: Choose) -> str:
    """A quote reaches an order's price while a lower one is on its way: filled at the old price, or open at the new."""
    with Arena(choose, _LATER, exchange=_FREE) as arena:
        arena.set_up(quote(), buy("o"))
        arena.race(user=[modify("o", price="98")], market=[quote("97", "100")])
        return arena.end(arena.price("o"))


@race("FILLED 2; of 2; ORDER_CLOSED", "FILLED 2; of 2; TOO_LATE", "PARTIAL 2; of 3", size=22)
def a_fill_against_a_larger_quantity(choose: Choose) -> str:
    """A fill of the whole order against more quantity: done with the old, or open with the rest of the new."""
    with Arena(choose, _VENUE, exchange=_FREE) as arena:
        arena.set_up(quote(), buy("o"))
        arena.race(user=[modify("o", quantity="3")], market=[quote("99", "100", ask_size="2")])
        return arena.end(f"of {plain(arena.order('o').quantity)}")


@race("FILLED 1; of 1", "FILLED 2; of 2", size=5691)
def a_fill_against_a_smaller_quantity(choose: Choose) -> str:
    """A partial fill against less quantity than it fills: the order is done, with what has been executed."""
    with Arena(choose, _LATER, exchange=_FREE) as arena:
        arena.set_up(quote(), buy("o", "4"))
        arena.race(user=[modify("o", quantity="1")], market=[quote("99", "100", ask_size="2")])
        return arena.end(f"of {plain(arena.order('o').quantity)}")


@race("CANCELLED 0", "OPEN 0; UNKNOWN_ORDER", size=8)
def a_submission_against_its_cancel(choose: Choose) -> str:
    """A cancel comes from another thread than its order: it ends the order, or is refused since none is known yet."""
    with Arena(choose, _RISK, exchange=_FREE) as arena:
        arena.set_up(quote())
        arena.race(user=[buy("o")], other=[cancel("o")])
        return arena.end()


@race("CANCELLED 0", "FILLED 2; ORDER_CLOSED", "FILLED 2; TOO_LATE", "FILLED 2; UNKNOWN_ORDER", size=270)
def a_submission_against_its_cancel_and_a_fill(choose: Choose) -> str:
    """An order, its cancel and a quote that fills it, in any order."""
    with Arena(choose, _VENUE, exchange=_FREE) as arena:
        arena.set_up(quote())
        arena.race(user=[buy("o")], other=[cancel("o")], market=[quote("99", "100")])
        return arena.end()


@race("CANCELLED 0; at 100; CANCEL_PENDING", "CANCELLED 0; at 100; ORDER_CLOSED", "CANCELLED 0; at 98", size=940)
def a_cancel_against_a_modification(choose: Choose) -> str:
    """A cancel and a modification of one order: it is cancelled, whatever became of the modification."""
    with Arena(choose, _LATER, exchange=_FREE) as arena:
        arena.set_up(quote(), buy("o"))
        arena.race(user=[cancel("o")], other=[modify("o", price="98")])
        return arena.end(arena.price("o"))


@race(
    "CANCELLED 0; of 2; CANCEL_PENDING",
    "CANCELLED 0; of 2; ORDER_CLOSED",
    "CANCELLED 0; of 3",
    "CANCELLED 2; of 3",
    "FILLED 2; of 2; CANCEL_PENDING; TOO_LATE",
    "FILLED 2; of 2; ORDER_CLOSED",
    "FILLED 2; of 2; ORDER_CLOSED; TOO_LATE",
    "FILLED 2; of 2; TOO_LATE",
    size=358,
)
def a_cancel_a_modification_and_a_fill(choose: Choose) -> str:
    """A cancel, a modification and a fill of one order: one end, and the money of what was executed."""
    with Arena(choose, _VENUE, exchange=_FREE) as arena:
        arena.set_up(quote(), buy("o"))
        arena.race(user=[cancel("o")], other=[modify("o", quantity="3")], market=[quote("99", "100", ask_size="2")])
        return arena.end(f"of {plain(arena.order('o').quantity)}")


@race("CANCELLED 0; CANCEL_PENDING", "CANCELLED 0; ORDER_CLOSED", size=150)
def two_cancels_of_one_order(choose: Choose) -> str:
    """Two threads cancel one order: it is cancelled once, and the second is told why not."""
    with Arena(choose, _LATER, exchange=_FREE) as arena:
        arena.set_up(quote(), buy("o"))
        arena.race(user=[cancel("o")], other=[cancel("o")])
        return arena.end()


@race("OPEN 0; at 97", "OPEN 0; at 97; MODIFY_PENDING", "OPEN 0; at 98", "OPEN 0; at 98; MODIFY_PENDING", size=150)
def two_modifications_of_one_order(choose: Choose) -> str:
    """Two threads modify one order: the price is that of one of them, and nobody is left without an answer."""
    with Arena(choose, _LATER, exchange=_FREE) as arena:
        arena.set_up(quote(), buy("o"))
        arena.race(user=[modify("o", price="98")], other=[modify("o", price="97")])
        return arena.end(arena.price("o"))


@race("CANCELLED 0", "FILLED 2; ORDER_CLOSED", "FILLED 2; TOO_LATE", size=23)
def a_trigger_against_a_cancel(choose: Choose) -> str:
    """A quote triggers a stop while its cancel is on its way: filled at the market, or cancelled untriggered."""
    with Arena(choose, _VENUE, exchange=_FREE) as arena:
        arena.set_up(quote(), _stop("o"))
        arena.race(user=[cancel("o")], market=[quote("105", "106")])
        return arena.end()


@race(
    "CANCELLED 0",
    "CANCELLED 0; CANCEL_PENDING",
    "CANCELLED 0; ORDER_CLOSED",
    "CANCELLED 0; triggered; CANCEL_PENDING",
    "CANCELLED 0; triggered; ORDER_CLOSED",
    "FILLED 2; triggered; ORDER_CLOSED",
    "FILLED 2; triggered; TOO_LATE",
    size=376,
)
def a_triggered_stop_limit_against_a_modification(choose: Choose) -> str:
    """A quote triggers a stop limit while a higher limit is on its way: it fills at once, or when the limit comes."""
    with Arena(choose, _VENUE, exchange=_FREE) as arena:
        arena.set_up(quote(), _stop("o", OrderType.STOP_LIMIT, "105"))
        arena.race(user=[modify("o", price="106")], market=[quote("105", "106")], other=[cancel("o")])
        return arena.end("triggered" if arena.order("o").triggered else "")


@race("FILLED 2; at 101", "FILLED 2; at 102", "FILLED 2; at 103", size=5890)
def two_quotes_against_a_market_order(choose: Choose) -> str:
    """A market order while two quotes come: it fills at one of the three prices that were ever valid."""
    with Arena(choose, _VENUE, exchange=_FREE) as arena:
        arena.set_up(quote())
        arena.race(user=[_market("o")], market=[quote("100", "102")], other=[quote("101", "103")])
        return arena.end(f"at {plain(arena.order('o').average_fill_price)}")


@race("FILLED 2", "REJECTED 0; NO_MARKET", size=58)
def a_market_order_against_a_first_quote(choose: Choose) -> str:
    """A market order while the first quote of its symbol comes: filled, or refused since there is no market."""
    with Arena(choose, _RISK, exchange=_FREE) as arena:
        arena.race(user=[_market("o")], market=[quote()])
        return arena.end()


@race("OPEN 0, REJECTED 0; INSUFFICIENT_FUNDS", "REJECTED 0, OPEN 0; INSUFFICIENT_FUNDS", size=8)
def two_orders_against_one_balance(choose: Choose) -> str:
    """Two strategies submit, and the money is enough for one: the other is refused, whoever came first."""
    with Arena(choose, _RISK, exchange=_FREE, cash={"USDT": "250"}) as arena:
        arena.set_up(quote())
        arena.race(user=[buy("a")], other=[buy("b")])
        return arena.end()


@race("CANCELLED 0, OPEN 0", "CANCELLED 0, REJECTED 0; INSUFFICIENT_FUNDS", size=8)
def a_cancel_frees_money_for_another_order(choose: Choose) -> str:
    """A cancel frees the money of one order while another asks for it: the balance never goes below zero."""
    with Arena(choose, _RISK, exchange=_FREE, cash={"USDT": "250"}) as arena:
        arena.set_up(quote(), buy("a"))
        arena.race(user=[cancel("a")], other=[buy("b")])
        return arena.end()


@race("FILLED 2, OPEN 0; cash 214", "FILLED 2, REJECTED 0; cash 214; INSUFFICIENT_FUNDS", size=3132)
def a_sale_that_pays_for_a_purchase(choose: Choose) -> str:
    """A sale fills while an order asks for the money that it brings: granted once risk knows of it."""
    with Arena(choose, {"order_manager", "risk_controller"}, exchange=_FREE, cash={"USDT": "10"}) as arena:
        sale = SubmitOrder(BTC.symbol, Side.SELL, OrderType.LIMIT, "2", price="102", order_id="a")
        arena.set_up(quote(), sale)
        arena.race(venue=[lambda: arena.at.exchange.send(quote("102", "103"))], user=[buy("b", "2", "90")])
        return arena.end(f"cash {plain(arena.system.portfolio().cash['USDT'])}")


@race("OPEN 0; of 1; DUPLICATE_ID; DUPLICATE_ID", "OPEN 0; of 2; DUPLICATE_ID; DUPLICATE_ID", size=8)
def one_id_from_two_senders(choose: Choose) -> str:
    """Two senders use one id for different orders: one order, and the other sender hears that the id is taken."""
    with Arena(choose, _RISK, exchange=_FREE) as arena:
        arena.set_up(quote())
        arena.race(user=[buy("o", "2")], other=[buy("o", "1")])
        return arena.end(f"of {plain(arena.order('o').quantity)}")


@race("FILLED 2", size=438)
def one_order_submitted_again_by_its_sender(choose: Choose) -> str:
    """One sender repeats its submission from another thread while the order fills: it is one order."""
    with Arena(choose, _VENUE | {"order_manager"}, exchange=_FREE) as arena:
        arena.set_up(quote("99", "100"))
        again = arena.stamped("user", buy("o"))
        arena.race(user=[buy("o")], other=[lambda: arena.at.risk.send(again)])
        return arena.end()


@race("FILLED 1, FILLED 3", size=8)
def two_orders_for_one_offer(choose: Choose) -> str:
    """Two market orders for an offer that is enough for both: each fills what it asked for, whoever came first."""
    with Arena(choose, _VENUE, exchange=_FREE) as arena:
        arena.set_up(quote())
        arena.race(user=[_market("a", "1")], other=[_market("b", "3")])
        return arena.end()


@race("CANCELLED 0", "CANCELLED 1", "FILLED 2; ORDER_CLOSED", "FILLED 2; TOO_LATE", size=1816)
def a_slow_request_against_a_fill(choose: Choose) -> str:
    """A cancel takes a while to reach the venue, and timers may be late: a quote that comes before fills."""
    slow = SimulatedExchange(maker_fee="0", taker_fee="0", latency="0.01")
    with Arena(choose, {"timer of exchange", "exchange"}, exchange=slow, late_ns=20_000_000) as arena:
        arena.set_up(quote(), buy("o"), lambda: arena.runtime.wait_quiet(1))
        arena.race(user=[cancel("o")], market=offers(2))
        return arena.end()


@race(
    "CANCELLED 0",
    "CANCELLED 0; NO_ANSWER",
    size=8622,
)
def the_end_of_patience_against_the_answer(choose: Choose) -> str:
    """The venue answers at the very moment at which its time to answer ends."""
    slow = SimulatedExchange(maker_fee="0", taker_fee="0", latency="1")
    timers = {"timer of exchange", "timer of order_manager"}
    with Arena(choose, timers | {"order_manager"}, exchange=slow, answer_within="1") as arena:
        arena.set_up(quote())
        arena.race(user=[buy("o"), cancel("o")])
        return arena.end()
