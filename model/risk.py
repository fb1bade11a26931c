"""The risk controller's whole state, and how it judges each command.

Everything is judged as if all working and in-doubt orders were to fill, in the worst order: what an order may add to
positions and may cost is counted when it is approved, and given up only by the update that closes it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from types import MappingProxyType

from . import events as e
from .account import Account, MarginAccount
from .account_events import CashMoved, LimitsChanged, TradingStateChanged
from .account_snapshot import AccountSnapshot
from .checking import Asked, Checklists, Kind
from .commands import (
    SUBMISSIONS,
    Approved,
    CancelOrder,
    ChangeLimits,
    Command,
    Denied,
    ModifyOrder,
    MoveCash,
    SubmitGroup,
    SubmitOrder,
)
from .conversion import Conversion
from .equity import Equity
from .exposure import Exposures, Share
from .exposure_checks import ExposureChecks, ExposureWorth
from .funds import Funds
from .gate import Gate, told_to
from .instrument import Instrument
from .judgement import NOT_JUDGED, Judgement
from .kinds import Reason, Side, TradingState
from .limits import RiskLimits, Rule
from .link import Link
from .loss_checks import LossChecks
from .margin_checks import MarginChecks
from .market import MarketData
from .market_checks import MarketChecks
from .numbers import ONE, ZERO
from .order import Order
from .order_checks import OrderChecks
from .own_order_checks import CrossingChecks, DuplicateChecks
from .positions import Moved, Positions
from .rate_checks import OpenOrderChecks, RateChecks
from .records import EXTERNAL
from .reducing import refuse_opening, refuse_reducing_nothing
from .refusal import Refusal
from .reservation import Working, pool_of, terms_of
from .terms_checks import TermsChecks, only_ends
from .transfers import Transfers
from .tripping import Tripped, Tripping
from .values import changed
from .valuing import Valuation

SOURCE = "risk_controller"


class RiskBook:
    """What risk knows: instruments, limits, marks, cash, positions, and what working orders may come to.

    Args:
        instruments: by symbol.
        limits: of the account, of strategies and of symbols.
        cash: opening balance by currency; None checks no funds.
        allowance: factor on a market order's price for slippage, at least 1.
        allowance_ticks: what comes on top of that, in ticks of the instrument.
        fee_rate: largest fee as a fraction of notional.
        currency: what exposure is told in; None where it cannot be told.
        hedged: whether a symbol has a long and a short position.
        account: what kind it is; None for one of which only the cash of buys is checked.
        ties: whether the venue ties the orders of a group itself; else each of them may execute.
        rules: what trips by itself.
    """

    def __init__(
        self,
        instruments: Mapping[str, Instrument],
        limits: RiskLimits,
        *,
        cash: Mapping[str, Decimal] | None = None,
        allowance: Decimal = ONE,
        allowance_ticks: int = 0,
        fee_rate: Decimal = ZERO,
        currency: str | None = None,
        hedged: bool = False,
        ties: bool = True,
        rules: tuple[Rule, ...] = (),
        account: Account | None = None,
    ) -> None:
        self.gate = Gate()
        self._instruments = instruments
        self._hedged = hedged
        self._ties = ties
        self._valuation = Valuation(
            instruments, allowance=allowance, allowance_ticks=allowance_ticks, fee_rate=fee_rate
        )
        self._terms = TermsChecks(instruments, self._valuation)
        self._conversion = Conversion(instruments)
        self._working: dict[str, Working] = {}
        self._positions = Positions(hedged=hedged)
        self.exposures = Exposures(hedged=hedged)
        self._worth = ExposureWorth(self.exposures, instruments, self._valuation, self._conversion, currency)
        self.funds = Funds(instruments, self._valuation, cash, account, self._positions)
        self.equity = Equity(self.funds, self._worth, self._conversion, self._positions)
        self.margin = MarginChecks(account, self.equity, self._worth, self._valuation)
        self._has_margin = isinstance(account, MarginAccount)
        margin = self.margin if self._has_margin else None
        self._transfers = Transfers(self.funds, margin, self._conversion, currency)
        self._losses = LossChecks(instruments, self._conversion, currency, hedged=hedged)
        families = (
            OrderChecks(self._valuation),
            ExposureChecks(self.exposures, self._worth),
            self.funds,
            self.margin,
            self._losses,
            MarketChecks(instruments, self._valuation),
            OpenOrderChecks(),
            CrossingChecks(self._working),
            DuplicateChecks(),
            RateChecks(),
        )
        self._checklists = Checklists(families, limits)
        self._tripping = Tripping(rules, self._losses, self._margin_used if self._has_margin else None)
        # What was judged last, and how large exposure was then: as long as nothing else happens, it need not be worked
        # out again when it is taken over.
        self._latest: Asked | None = None
        # Ids judged whose order has not been created yet, and ids of the orders that have.
        self._judged: set[str] = set()
        self._created: set[str] = set()
        # Working buys for which nothing is held, since no price was known: of those that were recovered.
        self._uncosted: set[str] = set()

    @property
    def limits(self) -> RiskLimits:
        """Those in force."""
        return self._checklists.limits

    @property
    def reserved(self) -> Mapping[str, Decimal]:
        """What working buys may still cost, by currency; of those that close each other, the dearest."""
        return self.funds.reserved.by_currency

    def on_market_data(self, data: MarketData) -> None:
        """Take over a price."""
        self._latest = None
        self._losses.on_time(data.time_ns)
        self._valuation.on_market_data(data)
        self._conversion.on_price(data.symbol, self._valuation.price(data.symbol))
        for family in self._checklists.families:
            family.on_market_data(data)
        for order_id in sorted(self._uncosted):
            self._store(order_id, self._costed(self._working[order_id]))

    def change_limits(self, command: ChangeLimits, now_ns: int) -> LimitsChanged:
        """Put other limits in force at once, and return the fact for the record."""
        self._checklists.limits = command.limits
        return LimitsChanged(time_ns=now_ns, source=command.source, limits=command.limits)

    def account(self, sequence: int) -> AccountSnapshot:
        """Return how the account stands."""
        margin = self.margin.margin() if self._has_margin else None
        balances = MappingProxyType(self.funds.balances())
        return AccountSnapshot(balances=balances, equity=self.equity.value(), margin=margin, sequence=sequence)

    def _margin_used(self) -> tuple[Decimal | None, Decimal]:
        equity = self.equity.value()
        return (None, ZERO) if equity is None else (self.margin.maintenance(), equity)

    def move_cash(self, command: MoveCash, now_ns: int) -> CashMoved | e.CommandRefused | None:
        """Judge a deposit or a withdrawal, and return the fact for the record; None for one that is repeated."""
        fact = self._transfers.judge(command, now_ns, SOURCE)
        self.equity.stale()
        return fact

    def tripped(self, now_ns: int) -> tuple[Tripped, ...]:
        """Return the rules that have tripped since this was last called."""
        return self._tripping.tripped(now_ns)

    def resumed(self, strategy_id: str = "") -> None:
        """Hear that a person has resumed, of one strategy or of all."""
        self._tripping.resumed(strategy_id)
        self._losses.resumed(strategy_id)

    # -- judging

    def decide(self, command: Command, now_ns: int) -> Approved | Denied:
        """Judge a command. Nothing changes until commit() is called with the result."""
        match command:
            case SubmitOrder():
                refusal, judgements = self._judge_orders((command,), (None,), now_ns)
            case SubmitGroup():
                refusal, judgements = self._judge_orders(command.orders, command.links, now_ns)
                refusal = None if refusal is None else _named(refusal, command, len(judgements))
            case ModifyOrder():
                refusal, judgements = self._judge_change(command, now_ns)
            case CancelOrder():
                refusal, judgements = self._judge_cancel(command, now_ns)
        if refusal is None:
            return Approved(command, now_ns, SOURCE, judgements, self.gate.state_of(command.source))
        return Denied(command, refusal, now_ns, SOURCE, judgements)

    def _judge_orders(
        self, orders: tuple[SubmitOrder, ...], links: tuple[Link | None, ...], now_ns: int
    ) -> tuple[Refusal | None, tuple[Judgement, ...]]:
        """Judge orders one after the other, each as if those before it worked already; the first refusal is of all."""
        repeated = next(filter(self._is_repeated, orders), None)
        if repeated is not None:
            # A repeated id is the order manager's to answer; it reserves nothing a second time.
            return self._refuse_repeated(repeated), ()
        if len(orders) == 1:
            refusal, judgement = self._judge_new(orders[0], links[0], now_ns)
            return refusal, (judgement,)
        judgements: list[Judgement] = []
        ahead: list[Working] = []
        with self._as_if() as stored:
            for command, link in zip(orders, links, strict=True):
                refusal, judgement = self._judge_new(command, link, now_ns, tuple(ahead))
                judgements.append(judgement)
                if refusal is not None:
                    return refusal, tuple(judgements)
                assert self._latest is not None, "it has just been judged"
                working = self._latest.working
                stored(_id_of(command), working)
                ahead.append(working)
        return None, tuple(judgements)

    def _judge_new(
        self, command: SubmitOrder, link: Link | None, now_ns: int, ahead: tuple[Working, ...] = ()
    ) -> tuple[Refusal | None, Judgement]:
        refusal = self.gate.refuse_submit(command.symbol, command.source) or self._terms.refuse(command, now_ns)
        if refusal is not None:
            return refusal, NOT_JUDGED
        # Only now is it known that there is such a symbol.
        working = self._new(command, link)
        return self._held_to(Kind.SUBMIT, self._asked(_id_of(command), working, None, now_ns, ahead))

    def _judge_change(self, command: ModifyOrder, now_ns: int) -> tuple[Refusal | None, tuple[Judgement, ...]]:
        known = self._working.get(command.order_id)
        if known is None or (known.order is not None and known.order.is_closed):
            # Unknown or closed: the order manager says which.
            return None, ()
        refusal = self.gate.refuse_modify(known.terms.source) or self._terms.refuse_change(known, command, now_ns)
        if refusal is not None or only_ends(known, command):
            return refusal, ()
        asked = self._costed(changed(known, asked=(*known.asked, command)))
        refusal, judgement = self._held_to(Kind.MODIFY, self._asked(command.order_id, asked, known, now_ns))
        return refusal, (judgement,)

    def _judge_cancel(self, command: CancelOrder, now_ns: int) -> tuple[Refusal | None, tuple[Judgement, ...]]:
        known = self._working.get(command.order_id)
        if known is None:
            return None, ()
        refusal, judgement = self._held_to(Kind.CANCEL, self._asked(command.order_id, known, known, now_ns))
        return refusal, (judgement,)

    def _held_to(self, kind: Kind, asked: Asked) -> tuple[Refusal | None, Judgement]:
        """Hold an order, as it would be, to every limit that applies."""
        self._latest = asked
        refusal = None
        if kind is not Kind.CANCEL:
            if asked.terms.reduce_only and asked.was is None:
                refusal = refuse_reducing_nothing(asked)
            if refusal is None and self.gate.state_of(asked.strategy_id) is TradingState.REDUCING:
                refusal = refuse_opening(asked, hedged=self._hedged)
        if refusal is not None:
            return refusal, NOT_JUDGED
        return self._checklists.run(kind, asked)

    def _asked(
        self,
        order_id: str,
        working: Working,
        was: Working | None,
        now_ns: int,
        ahead: tuple[Working, ...] = (),
    ) -> Asked:
        share = self._share(working)
        before = self.exposures.of(share.key)
        counted = ZERO if was is None else was.leaves
        after = self.exposures.with_share(before, order_id, counted, share)
        return Asked(
            order_id=order_id,
            strategy_id=working.terms.source,
            terms=working.requested,
            instrument=self._instruments[working.terms.symbol],
            now_ns=now_ns,
            working=working,
            was=was,
            before=before,
            after=after,
            sums=self.exposures.sums(working.terms.symbol),
            share=share,
            ahead=ahead,
            enlarges=after.size > before.size,
        )

    @contextmanager
    def _as_if(self) -> Generator[Callable[[str, Working], None]]:
        """Let orders count while others are judged; afterwards all is as it was."""
        ids: list[str] = []

        def store(order_id: str, working: Working) -> None:
            ids.append(order_id)
            self._store(order_id, working)

        try:
            yield store
        finally:
            for order_id in reversed(ids):
                self._forget(order_id)

    def commit(self, judged: Approved | Denied) -> None:
        """Count what an approved command may come to, once per order id."""
        command = judged.command
        passed = isinstance(judged, Approved)
        match command:
            case SubmitOrder():
                self._commit_orders((command,), (None,), judged.time_ns, passed=passed)
            case SubmitGroup():
                self._commit_orders(command.orders, command.links, judged.time_ns, passed=passed)
            case ModifyOrder() | CancelOrder() if command.order_id in self._working:
                known = self._working[command.order_id]
                kind = Kind.CANCEL if isinstance(command, CancelOrder) else Kind.MODIFY
                self._latest = None
                self._tell_families(kind, command.order_id, known, judged.time_ns, passed=passed)
                if isinstance(command, ModifyOrder):
                    # One that has closed, and counts only since it is in doubt, can no longer be changed.
                    counts = passed and not (known.order is not None and known.order.is_closed)
                    asked = changed(known, asked=(*known.asked, command if counts else None))
                    self._store(command.order_id, self._costed(asked))
            case _:
                pass

    def _commit_orders(
        self, orders: tuple[SubmitOrder, ...], links: tuple[Link | None, ...], now_ns: int, *, passed: bool
    ) -> None:
        if any(map(self._is_repeated, orders)):
            return
        for command, link in zip(orders, links, strict=True):
            order_id = _id_of(command)
            self._judged.add(order_id)
            if command.symbol not in self._instruments:
                continue
            latest, self._latest = self._latest, None
            if latest is None or latest.working.terms is not command or latest.now_ns != now_ns:
                latest = self._asked(order_id, self._new(command, link), None, now_ns)
            for family in self._checklists.listening:
                family.judged(Kind.SUBMIT, latest, passed=passed)
            if passed:
                self._take_over(latest)

    def _take_over(self, asked: Asked) -> None:
        """Count a new order as it was worked out; whatever has changed since had it worked out anew."""
        assert self.exposures.of(asked.share.key) is asked.before, "it was worked out from what is there"
        self.exposures.put(asked.order_id, asked.share, asked.after)
        self._worth.changed(asked.share.key, asked.before, asked.after)
        self._working[asked.order_id] = asked.working
        for family in self._checklists.counting:
            family.counted(asked.order_id, None, asked.working)

    def _tell_families(self, kind: Kind, order_id: str, working: Working, now_ns: int, *, passed: bool) -> None:
        asked = self._asked(order_id, working, working, now_ns)
        for family in self._checklists.listening:
            family.judged(kind, asked, passed=passed)

    def _new(self, command: SubmitOrder, link: Link | None, order: Order | None = None) -> Working:
        pool = None if link is None or not self._ties else pool_of(link)
        if order is not None or self.funds.cash is None or command.side is Side.SELL:
            return self._costed(Working(command, pool, order, link=link))
        return Working(command, pool, cost=self._valuation.cost(command, ZERO) or ZERO, link=link)

    # -- following

    def on_update(self, update: e.OrderUpdate) -> None:
        """Fold one entry of the stream: cash and positions move with fills, what is counted follows the order."""
        self._latest = None
        event, order = update.event, update.order
        known = self._working.get(event.order_id)
        held: Working | None = known
        moved: Moved | None = None
        if isinstance(event, e.CommandRefused):
            held = None if known is None else self._after_refusal(known, event)
        elif order is not None and not isinstance(event, e.AccountEvent):
            held = self._following(known, event, order)
            moved = self._positions.after(event, order)
        takes = [take for family in self._checklists.families if (take := family.after(update)) is not None]
        # All is computed; nothing below can fail.
        if moved is not None:
            self._move(moved)
        for take in takes:
            take()
        if takes or moved is not None:
            self.equity.stale()
        if isinstance(event, e.OrderCreated):
            self._created.add(event.order_id)
        if isinstance(event, e.OrderCreated) or _is_submission(event):
            self._judged.discard(event.order_id)
        if held is not None:
            self._store(event.order_id, held)
        elif known is not None:
            self._forget(event.order_id)

    def recover(self, update: e.OrderUpdate, *, denied: bool) -> None:
        """Fold an entry that was recorded before, with what was counted here when its command was approved.

        denied: whether the order that it begins was denied in the next one.
        """
        event = update.event
        match event:
            case e.OrderCreated() if not (denied or event.unasked or event.strategy_id == EXTERNAL):
                self._commit_orders((event.terms,), (event.link,), event.time_ns, passed=True)
            case e.ModifyRequested() if event.reason is Reason.REQUESTED and update.order is not None:
                command = ModifyOrder(
                    event.order_id,
                    price=event.price,
                    quantity=event.quantity,
                    stop_price=event.stop_price,
                    expire_time_ns=event.expire_time_ns,
                    time_ns=event.time_ns,
                    source=update.order.strategy_id,
                )
                self.commit(Approved(command, event.time_ns, SOURCE))
            case e.CancelRequested() if event.reason is Reason.REQUESTED and update.order is not None:
                cancel = CancelOrder(event.order_id, time_ns=event.time_ns, source=update.order.strategy_id)
                self.commit(Approved(cancel, event.time_ns, SOURCE))
            case CashMoved():
                self._transfers.recover(event)
            case LimitsChanged():
                self._checklists.limits = event.limits
            case TradingStateChanged():
                self.gate = told_to(self.gate, event)
                if event.action is None:
                    self.resumed(event.strategy_id)
                else:
                    self._tripping.recover(event.trip, event.strategy_id)
            case _:
                pass
        self.on_update(update)
        self._tripping.follow(event.time_ns)

    def _following(self, known: Working | None, event: e.OrderEvent, order: Order) -> Working | None:
        """The working order after an event of it; one that is closed and in doubt may still execute."""
        if order.is_closed and not order.in_doubt:
            return None
        if order.symbol not in self._instruments:
            # It closes what was executed by nobody of ours, or was recorded when more was known: there is no limit on
            # it, and nothing to reckon its cost by.
            return None
        if known is not None:
            return self._costed(known.after(event, order))
        if isinstance(event, e.OrderCreated) and event.unasked:
            # The order manager's own; it stands in for one that was judged, or closes a position.
            return self._new(event.terms, event.link, order)
        if order.in_doubt:
            # It had ended, and now it may have executed more than was told.
            return self._new(terms_of(order), order.link, order)
        return None

    def _after_refusal(self, known: Working, event: e.CommandRefused) -> Working | None:
        """The working order after a command on it was refused; None when that was the order itself."""
        if _is_submission(event) and known.order is None:
            return None
        if event.command == ModifyOrder.__name__ and event.reason is not Reason.UNKNOWN_ORDER:
            # One that was refused as unknown was asked before the order was, so it is not among those asked since.
            return self._costed(changed(known, asked=known.asked[1:]))
        return known

    # -- refusing for what is no limit

    def _refuse_repeated(self, command: SubmitOrder) -> Refusal | None:
        """Refuse a repetition of what has not become an order yet: should it never become one, neither does this.

        What has become an order the order manager answers with that order, refused here or not.
        """
        if command.order_id in self._created:
            return None
        return Refusal(Reason.DUPLICATE_ID, f"order_id {command.order_id}: is taken by an order that is on its way")

    def _is_repeated(self, command: SubmitOrder) -> bool:
        return command.order_id in self._created or command.order_id in self._judged

    # -- counting

    def _share(self, working: Working) -> Share:
        terms = working.terms
        closes = working.closes if self._hedged else terms.reduce_only
        return Share((terms.source, terms.symbol), terms.side, closes, working.pool, working.leaves)

    def _costed(self, working: Working) -> Working:
        if self.funds.cash is None or working.terms.side is Side.SELL:
            return working
        cost = self._valuation.cost(working.dearest, working.filled)
        # A price that has gone missing does not free what was held for the order.
        return working if cost is None else changed(working, cost=cost)

    def _store(self, order_id: str, working: Working) -> None:
        self._count(order_id, self._working.get(order_id), working)
        self._working[order_id] = working
        self._uncosted.discard(order_id)
        if not working.cost and self.funds.cash is not None and working.terms.side is Side.BUY and working.leaves:
            self._uncosted.add(order_id)

    def _forget(self, order_id: str) -> None:
        known = self._working.pop(order_id)
        self._uncosted.discard(order_id)
        self._count(order_id, known, None)

    def _count(self, order_id: str, was: Working | None, working: Working | None) -> None:
        one = working or was
        assert one is not None, "something is counted, or was"
        share = self._share(one)
        if working is None:
            share = changed(share, leaves=ZERO)
        counted = ZERO if was is None else was.leaves
        if counted != share.leaves:
            before = self.exposures.of(share.key)
            after = self.exposures.with_share(before, order_id, counted, share)
            self.exposures.put(order_id, share, after)
            self._worth.changed(share.key, before, after)
        for family in self._checklists.counting:
            family.counted(order_id, was, working)

    def _move(self, moved: Moved) -> None:
        key, before = moved.key, self.exposures.of(moved.key)
        after = self.exposures.with_held(before, moved.held)
        self._positions.take_over(moved)
        self.exposures.keep(key, after)
        self._worth.changed(key, before, after)


def _id_of(command: SubmitOrder) -> str:
    assert command.order_id is not None, "the edge gives every order an id"
    return command.order_id


def _named(refusal: Refusal, group: SubmitGroup, judged: int) -> Refusal:
    """Name the order of a group that was refused, which is the last that was judged."""
    if not judged:
        return refusal
    role, order = group.roles[judged - 1], group.orders[judged - 1]
    name = role.value.lower().replace("_", " ")
    return Refusal(refusal.reason, f"{name} {order.order_id}: {refusal.text}")


def _is_submission(event: e.Event) -> bool:
    """Say whether it was an order that was refused: one that could not be handled, or the repetition of one."""
    return isinstance(event, e.CommandRefused) and event.command in SUBMISSIONS
