"""A chain behaves as the tuple of its items."""

from __future__ import annotations

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderpit.model.chain import Chain

tuples = st.lists(st.integers(0, 3)).map(tuple)


@given(tuples, st.integers())
def test_a_chain_has_the_items_of_its_tuple_and_appending_leaves_it_alone(items, item):
    chain = Chain.of(items)
    longer = chain.appended(item)
    assert (chain.items(), len(chain)) == (items, len(items))
    assert (longer.items(), len(longer)) == ((*items, item), len(items) + 1)


@given(tuples, tuples)
def test_chains_are_equal_as_their_tuples_are(left, right):
    assert (Chain.of(left) == Chain.of(right)) is (left == right)
    if left == right:
        assert hash(Chain.of(left)) == hash(Chain.of(right))
    assert Chain.of(left) != left


@given(tuples)
def test_a_chain_survives_being_copied_and_sent_to_another_process(items):
    chain = Chain.of(items)
    for twin in (copy.copy(chain), copy.deepcopy(chain), pickle.loads(pickle.dumps(chain))):  # noqa: S301  # our own
        assert twin == chain
    assert repr(chain) == f"Chain.of({items!r})"


def test_a_long_chain_is_copied_and_dropped_without_recursion():
    chain = Chain.of(tuple(range(100_000)))
    assert len(pickle.loads(pickle.dumps(chain))) == 100_000  # noqa: S301  # our own bytes
    del chain


def test_a_chain_cannot_be_changed():
    chain = Chain.of((1,))
    for name in ("_link", "_length", "other"):
        with pytest.raises(AttributeError):
            setattr(chain, name, None)
        with pytest.raises(AttributeError):
            delattr(chain, name)
