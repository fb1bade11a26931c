"""Who imports whom, and that the public names are there."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import orderpit

ROOT = Path(__file__).parents[1]
FOLDERS = {
    "model": ROOT / "model",
    "actors": ROOT / "actors",
    "journal": ROOT / "journal",
    "readers": ROOT / "orderpit" / "readers",
    "remote": ROOT / "orderpit" / "remote",
    "testing": ROOT / "orderpit" / "testing",
    "cli": ROOT / "orderpit" / "cli",
}
ALLOWED = {
    "model": {"model"},
    "journal": {"journal", "model"},
    "actors": {"actors", "journal", "model"},
    "remote": {"remote", "actors", "model"},
}
"""Which folders of ours each may import; the others may import all."""

NEVER_IN_MODEL = {
    "asyncio", "concurrent", "io", "logging", "loguru", "multiprocessing", "os", "pathlib", "pykka", "queue", "random",
    "secrets", "socket", "sqlite3", "subprocess", "sys", "threading", "time", "urllib", "uuid",
}  # fmt: skip
NEVER_IN_ACTORS = {
    "concurrent", "logging", "loguru", "multiprocessing", "os", "pathlib", "random", "rich", "secrets", "socket",
    "sqlite3", "subprocess", "threading", "time", "uuid",
}  # fmt: skip
ONLY_IN_ACTORS = {
    "threads.py": {"os", "threading", "time", "uuid"},
    "fibres.py": {"threading"},
    "logs.py": {"loguru"},
    "snapshotting.py": {"os"},
}
"""What one module of actors/ alone may import: those that provide clocks, ids and threads, the one that logs,
and the one that is a process of its own."""
BY_IDENTITY = {"codec.py", "copying.py", "memento.py"}
"""Modules that may tell objects apart by what they are: a key of a table that keeps them alive, and never seen."""
READING_THE_CLOCK = {("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today")}


def sources() -> list[Path]:
    return [path for folder in FOLDERS.values() if folder.exists() for path in sorted(folder.rglob("*.py"))]


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def folder_of(path: Path) -> str:
    return next(name for name, folder in FOLDERS.items() if path.is_relative_to(folder))


def module_of(path: Path) -> list[str]:
    """The package that a file's relative imports start from: its folder, as it is imported."""
    inside = path.relative_to(FOLDERS[folder_of(path)]).parts[:-1]
    return ["orderpit", folder_of(path), *inside]


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, anywhere in it, by its absolute name."""
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Import():
                yield from (alias.name for alias in node.names)
            case ast.ImportFrom(level=0):
                yield node.module or ""
            case ast.ImportFrom():
                base = module_of(path)
                start = base[: len(base) - node.level + 1]
                if node.module:
                    yield ".".join([*start, node.module])
                else:
                    yield from (".".join([*start, alias.name]) for alias in node.names)
            case _:
                pass


def test_there_is_something_to_look_at() -> None:
    assert len(sources()) > 40
    assert "orderpit.model.errors" in set(imports(FOLDERS["actors"] / "actor.py"))


@pytest.mark.parametrize("path", sources(), ids=named)
def test_imports_of_our_own_go_one_way(path: Path) -> None:
    allowed = ALLOWED.get(folder_of(path), set(FOLDERS) | {"bars", "limits_file", "strategies"})
    for module in imports(path):
        if not module.startswith("orderpit"):
            assert module.split(".")[0] not in FOLDERS, f"{module} is the host's to have"
            continue
        parts = module.split(".")
        # The package itself is what a host imports; parts of it do not import it whole, the command line excepted.
        assert len(parts) > 1 or folder_of(path) == "cli", module
        assert len(parts) == 1 or parts[1] in allowed | {"__version__"}, module


@pytest.mark.parametrize("path", sources(), ids=named)
def test_what_is_of_the_outside_world_is_imported_where_it_may_be(path: Path) -> None:
    never = {"model": NEVER_IN_MODEL, "actors": NEVER_IN_ACTORS}.get(folder_of(path), set())
    excepted = ONLY_IN_ACTORS.get(path.name, set()) if folder_of(path) == "actors" else set()
    assert {module.split(".")[0] for module in imports(path)} & (never - excepted) == set()


@pytest.mark.parametrize("path", [path for path in sources() if folder_of(path) in ALLOWED], ids=named)
def test_nobody_reads_the_clock_or_prints(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            assert (node.value.id, node.attr) not in READING_THE_CLOCK
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            never = {"print", "open", "input", "exec", "eval"} | ({"id"} if path.name not in BY_IDENTITY else set())
            assert node.func.id not in never


@pytest.mark.parametrize("path", sources(), ids=named)
def test_every_module_opens_with_a_line_that_says_what_lives_there(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse(path.read_text()))
    assert docstring
    assert docstring.splitlines()[0].endswith((".", ":"))


@pytest.mark.parametrize(
    "name",
    [
        "Bar", "CancelOrder", "Instrument", "ModifyOrder", "Order", "OrderState", "OrderType", "Quote", "RiskLimits",
        "Side", "SimulatedExchange", "Strategy", "SubmitOrder", "TimeInForce", "Trade", "TradingSystem",
        "Depth", "InvalidOrder", "Overloaded", "OrderUpdate", "audit",
    ],
)  # fmt: skip
def test_the_public_names_of_the_design_can_be_imported(name: str) -> None:
    assert name in orderpit.__all__
    assert getattr(orderpit, name)


def test_all_is_sorted_and_names_what_is_there() -> None:
    assert sorted(orderpit.__all__) == orderpit.__all__
    assert all(hasattr(orderpit, name) for name in orderpit.__all__)


@pytest.mark.parametrize(
    ("owner", "names"),
    [
        (
            "TradingSystem",
            (
                "submit modify cancel wait wait_async order orders stats history portfolio subscribe updates publish "
                "add_strategy halt resume start stop"
            ),
        ),
        ("Strategy", "on_start on_market_data on_order on_stop submit modify cancel orders position"),
        (
            "Order",
            (
                "order_id client_order_id exchange_order_id strategy_id symbol side order_type quantity price "
                "stop_price time_in_force expire_time_ns state pending triggered in_doubt filled_quantity "
                "remaining_quantity leaves_quantity cancelled_quantity excess_quantity average_fill_price "
                "fees_paid fills created_ns submitted_ns filled_ns closed_ns reason tag notes is_buy is_sell "
                "is_open is_filled is_closed fill_percentage to_dict"
            ),
        ),
        ("PortfolioSnapshot", "cash positions realised_pnl unrealised_pnl fees equity"),
        ("Position", "quantity average_price realised_pnl unrealised_pnl"),
        ("OrderUpdate", "sequence event order"),
    ],
    ids=lambda value: value if value.isidentifier() else "",
)
def test_the_members_of_the_design_are_there(owner: str, names: str) -> None:
    kind = getattr(orderpit, owner)
    assert [name for name in names.split() if not hasattr(kind, name)] == []
