"""When a market is open: its sessions, in its own time zone."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final

import attrs

from .errors import InvalidInstrument

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_DAY: Final = timedelta(days=1)
_WEEK: Final = 7
_CLOCK: Final = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]", re.ASCII)
_COLLECTIONS: Final = frozenset({tuple, list, set, frozenset, range})


def _clock(field: str, value: object) -> str:
    if type(value) is not str or not _CLOCK.fullmatch(value):
        raise InvalidInstrument.of(field, value, "must be a str such as '09:30', from '00:00' to '23:59'")
    return value


def _open(value: str) -> str:
    return _clock("open", value)


def _close(value: str) -> str:
    return _clock("close", value)


def _time_zone(value: tzinfo) -> tzinfo:
    # Not isinstance(), which asks the value itself for its class.
    if not issubclass(type(value), tzinfo):
        raise InvalidInstrument.of("time_zone", value, "must be a tzinfo, such as zoneinfo.ZoneInfo or datetime.UTC")
    try:
        offset = value.utcoffset(datetime(2000, 1, 1))  # noqa: DTZ001  # the zone's own time, as utcoffset() takes it
    except Exception:  # noqa: BLE001  # a zone of the user's own may fail in any way
        offset = None
    if type(offset) is not timedelta:
        raise InvalidInstrument.of("time_zone", value, "must know its distance from UTC")
    return value


def _days(value: Collection[int]) -> tuple[int, ...]:
    rule = "must be some of 0 (Monday) to 6 (Sunday), each once"
    if type(value) not in _COLLECTIONS:
        raise InvalidInstrument.of("days", value, rule)
    days = tuple(value)
    if not days or any(type(day) is not int or not 0 <= day < _WEEK for day in days) or len(set(days)) < len(days):
        raise InvalidInstrument.of("days", value, rule)
    return tuple(sorted(days))


@attrs.frozen(kw_only=True)
class TradingHours:
    """The sessions of a market: one on each of its days, from open to close by the clocks of its time zone.

    A session that closes at or before its time of opening closes on the day after: open="17:00", close="16:00" with
    days=(6, 0, 1, 2, 3) is a week of CME futures, from Sunday evening to Friday afternoon. Holidays are not known.

    Where clocks are moved, a session opens and closes by the moved clocks. A time that they show twice is the first of
    the two, and one that they leave out is as long after midnight as it would have been had they not been moved (fold 0
    of PEP 495).

    Args:
        open, close: "HH:MM", from "00:00" to "23:59".
        time_zone: whose clocks these are, such as zoneinfo.ZoneInfo("America/New_York"); UTC unless given.
        days: on which a session opens, 0 is Monday and 6 Sunday; Monday to Friday unless given.

    Raises:
        InvalidInstrument: naming the field, the value and the rule.
    """

    open: str = attrs.field(converter=_open)
    close: str = attrs.field(converter=_close)
    time_zone: tzinfo = attrs.field(default=UTC, converter=_time_zone)
    days: tuple[int, ...] = attrs.field(default=(0, 1, 2, 3, 4), converter=_days)

    def session_end(self, now_ns: int) -> int:
        """Return when the session under way ends, or the next one when the market is closed.

        At the very end of a session that session is over.

        Args:
            now_ns: nanoseconds since the epoch, UTC.

        Returns:
            Nanoseconds since the epoch, UTC; always after now_ns.
        """
        return self.session(now_ns)[1]

    def is_open(self, now_ns: int) -> bool:
        """Say whether a session is under way; at its very beginning it is, at its very end no more.

        Args:
            now_ns: nanoseconds since the epoch, UTC.
        """
        return self.session(now_ns)[0] <= now_ns

    def session(self, now_ns: int) -> tuple[int, int]:
        """Return when the session under way, or the next one when the market is closed, begins and ends.

        Args:
            now_ns: nanoseconds since the epoch, UTC.

        Returns:
            Nanoseconds since the epoch, UTC; the end is always after now_ns.
        """
        now = _EPOCH + timedelta(microseconds=now_ns // 1_000)
        # The session of the day before may still be under way.
        day = now.astimezone(self.time_zone).date() - _DAY
        while day.weekday() not in self.days or (end := self._closes(day)) <= now_ns:
            day += _DAY
        return self._at(day, self.open), end

    def _closes(self, day: date) -> int:
        """The end of the session that opens on a day."""
        return self._at(day + _DAY if self.close <= self.open else day, self.close)

    def _at(self, day: date, clock: str) -> int:
        shown = datetime.combine(day, time.fromisoformat(clock), tzinfo=self.time_zone)
        return (shown - _EPOCH) // _MICROSECOND * 1_000
