"""docs/go-live.md: its policy is one, its session prints what is shown, its JSON is documented field by field."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Final

import click
import pytest
from test_docs_run_document import documented, sections

from nra.archive.document import encode
from nra.catalogue import read_policy
from nra.cli import cli, main
from nra.model.judgement import Judgement
from nra.scoring.gate_baseline import LEAST_RUNS, RESAMPLES
from nra.testing.canned import canned_run

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "go-live.md"
TEXT: Final = PAGE.read_text("utf-8")
POLICY: Final = re.findall(r"^```toml\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)[0]
COMMANDS: Final = re.findall(r"^nra gate .+$", TEXT, re.MULTILINE)
STORY: Final = re.findall(r"^```sh\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)[0]
SESSION: Final = re.findall(r"^\$ (nra [^\n]+)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)[0]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the working folder of the page: its policy, and the runs of two workstations."""
    (tmp_path / "policy.toml").write_text(POLICY, "utf-8")
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "munich.json").write_bytes(encode(canned_run("bad")))
    (tmp_path / "results" / "bonn.json").write_bytes(encode(canned_run("good", host="PC-0022", site="Bonn")))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_policy_says_all_that_a_policy_can_say(folder: Path) -> None:
    """Each section of the example arrives."""
    found = read_policy(folder / "policy.toml")
    limits = {each.key: each.limit for each in found.sites[0].thresholds.limits}
    assert (limits["round_trip_avg_ms"], limits["up_jitter_ms"], found.ports) == (120, 25, ("80/TCP",))
    assert found.required_sites == ("Munich",)
    assert (found.runs, found.workstations, found.measured) == (2, 2, ("voice", "firewall"))
    assert (found.waivers[0].workstation, found.fail_on_regression) == ("PC-0417", True)


def test_the_story_names_the_extra_that_signs() -> None:
    """Before the script that needs it, in the README too; pyproject.toml has it, and it brings the package."""
    extras = tomllib.loads((PAGE.parents[1] / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    assert any(each.startswith("cryptography") for each in extras["signatures"])
    assert '`pip install ".[signatures]"`' in TEXT[: TEXT.index(STORY)]
    assert '`pip install ".[signatures]"`' in (PAGE.parents[1] / "README.md").read_text("utf-8")


@pytest.mark.usefixtures("folder")
def test_the_session_prints_what_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """To the letter; the waiver of the example holds long."""
    command, output = SESSION
    with pytest.raises(SystemExit) as ended:
        main(shlex.split(command)[1:])
    assert ended.value.code == 1
    assert capsys.readouterr().out.replace("\\", "/") == output


@pytest.mark.peer
def test_from_the_first_run_to_the_signed_bundle(tmp_path: Path) -> None:
    """The page's script, run by a shell; a busy machine may leave the gate without a verdict, never with a failure."""
    missing = [tool for tool in ("sh", "minisign", "unzip") if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} not installed")
    program = tmp_path / "bin" / "nra"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m nra "$@"\n')
    program.chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NRA_")}
    environment = kept | {"PATH": f"{program.parent}:{kept['PATH']}", "PYTHONPATH": str(PAGE.parents[1]), "HOME": str(tmp_path)}
    steps = STORY.replace("&& echo ready || echo", "&& echo ready || echo gate:")
    done = subprocess.run(
        ("sh", "-c", steps), cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=100, check=False, input=""
    )
    assert done.returncode == 0, done.stderr
    assert "\nready\n" in done.stdout or "gate: not ready: exit code 3" in done.stdout
    assert "Signature and comment signature verified" in done.stdout
    assert len(list((tmp_path / "results").glob("*.json"))) == 2


@pytest.mark.parametrize("line", COMMANDS)
def test_the_commands_can_be_typed(line: str) -> None:
    """Each is parsed as it stands."""
    _, name, *words = shlex.split(line, comments=True)
    found = cli.get_command(click.Context(cli), name)
    assert found is not None
    with found.make_context(name, words, parent=click.Context(cli)) as context:
        assert context.params["runs"]


def test_every_option_has_a_row() -> None:
    """And no row is about an option that there is not."""
    gate = cli.get_command(click.Context(cli), "gate")
    assert gate is not None
    options = {word for parameter in gate.params for word in parameter.opts if word.startswith("--")}
    assert set(re.findall(r"^\| `(--[a-z]+)", TEXT, re.MULTILINE)) == options


def test_the_numbers_of_the_page_are_the_programs() -> None:
    """Resamples, and the least number of runs."""
    assert f"{RESAMPLES:,} resamples" in TEXT
    assert (LEAST_RUNS, "With fewer than five runs" in TEXT) == (5, True)


def test_every_field_is_documented_with_its_type_and_its_null() -> None:
    """As in the page about the run document."""
    assert documented(PAGE, "The judgement as JSON") == dict(sections(Judgement, ""))
