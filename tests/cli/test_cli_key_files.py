"""Files that hold keys: who may read and write them."""

import os
import stat
import sys
from pathlib import Path

import pytest

from nra.cli.errors import UserError
from nra.cli.key_files import MOST_BYTES, read_credential, read_holders, read_key, read_reflectors, read_text, rewrite, write_new
from nra.reflector.key_file import Holder

KEY = bytes(range(32))
POSIX_ONLY = pytest.mark.skipif(sys.platform == "win32", reason="no modes there")


def file_of(path: Path, text: str, mode: int = 0o600) -> Path:
    """Write a key file."""
    path.write_text(text, "utf-8")
    path.chmod(mode)
    return path


def test_a_sender_has_one_line(tmp_path: Path) -> None:
    """With an SSID or without; more or none is refused, and which file it was is said."""
    assert read_credential(file_of(tmp_path / "any", f"\ufeff{KEY.hex()}\n")) == Holder(KEY)
    assert read_credential(file_of(tmp_path / "one", f"# mine\n7 {KEY.hex()} Hämburg")) == Holder(KEY, 7, "Hämburg")
    for text, count in (("", 0), (f"7 {KEY.hex()}\n8 {KEY.hex()}", 2)):
        with pytest.raises(UserError, match=f"--key-file .*bad: {count} keys, where a sender has one"):
            read_credential(file_of(tmp_path / "bad", text))


def test_what_is_wrong_in_a_file_is_said_with_its_name(tmp_path: Path) -> None:
    """One line: option, file, line."""
    with pytest.raises(UserError, match=r"--key-file .*keys: line 2: 64 hex digits are expected"):
        read_holders(file_of(tmp_path / "keys", "#\n7 12"))
    with pytest.raises(UserError, match=r"--redact-key .*keys: 64 hex digits are expected"):
        read_key(file_of(tmp_path / "keys", f"7 {KEY.hex()}"), "--redact-key")


def test_a_file_is_read_to_its_most_and_no_further(tmp_path: Path) -> None:
    """What is larger is refused; ends of lines are those of any system."""
    with pytest.raises(UserError, match=f"larger than {MOST_BYTES} bytes"):
        read_holders(file_of(tmp_path / "keys", "#" * (MOST_BYTES + 1)))
    (tmp_path / "keys").write_bytes(b"# mine\r\n7 " + KEY.hex().encode() + b"\r\n")
    assert read_text(tmp_path / "keys", "--key-file") == f"# mine\n7 {KEY.hex()}\n"


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no such devices there")
def test_what_never_ends_is_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is anything waited for that calls itself a file and has nothing to say (/proc/kmsg): it holds no key."""
    monkeypatch.setattr(Path, "is_file", lambda _path: True)
    with pytest.raises(UserError, match="larger than"):
        read_text(Path("/dev/zero"), "--key-file")
    ours, theirs = os.openpty()
    try:
        assert read_text(Path(os.ttyname(theirs)), "--key-file") == ""
    finally:
        os.close(ours)
        os.close(theirs)


@POSIX_ONLY
def test_a_reflectors_file_that_others_can_write_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever can write it can let himself in; one that others can only read is noted."""
    assert read_reflectors(file_of(tmp_path / "keys", f"7 {KEY.hex()}")) == (Holder(KEY, 7),)
    assert capsys.readouterr().err == ""
    assert read_reflectors(file_of(tmp_path / "keys", f"7 {KEY.hex()}", 0o640)) == (Holder(KEY, 7),)
    assert "keys can be read by others on this machine" in capsys.readouterr().err
    for mode in (0o620, 0o602):
        with pytest.raises(UserError, match=r"keys: others on this machine can write it \(chmod 600\)"):
            read_reflectors(file_of(tmp_path / "keys", f"7 {KEY.hex()}", mode))


@POSIX_ONLY
def test_a_new_file_is_its_owners_alone(tmp_path: Path) -> None:
    """Whatever the umask; one that is there is left alone."""
    before = os.umask(0)
    try:
        write_new(tmp_path / "new", "text\n")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o600
    with pytest.raises(UserError, match="new: File exists"):
        write_new(tmp_path / "new", "other\n")
    assert (tmp_path / "new").read_text() == "text\n"
    with pytest.raises(UserError, match="No such file or directory"):
        write_new(tmp_path / "absent" / "new", "text\n")


@POSIX_ONLY
def test_a_rewritten_file_keeps_its_mode_and_its_place(tmp_path: Path) -> None:
    """A service's group that may read it goes on reading it; a link goes on pointing there; nothing is left beside it."""
    there = file_of(tmp_path / "keys", "old", 0o640)
    (tmp_path / "link").symlink_to(there)
    rewrite(tmp_path / "link", "new")
    assert (there.read_text(), stat.S_IMODE(there.stat().st_mode), (tmp_path / "link").is_symlink()) == ("new", 0o640, True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["keys", "link"]
