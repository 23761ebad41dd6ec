"""DNS queries and answers (RFC 1035, RFC 3596)."""

from struct import pack, pack_into

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nra.wire.dns import MOST_RECORDS, RESPONSE, AddressRecord, DnsResponse, RecordType, decode_response, encode_query, frame, unframe
from nra.wire.errors import MalformedMessage

QUESTION = bytes.fromhex("076578616d706c6503636f6d00" + "00010001")  # example.com, A, IN
NAME_AT_12 = b"\xc0\x0c"
labels = st.text("abcdefghijklmnopqrstuvwxyz0123456789-_", min_size=1, max_size=63)
names = st.lists(labels, min_size=1, max_size=8).map(".".join).filter(lambda name: len(name) <= 253)


def header(*, flags: int = 0x8180, questions: int = 1, answers: int = 1) -> bytes:
    """Return the header of an answer with id 0x1234."""
    return pack(">HHHHHH", 0x1234, flags, questions, answers, 0, 0)


def record(data: str, *, kind: int = 1, network: int = 1, length: int | None = None, name: bytes = NAME_AT_12) -> bytes:
    """Return a resource record that lives 300 seconds."""
    octets = bytes.fromhex(data)
    return name + pack(">HHIH", kind, network, 300, len(octets) if length is None else length) + octets


CNAME = record("03777777c00c", kind=5)  # www.example.com, at 12 + 17 + 12
ANSWER = header(answers=3) + QUESTION + CNAME + record("c0000201", name=b"\xc0\x29") + record("20010db8" + "00" * 11 + "01", kind=28)


def test_a_query_octet_by_octet() -> None:
    """One question, recursion desired, class IN (RFC 1035 4.1)."""
    assert encode_query(0x1234, "example.com").hex() == "1234" + "0100" + "0001" + "000000000000" + QUESTION.hex()
    assert encode_query(0x1234, "example.com.", RecordType.AAAA)[-4:].hex() == "001c0001"


def test_an_answer_is_read() -> None:
    """Addresses of both families are read, their names decompressed, other records passed over (RFC 1035 4.1.4)."""
    assert decode_response(ANSWER) == DnsResponse(
        transaction=0x1234,
        rcode=0,
        truncated=False,
        question="example.com",
        addresses=(AddressRecord("www.example.com", "192.0.2.1", 300), AddressRecord("example.com", "2001:db8::1", 300)),
    )


@pytest.mark.parametrize(("flags", "rcode", "truncated"), [(0x8183, 3, False), (0x8380, 0, True), (0x8005, 5, False)])
def test_the_flags_are_read(flags: int, rcode: int, truncated: bool) -> None:
    """The response code and the truncation bit are told (RFC 1035 4.1.1)."""
    response = decode_response(header(flags=flags, answers=0) + QUESTION)
    assert (response.rcode, response.truncated, response.addresses) == (rcode, truncated, ())


def test_an_answer_may_come_without_its_question() -> None:
    """Some servers refuse without repeating the question."""
    assert decode_response(header(flags=0x8005, questions=0, answers=0)).question is None


@pytest.mark.parametrize("flags", [0x0100, 0x8980, 0x8800])
def test_queries_and_other_opcodes_are_no_answers(flags: int) -> None:
    """Only an answer to a standard query counts (RFC 1035 4.1.1)."""
    with pytest.raises(MalformedMessage):
        decode_response(header(flags=flags, answers=0) + QUESTION)


def test_every_truncation_is_malformed() -> None:
    """An answer cut anywhere is malformed; octets behind it are not looked at."""
    for size in range(len(ANSWER)):
        with pytest.raises(MalformedMessage):
            decode_response(ANSWER[:size])
    assert decode_response(ANSWER + b"more") == decode_response(ANSWER)


@pytest.mark.parametrize(("kind", "size"), [(1, 3), (1, 16), (28, 4), (28, 17)])
def test_addresses_of_a_wrong_length_are_malformed(kind: int, size: int) -> None:
    """An A record has 4 octets, an AAAA record 16 (RFC 1035 3.4.1, RFC 3596 2.2)."""
    with pytest.raises(MalformedMessage):
        decode_response(header() + QUESTION + record("00" * size, kind=kind))


def test_another_class_is_no_address() -> None:
    """Only class IN holds Internet addresses."""
    assert decode_response(header() + QUESTION + record("c0000201", network=3)).addresses == ()


@pytest.mark.parametrize(
    "name",
    [b"\xc0\x0c", b"\xc0\x0e", b"\xc0\xff", b"\x01a\xc0\x0c", b"\x80\x0c", b"\x40" + b"a" * 64 + b"\0", b"\xff\xff"],
    ids=["itself", "ahead", "beyond", "around", "reserved bits", "label of 64", "all ones"],
)
def test_names_that_lead_nowhere_are_malformed(name: bytes) -> None:
    """A pointer leads strictly backwards, so that no name has a loop (RFC 1035 4.1.4)."""
    with pytest.raises(MalformedMessage):
        decode_response(header(answers=0) + name + b"\0\1\0\1" + bytes(80))


def test_names_end_at_255_octets() -> None:
    """A name has at most 255 octets, those behind pointers counted (RFC 1035 2.3.4)."""
    most = (b"\x3f" + b"a" * 63) * 3
    longest, too_long = most + b"\x3d" + b"b" * 61 + b"\0", most + b"\x3e" + b"b" * 62 + b"\0"
    question = b"\0\1\0\1"
    assert decode_response(header(answers=0) + longest + question).question == ".".join(["a" * 63] * 3 + ["b" * 61])
    with pytest.raises(MalformedMessage):
        decode_response(header(answers=0) + too_long + question)
    with pytest.raises(MalformedMessage):
        decode_response(header(answers=0, questions=2) + longest + question + b"\x01c" + NAME_AT_12 + question)


@pytest.mark.parametrize(("jumps", "good"), [(1, True), (16, True), (17, False)])
def test_a_chain_of_pointers_is_cut(jumps: int, good: bool) -> None:
    """A name may jump 16 times, not more: a message of nothing but pointers costs little."""
    question = b"\0" + b"\0\1\0\1"  # the root's name, at 12
    start = 12 + len(question) + 11
    links = [12, *(start + 2 * link for link in range(jumps - 1))]  # each points to the one before, the first to the root
    chain = b"".join(pack(">H", 0xC000 | link) for link in links[:-1])
    carrier = b"\0" + pack(">HHIH", 16, 1, 0, len(chain)) + chain  # a TXT record that holds all links but the last
    octets = header(answers=2) + question + carrier + record("c0000201", name=pack(">H", 0xC000 | links[-1]))
    if good:
        assert decode_response(octets).addresses == (AddressRecord("", "192.0.2.1", 300),)
    else:
        with pytest.raises(MalformedMessage):
            decode_response(octets)


@given(st.integers(0, 0xFFFF), names, st.sampled_from(RecordType))
def test_names_come_back(transaction: int, name: str, kind: RecordType) -> None:
    """A query's name is read from the answer that repeats it."""
    query = encode_query(transaction, name, kind)
    response = decode_response(query[:2] + b"\x81\x80" + query[4:])
    assert (response.transaction, response.question) == (transaction, name)


@pytest.mark.parametrize("name", ["", ".", "a..b", "a" * 64, ".".join(["a" * 63] * 4), "ä.example"])
def test_what_is_no_name_is_refused(name: str) -> None:
    """Labels have 1 to 63 octets, names at most 255 (RFC 1035 2.3.4)."""
    with pytest.raises(ValueError, match=r"no DNS name|ascii"):
        encode_query(1, name)


def test_over_tcp_a_length_goes_before_the_message() -> None:
    """Two octets tell how long the message is (RFC 1035 4.2.2)."""
    assert frame(b"abc") == b"\0\3abc"


def test_a_framed_message_comes_back_whole_or_not_at_all() -> None:
    """While octets are missing there is no message; what follows it belongs to the next one (RFC 7766 8)."""
    framed = frame(ANSWER)
    assert [unframe(framed[:size]) for size in range(len(framed))] == [None] * len(framed)
    assert unframe(framed) == unframe(framed + b"next") == ANSWER
    assert unframe(b"\0\0") == b""


@pytest.mark.parametrize("field", [4, 6])
def test_thousands_of_records_are_not_read(field: int) -> None:
    """An answer of 64 KB costs tens of milliseconds to read: who has more than 256 of anything is no resolver."""
    message = bytearray(encode_query(7, "a.example"))
    pack_into(">H", message, 2, RESPONSE)
    pack_into(">H", message, field, MOST_RECORDS + 1)
    with pytest.raises(MalformedMessage, match="in one answer"):
        decode_response(bytes(message))
