"""The strategies of a session: by name, or a class of one's own."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from ..actors.strategy import Strategy
from ..actors.system import TradingSystem
from ..model.errors import InvalidValue
from ..model.instrument import Instrument
from ..model.numbers import ratio, round_to
from ..strategies import BracketedBreakout, MovingAverageCrossover, TwoSidedQuoter
from ._data import Source
from ._errors import UsageError

_ON_TICK: Final = frozenset({TwoSidedQuoter, BracketedBreakout})
"""Strategies that set prices, and must know the grid."""
WORTH: Final = Decimal(1000)
"""What an order of the size that nobody stated is worth at the first price, in the quote currency."""


def strategy_named(name: str) -> Callable[..., Strategy]:
    """Return the strategy of a name, or the class that module:Class names; modules of the current folder count.

    Raises:
        UsageError: saying which names there are, or why the module cannot be used.
    """
    known: dict[str, Callable[..., Strategy]] = {
        "quoter": TwoSidedQuoter,
        "crossover": MovingAverageCrossover,
        "breakout": BracketedBreakout,
    }
    if name in known:
        return known[name]
    module, colon, attribute = name.partition(":")
    if not colon:
        msg = f"--strategy: must be {', '.join(known)} or module:Class, got {name!a}"
        raise UsageError(msg)
    sys.path.insert(0, os.getcwd())  # noqa: PTH109  # a path entry is a str
    try:
        found = getattr(importlib.import_module(module), attribute)
    except Exception as error:
        msg = f"--strategy {name}: {type(error).__name__}: {error}"
        raise UsageError(msg) from error
    finally:
        sys.path.pop(0)
    if not (isinstance(found, type) and issubclass(found, Strategy)):
        msg = f"--strategy {name}: must be a subclass of orderpit.Strategy"
        raise UsageError(msg)
    return found


def add_strategy(
    system: TradingSystem, make: Callable[..., Strategy], name: str, instrument: Instrument, size: Decimal
) -> None:
    """Give an instrument a strategy of its own.

    Raises:
        UsageError, InvalidValue: when it cannot be made.
    """
    parameters: dict[str, Any] = {"symbol": instrument.symbol, "size": size}
    if make in _ON_TICK:
        parameters["tick"] = instrument.price_increment
    try:
        system.add_strategy(make, strategy_id=id_of(name, instrument, len(system.instruments)), **parameters)
    except InvalidValue:
        raise
    except Exception as error:
        msg = f"--strategy {name}: could not be made with symbol= and size=: {type(error).__name__}: {error}"
        raise UsageError(msg) from error


def id_of(name: str, instrument: Instrument, instruments: int) -> str:
    """Return the id of the strategy of an instrument, in a session of so many."""
    short = name.rpartition(":")[2]
    return short if instruments == 1 else f"{short}-{instrument.symbol}"


def default_size(source: Source, instrument: Instrument) -> Decimal:
    """Return the quantity that is worth about WORTH at the first price.

    Raises:
        UsageError: where the first record has no price.
    """
    price = source.first_prices[instrument.symbol]
    if price is None:
        msg = f"--size: must be given, as the first record of {instrument.symbol} has no price"
        raise UsageError(msg)
    return max(round_to(ratio(WORTH, price), instrument.quantity_increment), instrument.quantity_increment)
