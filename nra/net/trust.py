"""Whom a TLS chain is verified against: the public roots that come with the program (certifi), then this workstation's own store.

The public roots come first, for two reasons: a chain that only the own store verifies ends at a root that somebody installed
here, which is how a TLS inspection looks to those who work under it; and Windows fills its store when a root is first needed.
"""

import hashlib
import ssl
from functools import lru_cache

from nra.model.failure import Failure, FailureKind
from nra.model.observation import Trust
from nra.net.ports import TlsFacts
from nra.wire.errors import MalformedMessage
from nra.wire.x509 import issuer, subject_public_key_info

PIN_DIGITS = 16  # of a pin, as shown to people
UNNAMED = "an unnamed issuer"


def public_roots() -> str:
    """Return the file of the public roots; raises OSError where there is none."""
    import certifi

    return certifi.where()


def public_context() -> ssl.SSLContext:
    """Return a context that trusts the public roots and nobody else; raises OSError. Takes 50 ms the first time."""
    return _trusting(public_roots())


@lru_cache(maxsize=1)
def _trusting(path: str) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=path)


def system_context() -> ssl.SSLContext:
    """Return a context that trusts the workstation's own store and nobody else. Takes 50 ms."""
    return ssl.create_default_context()


def unverified_context() -> ssl.SSLContext:
    """Return a context that takes any certificate: to compare it with a pin, or to see who issued what was refused."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def tls_facts(version: str, certificate: bytes | None, trust: Trust) -> TlsFacts:
    """Return what a handshake showed, from the DER octets of the server's certificate."""
    digest = hashlib.sha256(certificate).hexdigest() if certificate else None
    return TlsFacts(version=version, issuer=issuer_of(certificate), certificate_sha256=digest, trust=trust)


def issuer_of(certificate: bytes | None) -> str | None:
    """Return the issuer's name, None where there is none to be read."""
    try:
        return issuer(certificate) or None if certificate else None
    except MalformedMessage:
        return None


def issued_by(detail: str, certificate: bytes | None) -> str:
    """Return the detail with who issued the certificate, as far as can be told."""
    named = "an unknown issuer" if certificate is None else issuer_of(certificate) or UNNAMED
    return f"{detail}; issued by {named}"


def unlike_pin(certificate: bytes | None, pin: str) -> Failure | None:
    """Return the failure of a certificate whose key is not the one expected (SHA-256 of its SubjectPublicKeyInfo), None if it is."""
    try:
        shown = hashlib.sha256(subject_public_key_info(certificate or b"")).hexdigest()
    except MalformedMessage:
        shown = "none"
    if shown == pin.lower():
        return None
    detail = f"key {pin.lower()[:PIN_DIGITS]} expected, shown was {shown[:PIN_DIGITS]}"
    return Failure(kind=FailureKind.TLS_UNTRUSTED, operation="tls handshake", detail=issued_by(detail, certificate))
