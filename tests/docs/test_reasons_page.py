"""The page of reason codes is what its generator writes."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
from provocations import PROVOCATIONS

from orderpit import Reason

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("reasons", DOCS / "reasons.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_the_one_that_the_generator_writes(generator: ModuleType) -> None:
    page = (DOCS / "reasons.md").read_text(encoding="utf-8")
    assert page == generator.page(PROVOCATIONS), "run python docs/reasons.py"


def test_every_code_has_one_row_in_the_order_of_the_enumeration() -> None:
    lines = (DOCS / "reasons.md").read_text(encoding="utf-8").splitlines()
    first = [line.split("|")[1].strip() for line in lines if line.startswith("| ")]
    codes = [cell for cell in first if cell in Reason.__members__]
    assert codes == [reason.value for reason in Reason]


def test_a_page_that_is_not_up_to_date_fails_the_check(
    generator: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(generator, "PAGE", tmp_path / "reasons.md")
    assert generator.main(["--check"]) == 1
    assert "run python docs/reasons.py" in capsys.readouterr().err
    assert generator.main([]) == 0
    assert generator.main(["--check"]) == 0
    generator.PAGE.write_text(generator.PAGE.read_text(encoding="utf-8") + " ", encoding="utf-8")
    assert generator.main(["--check"]) == 1
