"""Times as they stand in files, as nanoseconds since the epoch in UTC."""

from __future__ import annotations

import datetime as dt
import re
from typing import Final

from ..model.errors import InvalidMarketData

MILLISECOND: Final = 1_000_000
SECOND: Final = 1_000 * MILLISECOND
MINUTE: Final = 60 * SECOND
DAY: Final = 86_400 * SECOND
_LIMIT: Final = 2**63
_EPOCH: Final = dt.date(1970, 1, 1).toordinal()
_HOUR: Final = "(?:[01][0-9]|2[0-3])"
_SIXTY: Final = "[0-5][0-9]"
_ISO = re.compile(
    r"(?P<year>[0-9]{4})(?P<dash>-?)(?P<month>[0-9]{2})(?P=dash)(?P<day>[0-9]{2})"
    rf"(?P<clock>[Tt ](?P<hour>{_HOUR}):?(?P<minute>{_SIXTY})(:?(?P<second>{_SIXTY})([.](?P<fraction>[0-9]{{1,9}}))?)?"
    rf" ?([Zz]|(?P<sign>[+-])(?P<zone_hour>{_HOUR}):?(?P<zone_minute>{_SIXTY})?)?)?"
)
_DATE_IN_NAME = re.compile(r"(?<![0-9])((?:19|20)[0-9]{2})(-?)([0-9]{2})\2([0-9]{2})(?![0-9])")


def epoch(text: str) -> int:
    """Read a count since the epoch of seconds, milliseconds, microseconds or nanoseconds, told apart by magnitude.

    The bounds are 10**11 (year 5138 in seconds, 1973 in milliseconds), 10**14 and 10**17. The text is ASCII digits.
    """
    count = int(text)
    if count < 10**11:
        return count * SECOND
    if count < 10**14:
        time_ns = count * MILLISECOND
    elif count < 10**17:
        time_ns = count * 1_000
    else:
        time_ns = count
    if time_ns >= _LIMIT:
        raise InvalidMarketData.of("time", text, "must be before the year 2262")
    return time_ns


def moment(text: str) -> int:
    """Read the time of a bar: ISO 8601 or a count since the epoch.

    A date alone, YYYY-MM-DD or YYYYMMDD, is the last nanosecond of that day: a bar is known at the end of its interval,
    and its time still falls on its date. A time without a zone is UTC.
    """
    if text.isascii() and text.isdigit() and len(text) != len("YYYYMMDD"):
        if len(text) > len(str(_LIMIT)):
            raise InvalidMarketData.of("time", text, "must be before the year 2262")
        return epoch(text)
    found = _ISO.fullmatch(text)
    if found is None:
        raise InvalidMarketData.of("time", text, "must be an ISO 8601 date or time, or a count since the epoch")
    part = found.groupdict(default="0")
    day = _midnight(text, part["year"], part["month"], part["day"])
    if not found["clock"]:
        return _checked(text, day + DAY - 1)
    clock = (int(part["hour"]) * 60 + int(part["minute"])) * MINUTE + int(part["second"]) * SECOND
    ahead = (int(part["zone_hour"]) * 60 + int(part["zone_minute"])) * MINUTE
    utc = day + clock + int(part["fraction"].ljust(9, "0")) + (ahead if part["sign"] == "-" else -ahead)
    return _checked(text, utc)


def date_in(names: tuple[str, ...]) -> int | None:
    """Return the midnight, in UTC, that begins the first date in the names of a file, or None."""
    for name in names:
        for found in _DATE_IN_NAME.finditer(name):
            year, _, month, day = found.groups()
            try:
                return _midnight(name, year, month, day)
            except InvalidMarketData:
                continue
    return None


def _midnight(text: str, year: str, month: str, day: str) -> int:
    try:
        return (dt.date(int(year), int(month), int(day)).toordinal() - _EPOCH) * DAY
    except ValueError:
        raise InvalidMarketData.of("time", text, "must be a date of the calendar") from None


def _checked(text: str, time_ns: int) -> int:
    if not 0 <= time_ns < _LIMIT:
        raise InvalidMarketData.of("time", text, "must be from 1970 on and before the year 2262")
    return time_ns
