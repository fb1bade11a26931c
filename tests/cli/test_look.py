"""The commands that look back at a journal: replay, explain, verify, export and blotter."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import re

import attrs
import pytest
from journal_in_memory import TERMS, InMemory, file_of, journal_of, run
from rich.console import Console

from orderpit.cli import _blotter as blotter
from orderpit.cli import main
from orderpit.cli._export import cell
from orderpit.cli._journal import Progress
from orderpit.cli._keys import Keys
from orderpit.cli._pages import page
from orderpit.journal.codec import Codec
from orderpit.journal.sqlite import open_store
from orderpit.journal.stepping import Stepper

PUBLISHED, SYSTEM = run()
STORE = journal_of(PUBLISHED)
LAST = len(PUBLISHED)
BOUGHT = next(update.event.order_id for update in PUBLISHED if type(update.event).__name__ == "OrderFilled")


@pytest.fixture
def path(tmp_path):
    return file_of(STORE, tmp_path / "orders.db")


def told(capsys, *argv, code=0):
    assert main(list(argv)) == code
    return capsys.readouterr()


def test_a_journal_is_replayed_to_its_end(path, capsys):
    out = told(capsys, "replay", path).out
    assert f"row {LAST} of {LAST}" in out
    assert "positions are marked at the last fill's price" in out
    assert "Audit: clean" in out
    assert "Tripped at" in out


def test_the_json_of_a_replay_has_the_keys_of_every_command_and_the_figures_of_the_system(path, capsys):
    found = json.loads(told(capsys, "replay", path, "--json").out)
    assert {"stats", "portfolio", "audit", "data", "seconds"} <= found.keys()
    assert found["stats"] == json.loads(json.dumps(dict(SYSTEM.stats())))
    cash = SYSTEM.portfolio().cash["USDT"]
    assert found["portfolio"]["cash"] == {"USDT": f"{cash:f}"}
    assert found["journal"]["marks"] == "last fill"
    assert (found["journal"]["sequence"], found["journal"]["last"]) == (LAST, LAST)


@pytest.mark.parametrize("row", [0, 1, 17, LAST, LAST + 5])
def test_a_replay_until_a_row_shows_what_was_then(path, capsys, row):
    found = json.loads(told(capsys, "replay", path, "--until", str(row), "--json").out)
    assert found["stats"]["total_events"] == min(row, LAST)
    assert found["audit"]["violations"] == []


def test_a_replay_until_a_time_ends_before_the_first_later_row(path, capsys):
    assert json.loads(told(capsys, "replay", path, "--until", "1970-01-01", "--json").out)["stats"]["total_events"] == 0
    found = json.loads(told(capsys, "replay", path, "--until", "2900-01-01T00:00:00.5Z", "--json").out)
    assert found["stats"]["total_events"] == LAST


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["--until", "5"], "--until: is of a journal, and none is named"),
        (["j.db", "--seed", "7"], "--seed: is of a storm, and a journal is replayed"),
        (["j.db", "--orders", "7"], "--orders: is of a storm"),
        (["j.db", "--until", "soon"], "--until: must be the number of a row, or a time in UTC"),
    ],
    ids=["until", "seed", "orders", "soon"],
)
def test_options_of_the_other_replay_are_refused(capsys, argv, said):
    assert said in told(capsys, "replay", *argv, code=2).err


def test_an_order_is_explained_as_the_live_system_would(path, capsys):
    assert told(capsys, "explain", path, BOUGHT).out.splitlines() == str(SYSTEM.explain(BOUGHT)).splitlines()
    found = json.loads(told(capsys, "explain", path, BOUGHT, "--json").out)
    assert found == json.loads(json.dumps(SYSTEM.explain(BOUGHT).to_dict()))


@pytest.mark.parametrize("order_id", ["nobody", "no body"])
def test_an_order_that_no_row_is_about_is_one_line(path, capsys, order_id):
    assert len(told(capsys, "explain", path, order_id, code=2).err.splitlines()) == 1


def test_a_journal_that_is_right_is_verified(path, capsys):
    out = told(capsys, "verify", path).out
    assert out.startswith(f"{path}: right\n{LAST} rows")
    found = json.loads(told(capsys, "verify", path, "--json").out)
    assert (found["right"], found["bad_row"], found["rows"]) == (True, None, LAST)
    assert found["checks"] > LAST


def edited(path, old, new):
    """Change every byte of the file that says so, as an editor would."""
    with open(path, "r+b") as file:  # noqa: PTH123  # in place
        content = file.read()
        assert old in content
        file.seek(0)
        file.write(content.replace(old, new))


def test_an_edited_row_is_named_by_verify_and_refused_in_one_line_by_the_others(path, tmp_path, capsys):
    edited(path, b't-system-1"', b't-system-7"')
    out = told(capsys, "verify", path, code=1).out
    assert "WRONG at row 1: " in out
    assert json.loads(told(capsys, "verify", path, "--json", code=1).out)["bad_row"] == 1
    for argv in (
        ["replay", path],
        ["explain", path, BOUGHT],
        ["blotter", path],
        ["export", path, "--csv", str(tmp_path)],
    ):
        err = told(capsys, *argv, code=2).err
        assert len(err.splitlines()) == 1
        assert "row 1" in err
    assert not list(tmp_path.glob("*.csv*"))


def broken(change):
    """Write a journal whose chain is right and whose rows break a law."""
    return InMemory([attrs.evolve(row, sequence=number) for number, row in enumerate(change(list(STORE.rows)), 1)])


def filled(rows):
    return next(n for n, row in enumerate(rows) if row.kind == "OrderFilled")


def client_id_again(rows):
    first, second = [n for n, row in enumerate(rows) if row.kind == "OrderSubmitted"][:2]
    events = [Codec().decode(rows[n]) for n in (first, second)]
    again = attrs.evolve(events[1], client_order_id=events[0].client_order_id)
    return [*rows[:second], Codec().encode(second + 1, again), *rows[second + 1 :]]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda rows: [*rows[: filled(rows) + 1], *rows[filled(rows) :]], "execution ids are unique"),
        (lambda rows: rows[1:2], "what cannot have happened"),
        (client_id_again, "a client order id is of one order"),
    ],
    ids=["executed-twice", "no-beginning", "client-id-twice"],
)
def test_rows_that_are_whole_but_break_a_law_are_named(tmp_path, capsys, change, said):
    path = file_of(broken(change), tmp_path / "bad.db")
    found = json.loads(told(capsys, "verify", path, "--json", code=1).out)
    assert found["bad_row"] == found["rows"] + 1
    assert said in found["rule"]


def test_an_empty_journal_is_right_and_has_nothing_to_show(tmp_path, capsys):
    path = file_of(InMemory(), tmp_path / "empty.db")
    for argv in (["verify", path], ["replay", path], ["blotter", path], ["export", path, "--csv", str(tmp_path / "o")]):
        told(capsys, *argv)


@pytest.mark.parametrize("command", ["verify", "replay", "blotter"])
def test_no_journal_and_no_file_is_one_line(tmp_path, capsys, command):
    other = tmp_path / "other.txt"
    other.write_text("something else\n")
    for path in (tmp_path / "nothing.db", other, tmp_path):
        err = told(capsys, command, str(path), code=2).err
        assert len(err.splitlines()) == 1
        assert str(path) in err
    assert not (tmp_path / "nothing.db").exists()


@pytest.mark.parametrize("command", ["verify", "replay"])
def test_a_journal_that_is_open_elsewhere_is_left_alone_and_a_backup_suggested(path, capsys, command):
    store = open_store(path, terms=STORE.terms)
    try:
        assert "backup" in told(capsys, command, path, code=2).err
    finally:
        store.close()


def rows_of(folder, name):
    with (folder / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_orders_fills_and_events_are_exported_exactly(path, tmp_path, capsys):
    folder = tmp_path / "out"
    out = told(capsys, "export", path, "--csv", str(folder)).out
    assert len(out.splitlines()) == 3
    orders, fills, events = (rows_of(folder, f"{name}.csv") for name in ("orders", "fills", "events"))
    assert [row["order_id"] for row in orders] == [order.order_id for order in SYSTEM.orders()]
    assert [row["event"] for row in events] == [type(update.event).__name__ for update in PUBLISHED]
    standing = [fill for order in SYSTEM.orders() for fill in order.fills]
    assert [(row["execution_id"], row["quantity"]) for row in fills] == [
        (fill.execution_id, f"{fill.quantity.normalize():f}") for fill in standing
    ]
    assert {row["tag"] for row in orders} == {"'=1+1", ""}
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z", row["time"]) for row in events)


def test_nothing_is_overwritten(path, tmp_path, capsys):
    (tmp_path / "fills.csv").write_text("mine")
    assert "fills.csv: is there already" in told(capsys, "export", path, "--csv", str(tmp_path), code=2).err
    assert (tmp_path / "fills.csv").read_text() == "mine"
    assert not (tmp_path / "orders.csv").exists()


def test_a_folder_that_cannot_be_made_is_one_line(path, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert len(told(capsys, "export", path, "--csv", str(tmp_path / "file" / "x"), code=2).err.splitlines()) == 1


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("=1", "'=1"),
        ("+1", "'+1"),
        ("-a", "'-a"),
        ("@x", "'@x"),
        ("\tx", "'\tx"),
        ("a=1", "a=1"),
        (None, ""),
        (-1, "-1"),
    ],
    ids=["=", "+", "-", "@", "tab", "plain", "none", "number"],
)
def test_no_cell_is_a_formula(value, text):
    assert cell(value) == text


def test_without_a_terminal_the_blotter_prints_one_page_and_says_so(path, capsys):
    out = told(capsys, "blotter", path).out
    assert f"row {LAST} of {LAST}" in out
    assert "One page, since this is no terminal" in out
    found = json.loads(told(capsys, "blotter", path, "--json").out)
    assert [event["sequence"] for event in found["events"]] == list(range(LAST - 19, LAST + 1))


@pytest.mark.parametrize("size", [(80, 24), (200, 50), (20, 5)], ids=["80x24", "200x50", "20x5"])
@pytest.mark.parametrize("row", [0, 1, LAST])
def test_a_page_fits_the_terminal_and_shows_the_row(size, row):
    stepper = Stepper(STORE, TERMS, Codec(read=STORE.read).decode)
    stepper.move(row)
    console = Console(file=io.StringIO(), width=size[0], height=size[1], legacy_windows=False)
    console.print(page(stepper, "orders.db", size), height=size[1])
    lines = console.file.getvalue().splitlines()
    assert len(lines) == size[1]
    assert max(map(len, lines)) <= size[0]
    if size[0] >= 80:
        assert lines[0].startswith(f"row {row} of {LAST}")
        assert any("quit" in line for line in lines)
    if size[0] >= 80 and row:
        update = PUBLISHED[row - 1]
        assert any(re.search(rf"\b{row} {type(update.event).__name__}", line) for line in lines)


@pytest.mark.parametrize(
    ("typed", "keys"),
    [
        (b"\x1b[C\x1b[D", ["next", "previous"]),
        (b"np ", ["next", "previous", "next"]),
        (b"\x1b[5~\x1b[6~\x1b[H\x1bOF", ["page-up", "page-down", "home", "end"]),
        (b"g\x7f\r", ["g", "backspace", "enter"]),
        ("é".encode(), ["é"]),
        (b"\x1b[15~", ["\x1b[15~"]),
        (b"\x1b", ["escape"]),
    ],
    ids=["arrows", "letters", "pages", "typing", "accent", "function", "escape"],
)
def test_keys_have_names_and_the_terminal_is_as_before(typed, keys):
    ours, theirs = pty.openpty()
    try:
        with Keys(theirs) as reading:
            os.write(ours, typed)
            assert [reading.read() for _ in keys] == keys
    finally:
        os.close(ours)
        os.close(theirs)


def test_while_an_id_is_typed_letters_are_letters():
    ours, theirs = pty.openpty()
    try:
        with Keys(theirs) as reading:
            os.write(ours, b"np-1")
            assert [reading.read(typing=True) for _ in range(4)] == ["n", "p", "-", "1"]
    finally:
        os.close(ours)
        os.close(theirs)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_progress_is_told_on_a_terminal_alone(monkeypatch):
    monkeypatch.setattr("orderpit.cli._journal._EVERY_SECONDS", 0)
    for stream, said in ((Terminal(), "row 500 of 1,000, 50%"), (io.StringIO(), "")):
        progress = Progress(1_000, stream)
        progress.passed(500)
        assert said in stream.getvalue()
        progress.end()
        assert bool(stream.getvalue()) is bool(said)


class Typist:
    """Keys that come one after another, and then no more."""

    def __init__(self, *keys):
        self.keys = list(keys)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def read(self, *, typing=False):
        return self.keys.pop(0) if self.keys else "q"


class Quiet:
    def check(self):
        pass


@pytest.mark.parametrize(
    ("keys", "row", "shown"),
    [
        ([], LAST, f"row {LAST} of {LAST}"),
        (["previous", "previous", "next"], LAST - 1, "before"),
        (["home"], 0, "before the first row"),
        (["home", "page-down", "page-up", "next", None], 1, "OrderCreated"),
        (["end", "next"], LAST, "TradingState"),
        (["g", "3", "4", "backspace", "3", "enter"], 33, "row 33 of"),
        (["g", "x", "enter"], LAST, "must be the number of a row"),
        (["g", "1", "escape"], LAST, "quit"),
        (["home", "/", *BOUGHT, "enter"], 1, "row 1 is about"),
        (["home", "/", *BOUGHT, "enter", "/", "enter"], 2, "row 2 is about"),
        (["/", "enter"], LAST, "type the id of an order"),
        (["/", "?", "enter"], LAST, "no row is about"),
        (["/", "q", "escape"], LAST, "quit"),
    ],
    ids=["end", "steps", "home", "pages", "stays", "goto", "bad-goto", "escape", "find", "again", "empty", "none", "q"],
)
def test_keys_move_through_the_journal(keys, row, shown):
    stepper = Stepper(STORE, TERMS, Codec(read=STORE.read).decode)
    stepper.move(LAST)
    console = Console(
        file=io.StringIO(), force_terminal=True, no_color=True, width=120, height=30, legacy_windows=False
    )
    blotter._step(stepper, console, Typist(*keys), "orders.db", Quiet(), Progress(LAST, io.StringIO()))
    assert stepper.at == row
    assert shown == "before" or shown in re.sub(r"\x1b\[[?0-9;]*[A-Za-z]", "", console.file.getvalue())


def test_groups_that_are_unfinished_are_told_and_are_no_violation(tmp_path, capsys):
    created = next(row for row in STORE.rows if row.kind == "OrderCreated" and b"BRACKET" in row.body)
    entry = Codec(read=STORE.read).decode(created).order_id
    end = next(
        update.sequence
        for update in PUBLISHED
        if update.event.order_id == entry and type(update.event).__name__ == "OrderFilled"
    )
    path = file_of(InMemory(STORE.rows[:end]), tmp_path / "cut.db")
    found = json.loads(told(capsys, "verify", path, "--json").out)
    assert found["right"]
    assert found["unfinished"]
    assert "Unfinished in groups" in told(capsys, "verify", path).out
    assert "Unfinished in groups" in told(capsys, "replay", path).out
