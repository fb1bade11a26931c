"""The examples of the guides and of the README run, and print what is shown beneath them."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RUNNER = Path(__file__).with_name("run_guide.py")
GUIDES = [*sorted(ROOT.glob("docs/*.md")), *sorted(ROOT.glob("README.md"))]
BOUND = 180
"""Seconds after which a guide that hangs is a failure; each takes one or two, and the one that runs pytest ten."""


def of_name(guide: Path) -> str:
    return guide.name


def run(guide: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a guide in a process and a folder of its own: it may leave threads, files and settings behind."""
    return subprocess.run(  # noqa: S603  # the runner is ours, and so are the guides
        [sys.executable, "-W", "error", str(RUNNER), str(guide)],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=BOUND,
        check=False,
    )


@pytest.mark.parametrize("guide", GUIDES, ids=of_name)
def test_every_example_of_a_guide_runs_and_prints_what_is_shown(guide: Path, tmp_path: Path):
    done = run(guide, tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr == "", "an example that works has nothing to complain of"


@pytest.mark.parametrize("guide", GUIDES, ids=of_name)
def test_links_between_files_lead_somewhere(guide: Path):
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", guide.read_text(encoding="utf-8")):
        assert (guide.parent / target).exists(), target


def test_a_wrong_example_is_found(tmp_path: Path):
    guide = tmp_path / "guide.md"
    guide.write_text("# A guide\n\n```python\nprint(1 + 1)\n```\n\n```text\n3\n```\n", encoding="utf-8")
    done = run(guide, tmp_path)
    assert done.returncode == 1
    assert "line 3: the example prints something else" in done.stderr
    assert "- 3\n+ 2" in done.stderr


def test_a_wrong_command_is_found(tmp_path: Path):
    guide = tmp_path / "guide.md"
    guide.write_text(
        "<!-- file: it.txt -->\n```python\nfour\n```\n\n```console\n$ cat it.txt\nthree\n```\n", encoding="utf-8"
    )
    done = run(guide, tmp_path)
    assert done.returncode == 1
    assert "- three\n+ four" in done.stderr


def test_an_example_that_raises_is_found_at_its_line(tmp_path: Path):
    guide = tmp_path / "guide.md"
    guide.write_text("# A guide\n\n<!-- no-run -->\n```python\n?\n```\n\n```python\n1 / 0\n```\n", encoding="utf-8")
    done = run(guide, tmp_path)
    assert done.returncode == 1
    assert 'guide.md", line 9' in done.stderr
    assert "ZeroDivisionError" in done.stderr
