"""The parts of canned runs: limits, directions, a voice, findings; numbers that agree with each other."""

from dataclasses import replace
from typing import Final

from nra.model.criteria import Criterion, Operator, Thresholds
from nra.model.document import Finding
from nra.model.sample import StampKind
from nra.model.verdict import Basis
from nra.model.voice import (
    DELAY_EDGES_MS,
    BufferOutcome,
    CodecQuality,
    Cost,
    DelayBin,
    Direction,
    Endpoint,
    Instrument,
    Pdv,
    RoundTrip,
    Spread,
    Voice,
    Window,
    WindowDirection,
)

LIMITS: Final = (  # catalogue/data/thresholds-genesys-cloud.toml, checked 2026-11-22
    Criterion(key="up_jitter_ms", label="Up Jitter", unit="ms", operator=Operator.LESS, limit=30.0, warn=20.0),
    Criterion(key="down_jitter_ms", label="Down Jitter", unit="ms", operator=Operator.LESS, limit=30.0, warn=20.0),
    Criterion(key="up_loss_percent", label="Up Packet Loss", unit="%", operator=Operator.LESS, limit=1.0, warn=0.5),
    Criterion(key="down_loss_percent", label="Down Packet Loss", unit="%", operator=Operator.LESS, limit=1.0, warn=0.5),
    Criterion(key="up_discard_percent", label="Up Packet Discards", unit="%", operator=Operator.LESS, limit=5.0, warn=2.0),
    Criterion(key="down_discard_percent", label="Down Packet Discards", unit="%", operator=Operator.LESS, limit=5.0, warn=2.0),
    Criterion(key="up_order_percent", label="Up Packet Order", unit="%", operator=Operator.AT_LEAST, limit=98.0, warn=99.5),
    Criterion(key="down_order_percent", label="Down Packet Order", unit="%", operator=Operator.AT_LEAST, limit=98.0, warn=99.5),
    Criterion(key="round_trip_avg_ms", label="Round Trip Average Time", unit="ms", operator=Operator.LESS, limit=150.0, warn=100.0),
    Criterion(key="up_mos", label="Upstream MOS Score", unit="MOS", operator=Operator.AT_LEAST, limit=3.6, warn=4.0),
    Criterion(key="down_mos", label="Downstream MOS Score", unit="MOS", operator=Operator.AT_LEAST, limit=3.6, warn=4.0),
)
THRESHOLDS: Final = Thresholds(
    name="genesys-cloud", source="expectations that the Genesys Cloud NRA shows", checked="2026-11-22", limits=LIMITS
)


def _costs(loss: float = 0.0, discards: float = 0.0) -> tuple[Cost, ...]:
    points = {"delay": 0.0, "codec": 0.0, "loss": loss, "discards": discards}
    return tuple(Cost(impairment=name, points=taken) for name, taken in points.items())


def delays(*packets: int) -> tuple[DelayBin, ...]:
    """Return the first bars of a histogram with so many packets each."""
    ends = (*DELAY_EDGES_MS[1:], None)
    return tuple(DelayBin(above_ms=least, most_ms=most, packets=n) for least, most, n in zip(DELAY_EDGES_MS, ends, packets, strict=False))


SMALL_LOSS: Final = _costs(loss=0.654908)
GOOD_UP: Final = Direction(
    expected=1500,
    received=1500,
    lost=0,
    loss_percent=0.0,
    duplicates=0,
    reordered=0,
    order_percent=100.0,
    jitter_ms=1.8412,
    jitter_max_ms=4.2031,
    pdv_ms=Pdv(p50=1.2104, p95=4.8833, p99=7.0518, max=11.4426),
    discards=0,
    discard_percent=0.0,
    burst_r=1.0,
    longest_loss=0,
    mos=4.409406,
    r_factor=93.206208,
    dscp_seen=46,
    buffers=(
        BufferOutcome(name="fixed 60 ms", discards=0, discard_percent=0.0, delay_ms=60.0),
        BufferOutcome(name="adaptive", discards=1, discard_percent=0.066667, delay_ms=22.4),
    ),
    costs=_costs(),
    delays=delays(260, 380, 520, 150, 120, 54, 14, 2),
)
GOOD_DOWN: Final = replace(
    GOOD_UP,
    jitter_ms=2.0957,
    jitter_max_ms=5.1102,
    pdv_ms=Pdv(p50=1.4, p95=5.2, p99=7.9, max=12.8),
    dscp_seen=0,
    delays=delays(240, 350, 540, 160, 130, 55, 20, 5),
)
BAD_UP: Final = replace(
    GOOD_UP,
    received=1497,
    lost=3,
    loss_percent=0.2,
    jitter_ms=21.9644,
    jitter_max_ms=38.1207,
    pdv_ms=Pdv(p50=14.3, p95=41.7, p99=55.9, max=59.2),
    longest_loss=1,
    mos=4.3944,
    r_factor=92.4552,
    costs=_costs(loss=0.751),
    delays=delays(8, 12, 40, 50, 110, 120, 180, 270, 220, 270, 130, 87),
)
BAD_DOWN: Final = replace(
    GOOD_DOWN,
    received=1455,
    lost=45,
    loss_percent=3.0,
    reordered=4,
    order_percent=99.725086,
    jitter_ms=33.4175,
    jitter_max_ms=71.0933,
    pdv_ms=Pdv(p50=19.8, p95=58.4, p99=83.6, max=131.7),
    discards=21,
    discard_percent=1.4,
    burst_r=5.2,
    longest_loss=11,
    mos=3.9097,
    r_factor=77.0959,
    buffers=(
        BufferOutcome(name="fixed 60 ms", discards=21, discard_percent=1.4, delay_ms=60.0),
        BufferOutcome(name="adaptive", discards=9, discard_percent=0.6, delay_ms=88.1),
    ),
    costs=_costs(loss=11.0, discards=5.1103),
    delays=delays(5, 9, 30, 36, 90, 100, 130, 210, 190, 270, 190, 174, 6, 9, 6),
)
ROUND_TRIP_BOUND: Final = replace(
    GOOD_UP,
    received=1490,
    lost=10,
    loss_percent=0.666667,
    jitter_ms=3.3071,
    jitter_max_ms=9.4508,
    mos=4.3569,
    r_factor=90.7481,
    dscp_seen=None,
    costs=_costs(loss=2.4581),
    note="round trip: bounds each direction",
    delays=delays(250, 380, 520, 150, 120, 54, 14, 2),
)
INTERRUPTED: Final = replace(GOOD_UP, expected=350, received=350, delays=delays(60, 90, 120, 36, 28, 12, 3, 1))
FINDINGS: Final = (
    Finding(
        where="down",
        severity="fail",
        text="Packets arrive at uneven intervals on the way from the region to this workstation.",
        evidence="Down Jitter 33.4 ms, expected < 30",
        advice="Give voice its own queue (DSCP EF) on the busiest link, and try a cable instead of Wi-Fi.",
    ),
    Finding(
        where="down",
        severity="info",
        text="The priority marking of voice is changed on the way from the region to this workstation.",
        evidence="sent with DSCP 46, arrived with DSCP 0",
        advice="Trust or set the marking at the access port.",
    ),
    Finding(
        where="down",
        severity="warn",
        text="Losses come in bursts on the way from the region to this workstation.",
        evidence="longest run 11 packets (220 ms), burst ratio 5.20",
        advice="Look for what happens in moments: Wi-Fi roaming or scanning, a queue that overflows, a backup that starts.",
    ),
)
INSTRUMENT: Final = Instrument(
    tx_stamps=StampKind.KERNEL,
    rx_stamps=StampKind.KERNEL,
    send_late_ms=Spread(p50=0.06, p99=0.31, max=1.12),
    receive_delay_ms=Spread(p50=0.04, p99=0.18, max=0.55),
    local_drops=0,
    steady=True,
    send_delay_ms=Spread(p50=0.05, p99=0.11, max=0.38),
    pacing="woken 0.2 ms early, without timer slack, then spun (slots within 2 ms: neither); garbage collector off",
    receive_buffer_bytes=425_984,
)


def voice_half(up: Direction, down: Direction, rtt_ms: float) -> Voice:
    """Return the voice half of half a minute of STAMP with these directions."""
    return Voice(
        method="stamp",
        target=Endpoint(host="reflector.example.net", port=20862, address="203.0.113.7"),
        basis=Basis.DIRECTION,
        interval_ms=20.0,
        payload_bytes=172,
        codec="g711",
        dscp=46,
        calls=1,
        sent=1500,
        not_sent=0,
        lost_unknown=0,
        up=up,
        down=down,
        round_trip=times(rtt_ms),
        mos_by_codec=(
            CodecQuality(codec="g711", up=up.mos, down=down.mos, note="narrowband scale (G.107)"),
            CodecQuality(codec="g729", up=4.1046, down=3.4245 if down.lost else 4.1046, note="narrowband scale (G.107)"),
        ),
        windows=tuple(
            window(second, (0.0, 1.4 + second * 3 % 7 / 8), (0.0, 1.6 + second * 5 % 8 / 7), rtt_ms - 1 + second % 5 / 2)
            for second in range(30)
        ),
        instrument=INSTRUMENT,
    )


def times(average_ms: float, lost: int = 0, loss_percent: float = 0.0) -> RoundTrip:
    """Return a round trip spread around its average."""
    return RoundTrip(
        min_ms=average_ms * 0.86,
        avg_ms=average_ms,
        p50_ms=average_ms * 0.98,
        p95_ms=average_ms * 1.21,
        p99_ms=average_ms * 1.43,
        max_ms=average_ms * 1.77,
        lost=lost,
        loss_percent=loss_percent,
    )


def window(second: int, up: tuple[float | None, float | None], down: tuple[float | None, float | None], rtt_ms: float | None) -> Window:
    """Return one second: loss in percent and jitter in ms each way, and the round trip."""
    directions = [WindowDirection(loss_percent=loss, jitter_ms=jitter) for loss, jitter in (up, down)]
    return Window(start_s=float(second), up=directions[0], down=directions[1], rtt_avg_ms=rtt_ms)
