"""Carrying out: ports side by side, one voice after the other, and nobody is waited for too long."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from run_world import ADDRESS, FACTS, REFLECTOR, healthy, reflecting, settings

from nra.model.failure import FailureKind
from nra.model.observation import Answer
from nra.model.plan import CheckParameters, Plan, PortQuestion, Rung, Target, Task, VoiceParameters
from nra.model.pulse import Pulse
from nra.model.sample import VoiceSample
from nra.probes.parts.probe import Watch
from nra.run import carry_out as room
from nra.run.carry_out import CLOSING_S, LEAST_S, OVERTIME_S, Observations, Questions, carry_out, observe, overdue
from nra.run.plan import make_plan
from nra.testing.fake_network import FakeNetwork, TcpScript

SECOND = 1_000_000_000
TLS = Task(probe="tls_handshake", target=Target(host="192.0.2.2", port=443), parameters=CheckParameters())
STREAM = Task(
    probe="voice_stream",
    target=Target(host=ADDRESS, port=20862),
    parameters=VoiceParameters(duration_s=2, interval_ms=20, codec="g711", payload_bytes=172, calls=1, dscp=46),
)


class Diary:
    """A reporter that writes down what it is told."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.phases: list[str] = []
        self.steps: list[tuple[float, float]] = []
        self.pulses: list[Pulse] = []

    def phase(self, text: str) -> None:
        """Write down."""
        self.phases.append(text)

    def progress(self, done_s: float, total_s: float) -> None:
        """Write down."""
        self.steps.append((done_s, total_s))

    def pulse(self, seen: Pulse) -> None:
        """Write down."""
        self.pulses.append(seen)


class Hanging(FakeNetwork):
    """A network whose handshakes never come to an end by themselves."""

    closed = 0

    async def connect(self, address: str, port: int, deadline_ns: int) -> Any:
        """Wait for ever."""
        try:
            return await asyncio.Event().wait()
        finally:
            self.closed += 1

    async def drive(self, machine: Any, port: Any, stop: Callable[[], bool]) -> None:
        """Wait for ever."""
        await asyncio.Event().wait()


def carried_out(plan: Plan, net: FakeNetwork, watch: Watch | None = None) -> tuple[Observations, Diary]:
    """Return observations and what the reporter was told."""
    diary = Diary()
    return asyncio.run(carry_out(plan, net, watch or Watch(), diary)), diary


@pytest.fixture
def quick_beat(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test wait for a tenth of a second."""
    monkeypatch.setattr(room, "BEAT_S", 0.001)


def ageing(net: FakeNetwork, stop_after_s: float) -> Callable[[], bool]:
    """Return a stop that lets half a second pass whenever it is asked."""
    began_ns = net.clock.now_ns()

    def stop() -> bool:
        net.clock.advance_to(net.clock.now_ns() + SECOND // 2)
        return net.clock.now_ns() - began_ns >= stop_after_s * SECOND

    return stop


def test_the_phases_of_a_run() -> None:
    """A line for each: ports, every way that is tried, the end (contract 1: one line per phase)."""
    plan = settings("eu-central-1", REFLECTOR, duration_s=2.0)
    _, diary = carried_out(make_plan(plan), healthy(plan))
    assert diary.phases == [
        f"firewall: {len(plan.services)} ports, and those of the reflector",
        "voice: stamp to reflector.example port 20862",
        "collecting",
    ]
    net = healthy(plan)
    del net.udp[ADDRESS, 20862]
    only = settings("eu-central-1", REFLECTOR, duration_s=2.0, only="voice")
    _, diary = carried_out(make_plan(only), net)
    assert diary.phases[:3] == [
        "firewall: skipped",
        "voice: stamp to reflector.example port 20862",
        "voice: echo to gamelift-ping.eu-central-1.api.aws port 7770",
    ]


def test_every_question_and_every_rung_has_its_place() -> None:
    """In the order of the plan, None for what was not tried or has nobody to ask."""
    plan = settings("eu-central-1", duration_s=2.0)
    planned = make_plan(plan)
    seen, _ = carried_out(planned, healthy(plan))
    assert [rung for rung, _ in seen.voice] == list(planned.voice)
    assert [question for question, _ in seen.ports] == list(planned.ports)
    assert [len(observations) for _, observations in seen.ports] == [len(question.tasks) for question in planned.ports]
    assert [observation is not None for _, observation in seen.voice] == [False, True, False, False, False]
    assert seen.voice[1][1] is not None
    assert isinstance(seen.voice[1][1].value, VoiceSample)
    assert seen.control is None


def test_progress_is_shown_from_the_waiting_side(quick_beat: None) -> None:
    """The stream's progress is handed on by the loop that waits, not by the thread that sends: drawing would make packets late."""
    net = FakeNetwork(udp={(ADDRESS, 20862): reflecting()})
    drive = net.drive
    diary = Diary()

    class Slow(FakeNetwork):
        """Lets the loop turn once a machine has run."""

        async def drive(self, machine: Any, port: Any, stop: Callable[[], bool]) -> None:
            """Run the machine, then let a beat pass."""
            await drive(machine, port, stop)
            await asyncio.sleep(0.02)

    slow = Slow(clock=net.clock, udp=net.udp)
    plan = Plan(voice=(Rung(method="stamp", task=STREAM, why="test"),), ports=())
    asyncio.run(carry_out(plan, slow, Watch(), diary))
    assert diary.steps
    assert all(0 <= done_s <= total_s == 2.0 for done_s, total_s in diary.steps)


def test_a_check_that_outlasts_its_own_deadline_is_left_behind(quick_beat: None) -> None:
    """Whatever hangs: a second beyond its deadline it is over, and what it had opened is closed."""
    net = Hanging()
    stop = ageing(net, 1000)
    seen = asyncio.run(observe(TLS, net, Watch(stop=stop)))
    assert seen.failure is not None
    assert (seen.failure.kind, seen.failure.operation) == (FailureKind.NO_ANSWER, "tls_handshake")
    assert 5.0 + OVERTIME_S < (seen.ended_ns - seen.started_ns) / SECOND <= 5.0 + OVERTIME_S + 1
    assert net.closed == 1


def test_a_request_to_stop_ends_checks_at_once(quick_beat: None) -> None:
    """Ctrl-C does not wait for silent ports (contract 1)."""
    net = Hanging()
    plan = Plan(voice=(), ports=tuple(PortQuestion(service=row, tasks=(TLS,)) for row in settings().services))
    seen, _ = carried_out(plan, net, Watch(stop=ageing(net, 1.0)))
    kinds = {observation.failure.kind for _, (observation,) in seen.ports if observation.failure is not None}
    assert kinds == {FailureKind.STOPPED}


def test_a_stream_that_does_not_stop_is_given_up(quick_beat: None) -> None:
    """It has three seconds for its closing exchange, then it is left behind."""
    net = Hanging(udp={(ADDRESS, 20862): reflecting()})
    began_ns = net.clock.now_ns()
    watch = Watch(stop=lambda: net.clock.now_ns() - began_ns >= 2 * SECOND)
    seen = asyncio.run(observe(STREAM, net, watch, lambda: net.clock.advance_to(net.clock.now_ns() + SECOND // 2)))
    assert seen.failure is not None
    assert seen.failure.kind is FailureKind.STOPPED
    assert CLOSING_S <= (seen.ended_ns - seen.started_ns) / SECOND - 2.0 <= CLOSING_S + 1


@pytest.mark.parametrize(
    ("task", "age_s", "since_stop_s", "kind"),
    [
        (TLS, 0.0, None, None),
        (TLS, 6.0, None, None),
        (TLS, 6.1, None, FailureKind.NO_ANSWER),
        (TLS, 0.1, 0.0, FailureKind.STOPPED),
        (STREAM, 1e6, None, None),
        (STREAM, 10.0, 2.9, None),
        (STREAM, 10.0, 3.0, FailureKind.STOPPED),
    ],
)
def test_how_long_a_task_is_waited_for(task: Task, age_s: float, since_stop_s: float | None, kind: FailureKind | None) -> None:
    """A check has its deadline and a second; a stream all its time; after a stop the one nothing more, the other three seconds."""
    failure = overdue(task, round(age_s * SECOND), None if since_stop_s is None else round(since_stop_s * SECOND))
    assert (None if failure is None else failure.kind) is kind


def test_after_a_stop_no_further_way_is_tried() -> None:
    """The ladder ends where the user left it, and no control is asked."""
    plan = settings("eu-central-1", REFLECTOR, only="voice")
    net = healthy(plan)
    net.udp = {}
    until_ns = net.clock.now_ns() + SECOND
    seen, diary = carried_out(make_plan(plan), net, Watch(stop=lambda: net.clock.now_ns() > until_ns))
    assert [observation is not None for _, observation in seen.voice] == [True] + [False] * (len(seen.voice) - 1)
    assert seen.control is None
    assert diary.phases[-1] == "collecting"


def test_what_begins_late_has_what_is_left() -> None:
    """Questions that wait for others' silence end with all the rest; the latest still has time for three tries."""
    net = FakeNetwork()
    questions = Questions(net, Watch())

    async def deadlines() -> list[float]:
        found = []
        for _ in range(4):
            seen = await questions.ask(TLS)
            assert isinstance(seen.task.parameters, CheckParameters)
            found.append(seen.task.parameters.deadline_s)
        return found

    first, second, *latest = asyncio.run(deadlines())
    assert first == CheckParameters().deadline_s
    assert 2.5 < second < 3.0
    assert latest == [LEAST_S, LEAST_S]


def test_answers_come_back_whatever_the_others_do() -> None:
    """One port that fails costs no other its answer."""
    net = FakeNetwork(tcp={("192.0.2.2", 443): TcpScript(tls=FACTS)})
    dead = Task(probe="tls_handshake", target=Target(host="192.0.2.3", port=443), parameters=CheckParameters())
    row = settings().services[0]
    seen, _ = carried_out(Plan(voice=(), ports=(PortQuestion(service=row, tasks=(dead,)), PortQuestion(service=row, tasks=(TLS,)))), net)
    assert [isinstance(observation.value, Answer) for _, (observation,) in seen.ports] == [False, True]
