"""Ask the reflector of this machine one STAMP question: exit code 0 when it answers within two seconds, 1 when it does not.

Address, port and keys are those of `nra reflect` in the environment (NRA_REFLECT_BIND, _PORT, _KEY_FILE: its first key is asked with);
NRA_REFLECT_ALLOW must let 127.0.0.1 ask, or there is never an answer.
"""

import os
import socket
import sys
import time
from pathlib import Path

from nra.cli.errors import UserError
from nra.cli.key_files import read_holders
from nra.reflector.key_file import Holder
from nra.wire.errors import MalformedMessage
from nra.wire.stamp import AUTHENTICATED, UNAUTHENTICATED, SenderPacket, decode_reflector, encode_sender
from nra.wire.timestamps import ErrorEstimate, ntp_from_unix_ns

PATIENCE_S = 2.0


def main() -> int:
    """Return the exit code."""
    port, key_file = os.environ.get("NRA_REFLECT_PORT") or "20862", os.environ.get("NRA_REFLECT_KEY_FILE")
    try:
        where = os.environ.get("NRA_REFLECT_BIND") or "127.0.0.1", int(port)
        holder: Holder | None = next(iter(read_holders(Path(key_file)))) if key_file else None
    except (UserError, ValueError, StopIteration) as error:
        print(f"not asked: port {port}, {str(error) or f'no key in {key_file}'}", file=sys.stderr)
        return 1
    key, ssid = (holder.key, holder.ssid or 0) if holder is not None else (None, 0)
    clock = ErrorEstimate.of(1_000_000_000, synchronized=False).encode()
    asked = SenderPacket(0, ntp_from_unix_ns(time.time_ns()), clock, ssid)
    with socket.socket(socket.AF_INET6 if ":" in where[0] else socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(PATIENCE_S)
        try:
            sock.connect(where)
            sock.send(encode_sender(asked, key))
            reply = decode_reflector(sock.recv((UNAUTHENTICATED if key is None else AUTHENTICATED).size), key)
        except (OSError, MalformedMessage) as error:
            print(f"no answer from {where[0]} port {where[1]}: {error}", file=sys.stderr)
            return 1
    return int(reply.sender_timestamp != asked.timestamp)


if __name__ == "__main__":
    sys.exit(main())
