"""Certificates and keys from PEM for QUIC: every order is the right one, and what cannot be used is said in one line."""

from itertools import permutations

import pytest
from aioquic.quic.configuration import QuicConfiguration
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from quic_world import issue

from nra.net.ports import NetworkError
from nra.net.quic_identity import show

IDENTITY = issue()
LEAF = IDENTITY.certificate.public_bytes(Encoding.PEM)
ROOT = IDENTITY.root.public_bytes(Encoding.PEM)


def pem_of(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, form: PrivateFormat = PrivateFormat.PKCS8) -> bytes:
    """Return a key in PEM."""
    return key.private_bytes(Encoding.PEM, form, NoEncryption())


KEY = pem_of(IDENTITY.key)
OTHER = pem_of(ec.generate_private_key(ec.SECP256R1()))
PARAMETERS = b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"


ORDERS = [order for order in permutations((LEAF, KEY, ROOT)) if order.index(LEAF) < order.index(ROOT)]


@pytest.mark.parametrize("parts", [*ORDERS, (PARAMETERS, KEY, LEAF, ROOT), (LEAF, OTHER, ROOT, KEY)])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_every_order(parts: tuple[bytes, ...], end: bytes) -> None:
    """The first certificate is shown, further ones are its chain; the key is the one that belongs to it, wherever it stands."""
    configuration = QuicConfiguration(is_client=False)
    show(configuration, b"a remark\n".join(parts).replace(b"\n", end))
    assert [configuration.certificate, *configuration.certificate_chain] == [IDENTITY.certificate, IDENTITY.root]
    assert configuration.private_key.public_key() == IDENTITY.key.public_key()


def test_without_a_newline_at_the_end_and_in_the_old_form() -> None:
    """Files are joined as they are."""
    configuration = QuicConfiguration(is_client=False)
    show(configuration, LEAF.strip() + pem_of(IDENTITY.key, PrivateFormat.TraditionalOpenSSL).strip())
    assert (configuration.certificate, configuration.certificate_chain) == (IDENTITY.certificate, [])


@pytest.mark.parametrize(
    "pem",
    [
        b"",
        LEAF,
        KEY,
        LEAF + OTHER,
        ROOT + LEAF + KEY,
        LEAF + LEAF.replace(b"M", b"*"),
        KEY + b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        LEAF + KEY.replace(b"PRIVATE KEY", b"ENCRYPTED PRIVATE KEY"),
    ],
)
def test_what_is_of_no_use(pem: bytes) -> None:
    """One line says so, whatever is the matter."""
    with pytest.raises(NetworkError) as caught:
        show(QuicConfiguration(is_client=False), pem)
    assert caught.value.failure.detail.startswith("the certificate is of no use for QUIC: ")
    assert len(caught.value.failure.detail.splitlines()) == 1
