"""`nra reflect keys`: who may use a reflector."""

import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from nra.cli import main
from nra.reflector.key_file import Holder, holders_in

KEY = bytes(range(32))
Keys = Callable[..., tuple[int, str, str]]


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Keys:
    """Return what runs `nra reflect keys` in an empty folder: exit code, standard output, standard error."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    for name in [name for name in os.environ if name.startswith("NRA_")]:
        monkeypatch.delenv(name)

    def run(*words: str, before: tuple[str, ...] = ()) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as caught:
            main(("reflect", *before, "keys", *words))
        out, err = capsys.readouterr()
        assert isinstance(caught.value.code, int)
        return caught.value.code, out, err

    return run


def named(path: str = "reflector.keys") -> tuple[Holder, ...]:
    """Return whom the file names."""
    return holders_in(Path(path).read_text("utf-8"))


def test_a_key_is_made_and_its_line_is_the_senders_file(keys: Keys) -> None:
    """The file is made for its owner alone; the line on standard output is what the sender is given."""
    code, out, err = keys("add", "--key-file", "reflector.keys", "--note", "Hamburg,  2nd\tfloor")
    (holder,) = named()
    assert (code, holders_in(out), holder.note) == (0, (holder,), "Hamburg, 2nd floor")
    assert "SIGHUP" in err
    assert holder.key.hex() not in err
    if sys.platform != "win32":
        assert stat.S_IMODE(Path("reflector.keys").stat().st_mode) == 0o600


def test_further_keys_leave_the_rest_as_it_is(keys: Keys) -> None:
    """Comments, order, a last line without an end; no SSID twice."""
    Path("reflector.keys").write_text(f"# mine\n\n7 {KEY.hex()} Kiel")
    Path("reflector.keys").chmod(0o600)
    assert keys("add", "--key-file", "reflector.keys", "--ssid", "9", "--out", "sender.key")[:2] == (0, "")
    assert Path("reflector.keys").read_text().startswith(f"# mine\n\n7 {KEY.hex()} Kiel\n9 ")
    assert named("sender.key") == named()[1:]
    code, _, err = keys("add", "--key-file", "reflector.keys", "--ssid", "9")
    assert (code, len(err.splitlines()), len(named())) == (2, 1, 2)
    assert "has a key for it already" in err
    code, _, err = keys("add", "--key-file", "reflector.keys", "--out", "sender.key")
    assert (code, len(named())) == (2, 2)
    assert "sender.key: File exists" in err


def test_a_key_is_added_beside_the_one_that_is_good_for_all(keys: Keys) -> None:
    """The file may hold a bare key, as `openssl rand` makes it: whoever is added gets an SSID of his own, and the bare one stays."""
    Path("reflector.keys").write_text(f"{KEY.hex()}\n")
    Path("reflector.keys").chmod(0o600)
    assert keys("add", "--key-file", "reflector.keys", "--out", "sender.key")[0] == 0
    first, second = named()
    assert (first, named("sender.key")) == (Holder(KEY), (second,))
    assert second.ssid is not None


def test_what_is_listed_gives_no_key_away(keys: Keys) -> None:
    """SSID, fingerprint and note; nothing that a terminal would obey."""
    Path("reflector.keys").write_text(f"{KEY.hex()}\n7 {KEY.hex()} Kiel\x1b[2J")
    Path("reflector.keys").chmod(0o600)
    code, out, err = keys("list", "--key-file", "reflector.keys")
    assert (code, err) == (0, "")
    assert out.splitlines() == ["SSID   Fingerprint  Note", "any    630dcd29", "7      630dcd29     Kiel?[2J"]


def test_revoked_is_gone(keys: Keys) -> None:
    """Of an SSID, or the one for all; what was not there is told."""
    Path("reflector.keys").write_text(f"# mine\n{KEY.hex()}\n7 {KEY.hex()}\n8 {KEY.hex()}\n")
    Path("reflector.keys").chmod(0o600)
    assert keys("revoke", "--key-file", "reflector.keys", "7")[0] == 0
    assert keys("revoke", "--key-file", "reflector.keys", "any")[0] == 0
    assert Path("reflector.keys").read_text() == f"# mine\n8 {KEY.hex()}\n"
    code, _, err = keys("revoke", "--key-file", "reflector.keys", "7")
    assert (code, len(err.splitlines())) == (2, 1)
    assert "no such key" in err


def test_the_last_one_revoked_leaves_a_comment(keys: Keys) -> None:
    """A reflector takes that, and answers nobody any more; an empty file it would take for one that is being written."""
    Path("reflector.keys").write_text(f"7 {KEY.hex()}\n")
    Path("reflector.keys").chmod(0o600)
    assert "takes it with SIGHUP" in keys("revoke", "--key-file", "reflector.keys", "7")[2]
    assert Path("reflector.keys").read_text() == "# every key is revoked\n"


@pytest.mark.parametrize("way", ["before", "environment", "nra.toml"])
def test_the_file_is_the_reflectors(keys: Keys, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What `nra reflect` gets from the command line, the environment or nra.toml need not be said again."""
    if way == "environment":
        monkeypatch.setenv("NRA_REFLECT_KEY_FILE", "reflector.keys")
    if way == "nra.toml":
        Path("nra.toml").write_text('[reflect]\nkey-file = "reflector.keys"\n')
    assert keys("add", before=("--key-file", "reflector.keys") if way == "before" else ())[0] == 0
    assert len(named()) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("add",), "--key-file is missing"),
        (("list", "--key-file", "absent"), "absent: No such file"),
        (("list", "--key-file", "bad"), "bad: line 1: 64 hex digits"),
        (("add", "--key-file", "bad"), "bad: line 1: 64 hex digits"),
        (("add", "--key-file", "new", "--ssid", "0"), "--ssid"),
        (("revoke", "--key-file", "bad", "some"), "some"),
        (("add", "--key-file", "."), ".: not a file"),
        (("add", "--key-file", ""), "a file's name is expected"),
        (("mend",), "mend"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_cannot_be_done(keys: Keys, words: tuple[str, ...], said: str) -> None:
    """One line, exit code 2, nothing written."""
    Path("bad").write_text("0011")
    Path("bad").chmod(0o600)
    code, out, err = keys(*words)
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert said in err
    assert [path.name for path in Path().iterdir()] == ["bad"]


@pytest.mark.parametrize("file", ["no-folder/reflector.keys", "sender.key"])
def test_what_no_reflector_knows_is_not_left_for_a_sender(keys: Keys, file: str) -> None:
    """Where the reflector's file cannot be made, the sender's is taken back: nobody is given a key that nobody has."""
    code, out, err = keys("add", "--key-file", file, "--out", "sender.key")
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert not Path("sender.key").exists()


def test_keys_alone_say_what_is_missing(keys: Keys) -> None:
    """One line, not the whole help squeezed into it."""
    code, _, err = keys()
    assert (code, err.splitlines()) == (2, ["nra: error: Missing command. (see nra reflect keys --help)"])
