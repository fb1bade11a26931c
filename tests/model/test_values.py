"""How a frozen value becomes another one."""

from __future__ import annotations

import attrs
import pytest
from builders import S, order_in

from orderpit.model.values import changed


def test_a_changed_copy_differs_in_the_named_fields_alone():
    order = order_in(S.OPEN)
    assert changed(order, tag="other") == attrs.evolve(order, tag="other")
    assert order.tag == ""


def test_a_changed_copy_is_not_checked_again():
    order = order_in(S.OPEN)
    assert changed(order, quantity="not a number").quantity == "not a number"


def test_a_value_of_one_field_can_be_changed():
    @attrs.frozen
    class Single:
        only: int

    assert changed(Single(1), only=2) == Single(2)


def test_a_field_that_does_not_exist_is_named():
    with pytest.raises(TypeError, match="Order has no field colour"):
        changed(order_in(S.OPEN), tag="x", colour=2)
