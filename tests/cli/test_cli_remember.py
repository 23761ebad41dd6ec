"""What a double-click on a stick does: two questions once, then one key per workstation."""

import os
import sys
import tomllib
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from nra.cli import main
from nra.cli.on_stick import DOUBLE_CLICK, root_of
from nra.run.measure import Measured
from nra.testing.canned import canned_run


@pytest.fixture(autouse=True)
def stick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A stick of one's own at a terminal; what would be measured is there beforehand."""
    root = tmp_path / "stick"
    root.mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in [name for name in os.environ if name.startswith("NRA_")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr("nra.cli.run.carry_out", lambda *_, **__: Measured(document=canned_run("good"), stream=None))
    return root


def typing(monkeypatch: pytest.MonkeyPatch, *answers: str, keys: str = "") -> None:
    """Let these words and keys be typed; a question too many fails."""
    words, pressed = iter(answers), iter(keys)
    monkeypatch.setattr("click.termui.visible_prompt_func", lambda _prompt: next(words))
    monkeypatch.setattr("click.getchar", lambda: next(pressed))
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)


def started(capsys: pytest.CaptureFixture[str], root: Path, *words: str) -> tuple[object, str]:
    """Return the exit code and standard error of the program started from the stick."""
    with patch("os._exit", sys.exit), pytest.raises(SystemExit) as caught:
        main(words or DOUBLE_CLICK, program_folder=root)
    err = capsys.readouterr().err
    return caught.value.code, err


def test_asked_once_then_one_key_per_machine(stick: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The first time two questions, the answers in nra.toml on the stick, the reports in its results; from then on a key."""
    typing(monkeypatch, "eu-centrall-1", "eu-central-1", "", ' "Muster" & Söhne ', keys="\r")
    code, err = started(capsys, stick)
    assert (code, f"remembered in {stick / 'nra.toml'}" in err, "did you mean eu-central-1" in err) == (0, True, True)
    assert tomllib.loads((stick / "nra.toml").read_text("utf-8")) == {"run": {"region": "eu-central-1", "org": '"Muster" & Söhne'}}
    before = (stick / "nra.toml").read_bytes()
    for _ in range(2):
        typing(monkeypatch, keys="\r")
        code, err = started(capsys, stick)
        assert (code, 'Region eu-central-1, organization "Muster" & Söhne' in err) == (0, True)
    assert (stick / "nra.toml").read_bytes() == before
    assert len(list((stick / "results").glob("*.json"))) == 3


def test_c_asks_again(stick: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """What else stands in nra.toml stays."""
    (stick / "nra.toml").write_text('[run]\nregion = "eu-central-1"\norg = "Old"\nsite = "Hamburg"\n')
    typing(monkeypatch, "sa-east-1", "New", keys="C")
    assert started(capsys, stick)[0] == 0
    assert tomllib.loads((stick / "nra.toml").read_text("utf-8")) == {"run": {"region": "sa-east-1", "org": "New", "site": "Hamburg"}}


def test_q_ends(stick: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is measured, nothing is written: exit code 130."""
    (stick / "nra.toml").write_text('[run]\nregion = "eu-central-1"\norg = "Old"\n')
    typing(monkeypatch, keys="q")
    assert started(capsys, stick)[0] == 130
    assert [path.name for path in stick.iterdir()] == ["nra.toml"]


@pytest.mark.parametrize("known", [True, False])
def test_p_opens_the_page(known: bool, stick: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Offered from the first time on; its results go where those of a run would go, and what is known stands in its form."""
    served: list[tuple[Any, ...]] = []
    monkeypatch.setattr("nra.ui.serve.serve", lambda _, folder, __, configured, **___: served.append((folder, configured.org)))
    if known:
        (stick / "nra.toml").write_text('[run]\nregion = "eu-central-1"\norg = "Old"\n')
    typing(monkeypatch, keys="P")
    code, err = started(capsys, stick)
    assert (code, "p opens a page in the browser" in err) == (0, True)
    assert served == [(stick / "results", "Old" if known else "")]
    assert not list(stick.rglob("*.json"))


def test_a_stick_that_cannot_be_written_to(
    stick: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The answers hold for this run, the results go to the user's own folder, and the program says both."""
    stick.rmdir()
    stick.write_text("a file, so nothing can be made in it")
    monkeypatch.setattr("nra.cli.saving.Path.cwd", lambda: stick)
    typing(monkeypatch, "eu-central-1", "Muster", keys="x")
    code, err = started(capsys, stick)
    assert code == 0
    assert f"not remembered: cannot write into {stick}" in err
    assert f"the results go to {tmp_path / 'home' / 'nra-results'}" in err
    assert len(list((tmp_path / "home" / "nra-results").glob("*.json"))) == 1


def test_without_a_terminal_nobody_waits(stick: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """In a pipeline the option asks nothing: what is known is taken, what is missing is a usage error."""
    typing(monkeypatch)
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)
    code, err = started(capsys, stick)
    assert (code, "--region is missing" in err) == (2, True)
    (stick / "nra.toml").write_text('[run]\nregion = "eu-central-1"\norg = "Old"\n')
    assert started(capsys, stick)[0] == 0


def test_the_door_knows_the_root_of_its_stick() -> None:
    """nra lies below site/ there; a checkout or an installation is no stick."""
    assert root_of(Path("/media/stick/site/win_amd64/nra/cli/on_stick.pyc")) == Path("/media/stick")
    assert root_of(Path("/usr/lib/python3/dist-packages/nra/cli/on_stick.py")) is None
