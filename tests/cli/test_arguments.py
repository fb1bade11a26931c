"""The arguments and the help."""

from __future__ import annotations

import re

import pytest

from orderpit import __version__
from orderpit.cli import main
from orderpit.cli._parser import (
    EXPLORE_HELP,
    HELP,
    LOOKS,
    REPLAY_HELP,
    SESSION_HELP,
    STRESS_HELP,
    VENUE_HELP,
    parse,
    parser,
)


def options(of):
    return {option for action in of._actions for option in action.option_strings}


def subparser(name):
    (commands,) = (action for action in parser()._actions if action.dest == "command")
    return commands.choices[name]


@pytest.mark.parametrize(
    "text",
    [HELP, SESSION_HELP, STRESS_HELP, EXPLORE_HELP, REPLAY_HELP, VENUE_HELP, *LOOKS.values()],
    ids=["orderpit", "session", "stress", "explore", "replay", "venue", *LOOKS],
)
def test_the_help_fits_a_screen_and_has_examples(text):
    lines = text.splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80
    assert "examples:\n  orderpit" in text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("demo", HELP),
        ("session", SESSION_HELP),
        ("stress", STRESS_HELP),
        ("explore", EXPLORE_HELP),
        ("replay", REPLAY_HELP),
        *LOOKS.items(),
    ],
    ids=["demo", "session", "stress", "explore", "replay", *LOOKS],
)
def test_every_option_is_in_the_help_of_its_command(name, text):
    named = set(re.findall(r"--[a-z-]+", text)) | {"-h", "--help"}
    assert options(subparser(name)) <= named


@pytest.mark.parametrize("argv", [["--help"], ["demo", "-h"], ["session", "--help"]], ids=" ".join)
def test_help_is_printed_and_ends_well(argv, capsys):
    assert main(argv) == 0
    assert capsys.readouterr().out == (SESSION_HELP if argv[0] == "session" else HELP)


def test_the_help_names_the_program_as_it_was_started(capsys, monkeypatch):
    monkeypatch.setattr("sys.argv", ["/a/checkout/run.py"])
    assert main(["session", "--help"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("usage: run.py session --data PATH")
    assert "orderpit" not in out
    assert "Lean minute bars" in out


def test_the_version_is_that_of_the_package(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"orderpit {__version__}\n"


@pytest.mark.parametrize(
    "argv",
    [["--json", "--seed", "3"], ["demo", "--json", "--seed", "3"], ["--json", "demo", "--seed", "3"]],
    ids=" ".join,
)
def test_without_a_command_it_is_the_demo_and_options_may_stand_before_or_after(argv):
    args = parse(argv)
    assert (args.command, args.json, args.seed, args.quiet) == ("demo", True, 3, False)


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["trade"], r"invalid choice: 'trade'"),
        (["session"], r"required: --data"),
        (["session", "--data"], r"--data: expected at least one"),
        (["--nosuch"], r"unrecognized arguments: --nosuch"),
        (["--js"], r"unrecognized arguments: --js"),
        (["--seed", "-1"], r"--seed"),
        (["--seed", "1_0"], r"--seed: must be a whole number from 0, got '1_0'"),
        (["--seed", "\uff11"], r"--seed: must be a whole number from 0, got '\\uff11'"),
        (["--seed", "9" * 5000], r"--seed: must be a whole number"),
        (["session", "--data", "x", "--records", "0"], r"--records: must be at least 1"),
        (["--log-file", "/no/such/folder/x"], r"--log-file /no/such/folder/x: there is no such folder"),
        (["--log-file", "/"], r"--log-file /: "),
        (["session", "--data", "x", "--maker-fee=-1"], r"--maker-fee: must not be negative, got '-1'"),
        (["session", "--data", "x", "--slippage", "1"], r"--slippage: must be below 1, got '1'"),
        (["session", "--data", "x", "--fill-probability", "nan"], r"--fill-probability: .* got 'nan'"),
        (["session", "--data", "x", "--cash", "1e5"], r"--cash: must be a plain decimal .* got '1e5'"),
        (["session", "--data", "x", "--size", "0"], r"--size: must be greater than zero, got '0'"),
        (
            ["session", "--data", "x", "--strategy", "magic"],
            r"must be quoter, .*, breakout or module:Class, got 'magic'",
        ),
        (["session", "--data", "x", "--strategy", "no.such:It"], r"--strategy no.such:It: ModuleNotFoundError"),
        (["session", "--data", "x", "--strategy", "json:loads"], r"must be a subclass of orderpit.Strategy"),
        (["stress", "--orders", "0"], r"--orders: must be at least 1, got '0'"),
        (["stress", "--orders", "-5"], r"--orders: must be a whole number from 0, got '-5'"),
        (["stress", "--orders", "1e5"], r"--orders: must be a whole number from 0, got '1e5'"),
        (["stress", "--strategies", "1001"], r"--strategies: must be at most 1000, got '1001'"),
        (["session", "--data", "nowhere.csv"], r"nowhere.csv: No such file or directory"),
        (["session", "--data", "a\x1b[31m\nb"], r"a\\x1b\[31m\\nb: No such file"),
    ],
    ids=lambda value: " ".join(value)[:40].encode("unicode_escape").decode() if isinstance(value, list) else "",
)
def test_what_cannot_be_done_is_refused_in_one_line_on_stderr(argv, said, capsys):
    assert main(argv) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert re.search(said, err), err
    assert err.startswith("orderpit: ")
    assert err.count("\n") == 1
    assert err[:-1].isprintable()


def test_debug_shows_the_traceback(capsys):
    assert main(["session", "--data", "nowhere.csv", "--debug"]) == 2
    assert "Traceback" in capsys.readouterr().err
