"""Reads one step of a scenario: `quote 99x5 / 101`, `A: buy 2 limit 100`, `modify A price 101`, `at 09:00:05`."""

from __future__ import annotations

import re
from datetime import timedelta, timezone
from typing import Any, TypeAlias

import attrs
from conformance.orders import SYMBOL, Group, Place, changes, group, order
from conformance.table import Line
from conformance.words import Words, is_name

import orderpit
from orderpit import Bar, Depth, MarketData, Quote, Side, Trade

_CALL = re.compile(r"([A-Z]\w+)\((.*)\)")


@attrs.frozen
class Setting:
    """What the venue, the instrument, the account or the limits are like, whatever step it stands at."""

    of: str
    values: dict[str, Any]


@attrs.frozen
class Publish:
    """The market moves."""

    data: MarketData


@attrs.frozen
class Modify:
    """Other terms for an order."""

    name: str
    terms: dict[str, Any]


@attrs.frozen
class Cancel:
    """The end of an order."""

    name: str


@attrs.frozen
class Gate:
    """Trading is halted, or resumed."""

    verb: str


@attrs.frozen
class At:
    """Time passes until then, in nanoseconds since the epoch."""

    time_ns: int


@attrs.frozen
class See:
    """A fact that must hold now, of an order, the position, cash, fees or alarms."""

    subject: str
    field: str
    value: str


Step: TypeAlias = Setting | Publish | Place | Group | Modify | Cancel | Gate | At | See


def read(line: Line) -> Step:
    """Read a step."""
    words = Words(line.where, line.words)
    verb = words.take("step")
    try:
        step = _step(verb, words, line)
    except orderpit.InvalidMarketData as error:
        raise words.fail(verb, str(error)) from None
    words.end()
    return step


def _step(verb: str, words: Words, line: Line) -> Step:
    match verb:
        case "venue" | "instrument" | "cash" | "limits":
            return Setting(verb, _settings(words))
        case "quote" | "depth" | "trade" | "bar":
            return Publish(_data(words, verb))
        case "modify":
            return Modify(words.name(), changes(words))
        case "cancel":
            return Cancel(words.name())
        case "halt" | "resume":
            return Gate(verb)
        case "at":
            return At(words.time_ns())
        case "see":
            return See(words.take("subject"), words.take("fact"), words.take("value"))
        case "bracket" | "oco" | "ouo" | "oto":
            while words:
                words.take("word")
            return group(verb, line)
        case _:
            name = verb.removesuffix(":")
            if not is_name(name):
                raise words.fail(verb, "is no step")
            account = None if name != verb else words.take("account", lambda word: word.endswith("):"))[1:-2]
            return Place(name, account, order(words))


def _settings(words: Words) -> dict[str, Any]:
    values: dict[str, Any] = {}
    while words:
        word = words.take("setting")
        key, sign, value = word.partition("=")
        if not sign:
            raise words.fail(word, "must be name=value")
        values[key] = _value(value)
    if "hours" in values:
        opens, closes = values.pop("hours").split("-")
        zone = timezone(timedelta(hours=int(values.pop("utc", 0))))
        values["trading_hours"] = orderpit.TradingHours(open=opens, close=closes, time_zone=zone)
    return values


def _value(text: str) -> Any:
    """Whole numbers, flags and values of orderpit, `Name(a,b=c)`; all else stays text."""
    if text.isdecimal():
        return int(text)
    if text in {"False", "True"}:
        return text == "True"
    call = _CALL.fullmatch(text)
    if call is None:
        return text
    return getattr(orderpit, call[1])(*(_value(argument) for argument in call[2].split(",") if argument))


def _data(words: Words, verb: str) -> MarketData:
    symbol = words.take("symbol") if words.has("on") else SYMBOL
    match verb:
        case "quote":
            bid, bid_size = _level(words)
            words.take("slash", "/".__eq__)
            ask, ask_size = _level(words)
            sides = {"bid": bid, "bid_size": bid_size, "ask": ask, "ask_size": ask_size}
            return Quote(symbol, **{key: None if value == "-" else value for key, value in sides.items()})
        case "depth":
            bids, asks = [], []
            while not words.has("/"):
                bids.append(_level(words))
            while words:
                asks.append(_level(words))
            return Depth(symbol, bids=bids, asks=asks)
        case "trade":
            price, size = _level(words)
            aggressor = Side(words.take("side", {"buy", "sell"}.__contains__).upper()) if words else None
            return Trade(symbol, price=price, size=size, aggressor=aggressor)
        case _:
            figures = {key: words.number() for key in ("open", "high", "low", "close")}
            return Bar(symbol, **figures, volume=words.number() if words.has("volume") else None)


def _level(words: Words) -> tuple[str, str | None]:
    price, _, size = words.take("price, or price x size").partition("x")
    return price, size or None
