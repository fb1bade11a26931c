"""The command `venue`: a simulated exchange in this process, for systems in others."""

from __future__ import annotations

import json
import sys
from argparse import Namespace

from ..actors.simulated_exchange import SimulatedExchange
from ..model.errors import InvalidConfiguration
from ._errors import UsageError
from ._output import Output, counted
from ._signals import Signals


def run(args: Namespace, out: Output, signals: Signals) -> None:
    """Serve until a signal comes.

    Raises:
        UsageError: without the extra that it needs.
        InvalidConfiguration: for settings of the exchange, and an address that cannot be listened at.
    """
    try:
        from ..remote.link import address_of  # noqa: PLC0415  # an extra
        from ..remote.server import VenueServer  # noqa: PLC0415
    except ImportError as error:
        msg = f"venue needs the extra journal (pip install orderpit[journal]): {error}"
        raise UsageError(msg) from error
    exchange = SimulatedExchange(
        maker_fee=args.maker_fee,
        taker_fee=args.taker_fee,
        slippage=args.slippage,
        fill_probability=args.fill_probability,
        seed=args.seed,
    )
    try:
        host, port = address_of(args.listen)
    except InvalidConfiguration as error:
        raise InvalidConfiguration("--listen", error.value, error.rule) from error
    with VenueServer(exchange, host, port) as server:
        if args.json:
            sys.stdout.write(json.dumps({"listening": server.address}) + "\n")
        else:
            out.line(f"listening at {server.address}")
        # Whoever has started it waits for this line.
        sys.stdout.flush()
        server.serve(lambda: signals.received is not None)
        if not args.json:
            out.line(f"{counted(len(server.orders), 'order')} accepted")
