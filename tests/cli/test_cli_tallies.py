"""What a reflector's processes counted, told at the end."""

import json

import pytest

from nra.cli.service_log import ServiceLog
from nra.cli.tallies import CRASHED, Tally, ended, summary, tally
from nra.reflector.core import Reflector

HERE = Tally({"received": 5, "answered": 4, "too_short": 1}, 2, 1, 0)
BESIDE = Tally({"received": 2, "answered": 2}, 1, 0, 3)


def test_one_line_sums_up_all_processes() -> None:
    """Counters by name, then the sessions; a reflector that nobody asked says that too."""
    assert summary((HERE, BESIDE)) == "ended: answered 6, received 7, too_short 1; sessions 3, evicted 1, rebound 3"
    assert summary((tally(Reflector()),)) == "ended: nothing received; sessions 0, evicted 0, rebound 0"


def test_programs_are_told_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    """Numbers, not the sentence; that a process was lost has an event of its own, and an exit code."""
    assert ended((HERE, BESIDE), 1, 3, ServiceLog(as_json=True)) == CRASHED
    out, err = capsys.readouterr()
    lost, last = map(json.loads, err.splitlines())
    assert out.startswith("ended: ")
    assert (lost["event"], lost["processes"], lost["words"]) == ("lost", 1, "1 of 3 worker processes ended unexpectedly")
    assert (last["event"], last["counters"]["received"]) == ("ended", 7)
    assert (last["sessions"], last["evicted"], last["rebound"]) == (3, 1, 3)
