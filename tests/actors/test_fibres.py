"""Fibres: bodies that are left in the middle and gone on with, alike on greenlets and on parked threads."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from orderpit.actors import fibres as module
from orderpit.actors.fibres import GreenletFibre, Killed, ThreadFibre, fibres
from orderpit.model.errors import InvalidConfiguration


@pytest.fixture(params=["greenlet", "thread"])
def make(request: pytest.FixtureRequest) -> Any:
    return fibres(request.param)


def test_a_body_goes_on_where_it_was_left(make: Any) -> None:
    steps: list[str] = []

    def body() -> None:
        steps.append("first")
        fibre.pause()
        steps.append("second")

    fibre = make(body)
    assert steps == []
    fibre.resume()
    assert (steps, fibre.done) == (["first"], False)
    fibre.resume()
    assert (steps, fibre.done) == (["first", "second"], True)


def test_what_a_body_raises_is_raised_where_it_was_resumed(make: Any) -> None:
    def body() -> None:
        fibre.pause()
        msg = "inside"
        raise SystemExit(msg)

    fibre = make(body)
    fibre.resume()
    with pytest.raises(SystemExit, match="inside"):
        fibre.resume()
    assert fibre.done


def test_only_one_of_many_runs_at_any_time(make: Any) -> None:
    running: list[int] = []
    most = 0

    def body_of(number: int) -> Any:
        def body() -> None:
            nonlocal most
            for _ in range(20):
                running.append(number)
                most = max(most, len(running))
                running.remove(number)
                made[number].pause()

        return body

    made = [make(body_of(number)) for number in range(5)]
    while not all(fibre.done for fibre in made):
        for fibre in made:
            if not fibre.done:
                fibre.resume()
    assert most == 1


def test_a_fibre_knows_whether_it_is_on_a_thread_of_its_own(make: Any) -> None:
    seen: list[bool] = []
    fibre = make(lambda: seen.append(fibre.runs_on(threading.get_ident())))
    fibre.resume()
    assert seen == [make is ThreadFibre]
    assert not fibre.runs_on(threading.get_ident())


def test_a_greenlet_that_is_thrown_away_unwinds_as_killed() -> None:
    ended: list[type[BaseException]] = []

    def body() -> None:
        try:
            fibre.pause()
        except BaseException as error:  # noqa: BLE001
            ended.append(type(error))

    fibre = GreenletFibre(body)
    fibre.resume()
    # As the interpreter does with a greenlet that nobody can resume any more.
    fibre._greenlet.throw()
    assert (ended, fibre.done) == ([Killed], True)


def test_without_greenlet_threads_are_taken_unless_greenlets_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    assert fibres("auto") is GreenletFibre
    monkeypatch.setattr(module, "_greenlet", None)
    assert fibres("auto") is ThreadFibre
    with pytest.raises(InvalidConfiguration, match=r"fibres: needs greenlet: pip install orderpit\[testing\]"):
        fibres("greenlet")
