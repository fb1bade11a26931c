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
    def sent(self) -> int:
        """Messages put so far."""
        ...

    @property
    def dead(self) -> int:
        """Messages that nobody will handle."""
        ...


class Activity:
    """Tells when every message sent has been handled, its consequences included.

    A handler's messages are sent before it counts as handled. So if every mailbox's handled and dead, read first, add
    up to every mailbox's sent, read afterwards, there was a moment between the two readings at which nothing was
    under way: the counts only grow, and handled never exceeds sent. The last actor to run out of work notices; nobody
    polls.
    """

    def __init__(self) -> None:
        self.watchers: deque[Callable[[], None]] = deque()
        self._mailboxes: list[Counted] = []
        self._pending: Callable[[], int] = int

    def add(self, mailbox: Counted) -> None:
        """Count one more mailbox; one atomic step, since any thread may subscribe."""
        self._mailboxes.append(mailbox)

    def count_also(self, pending: Callable[[], int]) -> None:
        """Let timers that will lead to messages count as under way."""
        self._pending = pending

    def is_quiet(self) -> bool:
        """Say whether there was a moment during this call at which nothing was under way."""
        mailboxes = tuple(self._mailboxes)
        done = [mailbox.handled + mailbox.dead for mailbox in mailboxes]
        if self._pending():
            return False
        # Mailbox by mailbox, since done exceeds sent in none of them: the first that is busy ends the search.
        return all(count == mailbox.sent for count, mailbox in zip(done, mailboxes, strict=True))

    def when_quiet(self, call: Callable[[], None]) -> None:
        """Make one call, from some thread, at the next moment at which nothing is under way; it must not block."""
        self.watchers.append(call)
        # An actor that ran out of work just before has not seen this watcher.
        self.check()

    def forget(self, call: Callable[[], None]) -> None:
        """Make the call no more."""
        with contextlib.suppress(ValueError):  # it has just been made
            self.watchers.remove(call)

    def check(self) -> None:
        """Serve whoever waits, if all is quiet."""
        while self.watchers and self.is_quiet():
            try:
                call = self.watchers.popleft()
            except IndexError:
                return  # another actor noticed at the same moment
            call()
