"""The load generator as a process: its order and its end come by standard input, and it never outlives whoever started it."""

import sys
import time
from collections.abc import Callable

import pytest
from load_world import HOST, KEY, Served, served

from nra.model.load import Burden
from nra.model.plan import ControlAccess, LoadOrder
from nra.net import load_process
from nra.net.load_process import ENDED, LoadProcess, command

PATIENCE_S = 30.0


def waited(true: Callable[[], bool]) -> bool:
    """Wait until it is so."""
    end_s = time.monotonic() + PATIENCE_S
    while not true() and time.monotonic() < end_s:
        time.sleep(0.01)
    return true()


def order(channel: Served) -> LoadOrder:
    """Return an order for a load down."""
    access = ControlAccess(port=channel.port, pin=channel.pin, key=KEY)
    return LoadOrder(address=HOST, host="reflector", access=access, burden=Burden.DOWN, seconds=20, octets=400_000_000)


def test_it_loads_until_it_is_let_go_and_then_tells_all() -> None:
    """It begins, is let go, and says what was counted at both ends."""
    with served() as channel:
        run = LoadProcess(order(channel))
        try:
            assert waited(lambda: run.is_loading)
            assert waited(lambda: sum(run.counts.down) > 0)  # it says that it begins before anything has come
            run.let_go()
            assert waited(lambda: run.is_over)
        finally:
            run.close()
        assert run.counts.failure is None
        assert sum(run.counts.down) > 0
        assert run.counts.busy_there is not None


def test_one_that_dies_leaves_what_it_said() -> None:
    """Killed in the middle: over, with what was counted until then and a reason."""
    with served() as channel:
        run = LoadProcess(order(channel))
        assert waited(lambda: run.is_loading)
        run.close()
        assert waited(lambda: run.is_over)
        assert run.counts.failure == ENDED


def test_one_that_cannot_be_started_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """No such program: nothing is raised."""
    monkeypatch.setattr(load_process, "command", lambda: ["/no/such/python"])
    access = ControlAccess(port=443, pin="0" * 64, key=KEY)
    run = LoadProcess(LoadOrder(address=HOST, host="reflector", access=access, burden=Burden.UP, seconds=1, octets=1))
    assert run.is_over
    assert "could not be started" in (run.counts.failure or "")
    run.let_go()
    run.close()


def test_on_a_stick_nothing_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs without writing compiled files has a generator that does so too."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert "-B" in command()
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    assert "-B" not in command()
