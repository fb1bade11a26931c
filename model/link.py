"""What ties an order to the others of its group."""

from __future__ import annotations

from typing import Final

import attrs

from .kinds import Contingency, Role

_EXITS: Final = frozenset({Role.PROFIT_TARGET, Role.STOP_LOSS})


@attrs.frozen(kw_only=True)
class Link:
    """An order's place in its group; replaces is the id of the order that it stands in for, which has ended."""

    group_id: str
    contingency: Contingency
    role: Role
    replaces: str | None = None

    @property
    def is_exit(self) -> bool:
        """Whether it closes what the entry of its bracket has opened."""
        return self.role in _EXITS

    @property
    def beside(self) -> Contingency | None:
        """What an execution does to those beside it: OCO or OUO, which the exits of a bracket are, too; else None."""
        if self.role is Role.LEG:
            return self.contingency
        return Contingency.OUO if self.is_exit else None
