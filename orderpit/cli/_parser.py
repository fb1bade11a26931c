"""The arguments: what may be asked for, and the help."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NoReturn

from ._errors import UsageError

HELP: Final = """\
usage: orderpit [demo | session | stress | explore | replay | ...] [options]

An order management system made of actors: see orders live and die.
  demo       the life of an order in six steps, then a strategy on real daily
             bars (this is what runs without a command)
  session    a strategy on recorded market data
  stress     a flood through real threads, and the audit
  explore    every schedule of a named race
  replay     what a journal adds up to, at its end or before; or, without one, a
             storm from a seed, audited at every step
  venue      a simulated exchange for other processes
  blotter, explain, verify, export       look back at a journal, in other ways

  --json           print one JSON object on stdout, and nothing else there
  --quiet          no steps and no progress, only the summary
  --log-file FILE  append one line for each order event
  --seed N         of the simulated exchange's chances (0)
  --debug, --version, --help             `orderpit COMMAND --help` tells more

examples:
  orderpit demo --json
  orderpit session --data spot_btcusdt_20240808.gz --strategy quoter
exit status: 0 audit clean, 1 audit violated or a failure, 2 usage or input
"""

SESSION_HELP: Final = """\
usage: orderpit session --data PATH [PATH ...] [options]

A strategy on recorded market data: Binance recordings, trades and klines, OHLCV
CSV, Lean minute bars; plain, .gz, .zip. Same seed and data, same fills.

  --symbol S, --records N, --skip-bad-rows    what it is of; at most N of it
  --strategy NAME      quoter (default), crossover, breakout, or module:Class of
                       the current folder, made with symbol= and size=
  --size Q, --cash C   of its orders (worth about 1000); to begin with (100000)
  --limits FILE        limits, rules and account, in TOML; see docs/limits.toml
  --explain ORDER_ID   at the end, why this order is as it is; can be repeated
  --maker-fee F, --taker-fee F, --slippage F    as fractions (0.001, 0.001, 0)
  --fill-probability F, --latency SECONDS    of the simulated exchange (1, 0)
  --runtime R          threads (default), or stepped: faster, the same fills
  --kill-file PATH     once it is there, or on SIGUSR1, all orders are cancelled
  --journal FILE       write all down, and go on with the records that are later
                       than its last entry and the venue's clock, so that none
                       is traded on twice; without --venue, old orders are gone
  --venue HOST:PORT    trade at `orderpit venue`, whose fees and chances hold
  --seed N, --json, --quiet, --log-file FILE, --debug    see `orderpit --help`

examples:
  orderpit session --data AAPL.csv --journal orders.db
"""

STRESS_HELP: Final = """\
usage: orderpit stress [options]

A flood through real threads: strategies submit orders of all four types as fast
as they are answered, modify and cancel them, and now and then ask for what must
be refused, while the market moves. Then the audit holds all books against each
other.

  --orders N       how many orders in all (10000)
  --strategies K   how many strategies submit them, at most 1000 (4)
  --faults         at an exchange that loses, repeats, reorders and delays what
                   is said, at rates drawn from the seed; it heals after two
                   thirds, and everything in doubt must be resolved
  --seed N         of prices, commands and faults (0); what comes of them
                   depends on the threads, and differs from run to run
  --json, --quiet, --log-file FILE, --debug    see `orderpit --help`

examples:
  orderpit stress
  orderpit stress --orders 100000 --strategies 16
  orderpit stress --faults --seed 7 --json | jq .stress.faults
"""

EXPLORE_HELP: Final = """\
usage: orderpit explore [RACE] [options]

Every schedule of a race: messages that may come in any order, under a scheduler
on one thread that lets them come in every order there is. After each, the audit
must be clean and the race's own law must hold. Without RACE: which there are.

  RACE                 its name, such as "a fill against a cancel"
  --most N             at most N schedules (all)
  --schedule S         run one schedule again, as a line that replays says
  --json, --quiet, --debug    see `orderpit --help`

A schedule that breaks a law is made as short as can be, and shown with the line
that replays it.

examples:
  orderpit explore
  orderpit explore "a fill against a cancel"
  orderpit explore "a fill against a cancel" --json | jq .outcomes

exit status: 0 no law is broken, 1 one is, 2 usage
"""

REPLAY_HELP: Final = """\
usage: orderpit replay JOURNAL [--until SEQ|TIME], or replay [storm options]

With JOURNAL: orders, positions, money and statistics as they were after a row.
  --until SEQ|TIME     after this row, or after the last one before the first
                       that is later than this time (ISO 8601, UTC); the end

Without: a storm of orders upon an exchange that loses, delays, repeats,
reorders and contradicts, on one thread in virtual time. Every step is audited.
The same seed gives the same digest. A broken law is shown with what led to it.
  --seed N             of everything (0)
  --orders N           how many are submitted (500)
  --fibres F           auto (default), greenlet or thread: the same digest

  --json, --quiet, --debug    see `orderpit --help`

examples:
  orderpit replay orders.db --until 2024-08-08T23:54:01
  orderpit replay --seed 7 --json | jq .digest

exit status: 0 no law is broken, 1 one is, 2 usage, or a damaged journal
"""

VENUE_HELP: Final = """\
usage: orderpit venue [options]

A simulated exchange in a process of its own, which goes on when a system that
trades there ends, or is killed: exchange=RemoteVenue("127.0.0.1:7007"). One
system at a time; the first says what is traded. Nobody is asked for a password,
so it listens to this machine alone unless told otherwise. It serves until
SIGINT or SIGTERM.

  --listen HOST:PORT   where (127.0.0.1:7007); port 0 takes one that is free
  --maker-fee F, --taker-fee F    as fractions of notional (0.001)
  --slippage F         largest relative move of a market fill (0)
  --fill-probability F            of a limit order that is touched (1)
  --seed N             of its chances (0)
  --json, --quiet, --debug    see `orderpit --help`

examples:
  orderpit venue
  orderpit venue --listen 127.0.0.1:0 --json | jq -r .listening
"""

BLOTTER_HELP: Final = """\
usage: orderpit blotter JOURNAL [options]

Steps through a journal in the terminal: its events, the order that each is
about, working orders, positions and money after it. Without a terminal it
prints the last page.

  right, down, n       the next row; page down: twenty on
  left, up, p          the row before; page up: twenty back
  home, end            before the first row, and the last row
  g SEQ|TIME           go to a row, or to the last one by a time in UTC
  / ORDER_ID           the next row about an order; without an id, once more
  q                    quit
  --json, --quiet, --debug    see `orderpit --help`; the first is of one page

examples:
  orderpit blotter orders.db

exit status: 0, or 2 for usage, or a damaged journal
"""

EXPLAIN_HELP: Final = """\
usage: orderpit explain JOURNAL ORDER_ID [options]

Why an order is as it is: each limit that was looked at, each event with what
led to it and what came of it, and the other orders of its group.

  --json, --quiet, --debug    see `orderpit --help`

examples:
  orderpit explain orders.db 8f1c-user-1
  orderpit explain orders.db 8f1c-user-1 --json | jq .summary

exit status: 0, or 2 for usage, an unknown order, or a damaged journal
"""

VERIFY_HELP: Final = """\
usage: orderpit verify JOURNAL [options]

Whether a journal is what was written: the chain of its rows, and the mark that
says how many there must be; that each event could follow those before it, that
no execution is booked twice, and each order's quantities add up; and at the end
that cash is what fills, fees and transfers sum to, and groups keep their laws.

  --json, --quiet, --debug    see `orderpit --help`

examples:
  orderpit verify orders.db
  orderpit verify orders.db --json | jq .bad_row

exit status: 0 right, 1 wrong, with the first bad row named, 2 usage
"""

EXPORT_HELP: Final = """\
usage: orderpit export JOURNAL --csv DIR [options]

Writes orders.csv, fills.csv (those that stand) and events.csv into a folder.
Decimals are exact, times UTC. Text that a spreadsheet would run as a formula
has an apostrophe before it. Nothing is overwritten.

  --csv DIR            the folder, made if there is none
  --json, --quiet, --debug    see `orderpit --help`

examples:
  orderpit export orders.db --csv out

exit status: 0, or 2 for usage, a full disk, or a damaged journal
"""

LOOKS: Final = {"blotter": BLOTTER_HELP, "explain": EXPLAIN_HELP, "verify": VERIFY_HELP, "export": EXPORT_HELP}
"""Commands that look back at a journal, besides replay."""

OF_THE_EXCHANGE: Final = {
    "maker-fee": "0.001",
    "taker-fee": "0.001",
    "slippage": "0",
    "fill-probability": "1",
    "latency": "0",
}
"""How a session's own simulated exchange behaves unless something else is said."""

_MOST: Final = 2**63
_STORM_ORDERS: Final = 500
MOST_STRATEGIES: Final = 1_000
"""Each has a thread of its own."""


class _Parser(argparse.ArgumentParser):
    def __init__(self, *, text: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._text = text

    def format_help(self) -> str:
        return self._text.replace("orderpit", started_as())

    def error(self, message: str) -> NoReturn:
        raise UsageError(message)


def started_as() -> str:
    """Return the program's name as the user has typed it: run.py of a checkout, or orderpit."""
    return "run.py" if Path(sys.argv[0]).name == "run.py" else "orderpit"


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < len(str(_MOST))):
        msg = f"must be a whole number from 0, got {text[:60]!a}"
        raise argparse.ArgumentTypeError(msg)
    return int(text)


def _at_least_one(text: str) -> int:
    number = _count(text)
    if not number:
        msg = "must be at least 1, got '0'"
        raise argparse.ArgumentTypeError(msg)
    return number


def _strategies(text: str) -> int:
    number = _at_least_one(text)
    if number > MOST_STRATEGIES:
        msg = f"must be at most {MOST_STRATEGIES}, got {text!a}"
        raise argparse.ArgumentTypeError(msg)
    return number


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    # Suppressed, so that `orderpit --json demo` and `orderpit demo --json` are the same.
    shown = _Parser(add_help=False, argument_default=argparse.SUPPRESS)
    for flag in ("--json", "--quiet", "--debug"):
        shown.add_argument(flag, action="store_true")
    common = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS, parents=[shown])
    common.add_argument("--log-file", metavar="FILE")
    common.add_argument("--seed", type=_count, metavar="N")
    kwargs: dict[str, Any] = {"parents": [common], "allow_abbrev": False}
    top = _Parser(prog="orderpit", text=HELP, **kwargs)
    top.add_argument("--version", action="store_true", default=argparse.SUPPRESS)
    commands = top.add_subparsers(dest="command", metavar="command")
    commands.add_parser("demo", prog="orderpit demo", text=HELP, **kwargs)
    session = commands.add_parser("session", prog="orderpit session", text=SESSION_HELP, **kwargs)
    session.add_argument("--data", nargs="+", required=True, metavar="PATH")
    session.add_argument("--symbol")
    session.add_argument("--strategy", default="quoter", metavar="NAME")
    session.add_argument("--size", metavar="Q")
    session.add_argument("--cash", default="100000", metavar="AMOUNT")
    session.add_argument("--records", type=_at_least_one, metavar="N")
    session.add_argument("--limits", metavar="FILE")
    session.add_argument("--explain", action="append", default=[], metavar="ORDER_ID")
    session.add_argument("--skip-bad-rows", action="store_true")
    for name, default in OF_THE_EXCHANGE.items():
        session.add_argument(f"--{name}", default=default, metavar="SECONDS" if name == "latency" else "F")
    session.add_argument("--kill-file", metavar="PATH")
    session.add_argument("--journal", metavar="FILE")
    session.add_argument("--venue", metavar="HOST:PORT")
    session.add_argument("--runtime", choices=("threads", "stepped"), default="threads")
    stress = commands.add_parser("stress", prog="orderpit stress", text=STRESS_HELP, **kwargs)
    stress.add_argument("--orders", type=_at_least_one, default=10_000, metavar="N")
    stress.add_argument("--strategies", type=_strategies, default=4, metavar="K")
    stress.add_argument("--faults", action="store_true")
    # Nothing is drawn, and no order is of interest by itself: it has no seed and no log.
    explore = commands.add_parser(
        "explore", prog="orderpit explore", text=EXPLORE_HELP, parents=[shown], allow_abbrev=False
    )
    explore.add_argument("race", nargs="?", metavar="RACE")
    explore.add_argument("--most", type=_at_least_one, metavar="N")
    explore.add_argument("--schedule", metavar="S")
    replay = commands.add_parser(
        "replay", prog="orderpit replay", text=REPLAY_HELP, parents=[shown], allow_abbrev=False
    )
    _add_journals(replay, commands, shown)
    venue = commands.add_parser("venue", prog="orderpit venue", text=VENUE_HELP, parents=[shown], allow_abbrev=False)
    venue.add_argument("--listen", default="127.0.0.1:7007", metavar="HOST:PORT")
    venue.add_argument("--maker-fee", default="0.001", metavar="F")
    venue.add_argument("--taker-fee", default="0.001", metavar="F")
    venue.add_argument("--slippage", default="0", metavar="F")
    venue.add_argument("--fill-probability", default="1", metavar="F")
    venue.add_argument("--seed", type=_count, metavar="N", default=argparse.SUPPRESS)
    return top


def _add_journals(replay: argparse.ArgumentParser, commands: Any, shown: argparse.ArgumentParser) -> None:
    replay.add_argument("journal", nargs="?", metavar="JOURNAL")
    replay.add_argument("--until", metavar="SEQ|TIME")
    replay.add_argument("--seed", type=_count, dest="storm_seed", metavar="N")
    replay.add_argument("--orders", type=_at_least_one, metavar="N")
    replay.add_argument("--fibres", choices=("auto", "greenlet", "thread"))
    for name, text in LOOKS.items():
        look = commands.add_parser(name, prog=f"orderpit {name}", text=text, parents=[shown], allow_abbrev=False)
        look.add_argument("journal", metavar="JOURNAL")
        if name == "explain":
            look.add_argument("order_id", metavar="ORDER_ID")
        elif name == "export":
            look.add_argument("--csv", required=True, metavar="DIR")


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """Read the arguments.

    Raises:
        UsageError: in one line.
        SystemExit: after --help.
    """
    defaults = argparse.Namespace(json=False, quiet=False, debug=False, log_file=None, seed=0, version=False)
    args = parser().parse_args(argv, defaults)
    args.command = args.command or "demo"
    if args.command == "replay":
        _check_replay(args)
    return args


def _check_replay(args: argparse.Namespace) -> None:
    """Refuse what belongs to the other of the two things that can be replayed, and fill in what a storm was not told.

    Raises:
        UsageError: naming the option.
    """
    storm = {"--seed": args.storm_seed, "--orders": args.orders, "--fibres": args.fibres}
    given = [name for name, value in storm.items() if value is not None]
    if args.journal is not None and given:
        msg = f"{given[0]}: is of a storm, and a journal is replayed (see --help)"
        raise UsageError(msg)
    if args.journal is None and args.until is not None:
        msg = "--until: is of a journal, and none is named (see --help)"
        raise UsageError(msg)
    args.seed = args.seed if args.storm_seed is None else args.storm_seed
    args.orders = args.orders or _STORM_ORDERS
    args.fibres = args.fibres or "auto"
