"""Second opinions on the same packets, where the definitions agree: tshark's RTP analysis, and irtt on a path with the same fates."""

import json
from typing import Any, Final

import pytest
from lab_compare import check
from lab_programs import Program
from lab_rtp import analysed, export_rtp
from lab_session import DURATION_S, Mix, Session, hold
from lab_world import CLIENT, MIDDLE_ADDRESS, SERVER, SERVER_ADDRESS, World, need, start_relay

from nra.testing.chance import JitterShape
from nra.testing.impairment import Impairment
from nra.testing.relay_orders import impairment_json
from nra.testing.relay_record import Crossing, read_record

pytestmark = [pytest.mark.namespaces, pytest.mark.peer]

IRTT_PORT: Final = 2112
BYTES: Final = 172
JITTER_TOLERANCE_MS: Final = 0.1
RTT_TOLERANCE_MS: Final = 1.0  # irtt's stamps are its own, not the kernel's
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
    """tshark has the same loss and jitter of the same packets; irtt the same loss each way and round trip where fates are the same."""
    need("tshark", "irtt")
    started: list[Program] = []
    sessions = hold(world, MIXES, in_mid_session=lambda _: started.extend(start_irtt(world)))
    relay, irtt = started
    stats = json.loads(irtt.end(DURATION_S + 10).out)["stats"]
    relay.stop()
    for name, first_sequence in (("in order", WRAPS), ("overtaking", DOES_NOT)):
        with subtests.test(name):
            check(sessions[name])
            check_rtp(world, sessions[name], first_sequence)
    with subtests.test("irtt counts what the relay lost"):
        check_irtt(stats, read_record(world.folder / f"{IRTT_PORT}.jsonl"))
    with subtests.test("irtt"):
        compare_irtt(stats, sessions["irtt's path"].voice)


def start_irtt(world: World) -> tuple[Program, Program]:
    """Start irtt on a path that treats its packets as it treats ours (one question and one answer, then the stream) when ours has begun:
    while programs start, what irtt measures is how long it waits itself.
    """
    world.start(SERVER, "irtt", "server", "-b", f"{SERVER_ADDRESS}:{IRTT_PORT}").wait_for("starting IPv4 listener")
    relay = start_relay(world, "--up", impairment_json(UP), "--down", impairment_json(DOWN), port=IRTT_PORT)
    options = ("-i", "20ms", "-l", str(BYTES), "-d", f"{DURATION_S}s", "-Q", "-o", "-")
    return relay, world.start(CLIENT, "irtt", "client", *options, f"{MIDDLE_ADDRESS}:{IRTT_PORT}")


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


def check_irtt(stats: dict[str, Any], record: tuple[Crossing, ...]) -> None:
    """Hold irtt's counts against the relay's record: a program of somebody else's bears out what we call the truth."""
    up, down = ([crossing for crossing in record if (crossing.direction, crossing.size) == (way, BYTES)] for way in ("up", "down"))
    reached, returned = (sum(bool(crossing.left_ns) for crossing in crossings) for crossings in (up, down))
    assert (stats["packets_sent"], stats["server_packets_received"], stats["packets_received"]) == (len(up), reached, returned)
    assert len(down) == reached


def compare_irtt(stats: dict[str, Any], voice: dict[str, Any]) -> None:
    """Hold our numbers against irtt's: the same seeds lose and delay the same packets, of which either may have sent one more."""
    one_percent = 100 / voice["sent"]
    assert voice["up"]["loss_percent"] == pytest.approx(stats["upstream_loss_percent"], abs=one_percent)
    assert voice["down"]["loss_percent"] == pytest.approx(stats["downstream_loss_percent"], abs=one_percent)
    for ours, theirs in (("min_ms", "min"), ("p50_ms", "median")):
        assert voice["round_trip"][ours] == pytest.approx(stats["rtt"][theirs] / 1e6, abs=RTT_TOLERANCE_MS)
