"""What we intend to measure (LMAP, RFC 7594: a task is a probe, a target and its parameters)."""

from dataclasses import dataclass
from typing import Final

from nra.model.load import Burden
from nra.model.region import Service, Side

CONTROL_PORT: Final = 443
"""Where a reflector's control channel is unless told otherwise: a UDP port that networks open for HTTP/3."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A host to measure against; the address is known only once the name was resolved."""

    host: str
    port: int
    address: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlAccess:
    """How to come to a reflector's control channel: its UDP port, the SHA-256 of its TLS key in hex, and the user's own key."""

    port: int
    pin: str
    key: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadOrder:
    """A load to generate against the reflector at an address: which way, for how long, and at most how many octets each way."""

    address: str
    host: str
    access: ControlAccess
    burden: Burden
    seconds: int
    octets: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceParameters:
    """How a voice stream is sent: `payload_bytes` is the UDP payload, `key` the STAMP HMAC key or None, `ssid` all calls' or None."""

    duration_s: float
    interval_ms: float
    codec: str
    payload_bytes: int
    calls: int
    dscp: int
    key: bytes | None = None
    ssid: int | None = None  # None: each call draws its own
    patience_s: float = 2.0
    control: ControlAccess | None = None  # None: nothing is asked beside the stream


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckParameters:
    """How a port is asked: tries spread over at least 400 ms, all of it over before `deadline_s`."""

    deadline_s: float = 5.0
    tries: int = 4
    server_name: str | None = None
    path: str = "/"  # of an HTTP question
    key: bytes | None = None
    ssid: int | None = None  # that the key is good for; None: any
    pin: str | None = None  # SHA-256 of the SubjectPublicKeyInfo that must be shown, in hex
    control: ControlAccess | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NatParameters:
    """How a NAT is asked about: one local socket to several STUN servers, two answers are enough, all of it over before `deadline_s`."""

    servers: tuple[Target, ...]
    deadline_s: float = 6.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One thing to measure: the probe's name, the target and the probe's parameters."""

    probe: str
    target: Target
    parameters: VoiceParameters | CheckParameters | NatParameters


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One way to measure voice: `why` says why it is taken, or why it cannot be (then `task` is None).

    `question` is asked beforehand, side by side with those of all other rungs: is anybody there?
    """

    method: str
    task: Task | None
    why: str
    question: Task | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PortQuestion:
    """One row of the Firewall column: no task where nobody is known who would answer, several where samples stand for a range.

    `sure` is False where it is not known whether anybody answers there: an answer proves the port open, silence proves nothing.
    """

    service: Service
    tasks: tuple[Task, ...]
    at: Side = Side.SERVICE
    sure: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class FarEnd:
    """The user's own reflector: where to ask which responders it has opened, what to ask of these, and whether its host lives at all."""

    announcement: tuple[Task, ...]
    rows: tuple[PortQuestion, ...]
    alive: tuple[Task, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All that a run intends.

    `voice` is the ladder of methods, best first; `control` whom to ask when all is silent; `surroundings` what else is looked at so
    that the column can be understood: NAT, a captive portal.
    """

    voice: tuple[Rung, ...]
    ports: tuple[PortQuestion, ...]
    far_end: FarEnd | None = None
    surroundings: tuple[Task, ...] = ()
    control: Task | None = None
