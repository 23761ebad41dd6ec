"""Memory for one datagram that Linux lays down and takes away again, with two calls (recvmsg, sendmsg).

For a server that has little to do: between two datagrams the processor's caches forget, so that what counts is in how many places
memory is touched. All that is read and written for one lies side by side, and is read with one call of `struct`, written with another.
"""

import ctypes
from collections.abc import Iterator
from struct import Struct
from typing import Final

import numpy as np

from nra.net.message_buffers import control_messages, name_of, octets_of
from nra.net.message_layout import CMSG, ENVELOPE_BYTES, NAME_AT, NAME_BYTES, Family

HEADER: Final = Struct("=QQQQQQQ")  # struct msghdr: name, its length, parts, how many, control messages, their length, flags
PART: Final = Struct("=QQ")  # struct iovec: where, how long
ENVELOPE_AT: Final = HEADER.size  # right behind the header to receive with: one call reads both
PART_AT: Final = ENVELOPE_AT + ENVELOPE_BYTES
OUTGOING_AT: Final = PART_AT + PART.size
DSCP_SHIFT: Final = 2  # DSCP is the upper six bits of the TOS octet (RFC 2474)
OUTGOING_PART_AT: Final = OUTGOING_AT + HEADER.size
REPLY_AT: Final = OUTGOING_PART_AT + 8  # the length of what is sent, and right behind it the control messages
REPLY_CONTROL_AT: Final = OUTGOING_PART_AT + PART.size
FRAME_AT: Final = 384
FRAME_BYTES: Final = 65536
STRANGE: Final = -1  # no length of control messages


class Desk:
    """Room for one datagram of an address family; `octets` is all of it, the datagram lies at FRAME_AT.

    `told` reads the length of the control messages, the stamp's seconds and nanoseconds, own address, TTL, TOS and sender (with IPv6
    its flow too), in that order. `trusted_bytes` is how long control messages are that stand where the layout has them.
    """

    def __init__(self, layout: Family) -> None:
        """Lay the kernel's structures down."""
        self.layout = layout
        self._memory = np.zeros(FRAME_AT + FRAME_BYTES, np.uint8)
        self.octets = octets_of(self._memory)
        self._at = at = self._memory.ctypes.data
        self.told = Struct("=40xQ8x" + layout.row.format[1:])
        self._reply = Struct("=Q" + layout.out.format[1:])
        self.trusted_bytes = STRANGE
        self.addressed = 0, b"", 0  # length, own address and DSCP of what was sent last: most often the next is like it
        name, frame = at + ENVELOPE_AT + NAME_AT, at + FRAME_AT
        PART.pack_into(self.octets, PART_AT, frame, FRAME_BYTES)
        PART.pack_into(self.octets, OUTGOING_PART_AT, frame, 0)
        control = at + REPLY_CONTROL_AT, layout.out.size
        HEADER.pack_into(self.octets, OUTGOING_AT, name, layout.name_bytes, at + OUTGOING_PART_AT, 1, *control, 0)
        self.incoming, self.outgoing = ctypes.c_void_p(at), ctypes.c_void_p(at + OUTGOING_AT)
        self.renew()

    def renew(self) -> None:
        """Make ready to receive again, whatever the kernel wrote: what it writes is what stood there, unless it tells something else."""
        at, layout = self._at, self.layout
        name = at + ENVELOPE_AT + NAME_AT, layout.name_bytes
        HEADER.pack_into(self.octets, 0, *name, at + PART_AT, 1, at + ENVELOPE_AT, layout.control_bytes, 0)

    def address(self, length: int, local: bytes, dscp: int) -> None:
        """Let what is sent from now on be so long, leave from that address of ours and be marked so."""
        self.addressed = length, local, dscp
        first, second = self.layout.out_headers
        self._reply.pack_into(self.octets, REPLY_AT, length, *first, local, *second, dscp << DSCP_SHIFT)

    def look(self) -> None:
        """Trust the control messages from now on if these are those of the layout, in its order."""
        as_laid_out = all(CMSG.unpack_from(self.octets, ENVELOPE_AT + at) == header for at, header in self.layout.headers)
        self.trusted_bytes = self.layout.control_bytes if as_laid_out else STRANGE

    def payload(self, length: int) -> bytes:
        """Return the datagram."""
        return bytes(self.octets[FRAME_AT : FRAME_AT + length])

    def control(self) -> Iterator[tuple[int, int, bytes]]:
        """Go through the control messages, whatever they are."""
        size = HEADER.unpack_from(self.octets)[5]
        return control_messages(bytes(self.octets[ENVELOPE_AT : ENVELOPE_AT + size]))

    def name(self) -> tuple[int, bytes, int, int]:
        """Return port, address, flow and scope of the sender; the latter two mean something with IPv6 only."""
        at = ENVELOPE_AT + NAME_AT
        return name_of(bytes(self.octets[at : at + NAME_BYTES]), self.layout)
