"""What TLV values mean, bit by bit (RFC 8972 4.1 to 4.5)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nra.wire.errors import MalformedMessage
from nra.wire.stamp_tlv import MALFORMED, UNRECOGNIZED, Tlv, TlvType
from nra.wire.stamp_values import (
    ClassOfService,
    DirectMeasurement,
    ExtraPadding,
    Location,
    LocationType,
    TimestampInformation,
    Value,
    answer_sub_tlv,
    request_tlv,
)

octet, u16, u32 = (st.integers(0, 2**bits - 1) for bits in (8, 16, 32))
two_bits, six_bits = st.integers(0, 3), st.integers(0, 63)
values = st.one_of(
    st.builds(ExtraPadding, st.integers(0, 100)),
    st.builds(TimestampInformation, sync_in=octet, method_in=octet, sync_out=octet, method_out=octet),
    st.builds(ClassOfService, dscp1=six_bits, dscp2=six_bits, ecn=two_bits, rp=two_bits),
    st.builds(DirectMeasurement, sender_tx=u32, reflector_rx=u32, reflector_tx=u32),
    st.builds(
        Location,
        destination_port=u16,
        source_port=u16,
        sub_tlvs=st.lists(st.builds(Tlv, octet, octet, st.binary(max_size=20)), max_size=4).map(tuple),
    ),
)


@pytest.mark.parametrize(
    ("value", "octets"),
    [
        (ClassOfService(dscp1=46), "b8000000"),
        (ClassOfService(dscp1=46, dscp2=10, ecn=2, rp=1), "b8a90000"),
        (ClassOfService(dscp1=0, dscp2=63, ecn=1), "03f40000"),
        (DirectMeasurement(sender_tx=1000), "000003e80000000000000000"),
        (DirectMeasurement(sender_tx=1, reflector_rx=2, reflector_tx=3), "000000010000000200000003"),
        (TimestampInformation(sync_in=1, method_in=2, sync_out=5, method_out=3), "01020503"),
        (ExtraPadding(3), "000000"),
        (Location(destination_port=862, source_port=49152), "035ec000"),
    ],
)
def test_values_bit_by_bit(value: Value, octets: str) -> None:
    """Fields stand where RFC 8972 draws them (4.1 to 4.5)."""
    assert value.encode().hex() == octets
    assert type(value).decode(bytes.fromhex(octets)) == value


@given(values)
def test_values_come_back(value: Value) -> None:
    """Whatever its fields, a value is read as it was written."""
    assert type(value).decode(value.encode()) == value


@pytest.mark.parametrize(
    ("kind", "sizes"),
    [
        (ClassOfService, (0, 3, 5)),
        (DirectMeasurement, (0, 11, 13)),
        (TimestampInformation, (0, 3)),
        (Location, (0, 3, 5, 7)),
    ],
)
def test_other_lengths_are_malformed(kind: type[Value], sizes: tuple[int, ...]) -> None:
    """A value whose length is wrong for its type is malformed (RFC 8972 4)."""
    for size in sizes:
        with pytest.raises(MalformedMessage):
            kind.decode(bytes(size))


def test_longer_timestamp_information_is_read() -> None:
    """Timestamp Information has at least four octets (RFC 8972 4.3)."""
    assert TimestampInformation.decode(b"\1\2\3\4\xff") == TimestampInformation(sync_in=1, method_in=2, sync_out=3, method_out=4)


def test_a_request_sets_u() -> None:
    """A Session-Sender sets U on everything it sends (RFC 8972 4)."""
    assert request_tlv(ClassOfService(dscp1=46)) == Tlv(UNRECOGNIZED, TlvType.CLASS_OF_SERVICE, b"\xb8\0\0\0")


def test_a_location_request_asks_for_both_addresses_with_zeros() -> None:
    """The sender fills in nothing but types and lengths (RFC 8972 4.2)."""
    request = Location.request().encode()
    assert request.hex() == "00000000" + "80040010" + "00" * 16 + "80070010" + "00" * 16


@pytest.mark.parametrize(
    ("asked", "address", "kind", "octets"),
    [
        (LocationType.SOURCE_IP, "192.0.2.1", LocationType.SOURCE_IPV4, "c0000201" + "00" * 12),
        (LocationType.SOURCE_IP, "2001:db8::1", LocationType.SOURCE_IPV6, "20010db8" + "00" * 11 + "01"),
        (LocationType.SOURCE_IP, "::ffff:192.0.2.1", LocationType.SOURCE_IPV4, "c0000201" + "00" * 12),
        (LocationType.DESTINATION_IP, "192.0.2.1", LocationType.DESTINATION_IPV4, "c0000201" + "00" * 12),
        (LocationType.DESTINATION_IP, "2001:db8::1", LocationType.DESTINATION_IPV6, "20010db8" + "00" * 11 + "01"),
    ],
)
def test_addresses_are_answered_by_the_specific_sub_tlv(asked: LocationType, address: str, kind: LocationType, octets: str) -> None:
    """Asked with the general type, a reflector answers with that of the family, at the same length (RFC 8972 4.2.2)."""
    answer = answer_sub_tlv(Tlv(UNRECOGNIZED, asked, bytes(16)), {asked: address})
    assert answer == Tlv(0, kind, bytes.fromhex(octets))


def test_the_answer_reads_as_an_address() -> None:
    """The sender gets back its own address as the reflector saw it: the evidence of a NAT."""
    addresses = {LocationType.SOURCE_IP: "198.51.100.7", LocationType.DESTINATION_IP: "2001:db8::2"}
    asked = Location.request()
    answered = Location(sub_tlvs=tuple(answer_sub_tlv(sub, {int(k): v for k, v in addresses.items()}) for sub in asked.sub_tlvs))
    assert Location.decode(answered.encode()).source_address == "198.51.100.7"
    assert Location.decode(answered.encode()).destination_address == "2001:db8::2"
    assert (asked.source_address, asked.destination_address) == (None, None)


@pytest.mark.parametrize(
    "sub",
    [
        Tlv(UNRECOGNIZED, LocationType.SOURCE_IPV4, bytes(16)),
        Tlv(0, LocationType.SOURCE_IPV4, bytes(4)),
        Tlv(0, LocationType.SOURCE_EUI64, bytes(8)),
    ],
)
def test_what_is_no_answer_gives_no_address(sub: Tlv) -> None:
    """An address not understood, of another length or of another kind is absent."""
    assert Location(sub_tlvs=(sub,)).source_address is None


def test_a_mac_address_is_not_seen_at_a_udp_socket() -> None:
    """The standard's own answer for that is an EUI-64 of zeros (RFC 8972 4.2.2)."""
    answer = answer_sub_tlv(Tlv(UNRECOGNIZED, LocationType.SOURCE_MAC, b"12345678"), {})
    assert answer == Tlv(0, LocationType.SOURCE_EUI64, bytes(8))


@pytest.mark.parametrize("kind", [0, 2, 3, 5, 6, 8, 9, 10, 255])
def test_what_is_no_question_is_not_understood(kind: int) -> None:
    """Specific types and unknown ones are no questions: U is set and the value kept (RFC 8972 4.2.1)."""
    assert answer_sub_tlv(Tlv(MALFORMED, kind, b"xyz"), {kind: "192.0.2.1"}) == Tlv(UNRECOGNIZED, kind, b"xyz")


def test_an_unknown_address_is_not_answered_with_zeros() -> None:
    """An address that the reflector does not know leaves U set."""
    asked = Tlv(UNRECOGNIZED, LocationType.DESTINATION_IP, bytes(16))
    assert answer_sub_tlv(asked, {LocationType.DESTINATION_IP: None}) == asked


@pytest.mark.parametrize(("kind", "size"), [(LocationType.SOURCE_MAC, 6), (LocationType.SOURCE_IP, 4), (LocationType.DESTINATION_IP, 17)])
def test_a_question_of_another_length_is_malformed(kind: LocationType, size: int) -> None:
    """Each question has its length (RFC 8972 4.2.1)."""
    with pytest.raises(MalformedMessage):
        answer_sub_tlv(Tlv(UNRECOGNIZED, kind, bytes(size)), {kind: "192.0.2.1"})
