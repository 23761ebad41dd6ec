"""The issuer of a certificate: read from real DER, and nothing but MalformedMessage from anything else."""

import ssl
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nra.wire.errors import MalformedMessage
from nra.wire.x509 import Element, elements, issuer, subject_public_key_info

PEM = (Path(__file__).parents[1] / "vectors" / "tls-self-signed.pem").read_text()
CERTIFICATE = ssl.PEM_cert_to_DER_cert(PEM[PEM.index("-----BEGIN CERTIFICATE") :])


def der(tag: int, *parts: bytes) -> bytes:
    """Return a DER element."""
    content = b"".join(parts)
    size = bytes((len(content),)) if len(content) < 128 else b"\x82" + len(content).to_bytes(2)
    return bytes((tag,)) + size + content


def test_a_real_certificate() -> None:
    """Made by OpenSSL (tests/vectors): its issuer's parts in their order."""
    assert issuer(CERTIFICATE) == "DE, Example Proxy, Proxy CA"


@pytest.mark.parametrize("version", [b"", der(0xA0, der(0x02, b"\2"))], ids=["v1", "v3"])
@pytest.mark.parametrize(
    ("tag", "octets", "text"),
    [
        (0x0C, "Zürich".encode(), "Zürich"),
        (0x13, b"Corp", "Corp"),
        (0x1E, "Büro".encode("utf-16-be"), "Büro"),
        (0x14, b"B\xfcro", "Büro"),
        (0x0C, b"\xff", "\ufffd"),
    ],
)
def test_each_encoding_of_a_name(tag: int, octets: bytes, text: str, version: bytes) -> None:
    """UTF8String, PrintableString, BMPString, TeletexString; what is none of them still gives a line (RFC 5280 4.1.2.4)."""
    name = der(
        0x30,
        der(0x31, der(0x30, der(0x06, b"\x55\x04\x0a"), der(tag, octets))),
        der(0x31, der(0x30, der(0x06, b"\x55\x04\x03"), der(0x13, b"CA"))),
    )
    made = der(0x30, der(0x30, version, der(0x02, b"\1"), der(0x30), name))
    assert issuer(made) == f"{text}, CA"


@pytest.mark.parametrize("size", range(len(CERTIFICATE)))
def test_every_truncation(size: int) -> None:
    """A cut certificate is malformed."""
    with pytest.raises(MalformedMessage):
        issuer(CERTIFICATE[:size])


@given(st.binary(max_size=100))
def test_arbitrary_octets(data: bytes) -> None:
    """Only MalformedMessage may come out."""
    try:
        issuer(data)
    except MalformedMessage:
        return


@given(st.integers(0, len(CERTIFICATE) - 1), st.integers(0, 255))
def test_any_octet_changed(at: int, octet: int) -> None:
    """A name or MalformedMessage."""
    try:
        issuer(CERTIFICATE[:at] + bytes((octet,)) + CERTIFICATE[at + 1 :])
    except MalformedMessage:
        return


def test_the_key_of_a_real_certificate() -> None:
    """The pin that OpenSSL computes: openssl x509 -pubkey | openssl pkey -pubin -outform der | sha256sum."""
    pin = "3cdf34fb4526eceff4c9adf81649bd642abb03511a4587550e0a7b2a52239993"
    assert sha256(subject_public_key_info(CERTIFICATE)).hexdigest() == pin


@pytest.mark.parametrize("size", [3, 127, 128, 255, 256, 550])
def test_keys_of_any_length(size: int) -> None:
    """The octets come as they stand in the certificate, with short and long lengths (X.690 8.1.3)."""
    content = bytes(size)
    length = bytes((size,)) if size < 128 else b"\x81" + bytes((size,)) if size < 256 else b"\x82" + size.to_bytes(2)
    key = b"\x30" + length + content
    made = der(0x30, der(0x30, der(0x02, b"\1"), der(0x30), der(0x30), der(0x30), der(0x30), key))
    assert subject_public_key_info(made) == key


def test_a_certificate_that_ends_before_its_key() -> None:
    """A pin of something else would be worse than none."""
    with pytest.raises(MalformedMessage):
        subject_public_key_info(der(0x30, der(0x30, der(0x02, b"\1"), der(0x30), der(0x30), der(0x30), der(0x30))))


def test_elements_follow_each_other() -> None:
    """Short and long lengths (X.690 8.1.3)."""
    assert list(elements(der(4, b"a") + der(4, bytes(300)))) == [Element(4, b"a"), Element(4, bytes(300))]
    for malformed in (b"\x04", b"\x04\x80", b"\x04\x85\0\0\0\0\1a", b"\x04\x82\1", b"\x04\x02a"):
        with pytest.raises(MalformedMessage):
            list(elements(malformed))
