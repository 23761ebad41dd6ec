"""Voice by STAMP on the fake network: every figure equals what the paths did to the packets."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from struct import Struct

import numpy as np
import pytest
from voice_world import (
    HOST,
    HOUR_NS,
    KEY,
    MS,
    PORT,
    after,
    agree,
    counts,
    half_bad,
    observed,
    reflecting,
    sampled,
    scored,
    silent,
    stream_task,
    truth_of,
    world,
)

from nra.model.failure import Failure, FailureKind
from nra.model.sample import ABSENT
from nra.model.verdict import Basis
from nra.net.ports import NetworkError
from nra.probes.parts.probe import Watch
from nra.reflector.core import Reflector
from nra.reflector.guard import Guard
from nra.reflector.key_file import Holder
from nra.reflector.keys import Keys
from nra.reflector.sessions import Sessions
from nra.testing.fake_network import refusal
from nra.testing.impairment import Impairment, Peer
from nra.wire.stamp_tlv import TlvType

CLEAN = Impairment(delay_ms=20)
IMPAIRMENTS = {
    "loss": Impairment(delay_ms=20, jitter_ms=12, loss=0.03, seed=7),
    "copies": Impairment(delay_ms=20, jitter_ms=4, duplicate=0.05, loss=0.02, seed=3),
    "order": Impairment(delay_ms=20, jitter_ms=3, reorder=0.06, reorder_ms=70, loss=0.01, seed=5),
    "bursts": Impairment(delay_ms=25, loss_runs=(range(40, 47), range(200, 260), range(300, 301))),
    "tail": Impairment(delay_ms=25, jitter_ms=2, loss_runs=(range(481, 501),)),
    "all": Impairment(delay_ms=15, jitter_ms=45, loss=0.05, duplicate=0.05, reorder=0.05, seed=11),
}
"""Packet 0 of each path is the opening question; then come the stream's 500."""
TWAMP_LIGHT_REPLY = Struct(">IQHHQIQHxxB")
LOST_FROM_HALF = Impairment(delay_ms=20, loss_runs=(range(251, 10_000),))


@pytest.mark.parametrize(
    ("name", "where"), [(name, where) for name in IMPAIRMENTS for where in ("up", "down", "both") if (name, where) != ("tail", "both")]
)
def test_every_figure_equals_the_truth(name: str, where: str) -> None:
    """Loss, copies, order, jitter and round trip of both directions are those that the paths wrote down (contract 3)."""
    net = world(up=IMPAIRMENTS[name] if where != "down" else CLEAN, down=replace(IMPAIRMENTS[name], seed=99) if where != "up" else CLEAN)
    voice = scored(sampled(net))
    assert voice.basis is Basis.DIRECTION
    agree(voice, truth_of(net))


def test_a_lost_closing_leaves_the_tail_unknown() -> None:
    """Trap 7: what was lost after the last reply is in neither direction's figure when the reflector cannot be asked."""
    tail = IMPAIRMENTS["tail"]
    voice = scored(sampled(world(up=tail, down=tail)))
    assert (voice.up.lost, voice.down.lost, voice.lost_unknown) == (0, 0, 20)


def test_several_calls() -> None:
    """Each call is a session of its own on a socket of its own; the figures are those of all of them together."""
    net = world(up=IMPAIRMENTS["all"], down=IMPAIRMENTS["all"])
    voice = scored(sampled(net, calls=7, duration_s=4.0))
    agree(voice, truth_of(net, slots=200, calls=7))
    assert (voice.calls, voice.sent) == (7, 1400)


def test_authenticated_mode() -> None:
    """With the right key the figures are as true, and the packets of the stream keep the codec's size (RFC 8762 4.2.2).

    But copies made on the way up are taken for replays there: how many there were is not known.
    """
    peer = reflecting(Reflector(keys=Keys((Holder(KEY),)), guard=Guard(rate_limit=0)))
    net = world(peer, up=IMPAIRMENTS["all"], down=IMPAIRMENTS["all"])
    sample = sampled(net, key=KEY, payload_bytes=192)
    assert sample.payload_bytes == 192
    voice, truth = scored(sample), truth_of(net, sealed=True)
    assert voice.up.duplicates is None
    agree(replace(voice, up=replace(voice.up, duplicates=truth.up.duplicates)), truth)


def test_a_key_for_one_ssid_is_good_for_all_calls() -> None:
    """Each has a socket, and so a session, of its own; the reflector answers that SSID alone."""
    net = world(reflecting(Reflector(keys=Keys((Holder(KEY, 9),)), guard=Guard(rate_limit=0))))
    voice = scored(sampled(net, calls=3, duration_s=4.0, key=KEY, ssid=9, payload_bytes=192))
    assert (voice.calls, voice.sent, voice.basis) == (3, 600, Basis.DIRECTION)
    for way in (voice.up, voice.down):
        assert (way.received, way.lost, way.reordered) == (600, 0, 0)


@pytest.mark.parametrize("key", [None, bytes(32)], ids=["no key", "another key"])
def test_a_wrong_key_is_silence_with_an_explanation(key: bytes | None) -> None:
    """A reflector with a key drops what it cannot verify; the sender with a key says that this may be why."""
    seen = observed(world(reflecting(Reflector(keys=Keys((Holder(KEY),))))), stream_task(key=key))
    assert seen.failure is not None
    assert seen.failure.kind is FailureKind.NO_ANSWER
    assert ("another key" in seen.failure.detail) == (key is not None)


@pytest.mark.parametrize("offset_ns", [7 * HOUR_NS, -7 * HOUR_NS, 30 * 365 * 24 * HOUR_NS])
def test_clocks_that_differ_by_hours_change_nothing(offset_ns: int) -> None:
    """Trap 12: one-way delays are negative or years long, variation and round trip are the same to the nanosecond."""
    net = world(reflecting(offset_ns=offset_ns), up=IMPAIRMENTS["all"], down=IMPAIRMENTS["all"])
    sample = sampled(net)
    agree(scored(sample), truth_of(net))
    reached = sample.stream.t2_ns != ABSENT
    assert abs(int((sample.stream.t2_ns - sample.stream.t1_ns)[reached].min()) - offset_ns) < 100 * MS


def test_duplicates_change_no_other_figure() -> None:
    """Trap 14: with every packet doubled both ways loss stays nothing, and the copies are counted apart."""
    net = world(up=Impairment(delay_ms=20, duplicate=1.0), down=Impairment(delay_ms=25, duplicate=1.0))
    voice = scored(sampled(net))
    assert counts(voice.up) == (500, 500, 0, 500, 0)
    assert counts(voice.down)[:3] == (500, 500, 0)
    agree(voice, truth_of(net))


def test_a_reflector_that_dies_half_way_is_not_loss() -> None:
    """Trap 9: what was sent after it died is in neither direction's loss, and since when it is silent is said."""
    net = world(after(250, silent, reflecting()))
    sample = sampled(net)
    voice = scored(sample)
    assert (voice.up.lost, voice.down.lost, voice.lost_unknown) == (0, 0, 251)
    assert sample.silent_since_s == pytest.approx(248 * 0.02)


@pytest.mark.parametrize("where", ["up", "down"])
def test_one_direction_lost_half_way_cannot_be_told_from_the_other(where: str) -> None:
    """Trap 7: without any reply nothing proves a direction, so the second half is of unknown direction."""
    net = half_bad(where, LOST_FROM_HALF)
    sample = sampled(net)
    voice = scored(sample)
    assert (voice.up.lost, voice.down.lost, voice.lost_unknown) == (0, 0, 250)
    assert sample.silent_since_s == pytest.approx(249 * 0.02)


def test_one_direction_lost_for_a_while_is_told_when_it_comes_back() -> None:
    """A stretch without any reply is billed to its direction once the reflector can be asked again."""
    for where in ("up", "down"):
        net = half_bad(where, Impairment(delay_ms=20, loss_runs=(range(251, 501),)))
        sample = sampled(net)
        voice = scored(sample)
        lost = {"up": (250, 0, 0), "down": (0, 250, 0)}[where]
        assert (voice.up.lost, voice.down.lost, voice.lost_unknown) == lost
        assert sample.silent_since_s is None


def rebinding(after_packets: int, peer: Peer) -> Peer:
    """Return the peer behind a NAT that gives the stream another port after so many packets."""
    seen = count()

    def moved(payload: bytes, now_ns: int, source: tuple[str, int]) -> bytes | None:
        return peer(payload, now_ns, source if next(seen) < after_packets else (source[0], 61000))

    return moved


def test_a_nat_rebinding_half_way_is_survived() -> None:
    """The session is found again by its SSID: numbers go on, and every loss keeps its direction (contract 5)."""
    reflector = Reflector(guard=Guard(rate_limit=0))
    net = world(rebinding(250, reflecting(reflector)), up=IMPAIRMENTS["loss"], down=IMPAIRMENTS["loss"])
    agree(scored(sampled(net)), truth_of(net))
    assert reflector.sessions.rebound == 1


def test_a_reflector_that_is_restarted_half_way() -> None:
    """Its numbers begin anew; ours go on, no packet counts twice, and the report says so."""
    net = world(after(250, reflecting(), reflecting()))
    sample = sampled(net)
    voice = scored(sample)
    assert counts(voice.up) == counts(voice.down) == (500, 500, 0, 0, 0)
    assert any("anew" in remark for remark in sample.remarks)


def twamp_light(*, symmetrical: bool = True) -> Peer:
    """Return a stateless TWAMP Light reflector (RFC 5357 App. I): it copies our number and knows neither SSID nor TLVs."""

    def peer(payload: bytes, now_ns: int, source: tuple[str, int]) -> bytes:
        sequence, stamp, error = Struct(">IQH").unpack_from(payload)
        head = TWAMP_LIGHT_REPLY.pack(sequence, stamp, 0x8001, 0, stamp, sequence, stamp, error, 255)
        return (head + payload[14:])[: len(payload)] if symmetrical else head

    return peer


@pytest.mark.parametrize("symmetrical", [True, False])
def test_a_stateless_peer_gives_the_round_trip(symmetrical: bool) -> None:
    """A TWAMP Light peer copies our numbers: the basis is the round trip, and nothing is split (contract 5)."""
    net = world(twamp_light(symmetrical=symmetrical), up=IMPAIRMENTS["bursts"])
    voice = scored(sampled(net))
    assert voice.basis is Basis.ROUND_TRIP
    assert (voice.round_trip.lost, voice.lost_unknown, voice.up.lost, voice.down.lost) == (68, 68, 68, 68)


def test_a_stateless_peer_without_loss_is_not_called_stateful() -> None:
    """With no loss a copied number looks like a count: undecided is round trip."""
    sample = sampled(world(twamp_light()))
    assert sample.ledgers[0].stateful is None
    assert scored(sample).basis is Basis.ROUND_TRIP


def without_our_tlv(peer: Peer) -> Peer:
    """Return the peer as one that does not know type 250: it sends it back unrecognized (RFC 8972 4)."""

    def foreign(payload: bytes, now_ns: int, source: tuple[str, int]) -> bytes | None:
        reply = peer(payload, now_ns, source)
        place = payload.find(bytes((0x80, TlvType.RECEIVE_RECORD)), 44)
        return reply if reply is None or place < 0 else reply[:place] + payload[place:]

    return foreign


@pytest.mark.parametrize("name", ["loss", "bursts", "tail"])
@pytest.mark.parametrize("where", ["up", "down"])
def test_a_stamp_peer_without_our_record(name: str, where: str) -> None:
    """Any stateful reflector's own numbers tell up from down; only which probe it was is not known."""
    net = half_bad(where, IMPAIRMENTS[name], without_our_tlv(reflecting()))
    sample = sampled(net)
    voice, truth = scored(sample), truth_of(net)
    assert not sample.ledgers[0].fates_known or truth.down.lost == 0
    assert (voice.up.lost, voice.down.lost, voice.lost_unknown) == (truth.up.lost, truth.down.lost, 0)


def test_a_reflector_that_counts_on_from_an_earlier_session() -> None:
    """Its numbers start near 2^32 and wrap in mid-stream; ours count from 0 and every loss keeps its direction (RFC 1982)."""
    reflector = Reflector(guard=Guard(rate_limit=0))
    open_session = reflector.sessions._open

    def counting_on(key: bytes) -> object:
        session = open_session(key)
        session.transmitted = session.received = session.dropped = 2**32 - 200
        return session

    reflector.sessions._open = counting_on  # type: ignore[method-assign, assignment]
    net = world(without_our_tlv(reflecting(reflector)), up=IMPAIRMENTS["bursts"], down=IMPAIRMENTS["bursts"])
    sample = sampled(net)
    voice, truth = scored(sample), truth_of(net)
    assert (voice.up.lost, voice.down.lost) == (truth.up.lost, truth.down.lost)
    numbers = sample.stream.reflector_sequence[sample.stream.t4_ns != ABSENT]
    assert (int(numbers.min()), int(numbers.max())) == (0, 431)


def test_a_rate_limited_reflector_says_so() -> None:
    """What the reflector received and did not answer is its own doing: the report names it."""
    net = world(reflecting(Reflector(guard=Guard(rate_limit=30))))
    remarks = sampled(net).remarks
    assert any("rate limit" in remark for remark in remarks)


def test_the_first_address_that_answers_is_measured() -> None:
    """A dead first address costs 1.5 s and no packet of the stream (several addresses of one host)."""
    net = world()
    net.names["reflector.example"] = ("192.0.2.66", HOST)
    began_ns = net.clock.now_ns()
    sample = sampled(net, host="reflector.example")
    assert sample.address == HOST
    assert sample.host == "reflector.example"
    assert sample.start_ns - began_ns == 1500 * MS + 45 * MS + 20 * MS


def test_ipv6() -> None:
    """An IPv6 reflector is measured like any other."""
    net = world(host="2001:db8::1")
    voice = scored(sampled(net, host="2001:db8::1"))
    assert (voice.target.address, voice.up.lost, voice.down.lost) == ("2001:db8::1", 0, 0)


@pytest.mark.parametrize("kind", [FailureKind.NAME_NOT_FOUND, FailureKind.NAME_UNRESOLVED])
def test_a_name_that_does_not_resolve(kind: FailureKind) -> None:
    """A resolver's no is an observation, and nothing is sent."""
    net = world()
    net.names["gone.example"] = refusal(kind, "resolve")
    seen = observed(net, stream_task("gone.example"))
    assert seen.failure is not None
    assert seen.failure.kind is kind
    assert net.ports == []


@pytest.mark.parametrize("kind", [FailureKind.UNREACHABLE, FailureKind.REFUSED])
def test_no_way_to_the_reflector(kind: FailureKind) -> None:
    """No route, or a port that nobody listens at, ends the attempt with the system's word."""
    net = world()
    net.udp[HOST, PORT] = refusal(kind)
    seen = observed(net, stream_task())
    assert isinstance(seen.failure, Failure)
    assert seen.failure.kind is kind


def stopping_after(calls: int) -> Watch:
    """Return a watch that asks to stop after it was asked so often."""
    asked = count()
    return Watch(stop=lambda: next(asked) >= calls)


def test_an_interrupt_in_mid_stream_keeps_what_was_measured() -> None:
    """The stream ends at once, the closing exchange still tells the fate of what was sent."""
    net = world(up=IMPAIRMENTS["bursts"])
    sample = sampled(net, stopping_after(300))
    assert sample.interrupted
    voice = scored(sample)
    assert 50 < voice.sent < 300
    assert (voice.up.expected, voice.up.lost, voice.lost_unknown) == (voice.sent, 7, 0)
    assert net.clock.now_ns() - sample.start_ns < 6_000 * MS


def test_an_interrupt_before_the_stream_is_a_stopped_task() -> None:
    """Nothing was measured, and that is said with the kind of its own."""
    seen = observed(world(), stream_task(), Watch(stop=lambda: True))
    assert seen.failure is not None
    assert seen.failure.kind is FailureKind.STOPPED


def test_a_stop_after_the_end_is_no_interruption() -> None:
    """A Ctrl-C during the closing exchange interrupts nothing: the stream is whole."""
    net = world()
    end_ns = net.clock.now_ns() + 10_100 * MS
    sample = sampled(net, Watch(stop=lambda: net.clock.now_ns() > end_ns))
    assert not sample.interrupted
    assert sample.ledgers[0].fates_known


def test_packets_of_the_stream_look_like_rtp() -> None:
    """172 octets of G.711 each, no two alike behind the head: zeros could be compressed on the way (issue: random fill)."""
    net = world()
    sampled(net, duration_s=2.0)
    stream = [transmission.payload for _, transmission in net.ports[-1].sent[:100]]
    assert {len(payload) for payload in stream} == {172}
    assert len({payload[72:] for payload in stream}) == 100
    assert net.ports[-1].dscp == 46


def test_the_marking_seen_on_the_way_up_is_told() -> None:
    """The Class of Service TLV brings back the DSCP with which the probe arrived (RFC 8972 4.4)."""
    voice = scored(sampled(world(reflecting(tos=10 << 2)), duration_s=2.0))
    assert (voice.up.dscp_seen, voice.down.dscp_seen) == (10, 46)


def test_a_codec_smaller_than_the_base_packet_is_said() -> None:
    """G.729's 32 octets cannot be emulated: the base packet has 44."""
    sample = sampled(world(), codec="g729", payload_bytes=32, duration_s=2.0)
    assert sample.payload_bytes == 44
    assert sample.remarks == ("packets of 44 bytes stand for g729's 32: STAMP cannot be that small",)


def test_packets_that_cannot_be_sent_are_not_lost() -> None:
    """What the system refused to send never was on the network: `not_sent`, with the numbers closed up behind it."""
    net = world()
    sends = count()

    def full(_now_ns: int) -> None:
        if 100 <= next(sends) < 150:
            raise NetworkError(refusal(FailureKind.LOCAL, "send", "No buffer space available"))

    net.before_send = full
    voice = scored(sampled(net))
    assert (voice.sent, voice.not_sent, voice.up.lost, voice.down.lost) == (450, 50, 0, 0)


def foreign(value: int) -> Iterator[tuple[int, bytes]]:
    """Yield TLVs that no reflector should send, with flags that let a sender use them."""
    for kind in (TlvType.CLASS_OF_SERVICE, TlvType.DIRECT_MEASUREMENT, TlvType.RECEIVE_RECORD, TlvType.HMAC):
        yield kind, bytes(value)


@pytest.mark.parametrize("size", [0, 1, 3, 5, 11, 13, 64])
def test_malformed_tlvs_of_a_reply_harm_nothing(size: int) -> None:
    """Whatever stands behind the base packet of a reply, the stream goes on (RFC 8972 4)."""
    junk = b"".join(bytes((0, kind)) + len(value).to_bytes(2) + value for kind, value in foreign(size))
    mirror = reflecting()

    def peer(payload: bytes, now_ns: int, source: tuple[str, int]) -> bytes:
        return (mirror(payload, now_ns, source) or b"")[:44] + junk

    voice = scored(sampled(world(peer, up=IMPAIRMENTS["loss"]), duration_s=4.0))
    assert (voice.up.dscp_seen, voice.basis) == (None, Basis.DIRECTION)


def test_wild_numbers_are_nobodys_replies() -> None:
    """A reply with a number that no count can have reached is dropped, and costs no memory."""
    mirror = reflecting()
    seen = count()

    def peer(payload: bytes, now_ns: int, source: tuple[str, int]) -> bytes | None:
        reply = mirror(payload, now_ns, source)
        return reply if reply is None or next(seen) % 10 != 5 else (2**31 - 7).to_bytes(4) + reply[4:]

    sample = sampled(world(peer), duration_s=2.0)
    assert int(sample.stream.reflector_sequence.max()) < 200


def test_rows_stand_in_order_of_arrival_and_every_probe_has_one() -> None:
    """Rows that arrived come first, by T4; what is known of the lost ones follows; none is missing (model/sample.py)."""
    sample = sampled(world(up=IMPAIRMENTS["all"], down=IMPAIRMENTS["all"]))
    t4 = sample.stream.t4_ns
    arrived = int((t4 != ABSENT).sum())
    assert (np.diff(t4[:arrived]) >= 0).all()
    assert (t4[arrived:] == ABSENT).all()
    assert set(sample.stream.sequence.tolist()) == set(range(500))


def test_a_reply_that_comes_late_is_not_lost() -> None:
    """Each probe's reply is waited for two seconds, those of the last probes too; a late one is out of order, not lost."""
    late = Impairment(delay_ms=20, reorder=0.2, reorder_ms=1900, seed=2)
    net = world(up=late)
    voice = scored(sampled(net))
    agree(voice, truth_of(net))
    assert (voice.up.lost, voice.round_trip.lost) == (0, 0)


def test_a_loss_in_the_middle_costs_no_waiting() -> None:
    """Only a probe sent less than two seconds ago is worth waiting for: the run ends right after the stream."""
    net = world(up=Impairment(delay_ms=20, loss_runs=(range(100, 110),)))
    sample = sampled(net)
    assert net.clock.now_ns() - (sample.start_ns + 10_000 * MS) < 200 * MS


def test_session_memory_of_the_reflector_is_enough() -> None:
    """Records that the reflector had to forget leave fates unknown, but counts that its numbers prove (contract 5: capped)."""
    reflector = Reflector(guard=Guard(rate_limit=0), sessions=Sessions())
    forget_at = count()
    mirror = reflecting(reflector)

    def forgetful(payload: bytes, now_ns: int, source: tuple[str, int]) -> bytes | None:
        if next(forget_at) == 400:
            for session in map(reflector.sessions.of_row, reflector.sessions.rows.values()):
                reflector.sessions._forget(session, len(session.pages))
        return mirror(payload, now_ns, source)

    net = world(forgetful, down=IMPAIRMENTS["bursts"])
    sample = sampled(net)
    voice = scored(sample)
    assert not sample.ledgers[0].fates_known
    assert (voice.up.lost, voice.down.lost, voice.lost_unknown) == (0, 68, 0)
