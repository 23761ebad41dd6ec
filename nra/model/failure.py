"""A failed measurement is a result: a closed list of kinds, the operation, and the raw detail."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

UNKNOWN_KEY: Final = "the reflector does not know this key"
"""The detail of a failure where the reflector itself, known by its pin, said so over its control channel: by STAMP it is silent."""


class FailureKind(StrEnum):
    """Why an operation did not come to a value."""

    NO_ANSWER = "no_answer"  # silence until the deadline
    REFUSED = "refused"  # RST or ICMP port unreachable: reached, and nobody listens or a firewall rejects
    PROHIBITED = "prohibited"  # ICMP administratively prohibited (over IPv6 the system calls that EACCES)
    BARRED = "barred"  # this workstation's own firewall or security software let nothing out (EPERM, WSAEACCES)
    UNREACHABLE = "unreachable"  # no route to network or host
    NAME_NOT_FOUND = "name_not_found"  # the resolver answered that there is no such name
    NAME_UNRESOLVED = "name_unresolved"  # the resolver failed or did not answer
    RESET = "reset"  # an established connection was cut
    WRONG_PROTOCOL = "wrong_protocol"  # something answered, but not in the protocol that was asked for
    TLS_UNTRUSTED = "tls_untrusted"  # the certificate chain does not verify
    TLS_FAILED = "tls_failed"  # the handshake failed for another reason
    LOCAL = "local"  # this workstation could not do it (no socket, no buffer, no such address)
    STOPPED = "stopped"  # the user interrupted


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One operation that failed: which kind, doing what, what the system or the peer said.

    `address` is the one that was asked, `by` the one that reported the failure (the source of an ICMP error); None where not known.
    """

    kind: FailureKind
    operation: str
    detail: str
    by: str | None = None
    address: str | None = None
