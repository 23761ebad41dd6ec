"""STUN Binding against the test vectors of RFC 5769, over UDP and TCP."""

from binascii import crc32
from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nra.wire.errors import MalformedMessage
from nra.wire.stun import (
    ErrorCode,
    MessageType,
    StunMessage,
    TransportAddress,
    decode_message,
    encode_binding_error,
    encode_binding_request,
    encode_binding_success,
    message_size,
    split_stream,
)

TRANSACTION = bytes.fromhex("b7e7a701bc34d686fa87dfae")
REQUEST = bytes.fromhex(  # RFC 5769 2.1
    "000100582112a442b7e7a701bc34d686fa87dfae802200105354554e207465737420636c69656e74002400046e0001ff"
    "80290008932ff9b151263b36000600096576746a3a68367659202020000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a280280004e57a3bcf"
)
RESPONSE_IPV4 = bytes.fromhex(  # RFC 5769 2.2
    "0101003c2112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220002000080001a147e112a643"
    "000800142b91f599fd9e90c38c7489f92af9ba53f06be7d780280004c07d4c96"
)
RESPONSE_IPV6 = bytes.fromhex(  # RFC 5769 2.3
    "010100482112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9"
    "00080014a382954e4be67bf11784c97c8292c275bfe3ed4180280004c8fb0b4c"
)
IPV4 = TransportAddress("192.0.2.1", 32853)
IPV6 = TransportAddress("2001:db8:1234:5678:11:2233:4455:6677", 32853)
VECTORS = [REQUEST, RESPONSE_IPV4, RESPONSE_IPV6]

ports = st.integers(0, 0xFFFF)
addresses = st.builds(TransportAddress, st.ip_addresses().map(str), ports)
transactions = st.binary(min_size=12, max_size=12)
texts = st.none() | st.text(max_size=40)


def message(*attributes: bytes) -> bytes:
    """Return a success response with these attributes' octets."""
    body = b"".join(attributes)
    return pack(">HHI", MessageType.SUCCESS, len(body), 0x2112A442) + TRANSACTION + body


def plain_address(kind: int, address: str = "c0000201", family: int = 1) -> bytes:
    """Return an attribute with an address that is not XORed, port 3478."""
    packed = bytes.fromhex(address)
    return pack(">HHBBH", kind, 4 + len(packed), 0, family, 3478) + packed


@pytest.mark.parametrize(("octets", "reflexive"), [(RESPONSE_IPV4, IPV4), (RESPONSE_IPV6, IPV6)])
def test_rfc_5769_responses(octets: bytes, reflexive: TransportAddress) -> None:
    """The sample responses give the published addresses, and their FINGERPRINT holds (RFC 5769 2.2, 2.3)."""
    assert decode_message(octets) == StunMessage(
        type=MessageType.SUCCESS, transaction=TRANSACTION, xor_mapped_address=reflexive, software="test vector"
    )
    assert decode_message(octets).reflexive == reflexive


def test_rfc_5769_request() -> None:
    """The sample request is read; attributes of ICE and authentication are left out (RFC 5769 2.1)."""
    assert decode_message(REQUEST) == StunMessage(type=MessageType.REQUEST, transaction=TRANSACTION, software="STUN test client")


def test_a_bare_request_is_a_header() -> None:
    """The smallest Binding request has 20 octets (RFC 8489 5)."""
    assert encode_binding_request(TRANSACTION).hex() == "000100002112a442b7e7a701bc34d686fa87dfae"


def test_a_success_response_octet_by_octet() -> None:
    """The address goes out XORed, as the sample response has it (RFC 8489 14.2)."""
    assert encode_binding_success(TRANSACTION, IPV4).hex() == "0101000c2112a442b7e7a701bc34d686fa87dfae002000080001a147e112a643"
    assert RESPONSE_IPV6[36:60] == encode_binding_success(TRANSACTION, IPV6)[20:]


@given(transactions, texts, st.booleans())
def test_requests_come_back(transaction: bytes, software: str | None, fingerprint: bool) -> None:
    """A request is read as it was written, whatever its options."""
    octets = encode_binding_request(transaction, software=software, fingerprint=fingerprint)
    assert decode_message(octets) == StunMessage(type=MessageType.REQUEST, transaction=transaction, software=software)
    assert octets[-8:-4] == bytes.fromhex("80280004") or not fingerprint


@given(transactions, addresses, texts, st.booleans())
def test_responses_come_back(transaction: bytes, reflexive: TransportAddress, software: str | None, fingerprint: bool) -> None:
    """A success response gives back every address and port."""
    found = decode_message(encode_binding_success(transaction, reflexive, software=software, fingerprint=fingerprint))
    assert (found.type, found.transaction, found.reflexive, found.software) == (MessageType.SUCCESS, transaction, reflexive, software)


@given(transactions, st.integers(300, 699), st.text(max_size=40), st.booleans())
def test_errors_come_back(transaction: bytes, code: int, reason: str, fingerprint: bool) -> None:
    """An error response gives back code and phrase (RFC 8489 14.8)."""
    found = decode_message(encode_binding_error(transaction, ErrorCode(code, reason), fingerprint=fingerprint))
    assert (found.type, found.error) == (MessageType.ERROR, ErrorCode(code, reason))


def test_an_error_code_octet_by_octet() -> None:
    """420 is class 4, number 20 (RFC 8489 14.8)."""
    assert encode_binding_error(TRANSACTION, ErrorCode(420, "No"))[20:].hex() == "00090006" + "00000414" + "4e6f" + "0000"


@pytest.mark.parametrize(
    ("hundreds", "number", "code"), [(2, 0, None), (3, 0, 300), (6, 99, 699), (7, 0, None), (4, 100, None), (0xF8 | 4, 1, 401)]
)
def test_only_codes_from_300_to_699_are_codes(hundreds: int, number: int, code: int | None) -> None:
    """The class is 3 to 6, the number below 100; reserved bits do not count (RFC 8489 14.8)."""
    octets = message(pack(">HHHBB", 9, 4, 0, hundreds, number))
    if code is None:
        with pytest.raises(MalformedMessage):
            decode_message(octets)
    else:
        assert decode_message(octets).error == ErrorCode(code, "")


def test_the_addresses_of_nat_discovery() -> None:
    """OTHER-ADDRESS and RESPONSE-ORIGIN tell where else the server can be asked (RFC 5780 7.3, 7.4)."""
    found = decode_message(message(plain_address(0x802C, "c0000202"), plain_address(0x802B)))
    assert found.other_address == TransportAddress("192.0.2.2", 3478)
    assert found.response_origin == TransportAddress("192.0.2.1", 3478)
    assert found.reflexive is None


def test_the_plain_address_counts_only_alone() -> None:
    """MAPPED-ADDRESS may have been rewritten on the way, so XOR-MAPPED-ADDRESS goes first (RFC 8489 14.2)."""
    plain = plain_address(0x0001)
    assert decode_message(message(plain)).reflexive == TransportAddress("192.0.2.1", 3478)
    xored = encode_binding_success(TRANSACTION, IPV6)[20:]
    assert decode_message(message(plain, xored)).reflexive == IPV6


def test_the_first_of_equal_attributes_counts() -> None:
    """Of several only the first is looked at (RFC 8489 14)."""
    found = decode_message(message(plain_address(0x802C, "c0000202"), plain_address(0x802C, "c0000203")))
    assert found.other_address == TransportAddress("192.0.2.2", 3478)


@pytest.mark.parametrize(
    "attribute",
    [
        plain_address(0x0001, "c00002"),
        plain_address(0x0001, "c0000201", family=2),
        plain_address(0x0001, "c0000201", family=0),
        plain_address(0x0020, "00" * 17, family=2),
        plain_address(0x0020, "00" * 16, family=1),
        pack(">HHBBH", 0x0001, 3, 0, 1, 0),
        pack(">HHI", 0x0009, 3, 0),
        pack(">HHI", 0x8022, 5, 0),
    ],
)
def test_attributes_of_a_wrong_form_are_malformed(attribute: bytes) -> None:
    """Lengths must fit the family, the form and the message."""
    with pytest.raises(MalformedMessage):
        decode_message(message(attribute + bytes(-len(attribute) % 4)))


@pytest.mark.parametrize("octets", VECTORS)
def test_every_flipped_bit_is_noticed(octets: bytes) -> None:
    """FINGERPRINT covers all that stands before it (RFC 8489 14.7)."""
    for offset in range(len(octets)):
        bad = bytearray(octets)
        bad[offset] ^= 0x10
        if offset in (len(octets) - 8, len(octets) - 7):
            continue  # the type of the FINGERPRINT itself: another attribute then, which is skipped
        with pytest.raises(MalformedMessage):
            decode_message(bytes(bad))


def test_nothing_may_follow_the_fingerprint() -> None:
    """FINGERPRINT is the last attribute, even where its CRC is right (RFC 8489 14.7)."""

    def with_fingerprint(*behind: bytes) -> bytes:
        octets = message(pack(">HHI", 0x8028, 4, 0), *behind)
        return octets[:24] + pack(">I", crc32(octets[:20]) ^ 0x5354554E) + octets[28:]

    assert decode_message(with_fingerprint()).transaction == TRANSACTION
    with pytest.raises(MalformedMessage):
        decode_message(with_fingerprint(pack(">HH", 0x8022, 0)))


@pytest.mark.parametrize("octets", VECTORS)
def test_every_truncation_is_malformed(octets: bytes) -> None:
    """A datagram holds one whole message, neither less nor more."""
    for size in range(len(octets)):
        with pytest.raises(MalformedMessage):
            decode_message(octets[:size])
    with pytest.raises(MalformedMessage):
        decode_message(octets + b"\0")


@pytest.mark.parametrize(
    "header",
    ["400100002112a442", "800100002112a442", "000100002112a443", "000100012112a442", "000100022112a442"],
    ids=["bit 15", "bit 14", "cookie", "length 1", "length 2"],
)
def test_other_protocols_are_told_apart(header: str) -> None:
    """The first two bits are 0, the cookie is fixed, the length a multiple of 4 (RFC 8489 5)."""
    octets = bytes.fromhex(header) + TRANSACTION
    with pytest.raises(MalformedMessage):
        message_size(octets)
    with pytest.raises(MalformedMessage):
        split_stream(octets)


@given(st.lists(st.sampled_from(VECTORS), max_size=5), st.integers(0, 100))
def test_a_stream_is_split_where_messages_end(messages: list[bytes], cut: int) -> None:
    """However TCP cuts the stream, the messages come out whole and the rest waits (RFC 8489 6.2.2)."""
    stream = b"".join(messages)
    received = stream[: max(0, len(stream) - cut)]
    whole, rest = split_stream(received)
    assert b"".join(whole) + rest == received
    assert list(whole) == messages[: len(whole)]
    assert not split_stream(rest)[0]
    assert split_stream(rest + stream[len(received) :])[0] == tuple(messages[len(whole) :])


@pytest.mark.parametrize("size", [0, 11, 13, 16])
def test_a_transaction_id_has_twelve_octets(size: int) -> None:
    """An id of another length is the caller's mistake (RFC 8489 5)."""
    with pytest.raises(ValueError, match="12 octets"):
        encode_binding_request(bytes(size))
