"""Symbols out of what venues and file names write: BTCUSDT is BTC/USDT."""

from __future__ import annotations

import itertools
import re
from typing import Final

QUOTES: Final = (
    *("FDUSD", "USDT", "USDC", "BUSD", "TUSD", "USDP"),
    *("DAI", "USD", "EUR", "GBP", "JPY", "TRY", "BRL", "AUD", "BTC", "ETH", "BNB"),
)
"""Quote currencies that end a code without a slash, the longest first: BTCFDUSD is not BTCFD/USD."""

_ENDING_IN_B_OR_T: Final = {"BNB", "SHIB", "ARB", "TRB", "BAT", "DOT", "GRT", "APT", "FET", "QNT"}
"""Bases with which a quote of USD looks like BUSD or TUSD: BNBUSD is BNB/USD."""

_NOT_A_BASE: Final = {"BINANCE", "COINBASE", "KRAKEN", "OKX", "BYBIT", "SPOT", "FUTURES", "PERP", "UM", "CM", "TRADES"}
_SUFFIX = re.compile(r"(\.(csv|txt|json|jsonl|gz|zip))+$", re.IGNORECASE)
_TICKER = re.compile(r"[A-Z]{1,5}(\.[A-Z])?")
_WORD = re.compile(r"[A-Z0-9]+")
_SHORTEST_BASE: Final = 2


def split(code: str, *, shortest: int = 1) -> str | None:
    """Return a code such as BTCUSDT as BTC/USDT, or None when it ends in no known quote currency."""
    found = [
        (code.removesuffix(quote), quote)
        for quote in QUOTES
        if code.endswith(quote) and len(code) >= len(quote) + shortest
    ]
    if not found:
        return None
    base, quote = next((pair for pair in found if pair[0] in _ENDING_IN_B_OR_T), found[0])
    return f"{base}/{quote}"


def named(symbol: str) -> str:
    """Return the symbol that a column of a table names, split where it is clearly a pair.

    A base of one letter is not split off here: GBTC is a share.
    """
    return symbol if "/" in symbol else split(symbol, shortest=_SHORTEST_BASE) or symbol


def same(symbol: str, code: str) -> bool:
    """Say whether a symbol and a venue's code name the same market."""
    return symbol.replace("/", "").upper() == code.replace("/", "").upper()


def of_names(names: tuple[str, ...]) -> str | None:
    """Return the symbol that a file's name holds, or None.

    Read are BTCUSDT-trades-2024-08-08.csv, spot_btcusdt_20240808.gz, BTC-USDT_1m.csv, and a name that is nothing but a
    ticker in capitals, AAPL.csv. A lower-case word alone is no symbol: it may be data.csv.
    """
    for name in names:
        stem = _SUFFIX.sub("", name)
        words = _WORD.findall(stem.upper())
        for word in words:
            symbol = split(word, shortest=_SHORTEST_BASE)
            if symbol is not None:
                return symbol
        for base, quote in itertools.pairwise(words):
            if quote in QUOTES and base not in _NOT_A_BASE and not base.isdigit():
                return f"{base}/{quote}"
        if _TICKER.fullmatch(stem):
            return stem
    return None
