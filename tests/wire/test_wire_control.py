"""The control channel's words: one JSON object each way, as drawn, and nothing else is taken for one."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nra.wire import control
from nra.wire.control import (
    Close,
    Closed,
    Counted,
    Counts,
    Facts,
    FactsTold,
    Hello,
    Load,
    Loading,
    Open,
    Opened,
    Over,
    Record,
    Recorded,
    Refused,
    Request,
    Span,
    Told,
    Unload,
    Unloaded,
    Welcome,
    decode_answer,
    decode_request,
    encode,
)
from nra.wire.errors import MalformedMessage
from nra.wire.receive_record import ReceiveRecord
from nra.wire.timestamps import ntp_from_unix_ns

TOKEN = "ab" * 32
REQUESTS: tuple[Request, ...] = (
    Hello(token=TOKEN),
    Open(calls=100, seconds=60),
    Counts(ssid=4711, calls=1000, over=Over.UDP),
    Record(spans=[Span(65535, (1 << 63) - 1, 64)] * control.MOST_SPANS, over=Over.QUIC),
    Facts(),
    Close(ssid=1),
    Load(up=0, down=50_000_000, seconds=60),
    Unload(),
)
ANSWERS: tuple[Told, ...] = (
    Welcome(version="1.0"),
    Opened(ssid=65535, key=TOKEN, port=20862, seconds=60),
    Counted(received=[None, 3], transmitted=[None, 2], copies=[None, [7]]),
    Recorded(senders=[0, None], times_ns=[1_700_000_000_000_000_000, 0], toses=[184, None]),
    FactsTold(version="1.0", engine="batched", workers=2, stamps="kernel", sessions=3, load=0.5, cpus=2),
    Closed(),
    Loading(up=0, down=50_000_000, seconds=20),
    Unloaded(octets=[0, 1_250_000], busy=0.5, capped=False),
    Refused(why="no SSIDs are left"),
)


def test_the_words_are_these() -> None:
    """What stands on the wire is what the module draws: another implementation can be written from it."""
    assert json.loads(encode(Hello(token=TOKEN))) == {"ask": "hello", "token": TOKEN}
    assert json.loads(encode(Open(calls=2, seconds=60))) == {"ask": "open", "calls": 2, "seconds": 60}
    record = {"ask": "record", "spans": [[7, 0, 64]], "over": "udp"}
    assert json.loads(encode(Record(spans=[Span(7, 0, 64)], over=Over.UDP))) == record
    assert json.loads(encode(Welcome(version="1.0"))) == {"told": "welcome", "version": "1.0"}
    assert json.loads(encode(ANSWERS[3]))["senders"] == [0, None]


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda each: type(each).__name__)
def test_requests_come_back(request_: Request) -> None:
    """What was encoded is what is decoded, within the room that a request has."""
    octets = encode(request_)
    assert decode_request(octets) == request_
    assert len(octets) <= control.MOST_REQUEST_BYTES


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda each: type(each).__name__)
def test_answers_come_back(answer: Told) -> None:
    """What was encoded is what is decoded."""
    assert decode_answer(encode(answer)) == answer


def test_the_longest_answer_fits_its_room() -> None:
    """As many records as one may ask for, each as long as it can be, are not too long for whoever asked."""
    most = control.MOST_RECORDS
    longest = Recorded(
        senders=[(1 << 32) - 1] * most, times_ns=[(1 << 63) - 1] * most, toses=[255] * most,
    )  # fmt: skip
    assert decode_answer(encode(longest)) == longest


@pytest.mark.parametrize(
    "text",
    [
        '{"ask":"hello"}',
        '{"ask":"hello","token":"AB"}',
        f'{{"ask":"hello","token":"{TOKEN}","more":1}}',
        f'{{"token":"{TOKEN}"}}',
        '{"ask":"open","calls":0,"seconds":60}',
        '{"ask":"open","calls":1001,"seconds":60}',
        '{"ask":"open","calls":1,"seconds":1e9}',
        '{"ask":"open","calls":true,"seconds":60}',
        '{"ask":"counts","ssid":1,"calls":1001,"over":"udp"}',
        '{"ask":"record","spans":[[0,0,1]],"over":"udp"}',
        '{"ask":"record","spans":[[1,-1,1]],"over":"udp"}',
        '{"ask":"record","spans":[[1,0]],"over":"udp"}',
        '{"ask":"record","spans":[[1,0,1,1]],"over":"udp"}',
        '{"ask":"record","spans":[[1,0,4097]],"over":"udp"}',
        '{"ask":"record","spans":[[1,0,4096],[1,4096,1]],"over":"udp"}',
        '{"ask":"record","spans":[[1,0,1]],"over":"tcp"}',
        '{"ask":"record","spans":[' + ",".join(["[1,0,1]"] * 65) + '],"over":"udp"}',
        '{"ask":"load","up":1,"down":-1,"seconds":9}',
        '{"ask":"load","up":1,"down":1,"seconds":61}',
        '{"ask":"unload","now":true}',
        '{"ask":"format the disk"}',
        "[" * 900,
        '{"ask":"facts"} {"ask":"facts"}',
        "",
    ],
)
def test_what_is_no_request_is_malformed(text: str) -> None:
    """A key too many, one too few, a number out of its bounds, a word that is none: nothing is guessed."""
    with pytest.raises(MalformedMessage):
        decode_request(text.encode())


def test_too_long_a_request_is_not_even_read() -> None:
    """Blanks are JSON, but not for ever."""
    octets = encode(Facts())
    assert decode_request(octets + b" " * (control.MOST_REQUEST_BYTES - len(octets))) == Facts()
    with pytest.raises(MalformedMessage, match="4097 octets where 4096 are the most"):
        decode_request(octets + b" " * (control.MOST_REQUEST_BYTES + 1 - len(octets)))


def test_columns_are_equally_long() -> None:
    """A record whose columns differ would be read askew."""
    with pytest.raises(MalformedMessage, match="columns"):
        decode_answer(encode(Recorded(senders=[1, 2], times_ns=[1], toses=[1])))
    with pytest.raises(MalformedMessage, match="columns"):
        decode_answer(encode(Counted(received=[1], transmitted=[], copies=[[]])))


def test_records_are_those_of_the_closing_exchange() -> None:
    """Whichever way the receive record came, scoring reads the same values; what is gone stays gone."""
    told = Recorded(senders=[9, None], times_ns=[1_700_000_000_123_456_789, 0], toses=[184, None])
    assert told.records() == (ReceiveRecord(9, ntp_from_unix_ns(1_700_000_000_123_456_789), 184), None)


@given(st.binary(max_size=200))
def test_arbitrary_octets_are_malformed_or_understood(octets: bytes) -> None:
    """Only MalformedMessage comes out, as of every decoder."""
    for decode in (decode_request, decode_answer):
        try:
            decode(octets)
        except MalformedMessage:
            continue
