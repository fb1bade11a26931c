"""How a frozen value becomes another one."""

from __future__ import annotations

import attrs
import pytest
from builders import S, order_in

from orderpit.model.order import Order
from orderpit.model.values import changed


@attrs.frozen
class Single:
    only: int


@attrs.frozen(weakref_slot=False)
class Light:
    first: int
    second: str = ""

    @property
    def both(self) -> str:
        return f"{self.first}{self.second}"


@attrs.frozen(weakref_slot=False)
class Derived(Light):
    third: int = 3


def test_a_changed_copy_differs_in_the_named_fields_alone():
    order = order_in(S.OPEN)
    assert changed(order, tag="other") == attrs.evolve(order, tag="other")
    assert order.tag == ""


@pytest.mark.parametrize(
    ("value", "changes"),
    [
        (Single(1), {"only": 2}),
        (Light(1, "a"), {"second": "b"}),
        (Derived(1, "a"), {"second": "b", "third": 4}),
        (Derived(1, "a"), {}),
        (order_in(S.OPEN), {"quantity": 7, "tag": "x"}),
    ],
    ids=["one field", "no weak references", "derived", "nothing changed", "an order"],
)
def test_a_changed_copy_is_of_the_same_class_and_as_frozen(value, changes):
    copy = changed(value, **changes)
    assert type(copy) is type(value)
    assert copy is not value
    assert {name: getattr(copy, name) for name in changes} == changes
    assert copy == attrs.evolve(value, **changes)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        setattr(copy, attrs.fields(type(copy))[0].name, 5)
    assert changed(copy) == copy


def test_a_changed_copy_has_the_methods_of_its_class():
    assert changed(Light(1, "a"), first=2).both == "2a"


def test_a_changed_copy_is_not_checked_again():
    order = order_in(S.OPEN)
    assert changed(order, quantity="not a number").quantity == "not a number"


@pytest.mark.parametrize("value", [Single(1), Light(1)], ids=["weak references", "none"])
@pytest.mark.parametrize("name", ["colour", "both"])
def test_a_field_that_does_not_exist_is_named(value, name):
    with pytest.raises(TypeError, match=f"{type(value).__name__} has no field {name}"):
        changed(value, **{name: 2})


def test_an_unknown_field_beside_a_known_one_is_named():
    with pytest.raises(TypeError, match="Order has no field colour"):
        changed(order_in(S.OPEN), tag="x", colour=2)


def test_orders_are_copied_the_fast_way():
    assert not hasattr(Order, "__weakref__")
