"""The tripwire: what reads the outside world fails where it is watched, and nowhere else, and all is as before."""

from __future__ import annotations

import datetime as dt
import os
import pickle
import random
import secrets
import sys
import textwrap
import threading
import time
import uuid
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from helpers import BTC, limit, quote, system_of

from orderpit import Strategy
from orderpit.testing import Escape, Stepped, tripwire

ESCAPES = {
    "time": "import time\ntime.time()",
    "time_ns": "import time\ntime.time_ns()",
    "monotonic": "import time\ntime.monotonic()",
    "perf_counter": "import time\ntime.perf_counter()",
    "sleep": "import time\ntime.sleep(0)",
    "localtime of now": "import time\ntime.localtime()",
    "strftime of now": "import time\ntime.strftime('%Y')",
    "datetime.now": "import datetime\ndatetime.datetime.now()",
    "datetime.utcnow": "from datetime import datetime\ndatetime.utcnow()",
    "datetime.today": "import datetime as dt\ndt.datetime.today()",
    "date.today": "from datetime import date\ndate.today()",
    "uuid1": "import uuid\nuuid.uuid1()",
    "uuid4": "from uuid import uuid4\nuuid4()",
    "urandom": "import os\nos.urandom(1)",
    "secrets": "import secrets\nsecrets.token_hex()",
    "random": "import random\nrandom.random()",
    "shuffle": "from random import shuffle\nshuffle([])",
    "seed": "import random\nrandom.seed(1)",
    "unseeded Random": "import random\nrandom.Random()",
    "SystemRandom": "import random\nrandom.SystemRandom()",
    "thread": "import threading\nthreading.Thread(target=int).start()",
    "timer": "import threading\nthreading.Timer(0, int).start()",
    "pool": "from concurrent.futures import ThreadPoolExecutor\nThreadPoolExecutor(1).submit(int)",
}
HARMLESS = {
    "a generator of one's own": "import random\nrandom.Random(1).random()",
    "a moment that is given": "import datetime\ndatetime.datetime(2024, 1, 1)\ndatetime.datetime.fromtimestamp(0)",
    "a date that is read": "from datetime import datetime\nassert datetime.strptime('2024', '%Y').year == 2024",
    "a time that is given": "import time\ntime.gmtime(0), time.strftime('%Y', time.gmtime(0))",
    "a uuid of a name": "import uuid\nuuid.uuid5(uuid.NAMESPACE_DNS, 'x')",
    "a log": "import logging\nlogging.LogRecord('n', 10, 'p', 1, 'm', (), None)",
}


NAME = "watched_bot"
Load = Callable[..., ModuleType]


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Load:
    """Make a module from its source, under the name that is watched."""

    def make(source: str, name: str = NAME) -> ModuleType:
        module = ModuleType(name)
        monkeypatch.setitem(sys.modules, name, module)
        exec(source, vars(module))  # noqa: S102  # the sources stand in this file
        return module

    return make


def indented(code: str) -> str:
    return textwrap.indent(code, "    ")


@pytest.mark.parametrize("code", ESCAPES.values(), ids=ESCAPES)
def test_reading_the_outside_world_fails_where_it_is_imported_by_the_module(load: Load, code: str):
    imports, call = code.split("\n")
    bot = load(f"{imports}\ndef act():\n    {call}\n")
    with pytest.raises(Escape, match=f"^{NAME}, line 3, in act: "), tripwire(NAME):
        bot.act()


@pytest.mark.parametrize("code", ESCAPES.values(), ids=ESCAPES)
def test_reading_the_outside_world_fails_where_it_is_imported_by_the_function(load: Load, code: str):
    bot = load(f"def act():\n{indented(code)}\n")
    with pytest.raises(Escape, match=f"^{NAME}, line 3, in act: "), tripwire(NAME):
        bot.act()


@pytest.mark.parametrize("code", HARMLESS.values(), ids=HARMLESS)
def test_what_can_be_replayed_passes(load: Load, code: str):
    bot = load(f"def act():\n{indented(code)}\n")
    with tripwire(NAME) as escapes:
        bot.act()
    assert escapes == []


@pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")  # from Python 3.12 on
@pytest.mark.parametrize("code", ESCAPES.values(), ids=ESCAPES)
def test_others_are_left_alone(load: Load, code: str):
    bot = load(f"def act():\n{indented(code)}\n")
    with tripwire("another", NAME[:-1]) as escapes:
        bot.act()
    assert escapes == []


def test_an_escape_that_was_caught_is_raised_at_the_end(load: Load):
    bot = load("import time\ndef act():\n    try:\n        time.time()\n    except Exception:\n        pass\n")
    with pytest.raises(Escape, match="line 4, in act"), tripwire(NAME):  # noqa: PT012  # the end of the block raises
        bot.act()
        bot.act()


def test_all_escapes_are_named(load: Load):
    bot = load("import time\ndef act(function):\n    try:\n        function()\n    except Exception:\n        pass\n")
    more = load("import time, os\ndef one(): time.time()\ndef two(): os.urandom(1)\n", "another_bot")
    with pytest.raises(Escape, match="in one") as raised, tripwire(NAME, "another_bot"):  # noqa: PT012  # the end of the block raises
        bot.act(more.one)
        bot.act(more.two)
    assert "in two" in raised.value.__notes__[0]


def test_another_error_goes_first(load: Load):
    bot = load("import time\ndef act():\n    try:\n        time.time()\n    except Exception:\n        1 / 0\n")
    with pytest.raises(ZeroDivisionError), tripwire(NAME):
        bot.act()


def state() -> dict[str, Any]:
    return {
        f"{module.__name__}.{name}": value
        for module in (time, dt, random, uuid, os, secrets, threading, threading.Thread)
        for name, value in vars(module).items()
        if callable(value)
    }


@pytest.mark.parametrize("code", ["pass", "1 / 0", "import time\ntime.time()"], ids=["returns", "raises", "escapes"])
def test_everything_is_as_before_afterwards(load: Load, code: str):
    bot = load(f"from time import time\nfrom datetime import datetime\ndef act():\n{indented(code)}\n")
    before = state()
    with pytest.raises((Escape, ZeroDivisionError)), tripwire(NAME):  # noqa: PT012  # the end of the block raises
        bot.act()
        raise ZeroDivisionError
    assert state() == before
    assert bot.time is time.time
    assert bot.datetime is dt.datetime


def test_a_module_loaded_meanwhile_keeps_nothing(load: Load):
    with tripwire(NAME):
        late = load("from time import time\nfrom datetime import date\nfrom random import Random\n")
        assert late.time is time.time
    assert late.time is time.time
    assert late.date is dt.date
    assert late.Random is random.Random


def test_a_guard_that_was_kept_lets_pass_afterwards(load: Load):
    with tripwire(NAME):
        bot = load("from time import time\ndef act(now=time):\n    return now()\n")
    assert bot.act() > 0


def test_classes_pass_for_what_they_are_meanwhile(load: Load):
    moment, day, draws = dt.datetime(2024, 1, 2), dt.date(2024, 1, 2), random.Random(7)  # noqa: DTZ001
    with tripwire(NAME):
        assert isinstance(moment, dt.datetime)
        assert isinstance(day, dt.date)
        assert isinstance(draws, random.Random)
        assert issubclass(type(moment), dt.date)
        assert dt.datetime(2024, 1, 2) == moment  # noqa: DTZ001
        assert type(dt.datetime(2024, 1, 2)) is type(moment)  # noqa: DTZ001
        assert dt.datetime.fromisoformat("2024-01-02") == moment

        class Own(random.Random):
            pass

        assert Own(7).random() == draws.random()
    assert pickle.loads(pickle.dumps(moment)) == moment  # noqa: S301


def test_another_thread_of_the_process_is_left_alone(load: Load):
    bot = load("import time\ndef act(out):\n    out.append(time.time())\n")
    out: list[float] = []
    with tripwire(NAME):
        # Started by this module, which is not watched.
        thread = threading.Thread(target=bot.act, args=(out,))
        thread.start()
        thread.join()
    assert len(out) == 1


def test_tripwires_can_be_nested(load: Load):
    bot = load("import random\ndef act():\n    random.random()\n")
    other = load("import random\ndef act():\n    random.random()\n", "another_bot")
    before = state()
    with pytest.raises(Escape, match="another_bot"), tripwire("another_bot"):  # noqa: PT012  # the end of the block raises
        with pytest.raises(Escape, match=NAME), tripwire(NAME):
            bot.act()
        bot.act()
        with tripwire(NAME):
            other.act()
    assert state() == before


class Clocked(Strategy):
    def on_start(self) -> None:
        sys.modules[NAME].act()


@pytest.mark.parametrize("fibres", ["greenlet", "thread"])
def test_a_strategy_that_reads_the_clock_is_found_out_though_its_actor_goes_on(load: Load, fibres: Any):
    load("from time import time\ndef act():\n    time()\n")
    with pytest.raises(Escape, match=r"in act: time\.time\(\) cannot be replayed; .* self\.now_ns\(\)"):  # noqa: SIM117
        with tripwire(NAME), system_of(BTC, runtime=Stepped(fibres=fibres)) as system:
            system.add_strategy(Clocked)


def test_the_runtime_itself_escapes_nothing():
    for fibres in ("greenlet", "thread"):
        with tripwire(), system_of(BTC, runtime=Stepped(fibres=fibres)) as system:
            system.publish(quote())
            system.submit(limit())


def test_a_system_on_threads_is_no_place_for_it():
    with pytest.raises(Escape, match=r"orderpit\.actors\.threads, .*"), tripwire():
        system_of(BTC).start()
