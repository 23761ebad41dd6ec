"""The payload of our probes against a UDP echo service, which returns it octet for octet.

0 magic "nraE"    4 nonce of the run u32    8 call u16    10 sequence u32    14 time of sending u64, ns    22 zeros to the size
"""

from dataclasses import dataclass
from struct import Struct
from typing import Final

from nra.wire.errors import MalformedMessage

MAGIC: Final = b"nraE"
HEAD: Final = Struct(">4sIHIQ")
MIN_SIZE: Final = HEAD.size


@dataclass(frozen=True, slots=True)
class EchoProbe:
    """One probe: the nonce keeps the echoes of other runs out, `sent_ns` is the sender's own clock."""

    nonce: int
    call: int
    sequence: int
    sent_ns: int


def encode_echo(probe: EchoProbe, size: int) -> bytes:
    """Return the payload, `size` octets long; raises ValueError below 22."""
    if size < MIN_SIZE:
        raise ValueError(f"an echo probe needs {MIN_SIZE} octets, not {size}")
    return HEAD.pack(MAGIC, probe.nonce, probe.call, probe.sequence, probe.sent_ns).ljust(size, b"\0")


def decode_echo(data: bytes) -> EchoProbe:
    """Read what came back; raises MalformedMessage for anything that is no probe of ours."""
    if len(data) < MIN_SIZE or not data.startswith(MAGIC):
        raise MalformedMessage(f"{len(data)} octets are no echo of ours")
    _, nonce, call, sequence, sent_ns = HEAD.unpack_from(data)
    return EchoProbe(nonce, call, sequence, sent_ns)
