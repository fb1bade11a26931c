"""Reads orders as a trader writes them: `buy 2 limit 100 IOC`, `sell 1 trail 2%`, `sell 5 stop 95 GTD 10:00:00`."""

from __future__ import annotations

import re
from typing import Any

import attrs
from conformance.table import Line
from conformance.words import Words, is_name

from orderpit import OrderType, Side, TimeInForce, TrailingType

SYMBOL = "BTC/USDT"
_TRAIL = re.compile(r"([0-9.]+)(%|ticks|)")
_TRAILING = {"%": TrailingType.PERCENT, "ticks": TrailingType.TICKS, "": TrailingType.AMOUNT}
_PRICES = {"limit": "price", "stop": "stop_price", "activation": "activation_price", "show": "display_quantity"}
_CHANGES = {"price": "price", "quantity": "quantity", "stop": "stop_price", "expiry": "expire_time_ns"}


@attrs.frozen
class Place:
    """A new order, under its name; whose, and the arguments of SubmitOrder."""

    name: str
    account: str | None
    terms: dict[str, Any]


@attrs.frozen
class Group:
    """Orders that are tied together, and how; a part that is a price is an exit of a bracket."""

    kind: str
    names: tuple[str, ...]
    parts: tuple[Place | str, ...]

    @property
    def orders(self) -> tuple[Place, ...]:
        """The parts that are orders."""
        return tuple(part for part in self.parts if isinstance(part, Place))


def order(words: Words) -> dict[str, Any]:
    """Read the arguments of SubmitOrder; the type of the order follows from the prices that it has."""
    terms: dict[str, Any] = {"symbol": SYMBOL}
    terms["side"] = Side(words.take("side", {"buy", "sell"}.__contains__).upper())
    terms["quantity"] = words.number()
    market = False
    while words:
        word = words.take("word")
        match word:
            case "market":
                market = True
            case "limit" | "stop" | "activation" | "show":
                terms[_PRICES[word]] = words.number()
            case "trail":
                offset = _TRAIL.fullmatch(words.take("offset", _TRAIL.fullmatch))
                assert offset is not None, "it was taken as one"
                terms |= {"trailing_offset": offset[1], "trailing_type": _TRAILING[offset[2]]}
            case "on":
                terms["symbol"] = words.take("symbol")
            case "post-only" | "reduce-only":
                terms[word.replace("-", "_")] = True
            case "GTC" | "IOC" | "FOK" | "DAY" | "GTD":
                terms["time_in_force"] = TimeInForce(word)
                if word == "GTD" and words:
                    terms["expire_time_ns"] = words.time_ns()
            case "expiry":
                terms["expire_time_ns"] = words.time_ns()
            case _:
                raise words.fail(word, "means nothing")
    return terms | {"order_type": _type(terms, market=market)}


def _type(terms: dict[str, Any], *, market: bool) -> OrderType:
    if market:
        return OrderType.MARKET
    if "trailing_offset" in terms:
        return OrderType.TRAILING_STOP
    if "stop_price" in terms:
        return OrderType.STOP_LIMIT if "price" in terms else OrderType.STOP
    return OrderType.LIMIT


def changes(words: Words) -> dict[str, Any]:
    """Read new terms: `price 101 quantity 3`."""
    terms: dict[str, Any] = {}
    while words:
        field = words.take("term", _CHANGES.__contains__)
        terms[_CHANGES[field]] = words.time_ns() if field == "expiry" else words.number()
    return terms


def group(kind: str, line: Line) -> Group:
    """Read `oco A, B: sell 1 limit 110, sell 1 stop 95`; an exit of a bracket may be `target 110` or `stop 95`."""
    head, _, tail = line.words.removeprefix(kind).strip().partition(": ")
    names, texts = head.split(", "), tail.split(", ")
    if len(texts) != len(names) or not all(map(is_name, names)):
        raise Words(line.where, line.words).fail(head, "must be a name for each order")
    parts = (_part(name, Words(line.where, part)) for name, part in zip(names, texts, strict=True))
    return Group(kind, tuple(names), tuple(parts))


def _part(name: str, words: Words) -> Place | str:
    if words.has("target") or words.has("stop"):
        price = words.number()
        words.end()
        return price
    return Place(name, None, order(words))
