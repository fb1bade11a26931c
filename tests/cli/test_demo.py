"""The demo, in this process."""

from __future__ import annotations

import json
from decimal import Decimal

from orderpit.cli import main

STATES = ["PENDING", "SUBMITTED", "OPEN", "PARTIAL", "FILLED", "CANCELLED", "REJECTED", "EXPIRED"]


def test_the_demo_takes_the_six_steps_and_shows_the_notebooks_statistics(capsys):
    assert main([]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    for step in range(1, 7):
        assert f"{step} of 6: " in out
    for event in ("OrderCreated", "OrderFilled", "OrderTriggered", "CancelRequested", "OrderCancelled"):
        assert event in out
    for statistic in ("total_orders_created", "open_orders_count", "orders_by_state", "symbols_traded"):
        assert statistic in out
    lines = {line.split()[0]: line for line in out[out.index("All orders") :].splitlines() if line}
    assert lines["demo-system-1"].split()[-2:] == ["FILLED", "100.0%"]
    assert lines["demo-system-3"].split()[-2:] == ["CANCELLED", "0.0%"]
    assert "Total events processed: " in out
    assert "Audit: clean" in out
    assert "\x1b" not in out
    assert out.count("give or take up to 0.5 % simulated slippage") == 2
    assert "BTC/USDT LIMIT @ 43350.00" in out
    assert "as requested" in out
    assert lines["demo-system-2"].split()[5:7] == ["43350.00", "43250.01"]


def test_quiet_leaves_out_the_steps_but_not_the_summary(capsys):
    assert main(["--quiet"]) == 0
    out = capsys.readouterr().out
    assert "1 of 6" not in out
    assert out.startswith("Final OMS statistics\n")


def test_json_is_one_object_with_the_keys_of_the_design_and_nothing_else(capsys):
    assert main(["demo", "--json"]) == 0
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert err == ""
    assert list(found) == [
        *("stats", "portfolio", "audit", "data", "seconds"),
        *("rejected", "refused", "problems", "interrupted", "net"),
    ]
    assert found["rejected"] == found["refused"] == {}
    assert found["problems"] == {"count": 0, "alarms": 0, "texts": []}
    assert found["interrupted"] is False
    book = found["portfolio"]
    assert {currency: Decimal(gain) for currency, gain in found["net"].items()} == {
        currency: Decimal(book["realised_pnl"][currency])
        + Decimal(book["unrealised_pnl"][currency])
        - Decimal(book["fees"][currency])
        for currency in ("USD", "USDT")
    }
    assert {
        *("total_orders_created", "total_orders_filled", "total_orders_cancelled", "total_orders_rejected"),
        *("open_orders_count", "symbols_traded", "orders_by_state", "total_events"),
    } <= set(found["stats"])
    assert list(found["stats"]["orders_by_state"]) == STATES
    assert found["stats"]["open_orders_count"] == 0
    assert found["stats"]["symbols_traded"] == ["BTC/USDT", "AAPL"]
    told = {"cash", "positions", "realised_pnl", "unrealised_pnl", "fees", "equity", "rounding"}
    assert set(found["portfolio"]) == told
    assert found["portfolio"]["positions"]["BTC/USDT"]["quantity"] == "0.12"
    assert set(found["audit"]) == {"violations", "checks"}
    assert found["audit"]["violations"] == []
    assert {"source", "records", "symbols", "first_time_ns", "last_time_ns"} <= set(found["data"])
    assert found["data"]["records"] == 754
    assert isinstance(found["seconds"], float)


def test_the_same_seed_gives_the_same_fills_and_another_seed_others(capsys):
    def fees(seed):
        assert main(["--json", "--seed", seed]) == 0
        return json.loads(capsys.readouterr().out)["portfolio"]["fees"]

    assert fees("1") == fees("1") != fees("2")
