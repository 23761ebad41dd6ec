"""What a reflector says while it runs."""

import json
from datetime import UTC, datetime

import pytest

from nra.cli.service_log import ServiceLog


def test_people_are_told_what_has_words(capsys: pytest.CaptureFixture[str]) -> None:
    """On standard error, with nothing that a terminal would obey."""
    log = ServiceLog()
    log.tell("keys_reloaded", "keys read again:\x1b[2J 3", keys=3)
    log.tell("ended", counters={})
    assert capsys.readouterr() == ("", "keys read again:?[2J 3\n")


def test_programs_are_told_all(capsys: pytest.CaptureFixture[str]) -> None:
    """One object a line: when, what, and what belongs to it."""
    log = ServiceLog(as_json=True)
    log.tell("keys_reloaded", "three\nlines \x1b", keys=3)
    log.tell("ended", counters={"received": 1})
    first, second = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert datetime.fromisoformat(first.pop("time")).tzinfo == UTC
    assert first == {"event": "keys_reloaded", "words": "three\nlines \x1b", "keys": 3}
    assert (second["event"], second["counters"]) == ("ended", {"received": 1})
