"""The reflector's own record of a stream, asked over its control channel: with it the fate of every packet is known each way.

The closing exchange asks for the same, but in packets that are lost like others; what comes on a stream of QUIC's comes, or the
connection ends.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from nra.model.failure import Failure, FailureKind
from nra.net.ports import ControlLine, NetworkError
from nra.probes.parts.reflector_numbers import most_numbers
from nra.probes.parts.stamp_closing import Closing, covering
from nra.wire.control import MOST_RECORDS, MOST_SPANS, Counted, Counts, Over, Record, Recorded, Span
from nra.wire.receive_record import ReceiveRecord

MOST_OF_SPAN: Final = 64  # records; as many spans as one question has room for share it
OPERATION: Final = "quic control"
GONE: Final = "the reflector no longer knew the stream"


class Wanted(NamedTuple):
    """Some records of one call: `first` as numbered here, the span as the reflector numbers."""

    call: int
    first: int
    span: Span


async def take_record(
    line: ControlLine, closing: Closing, ssids: Sequence[int], bases: Sequence[int], over: Over, deadline_ns: int
) -> None:
    """Ask for all that is missing of all calls and write it into the closing; raises NetworkError, and then nothing is written.

    `bases` are what was taken off the reflector's numbers of each call (see `ReflectorNumbers`).
    """
    counts = await line.ask(Counts(ssid=ssids[0], calls=len(ssids), over=over), deadline_ns)
    if not isinstance(counts, Counted) or len(counts.received) != len(ssids):
        raise NetworkError(strange("no counts of all calls"))
    if not all(possible(counts, call, closing.sent(call), bases[call]) for call in range(len(ssids))):
        raise NetworkError(strange("impossible counts"))
    records: list[dict[int, ReceiveRecord]] = [{} for _ in ssids]
    for together in packed(_wanted(counts, closing, ssids, bases)):
        answer = await line.ask(Record(spans=[each.span for each in together], over=over), deadline_ns)
        if not isinstance(answer, Recorded) or len(answer.senders) != sum(each.span.count for each in together):
            raise NetworkError(strange("not as many records as were asked for"))
        rows = iter(answer.records())
        for each in together:
            numbered = ((each.first + place, next(rows)) for place in range(each.span.count))
            records[each.call].update({number: row for number, row in numbered if row is not None})
    for call, (received, transmitted, copies) in enumerate(zip(counts.received, counts.transmitted, counts.copies, strict=True)):
        if received is not None and transmitted is not None:
            closing.take_evidence(call, received, transmitted - bases[call], records[call], copies)


def possible(counts: Counted, call: int, sent: int, base: int) -> bool:
    """Tell whether what was counted of a call can be true of so many packets sent, when the reflector began to number at `base`."""
    received, transmitted, copies = counts.received[call], counts.transmitted[call], counts.copies[call]
    most = most_numbers(sent)
    return (received or 0) - base <= most and (transmitted is None or 0 <= transmitted - base <= most) and len(copies or ()) <= most


def _wanted(counts: Counted, closing: Closing, ssids: Sequence[int], bases: Sequence[int]) -> Iterator[Wanted]:
    for call, transmitted in enumerate(counts.transmitted):
        missing = closing.missing_below(call, (transmitted or 0) - bases[call])
        for first, count in covering(missing, MOST_OF_SPAN):
            yield Wanted(call, first, Span(ssids[call], first + bases[call], count))


def packed(wanted: Iterable[Wanted]) -> Iterator[list[Wanted]]:
    """Yield the spans in as few questions as hold them, each made when it is wanted: after the deadline nobody wants any more."""
    question: list[Wanted] = []
    room = 0
    for each in wanted:
        if each.span.count > room or len(question) == MOST_SPANS:
            if question:
                yield question
            question, room = [], MOST_RECORDS
        question.append(each)
        room -= each.span.count
    if question:
        yield question


def strange(detail: str) -> Failure:
    """Return the failure of a reflector that answered what cannot be the answer."""
    return Failure(kind=FailureKind.WRONG_PROTOCOL, operation=OPERATION, detail=detail)
