"""A server's TLS identity: certificate and key from PEM files."""

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Final

BEGIN: Final = "-----BEGIN CERTIFICATE-----"
END: Final = "-----END CERTIFICATE-----"
ANOTHER_KEY: Final = frozenset({"KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH", "NO_CERTIFICATE_ASSIGNED"})
"""OpenSSL's reasons when the key is another's: of the same kind, of another kind."""


class UnusableCertificate(Exception):  # noqa: N818 - says what is the case
    """Certificate or key cannot be used; the message says why in one line."""


@dataclass(frozen=True, slots=True)
class TlsIdentity:
    """What a server shows: the context to serve under, and the certificate's DER octets."""

    context: ssl.SSLContext
    certificate: bytes


def load_identity(certificate: Path, key: Path | None) -> TlsIdentity:
    """Read a certificate with its chain, and its key, which may lie in the same file; raises UnusableCertificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key, password=_no_password)
        text = certificate.read_text("ascii", errors="replace")
    except ssl.SSLError as error:
        raise UnusableCertificate(f"{certificate}: {_why(error)}") from error
    except OSError as error:
        raise UnusableCertificate(f"{error.filename or certificate}: {error.strerror or error}") from error
    return TlsIdentity(context, ssl.PEM_cert_to_DER_cert(BEGIN + text.partition(BEGIN)[2].partition(END)[0] + END))


def _no_password() -> bytes:
    """Answer for a key under a passphrase, which OpenSSL would ask for on the terminal."""
    return b""


def _why(error: ssl.SSLError) -> str:
    if error.reason in ANOTHER_KEY:
        return "the key does not belong to the certificate"
    return f"no certificate and key in PEM without a passphrase ({error.reason or error.strerror or 'unknown'})"
