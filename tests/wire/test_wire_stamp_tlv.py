"""TLV headers, the Session-Sender's rules and the HMAC TLV (RFC 8972 4, 4.8)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stamp_vectors import GOLDEN

from nra.wire.errors import BadHmac, MalformedMessage
from nra.wire.stamp_tlv import (
    CONFORMANCE,
    INTEGRITY,
    MALFORMED,
    MAX_TLVS,
    UNRECOGNIZED,
    VALUE_SIZES,
    Tlv,
    TlvType,
    authentic_tlvs,
    encode_tlvs,
    find_hmac,
    hmac_tlv,
    parse_tlvs,
    seal_tlvs,
    split_tlvs,
    verify_tlvs,
    walk_tlvs,
)

FIRST, SECOND, THIRD = Tlv(0, 4, b"abcd"), Tlv(0, 99, b""), Tlv(0, 5, b"0123456789ab")
PADDING = Tlv(UNRECOGNIZED, TlvType.EXTRA_PADDING, bytes(8))
SENT = Tlv(UNRECOGNIZED, TlvType.CLASS_OF_SERVICE, b"\xb8\0\0\0")
octets = st.integers(0, 255)
tlvs = st.builds(Tlv, octets, octets, st.binary(max_size=40))


def sealed(*parts: Tlv) -> bytes:
    """Return the TLVs with their HMAC made for the golden Sequence Number and key."""
    return seal_tlvs(encode_tlvs(parts), GOLDEN.sender.sequence, GOLDEN.key)


def test_golden_tlvs() -> None:
    """The golden tail has Class of Service, Direct Measurement, HMAC and Extra Padding, all with U set (RFC 8972 4)."""
    found = split_tlvs(GOLDEN.tlvs)
    assert [(tlv.flags, tlv.type, len(tlv.value)) for tlv in found] == [(0x80, 4, 4), (0x80, 5, 12), (0x80, 8, 16), (0x80, 1, 8)]
    assert encode_tlvs(found) == GOLDEN.tlvs


def test_golden_hmac_tlv() -> None:
    """The HMAC TLV covers the Sequence Number and all TLVs before it, not the padding behind (RFC 8972 4.8)."""
    cos, dm, _, padding = split_tlvs(GOLDEN.tlvs)
    assert sealed(cos, dm, hmac_tlv(), padding) == GOLDEN.tlvs
    verify_tlvs(GOLDEN.tlvs, 7, GOLDEN.key, mandatory=True)
    verify_tlvs(GOLDEN.tlvs[:-1] + b"\xff", 7, GOLDEN.key, mandatory=True)


def test_every_flipped_octet_fails_the_hmac_tlv() -> None:
    """Any other sequence, key or octet up to the end of the HMAC TLV is a failure."""
    with pytest.raises(BadHmac):
        verify_tlvs(GOLDEN.tlvs, 8, GOLDEN.key, mandatory=True)
    with pytest.raises(BadHmac):
        verify_tlvs(GOLDEN.tlvs, 7, GOLDEN.key[:-1], mandatory=True)
    covered = 8 + 16 + 20
    for offset in range(covered):
        bad = bytearray(GOLDEN.tlvs)
        bad[offset] ^= 1
        flags_of_the_hmac_tlv = 8 + 16
        if offset == flags_of_the_hmac_tlv:
            continue
        with pytest.raises(BadHmac):
            verify_tlvs(bytes(bad), 7, GOLDEN.key, mandatory=True)


@pytest.mark.parametrize("tail", [b"", encode_tlvs([PADDING])])
def test_nothing_and_one_padding_need_no_hmac_tlv(tail: bytes) -> None:
    """In authenticated mode a sole Extra Padding TLV is the one exception (RFC 8972 4.8)."""
    verify_tlvs(tail, 7, GOLDEN.key, mandatory=True)


@pytest.mark.parametrize("parts", [(SENT,), (SENT, PADDING), (PADDING, PADDING)])
def test_other_tlvs_without_an_hmac_tlv_fail_where_it_is_mandatory(parts: tuple[Tlv, ...]) -> None:
    """In authenticated mode anything else must be covered; in unauthenticated mode it may be (RFC 8972 4.8)."""
    verify_tlvs(encode_tlvs(parts), 7, GOLDEN.key, mandatory=False)
    with pytest.raises(BadHmac):
        verify_tlvs(encode_tlvs(parts), 7, GOLDEN.key, mandatory=True)


@pytest.mark.parametrize("parts", [(hmac_tlv(), SENT), (hmac_tlv(), PADDING, SENT), (SENT, hmac_tlv(), hmac_tlv())])
def test_an_hmac_tlv_in_another_position_fails(parts: tuple[Tlv, ...]) -> None:
    """Behind the HMAC TLV only Extra Padding may stand; anything else counts as a failed verification (RFC 8972 4.8)."""
    with pytest.raises(BadHmac):
        verify_tlvs(encode_tlvs(parts), 7, GOLDEN.key, mandatory=False)


@pytest.mark.parametrize("size", [0, 15, 17])
def test_an_hmac_tlv_of_another_length_fails(size: int) -> None:
    """The HMAC TLV has 16 octets (RFC 8972 4.8)."""
    with pytest.raises(BadHmac):
        find_hmac(encode_tlvs([Tlv(UNRECOGNIZED, TlvType.HMAC, bytes(size))]))


def test_a_truncated_hmac_tlv_fails_and_is_never_filled_in() -> None:
    """An HMAC TLV that claims more octets than there are is not completed."""
    with pytest.raises(BadHmac):
        seal_tlvs(encode_tlvs([hmac_tlv()])[:-1], 7, GOLDEN.key)


def test_without_an_hmac_tlv_there_is_nothing_to_seal() -> None:
    """Sealing leaves other TLVs as they are."""
    assert sealed(SENT, PADDING) == encode_tlvs([SENT, PADDING])
    assert find_hmac(encode_tlvs([SENT, PADDING])) is None


def test_a_sender_skips_what_was_not_understood() -> None:
    """U: skip that TLV alone (RFC 8972 4)."""
    assert parse_tlvs(encode_tlvs([FIRST, Tlv(UNRECOGNIZED, 4, b"abcd"), THIRD])) == (FIRST, THIRD)


def test_a_sender_stops_at_what_was_malformed() -> None:
    """M: stop at that TLV, keep those before (RFC 8972 4)."""
    assert parse_tlvs(encode_tlvs([FIRST, Tlv(MALFORMED, 4, b"abc"), THIRD])) == (FIRST,)
    assert parse_tlvs(encode_tlvs([Tlv(MALFORMED | UNRECOGNIZED, 4, b"abc"), THIRD])) == ()


@pytest.mark.parametrize(("kind", "size"), VALUE_SIZES.items())
def test_a_sender_checks_lengths_itself(kind: int, size: int) -> None:
    """A length that is wrong for its type stops the reading, whatever the reflector made of it (RFC 8972 6)."""
    for wrong in (size - 1, size + 1):
        assert parse_tlvs(encode_tlvs([SECOND, Tlv(0, kind, bytes(wrong)), FIRST])) == (SECOND,)
    assert parse_tlvs(encode_tlvs([Tlv(0, kind, bytes(size)), FIRST])) == (Tlv(0, kind, bytes(size)), FIRST)


def test_a_sender_with_a_key_uses_what_is_authentic() -> None:
    """In authenticated mode nothing of a reply is used before its HMAC TLV is verified (RFC 8972 4.8)."""
    tail = sealed(FIRST, THIRD, hmac_tlv(), PADDING)
    assert authentic_tlvs(tail, 7, GOLDEN.key) == (FIRST, THIRD)
    assert authentic_tlvs(tail, 8, GOLDEN.key) == ()
    assert authentic_tlvs(tail, 7, b"another key") == ()
    assert authentic_tlvs(encode_tlvs([FIRST]), 7, GOLDEN.key) == ()


@pytest.mark.parametrize("position", range(3))
def test_a_sender_ignores_all_when_integrity_failed(position: int) -> None:
    """I on any TLV: none may be used (RFC 8972 4)."""
    parts = [FIRST, SECOND, THIRD]
    parts[position] = Tlv(INTEGRITY, parts[position].type, parts[position].value)
    assert parse_tlvs(encode_tlvs(parts)) == ()


def test_the_conformance_flag_is_handed_on() -> None:
    """C hides nothing: it says that Reflected Test Packet Control was not followed (RFC 10052)."""
    told = Tlv(CONFORMANCE, TlvType.REFLECTED_TEST_PACKET_CONTROL, bytes(12))
    assert parse_tlvs(encode_tlvs([told])) == (told,)


@pytest.mark.parametrize("size", range(28))
def test_every_truncation_keeps_the_whole_tlvs_only(size: int) -> None:
    """A tail cut short gives the TLVs before the cut to a sender, and is malformed where all of it matters."""
    tail = encode_tlvs([FIRST, SECOND, THIRD])
    ends = {0: (), 8: (FIRST,), 12: (FIRST, SECOND)}
    whole = max(end for end in ends if end <= size)
    assert parse_tlvs(tail[:size]) == ends[whole]
    if size == whole:
        assert split_tlvs(tail[:size]) == ends[whole]
    else:
        with pytest.raises(MalformedMessage):
            split_tlvs(tail[:size])


@given(st.lists(tlvs, max_size=12))
def test_tlvs_come_back(parts: list[Tlv]) -> None:
    """Whatever the flags, types and values, TLVs are read as they were written."""
    assert split_tlvs(encode_tlvs(parts)) == tuple(parts)


def test_a_bomb_of_empty_tlvs_costs_a_handful() -> None:
    """Of 64 KiB of empty TLVs only the first MAX_TLVS are looked at."""
    bomb = bytes(65_536)
    assert len(list(walk_tlvs(bomb))) == MAX_TLVS
    assert len(parse_tlvs(bomb)) == MAX_TLVS
    with pytest.raises(MalformedMessage):
        split_tlvs(bomb)
