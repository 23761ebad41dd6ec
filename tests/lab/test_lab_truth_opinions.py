"""Second opinions on the same packets, where the definitions agree: tshark's RTP analysis, and irtt on a path with the same fates."""

from typing import Final

import pytest
from lab_compare import check_undisturbed
from lab_irtt import Irtt, Started, most_waiting_ms, start_irtt
from lab_rtp import analysed, export_rtp
from lab_session import DURATION_S, SLOTS, Mix, Session, hold
from lab_world import World, need

from nra.testing.chance import JitterShape
from nra.testing.impairment import Impairment

pytestmark = [pytest.mark.namespaces, pytest.mark.peer]

JITTER_TOLERANCE_MS: Final = 0.1
WRAPS: Final = 0x10000 - 100  # an RTP number that wraps a third of the way into the stream
DOES_NOT: Final = 1000
UP: Final = Impairment(delay_ms=15, jitter_ms=6, loss=0.06, seed=11)
DOWN: Final = Impairment(delay_ms=10, jitter_ms=4, loss=0.08, seed=12)
MIXES: Final = {
    "in order": Mix(down=Impairment(delay_ms=10, jitter_ms=12, jitter_shape=JitterShape.EXPONENTIAL, in_order=True, loss=0.05, seed=13)),
    "overtaking": Mix(down=Impairment(delay_ms=10, jitter_ms=50, loss=0.05, seed=14)),
    "irtt's path": Mix(up=UP, down=DOWN, relay=("--announce-after", "2")),
}


def test_tshark_and_irtt_say_the_same(world: World, subtests: pytest.Subtests) -> None:
    """tshark has the same loss and jitter of the same packets; irtt the same loss each way and round trip where fates are the same.

    irtt begins when ours has begun: while programs start, what it measures is how long it waits itself.
    """
    need("tshark", "irtt")
    started: list[Started] = []
    sessions = hold(world, MIXES, in_mid_session=lambda _: started.append(start_irtt(world, UP, DOWN, DURATION_S)))
    irtt = started[0].ended()
    for name, first_sequence in (("in order", WRAPS), ("overtaking", DOES_NOT)):
        with subtests.test(name):
            check_rtp(world, check_undisturbed(world, name, sessions[name]), first_sequence)
    with subtests.test("irtt counts what the relay lost"):
        check_irtt(irtt)
    with subtests.test("irtt"):
        compare_irtt(irtt, check_undisturbed(world, "irtt's path", sessions["irtt's path"]))


def check_rtp(world: World, session: Session, first_sequence: int) -> None:
    """Hold the numbers down against tshark's of the same packets: without copies its definitions are ours."""
    capture = world.folder / "stream.pcap"
    export_rtp(capture, session.packets, first_sequence)
    theirs, ours = analysed(world, capture), session.voice["down"]
    came = [row.reflector_sequence for row in session.packets if row.t4_ns is not None and row.reflector_sequence is not None]
    outside = ours["expected"] - (max(came) - min(came) + 1)  # lost before the first arrival or behind the last: RTP cannot know
    assert (theirs.packets, theirs.lost) == (ours["received"], ours["lost"] - outside)
    assert theirs.mean_jitter_ms == pytest.approx(ours["jitter_ms"], abs=JITTER_TOLERANCE_MS)
    assert theirs.max_jitter_ms == pytest.approx(ours["jitter_max_ms"], abs=JITTER_TOLERANCE_MS)


def check_irtt(irtt: Irtt) -> None:
    """Hold irtt's counts against the relay's record: a program of somebody else's bears out what we call the truth."""
    up, down = (irtt.crossings(way) for way in ("up", "down"))
    reached, returned = (sum(bool(crossing.left_ns) for crossing in crossings) for crossings in (up, down))
    stats = irtt.said["stats"]
    assert (stats["packets_sent"], stats["server_packets_received"], stats["packets_received"]) == (len(up), reached, returned)
    assert len(down) == reached


def compare_irtt(irtt: Irtt, session: Session) -> None:
    """Hold our path against irtt's: the same seeds lose the same packets, and either has the round trips that its relay made.

    Which packets those are is told by their numbers on the path, for a busy machine asks again, and misses slots.
    """
    (call,) = session.calls
    for way in ("up", "down"):
        theirs = {crossing.number: crossing.lost_to for crossing in irtt.record if crossing.direction == way}
        ours = {crossing.number: crossing.lost_to for crossing in call.crossings(way) if crossing.number in theirs}
        assert len(ours) > SLOTS // 2
        assert ours == {number: theirs[number] for number in ours}
    assert 0 <= min(irtt.own_waiting_ms()) < most_waiting_ms(session)
