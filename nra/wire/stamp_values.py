"""What the values of STAMP TLVs mean (RFC 8972 4.1 to 4.5): one type each, with `encode`, `decode` and the TLV type it belongs to.

Each `decode` raises MalformedMessage when the length is wrong for the type.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from ipaddress import IPv4Address, IPv6Address, ip_address
from struct import Struct
from typing import ClassVar, Final, Protocol, Self

from nra.wire.errors import MalformedMessage
from nra.wire.stamp_tlv import UNRECOGNIZED, Tlv, TlvType, encode_tlvs, split_tlvs

PORTS: Final = Struct(">HH")
COUNTERS: Final = Struct(">III")
CLASS_OF_SERVICE: Final = Struct(">I")
ADDRESS_SIZE: Final = 16
MAC_SIZE: Final = 8
IPV4_SIZE: Final = 4


class Value(Protocol):
    """A typed value of a TLV."""

    TYPE: ClassVar[TlvType]

    @classmethod
    def decode(cls, value: bytes) -> Self:
        """Read the value's octets; raises MalformedMessage."""
        ...

    def encode(self) -> bytes:
        """Return the value's octets."""
        ...


def request_tlv(value: Value) -> Tlv:
    """Return the TLV with which a Session-Sender asks: U set, as RFC 8972 4 wants it of a sender."""
    return Tlv(UNRECOGNIZED, value.TYPE, value.encode())


class SyncSource(IntEnum):
    """What a clock is synchronized to (RFC 8972 4.3)."""

    NTP = 1
    PTP = 2
    SSU_BITS = 3
    GNSS_OR_OTHER = 4
    FREE_RUNNING = 5


class TimestampMethod(IntEnum):
    """Where a time stamp is taken (RFC 8972 4.3)."""

    HARDWARE = 1
    SOFTWARE = 2
    CONTROL_PLANE = 3


class LocationType(IntEnum):
    """Sub-TLVs of Location (RFC 8972 4.2.1): the sender asks with the general type, the reflector answers with a specific one."""

    SOURCE_MAC = 1
    SOURCE_EUI48 = 2
    SOURCE_EUI64 = 3
    DESTINATION_IP = 4
    DESTINATION_IPV4 = 5
    DESTINATION_IPV6 = 6
    SOURCE_IP = 7
    SOURCE_IPV4 = 8
    SOURCE_IPV6 = 9


LOCATION_QUESTIONS: Final[dict[int, int]] = {
    LocationType.SOURCE_MAC: MAC_SIZE,
    LocationType.DESTINATION_IP: ADDRESS_SIZE,
    LocationType.SOURCE_IP: ADDRESS_SIZE,
}
"""The sub-TLVs that a sender asks with, and the length each must have."""
TO_IPV4: Final = 1  # from the general address type to the specific one
TO_IPV6: Final = 2

_IPV4: Final = (LocationType.DESTINATION_IPV4, LocationType.SOURCE_IPV4)
_SOURCE: Final = (LocationType.SOURCE_IPV4, LocationType.SOURCE_IPV6)
_DESTINATION: Final = (LocationType.DESTINATION_IPV4, LocationType.DESTINATION_IPV6)


@dataclass(frozen=True, slots=True)
class ExtraPadding:
    """`size` octets of zeros (RFC 8972 4.1)."""

    TYPE: ClassVar[TlvType] = TlvType.EXTRA_PADDING
    size: int

    @classmethod
    def decode(cls, value: bytes) -> Self:
        """Read any value: padding has no form."""
        return cls(len(value))

    def encode(self) -> bytes:
        """Return the zeros."""
        return bytes(self.size)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimestampInformation:
    """How the reflector's clock is set and how it stamps what comes in and goes out; 0 in requests (RFC 8972 4.3)."""

    TYPE: ClassVar[TlvType] = TlvType.TIMESTAMP_INFORMATION
    sync_in: int = 0
    method_in: int = 0
    sync_out: int = 0
    method_out: int = 0

    @classmethod
    def decode(cls, value: bytes) -> Self:
        """Read the first four octets; a longer value is allowed."""
        if len(value) < 4:
            raise MalformedMessage(f"Timestamp Information of {len(value)} octets")
        return cls(sync_in=value[0], method_in=value[1], sync_out=value[2], method_out=value[3])

    def encode(self) -> bytes:
        """Return the four octets."""
        return bytes((self.sync_in, self.method_in, self.sync_out, self.method_out))


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassOfService:
    """`dscp1` wanted for the reply; `dscp2` and `ecn` as the reflector received them; `rp` 1 when it refused dscp1 (RFC 8972 4.4)."""

    TYPE: ClassVar[TlvType] = TlvType.CLASS_OF_SERVICE
    dscp1: int
    dscp2: int = 0
    ecn: int = 0
    rp: int = 0

    @classmethod
    def decode(cls, value: bytes) -> Self:
        """Read the four octets: 6, 6, 2 and 2 bits, 16 reserved."""
        if len(value) != CLASS_OF_SERVICE.size:
            raise MalformedMessage(f"Class of Service of {len(value)} octets")
        (bits,) = CLASS_OF_SERVICE.unpack(value)
        return cls(dscp1=bits >> 26, dscp2=bits >> 20 & 0x3F, ecn=bits >> 18 & 3, rp=bits >> 16 & 3)

    def encode(self) -> bytes:
        """Return the four octets."""
        return CLASS_OF_SERVICE.pack(self.dscp1 << 26 | self.dscp2 << 20 | self.ecn << 18 | self.rp << 16)


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectMeasurement:
    """Packets of the session: sent by the sender, received and sent by the reflector, modulo 2^32 (RFC 8972 4.5)."""

    TYPE: ClassVar[TlvType] = TlvType.DIRECT_MEASUREMENT
    sender_tx: int
    reflector_rx: int = 0
    reflector_tx: int = 0

    @classmethod
    def decode(cls, value: bytes) -> Self:
        """Read the three counters."""
        if len(value) != COUNTERS.size:
            raise MalformedMessage(f"Direct Measurement of {len(value)} octets")
        sender_tx, reflector_rx, reflector_tx = COUNTERS.unpack(value)
        return cls(sender_tx=sender_tx, reflector_rx=reflector_rx, reflector_tx=reflector_tx)

    def encode(self) -> bytes:
        """Return the three counters."""
        return COUNTERS.pack(self.sender_tx, self.reflector_rx, self.reflector_tx)


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """Where the reflector saw the packet come from and go to: the evidence of a NAT on the way (RFC 8972 4.2)."""

    TYPE: ClassVar[TlvType] = TlvType.LOCATION
    destination_port: int = 0
    source_port: int = 0
    sub_tlvs: tuple[Tlv, ...] = ()

    @classmethod
    def request(cls) -> Self:
        """Return the question for both addresses: 44 octets of value."""
        asked = (LocationType.DESTINATION_IP, LocationType.SOURCE_IP)
        return cls(sub_tlvs=tuple(Tlv(UNRECOGNIZED, kind, bytes(ADDRESS_SIZE)) for kind in asked))

    @classmethod
    def decode(cls, value: bytes) -> Self:
        """Read the ports and the sub-TLVs."""
        if len(value) < PORTS.size:
            raise MalformedMessage(f"Location of {len(value)} octets")
        destination_port, source_port = PORTS.unpack_from(value)
        return cls(destination_port=destination_port, source_port=source_port, sub_tlvs=split_tlvs(value[PORTS.size :]))

    def encode(self) -> bytes:
        """Return the ports and the sub-TLVs."""
        return PORTS.pack(self.destination_port, self.source_port) + encode_tlvs(self.sub_tlvs)

    @property
    def source_address(self) -> str | None:
        """The sender's address as the reflector saw it; None when it did not say."""
        return self._address(_SOURCE)

    @property
    def destination_address(self) -> str | None:
        """The reflector's own address as it saw it; None when it did not say."""
        return self._address(_DESTINATION)

    def _address(self, kinds: tuple[LocationType, ...]) -> str | None:
        for sub in self.sub_tlvs:
            if sub.type in kinds and not sub.flags & UNRECOGNIZED and len(sub.value) == ADDRESS_SIZE:
                return str(IPv4Address(sub.value[:IPV4_SIZE]) if sub.type in _IPV4 else IPv6Address(sub.value))
        return None


def answer_sub_tlv(asked: Tlv, addresses: Mapping[int, str | None]) -> Tlv:
    """Return what a reflector answers to one sub-TLV of Location, equally long; raises MalformedMessage (RFC 8972 4.2.2).

    `addresses` holds those for the types DESTINATION_IP and SOURCE_IP. A sender's MAC address is not seen at a UDP socket,
    for which the standard has an answer of its own: an EUI-64 of zeros. Whatever else was asked is not understood.
    """
    size = LOCATION_QUESTIONS.get(asked.type)
    if size is not None and len(asked.value) != size:
        raise MalformedMessage(f"Location sub-TLV {asked.type} of {len(asked.value)} octets")
    if asked.type == LocationType.SOURCE_MAC:
        return Tlv(0, LocationType.SOURCE_EUI64, bytes(MAC_SIZE))
    address = None if size is None else addresses.get(asked.type)
    if address is None:
        return Tlv(UNRECOGNIZED, asked.type, asked.value)
    packed = _packed(address)
    kind = asked.type + (TO_IPV4 if len(packed) == IPV4_SIZE else TO_IPV6)
    return Tlv(0, kind, packed.ljust(ADDRESS_SIZE, b"\0"))


def _packed(address: str) -> bytes:
    """An IPv4 address that came in on a socket for both families is an IPv4 address."""
    parsed = ip_address(address)
    mapped = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None
    return (mapped or parsed).packed
