"""The pytest plugin: fixtures, options, what a failure prints, and that those who do not ask notice nothing."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

import pytest_orderpit
from orderpit.testing import SCENARIOS
from orderpit.testing.plugin import Progress

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[2]
BOUND = 120
BOT = '''
from orderpit import OrderType, Quote, Side, Strategy, SubmitOrder


class Rash(Strategy):
    """Follows the bid with an order for one coin, and takes its cancels for granted."""

    def __init__(self, symbol):
        self.symbol, self.order_id, self.bid = symbol, None, None

    def on_market_data(self, data):
        if isinstance(data, Quote) and data.bid != self.bid and not self.position(self.symbol):
            self.bid = data.bid
            if self.order_id is not None:
                self.cancel(self.order_id)
            self.order_id = self.submit(SubmitOrder(self.symbol, Side.BUY, OrderType.LIMIT, 1, price=self.bid))


class Idle(Strategy):
    pass


def holds_at_most_one(run):
    assert run.position("BTC/USDT") <= 1
'''


class Done(NamedTuple):
    code: int
    output: str


Run = Callable[..., Done]


@pytest.fixture
def prepared(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Write a test file, and the bots that it takes."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    pytester.makepyfile(bot=BOT)
    pytester.makeini("[pytest]\n")
    return lambda test: pytester.makepyfile(test_bot=f"from bot import *\n{test}")


@pytest.fixture
def run(prepared: Callable[[str], None], pytester: pytest.Pytester) -> Run:
    """Run pytest with the plugin on a test file."""

    def here(test: str, *options: str) -> Done:
        prepared(test)
        # Named, because the tests also run where orderpit is not installed; named twice it is still one plugin.
        result = pytester.runpytest_inprocess("-p", "pytest_orderpit", *options)
        return Done(result.ret, result.stdout.str())

    return here


@pytest.fixture
def run_afresh(prepared: Callable[[str], None], pytester: pytest.Pytester) -> Run:
    """Run pytest with the plugin on a test file, as a shell does, in a process of its own."""

    def afresh(test: str, options: str = "", hash_seed: int = 0) -> Done:
        prepared(test)
        command = f'PYTHONHASHSEED={hash_seed} exec "{sys.executable}" -m pytest -p pytest_orderpit {options}'
        done = subprocess.run(  # noqa: S603
            ["/bin/sh", "-c", command], cwd=pytester.path, capture_output=True, text=True, timeout=BOUND, check=False
        )
        return Done(done.returncode, done.stdout + done.stderr)

    return afresh


def told(output: str) -> list[str]:
    """Return the failure's own lines, up to the one that replays it."""
    return [line for line in output.splitlines() if line.startswith("E ") and "Failure:" not in line]


TESTS = {
    "seeds": (
        "def test_it(interleavings):\n    interleavings.seeds(20, Rash, symbol='BTC/USDT', check=holds_at_most_one)\n"
    ),
    "a race": (
        "def test_it(interleavings):\n"
        "    interleavings.race('a fill overtakes the cancel', Rash, symbol='BTC/USDT', check=holds_at_most_one)\n"
    ),
    "the second call": (
        "def test_it(interleavings):\n"
        "    interleavings.seeds(2, Idle)\n"
        "    interleavings.seeds(20, Rash, symbol='BTC/USDT', check=holds_at_most_one)\n"
    ),
    "a parameter": (
        "import pytest\n"
        "@pytest.mark.parametrize('symbol', ['BTC/USDT'], ids=['a \"$coin\"'])\n"
        "def test_it(interleavings, symbol):\n"
        "    interleavings.seeds(20, Rash, symbol=symbol, check=holds_at_most_one)\n"
    ),
}


@pytest.mark.parametrize("test", TESTS.values(), ids=TESTS)
def test_a_failure_is_replayed_by_its_line_in_another_process(run_afresh: Run, test: str):
    first = run_afresh(test, hash_seed=1)
    assert first.code == 1, first.output
    replay = re.search(r"replay: pytest (.*)", first.output)
    assert replay, first.output
    again = run_afresh(test, replay[1], hash_seed=2)
    assert again.code == 1, again.output
    assert told(again.output) == told(first.output)


def test_a_failure_is_told_without_what_lies_between(run: Run):
    output = run(TESTS["seeds"]).output
    assert "E         AssertionError" in output
    assert "bot.py:" in output
    assert "bot -> risk_controller: CancelOrder bot-1" in output
    assert "def seeds(" not in output
    assert "trial.py" not in output


MISUSED = "def test_it(interleavings):\n    interleavings.seeds(2, Rash)\n"


def test_a_misuse_is_told_without_what_lies_between(run: Run):
    output = run(MISUSED).output
    assert "missing 1 required positional argument: 'symbol'" in output
    assert "worlds.py" not in output
    assert "def seeds(" not in output


def test_what_lies_between_is_shown_to_who_asks_for_it(run: Run):
    assert "worlds.py" in run(MISUSED, "--full-trace").output


def test_a_replay_that_holds_passes(run: Run):
    done = run(TESTS["seeds"].replace("Rash, symbol='BTC/USDT',", "Idle,"), "--orderpit-replay", "seed=0;1-3;4:1")
    assert done.code == 0, done.output


def test_a_replay_that_holds_ends_the_test_before_what_it_says_of_all_runs(run: Run):
    test = TESTS["a race"].replace("    inter", "    found = inter") + "    assert not found\n"
    done = run(test.replace(", check=holds_at_most_one", ""), "--orderpit-replay", "race=a fill overtakes the cancel;-")
    assert done.code == 0, done.output


def test_a_replay_of_a_call_that_is_not_made_fails(run: Run):
    done = run(TESTS["seeds"], "--orderpit-replay", "call=2;seed=0;1-3;-")
    assert done.code == 1
    assert "nothing was replayed: 'call=2;seed=0;1-3;-'" in done.output


def test_the_number_of_seeds_can_be_overruled(run: Run):
    done = run("def test_it(interleavings):\n    assert interleavings.seeds(2, Idle) == 5\n", "--orderpit-seeds", "5")
    assert done.code == 0, done.output


def test_every_name_is_offered(run: Run):
    done = run(
        "import pytest\n"
        "from orderpit.testing import SCENARIOS, SITUATIONS\n"
        "def test_it(interleavings):\n"
        "    assert interleavings.scenarios() == tuple(SCENARIOS)\n"
        "    assert interleavings.races() == tuple(SITUATIONS)\n"
        "    assert interleavings.seeds(1, Idle, scenario='late fill', cash={'USDT': 1}) == 1\n"
        "    assert interleavings.race('a quote burst', Idle, most=3).schedules == 6\n"
    )
    assert done.code == 0, done.output


def test_chaos_runs_a_test_for_each_scenario(run: Run):
    done = run(
        "from orderpit import Instrument, OrderState\n"
        "def test_it(chaos, stepped_system):\n"
        "    btc = Instrument('BTC/USDT', price_increment='0.01', quantity_increment='1')\n"
        "    system = stepped_system([btc], exchange=chaos(seed=3), seed=1, answer_within=1)\n"
        "    system.publish(Quote('BTC/USDT', bid=99, ask=101))\n"
        "    system.submit(SubmitOrder('BTC/USDT', Side.BUY, OrderType.LIMIT, 1, price=50))\n"
        "    assert chaos.faults.names()\n",
        "-v",
    )
    assert f"{len(SCENARIOS)} passed" in done.output
    assert "test_it[slow venue] PASSED" in done.output


def test_the_names_of_the_scenarios_are_those_that_there_are():
    assert tuple(SCENARIOS) == pytest_orderpit.SCENARIOS


def test_nothing_of_orderpit_is_loaded_before_a_test_asks():
    code = "import sys, pytest_orderpit; assert not [name for name in sys.modules if name.split('.')[0] == 'orderpit']"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=BOUND)  # noqa: S603


def test_it_works_without_the_extras(run_afresh: Run, pytester: pytest.Pytester):
    for extra in ("greenlet", "hypothesis"):
        pytester.makepyfile(**{extra: f"raise ImportError('no {extra} here')"})
    done = run_afresh(
        "def test_it(interleavings):\n    assert interleavings.seeds(3, Idle) == 3\n", "-p no:hypothesispytest"
    )
    assert done.code == 0, done.output + done.stderr


def test_a_fixture_of_ones_own_with_the_same_name_goes_first(run: Run):
    done = run(
        "import pytest\n"
        "@pytest.fixture\n"
        "def chaos():\n"
        "    return 'mine'\n"
        "def test_it(chaos):\n"
        "    assert chaos == 'mine'\n"
    )
    assert "1 passed" in done.output


def test_nothing_is_told_of_progress_where_there_is_no_terminal(run: Run):
    done = run("def test_it(interleavings):\n    interleavings.seeds(60, Idle)\n", "-s")
    assert " of 60" not in done.output


def test_progress_is_told_when_it_takes_a_while_and_not_too_often():
    now, lines = [0.0], []
    progress = Progress("seeds", lines.append, lambda: now[0])
    for done in range(1, 11):
        now[0] += 0.2
        progress(done, 10)
    assert lines == ["  seeds: 8 of 10", "  seeds: 10 of 10"]
