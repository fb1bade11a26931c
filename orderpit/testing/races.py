"""The named races of the system itself: RACES, by name."""

from __future__ import annotations

from . import races_orders, races_reports, races_system
from .racing import KNOWN, Race, find

__all__ = ["RACES", "Race", "find", "races_orders", "races_reports", "races_system"]

RACES = KNOWN
"""Every race, by its name, in the order in which they are defined."""
