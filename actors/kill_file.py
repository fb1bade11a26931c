"""Who watches for the kill file: once it is there, nothing leaves any more and all orders are cancelled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from ..model.kinds import Action, Trip
from .actor import BaseActor
from .address import Target
from .messages import CheckFile, Halt, Resume
from .runtime import Context

LOOK_NS: Final = 250_000_000
"""Between two looks."""
_MOST: Final = 200


class KillFile(BaseActor):
    """Looks for a file four times a second, and trips when it is there; again when somebody resumes and it still is.

    Its first line is the reason; where its first word is flatten, positions are closed too. The file stays.

    Args:
        context: as every actor.
        me: its own address.
        gates: risk and the order manager, told ahead of all that waits for them.
        first_line: returns the first line of the file, None while there is none.
        look_later: sets a timer on the runtime, by the clock on the wall where there is one.
    """

    def __init__(
        self,
        context: Context,
        me: Target[Any],
        gates: tuple[Target[Halt], ...],
        first_line: Callable[[], str | None],
        look_later: Callable[[int, Target[Any], object], object],
    ) -> None:
        super().__init__(context)
        self._me = me
        self._gates = gates
        self._first_line = first_line
        self._look_later = look_later
        # What it has asked for; None while there is no file.
        self._tripped: Action | None = None

    def started(self) -> None:
        """Begin to look."""
        self._look_later(0, self._me, CheckFile())

    def handle(self, message: Any) -> None:
        """Look, and trip if it has come."""
        match message:
            case CheckFile():
                # First, so that whatever a look may lead to, there is a next one.
                self._look_later(LOOK_NS, self._me, CheckFile())
                self._look()
            case Resume():
                self._tripped = None
                self._look()
            case _:
                self.unknown(message)

    def _look(self) -> None:
        line = self._first_line()
        if line is None:
            self._tripped = None
            return
        words = "".join(sign if sign.isprintable() else "?" for sign in line.strip()[:_MOST])
        flattens = words.lower().split()[:1] == ["flatten"]
        action = Action.FLATTEN if flattens else Action.CANCEL_ALL
        # Whoever writes it makes an empty file first, which may be seen: what then comes in may ask for more.
        if self._tripped in {action, Action.FLATTEN}:
            return
        self._tripped = action
        halt = Halt(f"kill file: {words}" if words else "kill file", Trip.FILE, action)
        for gate in self._gates:
            self.send(gate, halt)

    def _bury(self, message: object) -> None:
        if not isinstance(message, CheckFile | Resume):
            super()._bury(message)
