"""The tables of docs/orders.md say what the code does: every state, event and alarm, and no other."""

from pathlib import Path
from typing import get_args

from orderpit import AlarmCode, OrderState
from orderpit.model.events import Event
from orderpit.model.lifecycle import TRANSITIONS

GUIDE = Path(__file__).parents[2] / "docs" / "orders.md"


def rows(heading: str) -> list[list[str]]:
    """Return the cells of the table beneath a heading of the guide, without its first two lines."""
    section = GUIDE.read_text(encoding="utf-8").split(f"\n{heading}\n", 1)[1].split("\n#", 1)[0]
    table = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table[2:]]


def test_the_states_table_is_the_one_in_the_code():
    shown = {
        OrderState[state]: {OrderState[name] for name in to.split(", ") if name}
        for state, to in rows("## The eight states")
    }
    assert shown == TRANSITIONS


def test_every_alarm_has_a_row():
    assert [row[0] for row in rows("### Alarms")] == [code.value for code in AlarmCode]


def test_every_event_has_a_row():
    assert {row[0] for row in rows("### Events")} == {kind.__name__ for kind in get_args(Event)}
