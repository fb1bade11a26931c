"""The tables are read strictly: whatever is not understood is an error that names file and line."""

from __future__ import annotations

import attrs
import pytest
from conformance.stage import Stage
from conformance.steps import read
from conformance.table import Line, TableError, parse

GOOD = """# A comment.
[a-row] A rule.
  quote 99 / 100
  A: buy 1 market | A | SUBMITTED OPEN FILLED | 1@100 TAKER | 0.2 |
  cancel A        | A | REFUSED               |             |     | ORDER_CLOSED
"""


@pytest.mark.parametrize(
    ("before", "after", "complaint"),
    [
        pytest.param("[a-row] A rule.", "[a row] A rule.", "topic.txt:2: must be `[name", id="a name with a space"),
        pytest.param("[a-row] A rule.", "[a-row]", "topic.txt:2: must be `[name", id="a row without a rule"),
        pytest.param("[a-row] A rule.\n", "", "topic.txt:2: a step before the first row", id="a step without a row"),
        pytest.param("| 0.2 |", "| 0.2", "topic.txt:4: must have the columns", id="a column is missing"),
        pytest.param("FILLED", "FULL", "topic.txt:4: 'SUBMITTED OPEN FULL' must be of", id="an unknown state"),
        pytest.param("1@100 TAKER", "1@100", "topic.txt:4: '1@100' must be followed by", id="neither maker nor taker"),
        pytest.param("1@100 TAKER", "1x100 TAKER", "topic.txt:4: 1x100 TAKER must be", id="a fill without a price"),
        pytest.param("| 0.2 ", "|     ", "topic.txt:4: fills have a fee", id="a fill without a fee"),
        pytest.param("| 0.2 ", "| .2  ", "topic.txt:4: fee '.2' is no number", id="a fee that is no number"),
        pytest.param("| A | REF", "| a | REF", "topic.txt:5: 'a' is no name", id="a name in small letters"),
        pytest.param("  cancel A ", "  cancel B\n\n ", "topic.txt:7: has no step", id="a result without a step"),
        pytest.param("OPEN FILLED ", "OPEN", "topic.txt:4: more fills than", id="a fill without its state"),
    ],
)
def test_a_line_that_is_not_understood_is_named(before: str, after: str, complaint: str) -> None:
    assert before in GOOD
    with pytest.raises(TableError) as error:
        list(parse("topic", GOOD.replace(before, after)))
    assert str(error.value).startswith(complaint)


def test_a_row_that_expects_nothing_is_an_error() -> None:
    with pytest.raises(TableError, match=r"^topic\.txt:1: row a-row expects nothing"):
        list(parse("topic", "[a-row] A rule.\n  quote 99 / 100\n"))


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ("sleep 5", "'sleep' is no step"),
        ("quote 99 101", "'101' is no slash"),
        ("quote 101 / 99", "must not be above the ask"),
        ("at noon", "'noon' is no time"),
        ("A: buy one market", "'one' is no number"),
        ("A: hold 1 market", "'hold' is no side"),
        ("A: buy 1 limit", "'number' is missing"),
        ("A: buy 1 limit 100 soon", "'soon' means nothing"),
        ("modify A colour 5", "'colour' is no term"),
        ("cancel A B", "'B' means nothing"),
        ("venue latency", "'latency' must be name=value"),
        ("oco A, B: sell 1 limit 110", "'A, B' must be a name for each order"),
    ],
)
def test_a_step_that_is_not_understood_is_named(words: str, complaint: str) -> None:
    with pytest.raises(TableError) as error:
        read(Line("topic.txt:7", words))
    assert str(error.value).startswith("topic.txt:7: ")
    assert complaint in str(error.value)
    assert words in str(error.value)


def test_a_good_row_plays_on_both_runtimes() -> None:
    (row,) = parse("topic", GOOD)
    assert Stage(row, "threads").play() == []
    assert Stage(row, "stepped").play() == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("SUBMITTED OPEN FILLED", "SUBMITTED FILLED", id="a state that is passed through"),
        pytest.param("1@100", "1@99", id="another price"),
        pytest.param("1@100", "2@100", id="another quantity"),
        pytest.param("TAKER", "MAKER", id="the maker's flag"),
        pytest.param("0.2 ", "0.1 ", id="another fee"),
        pytest.param("ORDER_CLOSED", "UNKNOWN_ORDER", id="another reason"),
        pytest.param("ORDER_CLOSED", "", id="no reason"),
        pytest.param("quote 99 / 100", "quote 99 / 100 | B | OPEN | | |", id="an order that there is not"),
        pytest.param(
            "cancel A        | A | REFUSED               |             |     | ORDER_CLOSED",
            "cancel A",
            id="an outcome that the table leaves out",
        ),
        pytest.param("  cancel A ", "  see A filled 2\n  cancel A ", id="a fact that is otherwise"),
    ],
)
def test_a_row_that_says_otherwise_fails(before: str, after: str) -> None:
    assert before in GOOD
    (row,) = parse("topic", GOOD.replace(before, after))
    wrong = Stage(row, "stepped").play()
    assert wrong
    assert wrong[0].startswith("topic.txt:")


def test_an_alarm_that_the_table_leaves_out_fails() -> None:
    text = GOOD.replace("cancel A  ", "A: buy 2 market").replace("ORDER_CLOSED", "DUPLICATE_ID")
    (row,) = parse("topic", text)
    assert "DUPLICATE_ID" in "\n".join(Stage(row, "stepped").play())
    expected = attrs.evolve(row, lines=(*row.lines, Line("topic.txt:4", "see alarm code DUPLICATE_ID")))
    assert Stage(expected, "stepped").play() == []
