"""Whose roots verify the certificate of a QUIC server: the public ones that come with the program, then the system's (see trust.py).

aioquic would verify during the handshake, against one set of roots, and a second handshake would cost a second round trip. So the
handshake takes any certificate, sends no application data, and aioquic's own check is asked afterwards. That the server has the
key is proven in any case (CertificateVerify, RFC 8446 4.4.3).
"""

import ssl
import sys
from typing import TYPE_CHECKING, Any, Final

from nra.model.failure import Failure, FailureKind
from nra.model.observation import Trust
from nra.net.ports import NetworkError
from nra.net.trust import issued_by, public_roots

if TYPE_CHECKING:
    from aioquic.quic.connection import QuicConnection
    from aioquic.tls import Alert

OPERATION: Final = "quic handshake"
UNTRUSTED: Final = (42, 46, 48)  # bad_certificate, certificate_unknown, unknown_ca, RFC 8446 6; 45 is out of date: mostly our own clock

MISMATCH: Final = "doesn't match"  # of the library that compares names, whose words are its own objects' innards


def verified(connection: "QuicConnection", server_name: str) -> Trust:
    """Return whose roots verify the server's chain, with its name and dates; raises NetworkError, which names the issuer."""
    shown = peer_certificate(connection)
    try:
        refused = _refused(connection, server_name, {"cafile": public_roots()})
    except Exception as error:
        raise NetworkError(defect(error)) from error
    if refused is None:
        return Trust.PUBLIC
    untried = ""
    try:
        second = _refused(connection, server_name, system_roots())
    except Exception as error:  # noqa: BLE001 - a store that cannot be read trusts nobody
        untried = f"; the system's own roots could not be tried ({type(error).__name__}: {error})"
    else:
        if second is None:
            return Trust.SYSTEM
        refused = second
    detail = f"the certificate is not for {server_name}" if MISMATCH in str(refused) else str(refused)
    failure = alerted(refused.description, f"{detail}{untried}", shown)
    raise NetworkError(failure) from refused


def _refused(connection: "QuicConnection", server_name: str, roots: dict[str, Any]) -> "Alert | None":
    """Return why the server's certificate does not hold against these roots, None if it does; may raise anything."""
    from aioquic.tls import Alert, verify_certificate

    certificate, chain = connection.tls._peer_certificate, connection.tls._peer_certificate_chain
    if certificate is None:
        raise ValueError("a handshake without a certificate")
    try:
        verify_certificate(certificate, chain, server_name, **roots)
    except Alert as alert:
        return alert
    return None


def system_roots() -> dict[str, Any]:
    """Return the arguments by which aioquic trusts whom the system trusts; without any it would trust certifi."""
    if sys.platform == "win32":
        roots = ssl.create_default_context().get_ca_certs(binary_form=True)
        return {"cadata": "".join(map(ssl.DER_cert_to_PEM_cert, roots)).encode("ascii")}
    paths = ssl.get_default_verify_paths()
    return {"cafile": paths.cafile, "capath": paths.capath, "cadata": b""}


def peer_certificate(connection: "QuicConnection") -> bytes | None:
    """Return the certificate that the server showed, None before; aioquic has no public way to it."""
    from cryptography.hazmat.primitives.serialization import Encoding

    shown = getattr(connection.tls, "_peer_certificate", None)
    return None if shown is None else shown.public_bytes(Encoding.DER)


def alerted(alert: int, detail: str, certificate: bytes | None) -> Failure:
    """Return the failure that a TLS alert amounts to, the server's or ours."""
    if certificate is None:
        return Failure(kind=FailureKind.TLS_FAILED, operation=OPERATION, detail=detail)
    kind = FailureKind.TLS_UNTRUSTED if alert in UNTRUSTED else FailureKind.TLS_FAILED
    return Failure(kind=kind, operation=OPERATION, detail=issued_by(detail, certificate))


def defect(error: Exception) -> Failure:
    """Return the failure that an exception out of aioquic amounts to: this workstation's own."""
    return Failure(kind=FailureKind.LOCAL, operation=OPERATION, detail=f"aioquic: {type(error).__name__}: {error}")
