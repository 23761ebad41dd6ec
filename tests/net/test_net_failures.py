"""Every error of the system has one kind; what nobody foresaw is the workstation's own."""

import errno
import os
import socket
import ssl

import pytest

from nra.model.failure import FailureKind
from nra.net.failures import classify, network_error, no_answer, system_words, unsent


def certificate_error(code: int) -> ssl.SSLCertVerificationError:
    """Return a verification error as OpenSSL's binding raises it."""
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code, error.verify_message = code, "self-signed certificate"
    return error


CASES: list[tuple[OSError, FailureKind]] = [
    (ConnectionRefusedError(errno.ECONNREFUSED, "refused"), FailureKind.REFUSED),
    (OSError(10061, "refused, as Winsock counts"), FailureKind.REFUSED),
    (OSError(errno.ENOPROTOOPT, "ICMP protocol unreachable"), FailureKind.REFUSED),
    (ConnectionResetError(errno.ECONNRESET, "reset"), FailureKind.RESET),
    (ConnectionResetError(), FailureKind.RESET),
    (ConnectionAbortedError(), FailureKind.RESET),
    (ConnectionAbortedError("SSL handshake is taking longer"), FailureKind.RESET),
    (BrokenPipeError(errno.EPIPE, "pipe"), FailureKind.RESET),
    (OSError(10054, "reset, as Winsock counts"), FailureKind.RESET),
    (PermissionError(errno.EPERM, "own firewall"), FailureKind.BARRED),
    (PermissionError(10013, "own firewall, as Winsock counts"), FailureKind.BARRED),
    (PermissionError(errno.EACCES, "ICMPv6 prohibited"), FailureKind.PROHIBITED),
    (OSError(errno.ENETUNREACH, "no route"), FailureKind.UNREACHABLE),
    (OSError(errno.EHOSTUNREACH, "no host"), FailureKind.UNREACHABLE),
    (OSError(errno.EHOSTDOWN, "host down"), FailureKind.UNREACHABLE),
    (OSError(errno.ENETDOWN, "down"), FailureKind.UNREACHABLE),
    (OSError(errno.EADDRNOTAVAIL, "no such address here"), FailureKind.UNREACHABLE),
    (OSError(10051, "no route, as Winsock counts"), FailureKind.UNREACHABLE),
    (TimeoutError(), FailureKind.NO_ANSWER),
    (OSError(errno.ETIMEDOUT, "timed out"), FailureKind.NO_ANSWER),
    (OSError(10060, "timed out, as Winsock counts"), FailureKind.NO_ANSWER),
    (socket.gaierror(socket.EAI_NONAME, "unknown"), FailureKind.NAME_NOT_FOUND),
    (socket.gaierror(socket.EAI_AGAIN, "try again"), FailureKind.NAME_UNRESOLVED),
    (socket.gaierror(socket.EAI_FAIL, "failed"), FailureKind.NAME_UNRESOLVED),
    (certificate_error(18), FailureKind.TLS_UNTRUSTED),
    (certificate_error(62), FailureKind.TLS_UNTRUSTED),
    (certificate_error(9), FailureKind.TLS_FAILED),
    (certificate_error(10), FailureKind.TLS_FAILED),
    (ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number"), FailureKind.TLS_FAILED),
    (ssl.SSLEOFError(8, "EOF occurred in violation of protocol"), FailureKind.TLS_FAILED),
    (OSError(errno.ENOBUFS, "no buffer"), FailureKind.LOCAL),
    (OSError(errno.EMFILE, "too many open files"), FailureKind.LOCAL),
    (OSError("of no number"), FailureKind.LOCAL),
    (OSError(), FailureKind.LOCAL),
]


@pytest.mark.parametrize(("error", "kind"), CASES, ids=[f"{type(error).__name__}-{kind}" for error, kind in CASES])
def test_each_error_has_its_kind(error: OSError, kind: FailureKind) -> None:
    """The closed list of model/failure.py; the detail is never empty, the operation is kept."""
    failure = classify(error, "connect")
    assert (failure.kind, failure.operation) == (kind, "connect")
    assert failure.detail


def test_the_exception_carries_its_failure() -> None:
    """Whoever catches it needs no error number."""
    error = network_error(ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"), "send")
    assert error.failure.kind is FailureKind.REFUSED
    assert str(error) == "send: refused (Connection refused)"
    assert no_answer("connect", "no answer to SYN").failure.kind is FailureKind.NO_ANSWER


def test_what_the_system_refuses_by_itself_has_no_route() -> None:
    """Nothing was sent: an unreachable network or host then means that this workstation knows no way; other errors stay as they are."""
    failure = unsent(OSError(errno.ENETUNREACH, "Network is unreachable"), "open")
    assert (failure.kind, failure.detail) == (FailureKind.UNREACHABLE, "no route (Network is unreachable)")
    assert unsent(OSError(10065, "host"), "open").detail == "no route (host)"
    assert unsent(PermissionError(errno.EACCES, "prohibited"), "open").detail == "prohibited"


def test_the_system_s_words_for_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """The C library's, except for Winsock's numbers, of which it knows nothing."""
    assert system_words(errno.ECONNREFUSED) == os.strerror(errno.ECONNREFUSED)
    monkeypatch.setattr(socket, "errorTab", {10061: "Connection refused."}, raising=False)
    assert system_words(10061) == "Connection refused"
    assert system_words(errno.EACCES) == os.strerror(errno.EACCES)
