"""The self-test as a use case: parts that work, fail, or are not reached any more."""

from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from functools import partial
from itertools import count
from typing import NoReturn

import pytest
from run_world import ADDRESS, reflecting

from nra.model.failure import Failure, FailureKind
from nra.model.plan import Target
from nra.model.self_test import SCHEMA, Check, Reading, SelfTest
from nra.model.verdict import Overall, Verdict
from nra.net.ports import NetworkError
from nra.net.self_test import deliveries, load, pair, timers
from nra.net.self_test.timerfd import timerfd
from nra.run.doctor import CannotExamine, Part, noise, self_test, standing_parts
from nra.run.reporter import Silent
from nra.scoring.doctor_rules import RULES
from nra.testing.fake_network import FakeNetwork
from nra.testing.impairment import Impairment, Path

TARGET = Target(host=ADDRESS, port=20862)


class Phases(Silent):
    """Remembers what was shown."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.seen: list[str] = []

    def phase(self, text: str) -> None:
        """Remember it."""
        self.seen.append(text)


def part(*readings: Reading, phase: str = "x", keys: tuple[str, ...] = ("load.*",)) -> Part:
    """Return a part that reads these."""
    return Part(phase=phase, keys=keys, read=lambda: readings)


def failing(error: Exception, *keys: str) -> Part:
    """Return a part that fails."""

    def read() -> NoReturn:
        raise error

    return Part(phase="x", keys=keys, read=read)


def examined(*parts: Part, stop_after: int | None = None) -> SelfTest:
    """Return a self-test of these parts; the user stops before the one with that number."""
    asked = count(1)
    return self_test(parts, 3.0, "0.0", Silent(), lambda: stop_after is not None and next(asked) > stop_after)


def rows(test: SelfTest) -> dict[str, Check]:
    """Return the rows by key."""
    return {check.key: check for check in test.checks}


def test_every_row_is_there_whatever_was_read() -> None:
    """Rows without a reading are NOT MEASURED; the watch over the wall clock is always there."""
    test = examined(part(Reading(key="load.cpu", value=10.0, evidence="idle")))
    assert (test.schema, test.tool_version, test.duration_s, test.interrupted) == (SCHEMA, "0.0", 3.0, False)
    assert [check.key for check in test.checks] == [rule.key for rule in RULES]
    assert (rows(test)["load.cpu"].verdict, rows(test)["load.cpu"].evidence) == (Verdict.PASS, "idle")
    assert rows(test)["clock.step"].value is not None
    assert rows(test)["noise.loss"].verdict is Verdict.NOT_MEASURED
    assert test.verdict is Overall.INCONCLUSIVE


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(1, "Operation not permitted"), "Operation not permitted"),
        (NetworkError(Failure(kind=FailureKind.LOCAL, operation="open", detail="no buffer")), "no buffer"),
        (CannotExamine("no loopback to listen on"), "no loopback"),
        (RuntimeError("can't start new thread"), "can't start new thread"),
    ],
)
def test_a_part_that_fails_is_a_row_that_says_so(error: Exception, said: str) -> None:
    """No traceback: the reason stands in the rows of that part alone, and the others are examined."""
    test = examined(failing(error, "buffer.*"), part(Reading(key="load.cpu", value=10.0)))
    assert {said in check.evidence for key, check in rows(test).items() if key.startswith("buffer.")} == {True}
    assert rows(test)["noise.loss"].evidence == "not examined"
    assert rows(test)["load.cpu"].verdict is Verdict.PASS


def test_what_was_read_before_an_interruption_stays() -> None:
    """The rest says why it is missing, and fitness is not proven."""
    test = examined(
        part(Reading(key="load.cpu", value=10.0)), part(Reading(key="files.sockets", value=200.0), keys=("files.*",)), stop_after=1
    )
    assert (rows(test)["load.cpu"].value, rows(test)["files.sockets"].evidence) == (10.0, "interrupted")
    assert (test.verdict, test.interrupted) == (Overall.INCONCLUSIVE, True)


def test_a_phase_is_shown_once() -> None:
    """Neighbours of the same phase are one line."""
    phases = Phases()
    self_test([part(phase="clocks"), part(phase="timers"), part(phase="timers")], 3.0, "0.0", phases, lambda: False)
    assert phases.seen == ["clocks", "timers"]


def test_each_row_belongs_to_one_part() -> None:
    """Every rule is read by exactly one part or by the watch over the wall clock, and every method of waiting has a rule."""
    patterns = [key for each in standing_parts(3.0, lambda: False) for key in each.keys] + ["noise.*"]
    assert {rule.key: sum(fnmatchcase(rule.key, pattern) for pattern in patterns) for rule in RULES} == {rule.key: 1 for rule in RULES}
    assert {rule.key for rule in RULES if rule.key.startswith("timer.")} == {f"timer.{name}" for name in timers.METHODS}


def test_windows_lacks_nothing_that_it_could_have(monkeypatch: pytest.MonkeyPatch) -> None:
    """No recvmsg, no timerfd, no load average: with real sockets these rows are SKIPPED, each with its reason, and none is a defect."""
    monkeypatch.setattr(pair, "HAS_RECVMSG", False)
    monkeypatch.setattr(pair, "ask_for_stamps", lambda _sock: False)
    test = examined(
        *(Part(phase="x", keys=(), read=read) for read in (deliveries.ipv4, deliveries.ipv6, deliveries.drops)),
        Part(phase="x", keys=(), read=lambda: load.busy(None)),
        part(timers.lateness("timerfd", 1, methods={"timerfd": partial(timerfd, "win32")})),
    )
    skipped = {key: check for key, check in rows(test).items() if check.verdict is Verdict.SKIPPED}
    assert set(skipped) == {rule.key for rule in RULES if rule.key.startswith("datagram.")} | {"timer.timerfd", "load.cpu"}
    assert all(check.evidence and check.value is None and check.advice is None for check in skipped.values())


@contextmanager
def served() -> Iterator[Target]:
    """Lend the reflector of the fake network."""
    yield TARGET


def network(**impairment: float) -> FakeNetwork:
    """Return a network that is no network: a reflector at no distance."""
    path = Impairment(delay_ms=0.1, **impairment)  # type: ignore[arg-type]
    return FakeNetwork(udp={(ADDRESS, 20862): reflecting()}, up=Path(path), down=Path(Impairment(delay_ms=0.1)))


def test_the_noise_floor_is_a_stream_of_voice() -> None:
    """Three seconds of one call, marked EF, by the probe and the scoring of every run."""
    net = network()
    found = {reading.key: reading for reading in noise(served, 3.0, net, Silent(), lambda: False)}
    assert found["noise.loss"].evidence == "0 of 150 packets"
    assert found["noise.round_trip"].value == pytest.approx(0.2)
    assert {(port.channels, port.dscp) for port in net.ports if len(port.sent) > 100} == {(1, 46)}


def test_loss_without_a_network_is_seen() -> None:
    """Something on this machine drops packets on loopback."""
    found = {reading.key: reading for reading in noise(served, 3.0, network(loss=0.2, seed=3), Silent(), lambda: False)}
    assert (found["noise.loss"].value or 0) > 5


def test_a_reflector_that_does_not_answer_is_a_reason() -> None:
    """Loopback is blocked: the words are those of any run."""
    with pytest.raises(CannotExamine, match="no answer"):
        noise(served, 3.0, FakeNetwork(), Silent(), lambda: False)
