"""The portfolio of a running system: cost bases, hedged positions, strategies, rounding; with a clean audit."""

from __future__ import annotations

from decimal import Decimal

import pytest

from orderpit import Instrument, OrderType, Quote, Side, SimulatedExchange, Strategy, SubmitOrder, TradingSystem
from orderpit.actors.audit import audit
from orderpit.model.account import Currency
from orderpit.model.errors import InvalidConfiguration

COINS = Instrument("XYZ/USD", price_increment="0.001", quantity_increment="0.1")


class Buyer(Strategy):
    """Buys once, at the first quote."""

    def __init__(self, size: str) -> None:
        self._size = size

    def on_market_data(self, data):
        if not self.position(data.symbol):
            self.submit(SubmitOrder(data.symbol, Side.BUY, OrderType.MARKET, self._size))


def a_system(**settings) -> TradingSystem:
    exchange = settings.pop("exchange", SimulatedExchange(maker_fee="0", taker_fee="0"))
    return TradingSystem([COINS], exchange=exchange, cash={"USD": "1000"}, runtime="stepped", **settings)


def trade(system: TradingSystem, side: Side, quantity: str, price: str, **terms) -> str:
    system.publish(Quote("XYZ/USD", bid=price, ask=price))
    return system.submit(SubmitOrder("XYZ/USD", side, OrderType.MARKET, quantity, **terms))


@pytest.mark.parametrize(
    ("basis", "realised"),
    # Bought at 10 and at 20, one sold at 30: 30 - 15, 30 - 10, 30 - 20.
    [
        pytest.param("average", 15, id="average"),
        pytest.param("fifo", 20, id="fifo"),
        pytest.param("lifo", 10, id="lifo"),
    ],
)
def test_the_cost_basis_of_the_settings_is_that_of_the_portfolio(basis, realised):
    with a_system(cost_basis=basis) as system:
        trade(system, Side.BUY, "1", "10")
        trade(system, Side.BUY, "1", "20")
        trade(system, Side.SELL, "1", "30")
        assert system.portfolio().realised_pnl["USD"] == realised
        assert audit(system).is_clean


def test_hedged_positions_stand_beside_each_other_at_the_venue_too():
    with a_system(positions="hedged") as system:
        trade(system, Side.BUY, "5", "10")
        trade(system, Side.SELL, "3", "10")
        # The net position is 2; yet there are 5 to reduce by a sell, and 3 by a buy.
        closing = trade(system, Side.SELL, "4", "12", reduce_only=True)
        assert system.order(closing).filled_quantity == 4
        position = system.portfolio().positions["XYZ/USD"]
        assert (position.long.quantity, position.short.quantity, position.quantity) == (1, 3, -2)
        # 4 * (12 - 10) = 8.
        assert position.realised_pnl == 8
        buying = trade(system, Side.BUY, "9", "9", reduce_only=True)
        # Shortened to the 3 of the short: 3 * (10 - 9) = 3 more.
        assert system.order(buying).filled_quantity == 3
        position = system.portfolio().positions["XYZ/USD"]
        assert (position.long.quantity, position.short.quantity, position.realised_pnl) == (1, 0, 11)
        assert audit(system).violations == ()


@pytest.mark.parametrize(
    ("bid", "earned"),
    [pytest.param("12", 4, id="profit target"), pytest.param("9", -2, id="stop loss")],
)
def test_hedged_the_exit_of_a_bracket_closes_what_its_entry_has_opened(bid, earned):
    with a_system(positions="hedged") as system:
        trade(system, Side.SELL, "1", "10")
        system.bracket(SubmitOrder("XYZ/USD", Side.BUY, OrderType.MARKET, "2"), profit_target="12", stop_loss="9")
        system.publish(Quote("XYZ/USD", bid=bid, ask=bid))
        position = system.portfolio().positions["XYZ/USD"]
        # The short of before is still there, and the long is gone: 2 * (12 - 10), or 2 * (9 - 10).
        assert (position.long.quantity, position.short.quantity, position.realised_pnl) == (0, 1, earned)
        # So it is at the venue: of five only the short's one is left to reduce.
        assert system.order(trade(system, Side.BUY, "5", "10", reduce_only=True)).filled_quantity == 1
        assert audit(system).violations == ()


def test_each_strategy_has_a_book_and_they_sum_to_the_account():
    with a_system() as system:
        system.add_strategy(Buyer, strategy_id="one", size="2")
        system.add_strategy(Buyer, strategy_id="two", size="3")
        trade(system, Side.SELL, "4", "10")
        system.publish(Quote("XYZ/USD", bid="11", ask="11"))
        account = system.portfolio()
        # What the system itself submits is its own: short 4 at 10 and so 4 down, while one and two are 2 and 3 up.
        unrealised = {name: of.unrealised_pnl["USD"] for name, of in account.strategies.items()}
        assert unrealised == {"one": 2, "two": 3, "system": -4}
        assert account.positions["XYZ/USD"].quantity == 1
        assert system.portfolio("two").positions == account.strategies["two"].positions
        assert system.portfolio("nobody").positions == {}
        assert audit(system).violations == ()


def test_cash_is_booked_to_the_places_of_its_currency():
    exchange = SimulatedExchange(maker_fee="0", taker_fee="0.001")
    with a_system(exchange=exchange, currencies=[Currency("USD", places=2)]) as system:
        trade(system, Side.BUY, "0.3", "1.115")
        account = system.portfolio()
        # 0.3 * 1.115 = 0.3345 is booked as 0.33, and the fee of 0.0003345 as nothing.
        assert account.cash["USD"] == Decimal("999.67")
        assert account.rounding["USD"] == Decimal("0.0048345")
        assert audit(system).violations == ()


@pytest.mark.parametrize("name", [pytest.param(7, id="a number"), pytest.param("a b", id="a blank")])
def test_a_name_that_no_strategy_can_have_is_refused(name):
    with a_system() as system, pytest.raises(InvalidConfiguration, match="strategy_id"):
        system.portfolio(name)
