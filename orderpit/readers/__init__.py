"""Readers of recorded market data: Binance recordings, trades and klines, OHLCV and Lean's minute bars, as a stream."""

from ._formats import Format
from ._infer import infer_instrument
from ._open import Records, open_records
from ._skips import Skipped

__all__ = ["Format", "Records", "Skipped", "infer_instrument", "open_records"]
