"""`nra stick`: what is typed, what is refused, what is printed."""

import os
import sys
from pathlib import Path
from unittest.mock import patch

import pytest

from nra.cli import main
from nra.cli.stick import assigned
from nra.stick import manifest
from nra.stick.laying_out import Laid, Order
from nra.stick.runtime import Runtime


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An empty folder and no configuration."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    for name in [name for name in os.environ if name.startswith("NRA_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def orders(monkeypatch: pytest.MonkeyPatch) -> list[Order]:
    """What would be laid out; nothing is. A file named after a target holds a Python for it."""
    taken: list[Order] = []
    laid = Laid(target="win_amd64", python="3.13.2", packages={"nra": "0.1.0"}, files=560, size_bytes=70_900_000, compiled=False)

    def note(order: Order, say: object) -> list[Laid]:
        taken.append(order)
        return [laid]

    monkeypatch.setattr("nra.stick.laying_out.lay_out", note)
    monkeypatch.setattr(
        "nra.stick.runtime.read_runtime", lambda path: Runtime(target=path.stem, python="3.13.2", origin=str(path), files={})
    )
    return taken


def ended(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[object, str, str]:
    """Return exit code, standard output and standard error."""
    with patch("os._exit", sys.exit), pytest.raises(SystemExit) as caught:
        main(("stick", *words))
    shown = capsys.readouterr()
    return caught.value.code, shown.out, shown.err


def test_each_archive_goes_to_the_target_that_it_is_for(orders: list[Order], capsys: pytest.CaptureFixture[str]) -> None:
    """In whatever order they are typed; a target without one takes the running Python."""
    words = ("--target", "linux_x86_64", "--target", "win_amd64", "--target", "win_arm64")
    code, out, _ = ended(capsys, "E", *words, "--runtime", "win_arm64.zip", "--runtime", "win_amd64.zip")
    assert code == 0
    assert {name: each and each.origin for name, each in orders[0].runtimes.items()} == {
        "linux_x86_64": None, "win_amd64": "win_amd64.zip", "win_arm64": "win_arm64.zip",
    }  # fmt: skip
    assert (orders[0].folder, orders[0].extras) == (Path("E"), ("quic",))
    assert (
        out == "win_amd64: Python 3.13.2, 560 files, 70.9 MB; sources, not compiled: no Python 3.13 here, so starts are slower; nra 0.1.0\n"
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("E",), "--target is missing"),
        (("E", "--target", "beos"), "beos"),
        (("E", "--target", "win_amd64", "--runtime", "win_arm64.zip"), "this Python is for win_arm64, not for win_amd64"),
        (("E", "--target", "win_amd64", "--runtime", "win_amd64.zip", "--runtime", "./win_amd64.zip"), "a second Python for win_amd64"),
        (("E", "--verify", "--target", "win_amd64"), "--verify changes nothing"),
        (("E", "--target", "win_amd64", "--extras", "scapy"), "scapy"),
        ((), "FOLDER"),
    ],
)
def test_what_does_not_fit_is_one_line(orders: list[Order], capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str) -> None:
    """Exit code 2, nothing laid out."""
    code, out, err = ended(capsys, *words)
    assert (code, out, len(err.splitlines()), orders) == (2, "", 1, [])
    assert said in err


@pytest.mark.parametrize("target", ["win_amd64", "macos_arm64"])
def test_another_system_s_python_must_be_given(capsys: pytest.CaptureFixture[str], target: str) -> None:
    """Nothing of it is on this machine."""
    code, out, err = ended(capsys, "E", "--target", target)
    assert (code, out, Path("E").exists()) == (2, "", False)
    assert f"--target {target}: give its Python with --runtime" in err


def test_a_wrong_archive_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Real reading, real refusal."""
    Path("python.zip").write_text("no")
    code, _, err = ended(capsys, "E", "--target", "win_amd64", "--runtime", "python.zip")
    assert (code, err) == (2, "nra: error: --runtime python.zip: no archive of a Python\n")


def test_verify_tells_each_file_with_a_word(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 0 when all is as it was, 1 when something is not, 2 when it is no stick."""
    assert ended(capsys, "E", "--verify")[::2] == (
        2, f"nra: error: {Path('E') / manifest.NAME}: No such file or directory: this is no stick of nra, or its making was not finished\n",
    )  # fmt: skip
    Path("E").mkdir()
    for name in ("a", "b", "c"):
        Path("E", name).write_text(name)
    Path("E", manifest.NAME).write_bytes(manifest.text(manifest.digests(Path("E"))))
    assert ended(capsys, "E", "--verify") == (0, "E is as it was laid out\n", "")
    Path("E", "a").write_text("changed")
    Path("E", "b").unlink()
    Path("E", "d").write_text("added")
    assert ended(capsys, "E", "--verify") == (1, "changed  a\nmissing  b\nadded  d\n", "")
    Path("E", manifest.NAME).write_bytes(manifest.text(manifest.digests(Path("E")) | {"x\x1b[31m": "0" * 64}))
    assert ended(capsys, "E", "--verify") == (1, "missing  x?[31m\n", "")


def test_without_archives_every_target_takes_the_running_python() -> None:
    """None stands for it."""
    assert assigned(("linux_x86_64",), ()) == {"linux_x86_64": None}
