"""How a fold follows the stream: gaps, repeats, and entries that cannot be folded."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from builders import event
from helpers import BOUND, Collector, Desk, Recorder, assert_clean, limit, market, quote, system_of

from orderpit import OrderState, OrderUpdate, Reason
from orderpit.actors.following import Follower
from orderpit.actors.messages import Halt, Problem, ResendUpdates
from orderpit.model import events as e


def update(sequence: int) -> OrderUpdate:
    return OrderUpdate(sequence, event(e.CommandRefused), None)


class Sequences(Follower):
    """Folds the stream into its sequence numbers; raises as often as it is told for one of them."""

    def __init__(self, context: Any, manager: Any, risk: Any, poison: dict[int, int] | None = None) -> None:
        super().__init__(context, Collector(), manager, risk)
        self.folded: list[int] = []
        self.poison = poison or {}

    def handle(self, message: Any) -> None:
        self.follow(message, self._fold)

    def _fold(self, message: OrderUpdate) -> None:
        left = self.poison.get(message.sequence, 0)
        if left:
            self.poison[message.sequence] = left - 1
            raise ZeroDivisionError
        self.folded.append(message.sequence)


class Resending:
    """An order manager that sends again what it is asked for, at the next turn."""

    def __init__(self) -> None:
        self.asked: list[ResendUpdates] = []
        self.halted: list[Halt] = []

    def send(self, message: Any) -> bool:
        (self.asked if isinstance(message, ResendUpdates) else self.halted).append(message)
        return True

    def serve(self, follower: Sequences) -> None:
        while self.asked:
            request = self.asked.pop(0)
            for sequence in range(request.first, request.last + 1):
                follower.on_receive(update(sequence))


def follower(desk: Desk, poison: dict[int, int] | None = None) -> tuple[Sequences, Resending, Collector]:
    manager, risk = Resending(), Collector()
    return desk.make(Sequences, manager, risk, poison), manager, risk


def test_entries_are_folded_in_order(desk: Desk) -> None:
    fold, _, _ = follower(desk)
    for sequence in (1, 2, 3):
        fold.on_receive(update(sequence))
    assert fold.folded == [1, 2, 3]
    assert fold.followed == 3


def test_repeated_entries_are_counted_and_not_folded_again(desk: Desk) -> None:
    fold, _, _ = follower(desk)
    for sequence in (1, 1, 2, 1, 2):
        fold.on_receive(update(sequence))
    assert fold.folded == [1, 2]
    assert fold.repeated == 3


def test_a_gap_is_asked_for_and_nothing_past_it_is_folded_before_it_is_filled(desk: Desk) -> None:
    fold, manager, _ = follower(desk)
    for sequence in (1, 4):
        fold.on_receive(update(sequence))
    assert fold.folded == [1]
    assert [(request.first, request.last) for request in manager.asked] == [(2, 3)]
    manager.serve(fold)
    assert fold.folded == [1, 2, 3, 4]


def test_a_gap_is_asked_for_once_while_more_entries_come_behind_it(desk: Desk) -> None:
    fold, manager, _ = follower(desk)
    for sequence in (3, 4, 5):
        fold.on_receive(update(sequence))
    assert [(request.first, request.last) for request in manager.asked] == [(1, 2)]
    manager.serve(fold)
    assert fold.folded == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("order", [*permutations((1, 2, 3, 4))], ids=str)
def test_whatever_the_order_of_arrival_each_entry_is_folded_once_and_in_order(
    desk: Desk, order: tuple[int, ...]
) -> None:
    fold, manager, _ = follower(desk)
    for sequence in order:
        fold.on_receive(update(sequence))
    manager.serve(fold)
    assert fold.folded == [1, 2, 3, 4]
    # A second gap, after what came early in the first one.
    fold.on_receive(update(7))
    manager.serve(fold)
    assert fold.folded == [1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize("failures", [1, 2, 3])
@pytest.mark.parametrize("poisoned", [1, 2, 3])
def test_an_entry_that_fails_for_a_while_is_asked_for_again_and_folded_in_its_place(
    desk: Desk, poisoned: int, failures: int
) -> None:
    fold, manager, risk = follower(desk, {poisoned: failures})
    for sequence in (1, 2, 3, 4):
        fold.on_receive(update(sequence))
    manager.serve(fold)
    assert fold.folded == [1, 2, 3, 4]
    assert risk.messages == []
    assert len(desk.problems) == failures


def test_an_entry_that_fails_among_those_that_waited_for_it_is_asked_for_again(desk: Desk) -> None:
    fold, manager, _ = follower(desk, {3: 2})
    for sequence in (2, 3, 4, 1):
        fold.on_receive(update(sequence))
    manager.serve(fold)
    assert fold.folded == [1, 2, 3, 4]


def test_an_entry_is_not_folded_again_when_it_is_what_comes_after_the_fold_that_fails(desk: Desk) -> None:
    class Wary(Sequences):
        wary = True

        def has_followed(self) -> None:
            wary, self.wary = self.wary, not self.wary
            if wary:
                raise ZeroDivisionError

    manager = Resending()
    fold = desk.make(Wary, manager, Collector())
    for sequence in (2, 3, 4, 1, 5, 6):
        fold.on_receive(update(sequence))
    manager.serve(fold)
    assert fold.folded == [1, 2, 3, 4, 5, 6]
    assert len(desk.problems) == 3


@pytest.mark.fault(66)
def test_an_entry_that_fails_every_time_halts_trading_and_is_not_retried_for_ever(desk: Desk) -> None:
    fold, manager, risk = follower(desk, {2: 1_000})
    for sequence in (1, 2, 3, 4, 5):
        fold.on_receive(update(sequence))
        manager.serve(fold)
    assert fold.folded == [1]
    assert {type(message) for message in risk.messages} == {Halt}
    assert {type(message) for message in manager.halted} == {Halt}
    assert len(desk.problems) < 10


def test_after_it_has_given_up_the_next_entry_has_it_try_once_more(desk: Desk) -> None:
    fold, manager, _ = follower(desk, {2: 4})
    for sequence in (1, 2, 3):
        fold.on_receive(update(sequence))
        manager.serve(fold)
    assert fold.folded == [1, 2, 3]
    fold.poison = {4: 4}
    fold.on_receive(update(4))
    manager.serve(fold)
    assert fold.folded == [1, 2, 3]
    for sequence in (5, 6):
        fold.on_receive(update(sequence))
        manager.serve(fold)
    assert fold.folded == [1, 2, 3, 4, 5, 6]


def test_an_entry_that_fails_before_its_turn_is_asked_for_too(desk: Desk) -> None:
    fold, manager, _ = follower(desk)

    def fail(message: Any) -> None:
        raise ZeroDivisionError(message)

    handle, fold.handle = fold.handle, fail
    fold.on_receive(update(1))
    fold.on_receive(update(2))
    fold.handle = handle
    manager.serve(fold)
    assert fold.folded == [1, 2]


class Poisonous:
    """Stands where an order should, and raises whatever it is asked."""

    def __getattr__(self, name: str) -> Any:
        raise ZeroDivisionError


@pytest.mark.parametrize("fold", ["risk_controller", "portfolio", "view"])
def test_a_fold_of_a_system_sets_a_poisonous_entry_aside_and_takes_the_good_one(fold: str) -> None:
    troubles = Recorder()
    with system_of(on_error=troubles, cash={"USDT": "1000"}) as system:
        system.publish(quote())
        system.wait(system.submit(market()), OrderState.FILLED, BOUND)
        address = next(one for one in system._at.all() if one.name == fold)
        filled = event(e.OrderFilled)
        address.send(OrderUpdate(system.stats()["total_events"] + 1, filled, Poisonous()))  # type: ignore[arg-type]
        assert system.quiesce(BOUND)
        assert [(problem.actor, problem.what) for problem in troubles.items] == [(fold, "set aside")]
        assert system.wait(system.submit(market()), OrderState.FILLED, BOUND).is_filled
        assert_clean(system)


@pytest.mark.parametrize("fold", ["risk_controller", "portfolio", "view"])
def test_a_fold_of_a_system_that_cannot_take_an_entry_halts_trading(fold: str) -> None:
    troubles = Recorder()
    with system_of(on_error=troubles, cash={"USDT": "1000"}) as system:
        address = next(one for one in system._at.all() if one.name == fold)
        for _ in range(4):
            address.send(OrderUpdate(1, event(e.OrderFilled), Poisonous()))  # type: ignore[arg-type]
        system.quiesce(BOUND)
        refused = system.wait(system.submit(limit()), OrderState.REJECTED, BOUND)
        assert refused.reason is Reason.HALTED
        assert len([trouble for trouble in troubles.items if isinstance(trouble, Problem)]) == 4


def test_an_order_manager_that_no_longer_has_what_a_fold_is_missing_halts_trading() -> None:
    troubles = Recorder()
    with system_of(on_error=troubles, history=2) as system:
        system.publish(quote())
        for _ in range(3):
            system.wait(system.submit(market()), OrderState.FILLED, BOUND)
        system._at.manager.send(ResendUpdates(1, 3, Collector()))
        system.quiesce(BOUND)
        refused = system.wait(system.submit(limit()), OrderState.REJECTED, BOUND)
        assert refused.reason is Reason.HALTED
        said = [trouble.what for trouble in troubles.items if isinstance(trouble, Problem)]
        assert said == ["no longer has what is missing for"]
