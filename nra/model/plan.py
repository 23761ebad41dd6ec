"""What we intend to measure (LMAP, RFC 7594: a task is a probe, a target and its parameters)."""

from dataclasses import dataclass

from nra.model.region import Service


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A host to measure against; the address is known only once the name was resolved."""

    host: str
    port: int
    address: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceParameters:
    """How a voice stream is sent: `payload_bytes` is the UDP payload, `key` the STAMP HMAC key or None."""

    duration_s: float
    interval_ms: float
    codec: str
    payload_bytes: int
    calls: int
    dscp: int
    key: bytes | None = None
    patience_s: float = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckParameters:
    """How a port is asked: tries spread over at least 400 ms, all of it over before `deadline_s`."""

    deadline_s: float = 5.0
    tries: int = 4
    server_name: str | None = None
    key: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One thing to measure: the probe's name, the target and the probe's parameters."""

    probe: str
    target: Target
    parameters: VoiceParameters | CheckParameters


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One way to measure voice: `why` says why it is taken, or why it cannot be (then `task` is None)."""

    method: str
    task: Task | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PortQuestion:
    """One row of the Firewall column: `task` is None where nobody is known who would answer."""

    service: Service
    task: Task | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All that a run intends: the ladder of voice methods, best first, the questions to ports, and whom to ask when all is silent."""

    voice: tuple[Rung, ...]
    ports: tuple[PortQuestion, ...]
    control: Task | None = None
