"""The control channel of a reflector: what a sender asks beside its stream, over QUIC (ALPN `nra/1`).

Each request is a stream of its own: one JSON object from the client, then FIN; one JSON object back, then FIN. `ask` says what is
wanted, `told` what came of it; keys that are not drawn here make a message malformed, for another ALPN is another language.

hello    token                     -> welcome    version                  the first on a connection, nothing is answered before it
open     calls, seconds            -> opened     ssid, key, port, seconds   so many SSIDs from `ssid` on, all with this STAMP key
counts   ssid, calls, over         -> counted    received, transmitted, copies: of each SSID from `ssid` on
record   spans, over               -> recorded   senders, times_ns, toses: of the spans (ssid, first, count), one after the other
facts                              -> facts      version, engine, workers, stamps, sessions, load, cpus
close    ssid                      -> closed     the SSIDs that were opened together with this one
load     up, down, seconds         -> loading    up, down, seconds          octets each way; they come on one-way streams of their own
unload                             -> unloaded   octets, busy, capped       of the load that has just been
                                   -> refused    why, for what a good request could not be given

The stream of voice goes beside it in DATAGRAM frames (RFC 9221): ordinary STAMP packets, unauthenticated, for QUIC seals them.
"""

from collections.abc import Callable
from enum import IntEnum, StrEnum
from typing import Annotated, Any, Final, TypeVar

import msgspec
from msgspec import Meta, Struct

from nra.wire.errors import MalformedMessage
from nra.wire.receive_record import ReceiveRecord
from nra.wire.timestamps import ntp_from_unix_ns

ALPN: Final = "nra/1"
MOST_REQUEST_BYTES: Final = 4096
MOST_ANSWER_BYTES: Final = 512 << 10
MOST_RECORDS: Final = 4096
"""Of one answer: 150 KiB, which a slow line carries within seconds."""
MOST_COPIES: Final = 20_000  # of one answer
MOST_SPANS: Final = 64  # of one question
MOST_CALLS: Final = 1000
MOST_SECONDS: Final = 90_000  # a day's stream, and an hour for its record
MOST_LOAD_SECONDS: Final = 60
MOST_DATAGRAM_BYTES: Final = 1170  # what a DATAGRAM frame holds in a packet of 1200 octets, with room for an acknowledgement

Count = Annotated[int, Meta(ge=0, le=(1 << 63) - 1)]
Word = Annotated[int, Meta(ge=0, lt=1 << 32)]
Octet = Annotated[int, Meta(ge=0, lt=1 << 8)]
Ssid = Annotated[int, Meta(ge=1, lt=1 << 16)]
UdpPort = Annotated[int, Meta(ge=1, lt=1 << 16)]
Hex = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
Text = Annotated[str, Meta(max_length=200)]
Calls = Annotated[int, Meta(ge=1, le=MOST_CALLS)]
Seconds = Annotated[int, Meta(ge=1, le=MOST_SECONDS)]
Records = Annotated[int, Meta(ge=0, le=MOST_RECORDS)]


class CloseCode(IntEnum):
    """Why a connection ends: the application's error code in CONNECTION_CLOSE (RFC 9000 19.19)."""

    DONE = 0
    NOT_ALLOWED = 1  # the token is nobody's, or no longer anybody's
    TOO_LATE = 2  # no hello in time
    TOO_MUCH = 3  # more streams, octets or requests than one connection is given
    MALFORMED = 4
    ENDING = 5  # the reflector goes


class Over(StrEnum):
    """How a session's packets came to the reflector."""

    UDP = "udp"
    QUIC = "quic"


class Hello(Struct, frozen=True, forbid_unknown_fields=True, tag_field="ask", tag="hello"):
    """Who asks: the token of the user's key (control_token.py), in hex."""

    token: Hex


class Open(Struct, frozen=True, forbid_unknown_fields=True, tag_field="ask", tag="open"):
    """The wish for SSIDs and a key of one's own, for so many calls and so long."""

    calls: Calls
    seconds: Seconds


class Counts(Struct, frozen=True, forbid_unknown_fields=True, tag_field="ask", tag="counts"):
    """The question how many packets of so many SSIDs from `ssid` on were received and answered."""

    ssid: Ssid
    calls: Calls
    over: Over


class Span(Struct, frozen=True, forbid_unknown_fields=True, array_like=True):
    """So many records of an SSID from reflector sequence `first` on."""

    ssid: Ssid
    first: Count
    count: Records


class Record(Struct, frozen=True, forbid_unknown_fields=True, tag_field="ask", tag="record"):
    """The question which packets were received, and how; `MOST_RECORDS` in all."""

    spans: Annotated[list[Span], Meta(max_length=MOST_SPANS)]
    over: Over


class Facts(Struct, frozen=True, forbid_unknown_fields=True, tag_field="ask", tag="facts"):
    """The question what the reflector is."""


class Close(Struct, frozen=True, forbid_unknown_fields=True, tag_field="ask", tag="close"):
    """That the SSIDs opened together with this one are needed no longer."""

    ssid: Ssid


class Load(Struct, frozen=True, forbid_unknown_fields=True, tag_field="ask", tag="load"):
    """The wish to send so many octets up and to be sent so many down, as fast as the path allows, for so long at most."""

    up: Count
    down: Count
    seconds: Annotated[int, Meta(ge=1, le=MOST_LOAD_SECONDS)]


class Unload(Struct, frozen=True, forbid_unknown_fields=True, tag_field="ask", tag="unload"):
    """That the load shall end, and the question what became of it."""


class Welcome(Struct, frozen=True, forbid_unknown_fields=True, tag_field="told", tag="welcome"):
    """The token is known; `version` is the reflector's."""

    version: Text


class Opened(Struct, frozen=True, forbid_unknown_fields=True, tag_field="told", tag="opened"):
    """SSIDs from `ssid` on, one for each call, their STAMP key in hex, the UDP port that takes it, and for how many seconds."""

    ssid: Ssid
    key: Hex
    port: UdpPort
    seconds: Seconds

    @property
    def key_octets(self) -> bytes:
        """The key as STAMP takes it."""
        return bytes.fromhex(self.key)


class Counted(Struct, frozen=True, forbid_unknown_fields=True, tag_field="told", tag="counted"):
    """Packets `received` and replies `transmitted` of each SSID that was asked for, None of one of which no packet has come.

    `copies` are the sender's numbers of packets that came again and were not answered, being taken for replays, None where there were more
    than are remembered; `received` leaves them out.
    """

    received: Annotated[list[Count | None], Meta(max_length=MOST_CALLS)]
    transmitted: Annotated[list[Count | None], Meta(max_length=MOST_CALLS)]
    copies: Annotated[list[Annotated[list[Word], Meta(max_length=MOST_COPIES)] | None], Meta(max_length=MOST_CALLS)]


class Recorded(Struct, frozen=True, forbid_unknown_fields=True, tag_field="told", tag="recorded"):
    """The records of all spans that were asked for, one after the other, as columns: as many as were asked for.

    `senders` are the sender's sequence numbers (None: the reflector has no such record, or no longer), `times_ns` T2 in Unix nanoseconds
    by its clock, `toses` the TOS octets (None: not readable there).
    """

    senders: Annotated[list[Word | None], Meta(max_length=MOST_RECORDS)]
    times_ns: Annotated[list[Count], Meta(max_length=MOST_RECORDS)]
    toses: Annotated[list[Octet | None], Meta(max_length=MOST_RECORDS)]

    def records(self) -> tuple[ReceiveRecord | None, ...]:
        """Return the records in order, None for each that is gone."""
        rows = zip(self.senders, self.times_ns, self.toses, strict=True)
        return tuple(None if sender is None else ReceiveRecord(sender, ntp_from_unix_ns(t2_ns), tos) for sender, t2_ns, tos in rows)


class FactsTold(Struct, frozen=True, forbid_unknown_fields=True, tag_field="told", tag="facts"):
    """The reflector of itself: its engine, how many processes share the work, where it takes its stamps, and how busy it is.

    `sessions` are those of all processes, `load` the machine's mean over a minute (None where the system does not say).
    """

    version: Text
    engine: Text
    workers: Annotated[int, Meta(ge=1, le=4096)]
    stamps: Text
    sessions: Count
    load: Annotated[float, Meta(ge=0, le=1e6)] | None
    cpus: Annotated[int, Meta(ge=1, le=65536)] | None


class Closed(Struct, frozen=True, forbid_unknown_fields=True, tag_field="told", tag="closed"):
    """The SSIDs are nobody's any more."""


class Loading(Struct, frozen=True, forbid_unknown_fields=True, tag_field="told", tag="loading"):
    """The load begins: so many octets with IP and UDP headers may be sent up, so many will come down, for so long at most."""

    up: Count
    down: Count
    seconds: Annotated[int, Meta(ge=1, le=MOST_LOAD_SECONDS)]


class Unloaded(Struct, frozen=True, forbid_unknown_fields=True, tag_field="told", tag="unloaded"):
    """What came up in each 100 ms, in octets with IP and UDP headers, and how the reflector fared.

    `busy` is the share of the time in which it had work to do, `capped` whether it stopped the load because of its octets.
    """

    octets: Annotated[list[Count], Meta(max_length=10 * (MOST_LOAD_SECONDS + 5))]
    busy: Annotated[float, Meta(ge=0, le=1)]
    capped: bool


class Refused(Struct, frozen=True, forbid_unknown_fields=True, tag_field="told", tag="refused"):
    """A good request that cannot be given what it asks for."""

    why: Text


Request = Hello | Open | Counts | Record | Facts | Close | Load | Unload
Told = Welcome | Opened | Counted | Recorded | FactsTold | Closed | Loading | Unloaded | Refused
_T = TypeVar("_T")

_REQUESTS: Final[msgspec.json.Decoder[Request]] = msgspec.json.Decoder(Request)
_ANSWERS: Final[msgspec.json.Decoder[Told]] = msgspec.json.Decoder(Told)


def encode(message: Request | Told) -> bytes:
    """Return a message's octets."""
    return msgspec.json.encode(message)


def decode_request(octets: bytes) -> Request:
    """Read a request; raises MalformedMessage, also for more records than one answer holds."""
    request = _decoded(_REQUESTS.decode, octets, MOST_REQUEST_BYTES)
    if isinstance(request, Record) and sum(span.count for span in request.spans) > MOST_RECORDS:
        raise MalformedMessage(f"more than {MOST_RECORDS} records")
    return request


def decode_answer(octets: bytes) -> Told:
    """Read an answer; raises MalformedMessage, also for columns that are not equally long."""
    answer = _decoded(_ANSWERS.decode, octets, MOST_ANSWER_BYTES)
    columns: list[list[Any]] = []
    if isinstance(answer, Recorded):
        columns = [answer.senders, answer.times_ns, answer.toses]
    elif isinstance(answer, Counted):
        columns = [answer.received, answer.transmitted, answer.copies]
    if len(set(map(len, columns))) > 1:
        raise MalformedMessage("columns that are not equally long")
    return answer


def _decoded(decode: Callable[[bytes], _T], octets: bytes, most: int) -> _T:
    if len(octets) > most:
        raise MalformedMessage(f"{len(octets)} octets where {most} are the most")
    try:
        return decode(octets)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedMessage(str(error)) from error
