"""An echo server that enforces the beacon's rules: python strict_beacon.py ADDRESS PORT FILE, until it is terminated.

At most 300 bytes, at most 3 packets in any second from one source port, at most 1000 from one address. Whoever breaks a rule is
never answered again; the violations, and how many packets came from how many ports, are in FILE at the end.
"""

import json
import select
import signal
import socket
import sys
from collections import defaultdict, deque
from pathlib import Path
from typing import Final

from nra.net.sockets import enlarge_buffers
from nra.net.stamps import ask_for_control, read_control

MOST_BYTES: Final = 300
PER_PORT: Final = 3
PER_ADDRESS: Final = 1000
SECOND_NS: Final = 1_000_000_000


class Rules:
    """Watches the sources, by the kernel's own stamps."""

    def __init__(self) -> None:
        """Start without a suspicion."""
        self.violations: list[str] = []
        self.banned: set[str] = set()
        self.packets = 0
        self.recent: dict[object, deque[int]] = defaultdict(deque)

    def allows(self, address: str, port: int, size: int, now_ns: int) -> bool:
        """Tell whether a packet is answered."""
        self.packets += 1
        if size > MOST_BYTES:
            self.accuse(address, f"{size} bytes")
        if self.within_a_second((address, port), now_ns) > PER_PORT:
            self.accuse(address, f"more than {PER_PORT} packets in a second from port {port}")
        if self.within_a_second(address, now_ns) > PER_ADDRESS:
            self.accuse(address, f"more than {PER_ADDRESS} packets in a second")
        return address not in self.banned

    def within_a_second(self, source: object, now_ns: int) -> int:
        """Count the packets of a source in the second that ends now, this one included."""
        times = self.recent[source]
        times.append(now_ns)
        while now_ns - times[0] >= SECOND_NS:
            times.popleft()
        return len(times)

    def accuse(self, address: str, what: str) -> None:
        """Write it down and answer no more."""
        self.banned.add(address)
        self.violations.append(what)


def main(address: str, port: str, report: str) -> None:
    """Echo until terminated, then write the report."""
    ends: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _frame: ends.append(number))
    rules = Rules()
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as sock:
        ask_for_control(sock)
        enlarge_buffers(sock)
        sock.bind((address, int(port)))
        print(f"listening on UDP {address} port {port}", flush=True)  # noqa: T201
        while not ends:
            readable, _, _ = select.select([sock], (), (), 0.1)
            if readable:
                payload, ancillary, _, source = sock.recvmsg(65535, 512)
                if rules.allows(source[0], source[1], len(payload), read_control(ancillary).wall_ns or 0):
                    sock.sendto(payload, source)
    ports = sum(isinstance(source, tuple) for source in rules.recent)
    Path(report).write_text(json.dumps({"violations": rules.violations, "packets": rules.packets, "ports": ports}), "ascii")


if __name__ == "__main__":
    main(*sys.argv[1:])
