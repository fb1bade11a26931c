"""The tripwire: code that reads the outside world behind the scheduler's back fails, and is named."""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
import inspect
import os
import random
import secrets
import sys
import threading
import time
import uuid
from collections.abc import Callable, Generator, Iterator, Mapping
from types import MappingProxyType, ModuleType
from typing import Any, Final

from ..model.errors import OrderpitError

_OURS: Final = ("orderpit.model", "orderpit.actors")
_FIBRES: Final = "orderpit.actors.fibres"
_FIBRE_THREAD: Final = "orderpit-fibre"
_CLOCK: Final = "take the time from the system, in a strategy self.now_ns()"
_CHANCE: Final = "draw from a random.Random(seed) of its own"
_SLEEP: Final = "a handler must not wait: what comes later is told later"
_THREAD: Final = "everything under the scheduler runs on its thread"
_FUNCTIONS: Final = (
    (
        time,
        (
            "time time_ns monotonic monotonic_ns perf_counter perf_counter_ns process_time process_time_ns "
            "thread_time thread_time_ns clock_gettime clock_gettime_ns"
        ),
        _CLOCK,
    ),
    (time, "sleep", _SLEEP),
    (uuid, "uuid1 uuid4", _CHANCE),
    (os, "urandom getrandom", _CHANCE),
    (secrets, "token_bytes token_hex token_urlsafe randbelow randbits choice", _CHANCE),
)
_READING_WITHOUT_A_TIME: Final = MappingProxyType(
    {"localtime": 1, "gmtime": 1, "ctime": 1, "asctime": 1, "strftime": 2}
)
"""Functions of the module time that read the clock when they are given fewer arguments than so many."""


class Escape(OrderpitError):
    """Code under the scheduler did what no replay can repeat.

    Attributes:
        module, function, line: where.
        call: what was called there.
    """

    def __init__(self, module: str, function: str, line: int, call: str, instead: str) -> None:
        super().__init__(f"{module}, line {line}, in {function}: {call} cannot be replayed; {instead}")
        self.module, self.function, self.line, self.call = module, function, line, call


@contextlib.contextmanager
def tripwire(*packages: str) -> Generator[list[Escape], None, None]:
    """Let code of these packages, and of orderpit itself, fail where it reads a clock, draws at random or waits.

    A clock is one of the module time, datetime.now(), utcnow() and today(), and date.today(); chance is uuid1() and
    uuid4(), os.urandom(), secrets, an unseeded random.Random() and the functions of the module random, which share one
    state; besides, time.sleep() and a new thread. Only the code that calls is judged, not whom it asks: a library may
    read the clock for its log. What a class or a function kept when it was made, as in `def f(now=time.time)`, is not
    seen. All is as it was afterwards.

    Args:
        packages: names of packages or modules, those inside them included.

    Yields:
        What has escaped so far: an actor sets aside what its handler raises.

    Raises:
        Escape: at the call, and once more at the end of the block, unless that ends with another error.
    """
    wire = _Wire((*packages, *_OURS))
    wire.stretch()
    try:
        yield wire.escapes
    finally:
        wire.take_away()
    if wire.escapes:
        _, *others = dict.fromkeys(map(str, wire.escapes))
        if others:
            wire.escapes[0].add_note(f"and also: {'; '.join(others)}")
        raise wire.escapes[0]


class _Wire:
    """Guards in the place of what they guard, while they are there."""

    def __init__(self, packages: tuple[str, ...]) -> None:
        self.escapes: list[Escape] = []
        self._packages = packages
        self._known: dict[str, bool] = {}
        self._thread = threading.get_ident()
        self._is_stretched = False
        # Each real thing by the id of it, and of what stands for it.
        self._guards: dict[int, tuple[object, object]] = {}
        self._undo: list[tuple[Any, str, object]] = []
        self._loaded: frozenset[str] = frozenset()

    def stretch(self) -> None:
        """Put the guards in place: where the real things live, and where code that is watched imported them."""
        self._loaded = frozenset(sys.modules)
        self._is_stretched = True
        for owner, name, guard in tuple(self._made()):
            real = getattr(owner, name)
            self._guards[id(real)] = (real, guard)
            self._put(owner, name, guard)
        for module in self._modules(self._watches):
            self._swap(module)

    def take_away(self) -> None:
        """Put back what was there, also in modules that were loaded meanwhile."""
        self._is_stretched = False
        for owner, name, real in reversed(self._undo):
            setattr(owner, name, real)
        back = {id(guard): (guard, real) for real, guard in self._guards.values()}
        for module in self._modules(lambda name: name not in self._loaded):
            for name, value in tuple(vars(module).items()):
                if id(value) in back:
                    setattr(module, name, back[id(value)][1])

    def check(self, call: str, instead: str, *, how_far: int = 1) -> None:
        """Fail when one of so many callers is watched.

        Raises:
            Escape: naming where.
        """
        at = inspect.currentframe()
        while self._is_stretched and at is not None and how_far:
            module = str(at.f_globals.get("__name__", ""))
            if module == __name__:
                # A guard.
                at = at.f_back
                continue
            if module == _FIBRES or not self._is_here():
                return
            if self._watches(module):
                escape = Escape(module, at.f_code.co_name, at.f_lineno, call, instead)
                self.escapes.append(escape)
                raise escape
            at, how_far = at.f_back, how_far - 1

    def _made(self) -> Iterator[tuple[Any, str, object]]:
        for module, names, instead in _FUNCTIONS:
            for name in names.split():
                if hasattr(module, name):
                    yield module, name, self._guard(getattr(module, name), f"{module.__name__}.{name}()", instead)
        for name, enough in _READING_WITHOUT_A_TIME.items():
            yield time, name, self._guard(getattr(time, name), f"time.{name}()", _CLOCK, enough)
        for name in random.__all__:
            function = getattr(random, name)
            # They are methods of one hidden instance, or the guards of another tripwire.
            if isinstance(getattr(getattr(function, "__wrapped__", function), "__self__", None), random.Random):
                yield random, name, self._guard(function, f"random.{name}()", _CHANCE)
        yield random, "Random", self._class_guard(random.Random, {}, unless_given=1)
        yield random, "SystemRandom", self._class_guard(random.SystemRandom, {}, unless_given=sys.maxsize)
        yield dt, "datetime", self._class_guard(dt.datetime, {"now": 0, "utcnow": 0, "today": 0})
        yield dt, "date", self._class_guard(dt.date, {"today": 0})
        yield threading.Thread, "start", self._guard(threading.Thread.start, "Thread.start()", _THREAD, how_far=-1)

    def _guard(
        self, real: Callable[..., Any], call: str, instead: str, enough: int = sys.maxsize, how_far: int = 1
    ) -> Callable[..., Any]:
        @functools.wraps(real)
        def guard(*args: Any, **kwargs: Any) -> Any:
            if len(args) < enough:
                self.check(call, instead, how_far=how_far)
            return real(*args, **kwargs)

        return guard

    def _class_guard(self, real: type[Any], readers: Mapping[str, int], unless_given: int = 0) -> type[Any]:
        """Return what passes for a class, and makes its instances; its readers, or making one, may be an escape."""
        wire, name = self, f"{real.__module__}.{real.__name__}"

        class Passing(type(real)):  # type: ignore[misc]  # of a guard, when tripwires are nested
            def __instancecheck__(cls, instance: object) -> bool:
                return isinstance(instance, real)

            def __subclasscheck__(cls, subclass: type) -> bool:
                return issubclass(subclass, real)

        def new(cls: type[Any], *args: Any, **kwargs: Any) -> Any:
            if cls is not guard:
                return real.__new__(cls, *args, **kwargs)
            if len(args) < unless_given:
                wire.check(f"{name}()", _CHANCE)
            return real(*args, **kwargs)

        body: dict[str, Any] = {"__new__": new, "__module__": real.__module__, "__doc__": real.__doc__}
        for reader in readers:
            body[reader] = staticmethod(self._guard(getattr(real, reader), f"{name}.{reader}()", _CLOCK))
        guard = Passing(real.__name__, (real,), body)
        return guard

    def _put(self, owner: Any, name: str, value: object) -> None:
        self._undo.append((owner, name, getattr(owner, name)))
        setattr(owner, name, value)

    def _swap(self, module: ModuleType) -> None:
        for name, value in tuple(vars(module).items()):
            known = self._guards.get(id(value))
            if known is not None:
                self._put(module, name, known[1])

    def _modules(self, wanted: Callable[[str], bool]) -> Iterator[ModuleType]:
        for name, module in tuple(sys.modules.items()):
            if isinstance(module, ModuleType) and wanted(name):
                yield module

    def _watches(self, module: str) -> bool:
        known = self._known.get(module)
        if known is None:
            known = any(module == package or module.startswith(f"{package}.") for package in self._packages)
            self._known[module] = known
        return known

    def _is_here(self) -> bool:
        # Whatever else runs in the process has nothing to do with this.
        return threading.get_ident() == self._thread or threading.current_thread().name == _FIBRE_THREAD
