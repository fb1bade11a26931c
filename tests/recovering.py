"""What is known at an entry of the stream, live and rebuilt, as text that can be compared."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from decimal import Decimal
from enum import Enum
from types import FunctionType, MappingProxyType, MethodType
from typing import Any

from orderpit import OrderUpdate, TradingSystem
from orderpit.actors.books import Books, books_for
from orderpit.journal.codec import Codec
from orderpit.journal.memory import MemoryStore
from orderpit.journal.reading import updates
from orderpit.model.blotter import Blotter
from orderpit.model.order_view import OrderView
from orderpit.model.portfolio import PortfolioBook
from orderpit.model.risk import RiskBook
from orderpit.testing.watching.sharing import actors_of

FOLDS = {"order_manager": "_blotter", "risk_controller": "_book", "portfolio": "_book", "view": "_view"}
"""Which attribute of which actor is its fold of the stream."""


def recorded_in(store: MemoryStore) -> Iterator[OrderUpdate]:
    """Read what is written down."""
    return updates(store.read(), Codec(read=store.read).decode)


def picture(fold: Any) -> str:
    """Return what a fold has made of the entries so far; not what is on its way to become one."""
    match fold:
        case Blotter():
            gate = fold.gate
            orders = {order_id: update.order for order_id, update in sorted(fold.latest.items())}
            return repr((fold.sequence, orders, sorted(map(repr, fold.groups)), sorted(gate.holds), gate.clearings))
        case RiskBook():
            working = {
                order_id: (one.leaves, one.pool, one.order)
                for order_id, one in sorted(vars(fold)["_working"].items())
                if one.order is not None
            }
            held = {key: (one.long, one.short) for key, one in sorted(fold.exposures.all().items()) if one.size}
            held = {key: pair for key, pair in held.items() if any(pair)}
            # Its gate is told of a halt directly, and knows of it before it is recorded.
            return repr((working, held, fold.funds.cash, sorted(vars(fold)["_created"])))
        case PortfolioBook():
            known = fold.snapshot(None)
            # What is unrealised goes by prices, which are no facts of the stream.
            positions = {
                symbol: (one.quantity, one.realised_pnl, one.cost, one.long, one.short)
                for symbol, one in sorted(known.positions.items())
            }
            return repr((known.sequence, known.cash, known.fees, known.deposits, known.rounding, positions))
        case OrderView():
            return repr((fold.statistics.to_dict(), fold.select(live_only=True), tuple(fold.history)))
        case _:
            raise TypeError(fold)


def pictures(system: TradingSystem) -> dict[tuple[str, int], str]:
    """Return the picture of each fold of a running stepped system, by its name and the last entry it has folded."""
    found: dict[tuple[str, int], str] = {}
    for name, attribute in FOLDS.items():
        actor = actors_of(system).get(name)
        if actor is not None:
            fold = vars(actor)[attribute]
            found[name, fold.sequence if isinstance(fold, Blotter) else actor.followed] = picture(fold)
    return found


def rebuilt(system: TradingSystem, store: MemoryStore) -> dict[tuple[str, int], str]:
    """Return the same of the books that are rebuilt from a journal, entry by entry."""
    books = books_for(vars(system)["_settings"], vars(system)["_runtime"])
    folds = {"order_manager": books.blotter, "risk_controller": books.risk, "portfolio": books.portfolio}
    found: dict[tuple[str, int], str] = {}
    recorded = tuple(recorded_in(store))

    def look(sequence: int) -> None:
        for name, fold in (*folds.items(), ("view", books.view)):
            found[name, sequence] = picture(fold)

    look(0)
    for sequence in range(1, len(recorded) + 1):
        _one_more(books, recorded, sequence)
        look(sequence)
    return found


def rebuilt_books(system: TradingSystem, store: MemoryStore) -> Books:
    """Return the books that a system would begin with."""
    books = books_for(vars(system)["_settings"], vars(system)["_runtime"])
    books.recover(recorded_in(store), 0)
    return books


def image(root: object) -> str:
    """Return all that can be reached from an object as text: what is in it, and which parts of it are one."""
    seen: dict[int, int] = {}

    def told(value: Any) -> str:
        kind = type(value)
        match value:
            case None | bool() | int() | str() | Decimal() | Enum():
                return repr(value)
            case tuple():
                return f"({', '.join(map(told, value))})"
            case frozenset():
                return f"frozenset({sorted(map(told, value))})"
            case FunctionType():
                return "a function"
            case MethodType():
                return f"{value.__name__} of {told(value.__self__)}"
            case _:
                pass
        if id(value) in seen:
            return f"#{seen[id(value)]}"
        # Of those that cannot be changed it makes no difference which of them is which.
        is_frozen = kind.__setattr__ is not object.__setattr__
        number = kind.__name__ if is_frozen else f"{kind.__name__}#{seen.setdefault(id(value), len(seen))}"
        match value:
            case dict() | MappingProxyType():
                return f"{number}{{{', '.join(f'{told(key)}: {told(one)}' for key, one in value.items())}}}"
            case set():
                return f"{number}{sorted(map(told, value))}"
            case list() | deque():
                return f"{number}[{', '.join(map(told, value))}]{getattr(value, 'maxlen', '')}"
            case _:
                slots = (
                    name for one in kind.__mro__ for name in getattr(one, "__slots__", ()) if name != "__weakref__"
                )
                names = [*slots, *getattr(value, "__dict__", ())]
                return f"{number}({', '.join(f'{name}={told(getattr(value, name))}' for name in names)})"

    return told(root)


def _one_more(books: Books, recorded: tuple[Any, ...], sequence: int) -> None:
    # With the entry behind it, which says whether it begins an order that is denied; that one is not taken over.
    books.recover(recorded[sequence - 1 : sequence], 0, recorded[sequence : sequence + 1])
