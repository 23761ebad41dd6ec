"""Flood a control channel until SIGTERM: first packets of connections, handshakes without a word behind them, garbage, streams without end.

python flood_control.py HOST PORT
"""

import contextlib
import os
import random
import select
import signal
import socket
import ssl
import sys
import time
from collections.abc import Iterator

from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection

from nra.wire.control import ALPN

AT_ONCE = 40
PER_S = 2000  # datagrams
SAID_AFTER = 1000
LIFE_S = 3.0


class Slow:
    """One connection that shakes hands and then says half a word on as many streams as it may."""

    def __init__(self, host: tuple[str, int]) -> None:
        """Begin it."""
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.setblocking(False)
        self.sock.connect(host)
        configuration = QuicConfiguration(alpn_protocols=[ALPN], verify_mode=ssl.CERT_NONE)
        self.host, self.began_s = host, time.monotonic()
        self.connection = QuicConnection(configuration=configuration)
        self.connection.connect(host, now=self.began_s)
        self.turn()

    def turn(self) -> bool:
        """Take what came, say half a word more; tell whether it is still of use."""
        now_s = time.monotonic()
        with contextlib.suppress(OSError):
            while True:
                self.connection.receive_datagram(self.sock.recv(2000), self.host, now=now_s)
        while self.connection.next_event() is not None:
            with contextlib.suppress(Exception):
                self.connection.send_stream_data(self.connection.get_next_available_stream_id(), b'{"ask":')
        if (timer_s := self.connection.get_timer()) is not None and timer_s <= now_s:
            self.connection.handle_timer(now=now_s)
        for packet, _ in self.connection.datagrams_to_send(now=now_s):
            with contextlib.suppress(OSError):
                self.sock.send(packet)
        return now_s - self.began_s < LIFE_S


def first_packets(host: tuple[str, int]) -> Iterator[bytes]:
    """Yield a first packet and things that look a little like one, for ever."""
    connection = QuicConnection(configuration=QuicConfiguration(alpn_protocols=[ALPN]))
    connection.connect(host, now=0.0)
    ((packet, _),) = connection.datagrams_to_send(now=0.0)
    while True:
        yield packet
        yield packet[: random.randrange(len(packet))]
        yield os.urandom(random.randrange(1, 1500))
        yield packet[:5] + os.urandom(len(packet) - 5)


def main(host: tuple[str, int]) -> None:
    """Say when the flood has begun."""
    os.nice(10)  # what attacks has processors of its own: those here are the measurement's
    over: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: over.append(number))
    slow = [Slow(host) for _ in range(AT_ONCE)]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        for number, packet in enumerate(first_packets(host)):
            with contextlib.suppress(OSError):
                datagrams.sendto(packet, host)
            if number % 50 == 0:
                ready, _, _ = select.select([each.sock for each in slow], (), (), 0)
                for place, each in enumerate(slow):
                    if (each.sock in ready or number % 500 == 0) and not each.turn():
                        each.sock.close()
                        slow[place] = Slow(host)
            if number == SAID_AFTER:
                sys.stdout.write("flooding\n")
                sys.stdout.flush()
            if over:
                break
            time.sleep(1 / PER_S)
    for each in slow:
        each.sock.close()


if __name__ == "__main__":
    main((sys.argv[1], int(sys.argv[2])))
