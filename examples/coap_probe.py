"""Does a CoAP device answer a ping (RFC 7252)? The example of docs/adding-a-probe.md, from the octets to the list of probes."""

import random
from struct import Struct
from typing import Final

from nra.model.observation import Answer
from nra.probes import BUILTIN
from nra.probes.parts.port_check import Asking, asked_over_udp, port_check
from nra.probes.parts.probe import Probe
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

    name: Final = "CoAP ping"

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


async def ping(asking: Asking) -> Answer:
    """Ping the device; raises NetworkError."""
    return await asked_over_udp(asking, CoapQuestion(), lambda _: "CoAP Reset")


PROBE: Final[Probe] = port_check("coap_ping", ping)

PROBES: Final[tuple[Probe, ...]] = (*BUILTIN, PROBE)
