"""How punctual the sender is, at one call and at 200 (10,000 packets a second each way), and what it drops itself.

Over loopback, against `nra reflect` in a process of its own, so it needs no rights. The floor at 200 calls is a bare loop: the same
slots slept to and one datagram sent at each, nothing made, stamped, received or kept.
"""

import json
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any, Final

from ground import ROOT, load, running
from row import Row, finish

ROUNDS: Final = 3
CALLS: Final = 200
DURATION_S: Final = 5
INTERVAL_MS: Final = 20
LIMIT_MS: Final = 2.0
NOT_SENT_LIMIT: Final = 0.01  # from here on the instrument calls itself unsteady
PAYLOAD_BYTES: Final = 172
ADDRESS: Final = "127.0.0.1"
PORT: Final = 20873
REGION: Final = "eu-central-1"


def instrument(calls: int) -> dict[str, Any]:
    """Measure with so many calls and return the voice half of the document."""
    with tempfile.TemporaryDirectory() as folder:
        words = ("run", "--region", REGION, "--org", "benchmark", "--only", "voice", "--reflector", f"{ADDRESS}:{PORT}", "--out", folder)
        options = ("--calls", str(calls), "--duration", str(DURATION_S), "--interval", str(INTERVAL_MS), "--quiet", "--format", "json")
        subprocess.run((sys.executable, "-m", "nra", *words, *options), cwd=ROOT, check=False, stdout=subprocess.DEVNULL)
        (path,) = Path(folder).glob("*.json")
        voice: dict[str, Any] = json.loads(path.read_bytes())["voice"]
    return voice


def bare_p99_ms(calls: int) -> float:
    """Return how late a bare loop sends, 99th percentile in ms."""
    slots, apart_s = calls * DURATION_S * 1000 // INTERVAL_MS, INTERVAL_MS / 1000 / calls
    late_s: list[float] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        silent.bind((ADDRESS, 0))
        sock.connect(silent.getsockname())
        start_s = time.perf_counter()
        for slot in range(slots):
            due_s = start_s + slot * apart_s
            if (left_s := due_s - time.perf_counter()) > 0:
                time.sleep(left_s)
            late_s.append(time.perf_counter() - due_s)
            sock.send(bytes(PAYLOAD_BYTES))
    late_s.sort()
    return late_s[-(-99 * slots // 100) - 1] * 1000


def measure() -> tuple[Row, ...]:
    """Return the lateness at one call and at 200 beside their limit, at 200 beside a bare loop, and what was dropped or skipped here."""
    print(f"send lateness: {load()} when it began", file=sys.stderr)
    reflector = [sys.executable, "-m", "nra", "reflect", "--bind", ADDRESS, "--port", str(PORT), "--rate-limit", "0"]
    one, many, bare_ms = [], [], []
    with running(reflector, "listening on"):
        for _ in range(ROUNDS):
            one.append(instrument(1))
            bare_ms.append(bare_p99_ms(CALLS))
            many.append(instrument(CALLS))
    one_ms, many_ms = (median(voice["instrument"]["send_late_ms"]["p99"] for voice in rounds) for rounds in (one, many))
    floor_ms = median(bare_ms)
    slots = sum(voice["sent"] + voice["not_sent"] for voice in many)
    missed = sum(voice["not_sent"] for voice in many)
    dropped = sum(voice["instrument"]["local_drops"] or 0 for voice in many)
    limit = f"{LIMIT_MS:g} ms"
    return (
        Row(what="send lateness (p99), one call", subject=f"{one_ms:.3f} ms", floor=limit, ratio=one_ms / LIMIT_MS, limit=1),
        Row(what="send lateness (p99), 200 calls", subject=f"{many_ms:.3f} ms", floor=limit, ratio=many_ms / LIMIT_MS, limit=1),
        Row(
            what="the same beside a bare loop at 200 calls",
            subject=f"{many_ms:.3f} ms",
            floor=f"{floor_ms:.3f} ms",
            ratio=many_ms / floor_ms,
        ),
        Row(what="arrivals dropped here, 200 calls", subject=f"{dropped}", floor=f"{slots} slots", ratio=dropped / slots, limit=0),
        Row(what="slots not sent, 200 calls", subject=f"{missed}", floor=f"{slots} slots", ratio=missed / slots, limit=NOT_SENT_LIMIT),
    )


if __name__ == "__main__":
    sys.exit(finish(*measure()))
