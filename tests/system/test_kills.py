"""A session that is killed, stopped and asked to end, as a process of its own, with its journal and its venue."""

from __future__ import annotations

import pytest

from tests.figures.kills import killed


@pytest.mark.fault(73, 74)
def test_a_session_that_is_killed_again_and_again_forgets_nothing() -> None:
    found = killed(seed=1, kills=5)
    assert found.violations == ()
    assert (found.kills, found.finished) == (5, 1)
    assert found.executions > 0
