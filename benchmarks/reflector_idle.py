"""What a packet costs a reflector that has little to do: one call, 50 packets/s, beside irtt's server and the least that Python can do.

CPU time of the whole program. At this rate the machine's caches have seen other work between two packets, so that it is not
instructions that count but how much memory they touch; on a machine with other work that is most of it. Both take turns; what counts is
the median of the rounds, each held against its own round's peer. The least is a loop that returns what comes and looks at nothing.
Needs Linux, a C compiler and irtt.
"""

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Final

from ground import load
from reflector_peers import HOST, compiled, cpu_ns, free_port, running
from row import Row, Skipped, finish

ROUNDS: Final = 5
PACKETS: Final = 200
WARMING: Final = 10
INTERVAL_S: Final = 0.02
SETTLING_S: Final = 0.5
LIMIT: Final = 1.0
WHAT: Final = "a packet at 50 packets/s"
BARE: Final = """
import socket, sys
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.bind((sys.argv[1], int(sys.argv[2])))
print("ready", flush=True)
while True:
    sock.sendto(*sock.recvfrom(2048))
"""


def measure() -> list[Row | Skipped]:
    """Return our cost beside irtt's."""
    if not sys.platform.startswith("linux"):
        return [Skipped(WHAT, "CPU time is read from /proc")]
    if shutil.which("irtt") is None:
        return [Skipped(WHAT, "no irtt")]
    with tempfile.TemporaryDirectory() as folder:
        udp = compiled(Path(folder))
        if udp is None:
            return [Skipped(WHAT, "no C compiler (cc)")]
        print(f"{WHAT}: {load()} when it began", file=sys.stderr)
        reflect = ("-m", "nra", "reflect", "--bind", HOST, "--port")
        rounds = [(cost_ns(udp, *reflect), irtt_ns(), cost_ns(udp, "-c", BARE, HOST)) for _ in range(ROUNDS)]
    return [
        beside(rounds, 1, what="CPU time of a packet at 50 packets/s beside irtt's server", limit=LIMIT),
        beside(rounds, 2, what="the same beside a loop in Python that only returns what comes", limit=None),
    ]


def beside(rounds: Sequence[Sequence[float]], peer: int, *, what: str, limit: float | None) -> Row:
    """Return our cost held against one of the peers', round by round."""
    subject_ns, floor_ns = (median(each[column] for each in rounds) for column in (0, peer))
    ratio = median(each[0] / each[peer] for each in rounds)
    return Row(what=what, subject=f"{subject_ns / 1000:.0f} µs", floor=f"{floor_ns / 1000:.0f} µs", ratio=ratio, limit=limit)


def cost_ns(udp: Path, *program: str) -> float:
    """Return what one packet costs a program in Python that is told its port last."""
    port = str(free_port())
    with running(sys.executable, *program, port) as server:
        paced(udp, port, WARMING)
        before = cpu_ns(server)
        replies = paced(udp, port, PACKETS)
        return (cpu_ns(server) - before) / replies


def paced(udp: Path, port: str, packets: int) -> int:
    """Send so many packets and return how many were answered."""
    return int(subprocess.run((str(udp), "pace", port, str(packets)), check=True, capture_output=True, text=True).stdout)


def irtt_ns() -> float:
    """Return what one packet costs `irtt server`."""
    address = f"{HOST}:{free_port()}"
    with running("irtt", "server", "-b", address, ready=False) as server:
        time.sleep(SETTLING_S)
        asked(address, WARMING)
        before = cpu_ns(server)
        asked(address, PACKETS)
        return (cpu_ns(server) - before) / PACKETS


def asked(address: str, packets: int) -> None:
    """Let irtt's client send so many packets."""
    words = ("-Q", "-i", f"{INTERVAL_S}s", "-d", f"{packets * INTERVAL_S}s", "-l", "172", address)
    subprocess.run(("irtt", "client", *words), check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    sys.exit(finish(*measure()))
