"""The world of one run: a system on one thread, a bot in it, what is fed to them, and what is seen of the bot."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, cast

import attrs

from ...actors.actor import BaseActor
from ...actors.address import Address
from ...actors.audit import audit
from ...actors.messages import Halt, Problem, StopStrategy
from ...actors.scheduler import Choose, Deadlock, Option, OutOfSteps
from ...actors.stepped import Stepped, SteppedRuntime
from ...actors.strategy import Strategy
from ...actors.system import TradingSystem
from ...model.alarm import Alarm
from ...model.commands import CancelOrder, Command, ModifyOrder, SubmitOrder
from ...model.errors import InvalidConfiguration
from ...model.events import OrderUpdate
from ...model.market import MarketData
from ...model.numbers import plain
from ...model.order import Order
from ...model.values import changed
from ..chaos.exchange import heal
from .failures import own_part
from .story import Delivery, tell

BOT: Final = "bot"
"""The name of the strategy's actor, and the id under which its orders are recorded."""
FEED: Final = "feed"
RUN_ID: Final = "run"
_COMMANDS: Final = (SubmitOrder, ModifyOrder, CancelOrder)
_BOUND: Final = 600.0
"""Seconds of virtual time in which everything must come to rest."""
_STEPS_TO_BEGIN: Final = 5_000
_STEPS_FOR_A_RECORD: Final = 500
"""Far more than any bot needs that does not answer each answer with another order."""


class BotFailed(AssertionError):
    """A handler of the bot raised, an actor failed, or the books do not agree."""


class _Ended(Exception):
    """Ends a run in the middle of a step."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error


class Run:
    """What a check may look at, after each step at which the bot was told something, and at the end.

    Attributes:
        strategy: the bot itself.
        updates: what it was told of its orders so far, oldest first.
        sent: the commands that it has sent so far, oldest first.
        alarms: what the order manager found strange so far.
        at_end: whether everything has come to rest; then the system may be read.
    """

    def __init__(self, system: Callable[[], TradingSystem], symbols: frozenset[str]) -> None:
        self.strategy = Strategy()
        self.updates: list[OrderUpdate] = []
        self.sent: list[Command] = []
        self.alarms: list[Alarm] = []
        self.at_end = False
        self._system = system
        self._symbols = symbols

    def __repr__(self) -> str:
        # Shown by assertions that fail, and the same whenever the run is replayed.
        return "run"

    def orders(self, symbol: str | None = None) -> tuple[Order, ...]:
        """Return the bot's working orders, as it sees them.

        Raises:
            InvalidConfiguration: for a symbol that is not traded.
        """
        if symbol is not None:
            self._known(symbol)
        return self.strategy.orders(symbol)

    def position(self, symbol: str) -> Decimal:
        """Return what the fills add up to of which the bot has been told.

        Raises:
            InvalidConfiguration: for a symbol that is not traded.
        """
        self._known(symbol)
        return self.strategy.position(symbol)

    @property
    def system(self) -> TradingSystem:
        """The system, to be read at the end: before, reading it would change who moves when.

        Raises:
            RuntimeError: before the end.
        """
        if not self.at_end:
            msg = "system may be read when run.at_end is true"
            raise RuntimeError(msg)
        return self._system()

    def _known(self, symbol: str) -> None:
        # A check of what is never traded would hold for ever, whatever the bot does.
        if symbol not in self._symbols:
            raise InvalidConfiguration.of("symbol", symbol, f"must be one of {', '.join(sorted(self._symbols))}")


Check = Callable[[Run], object]
"""Raises, or returns False, where the bot is not as it should be."""


@attrs.frozen
class Setting:
    """What every run of a trial has in common.

    Args:
        strategy: makes the bot from the parameters.
        parameters: of the bot.
        check: what must hold.
        instruments: what can be traded.
        settings: of the system.
        exchange: given a seed, the exchange.
    """

    strategy: Callable[..., Strategy]
    parameters: Mapping[str, Any]
    check: Check | None
    instruments: Sequence[Any]
    settings: Mapping[str, Any]
    exchange: Callable[[int], Any]


class _Feed(BaseActor):
    """The market: publishes what it is sent, one target after the other, so that others may move in between.

    A halt goes where orders may be refused.
    """

    def __init__(self, context: Any, targets: Sequence[Any], gates: Sequence[Any]) -> None:
        super().__init__(context)
        self._targets, self._gates = targets, gates

    def handle(self, message: Any) -> None:
        """Publish."""
        if isinstance(message, Halt):
            for gate in self._gates:
                self.send(gate, message)
            return
        data = message if message.time_ns else changed(message, time_ns=self.context.now_ns())
        for target in self._targets:
            self.send(target, data)


class World:
    """One run, from its beginning. Leaving the `with` block throws everything away.

    Args:
        setting: what is run.
        choose: decides who moves next.
        seed: of the exchange.
        late_ns: as in Stepped.
        records: how many are fed about, from which it follows how many steps are too many.
        keep: whether what happens is kept to be told.
    """

    def __init__(
        self, setting: Setting, choose: Choose, seed: int, records: int, *, late_ns: int = 0, keep: bool = False
    ) -> None:
        self.run = Run(lambda: self.system, frozenset(one.symbol for one in setting.instruments))
        self.deliveries: list[Delivery] = []
        self.on_step: Callable[[object, str], object] | None = None
        self._setting = setting
        self._choose = choose
        self._surprises: list[int] = []
        self._last: tuple[object, str] | None = None
        self._failure: BaseException | None = None
        self._keep = keep
        stepped = Stepped(
            choose=self._chosen if keep else choose,
            late_ns=late_ns,
            most_steps=_STEPS_TO_BEGIN + _STEPS_FOR_A_RECORD * records,
            on_delivery=self._delivered,
            on_step=self._stepped,
        )
        self.system = TradingSystem(
            setting.instruments,
            exchange=setting.exchange(seed),
            runtime=stepped,
            on_error=self._heard,
            run_id=RUN_ID,
            **setting.settings,
        )
        self.runtime = cast(SteppedRuntime, self.system._runtime)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # one library
        self._at = self.system._at  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # the same
        self.scheduler = self.runtime.scheduler
        self._feed: Address[Any] = Address(FEED)

    # -- acting

    def start(self) -> None:
        """Start the system and, held back until somebody moves, the bot."""
        self.system.start()
        at = self._at
        self.runtime.spawn(self._feed, _Feed, (at.risk, at.portfolio, at.exchange), (at.risk, at.manager))
        with self.runtime.held():
            self.system.add_strategy(self._make, strategy_id=BOT, **self._setting.parameters)

    def feed(self, records: Iterable[MarketData | Halt]) -> None:
        """Send records on their way."""
        for record in records:
            self._feed.send(record)

    def move(self, most: int | None = None) -> None:
        """Let everybody move until nobody can, or at most so many steps."""
        if most is None:
            self.scheduler.run()
        else:
            self.scheduler.run_steps(most)

    def pass_time(self, seconds: float) -> None:
        """Let virtual time pass, and what falls due meanwhile happen."""
        # Nobody ever sets it, so the wait lasts as long as it may.
        self.runtime.wait_all([self.runtime.future()], seconds)

    def settle(self) -> None:
        """Let everything that is under way come to its end, however long that takes."""
        if not self.runtime.wait_quiet(_BOUND):
            raise _Ended(BotFailed(f"still at work after {_BOUND:.0f} s of virtual time"))

    def heal(self) -> None:
        """End the faults of the venue, and wait until nothing is in doubt."""
        if not heal(self.system):
            raise _Ended(BotFailed("orders are in doubt long after the venue's faults have ended"))

    def stop_bot(self) -> None:
        """Tell the bot to stop, and nobody else."""
        self.system._strategies[BOT].send(StopStrategy())  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]

    def stop(self) -> None:
        """Stop the system as a host does, and hold its books against each other."""
        self.settle()
        self.system.stop()
        self._at_end()

    def finish(self) -> None:
        """Hold the books against each other without stopping: cheaper."""
        self.settle()
        self._at_end()

    def attempt(self, act: Callable[[], object]) -> BaseException | None:
        """Act, and return what failed; what is not the bot's failure is raised.

        Everything ends with it.
        """
        try:
            act()
        except _Ended as ended:
            return ended.error
        except (Deadlock, OutOfSteps) as error:
            return error
        finally:
            self.runtime.close()
        return None

    # -- seeing

    def story(self) -> tuple[str, ...]:
        """Return what happened, line by line."""
        return tell(self.deliveries, self._surprises, BOT, RUN_ID)

    def outcome(self) -> str:
        """Say in a few words how the bot's orders and position stand."""
        orders = {update.order.order_id: update.order for update in self.run.updates if update.order is not None}
        states = sorted(order.state.value for order in orders.values())
        positions = [f"{plain(self.run.position(one.symbol))} {one.symbol}" for one in self._setting.instruments]
        return ", ".join([*states, *positions])

    def _make(self, **parameters: Any) -> Strategy:
        strategy = self._setting.strategy(**parameters)
        self.run.strategy = strategy
        return strategy

    def _chosen(self, options: Sequence[Option]) -> int:
        index = self._choose(options)
        if index:
            self._surprises.append(self.scheduler.steps)
        return index

    def _delivered(self, now_ns: int, receiver: str, message: object) -> None:
        if receiver == BOT:
            if isinstance(message, OrderUpdate):
                self.run.updates.append(message)
            self._last = (message, receiver)
        elif receiver == "risk_controller" and isinstance(message, _COMMANDS) and message.source == BOT:
            self.run.sent.append(message)
            self._last = (message, receiver)
        if self._keep:
            self.deliveries.append(Delivery(self.scheduler.steps, now_ns, receiver, message))

    def _stepped(self, step: int) -> None:
        del step
        if self._failure is not None:
            raise _Ended(self._failure)
        if self._last is None:
            return
        (message, receiver), self._last = self._last, None
        if receiver == BOT:
            self._check()
        if self.on_step is not None:
            self.on_step(message, receiver)

    def _heard(self, trouble: Problem | Alarm) -> None:
        if isinstance(trouble, Alarm):
            self.run.alarms.append(trouble)
        elif self._failure is None:
            self._failure = BotFailed(f"{trouble}\n{own_part(trouble.traceback)}".rstrip())

    def _check(self) -> None:
        check = self._setting.check
        if check is None:
            return
        try:
            holds = check(self.run)
        except (KeyboardInterrupt, SystemExit):
            raise
        except Exception as error:  # noqa: BLE001  # whatever it raises is the failure that is reported
            raise _Ended(error) from None
        except BaseException as error:  # noqa: BLE001  # as pytest.fail() does
            raise _Ended(BotFailed(str(error))) from None
        if holds is False:
            raise _Ended(BotFailed("the check returned False"))

    def _at_end(self) -> None:
        self._stepped(0)
        report = audit(self.system, _BOUND)
        if report.violations:
            raise _Ended(BotFailed("the audit found " + "; ".join(map(str, report.violations[:3]))))
        self.run.at_end = True
        self._check()
