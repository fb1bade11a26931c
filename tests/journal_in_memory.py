"""A journal that a run on one thread has written, kept in memory: for tests of what reads it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path

from orderpit import Instrument, OrderType, Quote, Side, SimulatedExchange, SubmitOrder, TradingSystem
from orderpit.journal.codec import Codec
from orderpit.journal.memory import MemoryStore
from orderpit.journal.sqlite import open_store
from orderpit.journal.store import Row
from orderpit.journal.terms import JournalTerms, encode_terms
from orderpit.model.events import OrderUpdate

BTC = Instrument("BTC/USDT", price_increment="0.01", quantity_increment="0.001")
TERMS = JournalTerms(instruments=(BTC,), cash=(("USDT", Decimal(100_000)),), currency="USDT", package="0")


class InMemory(MemoryStore):
    """One that holds any rows, whatever is wrong with them, and knows what was read of it."""

    def __init__(self, rows: Iterable[Row] = (), terms: JournalTerms = TERMS) -> None:
        super().__init__()
        self.begin(encode_terms(terms))
        self.rows = list(rows)
        self.reads: list[tuple[int, int]] = []

    def read(self, first: int = 1, last: int | None = None) -> Iterator[Row]:
        self.reads.append((first, len(self.rows) if last is None else last))
        return super().read(first, last)


def run(orders: int = 12) -> tuple[tuple[OrderUpdate, ...], TradingSystem]:
    """Trade for a while: orders of several kinds, a bracket, a deposit, refusals, a halt; return all updates."""
    system = TradingSystem(
        [BTC],
        exchange=SimulatedExchange(seed=3),
        cash={"USDT": 100_000},
        runtime="stepped",
        run_id="t",
        history=100_000,
    )
    with system:
        for number in range(orders):
            price = 100 + number % 7
            system.publish(Quote("BTC/USDT", bid=price, ask=price + 1, bid_size=3, ask_size=3))
            side = Side.BUY if number % 3 else Side.SELL
            system.submit(SubmitOrder("BTC/USDT", side, OrderType.MARKET, "1.5", tag="=1+1"))
            far = system.submit(SubmitOrder("BTC/USDT", Side.BUY, OrderType.LIMIT, "2", price="50"))
            if number % 2:
                system.cancel(far)
            if number == 1:
                system.submit(SubmitOrder("BTC/USDT", Side.BUY, OrderType.LIMIT, "2", price="50.001"))
                system.deposit("USDT", 500)
                entry = SubmitOrder("BTC/USDT", Side.BUY, OrderType.MARKET, "1")
                system.bracket(entry, profit_target="150", stop_loss="60")
        system.halt("enough")
    return system.history(), system


def journal_of(updates: Iterable[OrderUpdate]) -> InMemory:
    """Write updates down."""
    codec = Codec()
    return InMemory([codec.encode(update.sequence, update.event) for update in updates])


def file_of(store: InMemory, path: Path) -> str:
    """Write a journal into a file, and return its path."""
    written = open_store(str(path), terms=store.terms)
    written.append(store.rows)
    written.close()
    return str(path)
