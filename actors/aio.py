"""The asyncio side: waiting for orders and reading updates without blocking an event loop."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, Final, Self

from ..model.errors import Overloaded, SystemStopped
from ..model.events import OrderUpdate
from ..model.order import Order

MOST_UNREAD: Final = 100_000
"""Updates that may wait for an `async for` before it ends with Overloaded: memory has an end, a gap would be worse."""


class LoopReply:
    """A reply that completes an asyncio future from another thread."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.future: asyncio.Future[Order] = self._loop.create_future()

    def set(self, value: Any = None) -> None:
        """Complete the future; harmless when nobody waits any more."""
        self._on_loop(lambda: self.future.set_result(value))

    def set_exception(self, exc_info: Any = None) -> None:
        """Fail the future: the system has stopped."""
        del exc_info
        self._on_loop(lambda: self.future.set_exception(SystemStopped("wait_async()")))

    def _on_loop(self, complete: Any) -> None:
        def unless_done() -> None:
            if not self.future.done():
                complete()

        _call_soon(self._loop, unless_done)


class UpdateStream:
    """An asynchronous iterator over updates; it ends when the system stops, or when it is closed."""

    def __init__(self) -> None:
        self._unsubscribe: Callable[[], object] = _nothing
        self._loop = asyncio.get_running_loop()
        self._unread: deque[OrderUpdate] = deque()
        self._arrived = asyncio.Event()
        self._ended = False
        self._overflowed = False

    def take(self, update: OrderUpdate) -> None:
        """Queue an update, from the subscriber's thread."""
        if len(self._unread) >= MOST_UNREAD:
            self._overflowed = True
        else:
            self._unread.append(update)
        _call_soon(self._loop, self._arrived.set)

    def end(self) -> None:
        """Let the iteration end once everything has been read."""
        self._ended = True
        _call_soon(self._loop, self._arrived.set)

    def closed_by(self, unsubscribe: Callable[[], object]) -> None:
        """Say what close() shall call."""
        self._unsubscribe = unsubscribe

    def close(self) -> None:
        """Unsubscribe, and end the iteration once everything has been read."""
        self._unsubscribe()
        self.end()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def __aiter__(self) -> UpdateStream:
        return self

    async def __anext__(self) -> OrderUpdate:
        while not self._unread:
            if self._overflowed:
                raise Overloaded(MOST_UNREAD)
            if self._ended:
                raise StopAsyncIteration
            self._arrived.clear()
            # Looked at again after clear(): take() may have come in between.
            if not self._unread and not self._ended and not self._overflowed:
                await self._arrived.wait()
        return self._unread.popleft()


def _nothing() -> None:
    pass


def _call_soon(loop: asyncio.AbstractEventLoop, call: Any) -> None:
    try:
        loop.call_soon_threadsafe(call)
    except RuntimeError:
        # The loop has been closed: nobody waits there any more.
        return
