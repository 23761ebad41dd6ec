"""`nra run` against `nra reflect` through the relay: its numbers must be those of the relay's own record."""

import json
import random
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
from lab_programs import Ended, Program
from lab_truth import CallRecord, PacketRow, Truth, down_truth, read_calls, read_packets, round_trip_ms, up_truth
from lab_world import (
    MIDDLE_ADDRESS,
    MIDDLE_ADDRESS_6,
    PORT,
    SERVER,
    SERVER_ADDRESS,
    SERVER_ADDRESS_6,
    World,
    document_of,
    nra_run,
    start_reflector,
    start_relay,
)

from nra.testing.impairment import Impairment

pytestmark = pytest.mark.namespaces

DURATION_S: Final = 6
SLOTS: Final = 300  # of 20 ms
JITTER_TOLERANCE_MS: Final = 0.1
KEY: Final = "5f" * 32
OPENING: Final = 1  # packets that pass the relay before the stream: the question whether the reflector is there
TAIL: Final = 25  # packets in 500 ms
OPENING_S: Final = 0.5  # how long the question whether the reflector is there may take on a busy machine
LINKS_MS: Final = 1.0  # what two idle links and this machine's scheduler add to the time in the relay
AFTERWARDS_S: Final = 9.0  # start, 2 s for late replies, 1.5 s for the closing exchange, 2 s to ask a control whose silence it was, writing
END_S: Final = 30.0
HOUR_NS: Final = 3_600_000_000_000
SECOND_NS: Final = 1_000_000_000
OFFSET_REFLECTOR: Final = Path(__file__).with_name("offset_reflector.py")


def bursts(seed: int) -> tuple[range, ...]:
    """Return some runs of one to twelve packets to lose, wherever the seed puts them."""
    chance = random.Random(seed)
    return tuple(range(start, start + chance.randint(1, 12)) for start in chance.sample(range(10, SLOTS - 20), 6))


@dataclass(frozen=True, slots=True, kw_only=True)
class Mix:
    """What one session goes through."""

    up: Impairment = field(default_factory=Impairment)
    down: Impairment = field(default_factory=Impairment)
    options: tuple[str, ...] = ()
    relay: tuple[str, ...] = ()
    sealed: bool = False
    six: bool = False
    probes: int = SLOTS


MIXES: Final = {
    "clean": Mix(),
    "loss both ways": Mix(up=Impairment(loss=0.06, seed=11), down=Impairment(loss=0.08, seed=12)),
    "loss up": Mix(up=Impairment(delay_ms=15, loss=0.1, seed=21)),
    "loss down": Mix(down=Impairment(delay_ms=15, loss=0.1, seed=22)),
    "duplicates and loss": Mix(
        up=Impairment(duplicate=0.1, jitter_ms=12, loss=0.05, seed=31), down=Impairment(duplicate=0.12, jitter_ms=12, loss=0.07, seed=32)
    ),
    "reordering": Mix(up=Impairment(reorder=0.06, seed=41), down=Impairment(reorder=0.08, reorder_ms=70, seed=42)),
    "jitter": Mix(up=Impairment(delay_ms=20, jitter_ms=15, seed=51), down=Impairment(delay_ms=10, jitter_ms=50, seed=52)),
    "bursts": Mix(up=Impairment(loss_runs=bursts(61)), down=Impairment(loss_runs=bursts(62))),
    "all at once": Mix(
        up=Impairment(delay_ms=5, jitter_ms=30, loss=0.05, duplicate=0.08, reorder=0.05, seed=71),
        down=Impairment(delay_ms=8, jitter_ms=25, loss=0.06, duplicate=0.08, reorder=0.06, seed=72),
    ),
    "authenticated": Mix(
        up=Impairment(loss=0.06, seed=81), down=Impairment(loss=0.06, duplicate=0.05, seed=82), options=("--key-file", "key"), sealed=True
    ),
    "opus every 10 ms": Mix(
        up=Impairment(loss=0.05, seed=91),
        down=Impairment(loss=0.05, jitter_ms=25, seed=92),
        options=("--codec", "opus", "--interval", "10"),
        probes=2 * SLOTS,
    ),
    "g729, too small for a TLV": Mix(
        up=Impairment(loss=0.05, seed=93), down=Impairment(loss=0.05, duplicate=0.05, seed=94), options=("--codec", "g729")
    ),
    "three calls": Mix(
        up=Impairment(loss=0.05, jitter_ms=30, seed=101),
        down=Impairment(loss=0.05, duplicate=0.05, seed=102),
        options=("--calls", "3"),
        probes=3 * SLOTS,
    ),
    "IPv6": Mix(up=Impairment(loss=0.05, seed=111), down=Impairment(loss=0.05, jitter_ms=10, seed=112), six=True),
}


@dataclass(frozen=True, slots=True)
class Session:
    """A session that is over: how the run ended, its document and packets, and what the relay did."""

    ended: Ended
    verdict: str
    voice: dict[str, Any]
    packets: list[PacketRow]
    calls: list[CallRecord]


def reflector_for(world: World, mix: Mix) -> Program:
    """Start `nra reflect`, with the key where the mix is authenticated."""
    (world.folder / "key").write_text(KEY, "ascii")
    (world.folder / "key").chmod(0o600)
    return start_reflector(world, *(("--key-file", "key") if mix.sealed else ()))


def addresses(mix: Mix) -> tuple[str, str]:
    """Return where the relay and the reflector listen, as they are typed."""
    return (f"[{MIDDLE_ADDRESS_6}]", f"[{SERVER_ADDRESS_6}]") if mix.six else (MIDDLE_ADDRESS, SERVER_ADDRESS)


def as_json(impairment: Impairment) -> str:
    """Return the impairment as the relay takes it."""
    return json.dumps(asdict(impairment) | {"loss_runs": [[run.start, run.stop] for run in impairment.loss_runs]})


def hold(world: World, mix: Mix, in_mid_session: Callable[[], object] = lambda: None) -> Session:
    """Hold one session through the relay; what shall happen half way happens when the relay says that it is half way."""
    here, there = addresses(mix)
    relay = start_relay(world, "--up", as_json(mix.up), "--down", as_json(mix.down), *mix.relay, here=here, there=there)
    where = ("--region", "eu-central-1", "--reflector", f"{here}:{PORT}", "--only", "voice", "--method", "stamp")
    run = nra_run(world, *where, "--duration", str(DURATION_S), "--json", "--keep-packets", *mix.options)
    if "--announce-after" in mix.relay:
        relay.wait_for("forwarding packet")
        in_mid_session()
    ended = run.end(END_S)
    assert relay.stop().code == 0
    document = document_of(ended)
    (csv,) = (world.folder / "out").glob("*.packets.csv.gz")
    packets = read_packets(csv)
    calls = read_calls(world.folder / f"{PORT}.jsonl", packets, sealed=mix.sealed)
    return Session(ended, document["verdict"], document["voice"], packets, calls)


def counts(numbers: dict[str, Any] | Truth) -> dict[str, int]:
    """Return the counts of a direction, of the run document or of the truth."""
    read = numbers if isinstance(numbers, dict) else asdict(numbers)
    return {name: read[name] for name in ("expected", "received", "lost", "duplicates", "reordered")}


def check(session: Session, mix: Mix) -> None:
    """Hold the run document and the packets against the relay's record."""
    voice, calls = session.voice, session.calls
    assert voice["sent"] + voice["not_sent"] == mix.probes
    assert sum(len(call.up) for call in calls) == voice["sent"]
    for number, call in enumerate(calls):
        assert [call.sequence_of_reply[k] for k in range(len(call.down))] == [moment.sequence for moment in call.reached()]
        told = [(row.sequence, row.reflector_sequence, row.t4_ns is not None) for row in session.packets if row.call == number]
        assert told == call.table()
    up, down = up_truth(calls), down_truth(calls)
    assert counts(voice["up"]) == counts(up)
    assert counts(voice["down"]) == counts(down)
    assert voice["lost_unknown"] == 0
    assert voice["up"]["jitter_ms"] == pytest.approx(up.jitter_ms, abs=JITTER_TOLERANCE_MS)
    assert voice["down"]["jitter_ms"] == pytest.approx(down.jitter_ms, abs=JITTER_TOLERANCE_MS)
    assert voice["round_trip"]["avg_ms"] == pytest.approx(round_trip_ms(calls), abs=LINKS_MS)


@pytest.mark.parametrize("mix", MIXES.values(), ids=MIXES.keys())
def test_numbers_are_those_of_the_relay(world: World, mix: Mix) -> None:
    """Counts are equal in both directions, packet by packet, and jitter is within 0.1 ms (contract 3)."""
    reflector_for(world, mix)
    check(hold(world, mix), mix)


@pytest.mark.parametrize("hours", [-5.0, 2000.5])
def test_clocks_that_are_hours_apart_change_nothing(world: World, hours: float) -> None:
    """The two ends' clocks are never compared (contract 3: signed arithmetic throughout)."""
    mix = MIXES["all at once"]
    world.python(SERVER, str(OFFSET_REFLECTOR), SERVER_ADDRESS, str(PORT), str(hours)).wait_for("listening on")
    session = hold(world, mix)
    check(session, mix)
    apart_ns = [row.t2_ns - row.t1_ns for row in session.packets if row.t2_ns is not None]
    assert min(apart_ns) == pytest.approx(hours * HOUR_NS, abs=SECOND_NS)


@pytest.mark.parametrize("direction", ["up", "down"])
def test_the_fate_of_the_last_packets_is_known(world: World, direction: str) -> None:
    """The last 500 ms lost in one direction are lost in that direction: the closing exchange tells (contract 3)."""
    tail = Impairment(loss_spans_s=((DURATION_S - 0.5, DURATION_S + 1),))  # the closing exchange comes after 2 s without a reply
    mix = Mix(up=tail) if direction == "up" else Mix(down=tail)
    reflector_for(world, mix)
    session = hold(world, mix)
    check(session, mix)
    dead, alive = (session.voice[way] for way in (("up", "down") if direction == "up" else ("down", "up")))
    assert 0 < dead["lost"] == dead["longest_loss"] <= TAIL + OPENING_S * SLOTS / DURATION_S
    assert alive["lost"] == 0


@pytest.mark.parametrize("direction", ["up", "down"])
def test_silence_from_half_time_on_is_not_split_by_guess(world: World, direction: str) -> None:
    """Where nothing comes back any more, nobody can tell which way is dead: lost, direction unknown, inconclusive (contract 3)."""
    half = Impairment(loss_spans_s=((DURATION_S / 2, 3600),))
    mix = Mix(up=half) if direction == "up" else Mix(down=half)
    reflector_for(world, mix)
    session = hold(world, mix)
    check_silence(session)


def test_a_reflector_that_dies_half_way(world: World) -> None:
    """A dead peer costs bounded time and a full report about the time before (contract 1: exit 3)."""
    mix = Mix(relay=("--announce-after", str(OPENING + SLOTS // 2)))
    reflector = reflector_for(world, mix)
    check_silence(hold(world, mix, reflector.kill))


def check_silence(session: Session) -> None:
    """Hold a session whose second half went unanswered against the relay's record."""
    voice = session.voice
    answered = sum(len({moment.sequence for moment in call.returned()}) for call in session.calls)
    assert (session.ended.code, session.verdict) == (3, "INCONCLUSIVE")
    assert session.ended.elapsed_s < DURATION_S + AFTERWARDS_S
    assert voice["up"]["received"] == voice["down"]["received"] == answered
    assert (voice["up"]["lost"], voice["down"]["lost"]) == (0, 0)
    assert voice["lost_unknown"] == voice["round_trip"]["lost"] == voice["sent"] - answered
    assert voice["silent_since_s"] == pytest.approx(DURATION_S / 2, abs=OPENING_S)


@pytest.mark.parametrize(
    "up",
    [Impairment(), Impairment(loss=0.05, seed=121), Impairment(jitter_ms=60, seed=2)],  # this seed lets the rebinding be overtaken
    ids=["clean", "loss", "reordering"],
)
def test_a_nat_that_forgets_changes_nothing(world: World, up: Impairment) -> None:
    """The session goes on from the new port, its numbers unchanged (contract 5: sessions survive a NAT rebinding)."""
    mix = Mix(up=up, down=Impairment(loss=0.05, seed=122), relay=("--rebind-after", str(SLOTS // 2)))
    reflector = reflector_for(world, mix)
    check(hold(world, mix), mix)
    assert "rebound 1" in reflector.stop().out


def test_the_marking_is_seen_in_each_direction(world: World) -> None:
    """What a router made of the DSCP is told: up by the reflector (RFC 8972 4.4), down by the arrivals."""
    mix = Mix(options=("--dscp", "EF"), relay=("--dscp-up", "10"))
    reflector_for(world, mix)
    session = hold(world, mix)
    assert (session.voice["up"]["dscp_seen"], session.voice["down"]["dscp_seen"]) == (10, 46)
