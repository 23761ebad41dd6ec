"""Does a CoAP device answer a ping (RFC 7252)? The example of docs/adding-a-probe.md, from the octets to the list of probes."""

import random
from struct import Struct
from typing import Final

from nra.model.observation import Answer
from nra.model.plan import Task
from nra.net.ports import Network
from nra.probes import BUILTIN
from nra.probes.parts.inquiry import first_answering
from nra.probes.parts.probe import Probe, Watch, check_parameters, observing
from nra.wire.errors import MalformedMessage

MESSAGE: Final = Struct(">BBH")  # RFC 7252 3: version, type and token length in one octet; code; message ID
PING: Final = 0x40  # version 1, Confirmable (type 0), no token: with code 0.00 an Empty message, "CoAP ping" (4.3)
RESET: Final = 0x70  # version 1, Reset (type 3), no token: the only answer to a ping
EMPTY: Final = 0
IDS: Final = 1 << 16


def encode_ping(message_id: int) -> bytes:
    """Return an Empty Confirmable message, which provokes a Reset (RFC 7252 4.3)."""
    return MESSAGE.pack(PING, EMPTY, message_id)


def decode_reset(data: bytes) -> int:
    """Return the message ID that a Reset refuses; raises MalformedMessage, also for what follows an Empty message (RFC 7252 4.1)."""
    if len(data) != MESSAGE.size:
        raise MalformedMessage(f"{len(data)} octets where a Reset has {MESSAGE.size}")
    first, code, message_id = MESSAGE.unpack(data)
    if (first, code) != (RESET, EMPTY):
        raise MalformedMessage(f"octets {first:#04x} {code:#04x} do not begin a Reset")
    return int(message_id)


class CoapQuestion:
    """Each try has a message ID of its own, so that a late answer is timed from its own question."""

    def __init__(self) -> None:
        """Nothing asked yet."""
        self._asked_ns: dict[int, int] = {}

    def ask(self, now_ns: int) -> bytes:
        """Return a ping."""
        message_id = random.randrange(IDS)
        self._asked_ns[message_id] = now_ns
        return encode_ping(message_id)

    def understand(self, payload: bytes) -> tuple[int, int] | None:
        """Return the ID of one of our pings that was answered and when that was sent, None for anything else."""
        try:
            message_id = decode_reset(payload)
        except MalformedMessage:
            return None
        asked_ns = self._asked_ns.get(message_id)
        return None if asked_ns is None else (message_id, asked_ns)


async def ping(task: Task, net: Network, watch: Watch) -> Answer:
    """Ping the device; raises NetworkError."""
    deadline_ns = net.clock.now_ns() + round(check_parameters(task).deadline_s * 1e9)
    addresses = await net.resolve(task.target.host, deadline_ns)
    address, _, inquiry = await first_answering(net, watch, addresses, task.target.port, CoapQuestion, deadline_ns=deadline_ns)
    return Answer(address=address, elapsed_ms=inquiry.elapsed_ms, said="CoAP Reset", tries=inquiry.tries)


PROBE: Final[Probe] = observing("coap_ping", ping)

PROBES: Final[tuple[Probe, ...]] = (*BUILTIN, PROBE)
