"""How much delay variation nra itself adds, beside irtt: mean absolute IPDV (RFC 3393, consecutive packets) on a path with next to none.

Both measure the same veth path in turn, A B A B, with 172 octets every 20 ms, client and server of each; once on an otherwise idle
machine, once beside two processes that never wait. Both per-packet records go through the same formula. The median of the rounds counts.
Needs root on Linux and irtt.
"""

import gzip
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from statistics import fmean, median
from typing import Any, Final

from ground import FAR_ADDRESS, Place, hogs, load, running, veth, why_not
from row import Row, finish

ROUNDS: Final = 5
DURATION_S: Final = 6
INTERVAL_MS: Final = 20
PAYLOAD_BYTES: Final = 172
LIMIT: Final = 0.3
IRTT_PORT: Final = 2112
REGION: Final = "eu-central-1"

Delays = Mapping[int, int]
"""Delays (ns) of one way by sequence number."""


def mean_ipdv_us(delays: Delays) -> float:
    """Return the mean absolute difference of the delays of consecutive packets, in microseconds."""
    return fmean(abs(delays[two] - delays[one]) for one, two in pairwise(sorted(delays)) if two == one + 1) / 1000


def nra_delays(near: Place) -> dict[str, Delays]:
    """Measure with nra and return the delays each way."""
    with tempfile.TemporaryDirectory() as folder:
        words = ("run", "--region", REGION, "--org", "benchmark", "--only", "voice", "--reflector", FAR_ADDRESS, "--out", folder)
        options = ("--duration", str(DURATION_S), "--interval", str(INTERVAL_MS), "--keep-packets", "--quiet", "--format", "json")
        near.output(near.nra(*words, *options))
        records = list(Path(folder).glob("*.packets.csv.gz"))
        if not records:
            raise SystemExit("nra run kept no packets")
        rows = list(_rows(records[0]))
    stamped = [row for row in rows if row["t4_ns"]]
    return {way: _first(stamped, sent, received) for way, sent, received in (("up", "t1_ns", "t2_ns"), ("down", "t3_ns", "t4_ns"))}


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with gzip.open(path, "rt", encoding="ascii") as lines:
        names = next(lines).rstrip("\n").split(",")
        for line in lines:
            yield dict(zip(names, line.rstrip("\n").split(","), strict=True))


def _first(rows: Sequence[Mapping[str, str]], sent: str, received: str) -> Delays:
    return {int(row["sequence"]): int(row[received]) - int(row[sent]) for row in reversed(rows)}


def irtt_delays(near: Place) -> dict[str, Delays]:
    """Measure with irtt and return the delays each way: both clocks are the same machine's."""
    options = ("-i", f"{INTERVAL_MS}ms", "-l", str(PAYLOAD_BYTES), "-d", f"{DURATION_S}s", "--fill=rand", "-Q", "-o", "-")
    said = near.output(near.command("irtt", "client", *options, f"{FAR_ADDRESS}:{IRTT_PORT}"))
    trips: list[dict[str, Any]] = [trip for trip in json.loads(said)["round_trips"] if trip["lost"] == "false"]
    ends = (("up", "client", "server"), ("down", "server", "client"))

    def delay(trip: dict[str, Any], sender: str, receiver: str) -> int:
        stamps = trip["timestamps"]
        return int(stamps[receiver]["receive"]["wall"]) - int(stamps[sender]["send"]["wall"])

    return {way: {int(trip["seqno"]): delay(trip, sender, receiver) for trip in trips} for way, sender, receiver in ends}


Rounds = Sequence[tuple[dict[str, Delays], dict[str, Delays]]]
"""What both measured, in turn: ours and irtt's."""


def rounds(near: Place, where: str) -> Rounds:
    """Measure with both in turn."""
    print(f"mean absolute IPDV, {where}: {load()} when it began", file=sys.stderr)
    return [(nra_delays(near), irtt_delays(near)) for _ in range(ROUNDS)]


def compared(measured: Rounds, way: str, what: str) -> Row:
    """Return one way's row: the median of the rounds."""
    subject, floor = (median(mean_ipdv_us(delays[way]) for delays in side) for side in zip(*measured, strict=True))
    return Row(what=what, subject=f"{subject:.1f} µs", floor=f"{floor:.1f} µs", ratio=subject / floor, limit=LIMIT)


def measure() -> tuple[Row, ...]:
    """Return a row for each way, idle and beside hogs; nothing where it cannot be measured, and the reason on standard error."""
    reason = why_not("irtt")
    if reason is not None:
        print(f"mean absolute IPDV beside irtt: skipped, {reason}", file=sys.stderr)
        return ()
    with veth() as (near, far):
        reflector = far.nra("reflect", "--bind", FAR_ADDRESS)
        server = far.command("irtt", "server", "-b", f"{FAR_ADDRESS}:{IRTT_PORT}")
        with running(reflector, "listening on"), running(server, "starting IPv4 listener"):
            idle = rounds(near, "idle machine")
            with hogs():
                busy = rounds(near, "two CPU hogs")
    return (
        compared(idle, "up", what="mean absolute IPDV up beside irtt, idle machine"),
        compared(idle, "down", what="mean absolute IPDV down beside irtt, idle machine"),
        compared(busy, "up", what="mean absolute IPDV up beside irtt, two CPU hogs"),
        compared(busy, "down", what="mean absolute IPDV down beside irtt, two CPU hogs"),
    )


if __name__ == "__main__":
    sys.exit(finish(*measure()))
