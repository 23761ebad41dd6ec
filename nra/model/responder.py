"""What `nra reflect --responders` opens, as data: the reflector listens there, says so, and a run asks there."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Responder:
    """One port of a host with responders: `service` for people, `ask` as in the catalogue ("none": no check asks it)."""

    port: int
    protocol: str
    service: str
    ask: str


@dataclass(frozen=True, slots=True)
class Announcement:
    """What a reflector says of its responders: the SHA-256 of its TLS key (SubjectPublicKeyInfo, hex), the ports it really opened.

    `pin` is None where it shows no certificate. `ports` are ("UDP" or "TCP", port), its own among them; none where no responders run.
    """

    pin: str | None
    ports: tuple[tuple[str, int], ...]


MEDIA_PORTS: Final = (
    *range(16384, 65536, 4096),  # both ends of the range and steps between them
    20862,  # where voice is measured unless told otherwise
    32767,  # about the end of the range before 2024-12-07, which old rules still have
    32769,
    49151,  # about the beginning of the dynamic ports (RFC 6335 6)
    65535,
)
"""Which ports stand for the media range 16384-65535 (UDP): what all of them let pass, a rule for the range lets pass."""

RESPONDERS: Final = (
    Responder(port=53, protocol="UDP", service="DNS", ask="dns"),
    Responder(port=53, protocol="TCP", service="DNS", ask="dns_tcp"),
    Responder(port=80, protocol="TCP", service="HTTP", ask="http"),
    Responder(port=123, protocol="UDP", service="NTP", ask="ntp"),
    Responder(port=443, protocol="TCP", service="HTTPS", ask="tls"),
    Responder(port=443, protocol="UDP", service="QUIC", ask="quic_version"),
    Responder(port=3478, protocol="UDP", service="STUN", ask="stun"),
    Responder(port=3478, protocol="TCP", service="STUN", ask="stun_tcp"),
    Responder(port=5060, protocol="UDP", service="SIP", ask="sip"),
    Responder(port=5060, protocol="TCP", service="SIP", ask="sip_tcp"),
    Responder(port=5061, protocol="TCP", service="SIP over TLS", ask="tls"),
    Responder(port=7770, protocol="UDP", service="echo", ask="none"),
    Responder(port=8060, protocol="UDP", service="SIP", ask="sip"),
    Responder(port=8060, protocol="TCP", service="SIP", ask="sip_tcp"),
    Responder(port=8061, protocol="TCP", service="SIP over TLS", ask="tls"),
    Responder(port=19302, protocol="UDP", service="STUN", ask="stun"),
    *(Responder(port=port, protocol="UDP", service="STAMP", ask="stamp") for port in sorted(MEDIA_PORTS)),
)
"""All of them; 16384-65535 by its samples."""
