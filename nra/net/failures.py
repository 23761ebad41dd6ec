"""From the system's error numbers to the closed list of failure kinds."""

import errno
import os
import socket
import ssl
from dataclasses import replace
from typing import Final

from nra.model.failure import Failure, FailureKind
from nra.net.ports import NetworkError

# Windows reports Winsock numbers (WSAE...) where POSIX has errno; both stand side by side.
KIND_BY_ERRNO: Final[dict[int, FailureKind]] = {
    errno.ECONNREFUSED: FailureKind.REFUSED,
    10061: FailureKind.REFUSED,
    errno.ECONNRESET: FailureKind.RESET,
    10054: FailureKind.RESET,
    errno.EPIPE: FailureKind.RESET,
    errno.ECONNABORTED: FailureKind.RESET,
    10053: FailureKind.RESET,
    errno.ENOPROTOOPT: FailureKind.REFUSED,  # ICMP protocol unreachable
    errno.EACCES: FailureKind.PROHIBITED,
    errno.EPERM: FailureKind.BARRED,
    10013: FailureKind.BARRED,
    errno.ENETUNREACH: FailureKind.UNREACHABLE,
    10051: FailureKind.UNREACHABLE,
    errno.EHOSTUNREACH: FailureKind.UNREACHABLE,
    10065: FailureKind.UNREACHABLE,
    errno.EHOSTDOWN: FailureKind.UNREACHABLE,
    errno.ENETDOWN: FailureKind.UNREACHABLE,
    10050: FailureKind.UNREACHABLE,
    errno.EADDRNOTAVAIL: FailureKind.UNREACHABLE,
    10049: FailureKind.UNREACHABLE,
    errno.ETIMEDOUT: FailureKind.NO_ANSWER,
    10060: FailureKind.NO_ANSWER,
}

NO_ROUTE: Final = (errno.ENETUNREACH, errno.EHOSTUNREACH, 10051, 10065)

# Not yet valid, no longer valid (openssl/x509_vfy.h): more often this workstation's clock is wrong than a certificate forged.
OUT_OF_DATE: Final = (9, 10)

NO_SUCH_NAME: Final = {getattr(socket, name) for name in ("EAI_NONAME", "EAI_NODATA") if hasattr(socket, name)}


def system_words(number: int) -> str:
    """Return what the system calls an error number; Windows keeps the words for Winsock's apart from those of its C library."""
    winsock: dict[int, str] = getattr(socket, "errorTab", {})
    return winsock.get(number, "").rstrip(".") or os.strerror(number)


def classify(error: OSError, operation: str) -> Failure:
    """Return the failure that an operating system error amounts to."""
    detail = error.strerror or str(error) or type(error).__name__
    if isinstance(error, TimeoutError):
        return Failure(kind=FailureKind.NO_ANSWER, operation=operation, detail=detail)
    if isinstance(error, ssl.SSLCertVerificationError):
        kind = FailureKind.TLS_FAILED if error.verify_code in OUT_OF_DATE else FailureKind.TLS_UNTRUSTED
        return Failure(kind=kind, operation=operation, detail=error.verify_message)
    if isinstance(error, ssl.SSLError):
        return Failure(kind=FailureKind.TLS_FAILED, operation=operation, detail=getattr(error, "reason", None) or detail)
    if isinstance(error, socket.gaierror):
        kind = FailureKind.NAME_NOT_FOUND if error.errno in NO_SUCH_NAME else FailureKind.NAME_UNRESOLVED
        return Failure(kind=kind, operation=operation, detail=detail)
    kind = KIND_BY_ERRNO.get(error.errno or 0, FailureKind.LOCAL)
    if kind is FailureKind.LOCAL and isinstance(error, ConnectionError):  # asyncio raises these without a number
        kind = FailureKind.RESET
    return Failure(kind=kind, operation=operation, detail=detail)


def unsent(error: OSError, operation: str) -> Failure:
    """Return the failure of a call that the system refused by itself, no packet having come back: what is unreachable has no route."""
    failure = classify(error, operation)
    return replace(failure, detail=f"no route ({failure.detail})") if error.errno in NO_ROUTE else failure


def network_error(error: OSError, operation: str) -> NetworkError:
    """Return the exception that carries the classified error."""
    return NetworkError(classify(error, operation))


def no_answer(operation: str, detail: str) -> NetworkError:
    """Return the exception for silence until a deadline."""
    return NetworkError(Failure(kind=FailureKind.NO_ANSWER, operation=operation, detail=detail))
