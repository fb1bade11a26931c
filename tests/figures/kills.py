"""Kill -9 of a session at random moments: its journal is whole each time, and says what the venue says.

A venue is served on a thread of this process, and outlives the sessions, each of them a process of its own, which are
started again on the same journal until one has come to the end of the data.
"""

from __future__ import annotations

import contextlib
import json
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, Self

import attrs

from orderpit import OrderpitError, SimulatedExchange
from orderpit.journal.codec import Codec
from orderpit.journal.reading import Orders, updates
from orderpit.journal.sqlite import open_store
from orderpit.model import events as e
from orderpit.model.venue import VenueOrder
from orderpit.remote import VenueServer

ROOT: Final = Path(__file__).parents[2]
RECORDS: Final = 240
KILLS_EACH: Final = 10
"""Of one session, before it is left alone; then another takes over."""

_BOUND: Final = 60.0
_STOPPED_ONE_IN: Final = 8
_TERMINATED_ONE_IN: Final = 10
_AT_AN_ORDER_ONE_IN: Final = 3
_MOST_ORDERS: Final = 60
_LONGEST_STOP: Final = 0.3
_TRADING: Final = 0.5
"""Seconds after the first order within which most kills come."""


@attrs.frozen
class Killed:
    """What became of sessions that were killed.

    Attributes:
        kills: by SIGKILL, of a process that was running.
        opened: those of them while it had the journal open; 0 where there is no /proc that tells.
        recovering: those of these before it had written anything of its own, where another one had.
        stopped: times that one was stopped for a moment, and went on.
        terminated: times that one was asked to end by SIGTERM.
        finished: sessions that came to the end of their data.
        rows: that their journals had in the end.
        executions: that were booked in them.
        violations: a line each, with the seed of its session.
    """

    kills: int = 0
    opened: int = 0
    recovering: int = 0
    stopped: int = 0
    terminated: int = 0
    finished: int = 0
    rows: int = 0
    executions: int = 0
    violations: tuple[str, ...] = ()

    def __add__(self, other: Killed) -> Killed:
        mine, others = attrs.astuple(self, recurse=False), attrs.astuple(other, recurse=False)
        return Killed(*(one + another for one, another in zip(mine, others, strict=True)))


def run(*, kills: int, seed: int, workers: int = 1, progress: Callable[[float], object] = lambda _: None) -> Killed:
    """Kill so often, on as many sessions as that takes."""
    found = Killed()
    with ThreadPoolExecutor(workers) as pool:
        # One that came to its end before it was killed often enough leaves the rest to others.
        while found.kills < kills and not found.violations:
            left = kills - found.kills
            quotas = tuple(min(KILLS_EACH, left - begun) for begun in range(0, left, KILLS_EACH))
            for one in pool.map(killed, range(seed, seed + len(quotas)), quotas):
                found += one
                progress(found.kills / kills)
            seed += len(quotas)
    return found


def killed(seed: int, kills: int) -> Killed:
    """Kill one session so often unless it ends before, start it again each time, and let it come to its end."""
    with tempfile.TemporaryDirectory() as folder, _Floor(seed) as floor:
        return _Session(Path(folder), floor, seed).killed(kills)


class _Floor:
    """A venue on a thread of its own, whose books are read there too."""

    def __init__(self, seed: int) -> None:
        draw = random.Random(f"venue {seed}")
        self._server = VenueServer(
            SimulatedExchange(fill_probability=draw.choice(("1", "0.7")), amends=draw.random() < 0.7, seed=seed)
        )
        self.address = self._server.address
        self._ends = threading.Event()
        self._wanted = threading.Event()
        self._read = threading.Event()
        self._orders: Mapping[str, VenueOrder] = {}
        self._victim: tuple[subprocess.Popen[str], int] | None = None
        self._thread = threading.Thread(target=self._server.serve, args=(self._look,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self._thread.join(_BOUND)
        self._server.close()

    def orders(self) -> Mapping[str, VenueOrder]:
        """Return every order that the venue has accepted."""
        self._read.clear()
        self._wanted.set()
        if not self._read.wait(_BOUND):
            msg = "the venue has ended"
            raise RuntimeError(msg)
        return self._orders

    def kill_at(self, victim: subprocess.Popen[str] | None, orders: int = 0) -> None:
        """Kill a process as soon as the venue has accepted so many orders in all; None kills nobody."""
        self._victim = None if victim is None else (victim, orders)

    def _look(self) -> bool:
        victim = self._victim
        if victim is not None and len(self._server.orders) >= victim[1]:
            self._victim = None
            victim[0].kill()
        if self._wanted.is_set():
            self._wanted.clear()
            self._orders = self._server.orders
            self._read.set()
        return self._ends.is_set()


class _Session:
    """A session that is killed and started again, and what its journal had when it was last looked at."""

    def __init__(self, folder: Path, floor: _Floor, seed: int) -> None:
        self._draw = random.Random(f"kills {seed}")
        self._seed = seed
        self._floor = floor
        self._journal = str(folder / "orders.db")
        self._data = folder / "BTC-USDT.csv"
        self._data.write_text(_bars(seed))
        self._rows = self._executions = 0
        self._lead: float | None = None

    def killed(self, kills: int) -> Killed:
        found = Killed()
        while found.kills < kills and not found.violations and not found.finished:
            before = self._rows
            one = self._one_life()
            found += one
            if found.finished:
                break
            found += self._looked_at()
            if one.opened and before and self._rows == before:
                found += Killed(recovering=1)
        if not found.finished and not found.violations:
            found += self._left_alone() + self._looked_at()
        return found + Killed(rows=self._rows, executions=self._executions)

    @contextlib.contextmanager
    def _started(self) -> Generator[subprocess.Popen[str]]:
        argv = (
            *("run.py", "session", "--data", str(self._data), "--journal", self._journal),
            *("--venue", self._floor.address, "--strategy", "tests.figures.busy:Busy", "--size", "1"),
            *("--json", "--quiet", "--runtime", "stepped" if self._seed % 4 == 0 else "threads"),
        )
        with subprocess.Popen(  # noqa: S603  # our own command
            [sys.executable, *argv], cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as child:
            try:
                yield child
            finally:
                child.kill()

    def _one_life(self) -> Killed:
        draw = self._draw
        with self._started() as child:
            if self._lead is None:
                self._lead = self._time_to_the_first_order(child)
                delay = draw.uniform(0, _TRADING)
            else:
                if draw.randrange(_AT_AN_ORDER_ONE_IN) == 0:
                    return self._killed_at_an_order(child)
                # As likely while it begins and recovers as while it trades.
                delay = draw.uniform(0.7, 1.1) * self._lead + draw.choice((0, draw.uniform(0, _TRADING)))
            stopped = int(draw.randrange(_STOPPED_ONE_IN) == 0)
            if _has_ended(child, delay):
                return self._ended(child)
            if stopped:
                child.send_signal(signal.SIGSTOP)
                _has_ended(child, draw.uniform(0, _LONGEST_STOP))
                child.send_signal(signal.SIGCONT)
                if _has_ended(child, draw.uniform(0, _LONGEST_STOP)):
                    return self._ended(child) + Killed(stopped=1)
            number = signal.SIGTERM if draw.randrange(_TERMINATED_ONE_IN) == 0 else signal.SIGKILL
            opened = _has_open(child, self._journal)
            child.send_signal(number)
            out, err = child.communicate(timeout=_BOUND)
            at_once = int(number == signal.SIGKILL)
            done = Killed(stopped=stopped, kills=at_once, opened=at_once * opened, terminated=1 - at_once)
            # Before Python has set its handlers, SIGTERM ends it as any process.
            if child.returncode not in {-number, 128 + number}:
                why = f"ended with {child.returncode}: {out[-300:]} {err[-300:]}"
                return done + Killed(violations=(self._told(why),))
            return done

    def _killed_at_an_order(self, child: subprocess.Popen[str]) -> Killed:
        """Let the venue kill it the moment it has an order, which is when one that is not on record would be found."""
        self._floor.kill_at(child, len(self._floor.orders()) + self._draw.randint(1, _MOST_ORDERS))
        if not _has_ended(child, _BOUND):
            msg = "no order has come, and no end"
            raise TimeoutError(msg)
        self._floor.kill_at(None)
        return Killed(kills=1, opened=1) if child.returncode == -signal.SIGKILL else self._ended(child)

    def _time_to_the_first_order(self, child: subprocess.Popen[str]) -> float:
        began = time.monotonic()
        while not self._floor.orders() and not _has_ended(child, 0.01):
            if time.monotonic() > began + _BOUND:
                msg = "no order has come"
                raise TimeoutError(msg)
        return time.monotonic() - began

    def _left_alone(self) -> Killed:
        with self._started() as child:
            return self._ended(child)

    def _ended(self, child: subprocess.Popen[str]) -> Killed:
        """Hold what a session that came to its end says of itself."""
        out, err = child.communicate(timeout=_BOUND)
        if child.returncode != 0 or err:
            why = f"the last one ended with {child.returncode}: {out[-1000:]} {err[-1000:]}"
            return Killed(finished=1, violations=(self._told(why),))
        told = json.loads(out)
        wrong = [*told["audit"]["violations"]]
        if told["data"]["last_time_ns"] not in {None, _LAST_NS}:
            wrong.append(f"the data were played to {told['data']['last_time_ns']}, and end at {_LAST_NS}")
        found = self._looked_at(at_the_end=True)
        if told["journal"]["entries"] != self._rows:
            wrong.append(f"it said {told['journal']['entries']} entries, and there are {self._rows}")
        return found + Killed(finished=1, violations=tuple(map(self._told, wrong)))

    def _looked_at(self, *, at_the_end: bool = False) -> Killed:
        return Killed(violations=tuple(map(self._told, self._wrong(at_the_end=at_the_end))))

    def _told(self, what: str) -> str:
        return f"session {self._seed}, {self._rows} rows: {what}"

    def _wrong(self, *, at_the_end: bool) -> Iterator[str]:
        there = self._floor.orders()
        if not Path(self._journal).exists():
            if self._rows or there:
                yield "the journal is gone"
            return
        orders, sent = Orders(self._journal), set[str]()
        try:
            with contextlib.closing(open_store(self._journal, read_only=True)) as store:
                codec = Codec(self._journal, store.read)
                for update in updates(store.read(), codec.decode, orders):
                    if isinstance(update.event, e.OrderSubmitted | e.OrderReplaced):
                        sent.add(update.event.client_order_id)
        except OrderpitError as error:
            yield f"the journal cannot be read: {error}"
            return
        if orders.sequence < self._rows:
            yield f"there were {self._rows} rows before, and now {orders.sequence}"
        self._rows = orders.sequence
        yield from (f"the venue knows {name}, the journal does not" for name in sorted(there.keys() - sent))
        booked = [fill.execution_id for order in orders.by_id.values() for fill in order.fills]
        self._executions = len(booked)
        executed = {fill.execution_id for order in there.values() for fill in order.fill_chain.items()}
        if len(set(booked)) < len(booked):
            yield "an execution is booked twice"
        yield from (f"{name} is booked, and was never executed" for name in sorted(set(booked) - executed))
        if at_the_end:
            yield from (f"{name} was executed, and is not booked" for name in sorted(executed - set(booked)))
            live_there = {name for name, order in there.items() if order.is_live}
            live_here = {order.client_order_id for order in orders.by_id.values() if not order.is_closed}
            yield from (f"{name} is live on one side alone" for name in sorted(live_there ^ live_here))


_FIRST: Final = 1_700_000_000
_LAST_NS: Final = (_FIRST + (RECORDS - 1) * 60) * 1_000_000_000


def _bars(seed: int) -> str:
    draw, price, rows = random.Random(f"bars {seed}"), 1000, ["timestamp,open,high,low,close,volume"]
    for n in range(RECORDS):
        close = max(price + draw.randint(-4, 4), 500)
        high, low = max(price, close) + draw.randint(0, 3), min(price, close) - draw.randint(0, 3)
        rows.append(f"{_FIRST + n * 60},{price},{high},{low},{close},{draw.randint(1, 50)}")
        price = close
    return "\n".join(rows) + "\n"


def _has_open(child: subprocess.Popen[str], path: str) -> bool:
    links = Path(f"/proc/{child.pid}/fd")
    with contextlib.suppress(OSError):
        for link in links.iterdir():
            # One may be closed while we look.
            with contextlib.suppress(OSError):
                if str(link.readlink()).startswith(path):
                    return True
    return False


def _has_ended(child: subprocess.Popen[str], within: float) -> bool:
    """Let some seconds pass, or fewer if it ends by itself."""
    try:
        child.wait(within)
    except subprocess.TimeoutExpired:
        return False
    return True
