"""Market data from CSV files: records per second of the readers, beside csv.reader and Decimal() on the same file.

    python -m benchmarks.reading [--rows 300000] [--runs 5]

The files are generated: Binance trades, Binance klines, and OHLCV with a header. What stands beside is the least that a
reader without any checks must do: split each row and make its numbers.
"""

from __future__ import annotations

import argparse
import csv
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

from orderpit.readers import open_records

START_MS = 1_723_161_254_000


def trades(rows: int) -> Iterator[str]:
    """Write trades as Binance publishes them."""
    for n in range(rows):
        price = f"{61700 + n % 977}.{n % 100:02d}000000"
        yield f"{n},{price},0.{n % 99999 + 1:05d}000,12.34567890,{START_MS + n},{n % 2 == 0},True\n"


def klines(rows: int) -> Iterator[str]:
    """Write one-minute bars as Binance publishes them."""
    for n in range(rows):
        begin, low = START_MS + n * 60_000, 61_700 + n % 977
        yield f"{begin},{low}.10,{low + 9}.90,{low}.00,{low + 5}.50,12.5,{begin + 59_999},771250.0,300,6.1,376000.0,0\n"


def bars(rows: int) -> Iterator[str]:
    """Write plain bars with a header."""
    yield "time,open,high,low,close,volume\n"
    for n in range(rows):
        low = 61_700 + n % 977
        yield f"{START_MS + n * 60_000},{low}.10,{low + 9}.90,{low}.00,{low + 5}.50,12.5\n"


FILES = {
    "Binance trades": ("BTCUSDT-trades.csv", trades, (1, 2)),
    "Binance klines": ("BTCUSDT-1m.csv", klines, (1, 2, 3, 4, 5)),
    "OHLCV": ("BTCUSDT.csv", bars, (1, 2, 3, 4, 5)),
}


def read(path: Path, rows: int) -> float:
    """Return records per second of the reader."""
    start = time.perf_counter()
    with open_records([str(path)], symbol="BTC/USDT") as records:
        count = sum(1 for _ in records)
    seconds = time.perf_counter() - start
    if count != rows:
        sys.exit(f"{path.name}: {count} of {rows} records were read")
    return rows / seconds


def split(path: Path, rows: int, columns: tuple[int, ...]) -> float:
    """Return rows per second of csv.reader and Decimal() alone."""
    start = time.perf_counter()
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.reader(file):
            if row[1] != "open":
                for column in columns:
                    Decimal(row[column])
    return rows / (time.perf_counter() - start)


def main() -> None:
    """Measure both in turn, and print their medians and ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=300_000)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    print(f"{options.rows:,} rows, medians of {options.runs} runs, Python {platform.python_version()}")
    print(f"{'':16}{'records/s':>12}{'minimum':>12}{'maximum':>12}{'of csv and Decimal':>22}")
    with tempfile.TemporaryDirectory() as folder:
        for name, (file, write, columns) in FILES.items():
            path = Path(folder, file)
            generate: Callable[[int], Iterator[str]] = write
            path.write_text("".join(generate(options.rows)), encoding="utf-8")
            pairs = [(read(path, options.rows), split(path, options.rows, columns)) for _ in range(options.runs)]
            ours = [pair[0] for pair in pairs]
            share = statistics.median(mine / least for mine, least in pairs)
            print(f"{name:16}{statistics.median(ours):12,.0f}{min(ours):12,.0f}{max(ours):12,.0f}{share:22.0%}")


if __name__ == "__main__":
    main()
