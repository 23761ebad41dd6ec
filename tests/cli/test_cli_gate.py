"""`nra gate`: every exit code, and what is printed where."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import junitparser
import pytest

from nra.archive.document import encode
from nra.cli import main
from nra.testing.canned import KINDS, canned_run

RUNS: Final = Path(__file__).resolve().parents[1] / "runs"
EXPIRED: Final = '[[waiver]]\nwhat = "up_mos"\nowner = "net team"\nreason = "r"\nexpires = 2020-01-01\n'
WAIVED: Final = "".join(
    f'[[waiver]]\nwhat = "{what}"\nowner = "net team"\nreason = "line ordered"\nexpires = 9999-12-31\n'
    for what in ("down_jitter_ms", "down_loss_percent", "3478/UDP")
)


@dataclass(frozen=True)
class Done:
    """What a command came to."""

    exit_code: int
    stdout: str
    stderr: str


Gate = Callable[..., Done]


@pytest.fixture
def nra_gate(capsys: pytest.CaptureFixture[str]) -> Gate:
    """Return a call of `nra gate` through the program's own door: exit codes are decided there."""

    def call(*words: object) -> Done:
        with pytest.raises(SystemExit) as ended:
            main(["gate", *map(str, words)])
        out, err = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return Done(ended.value.code, out, err)

    return call


def policy(folder: Path, text: str) -> Path:
    """Write a policy and return its path."""
    path = folder / "policy.toml"
    path.write_text(text, encoding="utf-8")
    return path


def put(folder: Path, *kinds: str, **names: str) -> Path:
    """Write a run of each kind into a folder, and return the folder."""
    folder.mkdir(exist_ok=True)
    for number, kind in enumerate(kinds):
        (folder / f"{number}.json").write_bytes(encode(canned_run(kind, started_at=f"2026-11-22T{8 + number:02}:00:00Z", **names)))
    return folder


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_policy_the_exit_code_is_that_of_the_run(nra_gate: Gate, kind: str) -> None:
    """0 pass (WARN too), 1 fail, 3 inconclusive; the first line says it in words."""
    done = nra_gate(RUNS / f"{kind}.json")
    document = canned_run(kind)
    assert done.exit_code == {"PASS": 0, "WARN": 0, "FAIL": 1, "INCONCLUSIVE": 3}[document.verdict]
    assert done.stdout.startswith(f"{document.verdict}: ")
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("text", "kinds", "code"),
    [
        ("", ("good", "close"), 0),
        ("[require]\nstrict = true", ("good", "close"), 1),
        ("[limits]\nup_jitter_ms = { limit = 1 }", ("good",), 1),
        ("[site.Munich.limits]\nup_jitter_ms = { limit = 1 }", ("good",), 1),
        ("[site.Bonn.limits]\nup_jitter_ms = { limit = 1 }", ("good",), 0),
        ("[require]\nruns = 3", ("good", "good"), 3),
        ("[require]\nworkstations = 2", ("good", "good"), 3),
        ("[require]\nports = ['5061/TCP']", ("good",), 3),
        ("[require]\nmeasured = ['voice']", ("firewall-only",), 3),
        ("[allow]\nfailed_runs = 1", ("good", "bad"), 0),
        ("[allow]\nfailed_runs = 1", ("bad", "bad"), 1),
        ("[allow]\ninconclusive_runs = 1", ("good", "round-trip"), 0),
        (WAIVED, ("bad",), 0),
        (EXPIRED, ("good",), 1),
        ("limit = 1", ("good",), 2),
    ],
)
def test_the_policy_decides(nra_gate: Gate, tmp_path: Path, text: str, kinds: tuple[str, ...], code: int) -> None:
    """Each of its sections by its exit code."""
    done = nra_gate(put(tmp_path / "runs", *kinds), "--policy", policy(tmp_path, text))
    assert done.exit_code == code, done


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ([], "Missing argument 'RUNS...'"),
        (["nosuch.json"], "nosuch.json: No such file or directory"),
        ([RUNS, "--policy", "nosuch.toml"], "nosuch.toml: cannot be read"),
        ([RUNS, "--json", "--github"], "--json and --github both want standard output"),
        ([RUNS / "good.json", "--diff"], "--diff: takes two, BEFORE and AFTER, got 1"),
        ([RUNS / "good.json", "--baseline", "nosuch.json"], "nosuch.json: No such file or directory"),
        ([RUNS / "good.json", "--junit", "results"], "the name needs an ending"),
        ([RUNS / "good.json", "--junit", RUNS / "good.json" / "x.xml"], "cannot write into"),
    ],
)
def test_what_cannot_be_used_is_exit_code_2_and_one_line(nra_gate: Gate, words: list[object], complaint: str) -> None:
    """Nothing on standard output."""
    done = nra_gate(*words)
    assert (done.exit_code, done.stdout) == (2, "")
    assert complaint in done.stderr
    assert done.stderr.startswith("nra: error: ")
    assert len(done.stderr.splitlines()) == 1


def test_a_damaged_document_in_a_folder_is_named(nra_gate: Gate, tmp_path: Path) -> None:
    """Exit code 2, whatever the others came to."""
    folder = put(tmp_path / "runs", "good", "bad")
    (folder / "x.json").write_text("{}")
    done = nra_gate(folder)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "x.json: not a run document of nra" in done.stderr


def test_a_policy_with_a_mistake_names_file_and_line(nra_gate: Gate, tmp_path: Path) -> None:
    """So that the review finds it."""
    done = nra_gate(RUNS / "good.json", "--policy", policy(tmp_path, "[require]\nruns = 1\nport = []\n"))
    assert done.exit_code == 2
    assert f"{tmp_path / 'policy.toml'}:3: require.port: unknown (did you mean ports?)" in done.stderr


def test_json_is_the_judgement_and_nothing_else(nra_gate: Gate) -> None:
    """One document on standard output, exit code as without."""
    done = nra_gate(RUNS / "bad.json", "--json")
    found = json.loads(done.stdout)
    assert (done.exit_code, found["schema"], found["verdict"]) == (1, "nra-gate/1", "FAIL")
    lost = next(case for case in found["runs"][0]["cases"] if case["key"] == "down_loss_percent")
    assert (lost["verdict"], lost["limit"], lost["value"]) == ("FAIL", "< 1", 3.0)


def test_junit_is_written_in_place_of_an_older_one(nra_gate: Gate, tmp_path: Path) -> None:
    """A CI job that runs again finds its own file, not one with a number."""
    for kind, failures in (("bad", 4), ("good", 0)):
        done = nra_gate(RUNS / f"{kind}.json", "--junit", tmp_path / "out" / "gate.xml")
        assert done.exit_code == (1 if failures else 0)
        assert junitparser.JUnitXml.fromfile(str(tmp_path / "out" / "gate.xml")) is not None
        assert sum(suite.failures for suite in junitparser.JUnitXml.fromfile(str(tmp_path / "out" / "gate.xml"))) == failures
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["gate.xml"]


def test_github_prints_annotations_alone(nra_gate: Gate) -> None:
    """Each line is a command to GitHub."""
    done = nra_gate(RUNS / "bad.json", "--github")
    assert done.exit_code == 1
    assert all(line.startswith(("::error title=", "::warning title=", "::notice title=")) for line in done.stdout.splitlines())


@pytest.mark.parametrize(("before", "after", "code"), [("bad", "good", 0), ("good", "bad", 1)])
def test_diff_tells_what_changed_and_judges_after(nra_gate: Gate, before: str, after: str, code: int) -> None:
    """The exit code is that of AFTER, whatever BEFORE was."""
    done = nra_gate("--diff", RUNS / f"{before}.json", RUNS / f"{after}.json")
    assert done.exit_code == code
    states = {"bad": "no answer (FAIL)", "good": "open (PASS)"}
    assert f"3478 UDP STUN/TURN to netdiag.euc1.pure.cloud: {states[before]} -> {states[after]}" in done.stdout


def test_diff_shows_the_changes_to_github_too(nra_gate: Gate) -> None:
    """As a notice before the verdict."""
    done = nra_gate("--diff", "--github", RUNS / "bad.json", RUNS / "good.json")
    assert done.exit_code == 0
    assert done.stdout.splitlines()[-2].startswith("::notice title=nra gate%3A changed::Changed:%0A")


def test_a_firewall_run_does_not_pass_for_voice(nra_gate: Gate) -> None:
    """In every form of the answer: lines, JSON, annotations."""
    forms: tuple[tuple[str, ...], ...] = ((), ("--json",), ("--github",))
    for form in forms:
        done = nra_gate(RUNS / "firewall-only.json", *form)
        assert (done.exit_code, "voice was skipped in 1 of 1 runs" in done.stdout) == (0, True)


@pytest.mark.parametrize(("text", "code"), [("", 0), ("[baseline]\nfail_on_regression = true", 1)])
def test_a_regression_is_told_and_fails_if_the_policy_says_so(nra_gate: Gate, tmp_path: Path, text: str, code: int) -> None:
    """Five good runs before, five close to the limit now."""
    before, after = put(tmp_path / "before", *["good"] * 5), put(tmp_path / "after", *["close"] * 5)
    done = nra_gate(after, "--baseline", before, "--policy", policy(tmp_path, text))
    assert done.exit_code == code
    assert "Down Jitter at Munich: worse: median 2.1 before, 24.6 ms after; difference +22.5 to +22.5 ms" in done.stdout


def test_too_few_runs_support_no_conclusion(nra_gate: Gate) -> None:
    """Said plainly, and no failure."""
    done = nra_gate(RUNS / "close.json", "--baseline", RUNS / "good.json")
    assert done.exit_code == 0
    assert "1 run before and 1 after support no conclusion: 5 each are needed" in done.stdout


def test_the_gates_own_files_do_not_disturb_it(nra_gate: Gate, tmp_path: Path) -> None:
    """Its JSON may lie beside the runs that it judges next."""
    folder = put(tmp_path / "runs", "good")
    (folder / "gate.json").write_text(nra_gate(folder, "--json").stdout)
    assert nra_gate(folder).exit_code == 0


def test_options_come_from_the_environment_too(nra_gate: Gate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As for every command."""
    monkeypatch.setenv("NRA_GATE_POLICY", str(policy(tmp_path, "[require]\nruns = 3")))
    assert nra_gate(RUNS / "good.json").exit_code == 3
