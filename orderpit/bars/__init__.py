"""Daily bars of AAPL, IBM and MSFT, 2010 to 2012, in the public domain; PROVENANCE.md says where they are from."""

from ._daily import SYMBOLS, daily_bars, instrument

__all__ = ["SYMBOLS", "daily_bars", "instrument"]
