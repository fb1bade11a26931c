"""Errors are frozen values whose message is built from their fields, and fit to be shown."""

from __future__ import annotations

import contextlib
import copy
import pickle

import pytest

from orderpit.model import errors
from orderpit.model.errors import (
    BlockingCall,
    IllegalTransition,
    InvalidConfiguration,
    InvalidData,
    InvalidJournal,
    InvalidOrder,
    InvalidValue,
    JournalBroken,
    JournalCorrupt,
    JournalFull,
    JournalLocked,
    OrderpitError,
    Overloaded,
    SystemStopped,
    kind_name,
    shown,
    told,
)

EACH = {
    InvalidValue("price", "'x'", "must be a number"): "price: must be a number, got 'x'",
    InvalidOrder("price", "0", "must be greater than zero"): "price: must be greater than zero, got 0",
    InvalidConfiguration("history", "0", "must be at least 1"): "history: must be at least 1, got 0",
    InvalidData("a.csv", 7, "'x'", "must be a number"): "a.csv, line 7: must be a number, got 'x'",
    IllegalTransition("o-1", "FILLED", "OrderOpened"): "order o-1 in state FILLED cannot take OrderOpened",
    Overloaded(5): "5 orders are waiting for their first update; nothing was created, try again later",
    SystemStopped("submit"): "submit was not taken: the trading system is not running",
    BlockingCall("wait", "View"): "wait waits, and may not be called inside a handler of View",
    InvalidJournal("a.db", "is an empty file and no journal"): "a.db: is an empty file and no journal",
    JournalLocked("a.db", "is open in another program"): "a.db: is open in another program",
    JournalCorrupt("a.db", 7, "was durable and is gone"): "a.db, row 7: was durable and is gone",
    JournalCorrupt("a.db", 0, "its mark is not there"): "a.db: its mark is not there",
    JournalFull("a.db", "the disk is full"): "a.db: there is no room for more rows: the disk is full",
    JournalBroken("a.db", "disk I/O error"): "a.db: a write has failed, open it anew: disk I/O error",
}
IDS = [f"{type(error).__name__}-{number}" for number, error in enumerate(EACH)]


@pytest.mark.parametrize(("error", "message"), EACH.items(), ids=IDS)
def test_a_message_is_built_from_the_fields(error, message):
    assert str(error) == message
    assert isinstance(error, OrderpitError)


@pytest.mark.parametrize("error", EACH, ids=IDS)
def test_an_error_survives_being_copied_and_sent_to_another_process(error):
    for twin in (copy.copy(error), pickle.loads(pickle.dumps(error))):  # noqa: S301  # our own bytes
        assert (type(twin), str(twin)) == (type(error), str(error))


@pytest.mark.parametrize("error", EACH, ids=IDS)
def test_an_error_passes_through_a_context_manager_and_keeps_its_cause(error):
    @contextlib.contextmanager
    def around():
        yield

    with pytest.raises(type(error)) as caught, around():
        raise error from KeyError("cause")
    assert caught.value is error
    assert isinstance(error.__cause__, KeyError)


@pytest.mark.parametrize("error", EACH, ids=IDS)
def test_the_fields_of_an_error_cannot_be_changed(error):
    with pytest.raises(AttributeError):
        setattr(error, error.__attrs_attrs__[0].name, "other")


def test_every_error_of_the_module_is_in_the_tree():
    found = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    assert all(issubclass(kind, OrderpitError) for kind in found)


class Replies:
    """An object whose repr is given."""

    def __init__(self, text):
        self.text = text

    def __repr__(self):
        return self.text


class Sly(str):
    """A str whose own methods cannot be trusted."""

    __slots__ = ()

    def __len__(self):
        raise RuntimeError("no length")

    def __getitem__(self, item):
        raise RuntimeError("no item")


@pytest.mark.fault(38, 39, 42)
@pytest.mark.parametrize(
    ("value", "picture"),
    [
        pytest.param("x", "'x'", id="text"),
        pytest.param("x" * 61, f"'{'x' * 60}'... (61 characters)", id="long-text"),
        pytest.param("\x1b\ud800", r"'\x1b\ud800'", id="controls"),
        pytest.param(10**60, f"1{'0' * 59}... (61 characters)", id="long-int"),
        pytest.param(1 << 200, "an int of 201 bits", id="huge-int"),
        pytest.param(-(1 << 200), "an int of 201 bits", id="minus-huge-int"),
        pytest.param(Replies("a\x1b[2J\n"), r"a\x1b[2J\n", id="controls-in-repr"),
        pytest.param(Replies("\n" * 100), r"\n" * 30 + "... (100 characters)", id="long-controls-in-repr"),
        pytest.param([Replies("\x00")], r"[\x00]", id="controls-within"),
        pytest.param(Replies(Sly("fine")), "fine", id="sly-repr"),
        pytest.param(Replies(None), "<Replies whose repr raised TypeError>", id="no-repr"),
    ],
)
def test_a_value_is_shown_bounded_and_printable(value, picture):
    assert shown(value) == picture


@pytest.mark.fault(42)
def test_the_name_of_a_class_is_shown_bounded_and_printable_past_its_metaclass():
    class Meta(type):
        __name__ = property(lambda cls: 1 / 0)

    assert kind_name(Meta("Plain", (), {})()) == "Plain"
    assert kind_name(type("a\x1b" * 100, (), {})()) == r"a\x1b" * 12


def test_an_error_of_ours_is_told_with_its_rule_and_any_other_as_it_is_shown():
    error = InvalidConfiguration("Mine.fill", "Decimal('100')", "must be at most 2, which is what the order leaves")
    assert told(error) == f"InvalidConfiguration: {error}"
    assert told(ZeroDivisionError("x" * 99)) == shown(ZeroDivisionError("x" * 99))
    assert told(InvalidValue("a\x1b", "b" * 999, "c")) == (r"InvalidValue: a\x1b: c, got " + "b" * 300)[:300]
    assert told(InvalidValue("a", Replies(None), "c")) == "<InvalidValue whose repr raised TypeError>"
