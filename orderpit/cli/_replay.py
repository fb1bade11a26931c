"""Replay: a storm from a seed, every step audited; its digest, or the law that it breaks and what led there."""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Sequence
from typing import Any, Final

import attrs

from ..actors.fibres import fibres
from ..model.errors import InvalidConfiguration
from ..testing.ordeals.ordeal import Survived, ordeal
from ..testing.trace import Trace, picture
from ._errors import FAILED, OK, UsageError
from ._output import Output, counted

_KEPT: Final = 24
_WIDTH: Final = 100
_COLUMNS: Final = 3


@attrs.frozen
class Replayed:
    """What came of it: what was survived, or what was broken and the last messages before."""

    seed: int
    orders: int
    seconds: float
    digest: str
    survived: Survived | None = None
    broken: str = ""
    last: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """0 unless a law was broken."""
        return OK if self.survived is not None else FAILED

    def to_dict(self) -> dict[str, Any]:
        """Return everything, ready for JSON."""
        survived = self.survived
        figures: dict[str, Any] = {}
        if survived is not None:
            names = ("orders", "messages", "steps", "checks")
            figures = {name: getattr(survived, name) for name in names}
            figures |= {"faults": list(survived.faults), "happened": dict(survived.happened)}
        return {
            "seed": self.seed,
            "submitted": self.orders,
            "digest": self.digest,
            "broken": self.broken,
            "last": list(self.last),
            "seconds": round(self.seconds, 3),
            **figures,
        }


def run(args: Namespace, out: Output) -> Replayed:
    """Replay a seed and show what came of it.

    Raises:
        UsageError: for greenlets where they are not installed.
    """
    try:
        fibres(args.fibres)
    except InvalidConfiguration as error:
        raise UsageError(str(error)) from None
    began = time.perf_counter()
    trace = Trace(kept=_KEPT)
    survived, broken = None, ""
    try:
        survived = ordeal(args.seed, args.orders, fibres=args.fibres, trace=trace)
    except Exception as error:  # noqa: BLE001  # whatever it is, it is what the seed has found
        broken = f"{type(error).__name__}: {error}"
    last = tuple(_line(now, receiver, message) for now, receiver, message in trace.latest) if broken else ()
    replayed = Replayed(args.seed, args.orders, time.perf_counter() - began, trace.digest(), survived, broken, last)
    _show(out, replayed)
    return replayed


def _line(now_ns: int, receiver: str, message: object) -> str:
    text = f"{now_ns / 1e9:.6f} {receiver}: {picture(message)}"
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 3]}..."


def _show(out: Output, replayed: Replayed) -> None:
    out.heading(f"Seed {replayed.seed}: {replayed.orders:,} orders")
    survived = replayed.survived
    if survived is None:
        for line in replayed.last:
            out.line(line)
        out.line(f"BROKEN: {replayed.broken}")
    else:
        happened = [f"{name.replace('_', ' ')} {count}" for name, count in survived.happened.items() if count]
        out.table(("faults that happened", "", "")[:_COLUMNS], _in_columns(happened))
        out.line(f"{counted(survived.orders, 'order')} recorded, {counted(survived.messages, 'message')} handled")
        out.line(f"{counted(survived.steps, 'step')}, each audited; {counted(survived.checks, 'check')} at the end")
    out.line(f"digest {replayed.digest}, {replayed.seconds:.1f} s")


def _in_columns(cells: Sequence[str]) -> list[tuple[str, ...]]:
    rows = -(-len(cells) // _COLUMNS)
    padded = [*cells, *([""] * (rows * _COLUMNS - len(cells)))]
    return [tuple(padded[row + rows * column] for column in range(_COLUMNS)) for row in range(rows)]
