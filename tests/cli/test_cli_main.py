"""The door: exit codes, one line for every error, never a traceback."""

import os
import subprocess
import sys
from pathlib import Path
from typing import NoReturn
from unittest.mock import patch

import click
import pytest

from nra import __version__
from nra.cli import COMMANDS, cli, main
from nra.cli.errors import UserError, washed
from nra.cli.lazy import Entry
from nra.report import PRINTERS

ROOT = Path(__file__).resolve().parents[2]


@click.command()
@click.argument("how")
@click.option("--count", type=int)
def toy(how: str, count: int | None) -> int | None:
    """End in one of the ways in which commands end."""
    ways = {"fail": 1, "inconclusive": 3, "nothing": None}
    if how in ways:
        return ways[how]
    return end(how)


def end(how: str) -> NoReturn:
    """Raise what the word says."""
    if how == "blocked":
        raise ImportError("\nIMPORTANT: a page of advice\nand more") from ImportError("DLL load failed\n")
    raise {
        "exit": click.exceptions.Exit(3),
        "user": UserError("first line\nsecond line"),
        "click": click.FileError("x", "gone"),
        "abort": click.Abort(),
        "interrupt": KeyboardInterrupt(),
        "full": OSError(28, "No space left on device"),
        "pipe": BrokenPipeError(32, "Broken pipe"),
        "bug": ZeroDivisionError("a\nb"),
    }[how]


@pytest.fixture(autouse=True)
def toy_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Put the toy command beside the real ones, in a folder without nra.toml."""
    monkeypatch.setitem(COMMANDS, "toy", Entry("test_cli_main:toy", "A toy."))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("NRA_CONFIG", raising=False)


def ended(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[object, str, str]:
    """Return exit code, standard output and standard error of a command line."""
    with patch("os._exit", sys.exit), pytest.raises(SystemExit) as caught:  # an interrupted program leaves at once, a test does not
        main(args)
    shown = capsys.readouterr()
    return caught.value.code, shown.out, shown.err


@pytest.mark.parametrize(
    ("how", "code", "line"),
    [
        ("nothing", 0, ""),
        ("fail", 1, ""),
        ("inconclusive", 3, ""),
        ("exit", 3, ""),
        ("user", 2, "nra: error: first line second line\n"),
        ("click", 2, "nra: error: Could not open file 'x': gone\n"),
        ("abort", 130, "interrupted: nothing more was written\n"),
        ("interrupt", 130, "\ninterrupted: nothing more was written\n"),  # click ends the line of ^C
        ("full", 2, "nra: error: [Errno 28] No space left on device\n"),
        ("pipe", 2, "nra: error: standard output was closed before everything was written\n"),
        ("blocked", 3, "nra: error: DLL load failed: missing, or a policy of this machine lets no unsigned library run (docs/stick.md)\n"),
        ("bug", 3, "nra: internal error: ZeroDivisionError: a b (python -X dev shows where)\n"),
    ],
)
def test_every_end_has_its_code_and_at_most_one_line(capsys: pytest.CaptureFixture[str], how: str, code: int, line: str) -> None:
    """Contract section 1; a crash is inconclusive, because exit code 1 would read as the verdict FAIL."""
    assert ended(capsys, "toy", how) == (code, "", line)


@pytest.mark.parametrize(
    ("args", "line"),
    [
        ((), "nra: error: Missing command: nra run measures this workstation (see nra --help)"),
        (("tyo",), "nra: error: no such command: tyo (did you mean toy?) (see nra --help)"),
        (("--colour",), "nra: error: No such option '--colour'. (see nra --help)"),
        (("toy",), "nra: error: Missing argument 'HOW'. (see nra toy --help)"),
        (("toy", "fail", "more"), "nra: error: Got unexpected extra argument (more) (see nra toy --help)"),
        (("toy", "fail", "--count", "x"), "nra: error: Invalid value for '--count': 'x' is not a valid integer. (see nra toy --help)"),
        (("toy", "fail", "--count"), "nra: error: Option '--count' requires an argument."),
    ],
)
def test_a_usage_error_is_one_line_that_says_where_the_help_is(
    capsys: pytest.CaptureFixture[str], args: tuple[str, ...], line: str
) -> None:
    """Exit code 2, nothing on standard output."""
    assert ended(capsys, *args) == (2, "", line + "\n")


def test_help_lists_the_commands_in_the_contracts_order(capsys: pytest.CaptureFixture[str]) -> None:
    """The main job comes first."""
    code, out, err = ended(capsys, "--help")
    assert (code, err) == (0, "")
    section = out.split("Commands:")[1]
    assert [line.split()[0] for line in section.splitlines() if line.startswith("  ") and line[2] != " "] == list(COMMANDS)
    assert list(COMMANDS)[:7] == ["run", "reflect", "regions", "report", "compile", "gate", "case"]


def test_help_promises_no_format_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    """The summary of `nra report` names what the printers print."""
    assert f"({', '.join(PRINTERS)})" in ended(capsys, "--help")[1]


@pytest.mark.parametrize(
    "words", ["write: txt,xlsx,json,html,junit.", "check: webrtc,byoc,phones,edge.", "stream: 1 to 86400.", "packets: 5 to 1000."]
)
def test_the_help_of_the_main_job_names_what_may_be_given(capsys: pytest.CaptureFixture[str], words: str) -> None:
    """Lists and ranges are read in the help, not learned from a refusal."""
    assert words in " ".join(ended(capsys, "run", "--help")[1].split())


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    """The name and the version, for support."""
    assert ended(capsys, "--version") == (0, f"nra {__version__}\n", "")


def test_an_environment_variable_like_nra_version_is_nobodys_option(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Container images set such names; they must not break the program."""
    monkeypatch.setenv("NRA_VERSION", "1.2")
    monkeypatch.setenv("NRA_HELP", "x")
    monkeypatch.setenv("NRA_TOY_HELP", "1")
    assert ended(capsys, "toy", "fail") == (1, "", "")


def test_a_value_from_the_environment_is_refused_like_a_typed_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line that names the variable."""
    monkeypatch.setenv("NRA_TOY_COUNT", "many")
    code, out, err = ended(capsys, "toy", "fail")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "[from NRA_TOY_COUNT]" in err


def test_the_broken_configuration_comes_before_everything(capsys: pytest.CaptureFixture[str]) -> None:
    """File, line and field, exit code 2."""
    Path("nra.toml").write_text("[toy]\ncoumt = 3\n")
    assert ended(capsys, "toy", "fail") == (2, "", "nra: error: nra.toml:2: [toy] coumt: no such option (did you mean count?)\n")


def start(*args: str, door: Path = ROOT / "cli.py", **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run the program as users do, in another process."""
    return subprocess.run([sys.executable, str(door), *args], env=os.environ | environment, capture_output=True, check=False)


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "ascii"])
def test_the_bytes_are_the_same_under_every_locale(encoding: str) -> None:
    """JSON in a pipe is UTF-8, whatever encoding Python took from the machine."""
    done = start("regions", "sa-east-1", "--json", PYTHONUTF8="0", PYTHONIOENCODING=encoding)
    assert done.returncode == 0
    assert "São Paulo".encode() in done.stdout


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full is Linux's")
def test_a_full_disk_is_one_line() -> None:
    """What could not be written is said, without a traceback and without a verdict."""
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([sys.executable, str(ROOT / "cli.py"), "regions"], stdout=full, stderr=subprocess.PIPE, check=False)
    assert (done.returncode, done.stderr) == (2, b"nra: error: [Errno 28] No space left on device\n")


@pytest.mark.skipif(os.name == "nt", reason="Windows has other pipes")
def test_a_reader_who_went_away_is_one_line() -> None:
    """`nra regions | true`: no traceback, and not exit code 1, which would read as FAIL."""
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([sys.executable, str(ROOT / "cli.py"), "regions"], stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (2, b"nra: error: standard output was closed before everything was written\n")


def test_the_door_at_the_root_knows_its_folder(tmp_path: Path) -> None:
    """A stick's nra.toml lies beside cli.py and is found from any working folder."""
    (tmp_path / "cli.py").write_bytes((ROOT / "cli.py").read_bytes())
    (tmp_path / "nra").symlink_to(ROOT / "nra")
    (tmp_path / "nra.toml").write_text("[mos]\njson = true\nta-ms = 'x'\n")
    done = start("mos", door=tmp_path / "cli.py")
    assert done.returncode == 2
    assert done.stderr.decode().startswith(f"nra: error: {tmp_path / 'nra.toml'}:3: [mos] ta-ms: expected a number")


def test_a_door_without_packages_is_one_line(tmp_path: Path) -> None:
    """Copied alone, cli.py says what is missing."""
    (tmp_path / "cli.py").write_bytes((ROOT / "cli.py").read_bytes())
    done = subprocess.run([sys.executable, "-I", "-S", str(tmp_path / "cli.py")], capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(b"nra: error: package nra is missing")
    assert done.stderr.count(b"\n") == 1


def test_every_command_of_the_table_says_something() -> None:
    """A command without a summary would be an empty line in the help."""
    assert all(entry.summary.endswith(".") and ":" in entry.place for entry in COMMANDS.values())
    assert set(cli.list_commands(click.Context(cli))) == set(COMMANDS)


@pytest.mark.parametrize("harmful", ["\x1b", "\x07", "\x7f", "\x80", "\x9b", "\u202a", "\u202e", "\u2066", "\u2069"])
def test_an_error_line_holds_nothing_that_a_terminal_obeys(capsys: pytest.CaptureFixture[str], harmful: str) -> None:
    """Keys of nra.toml and names of files are foreign text: control and bidirectional characters never reach the terminal."""
    Path("nra.toml").write_text(f'"k\\u{ord(harmful):04x}y" = 1\n')
    code, out, err = ended(capsys, "toy", "fail")
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert harmful not in err
    code, out, err = ended(capsys, "report", f"no{harmful}file.json")
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert harmful not in err


def test_washing_keeps_what_people_write() -> None:
    """Letters of any script stay; white space becomes one blank."""
    assert washed("Zoë 日本\r\n\tx\x1b[31m") == "Zoë 日本 x?[31m"


@pytest.mark.skipif(os.name == "nt", reason="a shell of POSIX closes standard output before the program starts")
@pytest.mark.parametrize(("words", "code"), [("regions nowhere", 2), ("regions --json", 0), ("--version", 0)])
def test_closed_before_it_began(words: str, code: int) -> None:
    """With `>&-` there is no standard output at all: the exit code still says what it says."""
    done = subprocess.run(["sh", "-c", f'"$0" -m nra {words} >&-', sys.executable], capture_output=True, check=False)
    assert (done.returncode, done.stderr.count(b"\n")) == (code, 1 if code else 0), done.stderr
