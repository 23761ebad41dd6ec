"""From what a stream recorded to the sample that scoring reads."""

from collections.abc import Iterable, Sequence

from nra.model.sample import ABSENT, InstrumentSample, StampKind, StreamSample, column
from nra.net.ports import DatagramPort
from nra.probes.parts.stream import StreamRecord, unanswered

LostReply = tuple[int, int, int, int, int | None]  # call, reflector sequence, sequence, T2, TOS on the way up


def stream_sample(record: StreamRecord, lost_replies: Iterable[LostReply] = ()) -> StreamSample:
    """Return one row per arrival in order of arrival, then one per reply known to be lost, then one per probe without any trace."""
    call, sequence, t2, t3, t4, reflected, ttl, tos, tos_up = (column(values) for values in record.arrivals)
    order = t4.argsort(kind="stable")
    rows = [values[order].tolist() for values in (call, sequence, t2, t3, t4, reflected, ttl, tos, tos_up)]
    traced = set()
    for owner, number, lost_sequence, lost_t2, lost_tos in lost_replies:
        traced.add((owner, lost_sequence))
        lost = (owner, lost_sequence, lost_t2, ABSENT, ABSENT, number, ABSENT, ABSENT, ABSENT if lost_tos is None else lost_tos)
        _append(rows, lost)
    for owner, lost_sequence in unanswered(record):
        if (owner, lost_sequence) not in traced:
            _append(rows, (owner, lost_sequence, *[ABSENT] * 7))
    t1 = [record.t1_ns[owner][number] for owner, number in zip(rows[0], rows[1], strict=True)]
    return StreamSample(
        call=column(rows[0]),
        sequence=column(rows[1]),
        t1_ns=column(t1),
        t2_ns=column(rows[2]),
        t3_ns=column(rows[3]),
        t4_ns=column(rows[4]),
        reflector_sequence=column(rows[5]),
        ttl=column(rows[6]),
        tos=column(rows[7]),
        tos_up=column(rows[8]),
    )


def _append(rows: list[list[int]], values: Sequence[int]) -> None:
    for cells, value in zip(rows, values, strict=True):
        cells.append(value)


def instrument_sample(record: StreamRecord, port: DatagramPort) -> InstrumentSample:
    """Return the instrument's own error; the receive stamps count as the kernel's only when all of them were."""
    kernel = bool(record.waited_ns) and record.user_stamped == 0
    return InstrumentSample(
        tx_stamps=StampKind.USER,
        rx_stamps=StampKind.KERNEL if kernel else StampKind.USER,
        send_late_ns=column(record.late_ns),
        receive_delay_ns=column(record.waited_ns),
        local_drops=port.local_drops(),
        clock_steps_ns=port.clock_steps_ns(),
    )
