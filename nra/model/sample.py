"""A sample (RFC 2330) of a voice stream as columns: what happened to every packet, before any opinion.

One row is one fate of one probe: a probe that was never seen again is one row, each copy that arrived is a row.
Times are Unix nanoseconds as stamped at each end, laid on a line without steps; the two ends' clocks are not compared.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nra.model.failure import FailureKind

Int64Column = NDArray[np.int64]
ABSENT: Final = int(np.iinfo(np.int64).min)
"""The value of a cell that holds nothing. It never leaves the program: documents say null, files leave it empty."""


class StampKind(StrEnum):
    """Where a time stamp was taken."""

    KERNEL = "kernel"
    USER = "user"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class StreamSample:
    """What was sent and what became of it: equally long int64 columns of shape (rows,), `ABSENT` where nothing is known.

    Rows with `t4_ns` stand in order of arrival. `sequence` and `reflector_sequence` count from 0 and never wrap.
    A row with `reflector_sequence` but no `t4_ns` is a probe known to have reached the reflector whose reply was lost.
    """

    call: Int64Column
    sequence: Int64Column
    t1_ns: Int64Column  # sent here
    t2_ns: Int64Column  # received by the reflector
    t3_ns: Int64Column  # sent by the reflector
    t4_ns: Int64Column  # received here
    reflector_sequence: Int64Column
    ttl: Int64Column  # of the reply as it arrived here
    tos: Int64Column  # of the reply as it arrived here (DSCP and ECN)
    tos_up: Int64Column  # of the probe as the reflector saw it


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLedger:
    """What is known of one call beside its packets.

    `reflected` is the number of replies that the reflector says it sent for the stream (duplicates included), None
    if it did not say; `fates_known` tells that the reflector's own receive record covers every reply that was lost;
    `stateful` tells whether the reflector counts by itself (True), copies our number (False) or cannot be told (None);
    `refused` is how many packets the reflector says it received and would not answer (its rate limit);
    `copies_up` how many came to it again and were not answered, because with a key a copy is a replay, None if it did not say.
    """

    call: int
    sent: int
    not_sent: int
    stateful: bool | None
    reflected: int | None
    fates_known: bool
    refused: int = 0
    copies_up: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotTaken:
    """Packets that were due and in time, and that this workstation's network, or QUIC's connection, would not take."""

    kind: FailureKind
    why: str
    packets: int


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class InstrumentSample:
    """The instrument's own error: how late each packet was sent, how long it and each arrival waited in this workstation."""

    tx_stamps: StampKind
    rx_stamps: StampKind
    send_late_ns: Int64Column  # shape (sent,)
    receive_delay_ns: Int64Column  # shape (arrivals,), empty when the stamps are the user's own
    local_drops: int | None  # datagrams that this workstation's own socket dropped, None where the system does not say
    clock_steps_ns: tuple[int, ...] = ()  # steps of the wall clock noticed while measuring
    send_delay_ns: Int64Column = field(default_factory=lambda: column())  # from our stamp to the kernel's, empty without the kernel's
    pacing: str = ""  # how slots were met, in words
    receive_buffer_bytes: int | None = None  # that the system granted each socket
    not_taken: tuple[NotTaken, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReflectorFacts:
    """What a reflector says of itself over its control channel, when the stream was over.

    `workers` processes share the work, `sessions` are those of all of them; `load` is the machine's mean over a minute on `cpus`
    processors, None where its system does not say.
    """

    version: str
    engine: str
    workers: int
    stamps: str
    sessions: int
    load: float | None
    cpus: int | None


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class VoiceSample:
    """One voice measurement as observed; `interrupted` tells whether it ended early, `authenticated` whether with a key.

    A reflector with a key takes a copy that the network made for one that somebody replayed, and does not answer it.
    """

    method: str
    host: str
    port: int
    address: str
    local_address: str
    interval_ms: float
    payload_bytes: int
    codec: str
    dscp: int
    calls: int
    start_ns: int  # the first slot, on the line of t1_ns
    stream: StreamSample
    ledgers: tuple[CallLedger, ...]
    instrument: InstrumentSample
    silent_since_s: float | None = None  # no reply from then on although probes were sent for at least a second
    interrupted: bool = False
    remarks: tuple[str, ...] = ()
    authenticated: bool = False
    reflector: ReflectorFacts | None = None
    unlike_pin: str | None = None  # who answered in place of the pinned reflector where its control channel is, by which key


def column(values: Any = ()) -> Int64Column:  # noqa: ANN401 - whatever numpy takes for a column
    """Return the values as an int64 column."""
    return np.asarray(values, dtype=np.int64)
