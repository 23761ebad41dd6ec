"""An observation: what happened when a task was carried out; a value or a failure, never an opinion."""

from dataclasses import dataclass, field
from enum import StrEnum

from nra.model.failure import Failure
from nra.model.plan import Task
from nra.model.responder import Announcement
from nra.model.sample import VoiceSample


class PortState(StrEnum):
    """What became of the question put to a port (contract 4.4)."""

    OPEN = "open"
    REFUSED = "refused"
    NO_ANSWER = "no_answer"
    NO_RESPONDER = "no_responder"
    DNS_FAILED = "dns_failed"
    TLS_INTERCEPTED = "tls_intercepted"
    UNREACHABLE = "unreachable"


class Trust(StrEnum):
    """What a TLS chain was verified against, the strictest that held."""

    PIN = "pin"  # the very key that was expected
    PUBLIC = "public"  # the public roots that come with the program
    SYSTEM = "system"  # the workstation's own store alone: somebody installed that root here


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """What became of another address of the same host: `said` after `elapsed_ms` (TLS: under which `trust`), or a failure."""

    address: str
    said: str | None = None
    elapsed_ms: float | None = None
    trust: Trust | None = None
    failure: Failure | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A port answered in the right protocol: from which address, after how long, and what it said of itself.

    `status` is known of HTTP, `issuer` and `trust` of TLS; `elsewhere` tells of the host's other addresses that were asked.
    `local_address` is where this workstation connected from, known of TCP.
    """

    address: str
    elapsed_ms: float
    said: str
    tries: int = 1
    status: int | None = None
    issuer: str | None = None
    trust: Trust | None = None
    elsewhere: tuple[Elsewhere, ...] = ()
    local_address: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """Where one STUN server saw a socket of ours: its own address and port, and those that it saw."""

    server: str
    server_port: int
    address: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Mappings:
    """One local socket as several STUN servers saw it, in the order in which they were asked."""

    local_address: str
    local_port: int
    seen: tuple[Mapped, ...]


Value = VoiceSample | Answer | Announcement | Mappings


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What came of one task: `value` or `failure`, one of them; times are monotonic nanoseconds."""

    task: Task
    started_ns: int
    ended_ns: int
    value: Value | None = None
    failure: Failure | None = None
