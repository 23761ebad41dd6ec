"""Does a reflector that answers for long grow? `python benchmarks/soak.py [--minutes 20]`, or `make soak`; exit code 1 when it does.

20,000 packets/s of 400 sessions, each followed by a new one after 200 packets, go to `nra reflect` over loopback. Before that come three
times as many until what is bounded (10,000 sessions, two million records) should be full; a busy machine drops some of them, so that the
first quarter of the time counts as filling too. Every ten seconds a line says how much memory, how many files and sessions it holds, and
what waits in its socket. Needs Linux and a C compiler.
"""

import argparse
import signal
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

from ground import load
from reflector_peers import HOST, compiled, free_port, running
from row import Row, Skipped, finish

MINUTES: Final = 20
RATE_PER_S: Final = 20_000
SESSIONS: Final = 400
LIFE: Final = 200  # packets: four seconds at 50 packets/s, a hundred new sessions a second
FILLING: Final = 3
FILLING_S: Final = 120
FULL: Final = 2_200_000  # replies
WARM_UP: Final = 0.25  # of the time
EVERY_S: Final = 10
LAST: Final = 3  # samples that count as the end
GROWTH: Final = 1.02
TRIES: Final = 20
WHAT: Final = "a soak of `nra reflect`"
PROGRAM: Final = """
import signal, sys
from nra.cli import main, reflect
make, made = reflect.reflector_of, []
def kept(*args):
    made.append(make(*args))
    return made[-1]
reflect.reflector_of = kept
signal.signal(signal.SIGUSR1, lambda *_: print(len(made[0].sessions), flush=True))
main(sys.argv[1:])
"""
"""`nra reflect` that says how many sessions it has when it is asked by a signal."""


class Sample(NamedTuple):
    """What was seen of the reflector at one moment: octets, counts, octets that wait to be sent and to be read, datagrams dropped."""

    seconds: int
    resident_kib: int
    files: int
    sessions: int
    requests: int
    replies: int
    send_queue: int
    receive_queue: int
    drops: int


def samples(server: "subprocess.Popen[str]", udp: Path, port: int, rate: int, seconds: int) -> Generator[Sample, None, None]:
    """Send so many packets/s, and yield what is seen of the reflector every ten seconds."""
    words = ("stream", str(port), str(rate), str(seconds), str(SESSIONS), str(LIFE))
    with subprocess.Popen((str(udp), *words), stdout=subprocess.PIPE, text=True) as stream:
        try:
            for line in stream.stdout or ():
                second, requests, replies, _ = map(int, line.split())
                sample = seen(server, port, second, requests, replies)
                print(" ".join(f"{name} {value}" for name, value in sample._asdict().items()), file=sys.stderr)
                yield sample
        finally:
            stream.kill()


def seen(server: "subprocess.Popen[str]", port: int, second: int, requests: int, replies: int) -> Sample:
    """Look at the reflector from outside, and ask it for its sessions."""
    server.send_signal(signal.SIGUSR1)
    line = server.stdout.readline() if server.stdout is not None else ""
    if not line:
        raise SystemExit("nra reflect ended")
    process = Path(f"/proc/{server.pid}")
    status = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines())
    resident_kib, files = int(status["VmRSS"].split()[0]), len(list((process / "fd").iterdir()))
    return Sample(second, resident_kib, files, int(line), requests, replies, *queues(port))


def queues(port: int) -> tuple[int, int, int]:
    """Return octets waiting to be sent and to be read, and datagrams dropped, of the socket that has the port (Linux: /proc/net/udp)."""
    for _ in range(TRIES):  # lines are left out while sockets come and go
        for line in Path("/proc/net/udp").read_text().splitlines()[1:]:
            words = line.split()
            if words[1].endswith(f":{port:04X}"):
                waiting_out, _, waiting_in = words[4].partition(":")
                return int(waiting_out, 16), int(waiting_in, 16), int(words[-1])
    raise SystemExit(f"nobody has port {port}")


def measure(minutes: float) -> list[Row | Skipped]:
    """Return how memory and open files compare, and what was not answered."""
    if not sys.platform.startswith("linux"):
        return [Skipped(WHAT, "what a process holds is read from /proc")]
    with tempfile.TemporaryDirectory() as folder:
        udp = compiled(Path(folder))
        if udp is None:
            return [Skipped(WHAT, "no C compiler (cc)")]
        print(f"soak: {load()} when it began", file=sys.stderr)
        port = free_port()
        command = (sys.executable, "-c", PROGRAM, "reflect", "--bind", HOST, "--port", str(port), "--rate-limit", "0")
        with running(*command) as server:
            with closing(samples(server, udp, port, FILLING * RATE_PER_S, FILLING_S)) as filling:
                any(sample.replies >= FULL for sample in filling)
            taken = list(samples(server, udp, port, RATE_PER_S, round(60 * minutes)))
    return rows([sample for sample in taken if sample.seconds >= WARM_UP * 60 * minutes], minutes)


def rows(taken: list[Sample], minutes: float) -> list[Row | Skipped]:
    """Compare the end with the beginning."""
    if len(taken) <= LAST:
        return [Skipped(WHAT, f"{minutes:g} minutes are too short")]
    first, last, end = taken[0], taken[-1], taken[-LAST:]
    resident_kib, files, waiting = (median(getattr(one, name) for one in end) for name in ("resident_kib", "files", "send_queue"))
    requests, replies = last.requests - first.requests, last.replies - first.replies
    return [
        Row(
            what="resident memory of `nra reflect` at the end of a soak beside its beginning",
            subject=f"{resident_kib / 1024:.1f} MiB",
            floor=f"{first.resident_kib / 1024:.1f} MiB",
            ratio=resident_kib / first.resident_kib,
            limit=GROWTH,
        ),
        Row(what="its open files", subject=f"{files}", floor=f"{first.files}", ratio=files / first.files, limit=1),
        Row(what="octets left in its send queue", subject=f"{waiting}", floor=f"{SESSIONS} packets", ratio=waiting / SESSIONS, limit=1),
        Row(what="requests without a reply", subject=f"{requests - replies}", floor=f"{requests}", ratio=1 - replies / requests),
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Does a reflector that answers for long grow?")
    parser.add_argument("--minutes", type=float, default=MINUTES)
    sys.exit(finish(*measure(parser.parse_args().minutes)))
