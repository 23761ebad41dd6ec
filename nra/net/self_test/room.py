"""How much this machine has room for: datagrams that wait to be read, sockets that are open at once."""

import contextlib
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Final

from nra.model.self_test import Reading
from nra.net.self_test.deliveries import IPV4, VOICE_BYTES
from nra.net.self_test.pair import LoopbackPair, OpenPair
from nra.net.sockets import BUFFER_BYTES, make_room

CALLS: Final = 200
WAITING: Final = 1000  # packets of 200 calls in 0.1 s, all through one socket as at a reflector

SETTINGS: Final = {"receive": "net.core.rmem_max", "send": "net.core.wmem_max"}
"""What Linux holds a socket's buffers to (socket(7))."""
PROC: Final = Path("/proc/sys")


def buffers(open_pair: OpenPair = LoopbackPair, proc: Path = PROC) -> Iterator[Reading]:
    """Yield how many datagrams wait in a socket that nobody reads, and what was granted of the room asked for."""
    with closing(open_pair(IPV4)) as pair:
        sent = 0
        with contextlib.suppress(OSError):  # some systems say so when there is no more room
            for _ in range(WAITING):
                pair.send(bytes(VOICE_BYTES))
                sent += 1
        held = float(len(pair.drain()))
        receive_bytes, send_bytes = pair.granted_bytes
    granted = f"asked {BUFFER_BYTES}, granted {receive_bytes} bytes{_held_to('receive', proc)}"
    evidence = f"{held:.0f} of {sent} waiting datagrams were kept; {granted}"
    yield Reading(key="buffer.call", value=held, evidence=evidence)
    yield Reading(key="buffer.calls", value=held, evidence=evidence)
    yield Reading(key="buffer.send", value=float(send_bytes), evidence=f"asked {BUFFER_BYTES}{_held_to('send', proc)}")


def _held_to(direction: str, proc: Path) -> str:
    name = SETTINGS[direction]
    with contextlib.suppress(OSError, ValueError):
        return f" ({name} = {int((proc / name.replace('.', '/')).read_text('ascii'))})"
    return ""


def open_sockets(open_one: Callable[[], socket.socket] = lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) -> Iterator[Reading]:
    """Yield how many of the sockets that 200 calls need could be opened at once."""
    make_room(CALLS)
    refusal = ""
    with ExitStack() as opened:
        count = 0
        try:
            for _ in range(CALLS):
                opened.enter_context(open_one())
                count += 1
        except OSError as error:
            refusal = f", then: {error.strerror}"
    yield Reading(key="files.sockets", value=float(count), evidence=f"{count} of {CALLS} opened{refusal}{_limit()}")


def _limit() -> str:
    if sys.platform == "win32":
        return ""
    import resource

    soft, hard = ("unlimited" if each == resource.RLIM_INFINITY else str(each) for each in resource.getrlimit(resource.RLIMIT_NOFILE))
    return f"; open files: soft limit {soft}, hard {hard}"
