"""What a service manager is told over its socket (sd_notify(3)): that all is ready, that it is not, that this still lives."""

import os
import socket
import sys
from collections.abc import Mapping
from typing import Final

ABSTRACT: Final = "@"  # stands for the NUL with which such a name begins
FIRST_OF_SOCKET: Final = ("/", ABSTRACT)
PATIENCE_S: Final = 1.0


def notify(state: str, environ: Mapping[str, str] = os.environ) -> bool:
    """Send a state such as READY=1, several a line each; False where nobody asked for it or it cannot be sent: neither is an error."""
    address = environ.get("NOTIFY_SOCKET", "")
    if sys.platform == "win32" or not address.startswith(FIRST_OF_SOCKET):
        return False
    if address.startswith(ABSTRACT):
        address = f"\0{address[1:]}"
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.settimeout(PATIENCE_S)
            sock.sendto(state.encode(), address)
    except OSError:
        return False
    return True


def watchdog_s(environ: Mapping[str, str] = os.environ, pid: int | None = None) -> float | None:
    """Return how often at least a sign of life is wanted of this process (sd_watchdog_enabled(3)), None where none is."""
    wanted, whose = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", "")
    if not wanted.isdecimal() or not int(wanted) or whose not in ("", str(os.getpid() if pid is None else pid)):
        return None
    return int(wanted) / 1e6
