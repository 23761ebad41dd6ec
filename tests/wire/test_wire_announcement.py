"""Our own Announcement TLV: question and answer are equally long, a list that was cut says so, and nothing is taken for an answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nra.model.responder import RESPONDERS, Announcement
from nra.wire.announcement import ROOM, AnnouncementReply, AnnouncementRequest, is_ours
from nra.wire.errors import MalformedMessage
from nra.wire.stamp import AUTHENTICATED
from nra.wire.stamp_tlv import encode_tlvs, hmac_tlv
from nra.wire.stamp_values import request_tlv

PIN = "3cdf34fb4526eceff4c9adf81649bd642abb03511a4587550e0a7b2a52239993"
TWO = Announcement(PIN, (("UDP", 20862), ("TCP", 443)))
ports = st.tuples(st.sampled_from(["UDP", "TCP"]), st.integers(1, 65535))
pins = st.none() | st.binary(min_size=32, max_size=32).map(bytes.hex)
announcements = st.builds(Announcement, pins, st.lists(ports, max_size=80).map(tuple))


def octets(state: int, pin: int, given_: int, in_all: int, *entries: str) -> bytes:
    """Return an answer's value by hand, with a pin of zeros."""
    return b"nraA" + bytes((state, pin)) + given_.to_bytes(2) + in_all.to_bytes(4) + bytes(32) + bytes.fromhex("".join(entries))


def test_the_form_octet_by_octet() -> None:
    """The answer's fields stand where the module draws them, room that is not used stays zero."""
    request = AnnouncementRequest(3)
    assert request.encode().hex() == "6e726141" + "00" * 8 + "00" * 32 + "00" * 12
    answer = request.answer(TWO)
    assert answer.hex() == "6e726141" + "02" + "20" + "0002" + "00000002" + PIN + "1100517e" + "060001bb" + "00000000"
    assert request.answer(None).hex() == "6e726141" + "01" + "00" * 7 + "00" * 32 + "00" * 12


@given(announcements, st.integers(0, 100))
def test_an_answer_is_as_long_as_its_question_and_comes_back(announcement: Announcement, room: int) -> None:
    """Whatever is open, the answer fits the question's room; what had no place in it is missed, and asking for all brings it."""
    request = AnnouncementRequest(room)
    assert AnnouncementRequest.decode(request.encode()) == request
    answer = request.answer(announcement)
    assert len(answer) == len(request.encode())
    reply = AnnouncementReply.decode(answer)
    assert reply == AnnouncementReply(Announcement(announcement.pin, announcement.ports[:room]), len(announcement.ports))
    assert reply.is_cut == (room < len(announcement.ports))
    again = AnnouncementReply.decode(AnnouncementRequest(reply.in_all).answer(announcement))
    assert (again.announcement, again.is_cut) == (announcement, False)


@given(st.integers(0, 100))
def test_no_responders_is_an_answer(room: int) -> None:
    """A reflector that opened nothing says so, as long as the question, and that is no empty list."""
    answer = AnnouncementRequest(room).answer(None)
    assert len(answer) == len(AnnouncementRequest(room).encode())
    assert AnnouncementReply.decode(answer) == AnnouncementReply(None, 0)
    assert not AnnouncementReply.decode(answer).is_cut
    assert AnnouncementReply.decode(AnnouncementRequest(room).answer(Announcement(None, ()))).announcement == Announcement(None, ())


def test_absent_is_not_a_pin_of_zeros() -> None:
    """Without a certificate there is no pin; one of zeros would be a pin."""
    for pin in (None, "00" * 32):
        reply = AnnouncementReply.decode(AnnouncementRequest().answer(Announcement(pin, ())))
        assert reply.announcement == Announcement(pin, ())


def test_the_usual_question_is_short_and_has_room_to_spare() -> None:
    """All that we open fits twice, and the authenticated packet stays below 1200 octets."""
    assert len(RESPONDERS) + 1 <= ROOM
    tlv = request_tlv(AnnouncementRequest())
    assert AUTHENTICATED.size + len(encode_tlvs([tlv, hmac_tlv()])) == 436
    assert (tlv.flags, tlv.type, len(tlv.value)) == (0x80, 251, 300)


@pytest.mark.parametrize("size", [*range(44), 45, 46, 47, 49])
def test_a_question_without_whole_room_is_malformed(size: int) -> None:
    """The head is needed whole, and room for so many ports, none of them cut."""
    with pytest.raises(MalformedMessage):
        AnnouncementRequest.decode(AnnouncementRequest(2).encode()[:size])


@pytest.mark.parametrize("size", range(52))
def test_every_truncation_of_an_answer_is_malformed(size: int) -> None:
    """The count is held against the length: half a list is never taken for the whole."""
    with pytest.raises(MalformedMessage):
        AnnouncementReply.decode(AnnouncementRequest(2).answer(TWO)[:size])


@pytest.mark.parametrize(
    "value",
    [
        AnnouncementRequest(2).encode(),
        octets(0, 0, 1, 1, "11000035"),
        octets(1, 0, 1, 1, "11000035"),
        octets(1, 0, 0, 1),
        octets(3, 0, 0, 0),
        octets(2, 31, 0, 0),
        octets(2, 0, 2, 1, "11000035", "06000035"),
        octets(2, 0, 1, 1, "84000035"),
        octets(2, 0, 1, 1, "11000000"),
    ],
    ids=["a question", "asked", "none, and one", "none of one", "state", "pin", "more than all", "SCTP", "port 0"],
)
def test_what_contradicts_itself_is_malformed(value: bytes) -> None:
    """Above all a question that somebody copied back without U: it must not look like "no responders here"."""
    with pytest.raises(MalformedMessage):
        AnnouncementReply.decode(value)


def test_reserved_octets_are_not_read() -> None:
    """What is behind the list and beside a protocol is not ours to judge."""
    value = octets(2, 0, 1, 7, "11ff0035", "ffffffff")
    assert AnnouncementReply.decode(value) == AnnouncementReply(Announcement(None, (("UDP", 53),)), 7)


def test_other_experiments_are_not_ours() -> None:
    """Type 251 belongs to nobody: only the magic makes it ours (RFC 8972 5.1)."""
    assert is_ours(AnnouncementRequest(0).encode())
    other = b"nraR" + AnnouncementRequest(0).encode()[4:]
    assert not is_ours(other)
    for decode in (AnnouncementRequest.decode, AnnouncementReply.decode):
        with pytest.raises(MalformedMessage):
            decode(other)
