"""One port for several processes (SO_REUSEPORT), all packets of one source for the same one of them (Linux).

Left to itself Linux chooses by both addresses and ports. A NAT that moves a session to another port would then move it to another
process, which knows nothing of it, and a source's packets/s would be counted in several places. So the choice is made by the source
address alone, with IPv6 by its /64, by a classic BPF program (linux/filter.h); where a kernel takes none its own choice stays.
"""

import contextlib
import ctypes
import socket
import sys
from struct import Struct
from typing import Final

SO_ATTACH_REUSEPORT_CBPF: Final = 51  # asm-generic/socket.h, since Linux 4.5
SKF_NET_OFF: Final = 0xFFF0_0000  # -0x100000: what is loaded from there on is the IP header
LOAD: Final = 0x20  # BPF_LD | BPF_W | BPF_ABS
TO_X: Final = 0x07  # BPF_MISC | BPF_TAX
XOR_X: Final = 0xAC  # BPF_ALU | BPF_XOR | BPF_X
MULTIPLY: Final = 0x24
SHIFT_RIGHT: Final = 0x74
MODULO: Final = 0x94
RETURN_A: Final = 0x16
IPV4_SOURCE: Final = SKF_NET_OFF + 12
IPV6_SOURCE: Final = SKF_NET_OFF + 8
GOLDEN: Final = 0x9E37_79B1  # 2^32 / golden ratio, made odd: neighbours among addresses are spread
UPPER_HALF: Final = 16
INSTRUCTION: Final = Struct("=HBBI")
PROGRAM: Final = Struct("@HP")


def can_share() -> bool:
    """Tell whether this system spreads the sources over processes that share a port; the BSDs and macOS give all to one."""
    return sys.platform.startswith("linux") and hasattr(socket, "SO_REUSEPORT")


def spread_by_source(sock: socket.socket, processes: int) -> None:
    """Let the source's address choose among so many sockets of this port, numbered as they were bound."""
    loads = [(LOAD, IPV4_SOURCE)]
    if sock.family == socket.AF_INET6:
        loads = [(LOAD, IPV6_SOURCE), (TO_X, 0), (LOAD, IPV6_SOURCE + 4), (XOR_X, 0)]
    program = [*loads, (MULTIPLY, GOLDEN), (SHIFT_RIGHT, UPPER_HALF), (MODULO, processes), (RETURN_A, 0)]
    octets = ctypes.create_string_buffer(b"".join(INSTRUCTION.pack(code, 0, 0, operand) for code, operand in program))
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, PROGRAM.pack(len(program), ctypes.addressof(octets)))
