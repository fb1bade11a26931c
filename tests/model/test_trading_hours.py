"""Sessions in their own time zone: nights, weekends, and the days on which clocks are moved."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderpit.model.errors import InvalidInstrument
from orderpit.model.trading_hours import TradingHours

NEW_YORK = TradingHours(open="09:30", close="16:00", time_zone=ZoneInfo("America/New_York"))
XETRA = TradingHours(open="09:00", close="17:30", time_zone=ZoneInfo("Europe/Berlin"))
FUTURES = TradingHours(open="17:00", close="16:00", time_zone=ZoneInfo("America/Chicago"), days=(6, 0, 1, 2, 3))
LONDON_UTC = TradingHours(open="08:00", close="16:30")
EVERY_NIGHT = TradingHours(open="00:00", close="00:00", days=range(7))
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def ns(text: str) -> int:
    """`2024-03-08 14:00`, in UTC."""
    moment = datetime.fromisoformat(f"{text}+00:00")
    return (moment - EPOCH) // timedelta(microseconds=1) * 1_000


def written(time_ns: int) -> str:
    assert not time_ns % 60_000_000_000
    return f"{EPOCH + timedelta(microseconds=time_ns // 1_000):%a %Y-%m-%d %H:%M}"


@pytest.mark.parametrize(
    ("hours", "now", "end"),
    [
        pytest.param(NEW_YORK, "2024-01-10 15:00", "Wed 2024-01-10 21:00", id="new-york-winter-in-session"),
        pytest.param(NEW_YORK, "2024-07-10 15:00", "Wed 2024-07-10 20:00", id="new-york-summer-in-session"),
        pytest.param(NEW_YORK, "2024-01-10 05:00", "Wed 2024-01-10 21:00", id="before-the-open"),
        pytest.param(NEW_YORK, "2024-01-10 02:00", "Wed 2024-01-10 21:00", id="still-tuesday-in-new-york"),
        pytest.param(NEW_YORK, "2024-01-10 20:59:59.999999", "Wed 2024-01-10 21:00", id="a-microsecond-before-close"),
        pytest.param(NEW_YORK, "2024-01-10 21:00", "Thu 2024-01-11 21:00", id="at-the-close"),
        pytest.param(NEW_YORK, "2024-01-12 22:00", "Mon 2024-01-15 21:00", id="friday-evening"),
        pytest.param(NEW_YORK, "2024-01-14 12:00", "Mon 2024-01-15 21:00", id="sunday"),
        # Clocks go forward on Sunday 2024-03-10 in New York, and on Sunday 2024-03-31 in Berlin.
        pytest.param(NEW_YORK, "2024-03-08 15:00", "Fri 2024-03-08 21:00", id="new-york-before-spring-forward"),
        pytest.param(NEW_YORK, "2024-03-08 22:00", "Mon 2024-03-11 20:00", id="new-york-over-spring-forward"),
        pytest.param(XETRA, "2024-03-29 17:00", "Mon 2024-04-01 15:30", id="berlin-over-spring-forward"),
        pytest.param(XETRA, "2024-03-29 12:00", "Fri 2024-03-29 16:30", id="berlin-before-spring-forward"),
        # And back on Sunday 2024-11-03 in New York, and on Sunday 2024-10-27 in Berlin.
        pytest.param(NEW_YORK, "2024-11-01 21:00", "Mon 2024-11-04 21:00", id="new-york-over-fall-back"),
        pytest.param(NEW_YORK, "2024-11-01 15:00", "Fri 2024-11-01 20:00", id="new-york-before-fall-back"),
        pytest.param(XETRA, "2024-10-25 17:00", "Mon 2024-10-28 16:30", id="berlin-over-fall-back"),
        pytest.param(FUTURES, "2024-01-10 12:00", "Wed 2024-01-10 22:00", id="futures-in-the-night-of-tuesday"),
        pytest.param(FUTURES, "2024-01-10 22:30", "Thu 2024-01-11 22:00", id="futures-in-the-daily-break"),
        pytest.param(FUTURES, "2024-01-10 23:00", "Thu 2024-01-11 22:00", id="futures-just-opened"),
        pytest.param(FUTURES, "2024-01-12 21:59", "Fri 2024-01-12 22:00", id="futures-on-friday-afternoon"),
        pytest.param(FUTURES, "2024-01-12 22:00", "Mon 2024-01-15 22:00", id="futures-over-the-weekend"),
        pytest.param(FUTURES, "2024-01-15 01:00", "Mon 2024-01-15 22:00", id="futures-on-sunday-evening"),
        pytest.param(FUTURES, "2024-03-10 23:00", "Mon 2024-03-11 21:00", id="futures-after-spring-forward"),
        pytest.param(LONDON_UTC, "2024-07-10 12:00", "Wed 2024-07-10 16:30", id="utc-unless-given"),
        pytest.param(EVERY_NIGHT, "2024-07-10 12:00", "Thu 2024-07-11 00:00", id="open-around-the-clock"),
        pytest.param(EVERY_NIGHT, "2024-07-11 00:00", "Fri 2024-07-12 00:00", id="a-session-of-24-hours-ends"),
    ],
)
def test_a_session_ends_by_the_clocks_of_its_zone(hours: TradingHours, now: str, end: str) -> None:
    assert written(hours.session_end(ns(now))) == end


def nights(closes: str) -> TradingHours:
    return TradingHours(open="22:00", close=closes, time_zone=ZoneInfo("America/New_York"), days=range(7))


@pytest.mark.parametrize(
    ("hours", "now", "end"),
    [
        pytest.param(nights("02:00"), "2024-03-10 04:00", "Sun 2024-03-10 07:00", id="short"),
        pytest.param(
            nights("02:30"),
            "2024-03-10 04:00",
            "Sun 2024-03-10 07:30",
            id="left-out",
        ),
        pytest.param(
            nights("03:00"),
            "2024-03-10 04:00",
            "Sun 2024-03-10 07:00",
            id="skipped-to",
        ),
        pytest.param(
            nights("01:30"),
            "2024-11-03 04:00",
            "Sun 2024-11-03 05:30",
            id="shown-twice",
        ),
        pytest.param(nights("02:00"), "2024-11-03 04:00", "Sun 2024-11-03 07:00", id="long"),
    ],
)
def test_a_night_in_which_clocks_are_moved(hours: TradingHours, now: str, end: str) -> None:
    assert written(hours.session_end(ns(now))) == end


@pytest.mark.parametrize(
    ("hours", "now", "is_open"),
    [
        pytest.param(NEW_YORK, "2024-01-10 14:29:59.999999", False, id="a-microsecond-before-the-open"),
        pytest.param(NEW_YORK, "2024-01-10 14:30", True, id="at-the-open"),
        pytest.param(NEW_YORK, "2024-01-10 20:59:59.999999", True, id="a-microsecond-before-the-close"),
        pytest.param(NEW_YORK, "2024-01-10 21:00", False, id="at-the-close"),
        pytest.param(NEW_YORK, "2024-07-10 13:30", True, id="an-hour-earlier-in-summer"),
        pytest.param(NEW_YORK, "2024-07-10 20:00", False, id="closed-an-hour-earlier-in-summer"),
        pytest.param(NEW_YORK, "2024-01-13 15:00", False, id="saturday"),
        # Chicago is 6 hours behind UTC in winter: from 23:00 on Sunday to 22:00 on Monday.
        pytest.param(FUTURES, "2024-01-14 22:59", False, id="futures-before-sunday-evening"),
        pytest.param(FUTURES, "2024-01-14 23:00", True, id="futures-on-sunday-evening"),
        pytest.param(FUTURES, "2024-01-15 06:30", True, id="futures-after-midnight"),
        pytest.param(FUTURES, "2024-01-15 22:30", False, id="futures-in-the-daily-break"),
        pytest.param(FUTURES, "2024-01-12 23:30", False, id="futures-on-friday-evening"),
        # On Sunday 2024-03-10 clocks have gone forward: from 22:00.
        pytest.param(FUTURES, "2024-03-10 21:59", False, id="futures-before-spring-forward-evening"),
        pytest.param(FUTURES, "2024-03-10 22:00", True, id="futures-on-spring-forward-evening"),
        pytest.param(FUTURES, "2024-11-03 22:30", False, id="futures-on-fall-back-evening"),
        pytest.param(EVERY_NIGHT, "2024-07-11 00:00", True, id="one-session-after-the-other"),
    ],
)
def test_a_market_is_open_from_its_open_to_just_before_its_close(hours: TradingHours, now: str, is_open: bool) -> None:  # noqa: FBT001
    assert hours.is_open(ns(now)) is is_open


@given(
    now=st.integers(0, 2**62),
    opens=st.integers(0, 1439),
    closes=st.integers(0, 1439),
    days=st.sets(st.integers(0, 6), min_size=1),
    hours_east=st.integers(-14, 14),
)
def test_the_end_is_the_first_close_after_now(
    now: int, opens: int, closes: int, days: set[int], hours_east: int
) -> None:
    """Against looking at every minute mark of ten days in a zone that does not move its clocks."""
    opening, closing = (f"{minute // 60:02}:{minute % 60:02}" for minute in (opens, closes))
    zone = timezone(timedelta(hours=hours_east))
    hours = TradingHours(open=opening, close=closing, time_zone=zone, days=days)
    end = hours.session_end(now)
    minute, day = 60 * 10**9, 86_400 * 10**9
    local = now + hours_east * 3_600 * 10**9
    today = local // day * day
    # 1970-01-01 was a Thursday.
    candidates = [
        today + n * day + closes * minute + (day if closes <= opens else 0)
        for n in range(-2, 10)
        if ((today // day + n) + 3) % 7 in days
    ]
    assert end == min(c for c in candidates if c > local) - hours_east * 3_600 * 10**9
    long = (closes - opens) % 1440 or 1440
    assert hours.is_open(now) is any(c - long * minute <= local < c for c in candidates)


class NoOffset(tzinfo):
    def utcoffset(self, _when: object) -> None:
        return None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        pytest.param({"open": "9:30"}, "open", id="one-digit"),
        pytest.param({"open": "24:00"}, "open", id="hour-24"),
        pytest.param({"close": "16:60"}, "close", id="minute-60"),
        pytest.param({"close": "16:00:00"}, "close", id="seconds"),
        pytest.param({"close": 16}, "close", id="number"),
        pytest.param({"close": "\uff11\uff16:00"}, "close", id="other-digits"),
        pytest.param({"time_zone": "America/New_York"}, "time_zone", id="name-of-a-zone"),
        pytest.param({"time_zone": None}, "time_zone", id="no-zone"),
        pytest.param({"time_zone": tzinfo()}, "time_zone", id="zone-that-raises"),
        pytest.param({"time_zone": NoOffset()}, "time_zone", id="zone-without-offset"),
        pytest.param({"days": ()}, "days", id="no-day"),
        pytest.param({"days": (0, 0)}, "days", id="a-day-twice"),
        pytest.param({"days": (0, 7)}, "days", id="day-7"),
        pytest.param({"days": (-1,)}, "days", id="day-below-0"),
        pytest.param({"days": (True,)}, "days", id="bool"),
        pytest.param({"days": ("Monday",)}, "days", id="name-of-a-day"),
        pytest.param({"days": 3}, "days", id="one-number"),
        pytest.param({"days": {0: 1}}, "days", id="mapping"),
    ],
)
def test_what_are_no_trading_hours_is_refused(changes: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidInstrument) as caught:
        TradingHours(**{"open": "09:30", "close": "16:00"} | changes)  # type: ignore[arg-type]
    assert caught.value.field == field


def test_days_are_kept_in_order_whatever_they_came_in() -> None:
    assert TradingHours(open="09:30", close="16:00", days={4, 0}).days == (0, 4)
