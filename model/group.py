"""A group of orders as one immutable value: a fold of the updates of its orders and of nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import takewhile
from typing import Final

import attrs

from . import events as e
from .kinds import Contingency, OrderState, OrderType, Pending, Reason, Role
from .link import Link
from .numbers import ZERO, subtract, total
from .order import Order
from .values import changed

EXITS: Final = (Role.STOP_LOSS, Role.PROFIT_TARGET)
"""The exits of a bracket; who protects comes first."""
_ENDING: Final = frozenset({Reason.TOO_LATE, Reason.NOT_AT_VENUE})
"""Why a venue refuses a request for an order that has ended there, of which it has yet to tell."""
_LOST: Final = Reason.NO_ANSWER
_NEVER_ARRIVED: Final = frozenset({Reason.NOT_AT_VENUE, Reason.WITHHELD})
"""Why an order ended that was lost on its way, or kept back before it."""
_WITHDRAWN: Final = frozenset({Reason.REQUESTED, Reason.TRIPPED})
"""Why an order was cancelled in whose place no other is to be sent."""
_UNPLACED: Final = frozenset({Reason.HALTED, Reason.DISCONNECTED, Reason.SYMBOL_STOPPED, Reason.NOT_AT_VENUE})
"""Why a new order has not reached the venue."""
_RETRY_NS: Final = 100_000_000
_LONGEST_RETRY_NS: Final = 60_000_000_000
_MOST_DOUBLINGS: Final = 10


@attrs.frozen(kw_only=True)
class Leg:
    """An order of a group as it stands, and what its events have said that the order does not keep.

    asked_quantity is what it was created with. withdrawn is why its cancel was asked for last, None where none was, or
    the venue refused it. resizing is the quantity that a request of ours asks for, with the request's id;
    refused_quantity the one that the venue would not take; cut_from the one from which it has taken something off by
    itself. unplaced says that it was taken off the book to be placed anew, and its new order has not reached the venue;
    ending that the venue has it no longer live and has not said how it ended. refusals is how often the venue has
    refused to cancel it, though it was live, and refused_ns when it last did.
    """

    order: Order
    asked_quantity: Decimal
    withdrawn: Reason | None = None
    resizing: tuple[str, Decimal] | None = None
    refused_quantity: Decimal | None = None
    cut_from: Decimal | None = None
    unplaced: bool = False
    ending: bool = False
    refusals: int = 0
    refused_ns: int | None = None

    @property
    def link(self) -> Link:
        """Its place in the group."""
        assert self.order.link is not None, "an order of a group has a link"
        return self.order.link

    @property
    def is_withdrawn_by_user(self) -> bool:
        """Whether it has ended because somebody asked for that, or a trip has cancelled all there is."""
        return self.order.is_closed and not self.order.is_filled and self.withdrawn in _WITHDRAWN

    @property
    def is_withdrawn_by_us(self) -> bool:
        """Whether it has ended because of what happened to another order of the group."""
        return self.order.is_closed and not self.order.is_filled and self.withdrawn is Reason.CONTINGENT

    @property
    def ended_by_itself(self) -> bool:
        """Whether it has ended at the venue without anybody asking for it, and before it was filled."""
        ended = self.order.is_closed and not self.order.is_filled and not self.has_never_arrived
        return ended and not self.is_withdrawn_by_user and not self.is_withdrawn_by_us

    @property
    def has_never_arrived(self) -> bool:
        """Whether it has not reached the venue, or not again, which has nothing against it."""
        if self.order.reason is Reason.REPLACED:
            return self.unplaced
        return self.order.state is OrderState.REJECTED and self.order.reason in _NEVER_ARRIVED

    @property
    def has_closed_nothing(self) -> bool:
        """Whether it was to close at the market, and has ended without an execution."""
        order = self.order
        return order.order_type is OrderType.MARKET and self.ended_by_itself and not order.filled_quantity

    @property
    def is_uncancelled(self) -> bool:
        """Whether the venue has refused to cancel it, and it works on, so far as is known."""
        return bool(self.refusals) and not self.order.is_closed and not self.ending

    @property
    def cancel_again_ns(self) -> int | None:
        """When it may be cancelled once more, after that was refused; None: at once, or it is on its way, or too late.

        The wait doubles with each refusal, from a tenth of a second to a minute.
        """
        if self.refused_ns is None or not self.is_uncancelled or self.order.pending is Pending.CANCEL:
            return None
        return _again_ns(self.refused_ns, self.refusals)

    def after(self, event: e.Event, order: Order) -> Leg:
        """Return it after one more event of its order."""
        leg = changed(self, order=order)
        match event:
            case e.CancelRequested():
                return changed(leg, withdrawn=event.reason)
            case e.OrderCancelled() if self.order.state is OrderState.PENDING or event.reason is Reason.CONTINGENT:
                # Never sent; or the venue has seen by itself what was executed of the others.
                return changed(leg, withdrawn=event.reason)
            case e.CancelRejected() if event.reason in _ENDING:
                # How it has ended is yet to be told; that it should end was asked for all the same.
                return changed(leg, ending=True)
            case e.CancelRejected():
                if event.reason is _LOST:
                    return changed(leg, withdrawn=None)
                return changed(leg, withdrawn=None, refusals=leg.refusals + 1, refused_ns=event.time_ns)
            case e.ModifyRequested() if event.reason is Reason.CONTINGENT and event.quantity is not None:
                return changed(leg, resizing=(event.request_id, event.quantity))
            case e.ModifyRejected():
                return self._after_refusal(leg, event)
            case e.OrderModified():
                return self._after_change(leg, event)
            case e.OrderResolved():
                return changed(leg, ending=False)
            case _:
                return leg

    def _after_refusal(self, leg: Leg, event: e.ModifyRejected) -> Leg:
        leg = changed(leg, ending=leg.ending or event.reason in _ENDING, unplaced=event.reason in _UNPLACED)
        if self.resizing is None or self.resizing[0] != event.request_id:
            return leg
        for_good = event.reason not in {*_ENDING, _LOST}
        return changed(leg, resizing=None, refused_quantity=self.resizing[1] if for_good else leg.refused_quantity)

    def _after_change(self, leg: Leg, event: e.OrderModified) -> Leg:
        if self.resizing is not None and self.resizing[0] == event.request_id:
            return changed(leg, resizing=None, refused_quantity=None, cut_from=None)
        before = self.order
        asked = {before.pending_request_id, before.overtaken_request_id} - {None}
        by_venue = before.state is not OrderState.PENDING and event.request_id not in asked
        cut = event.reason is not Reason.CONTINGENT and event.quantity is not None and event.quantity < before.quantity
        if by_venue and cut:
            # It would do so again; not so what an execution of another order has taken.
            return changed(leg, cut_from=before.quantity)
        return leg


@attrs.frozen(kw_only=True)
class Group:
    """Orders that are tied together, as they stand after one update.

    legs are in the order of their creation; an order that stands in for another has its id in link.replaces.
    first_executed is the order that was executed first. unprotected_ns are the nanoseconds, by the events' times, in
    which an entry had filled that no working stop protected in full, as far as they have ended; unprotected_since_ns is
    when the latest such time began, None while there is none.
    """

    group_id: str
    contingency: Contingency
    legs: tuple[Leg, ...] = ()
    first_executed: str | None = None
    unprotected_ns: int = 0
    unprotected_since_ns: int | None = None

    @property
    def orders(self) -> tuple[Order, ...]:
        """Every order of the group as it stands, those that stand in for others included."""
        return tuple(leg.order for leg in self.legs)

    @property
    def is_closed(self) -> bool:
        """Whether none of its orders is live."""
        return all(leg.order.is_closed for leg in self.legs)

    @property
    def open_quantity(self) -> Decimal:
        """What has filled of a bracket's entry and has not been closed by its exits; below zero: closed too much.

        Zero for every other group.
        """
        if self.contingency is not Contingency.BRACKET:
            return ZERO
        closed = total(leg.order.filled_quantity for leg in self.legs if leg.link.role is not Role.ENTRY)
        return subtract(self.legs[0].order.filled_quantity, closed)

    @property
    def protected_quantity(self) -> Decimal:
        """For how much a stop works at the venue."""
        stops = self.of(Role.STOP_LOSS)
        return total(leg.order.leaves_quantity for leg in stops if leg.order.is_open)

    @property
    def is_protected(self) -> bool:
        """Whether a stop works for everything that is open, or nothing is."""
        held = self.open_quantity
        return held <= ZERO or self.protected_quantity >= held

    @property
    def retry_at_ns(self) -> int | None:
        """When what is open is to be closed at the market once more, after that has brought nothing; None: it is not.

        The wait doubles with each attempt in a row, from a tenth of a second to a minute.
        """
        stops = self.of(Role.STOP_LOSS)
        if not stops or not stops[-1].has_closed_nothing or self.open_quantity <= ZERO:
            return None
        if any(leg.order.in_doubt for leg in stops):
            # What they have closed is yet to be known.
            return None
        ended_ns = stops[-1].order.closed_ns
        assert ended_ns is not None, "it has ended"
        attempts = sum(1 for _ in takewhile(lambda leg: leg.has_closed_nothing, reversed(stops)))
        return _again_ns(ended_ns, attempts)

    @property
    def waits(self) -> bool:
        """Whether anything of it may be asked for once more when a time has come."""
        return self.retry_at_ns is not None or any(leg.cancel_again_ns is not None for leg in self.legs)

    def of(self, role: Role) -> tuple[Leg, ...]:
        """Return what has this role, oldest first."""
        return tuple(leg for leg in self.legs if leg.link.role is role)

    def unprotected_until(self, now_ns: int) -> int:
        """Return the nanoseconds without full protection so far, those that have not ended included."""
        since = self.unprotected_since_ns
        return self.unprotected_ns if since is None else self.unprotected_ns + max(now_ns - since, 0)

    def after(self, update: e.OrderUpdate) -> Group:
        """Return it after one more update of one of its orders."""
        order, event = update.order, update.event
        assert order is not None, "an update of the group is of one of its orders"
        legs = tuple(self._legs_after(event, order))
        first = self.first_executed
        if first is None or not _filled(legs, first):
            first = next((leg.order.order_id for leg in legs if leg.order.filled_quantity), None)
        return changed(self, legs=legs, first_executed=first)._timed(event.time_ns)  # noqa: SLF001  # the same class

    def _legs_after(self, event: e.Event, order: Order) -> Iterator[Leg]:
        known = False
        for leg in self.legs:
            same = leg.order.order_id == order.order_id
            known = known or same
            yield leg.after(event, order) if same else leg
        if not known:
            yield Leg(order=order, asked_quantity=order.quantity)

    def _timed(self, now_ns: int) -> Group:
        since, exposed = self.unprotected_since_ns, not self.is_protected
        if exposed is (since is not None):
            return self
        if exposed:
            return changed(self, unprotected_since_ns=now_ns)
        return changed(self, unprotected_ns=self.unprotected_until(now_ns), unprotected_since_ns=None)


def has_come(due_ns: int, now_ns: int) -> bool:
    """Whether it is time for what is asked for once more."""
    # What lies further ahead than the longest wait was put there by a clock that has been set back since.
    return not due_ns - _LONGEST_RETRY_NS <= now_ns < due_ns


def _again_ns(since_ns: int, attempts: int) -> int:
    return since_ns + min(_RETRY_NS << min(attempts - 1, _MOST_DOUBLINGS), _LONGEST_RETRY_NS)


def _filled(legs: tuple[Leg, ...], order_id: str) -> bool:
    return any(leg.order.order_id == order_id and leg.order.filled_quantity for leg in legs)


class Groups:
    """Every group by its id, as a fold of the stream of updates."""

    def __init__(self) -> None:
        self._groups: dict[str, Group] = {}
        self._exposed: dict[str, None] = {}
        self._waiting: dict[str, None] = {}
        self._unprotected_ns = 0
        self._longest_ns = 0
        self._now_ns = 0

    def __iter__(self) -> Iterator[Group]:
        return iter(self._groups.values())

    def get(self, group_id: str) -> Group | None:
        """Return a group as it stands."""
        return self._groups.get(group_id)

    def waiting(self) -> Iterator[Group]:
        """Iterate over those of which anything may be asked for once more when a time has come."""
        return (self._groups[group_id] for group_id in self._waiting)

    def on_update(self, update: e.OrderUpdate) -> None:
        """Fold one entry of the stream."""
        self._now_ns = max(self._now_ns, update.event.time_ns)
        order = update.order
        if order is None or order.link is None:
            return
        self.keep((self._groups.get(order.link.group_id) or begun(order.link)).after(update))

    def keep(self, group: Group) -> None:
        """Take over a group as it stands after updates that have been folded into it already."""
        before = self._groups.get(group.group_id)
        self._groups[group.group_id] = group
        self._unprotected_ns += group.unprotected_ns - (0 if before is None else before.unprotected_ns)
        self._longest_ns = max(self._longest_ns, group.unprotected_ns)
        _keep(self._exposed, group.group_id, wanted=group.unprotected_since_ns is not None)
        _keep(self._waiting, group.group_id, wanted=group.waits)

    def unprotected_ns(self) -> tuple[int, int]:
        """Return the nanoseconds without full protection up to the latest update: of all groups, and of the worst."""
        exposed = [self._groups[group_id] for group_id in self._exposed]
        going_on = sum(group.unprotected_until(self._now_ns) - group.unprotected_ns for group in exposed)
        longest = max((group.unprotected_until(self._now_ns) for group in exposed), default=0)
        return self._unprotected_ns + going_on, max(self._longest_ns, longest)


def _keep(group_ids: dict[str, None], group_id: str, *, wanted: bool) -> None:
    if wanted:
        group_ids[group_id] = None
    else:
        group_ids.pop(group_id, None)


def begun(link: Link) -> Group:
    """Return a group to which no order belongs yet."""
    return Group(group_id=link.group_id, contingency=link.contingency)
