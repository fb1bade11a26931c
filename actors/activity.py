"""Whether anything is under way in a system, without asking any actor."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable
from typing import Protocol


class Counted(Protocol):
    """What activity reads of a mailbox."""

    handled: int

    @property
    def works(self) -> bool:
        """Whether a message waits, or is in its reader's hands."""
        ...

    @property
    def sent(self) -> int:
        """Messages put so far."""
        ...

    @property
    def dead(self) -> int:
        """Messages that nobody will handle."""
        ...


class _Watcher:
    """One call that waits. Each is itself alone, where two calls of one method would be equal."""

    __slots__ = ("call",)

    def __init__(self, call: Callable[[], None]) -> None:
        self.call = call


class Activity:
    """Tells when every message sent has been handled, its consequences included.

    A handler's messages are sent before it counts as handled. So if every mailbox's handled and dead, read first, add
    up to every mailbox's sent, read afterwards, there was a moment between the two readings at which nothing was
    under way: the counts only grow, and handled never exceeds sent. The last actor to run out of work notices; nobody
    polls.
    """

    def __init__(self) -> None:
        self.watchers: deque[_Watcher] = deque()
        self._mailboxes: list[Counted] = []
        self._pending: Callable[[], int] = int

    def add(self, mailbox: Counted) -> None:
        """Count one more mailbox; one atomic step, since any thread may subscribe."""
        self._mailboxes.append(mailbox)

    def remove(self, mailbox: Counted) -> None:
        """Count a mailbox no more, once it is closed and nothing waits in it; one atomic step, too."""
        with contextlib.suppress(ValueError):  # another thread has done it
            self._mailboxes.remove(mailbox)

    def count_also(self, pending: Callable[[], int]) -> None:
        """Let timers that will lead to messages count as under way."""
        self._pending = pending

    def is_quiet(self) -> bool:
        """Say whether there was a moment during this call at which nothing was under way."""
        mailboxes = tuple(self._mailboxes)
        # A look that costs little and mostly says no. Whoever is seen at work here looks again when it has done it.
        for mailbox in mailboxes:
            if mailbox.works:
                return False
        done = [mailbox.handled + mailbox.dead for mailbox in mailboxes]
        if self._pending():
            return False
        # Mailbox by mailbox, since done exceeds sent in none of them: the first that is busy ends the search.
        return all(count == mailbox.sent for count, mailbox in zip(done, mailboxes, strict=True))

    def when_quiet(self, call: Callable[[], None]) -> None:
        """Make one call, from some thread, at the next moment at which nothing is under way; it must not block."""
        self.watchers.append(_Watcher(call))
        # An actor that ran out of work just before has not seen this watcher.
        self.check()

    def forget(self, call: Callable[[], None]) -> None:
        """Make the call no more."""
        for watcher in tuple(self.watchers):
            if watcher.call == call:
                self._take(watcher)

    def check(self) -> None:
        """Serve whoever waits, if all is quiet."""
        while (watcher := self._first()) is not None and self.is_quiet():
            # The one that was there before the look, and no other: while we looked, another thread may have served it,
            # and what that caused is under way for those that came since.
            if self._take(watcher):
                watcher.call()

    def _first(self) -> _Watcher | None:
        try:
            return self.watchers[0]
        except IndexError:
            return None

    def _take(self, watcher: _Watcher) -> bool:
        """Remove a watcher, one atomic step; False when another thread has."""
        try:
            self.watchers.remove(watcher)
        except ValueError:
            return False
        return True
