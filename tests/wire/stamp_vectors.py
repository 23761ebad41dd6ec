"""The golden STAMP exchange of tests/vectors/stamp.toml, as values and as octets."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from nra.wire.stamp import ReflectorPacket, SenderPacket


@dataclass(frozen=True, slots=True, kw_only=True)
class Golden:
    """One exchange; `tlvs` belong behind the sender's packet."""

    key: bytes
    t1_ns: int
    t2_ns: int
    t3_ns: int
    sender: SenderPacket
    reflector: ReflectorPacket
    sender_octets: bytes
    reflector_octets: bytes
    sender_hmac: bytes
    reflector_hmac: bytes
    tlvs: bytes


def _read() -> Golden:
    vectors = Path(__file__).parents[1] / "vectors" / "stamp.toml"
    document = tomllib.loads(vectors.read_text(encoding="utf-8"))
    fields, packets = document["fields"], {name: bytes.fromhex(octets) for name, octets in document["packets"].items()}
    common = fields["error_estimate"], fields["ssid"]
    return Golden(
        key=bytes.fromhex(document["key"]),
        t1_ns=document["t1_ns"],
        t2_ns=document["t2_ns"],
        t3_ns=document["t3_ns"],
        sender=SenderPacket(fields["sender_sequence"], fields["sender_timestamp"], *common),
        reflector=ReflectorPacket(
            fields["reflector_sequence"],
            fields["reflector_timestamp"],
            *common,
            fields["receive_timestamp"],
            fields["sender_sequence"],
            fields["sender_timestamp"],
            fields["error_estimate"],
            fields["ttl"],
        ),
        sender_octets=packets["sender"],
        reflector_octets=packets["reflector"],
        sender_hmac=packets["sender_hmac"],
        reflector_hmac=packets["reflector_hmac"],
        tlvs=packets["tlvs"],
    )


GOLDEN = _read()
