"""Where an actor's messages go: a typed reference whose sending cannot fail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

import pykka

from .mailbox import ActorStop, Envelope

M = TypeVar("M")
M_contra = TypeVar("M_contra", contravariant=True)


class Inbox(Protocol):
    """What an address needs of a mailbox."""

    closed: bool
    handled: int
    high: int

    @property
    def works(self) -> bool:
        """Whether a message waits, or is in its reader's hands."""
        ...

    @property
    def sent(self) -> int:
        """Messages put so far."""
        ...

    @property
    def queued(self) -> int:
        """Messages that wait."""
        ...

    @property
    def dead(self) -> int:
        """Messages that came too late to be handled."""
        ...

    def put(self, envelope: Any, /) -> bool:
        """Queue a message; False when nobody will handle it."""
        ...

    def put_first(self, envelope: Any, /) -> bool:
        """Queue a message ahead of the others."""
        ...

    def when_ended(self, reply: Any, /) -> None:
        """Answer once nothing more will be handled, and all that waited has been counted."""
        ...


class Target(Protocol[M_contra]):
    """Whatever takes messages of one type."""

    def send(self, message: M_contra) -> bool:
        """Hand a message over; False when nobody will handle it."""
        ...


class Failure:
    """The answer to a query that raised: an exception that leaves on_receive() would end the actor."""

    __slots__ = ("error",)

    def __init__(self, error: BaseException) -> None:
        self.error = error


class Ahead(Generic[M]):
    """Sends to an actor ahead of all messages that wait for it."""

    __slots__ = ("_address",)

    def __init__(self, address: Address[M]) -> None:
        self._address = address

    def send(self, message: M) -> bool:
        """Hand a message over; False when nobody will handle it."""
        return self._address.send_first(message)


class Address(Generic[M]):
    """A reference to an actor, typed by the messages that it takes.

    Addresses are made before the actors, so that actors that send to each other can be given each other's; the root
    binds each when it spawns its actor.
    """

    __slots__ = ("_future", "mailbox", "name", "ref")
    mailbox: Inbox
    _future: Callable[[], pykka.Future[Any]]
    ref: pykka.ActorRef[Any]

    def __init__(self, name: str) -> None:
        self.name = name

    def bind(self, ref: pykka.ActorRef[Any]) -> None:
        """Connect the address to the actor that now exists."""
        self.ref = ref
        self.mailbox = ref.actor_inbox  # type: ignore[assignment]  # every actor of ours has a Mailbox
        # The hook that pykka gives actor types; the runtime may have put its own in.
        self._future = ref.actor_class._create_future  # noqa: SLF001

    def send(self, message: M) -> bool:
        """Tell the actor; never blocks, never raises. False when it has stopped: then it is a dead letter."""
        return self.mailbox.put(Envelope(message))

    def stop(self, timeout: float) -> None:
        """Stop the actor when it has handled what waits for it, and wait for its end.

        Raises:
            TimeoutError: when it has not stopped within timeout seconds.
        """
        future = self._future()
        self.mailbox.put(Envelope(ActorStop()))
        # pykka answers a stop before the actor has closed its inbox, when its figures do not add up yet.
        self.mailbox.when_ended(future)
        try:
            future.get(timeout=timeout)
        except pykka.Timeout:
            msg = f"{self.name} has not stopped within {timeout} s"
            raise TimeoutError(msg) from None

    def send_first(self, message: M) -> bool:
        """Tell the actor ahead of all messages that wait."""
        return self.mailbox.put_first(Envelope(message))

    def ask(self, message: M, timeout: float, *, first: bool = False) -> Any:
        """Send and wait for the answer; for the outside only, never in a handler.

        Raises:
            TimeoutError: when no answer came within timeout seconds.
            pykka.ActorDeadError: when the actor stopped before it answered.
        """
        future = self._future()
        put = self.mailbox.put_first if first else self.mailbox.put
        put(Envelope(message, future))
        try:
            answer = future.get(timeout=timeout)
        except pykka.Timeout:
            msg = f"{self.name} has not answered within {timeout} s"
            raise TimeoutError(msg) from None
        if isinstance(answer, Failure):
            raise answer.error
        return answer

    @property
    def is_bound(self) -> bool:
        """Whether the actor exists."""
        return hasattr(self, "ref")

    @property
    def queued(self) -> int:
        """Messages that wait."""
        return self.mailbox.queued

    @property
    def closed(self) -> bool:
        """Whether the actor has stopped."""
        return self.mailbox.closed
