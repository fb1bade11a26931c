"""Which texts are taken at the boundary."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderpit.model.errors import InvalidValue
from orderpit.model.text import free_text, identifier


@pytest.mark.parametrize("text", ["a", "BTC/USDT", "run-1.strategy:7_x", "a" * 64])
def test_an_identifier_is_taken_as_it_is(text):
    assert identifier("order_id", text) is text


@pytest.mark.parametrize("text", ["", "Grid, level 3: é, 日本", "{0} %s <b>", "a" * 256, "🙂"])
def test_a_remark_is_taken_as_it_is(text):
    assert free_text("tag", text) is text


@pytest.mark.fault(39)
@given(st.text())
def test_a_text_is_taken_when_it_fits_one_printable_line_and_refused_otherwise(text):
    for take, fits in (
        (identifier, text.isascii() and 1 <= len(text) <= 64 and all(c.isalnum() or c in "._:/-" for c in text)),
        (free_text, text.isprintable() and len(text) <= 256),
    ):
        try:
            assert take("field", text) is text
        except InvalidValue:
            assert not fits
        else:
            assert fits
