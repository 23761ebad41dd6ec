"""The closing exchange: what the reflector received and answered, so that the fate of the last packets is known too.

Each call asks for the reflector's counters, then, where replies are missing, for its receive record (our own TLV; any
other reflector leaves it unrecognized and its numbers alone must do).
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from nra.model.failure import Failure
from nra.net.ports import Arrival, Refusal, Transmission
from nra.probes.parts.stamp_dialect import StampDialect, Values, counters_of, sender_packet, values_of
from nra.probes.parts.stream import MS, ProbeStream
from nra.probes.parts.stream_record import Reply
from nra.wire.errors import MalformedMessage
from nra.wire.receive_record import ReceiveRecord, RecordReply, RecordRequest
from nra.wire.stamp import ReflectorPacket
from nra.wire.stamp_tlv import TlvType, encode_tlvs, hmac_tlv
from nra.wire.stamp_values import DirectMeasurement, request_tlv
from nra.wire.timestamps import WORD, unix_ns_from_ntp

RETRY_NS: Final = 250 * MS
DEADLINE_NS: Final = 1500 * MS
TRIPS: Final = 3  # a question, the one for records that follows from its answer, and one of them lost
LONGEST_NS: Final = 6000 * MS
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
    """What became known of one call: how many replies the reflector sent for the stream, and records of lost ones.

    `reflected` is None unless it is certain; all numbers `below` were given, perhaps some of them to closing questions.
    """

    counted: bool = False
    below: int = 0
    reflected: int | None = None
    received: int | None = None  # by the reflector's own counter, closing packets included
    transmitted: int | None = None
    copies: int | None = None  # of the stream's packets, which came again and were not answered
    records: dict[int, ReceiveRecord] = field(default_factory=dict)
    has_records: bool = True


class Closing:
    """The machine: asks, asks again every 250 ms, gives up after 1.5 s; late replies still go to the stream.

    Where the stream's answers took longer than half a second it is as patient as that needs: satellites must not make fates unknown.
    """

    def __init__(self, stream: ProbeStream, dialect: StampDialect, start_ns: int) -> None:
        """Ask every call that sent anything."""
        self._stream, self._dialect = stream, dialect
        self._end_ns = start_ns + max(DEADLINE_NS, min(LONGEST_NS, TRIPS * stream.record.slowest_ns))
        self._sent = [len(times) for times in stream.record.t1_ns]
        self._next_number = list(self._sent)
        self._open: dict[tuple[int, int], Question] = {}  # by call and sequence
        self._queue = deque((start_ns, Question(call, 0, 0)) for call, sent in enumerate(self._sent) if sent)
        self._answered: set[Question] = set()
        self._earliest_ns = start_ns
        self.answers = [Answers() for _ in self._sent]

    def next_due_ns(self) -> int | None:
        """Return when to ask next; None when everything is answered or time is up."""
        while self._queue and self._queue[0][1] in self._answered:
            self._queue.popleft()
        if not self._queue:
            return None
        return min(self._end_ns, max(self._earliest_ns, self._queue[0][0]))

    def transmit(self, now_ns: int) -> Transmission | None:
        """Return the next question; questions go round until they are answered."""
        if now_ns >= self._end_ns:
            self._queue.clear()
        due_ns = self.next_due_ns()
        if due_ns is None or now_ns < due_ns:
            return None
        _, question = self._queue.popleft()
        self._queue.append((now_ns + RETRY_NS, question))
        self._earliest_ns = now_ns + SPACING_NS
        return self._packet(question, now_ns)

    def _packet(self, question: Question, now_ns: int) -> Transmission:
        call, sequence = question.call, self._next_number[question.call]
        self._next_number[call] += 1
        self._open[call, sequence] = question
        self._dialect.note_sent(call, sequence)
        tlvs = [request_tlv(DirectMeasurement(sender_tx=(sequence + 1) & WORD))]
        first = self._dialect.numbers[call].on_wire(question.first)
        if question.count and first is not None:
            tlvs.append(request_tlv(RecordRequest(first, question.count)))
        if self._dialect.form.key is not None:
            tlvs.append(hmac_tlv())
        payload = sender_packet(sequence, now_ns, self._dialect.ssids[call], encode_tlvs(tlvs), self._dialect.form.key)
        return Transmission(channel=call, payload=payload)

    def arrived(self, arrival: Arrival) -> None:
        """Take an answer, or hand a late reply to the stream."""
        packet = self._dialect.decode(arrival)
        reply = None if packet is None else self._dialect.read(arrival.channel, packet, arrival.received_ns)
        if packet is None or reply is None:
            return
        question = self._open.get((reply.call, reply.sequence))
        if question is None:
            self._stream.record.received(arrival, reply)
        elif question not in self._answered:
            self._answered.add(question)
            self._take(question, reply, packet, arrival.received_ns)

    def _take(self, question: Question, reply: Reply, packet: ReflectorPacket, now_ns: int) -> None:
        values = values_of(packet, self._dialect.form.key)
        if question.count == 0:
            self._count(reply, counters_of(packet, values))
            self._queue.extendleft((now_ns, asked) for asked in self._missing_ranges(question.call))
            return
        answers = self.answers[question.call]
        records = records_of(values)
        if records is None:
            answers.has_records = False
            self._queue = deque(entry for entry in self._queue if entry[1].call != question.call)
            return
        answers.records.update({question.first + place: record for place, record in enumerate(records) if record is not None})

    def _count(self, reply: Reply, counters: DirectMeasurement | None) -> None:
        answers = self.answers[reply.call]
        answers.counted = True
        answers.below = reply.reflector_sequence or 0
        if counters is not None:
            answers.received, answers.transmitted = counters.reflector_rx, counters.reflector_tx
        numbers = self._stream.record.numbers[reply.call]
        if reply.sequence == self._sent[reply.call] or len(numbers) == answers.below:
            answers.reflected = answers.below  # else numbers next below may have been given to our earlier questions

    def _missing_ranges(self, call: int) -> Iterator[Question]:
        """Yield questions that cover the missing reflector sequences, near ones together."""
        if not self._dialect.evidence[call].stateful(lost=True):
            return
        on_wire = self._dialect.numbers[call].on_wire
        missing = [number for number in self._missing(call) if on_wire(number) is not None]
        for first, count in covering(missing, RECORDS_PER_PACKET):
            yield Question(call, first, count)

    def _missing(self, call: int) -> Iterator[int]:
        return self._stream.record.numbers_missing(call, self.answers[call].below)

    def take_evidence(
        self, call: int, received: int, transmitted: int, records: Mapping[int, ReceiveRecord], copies: Sequence[int] | None = None
    ) -> None:
        """Take what the reflector said of a call on another way: its counts, numbers from 0, and the records of all that is missing here.

        Numbers that were given to our own questions are no replies to the stream; where they stand among those, how many of these there
        were is left as it was known.
        """
        answers = self.answers[call]
        answers.counted = answers.has_records = True
        answers.received, answers.transmitted, answers.below = received, transmitted, transmitted
        answers.copies = None if copies is None else sum(number < self._sent[call] for number in copies)
        answers.records.update(records)
        ours = sorted(number for number, record in records.items() if record.sender_sequence >= self._sent[call])
        first = ours[0] if ours else transmitted
        if len(ours) == transmitted - first:
            answers.reflected = first

    def sent(self, call: int) -> int:
        """Return how many packets were sent for the call, the questions of this exchange included."""
        return self._next_number[call]

    def missing_below(self, call: int, below: int) -> Iterator[int]:
        """Yield which of the reflector's first numbers did not come back with a reply to the stream."""
        return self._stream.record.numbers_missing(call, below)

    def fates_known(self, call: int) -> bool:
        """Tell whether every reply of the call that is missing here is accounted for."""
        answers = self.answers[call]
        return answers.counted and answers.has_records and all(number in answers.records for number in self._missing(call))

    def unanswered_there(self, call: int) -> int:
        """Return how many of the call's packets the reflector says it received and would not answer; 0 where that cannot be true."""
        answers = self.answers[call]
        claimed = (answers.received or 0) - (answers.transmitted or 0)
        missing_here = sum(1 for seen in self._stream.record.answered[call] if not seen)
        return claimed if 0 < claimed <= missing_here + len(self._open) else 0

    def refused(self, refusal: Refusal) -> None:
        """Ignore it and ask again."""

    def send_failed(self, transmission: Transmission, failure: Failure) -> None:
        """Ignore it and ask again."""

    def lost_replies(self, call: int) -> Iterator[tuple[int, int, int, int | None]]:
        """Yield reflector sequence, sequence, T2 and TOS of the call's probes that arrived there but whose reply did not come back."""
        for number in self._missing(call):
            record = self.answers[call].records.get(number)
            if record is not None and record.sender_sequence < self._sent[call]:
                near_ns = self._stream.grid.start_ns
                yield number, record.sender_sequence, unix_ns_from_ntp(record.receive_timestamp, near_ns), record.tos


def records_of(values: Values) -> tuple[ReceiveRecord | None, ...] | None:
    """Return the records in a reply; None from a reflector that keeps none, or has another experiment under that type."""
    try:
        return RecordReply.decode(values.get(TlvType.RECEIVE_RECORD, b"")).records
    except MalformedMessage:
        return None


def covering(numbers: Iterable[int], most: int) -> Iterator[tuple[int, int]]:
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
