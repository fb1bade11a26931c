"""The named races of the system itself: RACES, by name."""

from __future__ import annotations

from . import races_gates, races_hosting, races_orders, races_reports
from .racing import KNOWN, Race, find

__all__ = ["RACES", "Race", "find", "races_gates", "races_hosting", "races_orders", "races_reports"]

RACES = KNOWN
"""Every race, by its name."""
