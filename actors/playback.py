"""What a host holds of recorded data on its way into a system, and of its own subscriptions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pykka

from .actor import refuse_in_handler
from .address import Address
from .market_feed import Progress
from .messages import GetProgress, StopFeed

_ASK_TIMEOUT: Final = 10.0


class Playback:
    """Recorded data on its way into a system."""

    def __init__(self, address: Address[Any], future: pykka.Future[Any], run_steps: Callable[[int], bool]) -> None:
        self.address = address
        self._future = future
        self._run_steps = run_steps

    def wait(self, timeout: float | None = None) -> Progress:
        """Wait until the last record and all that it caused has been dealt with.

        Raises:
            TimeoutError: when that took longer than timeout seconds.
            Exception: what reading the records raised.
        """
        refuse_in_handler("wait()", even_in_callbacks=True)
        try:
            result = self._future.get(timeout=timeout)
        except pykka.Timeout:
            msg = f"the records have not been played within {timeout} s"
            raise TimeoutError(msg) from None
        if isinstance(result, BaseException):
            raise result
        progress: Progress = result
        return progress

    def run_steps(self, most: int) -> bool:
        """On the stepped runtime, let the actors move at most so often; True while there is more to do.

        A host that looks in between plays in slices, until this is False; on threads, which need nobody, it is at once.
        """
        refuse_in_handler("run_steps()", even_in_callbacks=True)
        return self._run_steps(most)

    def progress(self) -> Progress:
        """Return how far it has come."""
        refuse_in_handler("progress()")
        try:
            progress: Progress = self.address.ask(GetProgress(), _ASK_TIMEOUT)
        except pykka.ActorDeadError:
            return self.wait(timeout=0)
        return progress

    def stop(self) -> None:
        """Send no more records."""
        self.address.send_first(StopFeed())


class Subscription:
    """A subscriber that can be let go."""

    def __init__(self, address: Address[Any], unsubscribe: Callable[[], None]) -> None:
        self._address = address
        self._unsubscribe = unsubscribe

    def close(self, timeout: float = _ASK_TIMEOUT) -> None:
        """End the subscription; what has been told before is still handled.

        Raises:
            TimeoutError: when the callback has not come to its end within timeout seconds.
        """
        refuse_in_handler("close()", even_in_callbacks=True)
        self._unsubscribe()
        self._address.stop(timeout)
