"""Each bug of the list can be put into the code as it stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.figures.mutation import mutated
from tests.mutants import MUTANTS

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_line_that_a_mutant_changes_is_there_once_and_what_it_becomes_is_python(mutant):
    text = mutated((ROOT / mutant.file).read_text(encoding="utf-8"), mutant)
    compile(text, mutant.file, "exec", dont_inherit=True)


def test_no_two_mutants_have_one_name():
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)


@pytest.mark.parametrize("mutant", [one for one in MUTANTS if one.first], ids=lambda mutant: mutant.name)
def test_the_tests_that_a_mutant_begins_with_are_there(mutant):
    assert (ROOT / mutant.first).is_file()
