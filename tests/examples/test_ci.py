"""The CI examples: each is read by a parser of its own language, and the shell steps run as they stand, against region local."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, Final

import click
import junitparser
import pytest
import tree_sitter
import tree_sitter_groovy
import yaml
from dockerfile_parse import DockerfileParser

from nra.catalogue import read_policy
from nra.cli import cli
from nra.model.observation import PortState
from nra.scoring.gate import judge_all
from nra.testing.canned import canned_run

ROOT: Final = Path(__file__).resolve().parents[2]
CI: Final = ROOT / "examples" / "ci"
YAML: Final = ("github-actions.yml", "gitlab-ci.yml", "azure-pipelines.yml")
NEEDS_THE_REGISTRY: Final = ("venv", "pip install", "GITHUB_PATH", "vso", "export PATH")

posix: Final = pytest.mark.skipif(sys.platform == "win32", reason="the examples' steps are for a POSIX shell")


def loaded(name: str) -> dict[str, Any]:
    """Return an example in YAML; `on` is a word there, not the truth."""
    found: dict[Any, Any] = yaml.safe_load((CI / name).read_text("utf-8"))
    return {("on" if key is True else key): value for key, value in found.items()}


def steps_of(name: str) -> list[str]:
    """Return the shell steps of an example, in order."""
    found = loaded(name)
    if name == "github-actions.yml":
        return [step["run"] for step in found["jobs"]["readiness"]["steps"] if "run" in step]
    if name == "gitlab-ci.yml":
        return [*found["readiness"]["before_script"], *found["readiness"]["script"]]
    return [step["bash"] for step in found["steps"] if "bash" in step]


def jenkins_steps() -> list[str]:
    """Return the arguments of `sh` in the Jenkinsfile."""
    return re.findall(r"^\s*sh '(.*)'$", (CI / "Jenkinsfile").read_text("utf-8"), re.MULTILINE)


ALL_STEPS: Final = {**{name: steps_of(name) for name in YAML}, "Jenkinsfile": jenkins_steps()}


def calls(steps: list[str]) -> Iterator[list[str]]:
    """Yield the words of every call of nra in shell steps."""
    for line in "\n".join(steps).splitlines():
        found = re.search(r"(?:^|/)nra (run|gate) [^|#]*", line)
        if found:
            yield shlex.split(found[0].removeprefix("/"))


@pytest.mark.parametrize("name", ALL_STEPS)
def test_every_example_measures_and_judges(name: str) -> None:
    """First `nra run`, then `nra gate`, each with options that there are; the policy and the file that is published exist."""
    found = list(calls(ALL_STEPS[name]))
    assert [words[1] for words in found] == ["run", "gate"]
    for _, command, *words in found:
        parser = cli.get_command(click.Context(cli), command)
        assert parser is not None
        with parser.make_context(command, words, parent=click.Context(cli)) as context:
            if command == "gate":
                assert (ROOT / context.params["policy"]).is_file()
                assert (CI / name).read_text("utf-8").count(str(context.params["junit"])) > 1


@posix
@pytest.mark.parametrize("name", ALL_STEPS)
def test_the_shell_can_read_every_step(name: str) -> None:
    """bash parses each without running it."""
    for step in ALL_STEPS[name]:
        assert subprocess.run(["bash", "-n", "-c", step], capture_output=True, check=False).returncode == 0


def test_the_workflows_have_the_form_that_their_services_ask_for() -> None:
    """The keys without which nothing starts; results are kept whatever the verdict."""
    github, gitlab, azure = map(loaded, YAML)
    job = github["jobs"]["readiness"]
    assert {"name", "on", "jobs", "permissions"} <= github.keys()
    assert "self-hosted" in job["runs-on"]
    assert [step.get("if") for step in job["steps"] if "upload-artifact" in step.get("uses", "")] == ["always()"]
    assert gitlab["readiness"]["artifacts"]["reports"]["junit"] == "nra-gate.xml"
    assert gitlab["readiness"]["artifacts"]["when"] == "always"
    published = next(step for step in azure["steps"] if step.get("task") == "PublishTestResults@2")
    assert (published["condition"], published["inputs"]["testResultsFormat"]) == ("always()", "JUnit")
    for variables in (job["env"], gitlab["readiness"]["variables"], azure["variables"]):
        assert {"NRA_RUN_REGION", "NRA_RUN_ORG", "NRA_RUN_SITE", "NRA_RUN_REPEAT", "NRA_RUN_REFLECTOR"} <= variables.keys()
        assert all(isinstance(value, str) for value in variables.values())


def test_the_jenkinsfile_is_groovy() -> None:
    """A declarative pipeline that publishes what the gate wrote, whatever the verdict."""
    source = (CI / "Jenkinsfile").read_bytes()
    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_groovy.language()))
    assert not parser.parse(source).root_node.has_error
    assert parser.parse(source[:-3]).root_node.has_error
    assert b"NRA_RUN_REFLECTOR = " in source
    assert b"junit testResults: 'nra-gate.xml'" in source.partition(b"always {")[2]


def test_the_containerfile_starts_nra(tmp_path: Path) -> None:
    """Its last word is the entry point; what it copies is installed."""
    (tmp_path / "Dockerfile").write_bytes((CI / "Containerfile").read_bytes())
    parsed = DockerfileParser(str(tmp_path))
    steps = [(step["instruction"], step["value"]) for step in parsed.structure if step["instruction"] != "COMMENT"]
    assert [instruction for instruction, _ in steps] == ["FROM", "COPY", "RUN", "WORKDIR", "ENTRYPOINT"]
    assert steps[-1][1] == '["nra"]'


def test_the_policy_is_one() -> None:
    """Every key of it is known."""
    found = read_policy(CI / "policy.toml")
    assert (found.runs, found.sites[0].site, found.fail_on_regression) == (8, "Hamburg", True)


@pytest.mark.parametrize(("kind", "verdict"), [("good", "PASS"), ("without-reflector", "INCONCLUSIVE")])
def test_a_reflector_is_what_turns_the_job_green(kind: str, verdict: str) -> None:
    """Eight runs against one pass; without one nobody answers at the media ports that are required, as the comment beside it says."""
    document = canned_run("good", site="Hamburg")
    checks = tuple(
        replace(check, state=PortState.NO_RESPONDER) if kind != "good" and check.port == "16384-65535" and check.required else check
        for check in document.firewall or ()
    )
    assert (checks != document.firewall) is (kind != "good")
    runs = [(f"{n}.json", replace(document, firewall=checks, run=replace(document.run, id=f"{n:032}"))) for n in range(8)]
    assert judge_all(runs, read_policy(CI / "policy.toml"), date(2026, 11, 25)).verdict == verdict


def here(folder: Path, **changes: str) -> dict[str, str]:
    """Return an environment in which `nra` is this checkout's, region local is measured for a moment, and nothing else is set."""
    program = folder / "bin" / "nra"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m nra "$@"\n')
    program.chmod(0o755)
    (folder / "examples").symlink_to(ROOT / "examples")
    path = f"{program.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    short = {"NRA_RUN_REGION": "local", "NRA_RUN_REPEAT": "2", "NRA_RUN_DURATION": "3", "NRA_RUN_QUIET": "1"}
    return (
        {"PATH": path, "HOME": str(folder), "PYTHONPATH": str(ROOT), "NRA_RUN_ORG": "Muster GmbH", "NRA_RUN_SITE": "Hamburg"}
        | short
        | changes
    )


def shell(step: str, folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a step as GitHub and GitLab do: bash that stops at the first failure."""
    return subprocess.run(["bash", "-eo", "pipefail", "-c", step], cwd=folder, env=environment, capture_output=True, text=True, check=False)


@posix
@pytest.mark.parametrize("name", ["github-actions.yml", "gitlab-ci.yml"])
def test_the_steps_run_as_they_stand(name: str, tmp_path: Path) -> None:
    """Measured twice against region local; the gate ends with a verdict, 3 at best for the policy wants eight runs, and writes its file.

    The step that installs is left out: it would ask a package registry.
    """
    measure, gate = (step for step in ALL_STEPS[name] if not any(word in step for word in NEEDS_THE_REGISTRY))
    environment = here(tmp_path)
    measured = shell(measure, tmp_path, environment)
    assert measured.returncode == 0, measured.stderr
    assert len(list((tmp_path / "results").glob("*.json"))) == 2
    judged = shell(gate, tmp_path, environment)
    assert judged.returncode in (1, 3), judged.stderr
    assert judged.stderr == ""
    assert "Runs" in judged.stdout
    suites = list(junitparser.JUnitXml.fromfile(str(tmp_path / "nra-gate.xml")))
    assert (sum(suite.failures for suite in suites) > 0) is (judged.returncode == 1)
    assert sum(suite.errors for suite in suites) > 0


@posix
@pytest.mark.parametrize("name", ["github-actions.yml", "gitlab-ci.yml"])
def test_a_mistake_in_the_options_ends_the_job_where_it_is(name: str, tmp_path: Path) -> None:
    """Only a verdict is left to the gate: what cannot be used fails the measuring step itself."""
    measure, _ = (step for step in ALL_STEPS[name] if not any(word in step for word in NEEDS_THE_REGISTRY))
    assert shell(measure, tmp_path, here(tmp_path, NRA_RUN_REGION="nosuch")).returncode == 2
