"""Every reason code is said by a whole system, with the rule and the numbers in its text."""

from __future__ import annotations

import re

import pytest
from helpers import limit
from provocations import OURS, PROVOCATIONS, Provocation, running

from orderpit import OrderState, Reason
from orderpit.model import events as e

_BY_US = e.OrderDenied | e.CommandRefused
_BY_THE_VENUE = e.OrderRejected | e.CancelRejected | e.ModifyRejected | e.OrderExpired
WITH_NUMBERS = frozenset(
    {
        Reason.PRICE_INCREMENT,
        Reason.QUANTITY_INCREMENT,
        Reason.MIN_QUANTITY,
        Reason.MAX_QUANTITY,
        Reason.MIN_NOTIONAL,
        Reason.MAX_NOTIONAL,
        Reason.DISPLAY_QUANTITY,
        Reason.EXPIRE_TIME,
        Reason.PRICE_BAND,
        Reason.INSUFFICIENT_MARGIN,
        Reason.MAX_LEVERAGE,
        Reason.MAX_LONG,
        Reason.MAX_SHORT,
        Reason.MAX_GROSS,
        Reason.MAX_EXPOSURE,
        Reason.MAX_ORDER_QUANTITY,
        Reason.MAX_ORDER_NOTIONAL,
        Reason.INSUFFICIENT_FUNDS,
        Reason.PRICE_COLLAR,
        Reason.STALE_DATA,
        Reason.OUTSIDE_HOURS,
        Reason.MAX_OPEN_ORDERS,
        Reason.ORDER_RATE,
        Reason.MODIFY_RATE,
        Reason.CANCEL_RATE,
        Reason.REQUEST_RATE,
        Reason.DUPLICATE_ORDER,
        Reason.SELF_CROSSING,
        Reason.MAX_DAILY_LOSS,
        Reason.MAX_DRAWDOWN,
        Reason.MAX_CONSECUTIVE_LOSSES,
        Reason.MAX_REJECT_RATE,
        Reason.STOP_PRICE,
    }
)
"""Those that compare a value with a limit: the text has both."""


@pytest.mark.parametrize("reason", Reason, ids=lambda reason: reason.value)
def test_every_code_is_said_by_a_whole_system(reason: Reason) -> None:
    provocation = PROVOCATIONS[reason]
    update = provocation.said(reason)
    assert getattr(update.event, "reason", None) is reason
    # What was kept back has been sent so far as is recorded, and ends as if it had been refused there.
    if isinstance(update.event, _BY_US | _BY_THE_VENUE) and reason is not Reason.WITHHELD:
        assert (provocation.by in OURS) is isinstance(update.event, _BY_US)
    if isinstance(update.event, e.OrderDenied | e.OrderRejected):
        assert update.order is not None
        assert (update.order.state, update.order.reason) == (OrderState.REJECTED, reason)
        assert update.order.reason_text == update.event.text
        assert update.event.text
    if isinstance(update.event, e.CommandRefused):
        assert update.order is None
        assert update.event.text


@pytest.mark.parametrize(
    "reason", sorted(WITH_NUMBERS, key=lambda reason: reason.value), ids=lambda reason: reason.value
)
def test_what_compares_a_value_with_a_limit_names_the_field_and_both_numbers(reason: Reason) -> None:
    text = getattr(PROVOCATIONS[reason].said(reason).event, "text", "")
    assert re.match(r"[a-z_ ]+ [0-9.]+: must .*[0-9]", text), text


def test_a_code_that_is_not_said_is_found() -> None:
    never = Provocation("risk", "", lambda: running(limit()))
    with pytest.raises(LookupError, match="HALTED was not said"):
        never.said(Reason.HALTED)


def test_no_code_is_left_without_something_that_provokes_it() -> None:
    assert list(Reason) == sorted(PROVOCATIONS, key=list(Reason).index)
