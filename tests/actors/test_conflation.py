"""Quotes for a reader that has fallen behind."""

from __future__ import annotations

import threading
from queue import SimpleQueue

from helpers import BOUND, quote

from orderpit.actors.conflation import NewestQuote, QuoteSlots


def test_the_first_quote_of_a_symbol_needs_a_marker_and_the_next_ones_do_not() -> None:
    slots = QuoteSlots()
    assert slots.put(quote("1")) == NewestQuote("BTC/USDT")
    assert slots.put(quote("2")) is None
    assert slots.put(quote("1", symbol="ETH/USDT")) == NewestQuote("ETH/USDT")


def test_a_marker_brings_the_newest_quote_once() -> None:
    slots = QuoteSlots()
    marker = slots.put(quote("1"))
    slots.put(quote("2"))
    assert marker is not None
    assert slots.take(marker) == quote("2")
    assert slots.take(marker) is None
    assert slots.conflated == 1


def test_a_quote_after_its_marker_was_taken_needs_a_new_marker() -> None:
    slots = QuoteSlots()
    marker = slots.put(quote("1"))
    assert marker is not None
    slots.take(marker)
    assert slots.put(quote("2")) == marker


def test_no_newest_quote_stays_behind_between_a_writer_and_a_reader(eager_switching: None) -> None:
    for _ in range(20):
        slots, markers = QuoteSlots(), SimpleQueue[NewestQuote | None]()
        quotes = [quote(str(number), "10000") for number in range(1, 300)]
        seen = []

        def read(slots: QuoteSlots = slots, markers: SimpleQueue[NewestQuote | None] = markers, seen=seen) -> None:
            while (marker := markers.get(timeout=BOUND)) is not None:
                taken = slots.take(marker)
                if taken is not None:
                    seen.append(taken)

        reader = threading.Thread(target=read)
        reader.start()
        for item in quotes:
            marker = slots.put(item)
            if marker is not None:
                markers.put(marker)
        markers.put(None)
        reader.join(BOUND)
        assert seen[-1] == quotes[-1]
        assert [item.bid for item in seen] == sorted({item.bid for item in seen})
