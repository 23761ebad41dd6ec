"""How much memory ten thousand sessions take, each with the records of a second, beside a reflector that has none."""

import resource
import subprocess
import sys
from typing import Final

from ground import ROOT
from row import Row, Skipped, finish

SESSIONS: Final = 10_000
PACKETS: Final = 50
MIB: Final = 1 << 20
LIMIT: Final = 1.5
WHAT: Final = "a reflector with 10,000 sessions"
PROGRAM: Final = """
import sys
from pathlib import Path
from nra.reflector.batched_engine import BatchedEngine
from nra.reflector.core import Reflector, Request
from nra.reflector.guard import Guard
from nra.wire.stamp import SenderPacket, encode_sender
reflector = Reflector(guard=Guard(rate_limit=0))
engine = BatchedEngine(reflector, [("127.0.0.1", 0)])
for session in range(int(sys.argv[1])):
    for number in range(int(sys.argv[2])):
        payload = encode_sender(SenderPacket(number, 0, 1, session % 65535 + 1))
        request = Request(payload=payload, source=(f"192.0.2.{session % 250}", 30_000 + session), destination=None,
                          destination_port=1, received_ns=10**18, ttl=64, tos=184)
        reflector.answer(request, 10**18)
assert len(reflector.sessions) == int(sys.argv[1])
print(int(Path("/proc/self/statm").read_text().split()[1]))
"""


def measure() -> list[Row | Skipped]:
    """Return the resident memory of both."""
    if not sys.platform.startswith("linux"):
        return [Skipped(WHAT, "memory is read from /proc")]
    floor, subject = (resident_mib(sessions) for sessions in (0, SESSIONS))
    return [
        Row(
            what="a reflector with 10,000 sessions of 50 packets beside one without",
            subject=f"{subject:.0f} MiB",
            floor=f"{floor:.0f} MiB",
            ratio=subject / floor,
            limit=LIMIT,
        )
    ]


def resident_mib(sessions: int) -> float:
    """Return the resident memory of a process with so many sessions."""
    command = (sys.executable, "-c", PROGRAM, str(sessions), str(PACKETS))
    pages = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return int(pages) * resource.getpagesize() / MIB


if __name__ == "__main__":
    sys.exit(finish(*measure()))
