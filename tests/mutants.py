"""Bugs of one line, each of which the proofs must catch: a checker that nobody has seen fail proves nothing."""

from __future__ import annotations

from typing import Final

from tests.figures.mutation import Mutant

MUTANTS: Final = (
    # The life of an order.
    Mutant(
        "a fill in a terminal state is dropped",
        "model/lifecycle.py",
        "        return changed(booked, late_fill=True)\n",
        "        return order\n",
    ),
    Mutant(
        "a full fill leaves the order partial",
        "model/lifecycle.py",
        "    if order.filled_quantity >= order.quantity:\n",
        "    if order.filled_quantity > order.quantity:\n",
    ),
    Mutant(
        "the fee of the second fill is forgotten",
        "model/lifecycle.py",
        "        fees_paid=add(order.fees_paid, fill.fee) if counted else order.fees_paid,\n",
        "        fees_paid=fill.fee if counted else order.fees_paid,\n",
    ),
    Mutant(
        "a modification may cut below what has filled",
        "model/lifecycle.py",
        "        quantity=max(quantity, order.filled_quantity),\n",
        "        quantity=quantity,\n",
    ),
    Mutant(
        "an old answer clears a new request",
        "model/lifecycle.py",
        "    if request_id != order.pending_request_id:\n",
        "    if request_id is None:\n",
    ),
    Mutant(
        "a correction adds to what it corrects",
        "model/lifecycle.py",
        "    fills = standing[:at] + by + standing[at + 1 :]\n",
        "    fills = standing + by\n",
    ),
    Mutant(
        "a doubt is never resolved",
        "model/lifecycle.py",
        "    return changed(order, in_doubt=False, venue_filled_quantity=None, until_asked=False)\n",
        "    return order\n",
    ),
    Mutant(
        "whoever closed keeps its pending request",
        "model/lifecycle.py",
        "    return _move(order, target, event, pending=Pending.NONE, closed_ns=event.time_ns, reason=reason, **changes)\n",
        "    return _move(order, target, event, closed_ns=event.time_ns, reason=reason, **changes)\n",
    ),
    # What reports mean.
    Mutant(
        "an execution that comes twice is booked twice",
        "model/reporting.py",
        "    if booked is not None:\n",
        "    if booked is not None and False:\n",
    ),
    Mutant(
        "an overfill raises no alarm",
        "model/reporting.py",
        "    if more > order.remaining_quantity:\n",
        "    if False:\n",
    ),
    Mutant(
        "a fill of an unknown order is dropped",
        "model/blotter.py",
        "        if not isinstance(report, r.VenueFilled):\n            return Outcome(alarms=(alarm,))\n",
        "        if True:\n            return Outcome(alarms=(alarm,))\n",
    ),
    Mutant(
        "executions are not remembered",
        "model/records.py",
        "                    self._executions[order.order_id, event.fill.execution_id] = event.fill\n",
        "                    pass\n",
    ),
    # The stream.
    Mutant(
        "a sequence number is given twice",
        "model/records.py",
        "            self.sequence = update.sequence\n",
        "            self.sequence = max(update.sequence, 2) - (update.sequence == 40)\n",
    ),
    Mutant(
        "a repeated order is sent twice",
        "model/commanding.py",
        "            return Outcome(answers=((command.source, self.latest[order_id]),))\n",
        "            pass\n",
    ),
    Mutant(
        "a fold takes what comes, gap or not",
        "actors/following.py",
        "        if update.sequence > self.followed + 1:\n",
        "        if update.sequence > self.followed + 10**9:\n",
    ),
    Mutant(
        "a fold applies a repetition",
        "actors/following.py",
        "        if update.sequence <= self.followed:\n",
        "        if update.sequence < self.followed:\n",
    ),
    Mutant(
        "the portfolio misses a fold",
        "actors/portfolio.py",
        "            self.follow(message, self._fold)\n",
        "            self.follow(message, self._fold) if message.sequence != 50 else None\n",
    ),
    # Money.
    Mutant(
        "sells are booked as buys",
        "model/booking.py",
        "        flow = negate(notional) if (side is Side.BUY) is not entry.taken_back else notional\n",
        "        flow = negate(notional)\n",
    ),
    Mutant(
        "a bust keeps its fee",
        "model/booking.py",
        "        fee = fill.fee if entry.taken_back else negate(fill.fee)\n",
        "        fee = negate(fill.fee)\n",
    ),
    Mutant(
        "a flip forgets the other side",
        "model/holding.py",
        "        return left if closing == quantity else left.increased(side, subtract(quantity, closing), price)\n",
        "        return left if closing else left.increased(side, subtract(quantity, closing), price)\n",
    ),
    Mutant(
        "profit of a short has the wrong sign",
        "model/holding.py",
        "        profit = subtract(proceeds, released) if self.long else subtract(released, proceeds)\n",
        "        profit = subtract(proceeds, released)\n",
    ),
    Mutant(
        "a bust is not taken out of the position",
        "model/position_book.py",
        "*self.booked[place + 1 :])\n",
        "*self.booked[place:])\n",
    ),
    # Risk.
    Mutant(
        "a closed order stays reserved",
        "model/risk.py",
        "            self._forget(event.order_id)\n",
        "            pass\n",
    ),
    Mutant(
        "what is reserved is not counted",
        "model/funds.py",
        "        return subtract(*self._total_and_locked(currency))\n",
        "        return self._total_and_locked(currency)[0]\n",
    ),
    Mutant(
        "the limit on notional is not applied",
        "model/order_checks.py",
        "            return notional(asked.terms), most\n",
        "            return notional(asked.terms), most * 1000\n",
    ),
    Mutant(
        "a denied order is sent",
        "model/commanding.py",
        "        if refusal is not None:\n            return Outcome(updates=self._fold(None, (created, denied_as",
        "        if refusal is not None and refusal.reason is not Reason.INSUFFICIENT_FUNDS:\n"
        "            return Outcome(updates=self._fold(None, (created, denied_as",
    ),
    Mutant(
        "a halt does not hold",
        "model/gate.py",
        "        if hold is not None and hold.state is TradingState.HALTED:\n",
        "        if hold is not None and hold.state is TradingState.HALTED and not hold.reason:\n",
    ),
    Mutant(
        "exposure is given up when a cancel is asked for",
        "model/risk.py",
        "        if order.is_closed and not order.in_doubt:\n",
        '        if (order.is_closed or order.pending.value == "CANCEL") and not order.in_doubt:\n',
    ),
    Mutant(
        "what has closed in doubt is not counted",
        "model/risk.py",
        "        if order.is_closed and not order.in_doubt:\n",
        "        if order.is_closed:\n",
    ),
    Mutant(
        "a pool counts by its smallest",
        "model/reservation.py",
        "        return subtract(max(others, after), most)\n",
        "        return subtract(min(others, after), most)\n",
    ),
    Mutant(
        "the sum over strategies misses one",
        "model/exposure.py",
        "        self._sums[symbol] = self.sums(symbol).with_other(before, after)\n",
        "        if not strategy_id.endswith('2'):\n"
        "            self._sums[symbol] = self.sums(symbol).with_other(before, after)\n",
    ),
    Mutant(
        "a limit that is reached refuses",
        "model/checking.py",
        "(value < bound if at_least else value > bound)",
        "(value < bound if at_least else value >= bound)",
    ),
    Mutant(
        "a modification that is on its way does not count",
        "model/reservation.py",
        "                quantity=max(terms.quantity, change.quantity or ZERO),\n",
        "                quantity=terms.quantity,\n",
    ),
    Mutant(
        "what is sent once another has filled does not count",
        "model/reservation.py",
        "        if is_unsent and self.link is not None and self.link.is_exit:\n",
        "        if is_unsent and self.link is not None and (self.link.is_exit or self.link.role is Role.THEN):\n",
    ),
    Mutant(
        "orders that only close make no room for others",
        "model/exposure.py",
        "            high = add(subtract(long, max(subtract(short, closing_buys), ZERO)), buys)\n",
        "            high = add(subtract(long, short), buys)\n",
    ),
    Mutant(
        "other limits are not taken over",
        "model/risk.py",
        "        self._checklists.limits = command.limits\n",
        "        pass\n",
    ),
    # The venue.
    Mutant(
        "the venue fills a cancelled order",
        "model/venue_curtailing.py",
        "    memory.put(changed(order, state=OrderState.CANCELLED))\n",
        "    pass\n",
    ),
    Mutant(
        "the venue fills an expired order",
        "model/venue_curtailing.py",
        "    memory.put(changed(order, state=OrderState.EXPIRED))\n",
        "    pass\n",
    ),
    Mutant(
        "an account trades with itself",
        "model/venue_self_trade.py",
        "    return bool(one.account) and one.account == other.account\n",
        "    return False\n",
    ),
    Mutant(
        "an iceberg is shown anew in its old place",
        "model/venue_booking.py",
        '        return {"used": ZERO, "priority": self._memory.next_priority()}\n',
        '        return {"used": ZERO}\n',
    ),
    Mutant(
        "a larger order keeps its place",
        "model/venue_amending.py",
        "            return changed(after, priority=self._memory.next_priority(), crossing=False)\n",
        "            return changed(after, crossing=False)\n",
    ),
    Mutant(
        "a reduce-only order may turn the position",
        "model/venue_position.py",
        "        self._shorten_newest(order)\n",
        "        pass\n",
    ),
    Mutant(
        "an execution touches no other order of its group",
        "model/venue_booking.py",
        "        self._ties.book(order, quantity)\n",
        "        pass\n",
    ),
    Mutant(
        "the venue gives more than is offered",
        "model/venue_taking.py",
        "            quantity = min(quantity, available)\n",
        "            pass\n",
    ),
    Mutant(
        "a limit order fills beyond its price",
        "model/venue_taking.py",
        "            if not order.may_trade_at(offer.price):\n                break\n            if offer.size is None",
        "            if offer.size is None",
    ),
    # Actors.
    Mutant(
        "a handler that raised has sent its messages",
        "actors/actor.py",
        "            discarded, self._outbox = self._outbox, []\n",
        "            discarded = []\n",
    ),
    Mutant(
        "a message set aside is not reported",
        "actors/actor.py",
        '        self._report("set aside", message, error)\n',
        "        pass\n",
    ),
    Mutant(
        "what is missing is not sent again",
        "actors/order_manager.py",
        "            if request.first <= update.sequence <= request.last:\n",
        "            if request.first < update.sequence <= request.last:\n",
    ),
    Mutant(
        "a time-out is not noticed",
        "actors/order_manager.py",
        "        if deadline is not None and not self._timer_set:\n",
        "        if deadline is None and not self._timer_set:\n",
    ),
    Mutant(
        "a message to a closed mailbox is lost",
        "actors/mailbox.py",
        "            self._bury(envelope.message)\n",
        "            pass\n",
    ),
    Mutant(
        "a handled message is counted twice",
        "actors/mailbox.py",
        "        if self._busy:\n            self._busy = False\n            self.handled += 1\n        while True:\n",
        "        if self._busy:\n            self._busy = False\n            self.handled += 1 + (self.handled == 30)\n        while True:\n",
    ),
    Mutant(
        "a strategy is not told of its late fills",
        "actors/order_manager.py",
        "            for owner in self._owners(update):\n                self.send(owner, update)\n",
        "            for owner in () if update.order is not None and update.order.late_fill else self._owners(update):\n"
        "                self.send(owner, update)\n",
    ),
    Mutant(
        "an order is its own list",
        "model/own_orders.py",
        "            self.live[order.order_id] = order\n",
        "            self.live[order.order_id] = order if not order.fills else None\n",
    ),
    # The journal, and what is rebuilt from it.
    Mutant(
        "an order leaves before it is durable",
        "actors/order_manager.py",
        "        self._held.hold(self._blotter.sequence, outcome, self._blotter.gate)\n",
        "        for request in outcome.requests:\n"
        "            self.send(self._exchange, request)\n"
        "        self._held.hold(self._blotter.sequence, changed(outcome, requests=()), self._blotter.gate)\n",
        first="tests/system/test_journal.py",
    ),
    Mutant(
        "what follows from an entry is released one entry too early",
        "actors/outbox.py",
        "self._waiting[0][0] <= durable:\n",
        "self._waiting[0][0] <= durable + 1:\n",
        first="tests/actors/test_journal.py",
    ),
    Mutant(
        "what waited to be written down leaves although trading was halted since",
        "actors/order_manager.py",
        "            self._let_go(self._checked(outcome, decided_in))\n",
        "            self._let_go(outcome)\n",
        first="tests/system/test_journal.py",
    ),
    Mutant(
        "a write that has failed is tried again",
        "actors/journal.py",
        "        self._is_broken = True\n",
        "        self._is_broken = False\n",
    ),
    Mutant(
        "a journal that is full says so to nobody",
        "actors/journal.py",
        "        if self._why_not is None:\n            self._stands(error)\n",
        "        if self._why_not is None:\n",
    ),
    Mutant(
        "a full journal refuses nothing",
        "model/gate.py",
        "        if self.unrecorded is not None:\n",
        "        if self.unrecorded is not None and not self.unrecorded:\n",
    ),
    Mutant(
        "a lost tail is passed over",
        "journal/sqlite.py",
        "        if marked is not None and self._head.sequence < marked.sequence:\n",
        "        if marked is not None and self._head.sequence < 0:\n",
    ),
    Mutant(
        "the chain is not checked",
        "journal/sqlite.py",
        "        if found != digest:\n",
        "        if len(found) != len(digest):\n",
    ),
    Mutant(
        "a row's hash covers none of those before it",
        "journal/chain.py",
        '    return blake2b(b"".join((previous, frame, name, body)), digest_size=_SIZE).digest()\n',
        '    return blake2b(b"".join((frame, name, body)), digest_size=_SIZE).digest()\n',
    ),
    Mutant(
        "the mark is left where it was",
        "journal/sqlite.py",
        "            self._mark.write(head)\n",
        "            pass\n",
    ),
    Mutant(
        "a write that has failed leaves the store open",
        "journal/sqlite.py",
        '        self._close(f"a write has failed: {error}")\n',
        "        pass\n",
    ),
    Mutant(
        "recovery forgets reservations",
        "model/risk.py",
        "                self._commit_orders((event.terms,), (event.link,), event.time_ns, passed=True)\n",
        "                pass\n",
        first="tests/model/test_recovery.py",
    ),
    Mutant(
        "recovery counts a denied order",
        "model/risk.py",
        "            case e.OrderCreated() if not (denied or event.unasked or event.strategy_id == EXTERNAL):\n",
        "            case e.OrderCreated() if not (event.unasked or event.strategy_id == EXTERNAL):\n",
        first="tests/model/test_recovery.py",
    ),
    Mutant(
        "recovery holds nothing for what had no price",
        "model/risk.py",
        "            self._uncosted.add(order_id)\n",
        "            pass\n",
        first="tests/model/test_recovery.py",
    ),
    Mutant(
        "recovery forgets a modification that is on its way",
        "model/risk.py",
        "                self.commit(Approved(command, event.time_ns, SOURCE))\n",
        "                pass\n",
        first="tests/model/test_recovery.py",
    ),
    Mutant(
        "recovery resumes what has tripped",
        "model/clearing.py",
        "            self.gate = told_to(self.gate, update.event)\n",
        "            pass\n",
        first="tests/model/test_recovery.py",
    ),
    Mutant(
        "a rule trips again for what a person has looked at",
        "model/tripping.py",
        "                watch.is_tripped = True\n",
        "                pass\n",
        first="tests/model/test_recovery.py",
    ),
    Mutant(
        "a payment is made again in another life",
        "model/transfers.py",
        "        self._known[fact.transfer_id] = MoveCash(\n",
        '        self._known[f"{fact.transfer_id} "] = MoveCash(\n',
        first="tests/model/test_recovery.py",
    ),
    # Agreeing with the venue again.
    Mutant(
        "orders leave before the venue has answered",
        "model/gate.py",
        "        if not self.reconciling:\n",
        "        if not self.reconciling or self.amends:\n",
    ),
    Mutant(
        "an order that is not in a whole list is left as it is",
        "model/reconciler.py",
        "if order.client_order_id not in self._in_list)\n",
        "if not order.client_order_id)\n",
    ),
    Mutant(
        "a list with holes is taken for a whole one",
        "model/reconciler.py",
        "        if report.orders != len(self._in_list):\n",
        "        if report.orders < 0:\n",
    ),
    Mutant(
        "what is left of a list counts for the next",
        "model/reconciler.py",
        "        self._list, self._in_list = request_id, set()\n",
        "        self._list = request_id\n",
    ),
    Mutant(
        "an answer counts though something was asked since",
        "model/reconciler.py",
        "(order.is_closed or order.strategy_id == EXTERNAL):\n",
        "bool(order.order_id):\n",
    ),
    Mutant(
        "positions that differ by what the venue lacks trip nothing",
        "model/comparing.py",
        "        if theirs != ours:\n",
        "        if theirs > ours:\n",
    ),
    Mutant(
        "whatever is recorded makes the venue tell less",
        "model/reconciler.py",
        "            self._agreed_ns = min(self._agreed_ns, event.time_ns)\n",
        "            self._agreed_ns = max(self._agreed_ns, event.time_ns)\n",
    ),
    Mutant(
        "orders of ours are cancelled as nobody's",
        "model/reconciler.py",
        "            if order.strategy_id == EXTERNAL and is_at_venue(order)",
        "            if is_at_venue(order)",
    ),
)
