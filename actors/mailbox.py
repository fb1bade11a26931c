"""The inbox of an actor: it loses nothing, closes by itself, and counts what passes."""

from __future__ import annotations

import contextlib
import itertools
from collections import deque
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any, Final, Protocol

import pykka

# pykka has no public name for what ActorRef.stop() sends; a test pins that it is this.
from pykka.messages import _ActorStop  # pyright: ignore[reportPrivateUsage]

from .activity import Activity

ActorStop: Final = _ActorStop


class Enveloped(Protocol):
    """What pykka's receive loop takes from an inbox."""

    message: Any
    reply_to: pykka.Future[Any] | None


class Envelope:
    """A message and where to answer it, in the shape that pykka's receive loop reads."""

    # buried is not there until it is so: most envelopes never need it.
    __slots__ = ("buried", "message", "reply_to")
    buried: bool

    def __init__(self, message: Any, reply_to: pykka.Future[Any] | None = None) -> None:
        self.message = message
        self.reply_to = reply_to


class Reply(Protocol):
    """Where an answer goes that is not ready yet. Setting it never blocks."""

    def set(self, value: Any = None) -> None:
        """Give the answer."""
        ...


class Queue(Protocol):
    """What a mailbox needs of what holds its messages: the methods of queue.SimpleQueue."""

    def put(self, item: Enveloped, /) -> None:
        """Append."""
        ...

    def get(self) -> Enveloped:
        """Take the first, waiting for it."""
        ...

    def get_nowait(self) -> Enveloped:
        """Take the first; raises Empty or IndexError when there is none."""
        ...

    def empty(self) -> bool:
        """Whether nothing waits."""
        ...

    def qsize(self) -> int:
        """How many wait."""
        ...


_WAKE = Envelope(None)


class Mailbox:
    """An unbounded queue for one reader and any number of writers.

    It needs no lock of its own, which is what makes it cheap. Closing works in whatever order two threads take it: the
    reader's teardown sets `closed` and then drains; a writer that finds `closed` set after it has put drains once more
    itself. Each message is thus either handled or buried, and each late ask is answered.

    At any time sent = handled + queued + dead, where one message may be in the reader's hands.

    Args:
        queue: what holds the messages; a SimpleQueue unless given.
    """

    def __init__(self, queue: Queue | None = None) -> None:
        self.queue: Queue = SimpleQueue[Enveloped]() if queue is None else queue
        self._urgent: deque[Enveloped] = deque()
        # next() on a count is one atomic step, where += is three: any thread may put.
        self._puts = itertools.count()
        self._burials = itertools.count()
        # Markers in the queue that stand for no message of their own, put and taken out again.
        self._wakes = itertools.count()
        self._unwakes = itertools.count()
        self._busy = False
        self._ended = False
        self._await_end: deque[Reply] = deque()
        self._activity: Activity | None = None
        self._bury: Callable[[object], None] = _forget
        self.handled = 0
        self.high = 0
        self.closed = False

    def attach(self, activity: Activity, bury: Callable[[object], None]) -> None:
        """Tell the mailbox whom to ask whether all is quiet, and who hears of messages that nobody will handle."""
        self._activity = activity
        self._bury = bury
        activity.add(self)

    @property
    def sent(self) -> int:
        """Messages put so far."""
        return _count(self._puts)

    @property
    def dead(self) -> int:
        """Messages that came too late to be handled."""
        return _count(self._burials) if self.closed else 0

    @property
    def works(self) -> bool:
        """Whether a message waits, or is in its reader's hands."""
        return self._busy or not self.queue.empty()

    @property
    def queued(self) -> int:
        """Messages that wait."""
        return self.queue.qsize() + len(self._urgent) - (_count(self._wakes) - _count(self._unwakes))

    def put(self, envelope: Enveloped) -> bool:
        """Queue a message; never blocks, never raises. False when it has been buried already."""
        next(self._puts)
        self.queue.put(envelope)
        return True if not self.closed else self._came_in_time(envelope)

    def put_first(self, envelope: Enveloped) -> bool:
        """Queue a message ahead of all that wait: a halt must not stand in line."""
        next(self._puts)
        self._urgent.append(envelope)
        next(self._wakes)
        self.queue.put(_WAKE)
        return True if not self.closed else self._came_in_time(envelope)

    def when_ended(self, reply: Reply) -> None:
        """Answer, from some thread, once the mailbox has closed and what waited in it has been buried."""
        self._await_end.append(reply)
        if self._ended:
            self._tell_of_end()

    def get(self) -> Enveloped:
        """Wait for the next message. Asking for it says that the last one has been handled."""
        if self._busy:
            self._busy = False
            self.handled += 1
        while True:
            if self._urgent:
                envelope = self._urgent.popleft()
                break
            # Before each wait, also before one that a marker alone had put off.
            activity = self._activity
            if activity is not None and activity.watchers and self.queue.empty():
                activity.check()
            envelope = self.queue.get()
            if envelope is not _WAKE:
                break
            next(self._unwakes)
        self._busy = True
        # Only the reader shortens the queue, so it is longest just before one of its reads.
        waiting = self.queue.qsize()
        if waiting >= self.high:
            self.high = waiting + 1
        return envelope

    def empty(self) -> bool:
        """Close for good. pykka calls this in an actor's teardown and nowhere else; a test pins that."""
        if self._busy:
            self._busy = False
            self.handled += 1
        self.closed = True
        self._drain()
        self._look()
        # In this order, so that a reply that comes in between is found by one side or by both.
        self._ended = True
        self._tell_of_end()
        return True

    def _look(self) -> None:
        if self._activity is not None and self._activity.watchers:
            self._activity.check()

    def _tell_of_end(self) -> None:
        while self._await_end:
            with contextlib.suppress(IndexError):  # another thread tells it at this moment
                self._await_end.popleft().set(None)

    def _came_in_time(self, envelope: Enveloped) -> bool:
        self._drain()
        # Its reader is gone, so whoever waits for quiet hears of it from here.
        self._look()
        # It may have been handled before the mailbox closed, though the sender looks only now.
        return not getattr(envelope, "buried", False)

    def _drain(self) -> None:
        while True:
            try:
                envelope = self._urgent.popleft() if self._urgent else self.queue.get_nowait()
            except (Empty, IndexError):
                # IndexError: another thread drained the urgent message between the look and the pop.
                if self.queue.empty() and not self._urgent:
                    return
                continue
            if envelope is _WAKE:
                next(self._unwakes)
                continue
            self._refuse(envelope)

    def _refuse(self, envelope: Enveloped) -> None:
        if isinstance(envelope, Envelope):
            envelope.buried = True
        stops = isinstance(envelope.message, ActorStop)
        if not stops:
            self._bury(envelope.message)
        # Counted when it has been reported, so that the report is under way before this is not.
        next(self._burials)
        if envelope.reply_to is None:
            return
        if stops:
            # Stopping what has stopped is no loss; who waits for it is told that it is done.
            envelope.reply_to.set(None)
        else:
            error = pykka.ActorDeadError("the actor stopped before it handled the message")
            envelope.reply_to.set_exception((type(error), error, None))


def _count(counter: itertools.count[int]) -> int:
    # Reading a count without advancing it: its repr is 'count(n)' in every version, where copying it is deprecated.
    return int(repr(counter)[6:-1])


def _forget(message: object) -> None:
    del message
