"""Our own Receive Record TLV: question and answer are equally long, and what is gone is told from what was lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nra.wire.errors import MalformedMessage
from nra.wire.receive_record import GONE, ReceiveRecord, RecordReply, RecordRequest, is_ours

u32 = st.integers(0, 2**32 - 1)
records = st.none() | st.builds(ReceiveRecord, st.integers(0, GONE - 1), st.integers(0, 2**64 - 1), st.none() | st.integers(0, 255))


def test_the_form_octet_by_octet() -> None:
    """The answer's fields stand where the module draws them, room that is not used stays zero."""
    request = RecordRequest(5, 3)
    assert request.encode().hex() == "6e726152" + "00000005" + "0003" + "0000" + "00" * 48
    answer = request.answer(lambda first, count: (ReceiveRecord(7, 0xE93C7F0080000000, 0xB8), None)[:count] if first == 5 else ())
    known = "00000007" + "e93c7f0080000000" + "b8" + "01" + "0000"
    gone = "ffffffff" + "00" * 12
    assert answer.hex() == "6e726152" + "00000005" + "0002" + "0000" + known + gone + "00" * 16


@given(u32, st.lists(records, max_size=20), st.integers(0, 20))
def test_an_answer_is_as_long_as_its_question_and_comes_back(first: int, given_records: list[ReceiveRecord | None], count: int) -> None:
    """Whatever the source has, even more than was asked for, the answer fits the question's room."""
    request = RecordRequest(first, count)
    assert RecordRequest.decode(request.encode()) == request
    answer = request.answer(lambda _first, _count: given_records)
    assert len(answer) == len(request.encode())
    assert RecordReply.decode(answer) == RecordReply(first, tuple(given_records[:count]))


def test_an_unknown_tos_is_not_zero() -> None:
    """A TOS octet that the reflector could not read is absent, one of zero is zero."""
    found = (ReceiveRecord(1, 2, None), ReceiveRecord(1, 2, 0))
    assert RecordReply.decode(RecordRequest(0, 2).answer(lambda _first, _count: found)).records == found


@given(st.integers(0, 1500))
def test_the_largest_question_fits(size: int) -> None:
    """As many records are asked for as a value of that size holds."""
    request = RecordRequest.within(0, size)
    assert len(request.encode()) <= max(size, 12)
    assert len(RecordRequest(0, request.count + 1).encode()) > size


@pytest.mark.parametrize("value", [b"", b"nraR", RecordRequest(0, 1).encode()[:-1], RecordRequest(0, 1).encode() + b"\0"])
def test_a_question_without_the_right_room_is_malformed(value: bytes) -> None:
    """The room must be that of the records wanted: nothing is answered that would not fit."""
    with pytest.raises(MalformedMessage):
        RecordRequest.decode(value)


def test_an_answer_with_more_records_than_octets_is_malformed() -> None:
    """The count of an answer is held against its length."""
    with pytest.raises(MalformedMessage):
        RecordReply.decode(RecordRequest(0, 2).encode()[:-16])


def test_other_experiments_are_not_ours() -> None:
    """Type 250 belongs to nobody: only the magic makes it ours (RFC 8972 5.1)."""
    assert is_ours(RecordRequest(0, 0).encode())
    assert not is_ours(b"XraR" + bytes(8))
    for decode in (RecordRequest.decode, RecordReply.decode):
        with pytest.raises(MalformedMessage):
            decode(b"XraR" + bytes(8))
