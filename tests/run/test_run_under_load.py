"""What a load does to a call, on a fake network whose line and queues are known."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest
from run_world import REFLECTOR, healthy, run, settings

from nra.model.document import RunDocument
from nra.model.load import Burden, LimitedBy
from nra.model.plan import ControlAccess, VoiceParameters
from nra.model.pulse import Pulse
from nra.model.under_load import Load
from nra.probes.parts.probe import Watch
from nra.run.carry_out import Observations, carry_out
from nra.run.plan import make_plan
from nra.run.reporter import Silent
from nra.run.settings import Settings
from nra.run.under_load import RAISE, announcement, share, under_load
from nra.testing.fake_load import LoadScript
from nra.testing.fake_network import FakeNetwork

ACCESS = ControlAccess(port=443, pin="ab" * 32, key=b"\x5a" * 32)


class Told(Silent):
    """A reporter that remembers phases."""

    def __init__(self) -> None:
        """Nothing heard yet."""
        self.phases: list[str] = []

    def phase(self, text: str) -> None:
        """Remember it."""
        self.phases.append(text)

    def pulse(self, seen: Pulse) -> None:
        """A stream beside a load is not the run's own."""
        raise AssertionError(seen)


def asking(megabytes: int | None = 200) -> Settings:
    """Return settings for a run with a load."""
    return settings("eu-central-1", REFLECTOR, only="voice", duration_s=6.0, load_megabytes=megabytes)


def observed(plan: Settings, net: FakeNetwork) -> Observations:
    """Return what the run's own stream gave, as if the reflector's control channel were known."""
    seen = asyncio.run(carry_out(make_plan(plan), net, Watch(), Silent()))
    (rung, observation), *others = seen.voice
    assert observation is not None
    assert isinstance(observation.task.parameters, VoiceParameters)
    parameters = replace(observation.task.parameters, control=ACCESS)
    known = replace(observation, task=replace(observation.task, parameters=parameters))
    return replace(seen, voice=((rung, known), *others))


def loaded(
    plan: Settings, script: LoadScript, stop: Callable[[FakeNetwork], bool] = lambda _net: False, told: Told | None = None
) -> tuple[Load, FakeNetwork]:
    """Return what came of a load on that line, and the network."""
    net = healthy(plan)
    net.load = script
    seen = observed(plan, net)
    found = asyncio.run(under_load(plan, seen.voice, net, Watch(stop=lambda: stop(net)), told or Told()))
    assert found is not None
    return found, net


def test_the_rates_are_the_line_s_and_so_are_the_queues() -> None:
    """Up, down, both: 10 and 20 Mbit/s, the round trip longer by what each queue holds, nothing else changed."""
    found, net = loaded(asking(), LoadScript(up_queue_ms=100, down_queue_ms=40))
    assert [phase.burden for phase in found.phases] == list(Burden)
    up, down, both = found.phases
    assert (up.down, down.up) == (None, None)
    for phase in (up, both):
        assert phase.up is not None
        assert (phase.up.mbit_s, phase.up.limited_by, phase.up.calls) == (10, LimitedBy.NETWORK, 125)
    for phase in (down, both):
        assert phase.down is not None
        assert (phase.down.mbit_s, phase.down.limited_by, phase.down.calls) == (20, LimitedBy.NETWORK, 250)
    rises = [phase.change.rtt_avg_ms for phase in found.phases if phase.change is not None]
    assert rises == [pytest.approx(100, abs=0.1), pytest.approx(40, abs=0.1), pytest.approx(140, abs=0.1)]
    assert (found.headers_bytes, found.call_kbit_s, found.note) == (40, 80, None)
    assert net.up.impairment.delay_ms == 20  # the line is as it was before


def test_the_stream_beside_it_is_the_run_s_own_but_short() -> None:
    """The same packets and marking to the same address, five seconds of them, and nothing else is asked beside it."""
    plan = asking()
    net = healthy(plan)
    seen = observed(plan, net)
    before = len(net.ports)
    asyncio.run(under_load(plan, seen.voice, net, Watch(), Silent()))
    _own, *beside = [port for port in net.ports[before - 1 :] if len(port.sent) > 100]
    assert len(beside) == len(Burden)
    for port in beside:
        payloads = [transmission.payload for _, transmission in port.sent]
        assert 250 <= len(payloads) < 300
        assert {len(payload) for payload in payloads[:250]} == {172}


def test_the_reflector_is_asked_for_no_more_than_is_left() -> None:
    """A third of all, then half of what is left, then the rest, half of it each way."""
    found, net = loaded(asking(megabytes=60), LoadScript())
    moved = [sum(way.octets for way in (phase.up, phase.down) if way is not None) for phase in found.phases]
    assert net.loads[0].octets == 20_000_000
    assert net.loads[1].octets == (60_000_000 - moved[0]) // 2
    assert net.loads[2].octets == (60_000_000 - moved[0] - moved[1]) // 2
    assert sum(moved) <= 60_000_000
    assert {order.access for order in net.loads} == {ACCESS}


def test_a_cap_that_ends_it_early_is_said() -> None:
    """The rate is at least so much, and a call that was beside it for too short a time is no result."""
    found, _ = loaded(asking(megabytes=12), LoadScript(up_mbit_s=10, down_mbit_s=20))
    up, down, _ = found.phases
    assert up.up is not None
    assert (up.up.limited_by, up.up.mbit_s) == (LimitedBy.CAP, 10)
    assert down.down is not None
    assert down.loaded is None
    assert "packets of voice only: raise --max-megabytes" in (down.note or "")


def test_a_stream_that_the_cap_cut_short_says_how_to_mend_it() -> None:
    """Long enough to be judged, and yet not whole; what ended for another reason is not mended by more megabytes."""
    found, _ = loaded(asking(megabytes=30), LoadScript(up_mbit_s=10, down_mbit_s=20))
    notes = [phase.note or "" for phase in found.phases]
    assert any("the stream ended with the load" in note and note.endswith(RAISE) for note in notes), notes
    found, _ = loaded(asking(), LoadScript(dies_after_s=4.5, dies_going=Burden.BOTH))
    assert not any(RAISE in (phase.note or "") for phase in found.phases)


def test_a_busy_generator_is_the_limit() -> None:
    """The line may carry more."""
    found, _ = loaded(asking(), LoadScript(busy=0.95))
    assert {way.limited_by for phase in found.phases for way in (phase.up, phase.down) if way} == {LimitedBy.INSTRUMENT}


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (LoadScript(failure="busy: another load is running, try again in half a minute"), "busy"),
        (LoadScript(failure="the load generator could not be started: no such file"), "could not be started"),
        (LoadScript(silent=True), "the load did not begin"),
    ],
)
def test_where_no_load_begins_the_run_goes_on_without(script: LoadScript, words: str) -> None:
    """Busy, not to be started, nobody there: a note, and nobody is asked twice."""
    found, net = loaded(asking(), script)
    assert found.phases == ()
    assert words in (found.note or "")
    assert len(net.loads) == 1


def test_a_control_channel_that_dies_leaves_what_was_measured() -> None:
    """What came down is known here and what went up is not; the call beside it ended with the load."""
    found, net = loaded(asking(), LoadScript(dies_after_s=4.5, dies_going=Burden.BOTH))
    _, _, both = found.phases
    assert both.up is not None
    assert (both.up.mbit_s, both.up.octets) == (None, 0)
    assert both.down is not None
    assert both.down.mbit_s == 20
    assert both.change is not None
    assert "is not known; the stream ended with the load" in (both.note or "").replace(": no answer in time", "")
    found, net = loaded(asking(), LoadScript(dies_after_s=4.5, dies_going=Burden.UP))
    assert found.phases == ()
    assert "is not known" in (found.note or "")
    assert len(net.loads) == 1


def test_an_interruption_keeps_the_phases_before_it() -> None:
    """Ctrl-C in the second phase: the first is whole, the second as far as it came, the third is not begun."""
    found, net = loaded(asking(), LoadScript(), lambda net: len(net.loads) > 1 and net.clock.now_ns() > begun_ns(net) + 17e9)
    assert [phase.burden for phase in found.phases] == [Burden.UP, Burden.DOWN]
    assert found.phases[0].note is None
    assert "interrupted" in (found.phases[1].note or "")
    assert found.note == "interrupted"
    assert len(net.loads) == 2


def begun_ns(net: FakeNetwork) -> int:
    """Return when the first packet of all was sent."""
    return net.up.passages[0].came_ns


def test_an_unsteady_workstation_is_not_the_load_s_doing() -> None:
    """Where this machine stalls beside the load, the call's numbers are not given and the note says why."""
    plan = asking()
    net = healthy(plan)
    seen = observed(plan, net)

    def stall(now_ns: int) -> None:
        if len(net.loads) == 1 and len(net.ports[-1].sent) % 40 == 0:
            net.clock.advance_to(now_ns + 60_000_000)

    net.before_send = stall
    found = asyncio.run(under_load(plan, seen.voice, net, Watch(), Silent()))
    assert found is not None
    up, down, _ = found.phases
    assert (up.loaded, up.change) == (None, None)
    assert "unsteady under load" in (up.note or "")
    assert up.up is not None
    assert up.up.mbit_s == 10
    assert down.change is not None


def test_without_a_control_channel_nothing_is_loaded() -> None:
    """No key or no pin: the run is as it was, and the note says what it takes."""
    plan = asking()
    document: RunDocument = run(plan, healthy(plan))
    assert document.load is not None
    assert (document.load.phases, document.load.call_kbit_s) == ((), 80)
    assert "--pin" in (document.load.note or "")


def test_without_a_reflector_that_answered_nothing_is_loaded() -> None:
    """A public endpoint is no place for it."""
    plan = settings("eu-central-1", None, only="voice", duration_s=6.0, load_megabytes=200)
    document = run(plan, healthy(plan))
    assert document.load is not None
    assert "method stamp" in (document.load.note or "")


def test_nobody_who_did_not_ask_waits() -> None:
    """Without the option there is no load and nothing is said of one."""
    plan = asking(None)
    assert run(plan, healthy(plan)).load is None
    assert announcement(plan) == ""


def test_says_beforehand_and_at_each_phase_what_it_will_take() -> None:
    """The bound is said first; each phase says its way, its seconds and its megabytes."""
    told = Told()
    loaded(asking(), LoadScript(), told=told)
    assert announcement(asking()) == (
        "under load: up, down and both ways after the run's own stream, 6 s each and at most 200 MB together "
        "(enough for about 89 Mbit/s one way, half of that both ways), over within 75 s"
    )
    assert "at most 6 MB together (enough for about 2.7 Mbit/s one way" in announcement(asking(megabytes=6))
    assert "(enough for about 4444 Mbit/s one way" in announcement(asking(megabytes=10_000))
    assert told.phases[0] == "under load, up: at most 8 s and 66.7 MB"
    assert [text.partition(":")[0] for text in told.phases] == ["under load, up", "under load, down", "under load, both ways"]


@pytest.mark.parametrize(("left", "phases", "burden", "each"), [(300, 3, Burden.UP, 100), (90, 1, Burden.BOTH, 45), (0, 1, Burden.UP, 1)])
def test_what_is_left_is_shared_by_the_phases_to_come(left: int, phases: int, burden: Burden, each: int) -> None:
    """Each gets as much; both ways halve theirs."""
    assert share(left, phases, burden) == each
