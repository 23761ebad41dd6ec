"""A measured stream as RTP in a capture file, and what tshark's RTP analysis says of it.

tshark 4.0, by experiment: its jitter is RFC 3550's over every arrival, copies and latecomers included, and its mean leaves the first packet
out; its "lost" is RFC 3550's too, numbers from the first to the last that came less all arrivals, so that copies make it smaller, even
negative. Where packets overtake each other across the wrap of the 16-bit number it counts another 65536 for each of them.
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lab_record import PacketRow
from lab_world import CLIENT, World, need

PCAP: Final = struct.Struct("<IHHiIII")  # the file's head: nanoseconds by its magic, raw IP by its link type
FRAME: Final = struct.Struct("<IIII")
NANOSECOND_MAGIC: Final = 0xA1B23C4D
RAW_IP: Final = 101
IP: Final = struct.Struct(">BBHHHBBH4s4s")
UDP: Final = struct.Struct(">HHHH")
RTP: Final = struct.Struct(">BBHII")  # RFC 3550, 5.1: version 2, payload type, sequence, time stamp, SSRC
PCMU: Final = 0  # payload type; its clock ticks 8000 times a second (RFC 3551)
CLOCK_HZ: Final = 8000
PORT: Final = 4000
PAYLOAD: Final = bytes(160)
WORDS_BEFORE_LOST: Final = 9  # start, end, two addresses with ports, SSRC, payload, packets


@dataclass(frozen=True, slots=True)
class RtpAnalysis:
    """What tshark says of a stream."""

    packets: int
    lost: int
    mean_jitter_ms: float
    max_jitter_ms: float


def export_rtp(path: Path, rows: Iterable[PacketRow], first_sequence: int) -> None:
    """Write the replies that came back as RTP, captured here: T3 is their time stamp, the reflector's number theirs, T4 when they came."""
    stamps = [(row.t3_ns, row.t4_ns, row.reflector_sequence) for row in rows]
    came = [(t3, t4, number) for t3, t4, number in stamps if t3 is not None and t4 is not None and number is not None]
    begin_ns = min(t3_ns for t3_ns, _, _ in came)
    with path.open("wb") as file:
        file.write(PCAP.pack(NANOSECOND_MAGIC, 2, 4, 0, 0, 65535, RAW_IP))
        for place, (t3_ns, t4_ns, number) in enumerate(came):
            ticks = round((t3_ns - begin_ns) * CLOCK_HZ / 1e9)
            rtp = RTP.pack(0x80, PCMU, (first_sequence + number) & 0xFFFF, ticks, 1) + PAYLOAD
            udp = UDP.pack(PORT, PORT, UDP.size + len(rtp), 0) + rtp
            addresses = bytes((192, 0, 2, 1)), bytes((192, 0, 2, 2))
            octets = IP.pack(0x45, 0, IP.size + len(udp), place & 0xFFFF, 0, 64, 17, 0, *addresses) + udp
            file.write(FRAME.pack(*divmod(t4_ns, 1_000_000_000), len(octets), len(octets)) + octets)


def analysed(world: World, capture: Path) -> RtpAnalysis:
    """Return what tshark says of the only stream in a capture."""
    need("tshark")
    said = world.run(CLIENT, "tshark", "-r", str(capture), "-q", "-d", f"udp.port=={PORT},rtp", "-z", "rtp,streams")
    (words,) = (line.split() for line in said.splitlines() if "g711U" in line)
    packets, lost, _, *times = words[WORDS_BEFORE_LOST - 1 :]
    return RtpAnalysis(int(packets), int(lost), mean_jitter_ms=float(times[4]), max_jitter_ms=float(times[5]))
