"""Who issued an X.509 certificate, and for which key (RFC 5280 4.1): just enough DER, nothing is verified.

Certificate  SEQUENCE { TBSCertificate SEQUENCE { [0] version, INTEGER serial number, SEQUENCE signature, Name issuer,
             SEQUENCE validity, Name subject, SEQUENCE subjectPublicKeyInfo, ...
Name         SEQUENCE OF SET OF SEQUENCE { OBJECT IDENTIFIER type, value }
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from nra.wire.errors import MalformedMessage

VERSION: Final = 0xA0
LONG_FORM: Final = 0x80  # of a length: the low bits tell how many octets it takes (X.690 8.1.3.5)
MOST_LENGTH_OCTETS: Final = 4
ISSUER: Final = 2  # places in TBSCertificate, the version left out because it may be absent
SUBJECT_PUBLIC_KEY_INFO: Final = 5
ENCODINGS: Final = {0x1E: "utf-16-be", 0x14: "latin-1"}  # BMPString, TeletexString; all others are UTF-8 or ASCII


class Element(NamedTuple):
    """One DER element: its tag and the octets of its content."""

    tag: int
    content: bytes


def issuer(certificate: bytes) -> str:
    """Return the issuer's name as its parts in order, joined by commas; raises MalformedMessage for what is no certificate."""
    parts = [element for name in elements(_field(certificate, ISSUER).content) for element in elements(name.content)]
    return ", ".join(_text(list(elements(part.content))[-1]) for part in parts if part.content)


def subject_public_key_info(certificate: bytes) -> bytes:
    """Return the DER octets that say which key is certified (4.1.2.7), what a pin is the hash of; raises MalformedMessage."""
    tag, content = _field(certificate, SUBJECT_PUBLIC_KEY_INFO)
    size = len(content)
    if size < LONG_FORM:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes((tag, LONG_FORM + len(length))) + length + content


def _field(certificate: bytes, place: int) -> Element:
    fields = [field for field in elements(_first(_first(certificate))) if field.tag != VERSION]
    if len(fields) <= place:
        raise MalformedMessage(f"{len(certificate)} octets are no certificate")
    return fields[place]


def _first(data: bytes) -> bytes:
    """Return the content of the first element, nothing where there is none."""
    return next(elements(data), Element(0, b"")).content


def _text(element: Element) -> str:
    return element.content.decode(ENCODINGS.get(element.tag, "utf-8"), errors="replace")


def elements(data: bytes) -> Iterator[Element]:
    """Yield the elements that follow each other in the octets; raises MalformedMessage."""
    offset = 0
    while offset < len(data):
        tag, start, size = _head(data, offset)
        offset = start + size
        if offset > len(data):
            raise MalformedMessage(f"a DER element of {size} octets where {len(data) - start} are left")
        yield Element(tag, data[start:offset])


def _head(data: bytes, offset: int) -> tuple[int, int, int]:
    """Return tag, where the content starts, and its length."""
    if offset + 2 > len(data):
        raise MalformedMessage("a DER element without a length")
    tag, length = data[offset], data[offset + 1]
    if length < LONG_FORM:
        return tag, offset + 2, length
    count = length - LONG_FORM
    start = offset + 2 + count
    if not 1 <= count <= MOST_LENGTH_OCTETS or start > len(data):
        raise MalformedMessage("a DER length that is none")
    return tag, start, int.from_bytes(data[offset + 2 : start])
