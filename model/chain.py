"""A growing sequence that shares its past: appending costs the same however long it is."""

from __future__ import annotations

from typing import Generic, TypeVar

T = TypeVar("T")


class Chain(Generic[T]):
    """An immutable sequence whose appended() copies nothing.

    Every update of an order carries the order as it then stood, so ten thousand partial fills kept as tuples would hold
    fifty million references; here they hold ten thousand.
    """

    __slots__ = ("_before", "_last", "_length")
    _before: Chain[T] | None
    _last: T | None
    _length: int

    def __init__(self, before: Chain[T] | None = None, last: T | None = None) -> None:
        object.__setattr__(self, "_before", before)
        object.__setattr__(self, "_last", last)
        object.__setattr__(self, "_length", 0 if before is None else len(before) + 1)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(name)

    def appended(self, item: T) -> Chain[T]:
        """Return the chain with one more item at its end."""
        return Chain(self, item)

    @classmethod
    def of(cls, items: tuple[T, ...]) -> Chain[T]:
        """Build a chain from its items."""
        chain: Chain[T] = cls()
        for item in items:
            chain = chain.appended(item)
        return chain

    def items(self) -> tuple[T, ...]:
        """Return all items, oldest first."""
        newest_first: list[T] = []
        link: Chain[T] = self
        while link._before is not None:
            newest_first.append(link._last)  # type: ignore[arg-type]  # a link with a past has an item
            link = link._before
        return tuple(reversed(newest_first))

    def __len__(self) -> int:
        return self._length

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Chain) and len(self) == len(other) and self.items() == other.items())

    def __hash__(self) -> int:
        return hash(self.items())

    def __repr__(self) -> str:
        return f"Chain.of({self.items()!r})"
