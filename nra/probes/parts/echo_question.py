"""The question whether a beacon that returns each packet is there."""

from dataclasses import dataclass
from typing import Final

from nra.wire.beacon import EchoProbe, decode_echo, encode_echo
from nra.wire.errors import MalformedMessage

OPENING_CALL: Final = 0xFFFF


def read_echo(payload: bytes, nonce: int) -> EchoProbe | None:
    """Return our own probe as it came back, None for anything else."""
    try:
        probe = decode_echo(payload)
    except MalformedMessage:
        return None
    return probe if probe.nonce == nonce else None


@dataclass(frozen=True, slots=True)
class EchoQuestion:
    """Is there an echo at all: probes of no call, `size` octets each."""

    nonce: int
    size: int

    @property
    def name(self) -> str:
        """What evidence calls one try."""
        return "echo request"

    def ask(self, now_ns: int) -> bytes:
        """Return a probe of no call."""
        return encode_echo(EchoProbe(self.nonce, OPENING_CALL, 0, now_ns), self.size)

    def understand(self, payload: bytes) -> tuple[EchoProbe, int] | None:
        """Return our probe and when it was sent."""
        probe = read_echo(payload, self.nonce)
        return None if probe is None else (probe, probe.sent_ns)
