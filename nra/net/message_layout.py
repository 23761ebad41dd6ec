"""The kernel's structures for many datagrams at a time, and how each address family's datagrams are told and sent (Linux, 64 bits).

Structures as in linux/socket.h and linux/in.h: struct mmsghdr, struct cmsghdr, struct sockaddr_in and sockaddr_in6.
"""

from struct import Struct
from typing import Final, NamedTuple

import numpy as np

CONTROL_BYTES: Final = 120
NAME_AT: Final = CONTROL_BYTES
NAME_BYTES: Final = 28
ENVELOPE_BYTES: Final = 152

MESSAGE: Final = np.dtype(
    {
        "names": ["name", "name_bytes", "iov", "iov_count", "control", "control_bytes", "flags", "length"],
        "formats": ["u8", "u4", "u8", "u8", "u8", "u8", "i4", "u4"],
        "offsets": [0, 8, 16, 24, 32, 40, 48, 56],
        "itemsize": 64,
    }
)
MESSAGE_BYTES: Final = MESSAGE.itemsize
RECEIVED: Final = Struct("=40xQ8xI4x")  # of one MESSAGE: control_bytes, length
CMSG: Final = Struct("=QII")  # struct cmsghdr: length with this header, level, type
CMSG_ALIGN: Final = 8


class Family(NamedTuple):
    """How one address family's datagrams are told and sent; offsets within a row's parts."""

    control_bytes: int  # of stamp, own address, TTL and TOS, in the order in which the kernel puts them
    local: slice  # own address among them
    ttl_at: int
    tos_at: int
    tos_kind: type[np.generic]
    address: slice  # of the sender in its name; the port is always in octets 2 and 3
    name_bytes: int
    row: Struct  # seconds and nanoseconds of the stamp, own address, TTL, TOS, sender from its port to its address
    headers: tuple[tuple[int, tuple[int, int, int]], ...]  # of the control messages: where, and length, level, type
    out: Struct  # control messages to send with: own address and TOS, each behind its header
    out_headers: tuple[tuple[int, int, int], tuple[int, int, int]]
    out_local: slice
    out_tos_at: int


STAMP_AT: Final = 16
PORT: Final = slice(2, 4)
IPV4: Final = Family(
    control_bytes=112,
    local=slice(56, 60),
    ttl_at=80,
    tos_at=104,
    tos_kind=np.uint8,
    address=slice(4, 8),
    name_bytes=16,
    row=Struct("=16xqq24x4s20xi20xB17x6s"),
    headers=((0, (32, 1, 35)), (32, (28, 0, 8)), (64, (20, 0, 2)), (88, (17, 0, 1))),
    out=Struct("=QII4x4s8xQIIi4x"),
    out_headers=((28, 0, 8), (20, 0, 1)),
    out_local=slice(20, 24),
    out_tos_at=48,
)
IPV6: Final = Family(
    control_bytes=120,
    local=slice(48, 64),
    ttl_at=88,
    tos_at=112,
    tos_kind=np.int32,
    address=slice(8, 24),
    name_bytes=28,
    row=Struct("=16xqq16x16s24xi20xi6x22s"),
    headers=((0, (32, 1, 35)), (32, (36, 41, 50)), (72, (20, 41, 52)), (96, (20, 41, 67))),
    out=Struct("=QII16s8xQIIi4x"),
    out_headers=((36, 41, 50), (20, 41, 67)),
    out_local=slice(16, 32),
    out_tos_at=56,
)
