"""How orders, events, statistics, positions and the audit are shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import cast

from ..model import events as e
from ..model.account_events import CashMoved, TradingStateChanged
from ..model.commands import SubmitOrder
from ..model.instructions import Instructions
from ..model.instrument import Instrument
from ..model.kinds import Contingency, Reason, Role, TimeInForce, TrailingType
from ..model.numbers import ZERO, magnitude, plain, to_places
from ..model.order import Order
from ._errors import printable
from ._kept import Kept
from ._outcome import SHOWN_TROUBLES, Flooded, Outcome, net
from ._output import Output, counted, signed
from ._tallies import Tally

_SHOWN_ORDERS = 20
_MORE = ("group", "asked")
_NS = 1_000_000_000
_SHOWN_APART = frozenset({"traded", "unprotected_ns", "unprotected_ns_max"})
_ROLES = {
    Role.ENTRY: "entry",
    Role.PROFIT_TARGET: "target",
    Role.STOP_LOSS: "stop",
    Role.FIRST: "first",
    Role.THEN: "then",
}
_UNITS = {TrailingType.AMOUNT: "", TrailingType.PERCENT: "per cent", TrailingType.TICKS: "ticks"}


def show_updates(out: Output, updates: Iterable[e.OrderUpdate], instruments: Mapping[str, Instrument]) -> None:
    """Show events as they came: number, what, of which order, and the state after it."""
    rows = [
        (
            str(update.sequence),
            type(update.event).__name__,
            update.event.order_id,
            detail(update, instruments),
            "" if update.order is None else update.order.state.value,
        )
        for update in updates
    ]
    out.table((">#", "event", "order", "what", "state"), rows)


def detail(update: e.OrderUpdate, instruments: Mapping[str, Instrument]) -> str:
    """Say what an event tells beyond its name."""
    match update.event:
        case e.OrderCreated(terms=terms):
            return terms_of(terms, instruments.get(terms.symbol))
        case e.OrderFilled(fill=fill):
            order = update.order
            side = "" if order is None else f"{order.side.value} "
            price = priced(fill.price, None if order is None else instruments.get(order.symbol))
            role = f" as {fill.liquidity.value.lower()}" if fill.liquidity else ""
            return f"{side}{plain(fill.quantity)} @ {price}, fee {money(fill.fee)} {fill.fee_currency}{role}"
        case e.OrderDenied() | e.OrderRejected() | e.CommandRefused() | e.CancelRejected() | e.ModifyRejected():
            return f"{update.event.reason.value}: {update.event.text}"
        case e.ModifyRequested() | e.OrderModified():
            return _new_terms(update.event)
        case e.OrderCancelled(reason=reason) | e.OrderExpired(reason=reason):
            return "as requested" if reason is Reason.REQUESTED else reason.value
        case e.OrderInDoubt(reason=reason, text=text):
            return f"{reason.value}: {text}"
        case CashMoved(amount=amount, currency=currency):
            return f"{'in' if amount > ZERO else 'out'} {plain(magnitude(amount))} {currency}"
        case TradingStateChanged(before=before, state=state, trip=trip, text=text):
            return f"{before.value} to {state.value}, {trip.value}: {text}"
        case _:
            return ""


def _new_terms(event: e.ModifyRequested | e.OrderModified) -> str:
    new = {"price": event.price, "quantity": event.quantity, "stop price": event.stop_price}
    words = [f"{name} {plain(value)}" for name, value in new.items() if value is not None]
    if event.expire_time_ns is not None:
        words.append(f"until {moment(event.expire_time_ns)}")
    return ", ".join(words)


def terms_of(terms: SubmitOrder, instrument: Instrument | None) -> str:
    """Write what was asked for."""
    prices = {"@": terms.price, "stop": terms.stop_price, "from": terms.activation_price}
    words = _trail(terms.instructions)
    words += [f"{word} {priced(price, instrument)}" for word, price in prices.items() if price is not None]
    if terms.time_in_force is not TimeInForce.GTC:
        words.append(terms.time_in_force.value)
    if terms.expire_time_ns is not None:
        words.append(moment(terms.expire_time_ns))
    words += _instructed(terms.instructions)
    return " ".join([terms.side.value, plain(terms.quantity), terms.symbol, terms.order_type.value, *words])


def show_orders(out: Output, outcome: Outcome) -> None:
    """Show orders with their state, and how much of each has filled at what price."""
    orders, instruments = outcome.orders, outcome.instruments
    if not orders:
        return
    out.heading("All orders" if len(orders) <= _SHOWN_ORDERS else f"The last {_SHOWN_ORDERS} of {len(orders)} orders")
    shown = orders[-_SHOWN_ORDERS:]
    columns = {
        "order": [order.order_id for order in shown],
        "group": [_place_in_group(order) for order in shown],
        "side": [order.side.value for order in shown],
        ">quantity": [plain(order.quantity) for order in shown],
        "symbol": [order.symbol for order in shown],
        "type": [order.order_type.value for order in shown],
        ">price": [at(order, instruments) for order in shown],
        "asked": [", ".join(_asked_besides(order)) for order in shown],
        ">average": [
            averaged(order.average_fill_price, instruments.get(order.symbol)) if order.filled_quantity else ""
            for order in shown
        ],
        "state": [order.state.value for order in shown],
        ">filled": [f"{to_places(order.fill_percentage, 1)}%" for order in shown],
    }
    # A terminal is narrow: what is empty for all is left out; otherwise a symbol that is the same for all makes room.
    idle = {name for name in _MORE if not any(columns[name])}
    if len(idle) < len(_MORE) and len(set(columns["symbol"])) == 1:
        idle.add("symbol")
    kept = {name: cells for name, cells in columns.items() if name not in idle}
    out.table(tuple(kept), list(zip(*kept.values(), strict=True)))


def _place_in_group(order: Order) -> str:
    """Say what an order is in its group; of a group the ids follow each other, as long as nothing stands in."""
    return "" if order.link is None else _ROLES.get(order.link.role, order.link.contingency.value)


def _asked_besides(order: Order) -> list[str]:
    """Write what an order was told besides its type and price; nothing of one that just works until it is cancelled."""
    lasts = order.time_in_force
    lasting = [] if lasts is TimeInForce.GTC else [lasts.value]
    return [*_trail(order.instructions), *lasting, *_instructed(order.instructions)]


def _trail(asked: Instructions) -> list[str]:
    if asked.trailing_offset is None:
        return []
    return [f"by {plain(asked.trailing_offset)} {_UNITS[asked.trailing_type]}".rstrip()]


def _instructed(asked: Instructions) -> list[str]:
    words = [word for word, given in (("post only", asked.post_only), ("reduce only", asked.reduce_only)) if given]
    if asked.display_quantity is not None:
        words.append(f"showing {plain(asked.display_quantity)}")
    return words


def at(order: Order, instruments: Mapping[str, Instrument]) -> str:
    """Return an order's limit, else its trigger, else nothing."""
    price = order.stop_price if order.price is None else order.price
    return "" if price is None else priced(price, instruments.get(order.symbol))


def priced(price: Decimal, instrument: Instrument | None) -> str:
    """Write a price with as many places as the instrument's increment has, or more where it has more itself."""
    text = plain(price)
    places = 0 if instrument is None else _places(plain(instrument.price_increment))
    return text if _places(text) >= places else to_places(price, places)


def averaged(price: Decimal, instrument: Instrument | None) -> str:
    """Write an average price, rounded to the places of the instrument's increment, and to two at least."""
    if instrument is None:
        return money(price)
    return to_places(price, max(_places(plain(instrument.price_increment)), 2))


def _places(text: str) -> int:
    return len(text.partition(".")[2])


def show_stats(out: Output, outcome: Outcome) -> None:
    """Show the notebook's statistics under the notebook's names."""
    out.heading("Final OMS statistics")
    rows = [(key, _counted(value)) for key, value in outcome.stats.items() if key not in _SHOWN_APART]
    out.table(("statistic", "value"), rows)
    for word, tallies in (("rejected", outcome.rejected), ("refused", outcome.refused)):
        if tallies:
            reasons = "; ".join(_reason(reason, tally) for reason, tally in tallies.items())
            out.line(f"{word}: {sum(tally.count for tally in tallies.values()):,} ({printable(reasons)})")
    _show_protection(out, outcome)


def _show_protection(out: Output, outcome: Outcome) -> None:
    """Show for how long what brackets had open was not covered by a working stop."""
    links = (order.link for order in outcome.orders)
    brackets = {link.group_id for link in links if link is not None and link.contingency is Contingency.BRACKET}
    if brackets:
        total, longest = (_milliseconds(outcome.stats[key]) for key in ("unprotected_ns", "unprotected_ns_max"))
        count = counted(len(brackets), "bracket")
        alarms = f", {counted(outcome.unprotected, 'alarm')}" if outcome.unprotected else ""
        out.line(f"Protection: {count}, without a working stop for {total} in all, for {longest} at worst{alarms}")


def _milliseconds(time_ns: int) -> str:
    return f"{time_ns / _NS * 1_000:,.3f} ms"


def _reason(reason: str, tally: Tally) -> str:
    return f"{reason} {tally.count:,}: {tally.example}" if tally.example else f"{reason} {tally.count:,}"


def _counted(value: object) -> str:
    match value:
        case dict():
            counts = cast("dict[str, int]", value)
            return ", ".join(f"{state} {count}" for state, count in counts.items() if count) or "none"
        case list():
            return ", ".join(cast("list[str]", value)) or "none"
        case _:
            return str(value)


def show_traded(out: Output, outcome: Outcome) -> None:
    """Show what was executed as maker and as taker, by symbol; nothing where nothing was."""
    rows = [
        (
            symbol,
            name,
            str(part["fills"]),
            part["quantity"],
            averaged(Decimal(part["average_price"]), outcome.instruments.get(symbol)),
            money(Decimal(part["notional"])),
            ", ".join(f"{money(Decimal(fee))} {currency}" for currency, fee in part["fees"].items()),
        )
        for symbol, parts in outcome.stats.get("traded", {}).items()
        for name, part in parts.items()
        if part["fills"]
    ]
    if rows:
        out.heading("Traded as maker and taker")
        out.table(("symbol", "as", ">fills", ">quantity", ">average", ">notional", ">fees"), rows)


def show_portfolio(out: Output, outcome: Outcome) -> None:
    """Show positions and money."""
    book = outcome.portfolio
    out.heading("Positions and profit")
    positions = [
        (
            position.symbol,
            plain(position.quantity),
            averaged(position.average_price, outcome.instruments.get(position.symbol)),
            "" if position.mark is None else priced(position.mark, outcome.instruments.get(position.symbol)),
            profit(position.realised_pnl),
            profit(position.unrealised_pnl),
        )
        for position in book.positions.values()
    ]
    out.table(("symbol", ">quantity", ">average", ">mark", ">realised", ">unrealised"), positions)
    if not positions:
        out.line("no positions")
    out.line("")
    gains = net(book)
    rows = [
        (
            currency,
            *(money(amounts.get(currency, ZERO)) for amounts in (book.cash, book.equity)),
            *(profit(amounts.get(currency, ZERO)) for amounts in (book.realised_pnl, book.unrealised_pnl)),
            money(book.fees.get(currency, ZERO)),
            profit(gain),
        )
        for currency, gain in gains.items()
    ]
    out.table(("currency", ">cash", ">equity", ">realised", ">unrealised", ">fees", ">net"), rows)
    for currency, amount in book.rounding.items():
        if amount:
            out.line(f"Rounding of what is booked: {profit(amount)} {currency}, in cash and equity alone")


def show_flood(out: Output, flooded: Flooded) -> None:
    """Show how fast orders went, what was commanded, and how deep each mailbox was."""
    out.heading("Mailboxes")
    rows = [(box.actor, f"{box.handled:,}", f"{box.high:,}") for box in flooded.mailboxes]
    out.table(("actor", ">messages", ">most waiting"), rows)
    out.line("")
    out.line(f"Orders: {flooded.orders:,}, {flooded.orders_per_second:,.0f} a second")
    out.line(f"Commands beside them: {flooded.modified:,} to modify, {flooded.cancelled:,} to cancel")
    out.line(f"Submissions refused at the edge, since too many were in flight: {flooded.held_back:,}")
    if flooded.faults:
        out.line("Faults injected: " + _counts(flooded.faults))
        out.line("Alarms that they raised: " + _counts(flooded.alarms))
    if flooded.stalled:
        out.line("Given up: nothing moved any more")


def _counts(of: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in of.items()) or "none"


def show_end(out: Output, outcome: Outcome) -> None:
    """Show the data, the time it took, and whether the books are right."""
    data, report, troubles = outcome.data, outcome.audit, outcome.troubles
    out.line("")
    out.line(f"Total events processed: {outcome.stats.get('total_events', 0)}")
    pace = f", {data.records / outcome.seconds:,.0f} a second" if outcome.seconds > 0 else ""
    out.line(
        f"Data: {counted(data.records, 'record')} of {', '.join(data.symbols) or 'nothing'}"
        f" in {outcome.seconds:.2f} s{pace}"
    )
    if data.first_time_ns is not None and data.last_time_ns is not None:
        out.line(f"      {moment(data.first_time_ns)} to {moment(data.last_time_ns)}")
    if data.skipped:
        out.line(f"Rows skipped because they could not be read: {data.skipped:,}")
    for note in data.notes:
        out.line(f"  {printable(note)}")
    if outcome.journal is not None:
        show_journal(out, outcome.journal)
    if report.is_clean:
        out.line(f"Audit: clean, {counted(report.checks, 'check')}")
    else:
        out.line(f"Audit: {counted(len(report.violations), 'violation')} in {counted(report.checks, 'check')}")
        for violation in report.violations[:SHOWN_TROUBLES]:
            out.line(f"  {printable(violation)}")
    alarm_count = outcome.failures_told
    if troubles.problem_count or alarm_count:
        problems, alarms = counted(troubles.problem_count, "problem"), counted(alarm_count, "alarm")
        out.line(f"Failures inside: {problems}, {alarms}")
        for line in outcome.trouble_lines():
            out.line(f"  {printable(line)}")
    if not outcome.orderly:
        out.line("Not everything came to an orderly end in time")


def show_journal(out: Output, kept: Kept) -> None:
    """Show how much the journal has, and what it has spared the session."""
    earlier = f", {kept.earlier:,} of them from before this session" if kept.earlier else ""
    out.line(f"Journal: {counted(kept.entries, 'entry', 'entries')} in {printable(kept.path)}{earlier}")
    if kept.passed_over:
        out.line(f"Records passed over, since they are no later than it: {kept.passed_over:,}")


def money(amount: Decimal) -> str:
    """Write an amount with at most two places where it is large, and with those that matter where it is small."""
    rounded = to_places(amount, 2)
    return rounded if rounded.strip("-0.") or not amount else to_places(amount, 8)


def profit(amount: Decimal) -> str:
    """Write a gain with its sign."""
    return signed(amount, money(amount))


def moment(time_ns: int) -> str:
    """Write a time for people, to the second."""
    return datetime.fromtimestamp(time_ns // _NS, tz=UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
