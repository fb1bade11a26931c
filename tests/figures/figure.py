"""One figure: what was counted, and the bound that it must reach."""

from __future__ import annotations

import attrs


@attrs.frozen(kw_only=True)
class Figure:
    """A count and its bound. An exact count is the same in every run; any other is only held against its bound.

    Attributes:
        name: short, unique.
        what: was counted, in a sentence.
        unit: of the count.
        count: found in this run.
        bound: the least that counts must reach.
        violations: lines, each of which replays what it tells of.
        exact: whether the count is the same in every run.
    """

    name: str
    what: str
    unit: str
    count: int
    bound: int
    violations: tuple[str, ...] = ()
    exact: bool = True

    @property
    def holds(self) -> bool:
        """Whether the bound was reached and nothing was violated."""
        return self.count >= self.bound and not self.violations
