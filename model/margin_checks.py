"""What positions may be worth against the equity: margin, leverage and concentration."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

import attrs

from .account import Account, MarginAccount
from .checking import Asked, Family, Kind, Measure, Pair, Scope, Sort
from .equity import Equity
from .exposure_checks import ExposureWorth
from .judgement import Check, Measured
from .kinds import Reason
from .limits import RiskLimits
from .market import MarketData
from .numbers import ONE, ZERO, add, multiply, plain, ratio, subtract, tidy
from .reservation import Working
from .valuing import Valuation


@attrs.frozen(kw_only=True)
class Margin:
    """How a margin account stands, in its currency; None where a price is missing.

    Attributes:
        equity: cash and positions at their marks.
        initial: what must be there if all working orders fill in the worst order.
        maintenance: what must be there for the positions as they are.
        free: equity less initial, and less the fees of working orders.
        leverage: what the positions are worth as a multiple of the equity; None where that is not above zero.
        in_call: whether the equity is below the maintenance margin.
    """

    equity: Decimal | None
    initial: Decimal | None
    maintenance: Decimal | None
    free: Decimal | None
    leverage: Decimal | None
    in_call: bool


class MarginChecks(Family):
    """The initial margin of a margin account, max_leverage and max_concentration.

    The margin is held to the equity less the largest fees of all working orders, as they were when each was last heard
    of. What is borrowed bears no interest.

    Args:
        account: the account; only a MarginAccount asks for a margin.
        equity: what it is worth.
        worth: what positions may come to.
        valuation: what orders may cost in fees.
    """

    def __init__(self, account: Account | None, equity: Equity, worth: ExposureWorth, valuation: Valuation) -> None:
        self._account = account if isinstance(account, MarginAccount) else None
        self._equity = equity
        self._worth = worth
        self._valuation = valuation
        # By order, in the account's currency, and their sum.
        self._fees: dict[str, Decimal] = {}
        self._all_fees = ZERO

    def on_market_data(self, data: MarketData) -> None:
        """Hear that a price has moved."""
        del data
        self._equity.stale()

    def counted(self, order_id: str, was: Working | None, working: Working | None) -> None:
        """Count the fees of an order that works."""
        del was
        if self._account is None:
            return
        before = self._fees.pop(order_id, ZERO)
        after = ZERO if working is None else self._fee(working)
        if after:
            self._fees[order_id] = after
        self._all_fees = add(self._all_fees, subtract(after, before))

    def _fee(self, working: Working) -> Decimal:
        terms = working.dearest
        return self._worth.converted(terms.symbol, self._valuation.fee(terms, working.leaves))

    def checks(self, sort: Sort, scope: Scope, limits: RiskLimits) -> Iterable[Pair]:
        """Return those that are set; a cancel is held to none."""
        return () if sort.kind is Kind.CANCEL else self._set(sort, scope, limits)

    def margin(self) -> Margin:
        """Return how a margin account stands."""
        equity, worst, held = self._equity.value(), self._worth.of("", ""), self._equity.held()
        initial, maintenance = self._initial(worst), self.maintenance()
        knows = equity is not None and maintenance is not None
        free = None if equity is None or initial is None else subtract(subtract(equity, self._all_fees), initial)
        return Margin(
            equity=_shown(equity),
            initial=_shown(initial),
            maintenance=_shown(maintenance),
            free=_shown(free),
            leverage=None if equity is None or held is None or equity <= 0 else ratio(held, equity),
            in_call=knows and equity < maintenance,  # type: ignore[operator]  # both are known
        )

    def maintenance(self) -> Decimal | None:
        """Return the margin below which the equity must not fall; None where a price is missing, or the account."""
        held = self._equity.held()
        if held is None or self._account is None:
            return None
        return multiply(held, self._account.maintenance_margin)

    def _initial(self, notional: Decimal | None) -> Decimal | None:
        if notional is None or self._account is None:
            return None
        leverage, fraction = self._account.leverage, self._account.initial_margin
        if fraction is not None:
            return multiply(notional, fraction)
        assert leverage is not None, "an account has one of the two"
        return ratio(notional, leverage)

    def _set(self, sort: Sort, scope: Scope, limits: RiskLimits) -> Iterator[Pair]:
        ids, currency = (scope.strategy_id, scope.symbol), self._worth.currency
        if self._account is not None and scope == Scope():
            yield self._initial_margin(self._account)
        if limits.max_leverage is not None:
            rule = f"must be at most {{}} {currency}, {plain(limits.max_leverage)} times the equity"
            counts = "exposure with all working orders"
            check = Check("max_leverage", Reason.MAX_LEVERAGE, *ids, counts, rule)
            yield check, self._of_equity(ids, limits.max_leverage, ONE)
        if limits.max_concentration is not None:
            rule = f"must be at most {{}} {currency}, {plain(limits.max_concentration)} of the equity"
            counts = f"exposure in {sort.symbol} with all working orders"
            check = Check("max_concentration", Reason.MAX_CONCENTRATION, *ids, counts, rule)
            yield check, self._of_equity((scope.strategy_id, sort.symbol), limits.max_concentration, ONE)

    def _initial_margin(self, account: MarginAccount) -> Pair:
        currency, reason = self._worth.currency, Reason.INSUFFICIENT_MARGIN
        if account.leverage is not None:
            # Held against each other without a division, which could round.
            rule = f"must be at most {{}} {currency}, {plain(account.leverage)} times the equity after fees"
            check = Check("initial_margin", reason, "", "", "exposure with all working orders", rule)
            return check, self._of_equity(("", ""), account.leverage, ONE, with_fees=True)
        assert account.initial_margin is not None, "an account has one of the two"
        rule = f"must be at most the equity of {{}} {currency} after fees"
        check = Check("initial_margin", reason, "", "", "initial margin with all working orders", rule)
        return check, self._of_equity(("", ""), ONE, account.initial_margin, with_fees=True)

    def _of_equity(
        self, scope: tuple[str, str], times: Decimal, fraction: Decimal, *, with_fees: bool = False
    ) -> Measure:
        """Hold the fraction of what a scope's positions may be worth to so many times the equity, less fees or not."""
        worth, equity = self._worth, self._equity
        has_account, is_whole = equity.has_account, fraction == ONE

        def measure(asked: Asked) -> Measured:
            if not has_account:
                return asked.after.size, None
            before, unit, value = worth.of(*scope), worth.unit(asked.terms.symbol), equity.value()
            if not asked.enlarges:
                # Whatever it comes to: an order that makes nothing larger passes.
                known = before if before is not None else asked.before.size
                return known, known
            if before is None or unit is None or value is None:
                return None, times
            if with_fees:
                more = subtract(self._fee(asked.working), self._fees.get(asked.order_id, ZERO))
                value = subtract(value, add(self._all_fees, more))
            after = add(before, multiply(subtract(asked.after.size, asked.before.size), unit))
            return after if is_whole else multiply(after, fraction), multiply(value, times)

        return measure


def _shown(amount: Decimal | None) -> Decimal | None:
    """Return the same amount without the trailing zeros that products and sums leave."""
    return None if amount is None else tidy(amount)
