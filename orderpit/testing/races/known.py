"""The named races of the system itself: RACES, by name."""

from __future__ import annotations

from . import amends, expiry, gates, groups, hosting, instructions, orders, reports
from .racing import KNOWN, Race

__all__ = ["RACES", "Race", "amends", "expiry", "gates", "groups", "hosting", "instructions", "orders", "reports"]

RACES = KNOWN
"""Every race, by its name."""
