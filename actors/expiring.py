"""The timer of an exchange with orders that expire: one, for the earliest of them."""

from __future__ import annotations

from collections.abc import Callable

from .address import Target
from .messages import CheckExpiries
from .runtime import Cancellable


class ExpiryTimer:
    """Tells an exchange when its next order expires.

    It runs in the background: an order that will expire one day is not something under way. Timers measure durations
    and expiry is a time of day, so where a clock is set meanwhile the timer is early or late. Early, it is set anew;
    late, the venue lets expire what is due before anything else that it does.

    Args:
        me: the exchange's address.
        call_later: sets a timer on the runtime.
    """

    def __init__(self, me: Target[CheckExpiries], call_later: Callable[..., Cancellable]) -> None:
        self._me = me
        self._call_later = call_later
        self._timer: Cancellable | None = None
        self._due_ns: int | None = None
        self._number = 0

    def set(self, due_ns: int | None, now_ns: int) -> None:
        """See to it that the exchange is told at that time, or earlier; None when no order expires."""
        if due_ns is None or (self._due_ns is not None and self._due_ns <= due_ns):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._number, self._due_ns = self._number + 1, due_ns
        message = CheckExpiries(self._number)
        self._timer = self._call_later(max(due_ns - now_ns, 0), self._me, message, background=True)

    def fired(self, message: CheckExpiries) -> None:
        """Take note that a timer has fired; one that fires though it was to be cancelled is passed over."""
        if message.number == self._number:
            self._timer = self._due_ns = None
