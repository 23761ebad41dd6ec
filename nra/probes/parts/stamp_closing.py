"""The closing exchange: what the reflector received and answered, so that the fate of the last packets is known too.

Each call asks for the reflector's counters, then, where replies are missing, for its receive record (our own TLV; any
other reflector leaves it unrecognized and its numbers alone must do).
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from nra.model.failure import Failure
from nra.model.sample import ABSENT
from nra.net.ports import Arrival, Refusal, Transmission
from nra.probes.parts.stamp_dialect import StampDialect, sender_packet, usable_tlvs
from nra.probes.parts.stream import MS, ProbeStream, unwrap
from nra.wire.errors import MalformedMessage
from nra.wire.receive_record import ReceiveRecord, RecordReply, RecordRequest
from nra.wire.stamp import ReflectorPacket, decode_reflector
from nra.wire.stamp_tlv import TlvType, encode_tlvs, hmac_tlv
from nra.wire.stamp_values import DirectMeasurement, request_tlv
from nra.wire.timestamps import WORD, unix_ns_from_ntp

RETRY_NS: Final = 250 * MS
DEADLINE_NS: Final = 1500 * MS
SPACING_NS: Final = 1 * MS
RECORDS_PER_PACKET: Final = 64  # 1100 octets: below every MTU in use


@dataclass(frozen=True, slots=True)
class Question:
    """Ask one call for `count` records from reflector sequence `first` on; count 0 asks for the counters alone."""

    call: int
    first: int
    count: int


@dataclass(slots=True)
class Answers:
    """What became known of one call: how many replies the reflector sent for the stream, and records of lost ones."""

    counted: bool = False
    reflected: int | None = None
    received: int | None = None  # by the reflector's own counter, closing packets included
    transmitted: int | None = None
    records: dict[int, ReceiveRecord] = field(default_factory=dict)
    has_records: bool = True
    missing: frozenset[int] = frozenset()

    @property
    def fates_known(self) -> bool:
        """Tell whether every reply that is missing here is accounted for."""
        return self.counted and self.has_records and self.missing <= self.records.keys()


class Closing:
    """The machine: asks, asks again every 250 ms, gives up after 1.5 s; late replies still go to the stream."""

    def __init__(self, stream: ProbeStream, dialect: StampDialect, start_ns: int) -> None:
        """Ask every call that sent anything."""
        self._stream, self._dialect = stream, dialect
        self._end_ns = start_ns + DEADLINE_NS
        self._sent = [len(times) for times in stream.record.t1_ns]
        self._next_number = list(self._sent)
        self._open: dict[tuple[int, int], Question] = {}  # by call and sequence
        self._queue: deque[tuple[int, Question]] = deque()
        self._answered: set[Question] = set()
        self._earliest_ns = start_ns
        self.answers = [Answers() for _ in self._sent]
        for call, sent in enumerate(self._sent):
            if sent:
                self._queue.append((start_ns, Question(call, 0, 0)))

    def next_due_ns(self) -> int | None:
        """Return when to ask next; None when everything is answered or time is up."""
        while self._queue and self._queue[0][1] in self._answered:
            self._queue.popleft()
        if not self._queue:
            return None
        return max(self._earliest_ns, self._queue[0][0])

    def transmit(self, now_ns: int) -> Transmission | None:
        """Return the next question; questions go round until they are answered."""
        due_ns = self.next_due_ns()
        if now_ns >= self._end_ns:
            self._queue.clear()
        if due_ns is None or now_ns < due_ns or not self._queue:
            return None
        _, question = self._queue.popleft()
        self._queue.append((now_ns + RETRY_NS, question))
        self._earliest_ns = now_ns + SPACING_NS
        return self._packet(question, now_ns)

    def _packet(self, question: Question, now_ns: int) -> Transmission:
        call, sequence = question.call, self._next_number[question.call]
        self._next_number[call] += 1
        self._open[call, sequence] = question
        tlvs = [request_tlv(DirectMeasurement(sender_tx=(sequence + 1) & WORD))]
        if question.count:
            tlvs.append(request_tlv(RecordRequest(question.first, question.count)))
        if self._dialect.form.key is not None:
            tlvs.append(hmac_tlv())
        payload = sender_packet(sequence, now_ns, self._dialect.ssids[call], encode_tlvs(tlvs), self._dialect.form.key)
        return Transmission(channel=call, payload=payload)

    def arrived(self, arrival: Arrival) -> None:
        """Take an answer, or hand a late reply to the stream."""
        call = arrival.channel
        try:
            packet = decode_reflector(arrival.payload, self._dialect.form.key)
        except MalformedMessage:
            return
        sequence = unwrap(packet.sender_sequence, self._next_number[call])
        question = self._open.get((call, sequence))
        if question is None:
            self._stream.arrived(arrival)
        elif question not in self._answered:
            self._answered.add(question)
            self._take(question, sequence, packet, arrival.received_ns)

    def _take(self, question: Question, sequence: int, packet: ReflectorPacket, now_ns: int) -> None:
        answers = self.answers[question.call]
        tlvs = usable_tlvs(packet, self._dialect.form.key)
        if question.count == 0:
            self._count(question.call, sequence, packet, tlvs.get(TlvType.DIRECT_MEASUREMENT))
            for asked in self._missing_ranges(question.call):
                self._queue.appendleft((now_ns, asked))
            return
        value = tlvs.get(TlvType.RECEIVE_RECORD)
        if value is None:
            answers.has_records = False
            self._queue = deque(entry for entry in self._queue if entry[1].call != question.call)
            return
        reply = RecordReply.decode(value)
        answers.records.update({reply.first + i: record for i, record in enumerate(reply.records) if record is not None})

    def _count(self, call: int, sequence: int, packet: ReflectorPacket, counters: bytes | None) -> None:
        answers = self.answers[call]
        answers.counted = True
        reply = self._dialect.read(call, packet, 0)
        first_try = sequence == self._sent[call]
        if first_try and reply.reflector_sequence is not None:  # else earlier questions may have been counted too
            answers.reflected = reply.reflector_sequence
        if counters is not None:
            direct = DirectMeasurement.decode(counters)
            answers.received, answers.transmitted = direct.reflector_rx, direct.reflector_tx
        answers.missing = frozenset(range(reply.reflector_sequence or 0)) - self._seen(call)

    def _seen(self, call: int) -> set[int]:
        columns = self._stream.record.arrivals
        return {number for owner, number in zip(columns[0], columns[5], strict=True) if owner == call and number != ABSENT}

    def _missing_ranges(self, call: int) -> Iterator[Question]:
        """Yield questions that cover the missing reflector sequences, near ones together."""
        if self._dialect.counts_by_itself[call]:
            for first, count in covering(sorted(self.answers[call].missing), RECORDS_PER_PACKET):
                yield Question(call, first, count)

    def refused(self, refusal: Refusal) -> None:
        """Ignore it and ask again."""

    def send_failed(self, transmission: Transmission, failure: Failure) -> None:
        """Ignore it and ask again."""

    def lost_replies(self, call: int) -> Iterator[tuple[int, int, int, int | None]]:
        """Yield reflector sequence, sequence, T2 and TOS of the call's probes that arrived there but whose reply did not come back."""
        answers, seen = self.answers[call], self._seen(call)
        for number in sorted(answers.missing - seen):
            record = answers.records.get(number)
            if record is not None and record.sender_sequence < self._sent[call]:
                near_ns = self._stream.grid.start_ns
                yield number, record.sender_sequence, unix_ns_from_ntp(record.receive_timestamp, near_ns), record.tos


def covering(numbers: Sequence[int], most: int) -> Iterator[tuple[int, int]]:
    """Yield (first, count) spans of at most `most` that cover the sorted numbers."""
    first = None
    last = 0
    for number in numbers:
        if first is not None and number - first >= most:
            yield first, last - first + 1
            first = None
        first = number if first is None else first
        last = number
    if first is not None:
        yield first, last - first + 1
