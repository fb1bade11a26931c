"""What actors say to each other besides commands, reports, updates and market data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

from ..model.events import OrderUpdate
from ..model.kinds import Action, OrderState, Side, Trip
from ..model.market import MarketData
from ..model.own_orders import OwnOrders
from ..model.reports import VenueRequest
from .address import Address, Target
from .conflation import QuoteSlots
from .mailbox import Reply


class Query:
    """Marks messages that only read. One that raises is answered with the error and costs nothing else."""

    __slots__ = ()


@attrs.frozen
class Problem:
    """Something went wrong inside: a message set aside, a dead letter, an actor that failed.

    message is a bounded picture of the message, traceback the text of the exception's, or empty.
    """

    time_ns: int
    actor: str
    what: str
    message: str
    error: str
    traceback: str = ""

    def __str__(self) -> str:
        message = f" {self.message}" if self.message else ""
        error = f": {self.error}" if self.error else ""
        return f"{self.actor}: {self.what}{message}{error}"


@attrs.frozen
class Ready(Query):
    """Answers True once the actor has started, and with its error when it could not."""


@attrs.frozen
class GetBooks(Query):
    """Asks an actor for its books, for the audit."""


@attrs.frozen
class Halt:
    """No new order may leave from now on, or fewer may.

    trip is what has caused it, action what is done, strategy_id whose orders it concerns; empty for all.
    """

    reason: str
    trip: Trip = Trip.FAILURE
    action: Action = Action.HALT
    strategy_id: str = ""


@attrs.frozen
class Resume:
    """New orders may leave again; of one strategy, or of all."""

    strategy_id: str = ""


@attrs.frozen
class StopSymbol:
    """No new order in this symbol may leave: something about it could not be handled."""

    symbol: str


@attrs.frozen
class ResendUpdates:
    """A fold has seen a gap in the stream and asks for entries again, both ends included."""

    first: int
    last: int
    target: Target[Any]


@attrs.frozen
class Register:
    """Tell this target of the orders of this strategy.

    first: of what came of them in earlier lives of the system, and then that it may begin.
    """

    strategy_id: str
    target: Target[Any]
    first: bool = False


@attrs.frozen
class Listen:
    """Tell this target of market data of these kinds; of one symbol, or of all when symbol is None.

    With slots, quotes are conflated while more messages wait for the target than queued() should say.
    """

    target: Target[Any]
    symbol: str | None
    kinds: frozenset[type[Any]]
    queued: Callable[[], int]
    slots: QuoteSlots | None


@attrs.frozen
class StopListening:
    """Tell this target of nothing more."""

    target: Target[Any]


@attrs.frozen
class Violated:
    """An audit has found these violations."""

    violations: tuple[str, ...]


@attrs.frozen
class Subscribe:
    """Tell this target of updates: all, or those with an event of one of these types, of one symbol."""

    target: Address[Any]
    events: tuple[type[Any], ...]
    symbol: str | None


@attrs.frozen
class Unsubscribe:
    """Tell this target of no more updates."""

    target: Address[Any]


@attrs.frozen
class Leave:
    """Tells a subscriber, behind all that it was told before, that it has unsubscribed."""


@attrs.frozen
class Answered:
    """A submission repeated an order that exists: here is its latest update once more, and no new one will come."""

    source: str
    update: OrderUpdate


@attrs.frozen
class CheckDeadlines:
    """A timer of the order manager: has the venue answered in time?"""


@attrs.frozen
class CheckRetries:
    """A timer of the order manager: is it time to close at the market what could not be closed before?"""


@attrs.frozen
class CheckClearing:
    """The order manager's to itself: what do the trips in force still ask for?"""


@attrs.frozen
class CheckActors:
    """A timer of the watchdog: does everybody move?"""


@attrs.frozen
class CheckFile:
    """A timer of who watches the kill file: is it there?"""


@attrs.frozen
class CheckExpiries:
    """A timer of the exchange, with its number: has an order expired?"""

    number: int


@attrs.frozen
class Arrived:
    """A request that has been on its way to the venue for the configured latency."""

    request: VenueRequest


@attrs.frozen
class Recovered:
    """Tells a strategy, before it begins, what it knew of its own when the system was last stopped."""

    own: OwnOrders


@attrs.frozen
class Reconcile:
    """Ask the venue what has happened, and let nothing leave before it has answered."""


@attrs.frozen
class WaitForReconciliation:
    """Answer once the venue has said what it knows about all that it was asked about."""

    reply: Reply


@attrs.frozen
class GiveAnswer:
    """Pass on an answer that is to be given only when all has been handled that was sent here before it."""

    reply: Reply
    value: object


@attrs.frozen
class Record:
    """Write these entries down."""

    updates: tuple[OrderUpdate, ...]


@attrs.frozen
class Flush:
    """The journal's to itself: make durable what has been taken."""


@attrs.frozen
class Backup(Query):
    """Asks the journal for a whole copy, of this moment, at a path where nothing is."""

    path: str


@attrs.frozen
class Durable:
    """All entries up to this one are written down, and survive whatever comes."""

    sequence: int


@attrs.frozen
class Unrecorded:
    """Nothing can be written down at present, and why; None: it can again."""

    why: str | None


@attrs.frozen
class StartStrategy:
    """Let a strategy begin."""


@attrs.frozen
class StopStrategy:
    """Let a strategy end: it may still cancel."""


@attrs.frozen
class NextRecord:
    """Nothing is under way: the feed may send its next record."""


@attrs.frozen
class Recorded:
    """A record, played by a feed. An exchange that has something to say of it passes it on when the feed says so."""

    data: MarketData
    feed: Target[Held]


@attrs.frozen
class Held:
    """The exchange keeps the record until it is told that what the record caused there has been dealt with."""


@attrs.frozen
class PassOn:
    """All that the record caused at the exchange has been dealt with: whoever listens may hear of it."""


@attrs.frozen
class StopFeed:
    """Send no more records."""


@attrs.frozen
class WaitForState:
    """Answer with the order once it has ever been in the state, or has closed otherwise."""

    order_id: str
    state: OrderState
    reply: Reply


@attrs.frozen
class ForgetWait:
    """Nobody waits for this reply any more."""

    order_id: str
    reply: Reply


@attrs.frozen
class GetOrder(Query):
    """Asks the view for one order, None when it is not known."""

    order_id: str


@attrs.frozen
class GetGroup(Query):
    """Asks the view for one group of orders, None when it is not known."""

    group_id: str


@attrs.frozen
class GetOrders(Query):
    """Asks the view for orders, oldest first; live ones only, or the newest few, where that is asked for."""

    symbol: str | None = None
    state: OrderState | None = None
    side: Side | None = None
    strategy_id: str | None = None
    live_only: bool = False
    newest: int | None = None


@attrs.frozen
class GetStats(Query):
    """Asks the view for the statistics."""


@attrs.frozen
class GetHistory(Query):
    """Asks the view for the newest updates."""

    newest: int | None = None


@attrs.frozen
class GetPortfolio(Query):
    """Asks the portfolio for a snapshot, of the account or of one strategy."""

    strategy_id: str | None = None


@attrs.frozen
class GetPerformance(Query):
    """Asks the portfolio how it has done, the account or one strategy."""

    strategy_id: str | None = None


@attrs.frozen
class GetAccount(Query):
    """Asks risk how the account stands."""


@attrs.frozen
class GetRisk(Query):
    """Asks risk for its limits, what they are held against, and the trading state."""


@attrs.frozen
class GetTradingState(Query):
    """Asks risk for the trading state of one strategy, or, where that is empty, of all."""

    strategy_id: str


@attrs.frozen
class GetExplanation(Query):
    """Asks the view for the story of one order, None when it is not known."""

    order_id: str


@attrs.frozen
class GetProgress(Query):
    """Asks the feed how far it has come."""


@attrs.frozen
class GetProblems(Query):
    """Asks the monitor what went wrong lately."""
