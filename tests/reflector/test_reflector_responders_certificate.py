"""The self-signed certificate of the responders."""

import sys
from datetime import UTC, datetime, timedelta

import pytest

from nra.reflector.responders.certificate import NoCryptography, made_pem, pin_of, self_signed_identity


def test_each_start_makes_a_key_of_its_own() -> None:
    """The pin belongs to the key: another start, another pin."""
    pytest.importorskip("cryptography")
    assert pin_of(self_signed_identity()) != pin_of(self_signed_identity())


def test_what_it_says() -> None:
    """P-256, no authority over others, valid from before now for long, and the same pin as cryptography computes."""
    x509 = pytest.importorskip("cryptography.x509")
    from cryptography.hazmat.primitives import hashes, serialization

    identity = self_signed_identity()
    certificate = x509.load_der_x509_certificate(identity.certificate)
    now = datetime.now(UTC)
    assert certificate.not_valid_before_utc < now - timedelta(hours=1)
    assert certificate.not_valid_after_utc > now + timedelta(days=3000)
    assert certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False
    key = certificate.public_key()
    assert key.curve.name == "secp256r1"
    digest = hashes.Hash(hashes.SHA256())
    digest.update(key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo))
    assert pin_of(identity) == digest.finalize().hex()


def test_without_cryptography(monkeypatch: pytest.MonkeyPatch) -> None:
    """The package is an extra: its absence is told, not raised as an accident."""
    monkeypatch.setitem(sys.modules, "cryptography", None)
    with pytest.raises(NoCryptography):
        made_pem()
