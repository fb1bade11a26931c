"""Which messages to a stopped actor are worth a person's attention, and which are not."""

import pykka
import pytest
from helpers import BOUND, BTC, Recorder, limit, system_of

from orderpit import OrderState, TradingSystem
from orderpit.actors.messages import CheckDeadlines, GetStats, Resume


def stopped(troubles: Recorder) -> TradingSystem:
    with system_of(BTC, on_error=troubles) as system:
        system.wait(system.submit(limit()), OrderState.OPEN, BOUND)
    return system


def test_a_question_to_a_stopped_actor_is_answered_with_an_error_and_reported_to_nobody_else(
    capsys: pytest.CaptureFixture[str],
):
    system = stopped(Recorder())
    with pytest.raises(pykka.ActorDeadError):
        system._at.view.ask(GetStats(), BOUND)
    assert capsys.readouterr().err == ""


def test_a_timer_that_fires_while_the_system_stops_is_not_reported(capsys: pytest.CaptureFixture[str]):
    system = stopped(Recorder())
    assert not system._at.manager.send(CheckDeadlines())
    assert capsys.readouterr().err == ""


def test_any_other_message_to_a_stopped_actor_is_reported(capsys: pytest.CaptureFixture[str]):
    system = stopped(Recorder())
    assert not system._at.manager.send(Resume())
    assert "order_manager: stopped before it could handle Resume(strategy_id='')" in capsys.readouterr().err
