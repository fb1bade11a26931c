"""Draws docs/demo.svg, the picture in the README: what `python run.py` shows on a terminal.

python docs/picture.py
"""

from __future__ import annotations

import io
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

HERE = Path(__file__).parent
WIDTH = 100
FIRST, LAST = "3 of 6", "Positions and profit"


def main() -> None:
    """Run the demo on a terminal of its own, and draw the middle of what it shows."""
    screen = on_a_terminal([sys.executable, str(HERE.parent / "run.py")])
    lines = screen.splitlines()
    first, last = (next(n for n, line in enumerate(lines) if mark in line) for mark in (FIRST, LAST))
    console = Console(record=True, width=WIDTH, file=io.StringIO())
    console.print(Text("$ python run.py\n…"), Text.from_ansi("\n".join(lines[first:last])), sep="\n")
    drawing = console.export_svg(title="python run.py")
    # rich refers to a font on the network; the picture must not.
    drawing = re.sub(r"@font-face \{.*?\}", "", drawing, flags=re.DOTALL)
    drawing = "\n".join(line.rstrip() for line in drawing.splitlines())
    (HERE / "demo.svg").write_text(drawing + "\n", encoding="utf-8")


def on_a_terminal(command: list[str]) -> str:
    """Return what a command writes to a terminal of WIDTH columns."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(WIDTH), "LINES": "40", "TERM": "xterm-256color"}
    process = subprocess.Popen(command, stdout=theirs, stderr=subprocess.DEVNULL, env=environment)  # noqa: S603
    os.close(theirs)
    written = bytearray()
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # Linux reports the end of a terminal as an error
            break
        if not piece:
            break
        written += piece
    os.close(ours)
    if process.wait():
        sys.exit(f"the demo ended with {process.returncode}")
    return written.decode().replace("\r\n", "\n")


if __name__ == "__main__":
    main()
