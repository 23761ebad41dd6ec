"""Which certificate the TLS ports show: the user's own, else one made now and gone with the program."""

import datetime
import hashlib
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from nra.net.tls_server import TlsIdentity, UnusableCertificate, load_identity
from nra.wire.x509 import subject_public_key_info

__all__ = ["NoCryptography", "TlsIdentity", "UnusableCertificate", "identity_of", "load_identity", "pin_of", "self_signed_identity"]

NAME: Final = "nra responder, self-signed"
LASTS: Final = datetime.timedelta(days=3650)
LEEWAY: Final = datetime.timedelta(days=1)  # for clients whose clock is behind


class NoCryptography(Exception):  # noqa: N818 - says what is the case
    """The package that makes certificates is not installed."""


def pin_of(identity: TlsIdentity) -> str:
    """Return the SHA-256 of the certificate's SubjectPublicKeyInfo in hex: it stays when the certificate is renewed for the same key."""
    return hashlib.sha256(subject_public_key_info(identity.certificate)).hexdigest()


def self_signed_identity() -> TlsIdentity:
    """Make a key and a certificate for it; raises NoCryptography. Clients can trust it by its pin alone."""
    return identity_of(made_pem())


def identity_of(octets: bytes) -> TlsIdentity:
    """Return the identity of a certificate and its key in PEM; raises UnusableCertificate."""
    with TemporaryDirectory(prefix="nra-") as folder:  # OpenSSL takes keys from files; the folder is its owner's alone
        pem = Path(folder) / "responder.pem"
        pem.write_bytes(octets)
        return load_identity(pem, None)


def made_pem() -> bytes:
    """Return a new P-256 key and its certificate in PEM; raises NoCryptography."""
    try:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec
    except ImportError as error:
        raise NoCryptography(str(error)) from error
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - LEEWAY)
        .not_valid_after(now + LASTS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return secret + certificate.public_bytes(serialization.Encoding.PEM)
