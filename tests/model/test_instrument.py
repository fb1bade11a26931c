"""The grid of an instrument, and how prices and quantities are judged on it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from orderpit.model.errors import InvalidInstrument
from orderpit.model.instrument import Instrument
from orderpit.model.kinds import Reason
from orderpit.model.refusal import Refusal
from orderpit.model.trading_hours import TradingHours

GRID = {"price_increment": "0.01", "quantity_increment": "0.001"}


def instrument(symbol="BTC/USDT", **changes) -> Instrument:
    return Instrument(symbol, **GRID | changes)


@pytest.mark.parametrize(
    ("symbol", "given", "base", "quote"),
    [
        pytest.param("BTC/USDT", {}, "BTC", "USDT", id="slash"),
        pytest.param("BTC/USDT", {"quote_currency": "USD"}, "BTC", "USD", id="slash-and-given"),
        pytest.param("AAPL", {"quote_currency": "USD"}, "AAPL", "USD", id="no-slash"),
        pytest.param("XBTUSD", {"base_currency": "BTC", "quote_currency": "USD"}, "BTC", "USD", id="both-given"),
        pytest.param("A/B/C", {}, "A", "B/C", id="two-slashes"),
    ],
)
def test_currencies_come_from_the_symbol_unless_given(symbol, given, base, quote):
    made = instrument(symbol, **given)
    assert (made.base, made.quote) == (base, quote)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        pytest.param({"symbol": "AAPL"}, "quote_currency", id="no-slash"),
        pytest.param({"symbol": "BTC/"}, "quote_currency", id="nothing-after"),
        pytest.param({"symbol": "/USDT"}, "base_currency", id="nothing-before"),
        pytest.param({"min_quantity": "2", "max_quantity": "1"}, "max_quantity", id="least-above-most"),
        pytest.param({"min_quantity": "0.0005"}, "min_quantity", id="least-off-the-grid"),
        pytest.param({"max_quantity": "1.0005"}, "max_quantity", id="most-off-the-grid"),
    ],
)
def test_a_definition_that_contradicts_itself_is_refused(changes, field):
    with pytest.raises(InvalidInstrument) as caught:
        instrument(**changes)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("price", "rounded"), [("43250.014", "43250.01"), ("43250.015", "43250.02"), ("0.001", "0.01"), ("0.01", "0.01")]
)
def test_a_price_moves_to_the_nearest_tick_and_never_to_zero(price, rounded):
    assert instrument().on_tick(Decimal(price)) == Decimal(rounded)


@pytest.mark.parametrize(
    ("price", "reference", "reason", "text"),
    [
        pytest.param("100.01", "100", None, "", id="within"),
        pytest.param("90", "100", None, "", id="lowest"),
        pytest.param("110", "100", None, "", id="highest"),
        pytest.param("89.99", "100", Reason.PRICE_BAND, "price 89.99: must lie from 90 to 110", id="below"),
        pytest.param("110.01", "100", Reason.PRICE_BAND, "price 110.01: must lie from 90 to 110", id="above"),
        pytest.param("100.005", "100", Reason.PRICE_INCREMENT, "price 100.005: must be a multiple of 0.01", id="tick"),
        pytest.param(
            "100", None, Reason.NO_REFERENCE_PRICE, "price 100: no market price is known to judge it by", id="no-market"
        ),
    ],
)
def test_a_price_is_judged_by_the_tick_and_the_band(price, reference, reason, text):
    known = None if reference is None else Decimal(reference)
    refusal = instrument(price_band="0.1").check_price("price", Decimal(price), known)
    assert refusal == (None if reason is None else Refusal(reason, text))


def test_without_a_band_any_price_on_a_tick_will_do():
    assert instrument().check_price("price", Decimal("0.01"), None) is None


@pytest.mark.parametrize(
    ("quantity", "reason"),
    [
        pytest.param("0.01", None, id="least"),
        pytest.param("5", None, id="most"),
        pytest.param("0.0105", Reason.QUANTITY_INCREMENT, id="lot"),
        pytest.param("0.009", Reason.MIN_QUANTITY, id="below"),
        pytest.param("5.001", Reason.MAX_QUANTITY, id="above"),
    ],
)
def test_a_quantity_is_judged_by_the_lot_and_the_limits(quantity, reason):
    refusal = instrument(min_quantity="0.01", max_quantity="5").check_quantity(Decimal(quantity))
    assert (refusal and refusal.reason) is reason


def test_without_limits_any_whole_number_of_lots_will_do():
    assert instrument().check_quantity(Decimal(10**17)) is None


def test_a_refusal_names_field_value_and_rule():
    assert (
        Refusal.of(Reason.UNSUPPORTED, "time_in_force", "IOC", "is not built").text == "time_in_force IOC: is not built"
    )
    assert Refusal.of(Reason.MIN_QUANTITY, "quantity", Decimal("1.50"), "too small").text == "quantity 1.5: too small"


@pytest.mark.parametrize("hours", ["09:30-16:00", {"open": "09:30"}, ()], ids=["text", "mapping", "empty"])
def test_trading_hours_of_another_type_are_refused(hours):
    with pytest.raises(InvalidInstrument) as caught:
        instrument(trading_hours=hours)
    assert caught.value.field == "trading_hours"


def test_a_market_never_closes_unless_hours_are_given():
    hours = TradingHours(open="09:30", close="16:00")
    assert instrument().trading_hours is None
    assert instrument(trading_hours=hours).trading_hours is hours
