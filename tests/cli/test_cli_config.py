"""nra.toml: where it is found, what it changes, and the one line with which a mistake in it is refused."""

import os
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from nra.cli.config import configure, find, user_folder
from nra.cli.door import Door, current_door
from nra.cli.lazy import Entry, LazyGroup
from nra.cli.options import DSCP, NAME_OR_FILE, CommaList, Seconds

USER = Path("config") / "nra"


@click.command()
@click.option("--region", "-r")
@click.option("--calls", type=click.IntRange(1, 1000), default=1)
@click.option("--duration", type=Seconds(1, 600), default=30.0)
@click.option("--dscp", type=DSCP, default="EF")
@click.option("--services", type=CommaList(("webrtc", "byoc")), default="webrtc")
@click.option("--allow", multiple=True)
@click.option("--key-file", type=click.Path())
@click.option("--limits", type=NAME_OR_FILE)
@click.option("--strict/--no-strict", default=False)
@click.option("--json", "as_json", is_flag=True)
def toy(**values: object) -> None:
    """Print what arrived."""
    values["config"] = str(current_door().config_path)
    click.echo(repr(values))


@click.group(cls=LazyGroup, table={"toy": Entry("test_cli_config:toy", "A toy.")})
@click.option("--config")
@click.pass_context
def group(ctx: click.Context, config: str | None) -> None:
    """Configure as the real door does."""
    configure(ctx, config)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder whose user configuration folder lies inside it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setattr("sys.platform", "linux")
    for name in list(os.environ):
        if name.startswith("NRA_"):
            monkeypatch.delenv(name)
    return tmp_path


def run(text: str | bytes | None, *args: str, env: dict[str, str] | None = None, door: Door | None = None) -> Result:
    """Write nra.toml into the working folder and run the toy command."""
    if text is not None:
        Path("nra.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
    return CliRunner().invoke(group, args or ("toy",), env=env, obj=door)


def values(result: Result) -> dict[str, object]:
    """Return what the toy command printed."""
    assert result.exit_code == 0, result.output
    return dict(eval(result.stdout))  # noqa: S307 - printed two lines above


def refusal(text: str | bytes, *args: str) -> str:
    """Return the one line with which the file is refused."""
    result = run(text, *args)
    assert result.exit_code == 2
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert len(lines) == 1
    return lines[0].removeprefix("Error: ")


@pytest.mark.usefixtures("home")
def test_without_a_file_the_defaults_stand() -> None:
    """No configuration is no error, and the command knows that there was none."""
    assert values(run(None)) | {"config": "None", "region": None, "calls": 1, "services": ("webrtc",)} == values(run(None))


@pytest.mark.usefixtures("home")
def test_command_line_before_environment_before_file_before_default() -> None:
    """The nearer to the user's fingers, the stronger."""
    text = "[toy]\ncalls = 2\nduration = 20\nregion = 'file'\n"
    found = values(run(text, "toy", "--calls", "4", env={"NRA_TOY_CALLS": "3", "NRA_TOY_DURATION": "30"}))
    assert (found["calls"], found["duration"], found["region"], found["strict"]) == (4, 30.0, "file", False)


@pytest.mark.usefixtures("home")
def test_the_environment_goes_by_the_options_name_not_by_pythons() -> None:
    """NRA_TOY_JSON sets --json although the program calls it otherwise inside."""
    assert values(run(None, env={"NRA_TOY_JSON": "1"}))["as_json"] is True
    assert values(run(None, env={"NRA_TOY_KEY_FILE": "k"}))["key_file"] == "k"


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("strict = true", "strict", True),
        ("json = true", "as_json", True),
        ("dscp = 46", "dscp", 46),
        ("dscp = 'CS3'", "dscp", 24),
        ("services = ['byoc', 'webrtc']", "services", ("byoc", "webrtc")),
        ("services = 'byoc,webrtc'", "services", ("byoc", "webrtc")),
        ("allow = ['10.0.0.0/8', '::1/128']", "allow", ("10.0.0.0/8", "::1/128")),
        ("allow = '10.0.0.0/8,::1/128'", "allow", ("10.0.0.0/8", "::1/128")),
        ("duration = 5", "duration", 5.0),
        ("key-file = 'k'", "key_file", "k"),
        ("key_file = 'k'", "key_file", "k"),
        ("limits = 'genesys-cloud'", "limits", "genesys-cloud"),
    ],
)
def test_values_of_every_kind_arrive(line: str, name: str, value: object) -> None:
    """Flags are TOML booleans, numbers numbers, lists arrays or comma text; dashes and underscores are the same."""
    assert values(run(f"[toy]\n{line}\n"))[name] == value


@pytest.mark.parametrize(("key", "option"), [("key_file", "key-file"), ("limits", "limits")])
def test_files_named_in_the_file_lie_beside_it(home: Path, key: str, option: str) -> None:
    """A nra.toml and its key travel together, wherever the working folder is."""
    (home / "site").mkdir()
    (home / "site" / "own").write_text("x")
    (home / "site" / "nra.toml").write_text(f"[toy]\n{option} = 'own'\n")
    found = values(run(None, "--config", "site/nra.toml", "toy"))
    assert found[key] == str(Path("site") / "own")


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("# x\n[toy]\nregionn = 'x'\n", "nra.toml:3: [toy] regionn: no such option (did you mean region?)"),
        ("[toi]\n", "nra.toml:1: [toi]: no such command (did you mean toy?)"),
        ("\n[zzz]\na = 1\n", "nra.toml:2: [zzz]: no such command"),
        ("\n\nregion = 'x'\n", "nra.toml:3: region: options stand in the table of a command, such as [run]"),
        ("[toy]\ncalls = '2'\n", "nra.toml:2: [toy] calls: expected a whole number, got '2'"),
        ("[toy]\ncalls = true\n", "nra.toml:2: [toy] calls: expected a whole number, got True"),
        ("[toy]\ncalls = 0\n", "nra.toml:2: [toy] calls: 0 is not in the range 1<=x<=1000."),
        ("[toy]\n\nduration = nan\n", "nra.toml:3: [toy] duration: nan is not above 0 and at most 600"),
        ("[toy]\nstrict = 1\n", "nra.toml:2: [toy] strict: expected true or false, got 1"),
        ("[toy]\nregion = 5\n", "nra.toml:2: [toy] region: expected text in quotes, got 5"),
        ("[toy]\nregion = ['a']\n", "nra.toml:2: [toy] region: expected text in quotes, got ['a']"),
        ("[toy]\nregion = 2026-11-22\n", "nra.toml:2: [toy] region: expected text in quotes, got datetime.date(2026, 11, 22)"),
        ("[toy]\nservices = [\n  'webrtc',\n  'fax',\n]\n", "nra.toml:2: [toy] services: 'fax' is none of webrtc, byoc"),
        ("[toy.region]\nx = 1\n", "nra.toml:1: [toy] region: expected text in quotes, got {'x': 1}"),
        ("toy.regionn = 1\n", "nra.toml:1: [toy] regionn: no such option (did you mean region?)"),
        ("[toy]\ncalls = 1\ncalls 2\n", "nra.toml:3: Expected '=' after a key in a key/value pair"),
        ("[toy]\nregion = '''x\n", "nra.toml:3: Expected \"'''\" (at end of document)"),
        (b"[toy]\nregion = '\xff'\n", "nra.toml: not UTF-8 text (byte 16)"),
    ],
)
def test_a_mistake_is_one_line_with_file_line_and_field(text: str | bytes, line: str) -> None:
    """Exit code 2 before anything else happens; nothing is measured with half a configuration."""
    assert refusal(text).startswith(line)


@pytest.mark.usefixtures("home")
def test_a_mistake_in_another_commands_table_counts_too() -> None:
    """The file is right or it is not; it does not wait for the command that it breaks."""
    assert refusal("[other]\n").startswith("nra.toml:1: [other]")


@pytest.mark.usefixtures("home")
def test_text_from_windows_editors_is_read() -> None:
    """Byte order mark and CRLF change neither values nor line numbers."""
    assert values(run(b"\xef\xbb\xbf[toy]\r\ncalls = 7\r\n"))["calls"] == 7
    assert refusal(b"\xef\xbb\xbf[toy]\r\n\r\ncals = 7\r\n").startswith("nra.toml:3: [toy] cals")


def test_the_first_file_found_wins_alone(home: Path) -> None:
    """Given file, beside the program, working folder, user's folder: in this order, and never mixed."""
    door = Door(program_folder=home / "program")
    for folder, calls in ((home / USER, 5), (home, 4), (home / "program", 3), (home / "given", 2)):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "nra.toml").write_text(f"[toy]\ncalls = {calls}\n")
        given = ("--config", "given/nra.toml") if calls == 2 else ()
        found = values(run(None, *given, "toy", door=door))
        assert found["calls"] == calls
        assert Path(str(found["config"])).resolve() == (folder / "nra.toml").resolve()


def test_a_given_file_must_exist(home: Path) -> None:
    """Falling back to another file would measure with options that nobody asked for."""
    (home / "nra.toml").write_text("")
    result = run(None, "--config", "nosuch.toml", "toy")
    assert (result.exit_code, result.stderr) == (2, "Error: nosuch.toml: no such file\n")


def test_a_folder_in_the_place_of_the_file(home: Path) -> None:
    """Found by chance it is passed over; given by name it is an error of one line."""
    (home / "nra.toml").mkdir()
    assert find(None, None) is None
    result = run(None, "--config", "nra.toml", "toy")
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert "cannot be read" in result.stderr


@pytest.mark.parametrize(
    ("platform", "environ", "folder"),
    [
        ("linux", {"HOME": "/home/a"}, "/home/a/.config/nra"),
        ("linux", {"HOME": "/home/a", "XDG_CONFIG_HOME": "/x"}, "/x/nra"),
        ("darwin", {"HOME": "/Users/a", "XDG_CONFIG_HOME": "/x"}, "/Users/a/Library/Application Support/nra"),
        ("win32", {"APPDATA": "/Roaming", "HOME": "/c"}, "/Roaming/nra"),
        ("linux", {}, None),
        ("darwin", {}, None),
        ("win32", {"HOME": "/c"}, None),
    ],
)
def test_the_users_folder_by_platform(platform: str, environ: dict[str, str], folder: str | None) -> None:
    """XDG Base Directory, Apple's Application Support, Windows' roaming AppData."""
    assert user_folder(platform, environ) == (Path(folder) if folder else None)


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    "text",
    [
        "a=" + "[" * 100_000,
        "a=" + "9" * 5000,
        "[toy]\nduration = 0x" + "f" * 4000,
        "[toy]\ncalls = 0x" + "f" * 4000,
        "[toy]\ndscp = 0x" + "f" * 4000,
        '[toy]\nkey-file = "a\\u0000b"',
        "#" * (1 << 20) + "\n",
    ],
    ids=["brackets", "digits", "number", "whole number", "dscp", "nul", "size"],
)
def test_values_beyond_all_measure_are_refused(text: str) -> None:
    """Neither depth nor length nor NUL nor size ends in anything but the one line."""
    assert refusal(text).startswith("nra.toml:")


@pytest.mark.usefixtures("home")
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no such files there")
def test_a_file_without_an_end_is_not_read() -> None:
    """A device or a pipe given as `--config` would never be read to its end."""
    os.mkfifo("pipe")
    for name in ("pipe", os.devnull):
        result = run(None, "--config", name, "toy")
        assert result.exit_code == 2
        assert "not a file" in result.stderr
