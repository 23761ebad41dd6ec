"""Flood every responder of a host until SIGTERM: connections that stay, connections that are reset, datagrams of one octet.

python flood_responders.py HOST
"""

import contextlib
import itertools
import signal
import socket
import sys
import time

from nra.model.responder import RESPONDERS

HELD = 400
PER_S = 3000  # datagrams


def main(host: str) -> None:
    """Say when the flood has reached every port."""
    over: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: over.append(number))
    tcp = [(host, responder.port) for responder in RESPONDERS if responder.protocol == "TCP"]
    udp = [(host, responder.port) for responder in RESPONDERS if responder.protocol == "UDP"]
    held = [connecting(target) for target in itertools.islice(itertools.cycle(tcp), HELD)]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        for number, target in enumerate(itertools.cycle(udp)):
            with contextlib.suppress(OSError):
                datagrams.sendto(b"\xff", target)
            if number % 10 == 0:
                held.append(connecting(tcp[number // 10 % len(tcp)]))
                reset(held.pop(0))
            if number == 20 * len(udp):
                sys.stdout.write("flooding\n")
                sys.stdout.flush()
            if over:
                break
            time.sleep(1 / PER_S)
    for sock in held:
        sock.close()


def connecting(target: tuple[str, int]) -> socket.socket:
    """Return a socket that connects and then says nothing, or half a word."""
    sock = socket.socket()
    sock.setblocking(False)
    sock.connect_ex(target)
    return sock


def reset(sock: socket.socket) -> None:
    """Say half a word and close by RST."""
    with contextlib.suppress(OSError):
        sock.send(b"\x16\x03\x01")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    sock.close()


if __name__ == "__main__":
    main(sys.argv[1])
