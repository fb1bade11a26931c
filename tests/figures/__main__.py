"""The figures of docs/reliability.md: runs every proof at its full size.

    python -m tests.figures [--only NAME ...] [--nightly] [--seed N] [--workers N] [--write | --check]

Half of the seeds are the same in every run; the others come from --seed, which is drawn and printed unless given.
--write keeps the counts in docs/figures.json, those of --only beside the others there; --check fails when those that
are the same in every run have changed.
Exit status 1 when a bound is not reached or anything is violated.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import attrs

from tests.figures.figure import Figure

NOT_IN_STORMS: Final = frozenset(
    {
        "reason: INSUFFICIENT_MARGIN",
        "reason: NO_ACCOUNT",
        "reason: DUPLICATE_ORDER",
        "reason: OUTSIDE_HOURS",
        "reason: REDUCING",
        "reason: TRIPPED",
        "alarm: UNFLATTENED",
        "reason: UNRECORDED",
        "reason: WITHHELD",
        "alarm: JOURNAL",
        "alarm: UNRECONCILED",
    }
)
"""Probes that tests of their own reach (tests/provocations.py, tests/system/test_trading_state.py): storms have neither
margin accounts, trading hours, a journal nor the same order twice, and nobody trips the trading state on purpose."""

PAGE: Final = Path(__file__).parents[2] / "docs" / "figures.json"
_EVERY_SECONDS: Final = 5.0


@attrs.frozen
class Scale:
    """How much is run, from which seed, and on how many processes."""

    nightly: bool
    seed: int
    workers: int

    def of(self, push: int, nightly: int) -> int:
        """Return the number for this run."""
        return nightly if self.nightly else push


class Progress:
    """Writes a line now and then on stderr."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._began = time.monotonic()
        self._next = self._began + _EVERY_SECONDS

    def __call__(self, done: float) -> None:
        now = time.monotonic()
        if now >= self._next:
            self._next = now + _EVERY_SECONDS
            sys.stderr.write(f"{self._name}: {done:4.0%}, {now - self._began:.0f} s\n")


def storms(scale: Scale, progress: Progress, book: dict[str, Any]) -> Iterator[Figure]:
    """Simulated orders with all faults on, and the probes they reach."""
    from orderpit.testing.watching.probes import NAMES  # noqa: PLC0415  # each proof is loaded when it is run
    from tests.figures.ordeals import ORDERS_EACH, run  # noqa: PLC0415

    found = run(nightly=scale.nightly, seed=scale.seed, workers=scale.workers, progress=progress)
    expected = tuple(name for name in NAMES if name not in NOT_IN_STORMS)
    missing = tuple(f"probe never reached: {name}" for name in expected if not found.probes.get(name))
    book["probes"] = {name: count for name, count in sorted(found.probes.items()) if name not in NOT_IN_STORMS}
    book["faults"] = dict(sorted(found.faults.items()))
    yield Figure(
        name="simulated orders",
        what="orders submitted in storms with all faults drawn, every step audited, everything settled in the end",
        unit="orders",
        count=found.storms * ORDERS_EACH,
        bound=scale.of(200_000, 30_000_000),
        violations=found.failures,
    )
    yield Figure(
        name="probes",
        what="situations that must have been reached at least once in these storms",
        unit="probes",
        count=len(expected) - len(missing),
        bound=len(expected),
        violations=missing,
    )


def races(scale: Scale, progress: Progress, book: dict[str, Any]) -> Iterator[Figure]:
    """Schedules enumerated exhaustively."""
    from tests.figures.races import run  # noqa: PLC0415

    found = run(nightly=scale.nightly, seed=scale.seed, progress=progress, workers=scale.workers)
    book["races"] = dict(found.counts)
    yield Figure(
        name="races",
        what="named races, each enumerated to its end",
        unit="races",
        count=found.races,
        bound=scale.of(30, 300),
    )
    yield Figure(
        name="schedules",
        what="schedules of these races, each run to rest and audited",
        unit="schedules",
        count=found.schedules,
        bound=scale.of(100_000, 10_000_000),
        violations=found.violations,
    )


def determinism(scale: Scale, progress: Progress, book: dict[str, Any]) -> Iterator[Figure]:
    """The same digest, three ways."""
    del book
    from tests.figures.determinism import run  # noqa: PLC0415

    found = run(nightly=scale.nightly, seed=scale.seed, progress=progress)
    yield Figure(
        name="determinism",
        what="seeds whose digest is the same twice in one process and in a fresh one with another PYTHONHASHSEED",
        unit="seeds",
        count=found.seeds,
        bound=scale.of(200, 20_000),
        violations=found.differences,
    )


def fuzz(scale: Scale, progress: Progress, book: dict[str, Any]) -> Iterator[Figure]:
    """Hostile inputs."""
    del book
    from tests.fuzz.run import run  # noqa: PLC0415

    found = run(count=scale.of(100_000, 50_000_000), seed=scale.seed, progress=progress)
    yield Figure(
        name="fuzz",
        what="hostile messages, settings and files, each accepted or refused with one clear error within 100 ms",
        unit="inputs",
        count=found.inputs,
        bound=scale.of(100_000, 50_000_000),
        violations=found.failures,
    )


def threads(scale: Scale, progress: Progress, book: dict[str, Any]) -> Iterator[Figure]:
    """Real threads that take turns every microsecond."""
    from tests.figures.threads import run  # noqa: PLC0415

    found = run(nightly=scale.nightly, seed=scale.seed, progress=progress)
    book["threads"] = {"seconds": round(found.seconds), "memory slope in MiB/h": found.slope}
    yield Figure(
        name="messages on threads",
        what="messages between real threads with a switch interval of 1 µs, audited",
        unit="messages",
        count=found.messages,
        bound=1_000_000,
        violations=found.violations,
        exact=False,
    )
    yield Figure(
        name="shutdowns",
        what="stops of a system in full traffic, each in time and with nothing lost",
        unit="shutdowns",
        count=found.shutdowns,
        bound=500,
    )


def limits(scale: Scale, progress: Progress, book: dict[str, Any]) -> Iterator[Figure]:
    """Two strategies on real threads, and the last of a limit."""
    del book
    from tests.figures.limits import run  # noqa: PLC0415

    found = run(rounds=scale.of(100_000, 2_000_000), progress=progress)
    yield Figure(
        name="races for a limit",
        what="times that two strategies on real threads raced for the last of a limit, of which one passed each time",
        unit="races",
        count=found.rounds,
        bound=scale.of(100_000, 2_000_000),
        violations=found.violations,
    )


def disk(scale: Scale, progress: Progress, book: dict[str, Any]) -> Iterator[Figure]:
    """The journal on a disk that fails."""
    del book
    from tests.figures.disk import damage, power  # noqa: PLC0415

    for name, what, nightly in (
        (
            "cut",
            "times that a file of a journal was cut off anywhere, each harmless or found",
            100_000,
        ),
        ("flip", "times that a bit of a file of a journal was flipped, each harmless or found", 500_000),
    ):
        found = damage(name, count=scale.of(2_000, nightly), seed=scale.seed, progress=progress)
        yield Figure(
            name=f"journal {name}s",
            what=what,
            unit=f"{name}s",
            count=found.count,
            bound=scale.of(2_000, nightly),
            violations=found.undetected,
        )
    lost = power(count=scale.of(2_000, 500_000), seed=scale.seed, progress=progress)
    yield Figure(
        name="power losses",
        what="times that the power went, and took, moved or tore what was not synced; what was acknowledged was there",
        unit="losses",
        count=lost.count,
        bound=scale.of(2_000, 500_000),
        violations=lost.violations,
    )


def kills(scale: Scale, progress: Progress, book: dict[str, Any]) -> Iterator[Figure]:
    """Kill -9 of the real process."""
    from tests.figures.kills import run  # noqa: PLC0415

    found = run(kills=scale.of(100, 10_000), seed=scale.seed, workers=scale.workers, progress=progress)
    book["kills"] = attrs.asdict(found, filter=attrs.filters.exclude("violations"))
    yield Figure(
        name="kill -9",
        what="kills of a session's process at random moments, after each of which journal and venue were held together",
        unit="kills",
        count=found.kills,
        bound=scale.of(100, 10_000),
        violations=found.violations,
    )


def mutants(scale: Scale, progress: Progress, book: dict[str, Any]) -> Iterator[Figure]:
    """Bugs of one line, each caught."""
    from tests.figures.mutants import run  # noqa: PLC0415

    found = run(workers=scale.workers, progress=progress)
    book["mutants"] = [attrs.asdict(one) for one in found]
    yield Figure(
        name="mutants",
        what="bugs of one line put into the code, each caught by the proofs",
        unit="mutants",
        count=sum(bool(one.by) for one in found),
        bound=30,
        violations=tuple(f"nothing caught: {one.name}" for one in found if not one.by),
    )


def crashes(scale: Scale, progress: Progress, book: dict[str, Any]) -> Iterator[Figure]:
    """A crash at every step."""
    del book
    from tests.figures.crashes import run  # noqa: PLC0415

    points = scale.of(20_000, 2_000_000)
    found = run(points=points, seed=scale.seed, workers=scale.workers, progress=progress)
    yield Figure(
        name="crashes",
        what="steps before which a system with a journal died, its successors too; what followed was as if none had",
        unit="crash points",
        count=found.points,
        bound=points,
        violations=found.violations,
    )


PROOFS: Final[Mapping[str, Callable[[Scale, Progress, dict[str, Any]], Iterator[Figure]]]] = {
    "storms": storms,
    "races": races,
    "determinism": determinism,
    "fuzz": fuzz,
    "threads": threads,
    "limits": limits,
    "crashes": crashes,
    "disk": disk,
    "kills": kills,
    "mutants": mutants,
}


def _beside(book: dict[str, Any]) -> dict[str, Any]:
    """Return the figures that were kept before, with those of this run in the place of theirs."""
    before: dict[str, Any] = json.loads(PAGE.read_text())
    anew = {figure["name"]: figure for figure in book["figures"]}
    kept = [anew.pop(figure["name"], figure) for figure in before["figures"]]
    return {**before, **book, "figures": [*kept, *anew.values()]}


def main() -> int:
    """Run what is asked for, and show it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=tuple(PROOFS), default=tuple(PROOFS), metavar="NAME")
    parser.add_argument("--nightly", action="store_true")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**9))
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    scale = Scale(args.nightly, args.seed, args.workers)
    print(f"fresh seeds from --seed {scale.seed}, on {scale.workers} processes")
    book: dict[str, Any] = {"version": 1, "figures": []}
    failed = False
    for name in args.only:
        began = time.monotonic()
        for figure in PROOFS[name](scale, Progress(name), book):
            failed |= not figure.holds
            _show(figure, time.monotonic() - began)
            book["figures"].append(attrs.asdict(figure) | {"violations": len(figure.violations)})
    if args.write:
        PAGE.write_text(json.dumps(book if set(args.only) == set(PROOFS) else _beside(book), indent=1) + "\n")
    if args.check:
        changed = list(_changed(book["figures"]))
        failed |= bool(changed)
        print("\n".join(changed) or "docs/figures.json says the same")
    return int(failed)


def _show(figure: Figure, seconds: float) -> None:
    verdict = "holds" if figure.holds else "FAILS"
    line = f"{figure.count:>12,} of {figure.bound:,} {figure.unit}"
    print(f"{figure.name:<20} {line:<44} {verdict}  {len(figure.violations)} violations  {seconds:.0f} s", flush=True)
    for violation in figure.violations[:20]:
        print(f"    {violation}")


def _changed(figures: list[dict[str, Any]]) -> Iterator[str]:
    """Compare with what the page says, where a count is the same in every run."""
    written = {figure["name"]: figure["count"] for figure in json.loads(PAGE.read_text())["figures"]}
    for figure in figures:
        if figure["exact"] and written.get(figure["name"]) != figure["count"]:
            known = written.get(figure["name"], "nothing")
            yield f"docs/figures.json says {known} for {figure['name']}, found {figure['count']}: run with --write"


if __name__ == "__main__":
    sys.exit(main())
