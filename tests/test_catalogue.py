"""Every row of the fault catalogue is shown by a test, or says what it waits for; and the marks name rows."""

from __future__ import annotations

import pytest
from catalogue import CATALOGUE, PARTS, Shown, marks_in, shown_by


@pytest.fixture(scope="module")
def shown() -> dict[int, tuple[Shown, ...]]:
    return shown_by()


def test_the_catalogue_has_76_rows_in_four_parts() -> None:
    assert list(CATALOGUE) == list(range(1, 77))
    of_part = [[number for number, fault in CATALOGUE.items() if fault.part == part] for part in PARTS]
    assert [(numbers[0], numbers[-1]) for numbers in of_part] == [(1, 32), (33, 46), (47, 65), (66, 76)]
    assert len({fault.name for fault in CATALOGUE.values()}) == 76


@pytest.mark.parametrize("number", CATALOGUE)
def test_a_row_has_a_test_or_says_what_it_waits_for(number: int, shown: dict[int, tuple[Shown, ...]]) -> None:
    assert bool(shown.get(number)) != bool(CATALOGUE[number].waits_for), CATALOGUE[number].name


def test_every_mark_names_a_row(shown: dict[int, tuple[Shown, ...]]) -> None:
    assert set(shown) <= set(CATALOGUE)


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("@pytest.mark.fault(9, 31)\ndef test_a(): ...", [("test_a", 9), ("test_a", 31)]),
        ("@mark.fault(1)\n@mark.fault(2)\nasync def test_a(): ...", [("test_a", 1), ("test_a", 2)]),
        (
            "@pytest.mark.parametrize('x', [pytest.param(1, marks=pytest.mark.fault(3))])\ndef test_a(x): ...",
            [("test_a", 3)],
        ),
        ("pytestmark = [pytest.mark.fault(5)]\ndef test_a(): ...\ndef helper(): ...", [("test_a", 5)]),
        ("def test_a():\n    fault(7)", []),
        ("@pytest.mark.slow\ndef test_a(): ...", []),
    ],
    ids=["several numbers", "several marks", "on a parameter", "on the module", "in the body", "another mark"],
)
def test_marks_are_found_where_pytest_finds_them(source: str, found: list[tuple[str, int]]) -> None:
    assert list(marks_in(source)) == found


def test_a_mark_whose_number_is_computed_is_refused() -> None:
    with pytest.raises(ValueError, match="line 1: a fault mark takes numbers"):
        list(marks_in("@pytest.mark.fault(ROW)\ndef test_a(): ..."))
