"""The measurement as a process: what it says is passed on, what it leaves is kept, and whatever it does, it ends."""

import asyncio
import json
import sys
from pathlib import Path

import pytest

from nra.archive.document import encode
from nra.testing.canned import canned_run
from nra.ui.words import Words
from nra.ui.worker import Outcome, Progress, Worker

WORDS = Words(region="local", org="--help")
PHASE = 'say(\'{"phase": "voice"}\')\nsay(\'{"done_s": 1.0, "total_s": 2.0, "pulses": [{"at_s": 1.0, "rtt_ms": 3.0}]}\')\n'
UNTIL_STOPPED = "sys.stdin.buffer.read()\n"
HEAD = "import sys, pathlib\ndef say(line):\n    print(line, file=sys.stderr, flush=True)\n"


def worker(tmp_path: Path, script: str) -> Worker:
    """Return a worker whose measurement is a script; it finds a run document beside itself."""
    (tmp_path / "run.json").write_bytes(encode(canned_run("good")))
    done = f"sys.stdout.write(pathlib.Path({str(tmp_path / 'run.json')!r}).read_text('utf-8'))\n"
    return Worker([sys.executable, "-X", "utf8", "-c", HEAD + script.replace("DONE", done)], tmp_path)


def followed(one: Worker, *, cancel: bool = False) -> tuple[list[Progress], Outcome]:
    """Return all that is said of a measurement, and what it left."""

    async def follow() -> tuple[list[Progress], Outcome]:
        seen: list[Progress] = []
        assert one.start(WORDS)
        assert not one.start(WORDS)
        async for progress in one.changes(0, 5):
            if progress is not None:
                seen.append(progress)
            if cancel and progress is not None and progress.phases:
                one.cancel()
        assert one.outcome is not None
        return seen, one.outcome

    return asyncio.run(follow())


def test_progress_is_passed_on_and_the_document_kept(tmp_path: Path) -> None:
    """Phases, seconds and glimpses as they come; then it is over, and another may begin."""
    one = worker(tmp_path, PHASE + "DONE")
    seen, outcome = followed(one)
    assert (outcome.document, outcome.problem) == (canned_run("good"), "")
    assert seen[0].phases == ()
    assert not one.is_measuring
    assert followed(one)[1].document == canned_run("good")


def test_the_words_are_its_options(tmp_path: Path) -> None:
    """The files go to the folder, and what was typed stays one word."""
    _, outcome = followed(worker(tmp_path, "say('nra: error: ' + '|'.join(sys.argv[1:]))\nsys.exit(2)"))
    said = ("run", "--piped", "--json", "--format=txt,xlsx,json", f"--out={tmp_path}", "--region=local", "--org=--help")
    assert outcome.problem == "|".join(said)


def test_a_cancelled_one_gives_what_it_has(tmp_path: Path) -> None:
    """It is told by the end of its standard input."""
    seen, outcome = followed(worker(tmp_path, PHASE + UNTIL_STOPPED + "DONE"), cancel=True)
    assert seen[-1].stopping
    assert outcome.document == canned_run("good")


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        ("say('nra: error: --reflector: no')\nsys.exit(2)", "--reflector: no"),
        ("sys.exit(130)", "It was stopped before anything was measured: nothing was written."),
        ("sys.exit(3)", "The measurement ended unexpectedly (code 3)."),
        ("say('noise')\nsys.stdout.write('no document')", "The measurement gave no document that can be read."),
        ("say('{\"phase\"')\nsay('{}')\nDONE", ""),
    ],
)
def test_whatever_goes_wrong_is_one_line(script: str, problem: str, tmp_path: Path) -> None:
    """A refusal is passed on as it was said; an accident, or a line that is cut off, is no traceback."""
    assert followed(worker(tmp_path, script))[1].problem == problem


def test_what_cannot_be_started_is_said(tmp_path: Path) -> None:
    """A program that is not there is a result as well."""
    _, outcome = followed(Worker([str(tmp_path / "nothing")], tmp_path))
    assert "could not be started" in outcome.problem


def test_it_ends_with_the_server(tmp_path: Path) -> None:
    """Closing asks the measurement to stop and waits for what it writes; nobody is left waiting for progress."""

    async def close() -> Worker:
        one = worker(tmp_path, PHASE + UNTIL_STOPPED + "DONE")
        one.start(WORDS)
        async for progress in one.changes(0, 5):
            if progress is not None and progress.phases:
                await one.close()
        assert one.is_closed
        assert not one.start(WORDS)
        return one

    one = asyncio.run(close())
    assert one.outcome is not None
    assert one.outcome.document == canned_run("good")


def test_what_is_left_is_said_in_every_phase(tmp_path: Path) -> None:
    """A figure while the stream goes on, words before it and behind it; what comes after the stream begins anew, and it never says 0 s."""
    at = '{{"done_s": {0}, "total_s": 2.0, "pulses": {1}}}'
    lines = (
        '{"phase": "firewall: 1 ports"}', '{"phase": "voice"}', at.format(0.5, '[{"at_s": 0.5}]'), at.format(2.0, "[]"),
        '{"phase": "collecting"}', '{"phase": "under load, up"}', '{"done_s": 1.0, "total_s": 5.0, "pulses": []}',
    )  # fmt: skip
    one, said = worker(tmp_path, ""), list[tuple[str, str, float]]()
    one.progress = Progress(words=WORDS)
    for line in ("{}", *lines):
        one._take(json.loads(line))
        said.append((one.progress.phase.partition(":")[0], one.progress.left, one.progress.pulses_s))
    assert said == [
        ("starting", "begins in a few seconds", 0.0), ("firewall", "begins in a few seconds", 0.0),
        ("voice", "begins in a few seconds", 0.0),
        ("voice", "2 s left", 2.0), ("voice", "a few seconds left", 2.0), ("collecting", "a few seconds left", 2.0),
        ("under load, up", "begins in a few seconds", 2.0), ("under load, up", "4 s left", 2.0),
    ]  # fmt: skip
    assert Progress(words=WORDS, phases=("collecting",)).left == "a few seconds left"
    assert Progress(words=WORDS, done_s=1, total_s=9, stopping=True).left == "ends within 12 s"
