"""Numbered messages of a venue's session, for those who write an adapter: in order, each once, none past a gap.

The rules are those of FIX 4.4 (volume 2, session protocol): MsgSeqNum is tag 34, PossDupFlag 43, a resend request 35=2,
a gap fill 35=4 with 123=Y and NewSeqNo in tag 36.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Generic, TypeVar

import attrs

from .errors import InvalidReport
from .numbers import whole

M = TypeVar("M")


def _number(value: int) -> int:
    return whole("number", value, InvalidReport, least=1)


def _expected(value: int) -> int:
    return whole("expected", value, InvalidReport, least=1)


def _limit(value: int) -> int:
    return whole("limit", value, InvalidReport, least=1)


def _next(value: int) -> int:
    return whole("next_number", value, InvalidReport, least=1)


def _flag(value: bool) -> bool:  # noqa: FBT001  # a converter takes one positional value
    if type(value) is not bool:
        raise InvalidReport.of("possible_duplicate", value, "must be True or False")
    return value


@attrs.frozen
class _Held(Generic[M]):
    """A message, or a gap fill, which has none; next_number is the one that follows it."""

    number: int
    next_number: int
    messages: tuple[M, ...]


@attrs.frozen(kw_only=True)
class Taken(Generic[M]):
    """What a numbered message leads to.

    state is to be used from here on. apply are the messages whose turn has come, in order. resend, where there is one,
    is the first and the last number to ask the venue for. end, where there is one, says why the session must be ended
    (a logout with this text, and a VenueDisconnected). With nothing in any of them the message was kept for later, or
    was a duplicate.
    """

    state: Inbound[M]
    apply: tuple[M, ...] = ()
    resend: tuple[int, int] | None = None
    end: str | None = None


@attrs.frozen
class Inbound(Generic[M]):
    """What has come of a venue's numbered messages.

    Args:
        expected: the number that is next.
        limit: how many messages that came too early are kept. One more is dropped; its gap shows when the next comes.
        reached: the highest number that has come or been asked for.
        waiting: what came too early.
    """

    expected: int = attrs.field(default=1, converter=_expected)
    limit: int = attrs.field(default=10_000, converter=_limit, kw_only=True)
    reached: int = attrs.field(default=attrs.Factory(lambda self: self.expected - 1, takes_self=True), kw_only=True)
    waiting: tuple[_Held[M], ...] = attrs.field(default=(), kw_only=True)

    @property
    def missing(self) -> tuple[int, int] | None:
        """The first and the last number of the gap that all waits for: to ask again, when no answer has come."""
        return (self.expected, self.waiting[0].number - 1) if self.waiting else None

    def take(self, number: int, message: M, *, possible_duplicate: bool = False) -> Taken[M]:
        """Take a message.

        Args:
            number: its MsgSeqNum.
            message: what to apply when its turn comes.
            possible_duplicate: its PossDupFlag, as on all that is sent again.

        Raises:
            InvalidReport: for a number that is no whole number from 1 on.
        """
        number = _number(number)
        return self._taken(_Held(number, number + 1, (message,)), flagged=_flag(possible_duplicate))

    def skip(self, number: int, next_number: int, *, possible_duplicate: bool = False) -> Taken[M]:
        """Take a gap fill: nothing will be sent again of what is numbered from its own number to before next_number.

        What has come of that before, and waits, is applied all the same.

        Raises:
            InvalidReport: for a number that is no whole number from 1 on, or a next_number that leads nowhere.
        """
        number = _number(number)
        if _next(next_number) <= number:
            raise InvalidReport.of("next_number", next_number, f"must be above the gap fill's own number {number}")
        return self._taken(_Held(number, next_number, ()), flagged=_flag(possible_duplicate))

    def _taken(self, held: _Held[M], *, flagged: bool) -> Taken[M]:
        if held.number < self.expected:
            text = f"number {held.number} is too low: {self.expected} was expected, and it is no possible duplicate"
            return Taken(state=self, end=None if flagged else text)
        at = bisect_left(self.waiting, held.number, key=lambda other: other.number)
        if at < len(self.waiting) and self.waiting[at].number == held.number:
            return Taken(state=self)
        if held.number > self.expected and len(self.waiting) >= self.limit:
            return Taken(state=self)
        resend = (self.reached + 1, held.number - 1) if held.number > self.reached + 1 else None
        waiting = (*self.waiting[:at], held, *self.waiting[at:])
        reached = max(self.reached, held.next_number - 1)
        return self._advanced(waiting, reached, resend)

    def _advanced(self, waiting: tuple[_Held[M], ...], reached: int, resend: tuple[int, int] | None) -> Taken[M]:
        expected, count, messages = self.expected, 0, list[M]()
        for held in waiting:
            if held.number > expected:
                break
            messages.extend(held.messages)
            expected, count = max(expected, held.next_number), count + 1
        state = Inbound(expected, limit=self.limit, reached=reached, waiting=waiting[count:])
        return Taken(state=state, apply=tuple(messages), resend=resend)


@attrs.frozen
class GapFill:
    """What answers a venue's resend request: a gap fill from number on, after which next_number follows."""

    number: int
    next_number: int


@attrs.frozen
class Outbound:
    """The numbers of what we send.

    Args:
        next_number: of the message to be sent next.
    """

    next_number: int = attrs.field(default=1, converter=_next)

    def sent(self) -> Outbound:
        """Return the state after next_number has been used."""
        return Outbound(self.next_number + 1)

    def asked_again(self, first: int, last: int = 0) -> GapFill | None:
        """Answer a resend request: what was sent is never sent again, since an order of then may be wrong by now.

        Orders that the venue has not received come back as unknown when it is queried, after VenueConnected.

        Args:
            first: BeginSeqNo of the request.
            last: EndSeqNo; 0 is all that has been sent.

        Returns:
            The gap fill to send, marked as a possible duplicate; None where nothing that was asked for has been sent.
        """
        first, last = whole("first", first, InvalidReport, least=1), whole("last", last, InvalidReport)
        end = self.next_number - 1 if last == 0 else min(last, self.next_number - 1)
        return GapFill(first, end + 1) if first <= end else None
