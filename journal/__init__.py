"""The journal: every fact of the one ordered stream, durable before anything follows from it."""

from .memory import MemoryStore
from .store import Head, JournalStore, Row

__all__ = ["Head", "JournalStore", "MemoryStore", "Row"]
