"""An ordeal: strategies that do everything at once, an exchange that does everything wrong; then calm, and the sums."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Final

import attrs

from ...actors.audit import audit
from ...actors.fibres import FibreKind
from ...actors.messages import Problem
from ...actors.simulated_exchange import SimulatedExchange
from ...actors.stepped import Stepped
from ...actors.system import TradingSystem
from ...model.alarm import Alarm
from ...model.errors import InvalidConfiguration
from ...model.kinds import OrderState, Pending
from ...model.limits import RiskLimits
from ...model.numbers import ZERO, whole
from ...model.order import Order
from ...model.values import changed
from ...strategies._drawn import drawn_order, lots
from ..chaos.exchange import ChaosExchange, happened, heal
from ..chaos.faults import Faults
from ..driving import held, let_pass, stepped_runtime
from ..schedules import Recording, Replay, seeded
from ..trace import Trace
from ..watching.probes import Probes
from ..watching.watch import Watch, all_of
from .crowd import INSTRUMENTS, PRICES, REACH, Market, Trader, drawn_limits
from .sabotage import Sabotage

_TRADERS: Final = 3
_AMENDS: Final = 0.7
_TIES: Final = 0.5
_TIME_PASSES: Final = 0.1
_DRIVER_CANCELS: Final = 0.2
_DRIVER_MODIFIES: Final = 0.3
_DRIVER_HALTS: Final = 0.31
_DRIVER_RESUMES: Final = 0.35
_DRIVER_LIMITS: Final = 0.45
_CASH: Final = ("100000", "100000", "60")
_LIMITS: Final = (RiskLimits(), RiskLimits(), RiskLimits(max_order_notional="35", max_order_quantity="0.38"))
_LIMITED: Final = 0.4
_UNANSWERED: Final = (10_000, 10_000, 4)
_POISON_ONE_IN: Final = 200
_MOST_POISON: Final = 40
_LATE_NS: Final = 5_000_000
_PATIENCE: Final = 2
_CALM_SECONDS: Final = 120
_POINTS_EACH: Final = 60
"""About so many choices are made for each order."""
_MOST_STEPS_EACH: Final = 5_000
"""Steps that one order may cost before the storm is taken not to end."""


@attrs.frozen(kw_only=True)
class Survived:
    """What came of an ordeal.

    Attributes:
        seed: that led to it.
        orders: that were recorded, external ones included.
        messages: that were handled.
        steps: of the scheduler.
        digest: of the trace: the same seed, code and data give the same.
        faults: the names of those that were on.
        happened: how often each happened.
        probes: how often each probe was reached.
        checks: of the audit at the end.
    """

    seed: int
    orders: int
    messages: int
    steps: int
    digest: str
    faults: tuple[str, ...]
    happened: Mapping[str, int]
    probes: Mapping[str, int]
    checks: int


class Unsettled(AssertionError):
    """The calm has not settled everything."""


class _Ordeal:
    """One ordeal under way."""

    def __init__(self, seed: int, orders: int, faults: Faults | None, trace: Trace, *, watched: bool) -> None:
        self._seed = seed
        self._orders = orders
        # In one of three, the core has bugs too.
        self._is_sabotaged = not seed % 3
        self._faults = self._drawn() if faults is None else faults
        self._trace = trace
        self.watch = Watch() if watched else None
        self._probes = Probes()
        watching = () if self.watch is None else (self.watch.delivered,)
        self.on_delivery = all_of(self._trace, self._probes, *watching)
        self._chance = random.Random(f"ordeal {seed}")
        self._market = Market(self._chance, PRICES)
        self._ids: list[str] = []
        # Some are held to limits on positions, which change while the storm rages.
        limiting = random.Random(f"limits {seed}")
        self._limiting = limiting if limiting.random() < _LIMITED else None
        most = _MOST_POISON if self._is_sabotaged else 0
        self._sabotage = Sabotage(random.Random(f"sabotage {seed}"), _POISON_ONE_IN, most)

    def _drawn(self) -> Faults:
        drawn = Faults.drawn(self._seed)
        # That an execution comes again with other content, only who has handled the first can tell.
        return changed(drawn, other_content=ZERO) if self._is_sabotaged else drawn

    def _venue(self) -> SimulatedExchange:
        """Draw a venue: of what differs between venues, one of either kind."""
        chance = random.Random(f"venue {self._seed}")
        return SimulatedExchange(
            slippage="0.002",
            fill_probability="0.8",
            latency="0.001",
            seed=self._seed,
            amends=chance.random() < _AMENDS,
            ties=chance.random() < _TIES,
            remainder=chance.choice(("cancelled", "expired")),
            post_only=chance.choice(("refuse", "slide")),
            wrong_side_stop=chance.choice(("reject", "trigger")),
            self_trade_prevention=chance.choice(("cancel_newest", "cancel_oldest", "cancel_both", "decrement")),
        )

    def through(self, stepped: Stepped) -> Survived:
        """Run it from the beginning to the end."""
        system = TradingSystem(
            INSTRUMENTS,
            exchange=ChaosExchange(inner=self._venue(), faults=self._faults, seed=self._seed),
            cash={"USDT": self._chance.choice(_CASH)},
            risk=self._limited(self._chance.choice(_LIMITS)),
            max_unanswered=self._chance.choice(_UNANSWERED),
            runtime=stepped,
            seed=self._seed,
            answer_within=_PATIENCE,
            on_error=_nothing,
            run_id=f"ordeal{self._seed}",
        )
        system.start()
        try:
            self._pass_through(system)
            report = audit(system)
            if not report.is_clean:
                raise Unsettled("; ".join(report.violations))
            return self._outcome(system, report.checks)
        finally:
            # Whatever happened: what is left of it is thrown away.
            stepped_runtime(system).close()

    def _limited(self, limits: RiskLimits) -> RiskLimits:
        return limits if self._limiting is None else drawn_limits(self._limiting)

    def _pass_through(self, system: TradingSystem) -> None:
        if self.watch is not None:
            self.watch.attach(system)
        self._sabotage.begin(system)
        raging = self._orders * 2 // 3
        by_traders = raging * 2 // 3
        for number in range(_TRADERS):
            system.add_strategy(Trader, seed=f"{self._seed}-{number}", quota=by_traders // _TRADERS)
        self._weather(system, raging - by_traders, by_traders)
        self._sabotage.end()
        heal(system)
        system.resume()
        self._weather(system, self._orders - raging, 0)
        self._settle(system)
        if self._limiting is not None:
            # Cancels have a limit of their own.
            system.set_limits(RiskLimits())
        for order in system.orders(live_only=True):
            system.cancel(order.order_id)
        self._settle(system, ended=True)
        if not system.stop():
            msg = "the system has not stopped in time"
            raise Unsettled(msg)
        if self.watch is not None:
            self.watch.finish()

    def _weather(self, system: TradingSystem, submits: int, by_traders: int) -> None:
        """Submit so many orders of one's own, and publish long enough for the traders to submit theirs."""
        runtime, chance = stepped_runtime(system), self._chance
        ticks = max(submits * 2, by_traders // _TRADERS * 2)
        every = max(ticks // max(submits, 1), 1)
        for tick in range(ticks):
            with held(system):
                for _ in range(chance.randint(1, 3)):
                    system.publish(self._market.next())
                if tick % every == 0 and submits:
                    submits -= 1
                    self._act(system)
            # Not to the end: what comes next meets what is still under way.
            runtime.scheduler.run_steps(chance.randint(0, 120))
            if chance.random() < _TIME_PASSES:
                let_pass(system, chance.randint(1, 400) / 1000)
        runtime.settle()

    def _act(self, system: TradingSystem) -> None:
        chance = self._chance
        symbol = chance.choice(sorted(self._market.prices))
        order = drawn_order(chance, symbol, self._market.prices[symbol], REACH, stepped_runtime(system).now_ns())
        self._ids.append(system.submit(order))
        deed = chance.random()
        if deed < _DRIVER_CANCELS:
            system.cancel(chance.choice(self._ids))
        elif deed < _DRIVER_MODIFIES:
            system.modify(chance.choice(self._ids), quantity=lots(chance, REACH))
        elif deed < _DRIVER_HALTS:
            system.halt("a storm")
        elif deed < _DRIVER_RESUMES:
            system.resume()
        elif deed < _DRIVER_LIMITS and self._limiting is not None:
            system.set_limits(drawn_limits(self._limiting))

    def _settle(self, system: TradingSystem, *, ended: bool = False) -> None:
        """Let time pass until nothing is in doubt and no answer is missing; or until every order has ended."""
        open_matters: list[Order] = []
        for _ in range(_CALM_SECONDS):
            let_pass(system, 1)
            open_matters = [order for order in system.orders() if _unsettled(order, ended=ended)]
            if not open_matters:
                return
        first = open_matters[0]
        msg = f"{len(open_matters)} orders are not settled after {_CALM_SECONDS} s of calm, the first {first!r}"
        raise Unsettled(msg)

    def _outcome(self, system: TradingSystem, checks: int) -> Survived:
        met = happened(system)
        self._probes.add_faults(met)
        return Survived(
            seed=self._seed,
            orders=len(system.orders()),
            messages=sum(box.handled for box in system.mailboxes()),
            steps=stepped_runtime(system).scheduler.steps,
            digest=self._trace.digest(),
            faults=self._faults.names(),
            happened=dict(met),
            probes=dict(self._probes.counts),
            checks=checks,
        )


def _unsettled(order: Order, *, ended: bool) -> bool:
    if order.in_doubt or (ended and not order.is_closed):
        return True
    waits = order.state is OrderState.SUBMITTED or order.pending is not Pending.NONE
    return waits and not order.is_closed


def _nothing(trouble: Problem | Alarm) -> None:
    del trouble


def ordeal(
    seed: int,
    orders: int = 500,
    *,
    faults: Faults | None = None,
    deviations: Mapping[int, int] | None = None,
    fibres: FibreKind = "auto",
    trace: Trace | None = None,
    watched: bool = True,
) -> Survived:
    """Let a storm rage from a seed, calm it, and hold all books against each other.

    The seed decides everything: prices, what the strategies do, the faults and their rates, and who moves next. For two
    thirds of the orders the storm rages; then all faults end, and what is in doubt must be resolved, what works can be
    cancelled, and the audit must find nothing.

    Args:
        seed: of everything.
        orders: how many are submitted.
        faults: those of the seed unless given.
        deviations: a schedule to be replayed, that of the seed unless given.
        fibres: the digest does not depend on it.
        trace: takes the deliveries; one that keeps none unless given.
        watched: whether every step is audited, or only the end.

    Raises:
        Violation: at the step at which a law is broken.
        Unsettled: when the calm has not settled everything.
    """
    run = _Ordeal(whole("seed", seed, InvalidConfiguration), orders, faults, trace or Trace(), watched=watched)
    whole("orders", orders, InvalidConfiguration, least=1)
    choose = Recording(seeded(seed, _POINTS_EACH * orders) if deviations is None else Replay(deviations))
    stepped = Stepped(
        choose=choose,
        late_ns=_LATE_NS,
        fibres=fibres,
        most_steps=_MOST_STEPS_EACH * orders,
        on_delivery=run.on_delivery,
        on_step=None if run.watch is None else run.watch.stepped,
    )
    return run.through(stepped)
