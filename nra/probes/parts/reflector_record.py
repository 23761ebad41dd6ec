"""The reflector's own record of a stream, asked over its control channel: with it the fate of every packet is known each way.

The closing exchange asks for the same, but in packets that are lost like others; what comes on a stream of QUIC's comes, or the
connection ends.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from nra.model.failure import Failure, FailureKind
from nra.net.ports import ControlLine, NetworkError
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
        raise NetworkError(_strange("no counts of all calls"))
    wanted: list[Wanted] = []
    for call, transmitted in enumerate(counts.transmitted):
        missing = closing.missing_below(call, (transmitted or 0) - bases[call])
        spans = covering(missing, MOST_OF_SPAN)
        wanted += [Wanted(call, first, Span(ssids[call], first + bases[call], count)) for first, count in spans]
    records: list[dict[int, ReceiveRecord]] = [{} for _ in ssids]
    for together in packed(wanted):
        answer = await line.ask(Record(spans=[each.span for each in together], over=over), deadline_ns)
        if not isinstance(answer, Recorded) or len(answer.senders) != sum(each.span.count for each in together):
            raise NetworkError(_strange("not as many records as were asked for"))
        rows = iter(answer.records())
        for each in together:
            numbered = ((each.first + place, next(rows)) for place in range(each.span.count))
            records[each.call].update({number: row for number, row in numbered if row is not None})
    for call, (received, transmitted, copies) in enumerate(zip(counts.received, counts.transmitted, counts.copies, strict=True)):
        if received is not None and transmitted is not None:
            closing.take_evidence(call, received, transmitted - bases[call], records[call], copies)


def packed(wanted: Sequence[Wanted]) -> list[list[Wanted]]:
    """Return the spans in as few questions as hold them."""
    questions: list[list[Wanted]] = []
    room = 0
    for each in wanted:
        if each.span.count > room or len(questions[-1]) == MOST_SPANS:
            questions.append([])
            room = MOST_RECORDS
        questions[-1].append(each)
        room -= each.span.count
    return questions


def _strange(detail: str) -> Failure:
    return Failure(kind=FailureKind.WRONG_PROTOCOL, operation=OPERATION, detail=detail)
