"""Files of limits: what they mean, and that whatever is wrong in one is an error that names it."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import attrs
import pytest

from orderpit import Action, Currency, InvalidData, MarginAccount, RiskLimits, Rule, SpotAccount, Trip, load_limits
from orderpit.cli import main
from orderpit.cli._report import profit

EXAMPLE = Path(__file__).parents[2] / "docs" / "limits.toml"


def loaded(folder, text):
    path = folder / "limits.toml"
    path.write_text(text, encoding="utf-8")
    return load_limits(path)


def test_the_example_is_read_and_has_every_limit_there_is():
    found = load_limits(str(EXAMPLE))
    assert all(getattr(found.limits, field.name) is not None for field in attrs.fields(RiskLimits))
    text = EXAMPLE.read_text(encoding="utf-8")
    assert all(f"\n{field.name} = " in text for field in attrs.fields(RiskLimits) if field.name not in NESTED)
    assert found.rules == (
        Rule(on=Trip.DAILY_LOSS, limit=800, action=Action.HALT),
        Rule(on=Trip.DRAWDOWN, limit=400, action=Action.FLATTEN, strategy="quoter"),
    )
    assert found.account == MarginAccount(leverage=5, maintenance_margin="0.05")
    assert found.currencies == (Currency("USDT", places=2), Currency("BTC", places=8, rounding="half-even"))
    assert found.currency == "USDT"


NESTED = ("instruments", "strategies")


def test_numbers_are_taken_as_they_are_written(tmp_path):
    limits = loaded(tmp_path, "max_long = 0.1\nmax_short = 1_000.50\nmax_gross = 2e3\nmax_open_orders = 0x10").limits
    assert (limits.max_long, limits.max_short, limits.max_gross) == (Decimal("0.1"), Decimal("1000.5"), Decimal(2000))
    assert limits.max_open_orders == 16


def test_limits_are_nested_by_instrument_and_by_strategy(tmp_path):
    text = """
        max_long = 9
        instruments."BTC/USDT".max_long = 3
        [strategies.mm]
        max_long = 2
        [strategies.mm.instruments."BTC/USDT"]
        max_long = 1
    """
    of_btc = RiskLimits(max_long=1)
    assert loaded(tmp_path, text).limits == RiskLimits(
        max_long=9,
        instruments={"BTC/USDT": RiskLimits(max_long=3)},
        strategies={"mm": RiskLimits(max_long=2, instruments={"BTC/USDT": of_btc})},
    )


def test_an_empty_file_limits_nothing(tmp_path):
    found = loaded(tmp_path, "# nothing\n")
    assert (found.limits, found.rules, found.account, found.currencies) == (RiskLimits(), (), None, ())


def test_an_account_may_be_spot_or_only_name_its_currency(tmp_path):
    assert loaded(tmp_path, '[account]\ntype = "spot"').account == SpotAccount()
    found = loaded(tmp_path, '[account]\ncurrency = "EUR"')
    assert (found.account, found.currency) == (None, "EUR")


BAD = {
    "misspelt": ("max_lnog = 5", "line 1: max_lnog: is not known; did you mean max_long?"),
    "far from all": ("\nxyzzy = 5", "line 2: xyzzy: is not known"),
    "misspelt in an instrument": (
        '[instruments."BTC/USDT"]\nmax_shrt = 1',
        'line 2: instruments."BTC/USDT".max_shrt: is not known; did you mean max_short?',
    ),
    "misspelt table": ("[strategy.mm]\nmax_long = 1", "strategy: is not known; did you mean strategies?"),
    "zero": ("max_long = 0", "line 1: max_long: must be greater than zero, got 0"),
    "negative": ("max_long = -0.5", "line 1: max_long: must be"),
    "infinite": ("max_long = inf", "line 1: max_long: must be"),
    "no number": ("max_long = nan", "line 1: max_long: must be"),
    "too long": (f"max_long = 0.{'1' * 70}", "line 1: max_long: must be a number of at most 18 digits"),
    "a vast exponent": (f"max_long = 1e{'9' * 30}", "line 1: max_long: must be a number of at most 18 digits"),
    "a large exponent": ("max_long = 1e999999999", "line 1: max_long: must have at most 18 digits before the point"),
    "too precise": (f"max_long = 0.{'1' * 20}", "line 1: max_long: must"),
    "far too large": (f"max_long = {'9' * 5_000}", "no TOML: a number is too long"),
    "text": ('max_long = "5"', "line 1: max_long: must be a number of at most 18 digits each side, got '5'"),
    "true": ("max_long = true", "line 1: max_long: must be"),
    "a list": ("max_long = [1]", "line 1: max_long: must be"),
    "a date": ("max_long = 2024-01-01", "line 1: max_long: must be"),
    "a count with a point": ("max_open_orders = 1.5", "line 1: max_open_orders: must be"),
    "one for true": ("refuse_self_crossing = 1", "line 1: refuse_self_crossing: must be True or False, got 1"),
    "above one": ("max_reject_rate = 1.1", "line 1: max_reject_rate: must be a fraction of at most 1"),
    "a reserve of nothing": ("cancel_reserve = 5", "line 1: cancel_reserve: must be below max_requests_per_second"),
    "no table": ("instruments = 5", "line 1: instruments: must be a table, got 5"),
    "no limits": ("[instruments]\nBTC = 5", "line 2: instruments.BTC: must be a table, got 5"),
    "a bad symbol": ('[instruments."B T"]\nmax_long = 5', "instruments.B T: must be 1 to 64 characters"),
    "nested too far": (
        '[instruments."BTC/USDT".instruments."ETH/USDT"]\nmax_long = 5',
        'instruments."BTC/USDT".instruments: is not known',
    ),
    "a strategy of a strategy": ("[strategies.a.strategies.b]\nmax_long = 5", "strategies.a.strategies: is not known"),
    "an account of no type": ("[account]\nleverage = 5", 'account.type: must be "spot" or "margin", got nothing'),
    "an unknown account": (
        '[account]\ntype = "Spot"',
        'line 2: account.type: must be "spot" or "margin", got \'Spot\'',
    ),
    "spot with leverage": ('[account]\ntype = "spot"\nleverage = 5', "line 3: account.leverage: is not known"),
    "margin without": ('[account]\ntype = "margin"\nleverage = 5', "account.maintenance_margin: must be given"),
    "both margins": (
        '[account]\ntype = "margin"\nleverage = 5\ninitial_margin = 0.2\nmaintenance_margin = 0.05',
        "line 3: account.leverage: must be given, or else initial_margin",
    ),
    "a currency of the account": ('[account]\ncurrency = "U SD"', "line 2: account.currency: must be 1 to 64"),
    "places": ("[currencies]\nUSDT = -2", "currencies.USDT.places: must be"),
    "too many places": ("[currencies]\nUSDT = 19", "currencies.USDT.places: must be"),
    "places with a point": ("[currencies]\nUSDT = 2.0", "currencies.USDT.places: must be"),
    "rounding": (
        "[currencies]\nUSDT = {places = 2, rounding = 'odd'}",
        "line 2: currencies.USDT.rounding: must be one",
    ),
    "currency's key": ("[currencies]\nUSDT = {place = 2}", ".place: is not known; did you mean places?"),
    "rules": ("[rules]\non = 1", "line 1: rules: must be tables under [[rules]]"),
    "a rule on nothing": (
        '[[rules]]\naction = "halt"',
        (
            "rules, number 1.on: must be one of daily_loss, drawdown, consecutive_losses, reject_rate, stuck_actor, "
            "audit_violation, margin_call, got nothing"
        ),
    ),
    "a rule on a person": ('[[rules]]\non = "person"\naction = "halt"', "line 2: rules, number 1.on: must be one of"),
    "an action": (
        '[[rules]]\non = "margin_call"\naction = "stop"',
        "line 3: rules, number 1.action: must be one of alert, reduce, halt, cancel_all, flatten, got 'stop'",
    ),
    "a rule without a limit": (
        '[[rules]]\non = "drawdown"\naction = "halt"',
        "rules, number 1.limit: is needed for DRAWDOWN, got None",
    ),
    "a rule's key": (
        '[[rules]]\non = "margin_call"\naction = "halt"\nstrat = "x"',
        "line 4: rules, number 1.strat: is not known; did you mean strategy?",
    ),
    "no TOML": ("max_long 5", "line 1: no TOML: Expected '=' after a key"),
    "twice": ("max_long = 5\nmax_long = 6", "no TOML: Cannot overwrite a value"),
    "nested beyond reason": ("a = " + "[" * 100_000, "no TOML"),
}


@pytest.mark.parametrize(("text", "said"), BAD.values(), ids=BAD)
def test_what_is_wrong_is_named_with_its_file_and_key(text, said, tmp_path):
    with pytest.raises(InvalidData) as caught:
        loaded(tmp_path, text)
    message = str(caught.value)
    assert message.startswith(str(tmp_path / "limits.toml"))
    assert said in message
    assert message.isprintable()
    assert len(message) < 600


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b"\xff\xfe", "no TOML: it is not UTF-8", id="bytes"),
        pytest.param(b"#" * 1_000_001, "must be at most 1000000 bytes", id="large"),
    ],
)
def test_what_is_no_text_is_refused(content, said, tmp_path):
    (tmp_path / "limits.toml").write_bytes(content)
    with pytest.raises(InvalidData, match=said):
        load_limits(tmp_path / "limits.toml")


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InvalidData, match="cannot be read: No such file or directory"):
        load_limits(tmp_path / "none.toml")


# -- sessions


@pytest.fixture
def btc(tmp_path):
    rows = (f"{1_700_000_000 + n * 60},{1000 + n % 7},{1001 + n % 7},{999 + n % 7},{1000 + n % 7},5" for n in range(60))
    path = tmp_path / "BTC-USDT.csv"
    path.write_text("timestamp,open,high,low,close,volume\n" + "".join(f"{row}\n" for row in rows))
    return str(path)


def session(capsys, *argv, code=0):
    assert main(["session", "--quiet", "--runtime", "stepped", *argv]) == code
    return capsys.readouterr()


def limits_in(folder, text):
    (folder / "limits.toml").write_text(text)
    return str(folder / "limits.toml")


def test_a_session_is_held_to_its_limits_and_explains_itself(btc, tmp_path, capsys):
    path = limits_in(tmp_path, "[strategies.quoter]\nmax_order_notional = 900.5\n")
    argv = ("--data", btc, "--limits", path, "--explain", "seed0-quoter-1", "--explain", "nobody")
    found = json.loads(session(capsys, *argv, "--json").out)
    assert list(found["rejected"]) == ["MAX_ORDER_NOTIONAL"]
    assert found["trips"] == []
    assert found["explanations"]["nobody"] is None
    checks = found["explanations"]["seed0-quoter-1"]["checks"]
    assert [(check["name"], check["bound"], check["passed"]) for check in checks] == [
        ("max_order_notional", "900.5", False)
    ]
    text = session(capsys, *argv).out
    assert "Refused first: seed0-quoter-1, MAX_ORDER_NOTIONAL: notional" in text
    assert "Order seed0-quoter-1 of quoter: BUY" in text
    assert "No order has the id nobody" in text


def test_the_example_fits_the_session_that_it_speaks_of(btc, capsys):
    found = json.loads(session(capsys, "--data", btc, "--limits", str(EXAMPLE), "--json").out)
    assert found["audit"]["violations"] == []
    assert found["stats"]["total_orders_created"] > 0


def test_what_rounding_of_cash_has_gained_is_told(btc, tmp_path, capsys):
    argv = ("--data", btc, "--strategy", "crossover", "--limits", limits_in(tmp_path, "[currencies]\nUSDT = 0\n"))
    found = json.loads(session(capsys, *argv, "--json").out)
    book, gained = found["portfolio"], Decimal(found["portfolio"]["rounding"]["USDT"])
    assert gained != 0
    assert Decimal(book["equity"]["USDT"]) == 100_000 + Decimal(found["net"]["USDT"]) + gained
    assert f"Rounding of what is booked: {profit(gained)} USDT, " in session(capsys, *argv).out
    assert "Rounding of" not in session(capsys, *argv[:-2]).out


def test_a_trip_ends_a_session_with_an_alarm_about_no_order(btc, tmp_path, capsys):
    rule = '[[rules]]\non = "drawdown"\nlimit = 0.000001\naction = "halt"\n'
    argv = ("--data", btc, "--strategy", "crossover", "--limits", limits_in(tmp_path, rule))
    (text,) = json.loads(session(capsys, *argv, "--json", code=1).out)["problems"]["texts"]
    assert text.startswith("alarm TRIPPED: DRAWDOWN, HALT: ")


STRANGERS = {
    "instrument": (
        '[instruments."ETH/USDT"]\nmax_long = 1',
        'instruments: must be one of this session, BTC/USDT, got "ETH',
    ),
    "strategy": ("[strategies.mm]\nmax_long = 1", 'strategies: must be one of this session, quoter, got "mm"'),
    "instrument of a strategy": (
        '[strategies.quoter.instruments."X"]\nmax_long = 1',
        "strategies.quoter.instruments: must be one of this session",
    ),
    "strategy of a rule": (
        '[[rules]]\non = "drawdown"\nlimit = 1\naction = "halt"\nstrategy = "mm"',
        "rules.strategy: must be one of this session",
    ),
    "misspelt": ("max_lnog = 1", "limits.toml, line 1: max_lnog: is not known; did you mean max_long?"),
}


@pytest.mark.parametrize(("text", "said"), STRANGERS.values(), ids=STRANGERS)
def test_limits_that_would_hold_nothing_end_the_session_with_one_line(text, said, btc, tmp_path, capsys):
    err = session(capsys, "--data", btc, "--limits", limits_in(tmp_path, text), code=2).err
    assert said in err
    assert err.count("\n") == 1
    assert "limits.toml" in err


def test_an_id_that_no_order_can_have_is_an_error(btc, capsys):
    assert "--explain: must be" in session(capsys, "--data", btc, "--explain", "no id", code=2).err
