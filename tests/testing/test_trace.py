"""The trace: a digest of all that was delivered, and messages as text that is the same in every process."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum
from typing import Any

import attrs
import pytest
from helpers import NOW, quote

from orderpit import Side
from orderpit.testing import Trace, picture


@attrs.frozen
class Inner:
    word: str = ""
    number: int | None = None


@attrs.frozen
class Outer:
    side: Side
    price: Decimal
    inner: Inner
    among: frozenset[Any] = frozenset()
    several: tuple[Any, ...] = ()


class Colour(Enum):
    RED = 1


class Other:
    """No value of ours."""


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("it's", '"it\'s"'),
        (7, "7"),
        (True, "True"),
        (None, "None"),
        (Decimal("1.500"), "1.5"),
        (Decimal("1E+3"), "1000"),
        (Colour.RED, "RED"),
        ((1, "a", (2,)), "(1, 'a', (2))"),
        (frozenset({"b", "a", "c"}), "{'a', 'b', 'c'}"),
        (Inner(), "Inner()"),
        (Inner("a", 0), "Inner(word='a', number=0)"),
        (
            Outer(Side.BUY, Decimal("1.10"), Inner("x"), frozenset({Side.SELL, Side.BUY}), (Inner(),)),
            "Outer(side=BUY, price=1.1, inner=Inner(word='x'), among={BUY, SELL}, several=(Inner()))",
        ),
        (Other(), "Other"),
        (lambda: 1, "function"),
        ([1, 2], "list"),
    ],
    ids=[
        "text",
        "integer",
        "truth",
        "nothing",
        "decimal",
        "decimal with exponent",
        "member",
        "tuple",
        "set",
        "what says nothing is left out",
        "zero says something",
        "nested",
        "object",
        "function",
        "what is no value",
    ],
)
def test_a_message_is_written_without_addresses_and_in_one_order(value: Any, expected: str) -> None:
    assert picture(value) == expected


def test_the_digest_depends_on_who_was_told_what_and_when_and_in_which_order() -> None:
    def digest(*deliveries: Any) -> str:
        trace = Trace()
        for delivery in deliveries:
            trace(*delivery)
        assert trace.deliveries == len(deliveries)
        return trace.digest()

    one, two = (NOW, "risk", quote()), (NOW, "exchange", quote())
    digests = [
        digest(one, two),
        digest(two, one),
        digest(one),
        digest((NOW + 1, "risk", quote()), two),
        digest((NOW, "risk", quote("98")), two),
        digest(),
    ]
    assert len(set(digests)) == len(digests)
    assert digest(one, two) == digests[0]
    assert len(digests[0]) == 32


def test_many_messages_do_not_mix_up_what_each_looks_like() -> None:
    # More than are remembered, each gone before the next, so that ids in memory come again.
    several = Trace(), Trace()
    for trace in several:
        for number in range(2_000):
            trace(NOW, "actor", Inner(str(number)))
    assert several[0].digest() == several[1].digest()
    swapped = Trace()
    for number in range(2_000):
        swapped(NOW, "actor", Inner(str({1_000: 1_001, 1_001: 1_000}.get(number, number))))
    assert swapped.digest() != several[0].digest()


def test_the_latest_deliveries_are_kept_to_be_read() -> None:
    trace = Trace(kept=2)
    for number in range(5):
        trace(number, "actor", number)
    assert list(trace.latest) == [(3, "actor", 3), (4, "actor", 4)]
    assert trace.deliveries == 5
