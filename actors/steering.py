"""What a host may change while a system runs: limits, money, and what may leave."""

from __future__ import annotations

import pykka

from ..model.commands import AccountCommand, ChangeLimits, Command, MoveCash
from ..model.errors import InvalidConfiguration, InvalidOrder, SystemStopped
from ..model.kinds import Action, Trip
from ..model.limits import RiskLimits
from ..model.numbers import Number, negate, positive
from ..model.text import free_text, identifier
from ..model.values import changed
from . import checks
from .actor import in_handler, refuse_in_handler
from .hosting import SOURCE
from .messages import Backup, Halt, Reconcile, Resume, Violated, WaitForReconciliation
from .reading import ASK_TIMEOUT
from .settings import refuse_untraded
from .threads import first_line
from .tying import Tying


class Steering(Tying):
    """Limits, deposits and withdrawals, and the trading state. TradingSystem is the whole."""

    def deposit(self, currency: str, amount: Number, text: str = "", *, transfer_id: str | None = None) -> str:
        """Pay money into the account; it is no profit.

        Args:
            currency: of the amount.
            amount: above zero.
            text: at most 256 printable characters, kept with it.
            transfer_id: yours, unique for ever; one is given when it is None. The same id with the same content is one.

        Returns:
            The transfer's id. The update with CashMoved, or with CommandRefused, bears it.

        Raises:
            InvalidOrder: for what can never be valid.
            JournalFull, JournalBroken: while the journal takes nothing. Nothing was asked for.
            SystemStopped: when it is not running.
        """
        paid = positive("amount", amount, InvalidOrder)
        return self._move_cash(MoveCash(currency, paid, transfer_id=transfer_id, text=text), "deposit()")

    def withdraw(self, currency: str, amount: Number, text: str = "", *, transfer_id: str | None = None) -> str:
        """Pay money out of the account; more than is free is refused. Otherwise as deposit()."""
        paid = positive("amount", amount, InvalidOrder)
        return self._move_cash(MoveCash(currency, negate(paid), transfer_id=transfer_id, text=text), "withdraw()")

    def _move_cash(self, command: MoveCash, request: str) -> str:
        self._must_be_recordable()
        transfer_id = command.transfer_id or self._next_order_id()
        now = self._runtime.now_ns()
        self._pass_to_risk(changed(command, transfer_id=transfer_id, time_ns=now, source=SOURCE), request)
        return transfer_id

    def set_limits(self, limits: RiskLimits) -> None:
        """Hold orders to other limits, in place of all before; those that wait in risk's mailbox are judged first.

        Raises:
            InvalidConfiguration: for what are no RiskLimits, and for those of a symbol that is not traded.
            JournalFull, JournalBroken: while the journal takes nothing. The limits stay.
            SystemStopped: when it is not running.
        """
        if type(limits) is not RiskLimits:
            raise InvalidConfiguration.of("limits", limits, "must be RiskLimits")
        refuse_untraded("limits", limits, self.instruments)
        self._must_be_recordable()
        self._pass_to_risk(ChangeLimits(limits, time_ns=self._runtime.now_ns(), source=SOURCE), "set_limits()")

    def halt(self, reason: str, strategy_id: str | None = None) -> None:
        """Let no new order and no modification leave from now on, ahead of everything that waits; cancels still do.

        Once it has returned, none leaves. Inside a handler of a strategy it does not wait for that. While the journal
        takes nothing it is in force all the same; a system that ends before it could be recorded has forgotten it.

        Args:
            reason: at most 256 printable characters; it is in the text of every refusal.
            strategy_id: whose orders; all unless given.

        Raises:
            InvalidConfiguration: for another reason or id.
            SystemStopped: when it is not running.
        """
        self._to_both_gates(self._trip(reason, Action.HALT, strategy_id), "halt()")

    def reduce(self, reason: str, strategy_id: str | None = None) -> None:
        """Let only such orders leave from now on as bring a position closer to zero, counting those that work.

        Working orders that could open a position are cancelled. Otherwise as halt().
        """
        self._to_both_gates(self._trip(reason, Action.REDUCE, strategy_id), "reduce()")

    def kill(self, reason: str, *, flatten: bool = False, trip: Trip = Trip.PERSON) -> None:
        """Let nothing leave from now on but cancels, cancel all orders, and close all positions if that is asked for.

        It goes ahead of everything that waits and never blocks, so that it may be called anywhere: in any thread, in a
        handler, in a signal handler. What comes of it is in the updates.

        Args:
            reason: at most 256 printable characters.
            flatten: whether each position is closed at the market once its orders are gone.
            trip: what the record shall say has caused it.

        Raises:
            InvalidConfiguration: for another reason, and for a flatten that is not True or False.
            SystemStopped: when it is not running.
        """
        if type(flatten) is not bool:
            raise InvalidConfiguration.of("flatten", flatten, "must be True or False")
        message = self._trip(reason, Action.FLATTEN if flatten else Action.CANCEL_ALL, None, trip)
        self._must_run("kill()")
        for gate in (self._at.risk, self._at.manager):
            gate.send_first(message)
        if not in_handler():
            self._runtime.settle()

    def resume(self, strategy_id: str | None = None) -> None:
        """Let new orders leave again: of one strategy, or of all, also in symbols in which a report was not understood.

        What trips stays tripped until somebody has called this. It lifts what holds all and what holds each strategy;
        with a strategy's id, what holds that strategy alone. As long as the kill file is there it is refused, so that
        nothing leaves before the file is seen again.

        Raises:
            InvalidConfiguration: for what can be no strategy's id, and while the kill file is there.
            SystemStopped: when it is not running.
        """
        name = "" if strategy_id is None else identifier("strategy_id", strategy_id, InvalidConfiguration)
        self._must_run("resume()")
        kill_file = self._settings.kill_file
        if kill_file is not None and first_line(kill_file) is not None:
            raise InvalidConfiguration.of("kill_file", kill_file, "must be gone before trading is resumed")
        self._to_both_gates(Resume(name), "resume()")
        for guard in self._at.guards():
            guard.send(Resume(name))
        self._runtime.settle()

    def reconcile(self, timeout: float = 10.0) -> bool:
        """Ask the venue about every order that it may have moved; nothing leaves before it has answered.

        Returns:
            Whether it has answered about all within timeout seconds; it has not where it cannot be reached, and where
            resume() has ended that. Until then new orders are refused.

        Raises:
            BlockingCall: inside a handler of a strategy.
            SystemStopped: when it is not running.
        """
        refuse_in_handler("reconcile()")
        checks.seconds("timeout", timeout)
        self._must_run("reconcile()")
        self._at.manager.send(Reconcile())
        answered = self._runtime.future()
        self._at.manager.send(WaitForReconciliation(answered))
        self._runtime.settle()
        return self._runtime.wait_all((answered,), timeout) and bool(answered.get(timeout=0))

    def backup(self, path: str | checks.PathLike, timeout: float = 60.0) -> int:
        """Write a whole copy of the journal, of one moment, while the system runs; what is recorded meanwhile waits.

        Args:
            path: where nothing is; a mark is written beside it.
            timeout: in seconds.

        Returns:
            The number of the last entry that is in it.

        Raises:
            InvalidConfiguration: without a journal, and for what can be no path.
            InvalidJournal: where there is something, or a copy cannot be made.
            TimeoutError: when it takes longer.
            BlockingCall: inside a handler of a strategy.
            SystemStopped: when it is not running.
        """
        refuse_in_handler("backup()")
        checks.seconds("timeout", timeout)
        where = checks.path("path", path)
        if self._settings.journal is None:
            raise InvalidConfiguration.of("journal", None, "must have been given, to be copied")
        self._must_run("backup()")
        copied: int = self._ask(self._at.journal, Backup(where), timeout)
        return copied

    def trip_violations(self, violations: tuple[str, ...]) -> None:
        """Do what the rules on violations say, for what an audit has found; nothing where there is no such rule."""
        if violations and self._state == "running" and self._at.auditor.is_bound:
            self._at.auditor.send(Violated(violations))
            self._runtime.settle()

    def _trip(self, reason: str, action: Action, strategy_id: str | None, trip: Trip = Trip.PERSON) -> Halt:
        name = "" if strategy_id is None else identifier("strategy_id", strategy_id, InvalidConfiguration)
        return Halt(free_text("reason", reason, InvalidConfiguration), trip, action, name)

    def _to_both_gates(self, message: Halt | Resume, request: str) -> None:
        self._must_run(request)
        for gate in (self._at.risk, self._at.manager):
            if in_handler():
                gate.send_first(message)
                continue
            try:
                gate.ask(message, ASK_TIMEOUT, first=True)
            except pykka.ActorDeadError:
                raise SystemStopped(request) from None
        self._runtime.settle()

    def _pass_to_risk(self, command: Command | AccountCommand, request: str) -> None:
        self._must_run(request)
        if not self._at.risk.send(command):
            raise SystemStopped(request)
        self._runtime.settle()
