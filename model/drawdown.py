"""How far a figure has fallen from its highest, now and at most."""

from __future__ import annotations

from decimal import Decimal

from .numbers import ONE, ZERO, multiply, ratio, share, subtract


class Drawdown:
    """The highest level seen, and the deepest fall below a highest one.

    A fall is also told as a fraction of the capital that stood behind the level when it was last the highest. Without
    a capital above zero there is no such fraction, and from the first fall on that this is so of, no deepest one.

    Args:
        level: where it begins.
        capital: what stands behind it; None when that is not known.
    """

    __slots__ = ("_capital", "_is_unknown", "_low", "_worst", "_worst_of", "peak")

    def __init__(self, level: Decimal = ZERO, capital: Decimal | None = ONE) -> None:
        self.peak = level
        self._low = level
        self._capital = capital
        # The deepest fall is kept as what was lost and of how much: compared across, no division rounds it.
        self._worst, self._worst_of = ZERO, ONE
        self._is_unknown = False

    def see(self, level: Decimal, capital: Decimal | None = ONE) -> None:
        """Take over a level, and what stands behind it."""
        if level >= self.peak:
            self.peak = self._low = level
            self._capital = capital
        elif level < self._low:
            self._low = level
            self._deepen(subtract(self.peak, level))

    def _deepen(self, fallen: Decimal) -> None:
        capital = self._capital
        if capital is None or capital <= ZERO:
            self._is_unknown = True
        elif multiply(fallen, self._worst_of) > multiply(self._worst, capital):
            self._worst, self._worst_of = fallen, capital

    def scale(self, after: Decimal, before: Decimal) -> None:
        """Bring what was seen to another size, so that a level of before becomes one of after; both above zero."""
        self.peak = share(after, self.peak, before)
        self._low = share(after, self._low, before)
        if self._capital is not None:
            self._capital = share(after, self._capital, before)

    def restart(self, level: Decimal, capital: Decimal | None) -> None:
        """Begin at another level, which no earlier one compares with; the deepest fall stays."""
        self.peak = self._low = level
        self._capital = capital

    def fallen(self, level: Decimal) -> Decimal:
        """Return how far a level lies below the highest; at least zero."""
        return max(subtract(self.peak, level), ZERO)

    def fraction(self, level: Decimal) -> Decimal | None:
        """Return the same as a fraction of the capital at the highest; None where that is not above zero."""
        fallen, capital = self.fallen(level), self._capital
        if not fallen:
            return ZERO
        return None if capital is None or capital <= ZERO else ratio(fallen, capital)

    @property
    def most(self) -> Decimal | None:
        """The deepest fall, as a fraction of the capital at its highest; of a capital of one, the amount."""
        return None if self._is_unknown else ratio(self._worst, self._worst_of)
