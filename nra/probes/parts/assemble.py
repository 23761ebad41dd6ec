"""From what a stream recorded to the samples that scoring reads."""

from collections.abc import Iterable, Sequence

import numpy as np

from nra.model.sample import ABSENT, InstrumentSample, Int64Column, StampKind, StreamSample, column
from nra.net.ports import DatagramPort
from nra.probes.parts.stream_record import ROW, StreamRecord, unanswered

LostReply = tuple[int, int, int, int, int | None]  # call, reflector sequence, sequence, T2, TOS on the way up
Row = tuple[int, ...]


def samples(record: StreamRecord, port: DatagramPort, lost_replies: Sequence[LostReply] = ()) -> tuple[StreamSample, InstrumentSample]:
    """Return the stream, and the instrument's own error.

    T1 is the kernel's where the kernel stamped every probe that left a trace, else our own of the whole stream: one kind beside the
    other would put steps as high as a send takes (tens of microseconds) into delays. A probe without a trace has no delay.
    The receive stamps count as the kernel's only when all of them were.
    """
    by_arrival, lost, untraced = _arrivals(record), _lost(lost_replies), _untraced(record, lost_replies)
    call, sequence, t2_ns, t3_ns, t4_ns, number, ttl, tos, tos_up = np.concatenate([by_arrival, lost, untraced]).T
    probe = _starts(record)[call] + sequence
    own_ns, kernel_ns = np.concatenate([column(times) for times in record.t1_ns]), _left_ns(record, port)
    traced = probe[: len(by_arrival) + len(lost)]
    by_kernel = len(traced) > 0 and _are_whole(own_ns[traced], kernel_ns[traced], t4_ns[: len(traced)])
    t1_ns = np.where(kernel_ns != ABSENT, kernel_ns, own_ns) if by_kernel else own_ns
    stream = StreamSample(
        call=call,
        sequence=sequence,
        t1_ns=t1_ns[probe],
        t2_ns=t2_ns,
        t3_ns=t3_ns,
        t4_ns=t4_ns,
        reflector_sequence=number,
        ttl=ttl,
        tos=tos,
        tos_up=tos_up,
    )
    return stream, _instrument(record, port, (t1_ns - own_ns)[kernel_ns != ABSENT] if by_kernel else None)


def _arrivals(record: StreamRecord) -> Int64Column:
    """Return one row per arrival, in order of arrival."""
    rows = column(record.rows).reshape(-1, ROW)
    return rows[rows[:, 4].argsort(kind="stable")]


def _lost(replies: Sequence[LostReply]) -> Int64Column:
    """Return one row per reply that is known to be lost."""
    return _rows(
        (call, sequence, t2_ns, ABSENT, ABSENT, number, ABSENT, ABSENT, ABSENT if tos is None else tos)
        for call, number, sequence, t2_ns, tos in replies
    )


def _untraced(record: StreamRecord, replies: Sequence[LostReply]) -> Int64Column:
    """Return one row per probe without any trace."""
    traced = {(call, sequence) for call, _, sequence, _, _ in replies}
    return _rows((*probe, *[ABSENT] * (ROW - len(probe))) for probe in unanswered(record) if probe not in traced)


def _rows(rows: Iterable[Row]) -> Int64Column:
    return column(list(rows)).reshape(-1, ROW)


def _starts(record: StreamRecord) -> Int64Column:
    """Return where each call's probes begin when those of all calls stand one call after the other."""
    return np.cumsum([0, *map(len, record.t1_ns)])


def _left_ns(record: StreamRecord, port: DatagramPort) -> Int64Column:
    """Return the kernel's T1 of all probes, one call after the other; ABSENT where there is none."""
    channels = column(record.channels)
    in_order = channels.argsort(kind="stable")
    used, counts = np.unique(channels, return_counts=True)
    left_ns = np.full(len(channels), ABSENT, dtype=np.int64)
    stamps = [_padded(port.left_ns(channel), count) for channel, count in zip(used.tolist(), counts.tolist(), strict=True)]
    left_ns[in_order] = np.concatenate([column(), *stamps])
    return left_ns[column(record.calls).argsort(kind="stable")]


def _padded(stamps: Sequence[int], count: int) -> Int64Column:
    """Return the first `count` stamps: what was sent later is not the stream's."""
    known = column(stamps)[:count]
    return np.concatenate([known, np.full(count - len(known), ABSENT, dtype=np.int64)])


def _are_whole(own_ns: Int64Column, kernel_ns: Int64Column, t4_ns: Int64Column) -> bool:
    """Tell whether each probe has a stamp of the kernel that is its own: from after ours and before its reply."""
    answered = t4_ns != ABSENT
    return bool((kernel_ns >= own_ns).all() and (kernel_ns <= t4_ns)[answered].all())


def _instrument(record: StreamRecord, port: DatagramPort, send_delay_ns: Int64Column | None) -> InstrumentSample:
    equipment = port.equipment()
    return InstrumentSample(
        tx_stamps=StampKind.USER if send_delay_ns is None else StampKind.KERNEL,
        rx_stamps=StampKind.KERNEL if record.waited_ns and record.user_stamped == 0 else StampKind.USER,
        send_late_ns=column(record.late_ns),
        receive_delay_ns=column(record.waited_ns),
        local_drops=port.local_drops(),
        clock_steps_ns=port.clock_steps_ns(),
        send_delay_ns=column() if send_delay_ns is None else send_delay_ns,
        pacing=equipment.pacing,
        receive_buffer_bytes=equipment.receive_buffer_bytes,
        not_taken=record.not_taken,
    )
