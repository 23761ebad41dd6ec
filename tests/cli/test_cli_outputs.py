"""No command overwrites what it reads: one line, exit code 2, and every file as it was."""

import os
from pathlib import Path
from typing import Final

import click
import pytest
from click.testing import CliRunner

from nra.archive.document import encode
from nra.cli import cli
from nra.cli.errors import UserError
from nra.cli.outputs import refuse_overwriting, same_file
from nra.testing.canned import canned_run

LINKS: Final = hasattr(os, "symlink") and os.name != "nt"


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """Lay out what the commands below read, in the working folder, and return it by name."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "configuration"))
    run = encode(canned_run("good"))
    found = {
        "run.json": run,
        "col/run.json": encode(canned_run("good", host="PC-2")),
        "run.zip": run,
        "run.xlsx": run,
        "col/case.txt": run,
        "rk.zip": b"0" * 64,
        "console.zip": b"said",
        "case.txt": b"said",
        "policy.toml": b'thresholds = "limits.toml"\n',
        "limits.toml": b"[limits]\nup_jitter_ms = { limit = 25 }\n",
        "nra.toml": b"",
    }
    for name, data in found.items():
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_bytes(data)
    return found


@pytest.mark.parametrize(
    "words",
    [
        "case run.zip -o run.zip",
        "case . col/../run.zip -o ./run.zip",
        "case run.json --sign-key rk.zip -o rk.zip",
        "case run.json --redact --redact-key rk.zip -o rk.zip",
        "case run.json --redact --redact-key new.zip -o col/../new.zip",
        "case run.json --console console.zip -o console.zip",
        "case run.json --console case.txt --redact -o new.zip",
        "case col/case.txt --redact -o col/new.zip",
        "gate run.json --junit run.json",
        "gate . --junit col/run.json",
        "gate run.json --baseline col --junit col/run.json",
        "gate --diff run.json col --junit run.json",
        "gate run.json --policy policy.toml --junit policy.toml",
        "gate run.json --policy policy.toml --junit limits.toml",
        "gate run.json --junit nra.toml",
        "compile run.json run.xlsx -o run.xlsx",
        "compile run.json --redact --redact-key new.csv -o new.csv",
    ],
)
def test_what_is_read_is_not_overwritten(there: dict[str, bytes], words: str) -> None:
    """Whatever the option by which it came in, and however it is spelled; nothing is made either."""
    before = set(Path().rglob("*"))
    done = CliRunner().invoke(cli, words.split())
    assert (done.exit_code, done.stdout) == (2, ""), done.output
    assert "would be overwritten" in done.stderr
    assert {name: Path(name).read_bytes() for name in there} == there
    assert set(Path().rglob("*")) == before


@pytest.mark.parametrize("link", [pytest.param(os.symlink, marks=pytest.mark.skipif(not LINKS, reason="no links")), os.link])
def test_a_second_name_is_the_same_file(there: dict[str, bytes], link: object) -> None:
    """A link to a run, symbolic or hard."""
    assert there
    assert callable(link)
    link("run.json", "report.xml")
    assert same_file(Path("report.xml"), Path("run.json"))
    assert not same_file(Path("report.xml"), Path("col/run.json"))
    assert CliRunner().invoke(cli, ["gate", "run.json", "--junit", "report.xml"]).exit_code == 2


def test_what_is_not_read_is_renewed(there: dict[str, bytes]) -> None:
    """A report from last time, also in the folder of the runs, and one that is new."""
    for name in ("col/gate.xml", "col/gate.xml", "new/gate.xml"):
        assert CliRunner().invoke(cli, ["gate", "col/run.json", "--junit", name], standalone_mode=False).return_value == 0
    assert Path("col/run.json").read_bytes() == there["col/run.json"]


def test_two_outputs_have_two_names(tmp_path: Path) -> None:
    """Also where neither is there yet."""
    with pytest.raises(UserError, match="two different names"):
        refuse_overwriting([("--out", tmp_path / "case.txt"), ("beside", tmp_path / "x" / ".." / "case.txt")], [])
    refuse_overwriting([("--out", tmp_path / "a\0b")], [("RUNS", tmp_path / "a\0b")])
    with pytest.raises(click.ClickException):
        refuse_overwriting([("--out", tmp_path)], [("RUNS", tmp_path)])
