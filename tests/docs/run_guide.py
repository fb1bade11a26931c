"""Run the examples of a guide, as `python tests/docs/run_guide.py docs/embedding.md`, and compare what they print.

The ```python blocks of a file run in order, as one module. A ```text block right after one is what that block prints,
with ... for what may differ. A block with <!-- no-run --> above it is passed over. Tracebacks name the guide's lines.
"""

import contextlib
import difflib
import doctest
import io
import re
import sys
from pathlib import Path

BLOCK = re.compile(
    r"^(?P<skip><!-- no-run -->\n)?```python\n(?P<code>.*?)^```$(?:\n\n```text\n(?P<output>.*?)^```$)?",
    re.MULTILINE | re.DOTALL,
)
CHECKER = doctest.OutputChecker()


def blocks(guide: Path) -> list[re.Match[str]]:
    """Return the blocks that run."""
    return [found for found in BLOCK.finditer(guide.read_text(encoding="utf-8")) if not found["skip"]]


def run(guide: Path) -> None:
    """Run a guide's blocks in one namespace; the first that fails, or prints something else, ends it."""
    names: dict[str, object] = {"__name__": "__main__"}
    for found in blocks(guide):
        line = found.string.count("\n", 0, found.start("code"))
        code = compile("\n" * line + found["code"], str(guide), "exec", dont_inherit=True)
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(code, names)  # noqa: S102  # the guide is ours
        expected, got = found["output"], printed.getvalue()
        if expected is not None and not CHECKER.check_output(expected, got, doctest.ELLIPSIS):
            difference = "\n".join(difflib.ndiff(expected.splitlines(), got.splitlines()))
            sys.exit(f"{guide}, line {line}: the example prints something else (- shown, + printed)\n{difference}")


if __name__ == "__main__":
    run(Path(sys.argv[1]))
