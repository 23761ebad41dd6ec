"""`nra doctor`: words typed, exit codes, what is printed where, and one real examination of the machine that runs the tests."""

import json
import os
import signal
import subprocess
import sys
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import nra.run.doctor
from nra.cli import cli
from nra.cli.doctor import reflector
from nra.model.document import Host
from nra.model.self_test import SCHEMA, SelfTest
from nra.model.verdict import Overall, Verdict
from nra.reflector import embedded
from nra.reflector.engine import CannotListen
from nra.run.doctor import CannotExamine
from nra.scoring.doctor import checks
from nra.scoring.doctor_rules import RULES

ROOT = Path(__file__).resolve().parents[2]
CANNED = SelfTest(
    schema=SCHEMA,
    verdict=Overall.PASS,
    tool_version="0.0",
    started_at="2026-11-22T08:00:00Z",
    elapsed_s=7.0,
    duration_s=3.0,
    interrupted=False,
    host=Host(name="pc", os="Windows"),
    checks=checks([], {}),
)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Put a canned self-test in the place of the real one; the list holds what it was asked for, its first entry what it came to."""
    seen: list[Any] = [Overall.PASS]

    def canned(duration_s: float, *_rest: object) -> SelfTest:
        seen.append(duration_s)
        return replace(CANNED, verdict=seen[0])

    monkeypatch.setattr(nra.run.doctor, "self_test_here", canned)
    return seen


def invoke(*args: str) -> Result:
    """Run `nra doctor`."""
    return CliRunner().invoke(cli, ["doctor", *args])


@pytest.mark.parametrize(("verdict", "code"), [("PASS", 0), ("WARN", 0), ("FAIL", 1), ("INCONCLUSIVE", 3)])
def test_the_verdict_is_the_exit_code(asked: list[Any], verdict: str, code: int) -> None:
    """0 fit, 1 unfit, 3 something could not be examined; the first word says it too."""
    asked[0] = Overall(verdict)
    for words in ((), ("--json",), ("--quiet",)):
        assert CliRunner().invoke(cli, ["doctor", *words], standalone_mode=False).return_value == code
    assert invoke().stdout.split(":")[0] == verdict


def test_json_is_the_document_and_nothing_else(asked: list[Any]) -> None:
    """One object, with a row for every rule; absent is null."""
    result = invoke("--json")
    found = json.loads(result.stdout)
    assert (found["schema"], found["verdict"], found["host"]["name"]) == ("nra-doctor/1", "PASS", "pc")
    assert [check["key"] for check in found["checks"]] == [rule.key for rule in RULES]
    assert {check["value"] for check in found["checks"]} == {None}


def test_quiet_is_the_exit_code_alone(asked: list[Any]) -> None:
    """Nothing on either side; JSON was asked for by itself."""
    result = invoke("--quiet")
    assert (result.stdout, result.stderr) == ("", "")
    assert invoke("--quiet", "--json").stdout.startswith("{")


@pytest.mark.parametrize(("args", "duration_s"), [((), 3.0), (("--duration", "1"), 1.0), (("--duration", "60"), 60.0)])
def test_the_duration_is_handed_on(asked: list[Any], args: tuple[str, ...], duration_s: float) -> None:
    """Three seconds unless another time is asked for."""
    invoke(*args)
    assert asked[1] == duration_s


@pytest.mark.parametrize(
    "args", [("--duration", "0"), ("--duration", "61"), ("--duration", "nan"), ("--duration", "x"), ("now",), ("--fast",)]
)
def test_bad_words_are_one_line(args: tuple[str, ...]) -> None:
    """Exit code 2, and nothing is examined."""
    done = subprocess.run([sys.executable, "-m", "nra", "doctor", *args], cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "nra doctor --help" in done.stderr
    assert "--duration" not in args or "at least 1 and at most 60" in done.stderr or "'x' is not a number" in done.stderr


def test_a_machine_without_loopback_is_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    """The noise floor cannot be measured, and says why: no traceback."""

    def deaf() -> AbstractContextManager[None]:
        raise CannotListen("no loopback")

    monkeypatch.setattr(embedded, "embedded", deaf)
    with pytest.raises(CannotExamine, match="no loopback"), reflector():
        pass


def test_this_machine(tmp_path: Path) -> None:
    """A real examination: all rows, units and words; how good the machine is that runs the tests is not asked."""
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-m", "nra", "doctor", "--duration", "1", "--json"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    found = json.loads(done.stdout)
    assert done.returncode == {"PASS": 0, "WARN": 0, "FAIL": 1, "INCONCLUSIVE": 3}[found["verdict"]]
    said = [line for line in done.stderr.splitlines() if not line.startswith("Executing <")]  # asyncio in dev mode: a busy machine
    assert said == ["clocks", "datagrams", "buffers", "sockets", "load", "timers", "noise floor"]
    assert [(check["key"], check["unit"]) for check in found["checks"]] == [(rule.key, rule.criterion.unit) for rule in RULES]
    for check in found["checks"]:
        assert check["verdict"] in set(Verdict)
        assert (check["value"] is None) == (check["verdict"] in ("NOT MEASURED", "SKIPPED"))
        assert check["evidence"]
        assert check["meaning"]
    rows = {check["key"]: check for check in found["checks"]}
    assert rows["clock.perf_counter"]["value"] > 0
    assert rows["buffer.call"]["value"] > 0
    assert rows["noise.round_trip"]["value"] > 0


@pytest.mark.skipif(sys.platform == "win32", reason="no such signal there")
def test_ctrl_c_shows_what_was_examined() -> None:
    """Exit code 3 and every row; those that were not reached say so."""
    with subprocess.Popen(
        [sys.executable, "-m", "nra", "doctor", "--duration", "30", "--json"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stderr is not None
        while process.stderr.readline() not in (b"timers\n", b""):
            pass
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=30)
    found = json.loads(out)
    assert (process.returncode, found["verdict"], found["interrupted"]) == (3, "INCONCLUSIVE", True)
    rows = {check["key"]: check for check in found["checks"]}
    assert rows["clock.time"]["value"] is not None
    assert (rows["noise.loss"]["verdict"], rows["noise.loss"]["evidence"]) == ("NOT MEASURED", "interrupted")
