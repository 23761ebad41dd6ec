"""Announcement: our own TLV, type 251 of the experimental range (RFC 8972 5.1).

With it a sender asks a reflector which ports it opened for firewall checks, so that silence at a port where nobody listens is
not taken for a firewall. The request brings zeros where the ports go: the reply is never larger.

 0 magic "nraA"    4 state u8 (0 asked, 1 no responders here, 2 responders)    5 octets of the pin u8 (0 or 32)
 6 ports given u16    8 ports in all u32, more than given when the room was too small
12 pin: SHA-256 of the SubjectPublicKeyInfo that the TLS ports show
44 ports of 4 octets: IP protocol u8 (6 TCP, 17 UDP), reserved u8, port u16
"""

from dataclasses import dataclass
from struct import Struct
from typing import ClassVar, Final, Self

from nra.model.responder import Announcement
from nra.wire.errors import MalformedMessage
from nra.wire.stamp_tlv import TlvType

MAGIC: Final = b"nraA"
PIN_SIZE: Final = 32
HEAD: Final = Struct(f">4sBBHI{PIN_SIZE}s")
PORT: Final = Struct(">BxH")
ROOM: Final = 64
"""Ports that a question has room for unless it says otherwise: twice what we open, in 348 octets (authenticated: 436)."""
ASKED: Final = 0
NO_RESPONDERS: Final = 1
RESPONDERS: Final = 2
NUMBERS: Final = {"TCP": 6, "UDP": 17}  # IANA "Protocol Numbers"
WORDS: Final = {number: word for word, number in NUMBERS.items()}


@dataclass(frozen=True, slots=True)
class AnnouncementRequest:
    """The question which ports are open, with room for `room` of them."""

    TYPE: ClassVar[TlvType] = TlvType.ANNOUNCEMENT
    room: int = ROOM

    @classmethod
    def decode(cls, value: bytes) -> Self:
        """Read a question; raises MalformedMessage, also when its room is none for whole ports."""
        _check_head(value)
        room, rest = divmod(len(value) - HEAD.size, PORT.size)
        if rest:
            raise MalformedMessage(f"Announcement with {rest} octets after room for {room} ports")
        return cls(room)

    def encode(self) -> bytes:
        """Return the value's octets."""
        return HEAD.pack(MAGIC, ASKED, 0, 0, 0, b"") + bytes(self.room * PORT.size)

    def answer(self, announcement: Announcement | None) -> bytes:
        """Return the answer's value, as long as the question: as many ports as it has room for; None is "no responders here"."""
        if announcement is None:
            return HEAD.pack(MAGIC, NO_RESPONDERS, 0, 0, 0, b"") + bytes(self.room * PORT.size)
        pin = bytes.fromhex(announcement.pin or "")
        given = announcement.ports[: self.room]
        octets = b"".join(PORT.pack(NUMBERS[protocol], port) for protocol, port in given)
        head = HEAD.pack(MAGIC, RESPONDERS, len(pin), len(given), len(announcement.ports), pin)
        return head + octets.ljust(self.room * PORT.size, b"\0")


@dataclass(frozen=True, slots=True)
class AnnouncementReply:
    """What a reflector says of its responders, None that it has none; `in_all` ports are open, of which the announcement may lack some."""

    TYPE: ClassVar[TlvType] = TlvType.ANNOUNCEMENT
    announcement: Announcement | None
    in_all: int

    @property
    def is_cut(self) -> bool:
        """Tell whether there was no room for all ports: asking again with room for `in_all` brings them."""
        return self.announcement is not None and len(self.announcement.ports) < self.in_all

    @classmethod
    def decode(cls, value: bytes) -> Self:
        """Read an answer; raises MalformedMessage, also for a question that came back as it was."""
        _check_head(value)
        _, state, pin_size, given, in_all, pin = HEAD.unpack_from(value)
        end = HEAD.size + given * PORT.size
        if pin_size not in (0, PIN_SIZE) or given > in_all or end > len(value):
            raise MalformedMessage(f"Announcement of {given} ports of {in_all} in {len(value)} octets, a pin of {pin_size}")
        if state == NO_RESPONDERS and in_all == 0:
            return cls(None, 0)
        if state != RESPONDERS:
            raise MalformedMessage(f"Announcement in state {state} with {in_all} ports")
        ports = tuple(_port(*fields) for fields in PORT.iter_unpack(value[HEAD.size : end]))
        return cls(Announcement(pin.hex() if pin_size else None, ports), in_all)


def is_ours(value: bytes) -> bool:
    """Tell our Announcement from what other experiments send as type 251."""
    return value.startswith(MAGIC)


def _check_head(value: bytes) -> None:
    if len(value) < HEAD.size or not is_ours(value):
        raise MalformedMessage("no Announcement")


def _port(number: int, port: int) -> tuple[str, int]:
    if number not in WORDS or port == 0:
        raise MalformedMessage(f"Announcement of port {port} of IP protocol {number}")
    return WORDS[number], port
