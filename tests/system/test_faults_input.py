"""What a value must not do to a log line (row 40 of the fault catalogue)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LEVELS = {"trace", "debug", "info", "success", "warning", "error", "critical", "exception"}


def sources() -> list[Path]:
    """Return the modules that log."""
    found = [path for folder in ("model", "actors", "orderpit") for path in sorted((ROOT / folder).rglob("*.py"))]
    return [path for path in found if not path.parent.is_symlink() and "loguru" in path.read_text(encoding="utf-8")]


def loose(tree: ast.AST) -> Iterator[str]:
    """Yield the line of each call that logs anything but a constant message without braces and without arguments."""
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        skipped = {"log": 1}.get(node.func.attr, 0)
        if node.func.attr not in LEVELS | {"log"} or not _logs(node.func.value):
            continue
        message, *more = node.args[skipped:] or [ast.Constant(None)]
        if more or node.keywords or not all(_is_plain(one) for one in _branches(message)):
            yield f"line {node.lineno}: {ast.unparse(node)}"


def _logs(node: ast.expr) -> bool:
    """Say whether an expression is a logger of loguru's, by the name that it begins with."""
    while isinstance(node, ast.Call | ast.Attribute):
        node = node.func if isinstance(node, ast.Call) else node.value
    return isinstance(node, ast.Name) and node.id in {"logger", "bound"}


def _branches(node: ast.expr) -> tuple[ast.expr, ...]:
    return (node.body, node.orelse) if isinstance(node, ast.IfExp) else (node,)


def _is_plain(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and not set("{}") & set(node.value)


@pytest.mark.fault(40)
@pytest.mark.parametrize("path", sources(), ids=lambda path: path.name)
def test_log_messages_are_constant_and_values_are_fields(path: Path) -> None:
    assert list(loose(ast.parse(path.read_text(encoding="utf-8")))) == []


def test_there_are_modules_that_log() -> None:
    assert {"logs.py", "_logs.py"} <= {path.name for path in sources()}


@pytest.mark.parametrize(
    "source",
    [
        'logger.info(f"order {order_id}")',
        "logger.info(text)",
        'logger.info("order {}", order_id)',
        'logger.warning("order {id}", id=order_id)',
        'logger.bind(a=1).error("braces {}")',
        'bound.log("INFO", text)',
        'logger.error("one" if bad else text)',
        "logger.info()",
    ],
)
def test_a_log_message_that_a_value_may_spoil_is_found(source: str) -> None:
    assert len(list(loose(ast.parse(source)))) == 1


@pytest.mark.parametrize(
    "source", ['logger.bind(id=order_id).info("order")', 'logger.log(level, "text")', 'parser.error(f"{x}")']
)
def test_a_constant_message_is_let_pass(source: str) -> None:
    assert list(loose(ast.parse(source))) == []
