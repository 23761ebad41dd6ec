"""Plain STAMP packets as columns: many frames that lie at equal distances, read and answered field by field with numpy."""

from functools import reduce
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nra.wire.stamp import UNAUTHENTICATED
from nra.wire.stamp_plain import (
    BASE,
    CLASS_OF_SERVICE,
    DIRECT_MEASUREMENT,
    DSCP1_SHIFT,
    MEASUREMENT_AT,
    PADDING,
    PADDING_AT,
    PTP_BIT,
    PTP_OCTET,
    TOS_SHIFT,
    WITHOUT_FLAGS,
    ZEROS_AT,
)
from nra.wire.stamp_tlv import HEADER
from nra.wire.timestamps import NTP_TO_UNIX_S, SECOND_NS

Rows = slice | NDArray[np.intp]
"""Which frames: those in a row, or these."""
Column = NDArray[Any]


class PlainColumns:
    """The fields of plain requests and of the replies that take their place."""

    def __init__(self, frames: NDArray[np.uint8]) -> None:
        """Lay the fields over frames, one a row."""

        def column(kind: str, at: int) -> Column:
            octets: Column = frames[:, at : at + np.dtype(kind).itemsize].view(kind)
            return octets[:, 0]

        layout = UNAUTHENTICATED
        self.ssid = column("u2", layout.ssid)
        self.sequence = column(">u4", layout.sequence)
        self.timestamp = column(">u8", layout.timestamp)
        self._ptp_octet = frames[:, PTP_OCTET]
        self._zeros = *(column("u8", at) for at in range(ZEROS_AT, BASE - 7, 8)), column("u4", BASE - 4)
        self._headers = column(">u4", BASE), column(">u4", MEASUREMENT_AT), column(">u4", PADDING_AT)
        self._dscp1 = frames[:, BASE + HEADER.size]
        self._sent = column("u4", layout.sequence), column("u8", layout.timestamp)
        self._sent_copy = column("u4", layout.sender_sequence), column("u8", layout.sender_timestamp)
        self._estimate = column("u2", layout.error_estimate)
        self._estimate_copy = column("u2", layout.sender_error_estimate)
        self._own_estimate = column(">u2", layout.error_estimate)
        self._received = column(">u8", layout.receive_timestamp)
        self._ttl = frames[:, layout.sender_ttl]
        self._service = column(">u4", BASE + HEADER.size)
        self._counts = column(">u4", MEASUREMENT_AT + HEADER.size + 4), column(">u4", MEASUREMENT_AT + HEADER.size + 8)
        self._padding_flags = frames[:, BASE], frames[:, PADDING_AT]

    def recognized(self, lengths: NDArray[np.int64]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Tell of the first frames which are plain requests, and which have the TLVs that ask."""
        count = len(lengths)
        first, second, third = (header[:count] & WITHOUT_FLAGS for header in self._headers)
        asking = (first == CLASS_OF_SERVICE) & (second == DIRECT_MEASUREMENT) & (lengths >= PADDING_AT)
        behind = lengths - np.where(asking, PADDING_AT, BASE)  # octets of padding, its header included
        is_padding = np.where(asking, third, first) == (behind - HEADER.size | PADDING)  # never where there is no room for a header
        others = self._ptp_octet[:count] & PTP_BIT  # whatever is set where a plain packet has zeros
        others = reduce(np.bitwise_or, (column[:count] for column in self._zeros), others)
        return (is_padding | (behind == 0)) & (others == 0), asking

    def answer(self, rows: Rows, numbers: Column, received_ns: NDArray[np.int64], ttl: Column, error_estimate: int) -> None:
        """Make these requests replies, but for T3 and what TLVs ask."""
        for copy, original in zip(self._sent_copy, self._sent, strict=True):
            copy[rows] = original[rows]
        self._estimate_copy[rows] = self._estimate[rows]
        self._own_estimate[rows] = error_estimate
        self.sequence[rows] = numbers
        self._received[rows] = ntp_column(received_ns)
        self._ttl[rows] = ttl
        self._padding_flags[0][rows] = 0  # where there is no padding this is behind the packet's end

    def answer_tlvs(self, rows: Rows, tos: Column, received: Column, transmitted: Column) -> Column:
        """Answer the TLVs of these requests, and return the DSCP that each asks for."""
        wanted = self._dscp1[rows] >> 2
        self._headers[0][rows] = CLASS_OF_SERVICE
        self._service[rows] = wanted.astype(np.uint32) << DSCP1_SHIFT | tos.astype(np.uint32) << TOS_SHIFT
        self._headers[1][rows] = DIRECT_MEASUREMENT
        self._counts[0][rows] = received
        self._counts[1][rows] = transmitted
        self._padding_flags[1][rows] = 0
        return wanted


HALF: Final = SECOND_NS // 2


def ntp_column(unix_ns: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Return the NTP time stamps of Unix times, each as `ntp_from_unix_ns` gives it."""
    seconds = unix_ns // SECOND_NS
    fraction = ((unix_ns - seconds * SECOND_NS << 32) + HALF) // SECOND_NS
    return (seconds + NTP_TO_UNIX_S).astype(np.uint64) * np.uint64(1 << 32) + fraction.astype(np.uint64)
