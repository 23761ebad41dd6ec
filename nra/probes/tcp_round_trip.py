"""The round trip by TCP handshakes, four a second: what is left where no UDP comes back. Nothing but RTT becomes known."""

from array import array
from typing import Final

import numpy as np

from nra.model.plan import Target, Task, VoiceParameters
from nra.model.sample import ABSENT, CallLedger, InstrumentSample, StampKind, StreamSample, VoiceSample, column
from nra.net.ports import Network, NetworkError
from nra.probes.parts.addresses import MOST_ADDRESSES, ask_in_turn
from nra.probes.parts.probe import Probe, Watch, observing, stopped, voice_parameters
from nra.probes.parts.stream import MS, Grid, slots_in

INTERVAL_MS: Final = 250.0
CONNECT_NS: Final = 1_000 * MS
RESOLVE_NS: Final = 5_000 * MS


class Handshakes:
    """Columns of handshakes: when each started, when it was complete (ABSENT: never), how late it started."""

    def __init__(self) -> None:
        """Start empty."""
        self.t1_ns, self.t4_ns, self.late_ns = array("q"), array("q"), array("q")
        self.not_sent = 0


async def measure(task: Task, net: Network, watch: Watch) -> VoiceSample:
    """Measure handshakes with the first address that accepts one; raises NetworkError when none does."""
    asked = voice_parameters(task)
    address = task.target.address or await _first_accepting(net, task.target)
    interval_ns = round(INTERVAL_MS * MS)
    grid = Grid(start_ns=net.clock.now_ns() + interval_ns, interval_ns=interval_ns, slots=slots_in(asked.duration_s, INTERVAL_MS), calls=1)
    handshakes = await _shake_hands(net, watch, address, task.target.port, grid)
    if not handshakes.t1_ns:
        raise stopped("tcp round trip")
    return _sample(task, asked, address, grid, handshakes, watch.stop())


async def _first_accepting(net: Network, target: Target) -> str:
    async def accept(address: str, until_ns: int) -> None:
        connection, _ = await net.connect(address, target.port, min(until_ns, net.clock.now_ns() + 2 * CONNECT_NS))
        await connection.close()

    addresses = await net.resolve(target.host, net.clock.now_ns() + RESOLVE_NS)
    return (await ask_in_turn(net, addresses, net.clock.now_ns() + MOST_ADDRESSES * 2 * CONNECT_NS, accept)).address


async def _shake_hands(net: Network, watch: Watch, address: str, port: int, grid: Grid) -> Handshakes:
    """Start one handshake per slot; a slot during which one is still under way is not one that this workstation missed."""
    made = Handshakes()
    for slot in range(grid.total):
        due_ns = grid.due_at_ns(slot)
        if net.clock.now_ns() > due_ns:
            continue
        await net.sleep_until(due_ns)
        if watch.stop():
            break
        now_ns = net.clock.now_ns()
        if now_ns - due_ns > grid.interval_ns // 2:
            made.not_sent += 1
            continue
        made.t1_ns.append(now_ns)
        made.late_ns.append(now_ns - due_ns)
        made.t4_ns.append(await _handshake(net, address, port, now_ns))
        watch.progress((now_ns - grid.start_ns) / 1e9, (grid.end_ns - grid.start_ns) / 1e9)
    return made


async def _handshake(net: Network, address: str, port: int, now_ns: int) -> int:
    try:
        connection, elapsed_ns = await net.connect(address, port, now_ns + CONNECT_NS)
    except NetworkError:
        return ABSENT
    await connection.close()
    return now_ns + elapsed_ns


def _sample(task: Task, asked: VoiceParameters, address: str, grid: Grid, made: Handshakes, interrupted: bool) -> VoiceSample:
    count = len(made.t1_ns)
    order = np.argsort(column(made.t4_ns) == ABSENT, kind="stable")  # rows of a sample: arrivals first
    absent = column([ABSENT] * count)
    stream = StreamSample(
        call=column([0] * count),
        sequence=order.astype(np.int64),
        t1_ns=column(made.t1_ns)[order],
        t2_ns=absent,
        t3_ns=absent,
        t4_ns=column(made.t4_ns)[order],
        reflector_sequence=absent,
        ttl=absent,
        tos=absent,
        tos_up=absent,
    )
    waited = column()
    return VoiceSample(
        method="tcp",
        host=task.target.host,
        port=task.target.port,
        address=address,
        local_address="",
        interval_ms=INTERVAL_MS,
        payload_bytes=0,
        codec=asked.codec,
        dscp=0,
        calls=1,
        start_ns=grid.start_ns,
        stream=stream,
        ledgers=(CallLedger(call=0, sent=count, not_sent=made.not_sent, stateful=False, reflected=None, fates_known=False),),
        instrument=InstrumentSample(
            tx_stamps=StampKind.USER, rx_stamps=StampKind.USER, send_late_ns=column(made.late_ns), receive_delay_ns=waited, local_drops=None
        ),
        interrupted=interrupted,
        remarks=("TCP handshakes only: nothing is known of jitter, loss, order or MOS",),
    )


PROBE: Final[Probe] = observing("tcp_round_trip", measure)
