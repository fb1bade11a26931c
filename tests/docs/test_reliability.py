"""The page on reliability is what its generator writes, of the catalogue, the marks and the figures."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from catalogue import CATALOGUE, Fault, Shown

DOCS = Path(__file__).parents[2] / "docs"
FIGURES: dict[str, Any] = {
    "version": 1,
    "figures": [
        {"name": "fuzz", "what": "hostile inputs", "count": 100_000, "bound": 5_000, "unit": "inputs", "violations": 0}
    ],
    "probes": {"late fill": 1_234, "a | b": 1},
    "races": {"a fill against a cancel": 4_321},
    "threads": {"memory slope in MiB/h": 0.5},
    "mutants": [{"name": "a fill is booked twice", "caught_by": "races"}],
}
ROWS = {
    9: Fault(9, "A", "a fill overtakes", "it is booked"),
    43: Fault(43, "B", "twice", "once", lacks="after a restart"),
    44: Fault(44, "B", "loose", "found", waits_for="a walker"),
    52: Fault(52, "C", "no room", "halt", waits_for="the journal"),
    76: Fault(76, "D", "a clock jumps", "no matter"),
}
TESTS = {
    76: (Shown("tests/a/test_b.py", "test_a_jump"),),
    9: (Shown("tests/a/test_b.py", "test_09_a_fill_overtakes"), Shown("tests/a/test_c.py", "test_again")),
}


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("reliability", DOCS / "reliability.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_row_is_linked_to_its_tests_and_says_what_is_not_there_yet(generator: ModuleType) -> None:
    page = generator.page(ROWS, TESTS, None)
    links = "[a fill overtakes](../tests/a/test_b.py)<br>[again](../tests/a/test_c.py)"
    assert f"| 9 | a fill overtakes | it is booked | {links} |\n" in page
    assert "| 43 | twice | once. *Not yet: after a restart.* |  |\n" in page
    assert "| 44 | loose | found. *Waits for a walker.* |  |\n" in page
    assert "### C. Journal and disk\n\nNothing of this can be shown yet: it waits for the journal.\n" in page
    assert "Of 5 rows, 2 are shown by 3 tests, and 2 wait" in page


def test_the_figures_are_those_of_the_run(generator: ModuleType) -> None:
    page = generator.page(ROWS, TESTS, FIGURES)
    assert "| hostile inputs | 100,000 inputs | 5,000 | 0 |\n" in page
    assert "| a \\| b | 1 |\n| late fill | 1,234 |\n" in page
    assert "| a fill against a cancel | 4,321 |\n" in page
    assert "| memory slope in MiB/h | 0.5 |\n" in page
    assert "| a fill is booked twice | races |\n" in page
    bare = generator.page(ROWS, TESTS, {"version": 1, "figures": FIGURES["figures"]})
    assert "###" not in bare.partition(generator.FIGURES_HEAD)[2]


def test_without_a_run_the_page_says_so(generator: ModuleType) -> None:
    page = generator.page(ROWS, TESTS, None)
    assert page.endswith(generator.NO_FIGURES)
    assert generator.written(page) == generator.written(generator.page(ROWS, TESTS, FIGURES)) != page


def test_the_page_is_the_one_that_the_generator_writes_apart_from_the_figures(generator: ModuleType) -> None:
    page = (DOCS / "reliability.md").read_text(encoding="utf-8")
    assert generator.written(page) == generator.written(generator.current()), "run python docs/reliability.py"


def test_a_page_that_is_not_up_to_date_fails_the_check(
    generator: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(generator, "PAGE", tmp_path / "page.md")
    assert generator.main(["--check"]) == 1
    assert generator.main([]) == 0
    assert generator.main(["--check"]) == 0
    generator.PAGE.write_text(generator.PAGE.read_text() + " ")
    assert generator.main(["--check"]) == 1
    assert "run python docs/reliability.py" in capsys.readouterr().err


def test_every_part_and_row_of_the_catalogue_is_on_the_page(generator: ModuleType) -> None:
    page = generator.current()
    assert all(f"| {number} | {fault.name} |" in page for number, fault in CATALOGUE.items())
