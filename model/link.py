"""What ties an order to the others of its group."""

from __future__ import annotations

import attrs

from .kinds import Contingency, Role


@attrs.frozen(kw_only=True)
class Link:
    """An order's place in its group; replaces is the id of the order that it stands in for, which has ended."""

    group_id: str
    contingency: Contingency
    role: Role
    replaces: str | None = None
