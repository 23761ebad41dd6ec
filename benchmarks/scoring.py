"""How long scoring three million packets takes (a thousand calls of one minute), and how much memory it takes.

Both have a limit that holds on every machine of today. For information: the same beside numpy sorting the same columns.
"""

import sys
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import fields

import numpy as np
from row import Row, finish

from nra.catalogue import codecs
from nra.model.sample import ABSENT, CallLedger, InstrumentSample, StampKind, StreamSample, VoiceSample, column
from nra.scoring.voice import score_voice

CALLS, PROBES = 1000, 3000
INTERVAL_MS = 20.0
START_NS = 1_767_600_000_000_000_000
LOST = 0.01
MEAN_QUEUE_NS = 4_000_000
MIB = 1 << 20
MOST_S, MOST_BYTES = 3.0, 1 << 30
TIMES = 3  # the fastest counts: whatever else the machine does is not the subject


def sample() -> VoiceSample:
    """Return calls with exponential queueing delay each way, whose reflector told the fate of every reply that was lost."""
    chance = np.random.default_rng(1)
    rows = CALLS * PROBES
    call, sequence = np.repeat(np.arange(CALLS), PROBES), np.tile(np.arange(PROBES), CALLS)
    t1_ns = START_NS + sequence * round(INTERVAL_MS * 1e6)
    t2_ns = t1_ns + 20_000_000 + chance.exponential(MEAN_QUEUE_NS, rows).astype(np.int64)
    t3_ns = t2_ns + 30_000
    t4_ns = t3_ns + 20_000_000 + chance.exponential(MEAN_QUEUE_NS, rows).astype(np.int64)
    t4_ns[chance.random(rows) < LOST] = ABSENT
    order = np.argsort(np.where(t4_ns == ABSENT, np.iinfo(np.int64).max, t4_ns), kind="stable")
    marked = np.full(rows, 184)
    columns = (call, sequence, t1_ns, t2_ns, t3_ns, t4_ns, sequence, np.full(rows, 64), marked, marked)
    names = (field.name for field in fields(StreamSample))
    stream = StreamSample(**{name: column(values[order]) for name, values in zip(names, columns, strict=True)})
    return _voice(stream)


def _voice(stream: StreamSample) -> VoiceSample:
    quiet = InstrumentSample(
        tx_stamps=StampKind.USER,
        rx_stamps=StampKind.KERNEL,
        send_late_ns=column(np.zeros(CALLS * PROBES)),
        receive_delay_ns=column(np.zeros(CALLS * PROBES)),
        local_drops=0,
    )
    ledgers = [CallLedger(call=call, sent=PROBES, not_sent=0, stateful=True, reflected=PROBES, fates_known=True) for call in range(CALLS)]
    return VoiceSample(
        method="stamp",
        host="reflector.example",
        port=20862,
        address="192.0.2.1",
        local_address="192.0.2.10",
        interval_ms=INTERVAL_MS,
        payload_bytes=172,
        codec="g711",
        dscp=46,
        calls=CALLS,
        start_ns=START_NS,
        stream=stream,
        ledgers=tuple(ledgers),
        instrument=quiet,
    )


def measure() -> list[Row]:
    """Return the time of scoring and the memory of a further one, because tracing takes time too."""
    voice, known = sample(), codecs()
    columns = [getattr(voice.stream, field.name) for field in fields(StreamSample)]
    sorted_s = min(seconds(lambda: [np.sort(values) for values in columns]) for _ in range(TIMES))
    scored_s = min(seconds(lambda: score_voice(voice, known)) for _ in range(TIMES))
    tracemalloc.start()
    score_voice(voice, known)
    _, beside_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    bytes_in_all = beside_bytes + sum(values.nbytes for values in columns)
    return [
        Row(
            what="scoring 3 million packets beside sorting their ten columns",
            subject=f"{scored_s:.2f} s",
            floor=f"{sorted_s:.2f} s",
            ratio=scored_s / sorted_s,
        ),
        Row(
            what="the same beside what it may take",
            subject=f"{scored_s:.2f} s",
            floor=f"{MOST_S:g} s",
            ratio=scored_s / MOST_S,
            limit=1,
        ),
        Row(
            what="its memory, the sample included",
            subject=f"{bytes_in_all / MIB:.0f} MiB",
            floor=f"{MOST_BYTES / MIB:.0f} MiB",
            ratio=bytes_in_all / MOST_BYTES,
            limit=1,
        ),
    ]


def seconds(work: Callable[[], object]) -> float:
    """Return how long the work takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


if __name__ == "__main__":
    sys.exit(finish(*measure()))
