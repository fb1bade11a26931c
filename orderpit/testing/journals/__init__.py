"""What any store of a journal must do, to be run against one of your own."""

from .conformance import LAWS, Place, check_store

__all__ = ["LAWS", "Place", "check_store"]
