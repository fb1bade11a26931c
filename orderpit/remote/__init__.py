"""A simulated exchange in a process of its own, and the way to it."""

from .exchange import RemoteVenue
from .server import VenueServer

__all__ = ["RemoteVenue", "VenueServer"]
