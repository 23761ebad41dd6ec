"""`nra case` on a terminal: nothing that was typed is lost to what could have been known before."""

import errno
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import click
import pytest
from click.testing import CliRunner, Result

from nra.archive.document import encode
from nra.archive.minisign import BadKey, WrongPassword
from nra.cli import cli, signing
from nra.cli.errors import UserError
from nra.cli.signing import cryptography_needed, secret_key
from nra.testing.canned import canned_run

Case = Callable[[str], Result]


@pytest.fixture
def case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Case:
    """Return what runs `nra case` on a terminal at which any question is a failure, beside a run and keys that are none."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "configuration"))
    for module in ("case_form", "signing"):
        monkeypatch.setattr(f"nra.cli.{module}.at_a_terminal", lambda: True)
    monkeypatch.setattr(click, "prompt", lambda question, **_: pytest.fail(f"asked: {question}"))
    Path("good.json").write_bytes(encode(canned_run("good")))
    Path("bad.key").write_text("no key")
    Path("folder.zip").mkdir()
    Path("folder.zip", "case.txt").mkdir()
    return lambda words: CliRunner().invoke(cli, ["case", "good.json", *words.split()])


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ("-o folder.zip", "cannot write into folder.zip"),
        ("-o good.json/case.zip", "cannot write into good.json"),
        ("-o folder.zip/new.zip --redact", "cannot write into folder.zip/case.txt"),
        ("--redact --redact-key bad.key", "--redact-key bad.key"),
        ("--redact --redact-key folder.zip", "--redact-key folder.zip"),
        ("--redact --redact-key good.json/x.key", "--redact-key good.json/x.key"),
        ("--redact -o AcmeVoiceGmbH.zip", "--out: with --redact"),
        ("--sign-key bad.key", "--sign-key bad.key"),
        ("--sign-key gone.key", "--sign-key gone.key"),
        ("--console gone.log", "--console gone.log"),
        ("--org-id 4711", "--org-id"),
    ],
)
def test_what_would_fail_fails_before_the_first_question(case: Case, words: str, complaint: str) -> None:
    """A folder in the way, a place that takes no file, a key that is none, a name that tells: one line, exit code 2."""
    done = case(words)
    assert (done.exit_code, complaint in done.stderr) == (2, True), done.output
    assert not list(Path().rglob("*.part"))


def test_a_place_that_may_not_be_written_is_known_before(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """By making a file in the folder above one that is still to be made."""

    def refused(path: Path) -> BinaryIO:
        assert path.parent.resolve() == Path.cwd()
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("nra.archive.files._create", refused)
    done = case("-o closed/new/case.zip")
    assert done.exit_code == 2
    assert f"cannot write into {Path('closed', 'new')}: Permission denied" in done.stderr


def test_no_folder_is_left_where_the_form_is_refused(case: Case) -> None:
    """What is tried beforehand leaves nothing behind."""
    assert case("-o new/deep/case.zip --contact-email q@gmail.com").exit_code == 2
    assert not Path("new").exists()


class Passwords:
    """A key that a password opens, and somebody who types one after another."""

    def __init__(self, *typed: str) -> None:
        """Take what is typed."""
        self.left = list(typed)

    def prompt(self, question: str, **_: object) -> str:
        """Return the next one."""
        assert question == "Password of the secret key"
        return self.left.pop(0)

    def read(self, _text: str, password: Callable[[], str]) -> str:
        """Return the key, as `read_secret_key` does."""
        if password() != "Kobold9":
            raise WrongPassword("wrong password")
        return "the key"


@pytest.mark.usefixtures("case")
@pytest.mark.parametrize("typed", [("Kobold9",), ("x", "Kobold9"), ("x", "y", "Kobold9"), ("x", "y", "z", "Kobold9")])
def test_a_wrong_password_is_asked_for_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], typed: tuple[str, ...]
) -> None:
    """Three times at most; a fourth is never typed."""
    pytest.importorskip("cryptography")
    somebody = Passwords(*typed)
    monkeypatch.setattr(signing, "read_secret_key", somebody.read)
    monkeypatch.setattr(click, "prompt", somebody.prompt)
    if len(typed) > 3:
        with pytest.raises(UserError, match=r"bad\.key: wrong password"):
            secret_key(Path("bad.key"))
        assert somebody.left == ["Kobold9"]
    else:
        assert str(secret_key(Path("bad.key"))) == "the key"
    assert capsys.readouterr().err.count("does not open") == min(len(typed) - 1, 2)


@pytest.mark.usefixtures("case")
def test_nobody_is_asked_twice_where_nobody_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a terminal the password has nobody to type it: said at once."""
    pytest.importorskip("cryptography")

    def read(_text: str, password: Callable[[], str]) -> str:
        return password()

    monkeypatch.setattr(signing, "at_a_terminal", lambda: False)
    monkeypatch.setattr(signing, "read_secret_key", read)
    with pytest.raises(UserError, match="nobody is there to type"):
        secret_key(Path("bad.key"))
    assert issubclass(WrongPassword, BadKey)


def test_a_missing_package_is_named_with_the_extra_that_brings_it() -> None:
    """One line, for signing and checking alike."""
    with pytest.raises(UserError, match=r"pip install 'nra\[signatures\]'"), cryptography_needed():
        raise ModuleNotFoundError("No module named 'cryptography'")
