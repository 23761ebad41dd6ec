"""Certificates and key for our end of QUIC, out of PEM in whatever order: aioquic itself takes what follows a certificate for another."""

import re
from typing import TYPE_CHECKING, Final

from nra.model.failure import Failure, FailureKind
from nra.net.ports import NetworkError
from nra.net.quic import importing_aioquic

if TYPE_CHECKING:
    from aioquic.quic.configuration import QuicConfiguration

BLOCK: Final = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----.*?-----END \1-----", re.DOTALL)


def show(configuration: "QuicConfiguration", pem: bytes) -> None:
    """Have connections show the first certificate, with the others as its chain and the key that belongs to it; raises NetworkError."""
    with importing_aioquic():
        from cryptography import x509
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
        from cryptography.hazmat.primitives.serialization import load_pem_private_key
    blocks = [(found[1], found[0] + b"\n") for found in BLOCK.finditer(pem)]
    try:
        first, *chain = [x509.load_pem_x509_certificate(block) for kind, block in blocks if kind == b"CERTIFICATE"]
        keys = [load_pem_private_key(block, None) for kind, block in blocks if kind.endswith(b"PRIVATE KEY")]
        public = first.public_key()
        key = next((key for key in keys if key.public_key() == public), None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise unusable(" ".join(str(error).split())) from error
    if isinstance(key, ec.EllipticCurvePrivateKey):
        is_signing = isinstance(key.curve, ec.SECP256R1 | ec.SECP384R1)
    else:
        is_signing = isinstance(key, rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey)
    if not is_signing:
        raise unusable("no key beside it that QUIC can sign with (P-256, P-384, Ed25519, Ed448, RSA)")
    configuration.certificate, configuration.certificate_chain, configuration.private_key = first, chain, key


def unusable(why: str) -> NetworkError:
    """Return the error that says why a certificate cannot be shown."""
    return NetworkError(Failure(kind=FailureKind.LOCAL, operation="certificate", detail=f"the certificate is of no use for QUIC: {why}"))
