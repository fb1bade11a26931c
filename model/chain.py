"""A growing sequence that shares its past: appending costs the same however long it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar, cast

T = TypeVar("T")
U = TypeVar("U")


class Chain(Generic[T]):
    """An immutable sequence whose appended() copies nothing.

    Every update of an order carries the order as it then stood, so ten thousand partial fills kept as tuples would hold
    fifty million references; here they hold ten thousand.
    """

    __slots__ = ("_length", "_link")
    _link: tuple[Chain[T], T] | None
    _length: int

    def __init__(self, link: tuple[Chain[T], T] | None = None) -> None:
        object.__setattr__(self, "_link", link)
        object.__setattr__(self, "_length", 0 if link is None else len(link[0]) + 1)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(name)

    def __delattr__(self, name: str) -> None:
        raise AttributeError(name)

    def __reduce__(self) -> tuple[Callable[[tuple[T, ...]], Chain[T]], tuple[tuple[T, ...]]]:
        # Pickled as a flat tuple: link by link, a long chain would exceed the recursion limit.
        return Chain.of, (self.items(),)

    def appended(self, item: T) -> Chain[T]:
        """Return the chain with one more item at its end."""
        return Chain((self, item))

    @staticmethod
    def of(items: tuple[U, ...]) -> Chain[U]:
        """Build a chain from its items."""
        chain: Chain[U] = Chain()
        for item in items:
            chain = chain.appended(item)
        return chain

    def items(self) -> tuple[T, ...]:
        """Return all items, oldest first."""
        newest_first: list[T] = []
        link = self._link
        while link is not None:
            before, item = link
            newest_first.append(item)
            link = before._link  # noqa: SLF001  # another link of the same chain
        return tuple(reversed(newest_first))

    def __len__(self) -> int:
        return self._length

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Chain):
            return NotImplemented
        chain = cast("Chain[object]", other)
        return self is chain or (len(self) == len(chain) and self.items() == chain.items())

    def __hash__(self) -> int:
        return hash(self.items())

    def __repr__(self) -> str:
        return f"Chain.of({self.items()!r})"
