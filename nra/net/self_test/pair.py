"""Two UDP sockets on loopback, one that sends and one that is asked what came: what each stamp and limit is tried on."""

import contextlib
import select
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

from nra.net.sockets import IPV6_TCLASS, enlarge_buffers, family_of, open_connected
from nra.net.stamps import CONTROL_BYTES, NUMBERS, Control, ask_for_control, read_control
from nra.net.tx_stamps import ask_for_stamps, read_queue

PATIENCE_S: Final = 0.2  # on loopback a datagram is there at once, or never
MOST_BYTES: Final = 2048
HAS_RECVMSG: Final = hasattr(socket.socket, "recvmsg")
DSCP_SHIFT: Final = 2  # RFC 2474 3: the DSCP is the upper six bits of the TOS octet


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One datagram as it was read: when by the wall clock, and what the kernel said of it."""

    read_ns: int
    control: Control = field(default_factory=Control)


class Pair(Protocol):
    """What an examination asks of the two sockets."""

    @property
    def untold(self) -> str | None:
        """Why nothing is told of a datagram beside its bytes, None where the system tells."""
        ...

    @property
    def counts_drops(self) -> bool:
        """Whether this system says how many datagrams a socket had no room for."""
        ...

    @property
    def granted_bytes(self) -> tuple[int, int]:
        """The room that the system gave for what arrives and for what is sent, as it reports it."""
        ...

    @property
    def accepted_dscp(self) -> int | None:
        """The marking that the sending socket says it has, None where it does not say."""
        ...

    def send(self, payload: bytes) -> int:
        """Send one datagram and return when, by the wall clock; raises OSError."""
        ...

    def hear(self) -> Heard | None:
        """Return the next datagram, None when there is none within the patience of loopback; raises OSError."""
        ...

    def drain(self) -> list[Heard]:
        """Return what is there already, without waiting."""
        ...

    def sent_stamps(self) -> list[int] | None:
        """Return the kernel's stamps (wall clock) of what was sent, None where this system has none."""
        ...

    def close(self) -> None:
        """Close both sockets."""
        ...


OpenPair = Callable[..., Pair]
"""Called with an address and, by name, `dscp` and `receive_bytes`; raises OSError or NetworkError."""


class LoopbackPair:
    """The real one."""

    def __init__(self, address: str, *, dscp: int = 0, receive_bytes: int | None = None) -> None:
        """Open both sockets on the address, the receiver with large buffers or those asked for; raises OSError, NetworkError."""
        self._receiver = socket.socket(family_of(address), socket.SOCK_DGRAM)
        try:
            if receive_bytes is None:
                enlarge_buffers(self._receiver)
            else:
                self._receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
            ask_for_control(self._receiver)
            self._receiver.bind((address, 0))
            self._receiver.setblocking(False)
            self._sender = open_connected(address, int(self._receiver.getsockname()[1]), dscp)
        except BaseException:
            self._receiver.close()
            raise
        self._stamps_sent = ask_for_stamps(self._sender)

    @property
    def untold(self) -> str | None:
        """Why nothing is told of a datagram beside its bytes, None where the system tells."""
        if not HAS_RECVMSG:
            return "Python has no recvmsg on this system: it is not told of stamps, TTL and TOS"
        return None if NUMBERS is not None else "nra does not know the control messages of this system"

    @property
    def counts_drops(self) -> bool:
        """Whether this system says how many datagrams a socket had no room for (SO_RXQ_OVFL)."""
        return self.untold is None and NUMBERS is not None and NUMBERS.drops_option is not None

    @property
    def granted_bytes(self) -> tuple[int, int]:
        """The room that the system gave for what arrives and for what is sent, as it reports it (Linux: twice what it counts)."""
        received = self._receiver.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
        return received, self._sender.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)

    @property
    def accepted_dscp(self) -> int | None:
        """The marking that the sending socket says it has, None where it does not say."""
        inside_ipv6 = self._sender.family == socket.AF_INET6
        level, option = (socket.IPPROTO_IPV6, IPV6_TCLASS) if inside_ipv6 else (socket.IPPROTO_IP, socket.IP_TOS)
        try:
            return self._sender.getsockopt(level, option) >> DSCP_SHIFT
        except OSError:
            return None

    def send(self, payload: bytes) -> int:
        """Send one datagram and return when, by the wall clock; raises OSError."""
        sent_ns = time.time_ns()
        self._sender.send(payload)
        return sent_ns

    def hear(self) -> Heard | None:
        """Return the next datagram, None when there is none within the patience of loopback; raises OSError."""
        ready, _, _ = select.select([self._receiver], (), (), PATIENCE_S)
        return self._read() if ready else None

    def drain(self) -> list[Heard]:
        """Return what is there already, without waiting."""
        heard: list[Heard] = []
        with contextlib.suppress(BlockingIOError):
            while True:
                heard.append(self._read())
        return heard

    def _read(self) -> Heard:
        if not HAS_RECVMSG:
            self._receiver.recv(MOST_BYTES)
            return Heard(read_ns=time.time_ns())
        _, ancillary, _, _ = self._receiver.recvmsg(MOST_BYTES, CONTROL_BYTES)
        return Heard(read_ns=time.time_ns(), control=read_control(ancillary))

    def sent_stamps(self) -> list[int] | None:
        """Return the kernel's stamps (wall clock) of what was sent, None where this system has none."""
        return [stamp.wall_ns for stamp in read_queue(self._sender)[0]] if self._stamps_sent else None

    def close(self) -> None:
        """Close both sockets."""
        self._sender.close()
        self._receiver.close()
