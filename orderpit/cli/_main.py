"""The entry: runs one command, and turns whatever happens into an exit code."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import traceback
from argparse import Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ._errors import FAILED, OK, SIGNALLED, USAGE, Interrupted, UsageError, printable
from ._parser import LOOKS, parse

if TYPE_CHECKING:
    from rich.console import Console

    from ._output import Output
    from ._signals import Signals

_SIGPIPE = 13  # which the signal module of Windows does not name


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; see `orderpit --help`.

    Args:
        argv: the arguments, those of the process unless given.
    """
    try:
        code = _main(argv)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read our output has had enough, as head does; the interpreter must not try to flush it again.
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return SIGNALLED + _SIGPIPE
    return code


def _main(argv: Sequence[str] | None) -> int:
    debug = "--debug" in (sys.argv[1:] if argv is None else argv)
    try:
        args = parse(argv)
        if args.version:
            from .. import __version__  # noqa: PLC0415  # read only where it is asked for

            sys.stdout.write(f"orderpit {__version__}\n")
            return OK
        return _run(args)
    except SystemExit as end:  # argparse, after --help
        return end.code if isinstance(end.code, int) else OK
    except BrokenPipeError:
        raise
    except Interrupted as interrupted:
        return _interrupted(interrupted.number)
    except Exception as error:  # noqa: BLE001  # the last instance: a line for the user, and a code for the shell
        if debug:
            traceback.print_exc()
        return _refused(error)


def _refused(error: Exception) -> int:
    # After the arguments have been read.
    from ..model.errors import InvalidData, InvalidJournal, InvalidValue, JournalCorrupt  # noqa: PLC0415

    if isinstance(error, InvalidData) and not error.line:
        _complain(f"{error.file}: {error.reason}")  # a file as a whole
        return USAGE
    if isinstance(error, UsageError | InvalidData | InvalidValue | InvalidJournal | JournalCorrupt):
        _complain(str(error))
        return USAGE
    _complain(f"failed: {type(error).__name__}: {error} (--debug shows where)")
    return FAILED


def _interrupted(number: int) -> int:
    _complain(f"interrupted by {signal.Signals(number).name}")
    return SIGNALLED + number


def _complain(text: str) -> None:
    sys.stderr.write(f"orderpit: {printable(text)}\n")


def _run(args: Namespace) -> int:
    from . import _demo, _session, _stress  # noqa: PLC0415  # --help and --version need none of it
    from ._limits import show_explanations, show_judged  # noqa: PLC0415
    from ._logs import logs  # noqa: PLC0415
    from ._output import Nothing, Plain, console_on  # noqa: PLC0415
    from ._profit import show_profit  # noqa: PLC0415
    from ._report import show_end, show_flood, show_orders, show_portfolio, show_stats, show_traded  # noqa: PLC0415
    from ._signals import Signals  # noqa: PLC0415

    console = None if args.json else console_on(sys.stdout)
    result: Output = Plain(sys.stdout)
    if console is not None:
        from ._fancy import Fancy  # noqa: PLC0415  # rich is an extra

        result = Fancy(console)
    steps: Output = Nothing() if args.json or args.quiet else result
    with logs(args.log_file, debug=args.debug), Signals() as signals:
        if args.command in LOOKS or (args.command == "replay" and args.journal is not None):
            return _look_back(args, Nothing() if args.json else result, console, signals)
        if args.command in {"explore", "replay"}:
            return _prove(args, Nothing() if args.json else result, console, signals)
        if args.command == "venue":
            from . import _venue  # noqa: PLC0415  # needs an extra

            _venue.run(args, steps, signals)
            return OK if signals.received is None else _interrupted(signals.received)
        if args.command == "session":
            outcome = _session.run(args, steps, console, signals)
        elif args.command == "stress":
            outcome = _stress.run(args, steps, console, signals)
        else:
            outcome = _demo.run(steps, signals, seed=args.seed, log=args.log_file is not None)
        received = signals.received
        if args.json:
            sys.stdout.write(json.dumps(outcome.to_dict(interrupted=received is not None), indent=2) + "\n")
        else:
            show_stats(result, outcome)
            show_judged(result, outcome)
            show_traded(result, outcome)
            show_portfolio(result, outcome)
            if args.command == "session":
                show_profit(result, outcome)
            if outcome.flooded is None:
                show_orders(result, outcome)
            else:
                show_flood(result, outcome.flooded)
            show_end(result, outcome)
            show_explanations(result, outcome)
    if received is not None:
        return _interrupted(received)
    return outcome.exit_code


def _look_back(args: Namespace, out: Output, console: Console | None, signals: Signals) -> int:
    """Run a command that reads a journal.

    Raises:
        UsageError: where what reads journals is not installed, besides what the command says.
    """
    try:
        from . import _blotter, _export, _look  # noqa: PLC0415  # msgspec is an extra
    except ImportError as error:
        if error.name != "msgspec":
            raise
        raise UsageError("a journal is read with msgspec: install orderpit[journal]") from None
    match args.command:
        case "blotter":
            return _blotter.run(args, out, console, signals)
        case "export":
            return _export.run(args, out, signals)
        case "explain":
            return _look.explain_order(args, out, signals)
        case "verify":
            return _look.verify(args, out, signals)
        case _:
            return _look.replay(args, out, signals)


def _prove(args: Namespace, out: Output, console: Console | None, signals: Signals) -> int:
    """Run a command that trades nothing of the user's, but shows what orderpit is trusted for."""
    from . import _explore, _replay  # noqa: PLC0415  # what tests need is loaded where it is asked for

    proof = _replay.run(args, out) if args.command == "replay" else _explore.run(args, out, console, signals)
    if args.json:
        sys.stdout.write(json.dumps(proof.to_dict(), indent=2) + "\n")
    return proof.exit_code
