"""Groups of orders: how they begin, and how each outcome is followed by what they ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain, repeat

from . import events as e
from . import reports as r
from .alarm import Alarm, AlarmCode
from .commanding import Change, Commanding, Step, denied_as, sent_as, submit_of
from .commands import Approved, CancelOrder, Denied, ModifyOrder, SubmitGroup, SubmitOrder
from .contingent import Action, End, Replace, Resize, Send, Trouble, due_ns, troubles, wanted
from .gate import Gate
from .group import Group, Groups, begun, has_come
from .judgement import NOT_JUDGED, Judgement
from .kinds import Contingency, OrderType, Reason, Role
from .link import Link
from .order import Order
from .records import SOURCE, Outcome
from .refusal import Refusal
from .values import changed

_MOST_ROUNDS = 10
_FOLLOWING = frozenset({Role.PROFIT_TARGET, Role.STOP_LOSS})


class Grouping(Commanding):
    """The records, and what commands mean for them and for the groups of orders among them."""

    def __init__(
        self,
        next_id: Callable[[], str],
        answer_within_ns: int | None = None,
        max_unanswered: int = 10_000,
        *,
        amends: bool = True,
    ) -> None:
        super().__init__(next_id, answer_within_ns, max_unanswered, amends=amends)
        self.groups = Groups()
        # What has been told of a group, so that it is told once; what is over may be told again.
        self._told: dict[str, frozenset[Trouble]] = {}

    def decide_command(self, judged: Approved | Denied, now_ns: int) -> Outcome:
        """Judge a command that risk has passed on, approved or denied."""
        command = judged.command
        refusal = judged.refusal if isinstance(judged, Denied) else self._refuse_outdated(judged)
        if isinstance(command, SubmitGroup):
            return self._submit_group(command, refusal, judged.judgements, now_ns)
        if isinstance(command, ModifyOrder):
            refusal = refusal or self._follows_another(command)
        return self._commanded(command, refusal, judged.judgements, now_ns)

    def _refuse_outdated(self, judged: Approved) -> Refusal | None:
        """Refuse what was approved before a trip that has overtaken it, and was not held to what is in force since."""
        command = judged.command
        match command:
            case SubmitOrder() | SubmitGroup():
                known = isinstance(command, SubmitOrder) and command.order_id in self.latest
                return None if known else self.gate.refuse_outdated(judged.judged_in, command.source)
            case ModifyOrder():
                order = self.order(command.order_id)
                shrinks = order is not None and command.quantity is not None and command.quantity <= order.quantity
                if order is None or order.is_closed or (shrinks and command.price is command.stop_price is None):
                    return None
                return self.gate.refuse_outdated(judged.judged_in, order.strategy_id)
            case CancelOrder():
                return None

    def decide_unhandled(self, judged: Approved | Denied, now_ns: int) -> Outcome:
        """Refuse a command that could not be handled, so that whoever sent it hears of it."""
        command = judged.command
        rule = "the command could not be handled and was set aside"
        if isinstance(command, SubmitGroup):
            return self._group_refused(command, Reason.INTERNAL_ERROR, f"group_id {command.group_id}: {rule}", now_ns)
        text = f"order_id {command.order_id}: {rule}"
        return self._refused(command, Refusal(Reason.INTERNAL_ERROR, text), now_ns)

    def followed(self, outcome: Outcome, now_ns: int) -> Outcome:
        """Return an outcome with what the groups ask for that it has touched; a new gate touches all."""
        touched: dict[str, Group] = {}
        for update in outcome.updates:
            if update.order is not None and update.order.link is not None:
                group_id = update.order.link.group_id
                group = touched.get(group_id) or self.groups.get(group_id) or begun(update.order.link)
                touched[group_id] = group.after(update)
        gate = self.gate if outcome.gate is None else outcome.gate
        for group_id in outcome.look_at:
            touched.setdefault(group_id, self._known_group(group_id))
        if outcome.gate is not None:
            # What was held back may leave now.
            touched = {group.group_id: group for group in self._unfinished()} | touched
        return self._followed(outcome, touched.values(), gate, now_ns) if touched else outcome

    def commit(self, outcome: Outcome, elapsed_ns: int) -> None:
        """Take over what was decided, see Records."""
        super().commit(outcome, elapsed_ns)
        for group in outcome.groups:
            self.groups.keep(group)
        self._told.update(outcome.told)

    def recover(self, update: e.OrderUpdate, elapsed_ns: int) -> None:
        """Take over an entry that was recorded before, see Records."""
        super().recover(update, elapsed_ns)
        self.groups.on_update(update)

    @property
    def next_retry_ns(self) -> int | None:
        """When a group next asks once more for what was refused or in vain, by the events' clock; None: none may."""
        return min((due for _, due in self._due()), default=None)

    def decide_retries(self, now_ns: int) -> Outcome:
        """Look at the groups for which that time has come."""
        return Outcome(look_at=tuple(group.group_id for group, due in self._due() if has_come(due, now_ns)))

    def _due(self) -> Iterator[tuple[Group, int]]:
        for group in self.groups.waiting():
            due = due_ns(group, self.gate)
            if due is not None:
                yield group, due

    def _known_group(self, group_id: str) -> Group:
        group = self.groups.get(group_id)
        assert group is not None, "who looks at a group knows it"
        return group

    def _unfinished(self) -> list[Group]:
        return [group for group in self.groups if not group.is_closed or group.open_quantity]

    def _followed(self, outcome: Outcome, groups: Iterable[Group], gate: Gate, now: int) -> Outcome:
        updates, requests, alarms = list(outcome.updates), list(outcome.requests), list(outcome.alarms)
        told: dict[str, frozenset[Trouble]] = {}
        looked_at: list[Group] = []
        for begin in groups:
            group = begin
            rounds = 0
            while actions := wanted(group, gate, now):
                rounds += 1
                # Each action leaves its order with a request in flight, sent or ended.
                assert rounds < _MOST_ROUNDS, "what has been asked for is not wanted again"
                for action in actions:
                    order, step = self._step(action, now)
                    more = self._fold(order, step.events, self.sequence + len(updates))
                    for update in more:
                        group = group.after(update)
                    updates.extend(more)
                    requests.extend(step.requests)
            looked_at.append(group)
            found = frozenset(troubles(group, gate))
            before = self._told.get(group.group_id, frozenset())
            if found != before:
                told[group.group_id] = found
                news = sorted(found - before, key=lambda trouble: trouble.text)
                alarms.extend(Alarm(now, trouble.code, trouble.order_id, trouble.text) for trouble in news)
        return changed(
            outcome,
            updates=tuple(updates),
            requests=tuple(requests),
            alarms=tuple(alarms),
            groups=tuple(looked_at),
            told=tuple(told.items()),
        )

    def _step(self, action: Action, now: int) -> tuple[Order | None, Step]:
        order = action.leg.order
        match action:
            case Send():
                return order, self._sent(order, action, now)
            case Resize():
                return order, self._amended(order, Change(quantity=action.quantity), now, Reason.CONTINGENT)
            case End():
                step = self._withdrawn(order, now, Reason.CONTINGENT)
                asked = self._asked_anew(order, now) if step.requests else ()
                return order, Step(step.events, (*step.requests, *asked))
            case Replace():
                return None, self._replaced(order, action, now)

    def _sent(self, order: Order, action: Send, now: int) -> Step:
        resized: tuple[e.OrderEvent, ...] = ()
        if action.quantity != order.quantity:
            resized = self._amended(order, Change(quantity=action.quantity), now, Reason.CONTINGENT).events
        sent = sent_as(order.order_id, now)
        request = submit_of(changed(order, quantity=action.quantity), order.order_id, now)
        return Step((*resized, sent), (request,))

    def _replaced(self, order: Order, action: Replace, now: int) -> Step:
        assert order.link is not None, "an order of a group has a link"
        order_id = self._unused_id()
        created = e.OrderCreated(
            time_ns=now,
            source=SOURCE,
            order_id=order_id,
            strategy_id=order.strategy_id,
            terms=self._terms_in_place_of(order, order_id, action, now),
            link=changed(order.link, replaces=order.order_id),
            unasked=True,
        )
        (begin,) = self._fold(None, (created,))
        assert begin.order is not None, "an order's first event makes it"
        return Step((created, sent_as(order_id, now)), (submit_of(begin.order, order_id, now),))

    def _terms_in_place_of(self, order: Order, order_id: str, action: Replace, now: int) -> SubmitOrder:
        if action.at_market:
            return SubmitOrder(
                order.symbol,
                order.side,
                OrderType.MARKET,
                action.quantity,
                reduce_only=order.reduce_only,
                order_id=order_id,
                tag=order.tag,
                notes=order.notes,
                time_ns=now,
                source=order.strategy_id,
            )
        trails = order.order_type is OrderType.TRAILING_STOP
        return changed(
            self._terms[order.order_id],
            order_id=order_id,
            quantity=action.quantity,
            price=order.price,
            # Where a trailing stop stood is not among its terms.
            stop_price=None if trails else order.stop_price,
            expire_time_ns=order.expire_time_ns,
            time_ns=now,
        )

    def _unused_id(self) -> str:
        # Ids are the users' to choose, and one may look like ours.
        while (order_id := self._next_id()) in self.latest:
            pass
        return order_id

    # -- commands

    def _submit_group(
        self, command: SubmitGroup, refusal: Refusal | None, judgements: tuple[Judgement, ...], now: int
    ) -> Outcome:
        if self._is_known(command):
            return Outcome(
                answers=tuple((command.source, self.latest[order.order_id or ""]) for order in command.orders)
            )
        taken = self._taken(command)
        if taken is not None:
            text = f"{taken}: is taken; no order of the group was created"
            alarm = Alarm(now, AlarmCode.DUPLICATE_ID, command.orders[0].order_id or "", text)
            return changed(self._group_refused(command, Reason.DUPLICATE_ID, text, now), alarms=(alarm,))
        refused = (self.gate.refuse_new(order.symbol, command.source) for order in command.orders)
        refusal = refusal or next(filter(None, refused), None) or self._refuse_more()
        updates: list[e.OrderUpdate] = []
        requests: list[r.VenueRequest] = []
        judged = chain(judgements, repeat(NOT_JUDGED))
        for terms, link, judgement in zip(command.orders, command.links, judged, strict=False):
            created = _created(terms, link, command, judgement, now)
            events: tuple[e.OrderEvent, ...] = (created,)
            if refusal is not None:
                events = (created, denied_as(created.order_id, refusal, now))
            elif _leaves_at_once(link):
                events = (created, sent_as(created.order_id, now))
            folded = self._fold(None, events, self.sequence + len(updates))
            updates.extend(folded)
            if isinstance(events[-1], e.OrderSubmitted):
                order = folded[0].order
                assert order is not None, "each of these events is of the order"
                requests.append(submit_of(order, order.order_id, now))
        return Outcome(tuple(updates), tuple(requests))

    def _is_known(self, command: SubmitGroup) -> bool:
        """Whether the same group has been submitted before: its orders with their ids, all of them and no others."""
        group = None if command.group_id is None else self.groups.get(command.group_id)
        if group is None:
            return False
        legs = (leg for leg in group.legs if leg.link.replaces is None)
        known = [(leg.order.strategy_id, leg.link, self._terms[leg.order.order_id]) for leg in legs]
        return known == [(command.source, *pair) for pair in zip(command.links, command.orders, strict=True)]

    def _taken(self, command: SubmitGroup) -> str | None:
        if command.group_id is not None and self.groups.get(command.group_id) is not None:
            return f"group_id {command.group_id}"
        for order in command.orders:
            if order.order_id is not None and (order.order_id in self.latest or order.order_id in self._by_client_id):
                return f"order_id {order.order_id}"
        return None

    def _group_refused(self, command: SubmitGroup, reason: Reason, text: str, now: int) -> Outcome:
        """Say so of each order, since somebody may wait for any of them."""
        updates = tuple(
            e.OrderUpdate(
                self.sequence + count,
                e.CommandRefused(
                    time_ns=now,
                    source=SOURCE,
                    order_id=order.order_id or "",
                    strategy_id=command.source,
                    command=SubmitGroup.__name__,
                    reason=reason,
                    text=text,
                ),
                None,
            )
            for count, order in enumerate(command.orders, start=1)
        )
        return Outcome(updates)

    def _follows_another(self, command: ModifyOrder) -> Refusal | None:
        """Refuse a quantity for an order whose quantity is that of others."""
        order = None if command.quantity is None else self.order(command.order_id)
        if order is None or order.link is None or order.is_closed or command.quantity == order.quantity:
            return None
        if order.link.role in _FOLLOWING or order.link.contingency is Contingency.OUO:
            assert command.quantity is not None, "looked at above"
            rule = "follows the other orders of its group"
            return Refusal.of(Reason.CONTINGENT, "quantity", command.quantity, rule)
        return None


def _leaves_at_once(link: Link) -> bool:
    return link.role in {Role.ENTRY, Role.FIRST, Role.LEG}


def _created(terms: SubmitOrder, link: Link, command: SubmitGroup, judgement: Judgement, now: int) -> e.OrderCreated:
    assert terms.order_id is not None, "the edge gives every order an id"
    return e.OrderCreated(
        time_ns=now,
        source=SOURCE,
        order_id=terms.order_id,
        strategy_id=command.source,
        terms=terms,
        link=link,
        judgement=judgement,
    )
