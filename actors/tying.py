"""Groups of orders, as a host asks for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from ..model.commands import Command, SubmitGroup, SubmitOrder
from ..model.errors import Overloaded
from ..model.numbers import Number
from ..model.tying import BracketIds, GroupIds, bracket_ids, bracket_of, ids_of, oco_of, oto_of, stamped
from . import checks
from .actor import refuse_in_handler
from .hosting import SOURCE, Hosting
from .runtime import Permits


class Tying(Hosting):
    """Brackets, OCO and OTO. TradingSystem is the whole, and sets these attributes."""

    _permits: Permits
    _next_order_id: Callable[[], str]

    def bracket(
        self,
        entry: SubmitOrder,
        *,
        profit_target: Number | SubmitOrder,
        stop_loss: Number | SubmitOrder,
        timeout: float = 5.0,
    ) -> BracketIds:
        """Submit an entry with a profit target and a stop, which work for what has filled and is not closed yet.

        They are sent with the first fill of the entry, grow with it, and each shrinks by what the other has closed. A
        stop that fails is replaced by a MARKET order, with the alarm UNPROTECTED.

        The same orders again, under an id of yours for the entry, are the same bracket; exits without an id have one
        made of the entry's.

        Args:
            entry: any order.
            profit_target: the price of a LIMIT order, or such an order itself (GTC, GTD or DAY), of the entry's symbol
                and quantity on the other side.
            stop_loss: the stop price of a STOP order, or a STOP, STOP_LIMIT or TRAILING_STOP order itself, likewise. It
                lies below the profit target when the entry buys, above it when the entry sells.
            timeout: as submit().

        Returns:
            The ids of the group and of its three orders, by name; see group() and order().

        Raises:
            InvalidOrder: for orders that can make no bracket, naming the field, the value and the rule.
            Overloaded, SystemStopped: as submit().
        """
        return bracket_ids(self._tie(bracket_of(entry, profit_target, stop_loss), timeout, "bracket()"))

    def oco(
        self, *orders: SubmitOrder, partial: Literal["cancel", "reduce"] = "cancel", timeout: float = 5.0
    ) -> GroupIds:
        """Submit orders of which an execution of one cancels the others, or takes as much from them.

        Args:
            orders: two or more of one symbol, of any type, side and quantity.
            partial: "cancel": an execution, also a partial one, cancels the others (FIX ContingencyType 1); "reduce":
                it takes as much from them (3).
            timeout: as submit().

        Returns:
            The id of the group, and those of its orders as they were given.

        Raises:
            InvalidOrder: for orders that can make no such group.
            Overloaded, SystemStopped: as submit().
        """
        return self._tie(oco_of(orders, partial), timeout, "oco()")

    def oto(self, first: SubmitOrder, *then: SubmitOrder, timeout: float = 5.0) -> GroupIds:
        """Submit an order, and others that are sent once it has filled completely (FIX ContingencyType 2).

        Until then they are PENDING; when the first ends otherwise, they are cancelled as CONTINGENT.

        Args:
            first: any order.
            then: one or more, of any symbol, side and quantity.
            timeout: as submit().

        Returns:
            The id of the group, and those of its orders as they were given, the first before the others.

        Raises:
            InvalidOrder: for orders that can make no such group.
            Overloaded, SystemStopped: as submit().
        """
        return self._tie(oto_of(first, then), timeout, "oto()")

    def _tie(self, group: SubmitGroup, timeout: float, request: str) -> GroupIds:
        checks.seconds("timeout", timeout)
        self._must_run(request)
        self._must_be_recordable()
        self._acquire(len(group.orders), timeout, request)
        command = stamped(group, self._next_order_id, self._runtime.now_ns(), SOURCE)
        self._pass_to_risk(command, request)
        return ids_of(command)

    def _acquire(self, count: int, timeout: float, request: str) -> None:
        """Take one permit for each order, or none."""
        for taken in range(count):
            if self._permits.acquire(0):
                continue
            try:
                refuse_in_handler(request)
                waited = self._permits.acquire(timeout)
            except BaseException:
                self._give_back(taken)
                raise
            if not waited:
                self._give_back(taken)
                raise Overloaded(self._settings.max_in_flight)

    def _give_back(self, count: int) -> None:
        for _ in range(count):
            self._permits.release()

    def _pass_to_risk(self, command: Command, request: str) -> None:
        raise NotImplementedError
