"""Folds as bytes and back: the same objects in the same places, and nothing that was not written."""

from __future__ import annotations

from collections import deque
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import attrs
import msgspec
import pytest
from builders import event, fill, terms

from orderpit.journal.memento import read, written
from orderpit.model import events as e
from orderpit.model.chain import Chain
from orderpit.model.checking import Scope
from orderpit.model.instrument import Instrument
from orderpit.model.kinds import Reason, Side
from orderpit.model.own_orders import OwnOrders
from orderpit.model.stories import Stories


def holding(**attributes: Any) -> OwnOrders:
    """Return an object of ours that has these attributes and no others."""
    found = OwnOrders.__new__(OwnOrders)
    vars(found).update(attributes)
    return found


NEXT_ID = "orderpit.model.own_orders:OwnOrders.next_id"


def again(root: Any) -> Any:
    parts, functions = written(root)
    return read(parts, functions)


@pytest.mark.parametrize(
    "value",
    [
        *("", "text", "\u0663\x00", 0, -1, 10**18, True, False, None, Decimal("1.50"), Decimal("-0"), Decimal("1E+9")),
        *(Side.BUY, Reason.HALTED, (), (1,), (1, "a", None), ((), ((1,), (Decimal(2),))), frozenset()),
        *(Scope("maker"), {Scope("a", "b"): (Scope(), 1)}, (Scope("a"),)),
        *(frozenset({1, 2}), frozenset({("a", Side.BUY)})),
        *([], [1, [2, [3]]], {}, {"a": {1: (2,)}}, {("a", None): 1}, set(), {"b"}),
        *(deque(), deque([1, 2], maxlen=3), MappingProxyType({"a": [1]}), terms(), Chain.of((1, 2, 3))),
        event(e.OrderFilled, fill=fill("x-1", "3")),
    ],
    ids=repr,
)
def test_a_value_is_what_it_was(value: Any) -> None:
    found = vars(again(holding(value=value)))["value"]
    assert (found, type(found), repr(found)) == (value, type(value), repr(value))


def test_a_deque_keeps_how_much_it_takes() -> None:
    found = vars(again(holding(short=deque(maxlen=2), long=deque())))
    assert (found["short"].maxlen, found["long"].maxlen) == (2, None)


def test_numbers_that_are_equal_and_written_in_another_way_stay_apart() -> None:
    found = vars(again(holding(values=[Decimal("1.0"), Decimal("1.00"), 1, True, Decimal(1)])))["values"]
    assert list(map(repr, found)) == ["Decimal('1.0')", "Decimal('1.00')", "1", "True", "Decimal('1')"]


def test_what_is_shared_is_shared_and_what_is_not_is_not() -> None:
    inner: list[Any] = []
    found = vars(again(holding(one=inner, same=inner, pair=(inner, inner), other=[])))
    assert found["one"] is found["same"] is found["pair"][0] is found["pair"][1]
    assert found["other"] is not found["one"]
    found["one"].append(1)
    assert found["other"] == []


def test_what_refers_to_itself_is_no_obstacle() -> None:
    root = holding(children=[])
    vars(root)["children"] += [root, {"parent": root}, (root,)]
    found = again(root)
    (child, by_name, (third,)) = vars(found)["children"]
    assert child is by_name["parent"] is third is found


def test_objects_of_one_class_may_have_different_attributes() -> None:
    found = vars(again(holding(some=[holding(a=1), holding(b=2), holding(a=3)])))["some"]
    assert [vars(one) for one in found] == [{"a": 1}, {"b": 2}, {"a": 3}]


def test_a_frozen_object_among_keys_is_found_again() -> None:
    btc = Instrument("BTC/USDT", price_increment="0.01", quantity_increment="0.001")
    found = vars(again(holding(counts={btc: 1}, seen={btc})))
    assert found["counts"][btc] == 1
    assert btc in found["seen"]


def test_the_same_is_written_alike_whatever_the_order_of_sets() -> None:
    names = [f"o-{number}" for number in range(100)]
    assert written(holding(seen=set(names)))[0] == written(holding(seen=set(dict.fromkeys(reversed(names)))))[0]


def test_functions_are_those_that_are_meant() -> None:
    parts, functions = written(holding(next_id=lambda: "old"), {NEXT_ID})
    assert list(functions) == [NEXT_ID]
    assert vars(read(parts, dict.fromkeys(functions, lambda: "new")))["next_id"]() == "new"
    unknown = read(parts, {})
    with pytest.raises(RuntimeError, match=r"OwnOrders\.next_id is not known here"):
        vars(unknown)["next_id"]()
    assert written(unknown, {NEXT_ID})[0] == parts, "one that is not known is written as any"


def test_two_functions_in_one_place_are_refused() -> None:
    with pytest.raises(TypeError, match=r"OwnOrders\.next_id cannot be written: two functions are there"):
        written(holding(one=holding(next_id=lambda: "a"), other=holding(next_id=lambda: "b")), {NEXT_ID})


def test_a_method_is_that_of_the_object_that_was_written_with_it() -> None:
    story = Stories(3)
    found = vars(again(holding(story=story, call=story.on_update, calls={"a": (story.on_update,)})))
    assert found["story"] is not story
    assert found["call"].__self__ is found["calls"]["a"][0].__self__ is found["story"]
    assert found["call"].__func__ is Stories.on_update


@attrs.frozen
class Elsewhere:
    """A value that is not of the package."""


@pytest.mark.parametrize(
    "value", [Elsewhere(), 1.5, b"bytes", ValueError("x"), object(), Elsewhere, len, repr], ids=repr
)
def test_what_cannot_be_written_is_refused_with_where_it_is(value: Any) -> None:
    with pytest.raises(TypeError, match=r"OwnOrders\.value cannot be written"):
        written(holding(value=value))


def test_reading_runs_no_code_of_the_class(monkeypatch: pytest.MonkeyPatch) -> None:
    order = terms()
    parts, functions = written(holding(order=order, stories=Stories(3)))
    monkeypatch.setattr(type(order), "__init__", lambda *_: 1 / 0)
    monkeypatch.setattr(Stories, "__init__", lambda *_: 1 / 0)
    assert vars(read(parts, functions))["order"] == order


def shapes(*changes: tuple[int, Any]) -> list[bytes]:
    parts = written(holding(side=Side.BUY, some=[1]))[0]
    found = msgspec.msgpack.decode(parts[0])
    for place, change in changes:
        found[0][place] = change
    return [msgspec.msgpack.encode(found), *parts[1:]]


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [b""],
        [b"\xc1"],
        shapes()[:-1],
        [*shapes(), b""],
        shapes((1, "os:PathLike")),
        shapes((1, "orderpit.nowhere:Nothing")),
        shapes((1, "orderpit.model.own_orders:Nothing")),
        shapes((1, "orderpit.model.own_orders:__name__")),
        shapes((2, ["__class__", "some"])),
    ],
    ids=["none", "empty", "garbage", "one less", "one more", "foreign", "no module", "no class", "no type", "dunder"],
)
def test_what_was_not_written_so_is_refused(parts: list[bytes]) -> None:
    with pytest.raises(ValueError, match="was not written by this program"):
        read(parts, {})
