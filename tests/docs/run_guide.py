"""Run the examples of a guide, as `python tests/docs/run_guide.py docs/embedding.md`, and compare what they print.

The ```python blocks of a file run in order, as one module. A ```text block right after one is what that block prints,
with ... for what may differ. A block with <!-- no-run --> above it is passed over; one with <!-- file: NAME --> is
written to that file instead. A ```console block is one command of a shell and what it prints. Tracebacks name the
guide's lines.
"""

import contextlib
import difflib
import doctest
import io
import os
import re
import subprocess
import sys
from pathlib import Path

BLOCK = re.compile(
    r"^(?:<!-- (?P<skip>no-run|file: (?P<file>\S+)) -->\n)?"
    r"```(?P<kind>python|console)\n(?P<code>.*?)^```$(?:\n\n```text\n(?P<output>.*?)^```$)?",
    re.MULTILINE | re.DOTALL,
)
CHECKER = doctest.OutputChecker()
ROOT = Path(__file__).parents[2]


def blocks(guide: Path) -> list[re.Match[str]]:
    """Return the blocks that run, or are written."""
    return [found for found in BLOCK.finditer(guide.read_text(encoding="utf-8")) if found["skip"] != "no-run"]


def run(guide: Path) -> None:
    """Run a guide's blocks in one namespace; the first that fails, or prints something else, ends it."""
    names: dict[str, object] = {"__name__": "__main__"}
    sys.path.insert(0, str(Path.cwd()))  # where its files are written
    for found in blocks(guide):
        line = found.string.count("\n", 0, found.start("code"))
        if found["file"]:
            Path(found["file"]).write_text(found["code"], encoding="utf-8")
        elif found["kind"] == "console":
            command, _, expected = found["code"].partition("\n")
            compare(guide, line, expected, shell(command.removeprefix("$ ")))
        else:
            code = compile("\n" * line + found["code"], str(guide), "exec", dont_inherit=True)
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec(code, names)  # noqa: S102  # the guide is ours
            compare(guide, line, found["output"], printed.getvalue())


def shell(command: str) -> str:
    """Run one command of a guide, and return what it prints. The plugin is named, since we may not be installed."""
    command = re.sub("^pytest ", f'"{sys.executable}" -m pytest -p pytest_orderpit -p no:cacheprovider ', command)
    command = re.sub(r"(^|[|] )python ", lambda found: f'{found[1]}"{sys.executable}" ', command)
    paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(  # noqa: S602  # the guide is ours
        command, shell=True, check=False, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": paths}
    )
    return done.stdout + done.stderr


def compare(guide: Path, line: int, expected: str | None, got: str) -> None:
    """End with the difference, if there is one."""
    if expected is not None and not CHECKER.check_output(expected, got, doctest.ELLIPSIS):
        difference = "\n".join(difflib.ndiff(expected.splitlines(), got.splitlines()))
        sys.exit(f"{guide}, line {line}: the example prints something else (- shown, + printed)\n{difference}")


if __name__ == "__main__":
    run(Path(sys.argv[1]))
