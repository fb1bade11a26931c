"""Fuzzing from the command line.

python -m tests.fuzz SEED NUMBER                        replays one input
python -m tests.fuzz SEED [--count N] [--workers N]     tries many
"""

from __future__ import annotations

import argparse
import sys

from .run import drawn, draws, run

_arguments = argparse.ArgumentParser(prog="python -m tests.fuzz")
_arguments.add_argument("seed", type=int)
_arguments.add_argument("number", type=int, nargs="?", help="the one input to replay")
_arguments.add_argument("--count", type=int, default=10_000)
_arguments.add_argument("--workers", type=int, default=1)
_given = _arguments.parse_args()

if _given.number is None:
    _found = run(count=_given.count, seed=_given.seed, workers=_given.workers)
    sys.stdout.write(f"{_found.inputs} inputs, {_found.accepted} accepted, {_found.refused} refused, ")
    sys.stdout.write(f"slowest {_found.slowest_ms} ms, {_found.failed} failed\n")
    sys.stdout.writelines(f"{line}\n" for line in _found.failures)
    sys.exit(1 if _found.failed else 0)
with draws() as _table:
    _case = drawn(_table, _given.seed, _given.number)
    sys.stdout.write(f"{_case.what}: {'accepted' if _case.call() else 'refused'}\n")
