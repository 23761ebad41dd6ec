"""From what two generators counted and two voice streams to the numbers of `--load`: capacity, calls that fit, what the load changed."""

import math
from collections.abc import Sequence
from typing import Final

from nra.model.load import Burden, LimitedBy, LoadCounts
from nra.model.under_load import LoadPhase, LoadWay, VoiceBeside
from nra.model.voice import CallDirection, Direction, Voice

BIN_S: Final = 0.1
BINS_PER_SECOND: Final = 10
SLOW_START_BINS: Final = 10  # from the first octet on: not counted, the sender was still feeling its way
RTP_BYTES, UDP_BYTES = 12, 8  # RFC 3550 5.1, RFC 768
IP_BYTES: Final = {4: 20, 6: 40}  # RFC 791 3.1, RFC 8200 3; without options
SPENT: Final = "what may be moved (--max-megabytes, or the reflector's own cap) was used up before a rate could be read: allow more"
BUSY: Final = 0.85  # of a processor: more than that, and the generator, not the path, is what limits it


def capacity_mbit_s(octets: Sequence[int]) -> float | None:
    """Return the rate of the best whole second after slow start in Mbit/s, None where there was none.

    `octets` are those that arrived in each 100 ms. Slow start is the first second after the first octet; the best second as in RFC 9097
    (IP-Layer Capacity is a maximum over intervals): after a loss a sender stays below what the path would carry.
    """
    first = next((index for index, count in enumerate(octets) if count), len(octets))
    counted = octets[first + SLOW_START_BINS :]
    seconds = [sum(counted[start : start + BINS_PER_SECOND]) for start in range(len(counted) - BINS_PER_SECOND + 1)]
    best = max(seconds, default=0)
    return best * 8 / 1e6 if best else None


def headers_bytes(ip_version: int) -> int:
    """Return the octets of IP, UDP and RTP in front of each packet's voice."""
    return IP_BYTES[ip_version] + UDP_BYTES + RTP_BYTES


def call_kbit_s(payload_bytes: int, interval_ms: float, ip_version: int) -> float:
    """Return what one call takes each way in kbit/s with all headers; `payload_bytes` is the UDP payload, RTP header included."""
    return (payload_bytes + UDP_BYTES + IP_BYTES[ip_version]) * 8 / interval_ms


def calls_that_fit(mbit_s: float | None, kbit_s: float | None) -> int | None:
    """Return how many calls the rate is worth, beside the one that was on the line; None where one of the two is not known."""
    return None if mbit_s is None or not kbit_s else math.floor(mbit_s * 1000 / kbit_s)


def load_way(octets: Sequence[int], counts: LoadCounts, kbit_s: float | None) -> LoadWay:
    """Return one direction of a phase; without a rate nothing can be said to have limited it."""
    mbit_s = capacity_mbit_s(octets)
    return LoadWay(
        octets=sum(octets),
        mbit_s=mbit_s,
        limited_by=None if mbit_s is None else _limited_by(counts),
        calls=calls_that_fit(mbit_s, kbit_s),
    )


def load_phase(
    burden: Burden, counts: LoadCounts, kbit_s: float | None, unloaded: Voice | None, loaded: Voice | None, note: str | None = None
) -> LoadPhase:
    """Return what came of one phase; where either stream proves nothing their differences are no result, and the note says why."""
    void = _void(unloaded, "without load") or _void(loaded, "under load")
    beside = None if loaded is None or void else beside_load(loaded)
    up = load_way(counts.up, counts, kbit_s) if burden is not Burden.DOWN else None
    down = load_way(counts.down, counts, kbit_s) if burden is not Burden.UP else None
    is_unread = all(way.mbit_s is None for way in (up, down) if way is not None)
    notes = (counts.failure, SPENT if counts.capped and is_unread else None, note, void)
    return LoadPhase(
        burden=burden,
        seconds=counts.seconds,
        up=up,
        down=down,
        loaded=beside,
        change=None if unloaded is None or loaded is None or void else change(unloaded, loaded),
        note="; ".join(filter(None, notes)) or None,
    )


def beside_load(voice: Voice) -> VoiceBeside:
    """Return the numbers of a stream that are compared."""
    return VoiceBeside(up=_numbers(voice.up), down=_numbers(voice.down), rtt_avg_ms=voice.round_trip.avg_ms)


def change(unloaded: Voice, loaded: Voice) -> VoiceBeside:
    """Return loaded minus unloaded, signed; None where either is not known, or each rests on another basis."""
    before, after = beside_load(unloaded), beside_load(loaded)
    same = unloaded.basis is loaded.basis
    return VoiceBeside(
        up=_change(before.up, after.up) if same else CallDirection(),
        down=_change(before.down, after.down) if same else CallDirection(),
        rtt_avg_ms=_difference(before.rtt_avg_ms, after.rtt_avg_ms),
    )


def _limited_by(counts: LoadCounts) -> LimitedBy:
    if any(busy is not None and busy >= BUSY for busy in (counts.busy_here, counts.busy_there)):
        return LimitedBy.INSTRUMENT
    return LimitedBy.CAP if counts.capped else LimitedBy.NETWORK


def _void(voice: Voice | None, when: str) -> str | None:
    """Return why a stream proves nothing, None where it does."""
    if voice is None:
        return None
    if not voice.instrument.steady:
        return f"this workstation was unsteady {when}: {voice.instrument.note or 'no reason is known'}"
    return None if voice.silent_since_s is None else f"no answer {when} from {voice.silent_since_s:.1f} s on"


def _numbers(direction: Direction) -> CallDirection:
    return CallDirection(
        loss_percent=direction.loss_percent,
        jitter_ms=direction.jitter_ms,
        discard_percent=direction.discard_percent,
        mos=direction.mos,
    )


def _change(before: CallDirection, after: CallDirection) -> CallDirection:
    return CallDirection(
        loss_percent=_difference(before.loss_percent, after.loss_percent),
        jitter_ms=_difference(before.jitter_ms, after.jitter_ms),
        discard_percent=_difference(before.discard_percent, after.discard_percent),
        mos=_difference(before.mos, after.mos),
    )


def _difference(before: float | None, after: float | None) -> float | None:
    return None if before is None or after is None else after - before
