"""QUIC version negotiation (RFC 8999, RFC 9000)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nra.wire.errors import MalformedMessage
from nra.wire.quic import (
    VersionNegotiation,
    decode_version_negotiation,
    encode_version_probe,
    is_reserved,
    reserved_version,
    version_name,
)

OURS, THEIRS = bytes(range(8)), bytes(range(100, 120))
ANSWER = bytes.fromhex("80" + "00000000" + "08") + OURS + b"\x14" + THEIRS + bytes.fromhex("00000001" + "6b3343cf" + "1a2a3a4a")


def test_a_probe_octet_by_octet() -> None:
    """A long header, the version, both ids, no token, the length of the rest, 1200 in all (RFC 9000 14.1, 17.2.2)."""
    probe = encode_version_probe(0x1A2A3A4A, THEIRS, OURS)
    assert probe[:38].hex() == "c0" + "1a2a3a4a" + "14" + THEIRS.hex() + "08" + OURS.hex() + "00" + f"{0x4000 + 1200 - 38:04x}"
    assert probe[38:] == bytes(1200 - 38)


@pytest.mark.parametrize("size", [0, 7, 21, 255])
def test_ids_that_version_1_does_not_take(size: int) -> None:
    """A first destination id has 8 to 20 octets (RFC 9000 7.2, 17.2)."""
    for ids in ((bytes(size), OURS), (OURS, bytes(size))):
        with pytest.raises(ValueError, match="octets"):
            encode_version_probe(0x0A0A0A0A, *ids)


def test_an_answer_is_read() -> None:
    """The ids come back swapped, and the list runs to the end of the packet (RFC 9000 17.2.1)."""
    assert decode_version_negotiation(ANSWER) == VersionNegotiation(OURS, THEIRS, (1, 0x6B3343CF, 0x1A2A3A4A))


def test_unused_bits_are_ignored() -> None:
    """The low seven bits of the first octet are arbitrary (RFC 9000 17.2.1)."""
    for first in range(0x80, 0x100):
        assert decode_version_negotiation(bytes((first,)) + ANSWER[1:]).versions[0] == 1


def test_ids_of_every_length() -> None:
    """Packets of no version may have ids of 0 to 255 octets (RFC 8999 5.3)."""
    for size in (0, 1, 255):
        answer = b"\x80\0\0\0\0" + bytes((size,)) + bytes(size) + bytes((size,)) + bytes(size) + b"\0\0\0\1"
        assert decode_version_negotiation(answer) == VersionNegotiation(bytes(size), bytes(size), (1,))


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        b"\x40" + ANSWER[1:],
        ANSWER[:1] + b"\0\0\0\1" + ANSWER[5:],
        encode_version_probe(0x1A2A3A4A, THEIRS, OURS),
        ANSWER + b"\0",
    ],
    ids=["empty", "short header", "version 1", "our own echoed", "five octets"],
)
def test_other_packets_are_malformed(packet: bytes) -> None:
    """Only a long header of version 0 with whole versions is a negotiation; an echo of our own datagram is none."""
    with pytest.raises(MalformedMessage):
        decode_version_negotiation(packet)


def test_every_truncation_lacks_versions_or_is_malformed() -> None:
    """A packet cut between two versions cannot be told from a shorter list; cut anywhere else it is malformed."""
    for size in range(len(ANSWER)):
        if size in (len(ANSWER) - 4, len(ANSWER) - 8):
            assert decode_version_negotiation(ANSWER[:size]).versions[0] == 1
        else:
            with pytest.raises(MalformedMessage):
                decode_version_negotiation(ANSWER[:size])


def test_the_reserved_versions_are_all_there() -> None:
    """0x?a?a?a?a are 65,536 different versions, none of which is a protocol (RFC 9000 15)."""
    versions = {reserved_version(number) for number in range(1 << 16)}
    assert len(versions) == 1 << 16
    assert all(is_reserved(version) and version >> 32 == 0 for version in versions)
    assert reserved_version(0x1234) == 0x1A2A3A4A


@pytest.mark.parametrize("version", [1, 0x6B3343CF, 0xFF00001D, 0, 0x0A0A0A0B, 0x0A0A0A00])
def test_real_versions_are_not_reserved(version: int) -> None:
    """All four low nibbles must be 1010 (RFC 9000 15)."""
    assert not is_reserved(version)


@pytest.mark.parametrize(
    ("version", "name"), [(1, "v1"), (0x6B3343CF, "v2"), (0xFF00001D, "draft-29"), (0x51303530, "0x51303530"), (0xFF000100, "0xff000100")]
)
def test_versions_have_names(version: int, name: str) -> None:
    """RFC 9000, RFC 9369, the drafts before them; others by their number."""
    assert version_name(version) == name


@given(st.binary(min_size=8, max_size=20), st.binary(min_size=8, max_size=20), st.integers(0, 0xFFFF))
def test_a_server_that_follows_the_rules_is_understood(destination_id: bytes, source_id: bytes, number: int) -> None:
    """Whoever swaps the ids of our probe behind a version of 0 is read back with them (RFC 9000 17.2.1)."""
    probe = encode_version_probe(reserved_version(number), destination_id, source_id)
    ids = [bytes((len(each),)) + each for each in (source_id, destination_id)]
    assert probe[5:].startswith(ids[1] + ids[0])
    assert decode_version_negotiation(b"\xc0\0\0\0\0" + b"".join(ids) + b"\0\0\0\1") == VersionNegotiation(source_id, destination_id, (1,))
