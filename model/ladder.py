"""Orders sorted by price, so that those a price reaches are found without looking at the others."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from decimal import Decimal
from itertools import islice
from typing import Final

from .ahead import Ahead, Arrival
from .price_levels import PriceLevels
from .undo import Undo

_Member = tuple[int, Arrival]
"""An order's priority, and its arrival."""
_LARGEST_PART: Final = 65_536


class Queue:
    """The orders at one price, first come first served, and what else is estimated to stand before them there."""

    __slots__ = ("ahead", "members")

    def __init__(self) -> None:
        # A plain dict would look through the places of all that have left its front to find the first that is left.
        self.members: OrderedDict[str, _Member] = OrderedDict()
        self.ahead = Ahead()

    def walk(self) -> Iterator[str]:
        """Iterate over the ids; orders may leave meanwhile, and one that goes to the end is met there again."""
        members, passed, size = self.members, 0, 1
        # Copied in parts that double: what is looked at costs what is taken, not what is queued.
        while part := tuple(islice(members.items(), passed, passed + size)):
            for order_id, member in part:
                if members.get(order_id) is member:
                    yield order_id
            passed += sum(members.get(order_id) is member for order_id, member in part)
            # An iceberg that comes back at every turn makes as many parts as it has shown parts of itself.
            size = min(size * 2, _LARGEST_PART)

    def put_back(self, order_id: str, member: _Member) -> None:
        """Undo that an order has left: it stands again where its priority says."""
        members = self.members
        first = not members or member[0] < next(iter(members.values()))[0]
        last = not members or member[0] > next(reversed(members.values()))[0]
        members[order_id] = member
        if first:
            members.move_to_end(order_id, last=False)
        elif not last:
            self.members = OrderedDict(sorted(members.items(), key=_by_priority))


class Ladder:
    """Order ids by price, first come first served at each price.

    Args:
        rising: whether lower prices come first. A buy limit or a sell stop is reached by a falling market, the highest
            price first; a sell limit or a buy stop by a rising one, the lowest first.
        undo: takes back the step under way.
    """

    __slots__ = ("_rising", "_undo", "levels")

    def __init__(self, undo: Undo, *, rising: bool) -> None:
        self._rising = rising
        self._undo = undo
        self.levels: PriceLevels[Queue] = PriceLevels(rising=rising)

    def add(self, price: Decimal, order_id: str, priority: int, shown: Decimal | None = None) -> None:
        """Queue an order behind the others at its price.

        Args:
            price: where it queues.
            order_id: which it is.
            priority: a number above that of every other order at the price.
            shown: the size that is recorded there and stands before it; None where it is not known.
        """
        queue = self.levels.get(price)
        if queue is None:
            queue = Queue()
            self.levels.set(price, queue)
            self._undo.note(lambda: self.levels.pop(price))
        queue.members[order_id] = (priority, queue.ahead.arrived(shown))
        self._undo.note(lambda: queue.members.pop(order_id))

    def remove(self, price: Decimal, order_id: str) -> None:
        """Take an order out."""
        levels = self.levels
        queue = levels.get(price)
        assert queue is not None, "an order that is taken out is in"
        member = queue.members.pop(order_id)
        self._undo.note(lambda: queue.put_back(order_id, member))
        if not queue.members:
            levels.pop(price)
            self._undo.note(lambda: levels.set(price, queue))

    def requeue(self, price: Decimal, order_id: str, priority: int, shown: Decimal | None = None) -> None:
        """Put an order behind the others at its price; who walks through the queue meets it there again."""
        queue = self.levels.get(price)
        assert queue is not None, "an order that is queued anew is in"
        member = queue.members.pop(order_id)
        self._undo.note(lambda: queue.put_back(order_id, member))
        queue.members[order_id] = (priority, queue.ahead.arrived(shown))
        self._undo.note(lambda: queue.members.pop(order_id))

    def reached(self, price: Decimal) -> Iterator[str]:
        """Iterate over the ids that the market reaches at a price, in order of price, then time.

        Orders may leave while this runs. A price that reaches nothing is compared with the best level alone.
        """
        level = self.levels.first()
        while level is not None and (level[0] <= price if self._rising else level[0] >= price):
            yield from level[1].walk()
            level = self.levels.after(level[0])

    def ahead(self, price: Decimal, order_id: str) -> Decimal | None:
        """Return what is estimated to stand before an order, besides the orders here; None where it is not known."""
        queue = self.levels.get(price)
        assert queue is not None, "the order is in"
        return queue.ahead.of(queue.members[order_id][1])

    def __len__(self) -> int:
        return sum(len(queue.members) for _, queue in self.levels)


def _by_priority(item: tuple[str, _Member]) -> int:
    return item[1][0]
