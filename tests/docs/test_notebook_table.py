"""docs/from-the-notebook.md names a counterpart for everything that the notebook had, and each of them exists."""

import pkgutil
import re
from pathlib import Path

import pytest

from orderpit import Instrument, OrderState, OrderType, Side, SimulatedExchange, SubmitOrder, TradingSystem

GUIDE = Path(__file__).parents[2] / "docs" / "from-the-notebook.md"

# The notebook is not part of the repository, so its names are held here. A class stands for its __init__.
CLASSES = {
    "Event": "event_type data timestamp source __post_init__",
    "EventQueue": "events subscribers lock event_history subscribe publish",
    "OrderState": "PENDING SUBMITTED OPEN PARTIALLY_FILLED FILLED CANCELLED REJECTED EXPIRED",
    "OrderType": "MARKET LIMIT STOP STOP_LIMIT",
    "OrderSide": "BUY SELL",
    "Order": """
        symbol side order_type quantity price stop_price order_id client_order_id exchange_order_id state
        filled_quantity remaining_quantity average_fill_price created_at submitted_at filled_at fees_paid notes
        __post_init__ _validate is_buy is_sell is_filled is_open fill_percentage update_fill cancel to_dict __str__
    """,
    "OrderRequestEvent": "order order_dict",
    "OrderStatusEvent": "order_id status_type message order_state order",
    "OrderFillEvent": "order_id symbol side fill_quantity fill_price fees order is_complete_fill",
    "OrderErrorEvent": "order_id error_type error_message order",
    "OrderManager": """
        event_queue name orders orders_by_symbol open_orders total_orders_created total_orders_filled
        total_orders_cancelled create_order on_order_request on_order_fill cancel_order get_orders get_stats
    """,
    "MockExchange": """
        event_queue name market_prices trading_fee fill_probability update_price on_order_status _fill_market_order
        _process_limit_order _process_stop_order
    """,
}
EVENTS = {"order_request", "order_status", "order_fill", "order_error"}
STATUSES = {"created", "submitted", "filled", "partially_filled", "cancelled", "invalid_symbol"}
STATISTICS = {
    "total_orders_created",
    "total_orders_filled",
    "total_orders_cancelled",
    "open_orders_count",
    "symbols_traded",
    "orders_by_state",
}
INSTANCES = {"event_queue", "oms", "exchange"}
EXCHANGE_FIGURES = {"slippage", "time.sleep(0.1)"}
DEMO = {
    "Test 1: Market Order",
    "Test 2: Limit Order (Favorable Price)",
    "Test 3: Limit Order (Too Low)",
    "Test 4: Stop Order",
    "Test 5: Price Movement (Trigger Stop)",
    "Test 6: Cancel Order",
    "Final OMS Statistics",
    "All Orders Summary",
    "Total Events Processed",
}
CHALLENGES = {
    "modify_order_price",
    "add_expiration_to_order",
    "check_expired_orders",
    "create_bracket_order",
    "Order Validation",
    "Partial Fill Handling",
}
DICTIONARY = """
    order_id client_order_id symbol side type quantity price stop_price state filled_quantity remaining_quantity
    average_fill_price fill_percentage created_at fees_paid
"""
NAMES = (
    {*CLASSES, *(f"{name}.{member}" for name, members in CLASSES.items() for member in members.split())}
    | EVENTS
    | STATUSES
    | STATISTICS
    | INSTANCES
    | EXCHANGE_FIGURES
    | DEMO
    | CHALLENGES
)


def rows() -> list[tuple[str, str]]:
    """Return the first two cells of each row of the table."""
    table = GUIDE.read_text(encoding="utf-8").split("\n## Name by name\n", 1)[1]
    cells = [line.strip("|").split("|") for line in table.splitlines() if line.startswith("| `")]
    return [(first.strip().strip("`"), second) for first, second, *_ in cells]


COUNTERPARTS = sorted({name for _, cell in rows() for name in re.findall(r"`([^`]+)`", cell)})


def test_every_name_of_the_notebook_has_one_row_and_there_is_no_other_row():
    assert sorted(name for name, _ in rows()) == sorted(NAMES)


def test_every_row_names_a_counterpart():
    assert [name for name, cell in rows() if "`" not in cell] == []


@pytest.mark.parametrize("name", COUNTERPARTS)
def test_every_counterpart_exists(name: str):
    assert pkgutil.resolve_name(f"orderpit.{name}") is not None


@pytest.mark.parametrize(
    ("ours", "theirs"), [(OrderState, "OrderState"), (OrderType, "OrderType"), (Side, "OrderSide")], ids=str
)
def test_enumerations_have_the_members_of_the_notebook(ours: type[OrderState], theirs: str):
    # TRAILING_STOP is ours.
    assert [member.name for member in ours if member.name != "TRAILING_STOP"] == CLASSES[theirs].split()


def test_statistics_and_dictionaries_have_the_keys_of_the_notebook():
    btc = Instrument("BTC/USDT", price_increment="0.01", quantity_increment="0.00001")
    with TradingSystem([btc], exchange=SimulatedExchange()) as system:
        order_id = system.submit(SubmitOrder("BTC/USDT", Side.BUY, OrderType.LIMIT, "1", price="100"))
        order = system.wait(order_id, OrderState.OPEN, timeout=20)
        stats = system.stats()
    assert set(stats) >= STATISTICS
    assert list(stats["orders_by_state"]) == [state.value for state in OrderState]
    assert list(order.to_dict()) == DICTIONARY.split()
