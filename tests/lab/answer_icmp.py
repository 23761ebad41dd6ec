"""A router that complains: answer IPv4 packets that come in on an interface by an ICMP error of one's choice, also of packets it forwards.

answer_icmp.py INTERFACE PROTOCOL TYPE CODE DELAY_MS SKIP    (PROTOCOL is tcp or udp; the first SKIP packets pass without a word)
"""

import socket
import struct
import sys
import time

ETH_P_IP = 0x0800
NUMBERS = {"tcp": socket.IPPROTO_TCP, "udp": socket.IPPROTO_UDP}
QUOTED = 64  # octets of the packet complained of: its header and more than the eight that RFC 792 asks for
NEXT_MTU = 1300  # told where fragmentation is needed (RFC 1191 4), ignored elsewhere


def checksum(data: bytes) -> int:
    """Return the Internet checksum (RFC 1071) of an even number of octets."""
    total: int = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def error(kind: int, code: int, packet: bytes) -> bytes:
    """Return an ICMP error about a packet (RFC 792)."""
    quoted = packet[:QUOTED]
    quoted += bytes(len(quoted) % 2)
    head = struct.pack(">BBHHH", kind, code, 0, 0, NEXT_MTU)
    return struct.pack(">BBHHH", kind, code, checksum(head + quoted), 0, NEXT_MTU) + quoted


def main(interface: str, protocol: str, kind: str, code: str, delay_ms: str, skip: str) -> None:
    """Complain until ended."""
    listener = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_IP))
    listener.bind((interface, 0))
    answering = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    sys.stdout.write("complaining\n")
    sys.stdout.flush()
    passed = 0
    while True:
        packet, link = listener.recvfrom(2000)
        if link[2] == socket.PACKET_OUTGOING or packet[9] != NUMBERS[protocol]:
            continue
        passed += 1
        if passed > int(skip):
            time.sleep(float(delay_ms) / 1000)
            answering.sendto(error(int(kind), int(code), packet), (socket.inet_ntoa(packet[12:16]), 0))


if __name__ == "__main__":
    main(*sys.argv[1:])
