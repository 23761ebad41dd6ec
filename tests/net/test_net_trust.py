"""Roots, pins and issuers without a connection."""

import ssl
from hashlib import sha256
from pathlib import Path

import certifi
import pytest

from nra.model.failure import FailureKind
from nra.model.observation import Trust
from nra.net.tls_server import load_identity
from nra.net.trust import issued_by, issuer_of, public_context, public_roots, system_context, tls_facts, unlike_pin, unverified_context
from nra.wire.x509 import subject_public_key_info

PEM = Path(__file__).parents[1] / "vectors" / "tls-self-signed.pem"
DER = load_identity(PEM, None).certificate
PIN = sha256(subject_public_key_info(DER)).hexdigest()
ISSUER = "DE, Example Proxy, Proxy CA"


def test_public_roots_come_with_the_program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """They are certifi's, whatever the workstation trusts, and they are read once."""
    monkeypatch.setenv("SSL_CERT_FILE", str(PEM))
    assert public_roots() == certifi.where()
    context = public_context()
    assert len(context.get_ca_certs()) > 50
    assert DER not in context.get_ca_certs(binary_form=True)
    assert public_context() is context
    monkeypatch.setattr(certifi, "where", lambda: str(PEM))
    assert public_context().get_ca_certs(binary_form=True) == [DER]


def test_the_system_s_store_is_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It holds what was installed there and no public roots of ours."""
    monkeypatch.setenv("SSL_CERT_FILE", str(PEM))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    assert system_context().get_ca_certs(binary_form=True) == [DER]


def test_who_verifies_checks_the_name_too() -> None:
    """Both contexts demand a chain and the right name; the third demands nothing."""
    for context in (public_context(), system_context()):
        assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert (unverified_context().verify_mode, unverified_context().check_hostname) == (ssl.CERT_NONE, False)


def test_facts_from_the_octets_alone() -> None:
    """Issuer and fingerprint are read from the certificate as it was sent; without one they are not known."""
    facts = tls_facts("TLSv1.2", DER, Trust.PIN)
    assert (facts.version, facts.issuer, facts.certificate_sha256, facts.trust) == ("TLSv1.2", ISSUER, sha256(DER).hexdigest(), Trust.PIN)
    nothing = tls_facts("TLSv1.2", None, Trust.SYSTEM)
    assert (nothing.issuer, nothing.certificate_sha256, nothing.trust) == (None, None, Trust.SYSTEM)


@pytest.mark.parametrize(
    ("certificate", "named"), [(DER, ISSUER), (b"rubbish", "an unnamed issuer"), (b"", "an unnamed issuer"), (None, "an unknown issuer")]
)
def test_the_issuer_is_named_in_every_case(certificate: bytes | None, named: str) -> None:
    """One that cannot be read is unnamed, one that was not seen unknown."""
    assert issued_by("refused", certificate) == f"refused; issued by {named}"
    assert issuer_of(certificate) == (named if certificate is DER else None)


def test_the_pin_of_a_key() -> None:
    """The SHA-256 of SubjectPublicKeyInfo in hex, in either case (RFC 7469 2.4 hashes the same)."""
    assert unlike_pin(DER, PIN) is None
    assert unlike_pin(DER, PIN.upper()) is None


@pytest.mark.parametrize(
    ("certificate", "shown"),
    [
        (DER, f"{PIN[:16]}; issued by {ISSUER}"),
        (b"rubbish", "none; issued by an unnamed issuer"),
        (None, "none; issued by an unknown issuer"),
    ],
)
def test_another_key(certificate: bytes | None, shown: str) -> None:
    """Untrusted, with the first 16 digits of both."""
    failure = unlike_pin(certificate, "0123456789abcdef" * 4)
    assert failure is not None
    assert failure.kind is FailureKind.TLS_UNTRUSTED
    assert failure.detail == f"key 0123456789abcdef expected, shown was {shown}"
