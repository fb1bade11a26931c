"""What callers pass to a running system, checked at the edge before anything is done."""

from __future__ import annotations

import inspect
from collections.abc import Container, Iterable
from typing import Any, Final, Protocol, TypeGuard, get_args

import pykka

from ..model.errors import InvalidConfiguration, InvalidOrder, shown
from ..model.events import Event
from ..model.kinds import OrderState
from ..model.market import MARKET_DATA
from ..model.numbers import whole
from ..model.text import identifier

_EVENTS: Final = frozenset(get_args(Event))
_EXCHANGE_METHODS: Final = ("connect", "request", "on_market_data", "close")
_STORE_METHODS: Final = ("begin", "append", "read", "backup", "close")
_LONGEST: Final = 1_000_000_000


class PathLike(Protocol):
    """What stands for a path, such as pathlib.Path."""

    def __fspath__(self) -> str:
        """Return it as text."""
        ...


def is_path(value: object) -> bool:
    """Whether it is a path, whichever way it is given."""
    # Its class alone is asked: anything can be passed, and isinstance() may run code of it.
    kind: Any = type(value)
    return kind is str or hasattr(kind, "__fspath__")


def path(field: str, value: Any) -> str:
    """Return the path of a file as text."""
    text = value
    if is_path(value) and type(value) is not str:
        try:
            text = value.__fspath__()
        except Exception:  # noqa: BLE001  # whatever an object of the caller's raises, it is no path
            text = ""
    if type(text) is not str or not text or "\0" in text:
        raise InvalidConfiguration.of(field, value, "must be the path of a file")
    return text


def seconds(field: str, value: object) -> float:
    """Take a time-out: an int or a float of seconds, zero or more; a queue that is given NaN would wait for ever.

    Raises:
        InvalidConfiguration: for anything else.
    """
    if type(value) is not int and type(value) is not float:
        raise InvalidConfiguration.of(field, value, "must be an int or a float of seconds")
    # NaN is neither; and no int is made a float, for which it may be too large.
    if not 0 <= value <= _LONGEST:
        raise InvalidConfiguration.of(field, value, f"must be from 0 to {_LONGEST} seconds")
    return value


def order_id(value: object) -> str:
    """Take the id of an order."""
    return identifier("order_id", value, InvalidOrder)


def state(value: object) -> OrderState:
    """Take a state."""
    if type(value) is not OrderState:
        raise InvalidOrder.of("state", value, "must be an OrderState")
    return value


def strategy_id(value: object) -> str | None:
    """Take the id of a strategy to filter by; None lets all pass."""
    return None if value is None else identifier("strategy_id", value, InvalidConfiguration)


def live_only(value: object) -> bool:
    """Take whether closed orders are left out."""
    if type(value) is not bool:
        raise InvalidConfiguration.of("live_only", value, "must be True or False")
    return value


def newest(value: object) -> int | None:
    """Take how many of the newest are asked for; None asks for all."""
    return None if value is None else whole("newest", value, InvalidConfiguration)


def symbol(value: object, traded: Container[str]) -> str | None:
    """Take a symbol to filter by, which must be traded; None lets all pass."""
    if value is None:
        return None
    name = identifier("symbol", value, InvalidConfiguration)
    if name not in traded:
        raise InvalidConfiguration.of("symbol", name, "must be one that is traded")
    return name


def subscribed(events: Iterable[object]) -> tuple[tuple[type[Any], ...], frozenset[type[Any]]]:
    """Take types to hear of, and return those of events and those of market data."""
    kinds: list[type[Any]] = []
    for event in events:
        if not _is_class(event) or event not in _EVENTS | MARKET_DATA:
            raise InvalidConfiguration.of("events", event, "must be types of events or of market data")
        kinds.append(event)
    return tuple(kind for kind in kinds if kind in _EVENTS), MARKET_DATA.intersection(kinds)


def _is_class(value: object) -> TypeGuard[type[Any]]:
    # Not isinstance(), which asks the value itself for its class, and that may answer with an error.
    return issubclass(type(value), type)


def is_ref(value: object) -> TypeGuard[pykka.ActorRef[Any]]:
    """Say whether a value is an actor's ref."""
    return issubclass(type(value), pykka.ActorRef)


def strategy_name(given: str | None, strategy: object, number: int) -> str:
    """Take the id of a strategy, or make one of the name of what makes it."""
    if given is None:
        name = getattr(strategy, "__name__", "")
        # A lambda, or a class named beyond ASCII.
        given = f"{name if type(name) is str and name.isascii() and name.isidentifier() else 'strategy'}-{number}"
    return identifier("strategy_id", given, InvalidConfiguration)


def must_be_an_exchange(field: str, value: object) -> None:
    """Refuse what has not every method of an Exchange of one's own."""
    for method in _EXCHANGE_METHODS:
        if _is_class(value) or not _has_method(value, method):
            raise InvalidConfiguration.of(field, value, f"must be an Exchange, with a method {method}")


def must_be_a_store(field: str, value: object) -> None:
    """Refuse what has not every method of a JournalStore."""
    for method in _STORE_METHODS:
        if _is_class(value) or not _has_method(value, method):
            rule = f"must be the path of a file, as a str, or a JournalStore, with a method {method}"
            raise InvalidConfiguration.of(field, value, rule)


def flag_of(field: str, exchange: object, name: str, *, unless_said: bool) -> bool:
    """Return what an exchange says of itself by an attribute that it need not have.

    Args:
        field: the name that an error shall give.
        exchange: a description, or an Exchange of one's own.
        name: of the attribute: amends (orders are changed in place), ties (orders of a group close each other there),
            lists (it can be asked for all orders at once).
        unless_said: what holds where it does not say.

    Raises:
        InvalidConfiguration: for an attribute that is neither True nor False.
    """
    rule = f"must have True or False as {name}, where it has that attribute"
    try:
        flag = getattr(exchange, name, unless_said)
    except Exception as error:  # an attribute of the caller's own that raises
        raise InvalidConfiguration.of(field, exchange, rule) from error
    if type(flag) is not bool:
        raise InvalidConfiguration.of(field, exchange, rule)
    return flag


def must_be_a_fill_model(field: str, value: object) -> None:
    """Refuse what is no FillModel; a class is none, but its instances may be."""
    if _is_class(value) or not _has_method(value, "fill"):
        raise InvalidConfiguration.of(field, value, "must be a FillModel, with a method fill")


def _has_method(value: object, method: str) -> bool:
    try:
        return callable(getattr(value, method, None))
    except Exception:  # noqa: BLE001  # an attribute of the caller's own that raises is no method
        return False


def must_be_callable(field: str, value: object) -> None:
    """Refuse what cannot be called; without calling its repr, which is the host's."""
    if not callable(value):
        raise InvalidConfiguration(field, shown(value), "must be callable")
    if inspect.iscoroutinefunction(value):
        rule = "must not be a coroutine function, which nobody would await; an event loop reads updates()"
        raise InvalidConfiguration(field, shown(value), rule)
