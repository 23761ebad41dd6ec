"""Voice in QUIC: the same STAMP packets in DATAGRAM frames (RFC 9221), for networks that let only UDP 443 pass.

QUIC acknowledges them and reckons by that what the path bears: what its congestion control holds back counts as not sent.
"""

import random
from typing import Final

from nra.model.plan import ControlAccess, Task
from nra.model.sample import VoiceSample
from nra.net.ports import ControlLine, Network
from nra.probes.parts.addresses import LEAST_NS, MOST_ADDRESSES, ask_in_turn
from nra.probes.parts.control_session import OPENING_NS, RECORD_NS, complete
from nra.probes.parts.inquiry import RESOLVE_NS
from nra.probes.parts.probe import Probe, Watch, observing, voice_parameters
from nra.probes.parts.stamp_closing import Closing
from nra.probes.parts.stamp_dialect import SSIDS, PacketForm, StampDialect
from nra.probes.parts.stamp_stream import Course, Found, measured
from nra.wire.control import MOST_DATAGRAM_BYTES, Over

METHOD: Final = "quic"
HELD_BACK: Final = "its congestion control held them back, or its rate limit"
MOST_PAYLOAD_BYTES: Final = MOST_DATAGRAM_BYTES


async def measure(task: Task, net: Network, watch: Watch) -> VoiceSample:
    """Open the control channel, send the stream beside it, close it, and ask for its record; raises NetworkError."""
    asked = voice_parameters(task)
    if asked.control is None:
        raise TypeError(f"{task.probe} needs access to a control channel")
    first = random.randint(1, SSIDS - asked.calls + 1)
    dialect = StampDialect(PacketForm.of(asked.payload_bytes, None), asked.dscp, tuple(range(first, first + asked.calls)))
    address, line = await _line(task, net, asked.control, asked.dscp)

    async def evidence(closing: Closing) -> Found:
        return await complete(line, dialect, closing, Over.QUIC, net.clock.now_ns() + RECORD_NS)

    try:
        course = Course(
            task=task, asked=asked, address=address, dialect=dialect, port=line.datagrams(), method=METHOD, why_refused=HELD_BACK
        )
        return await measured(course, net, watch, evidence)
    finally:
        line.close()


async def _line(task: Task, net: Network, access: ControlAccess, dscp: int) -> tuple[str, ControlLine]:
    """Return the address that is known to answer, else the first that does, and the way to it; raises NetworkError for each."""

    async def ask(address: str, until_ns: int) -> ControlLine:
        return await net.open_quic(address, access, task.target.host, until_ns, dscp=dscp)

    if task.target.address is not None:
        return task.target.address, await ask(task.target.address, net.clock.now_ns() + OPENING_NS)
    addresses = await net.resolve(task.target.host, net.clock.now_ns() + RESOLVE_NS)
    found = await ask_in_turn(net, addresses, net.clock.now_ns() + MOST_ADDRESSES * LEAST_NS, ask)
    return found.address, found.value


PROBE: Final[Probe] = observing("quic_stream", measure)
