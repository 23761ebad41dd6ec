"""A session opened at a reflector before the stream, and its record fetched afterwards: each over a control channel of its own.

The stream may last for hours, during which nobody would keep the first connection alive; what was opened stays open without it.
"""

import math
from dataclasses import dataclass
from typing import Final

from nra.model.failure import FailureKind
from nra.model.plan import ControlAccess, VoiceParameters
from nra.model.sample import ReflectorFacts
from nra.net.ports import ControlLine, Network, NetworkError
from nra.probes.parts.reflector_record import strange, take_record
from nra.probes.parts.stamp_closing import Closing
from nra.probes.parts.stamp_dialect import StampDialect
from nra.probes.parts.stamp_stream import Found
from nra.probes.parts.stream import MS
from nra.wire.control import MOST_SECONDS, Close, Facts, FactsTold, Open, Opened, Over

OPENING_NS: Final = 3_000 * MS  # a network that lets no UDP 443 pass must not hold up a stream that needs none
RECORD_NS: Final = 10_000 * MS
SPARE_S: Final = 120  # beside the stream itself: until it begins, until it is closed, until its record is asked for


@dataclass(frozen=True, slots=True)
class Granted:
    """SSIDs of one's own, one for each call, and the STAMP key that goes with them."""

    ssids: tuple[int, ...]
    key: bytes


async def open_session(net: Network, address: str, host: str, asked: VoiceParameters, access: ControlAccess) -> Granted:
    """Have the reflector give us SSIDs and a key for the stream; raises NetworkError."""
    deadline_ns = net.clock.now_ns() + OPENING_NS
    seconds = min(MOST_SECONDS, math.ceil(asked.duration_s + asked.patience_s) + SPARE_S)
    line = await net.open_quic(address, access, host, deadline_ns)
    try:
        opened = await line.ask(Open(calls=asked.calls, seconds=seconds), deadline_ns)
    finally:
        line.close()
    if not isinstance(opened, Opened):
        raise NetworkError(strange(f"{type(opened).__name__} is no answer to Open"))
    return Granted(tuple(range(opened.ssid, opened.ssid + asked.calls)), opened.key_octets)


async def fetch_record(net: Network, address: str, host: str, access: ControlAccess, dialect: StampDialect, closing: Closing) -> Found:
    """Complete the closing by the reflector's own record and give the SSIDs back; return what is to be said, and what it says of itself."""
    deadline_ns = net.clock.now_ns() + RECORD_NS
    try:
        line = await net.open_quic(address, access, host, deadline_ns)
        try:
            found = await complete(line, dialect, closing, Over.UDP, deadline_ns)
            await line.ask(Close(ssid=dialect.ssids[0]), deadline_ns)
        finally:
            line.close()
    except NetworkError as error:
        return Found((without_record(error),))
    return found


async def complete(line: ControlLine, dialect: StampDialect, closing: Closing, over: Over, deadline_ns: int) -> Found:
    """Write the reflector's own record into the closing; return what to say where that failed, and what it says of itself."""
    if any(numbers.restarts for numbers in dialect.numbers):
        return Found()  # it began to count anew: what it has now is not the stream's record, and that it restarted is told anyhow
    try:
        await take_record(line, closing, dialect.ssids, [numbers.base or 0 for numbers in dialect.numbers], over, deadline_ns)
    except NetworkError as error:
        return Found((without_record(error),))
    try:
        told = await line.ask(Facts(), deadline_ns)
    except NetworkError:  # what the reflector is matters less than what it received
        return Found()
    return Found(reflector=_facts(told) if isinstance(told, FactsTold) else None)


def _facts(told: FactsTold) -> ReflectorFacts:
    return ReflectorFacts(
        version=told.version,
        engine=told.engine,
        workers=told.workers,
        stamps=told.stamps,
        sessions=told.sessions,
        load=told.load,
        cpus=told.cpus,
    )


def without_record(error: NetworkError) -> str:
    """Return what a reader must know where the record could not be had."""
    return f"the reflector's own record could not be had over QUIC ({error.failure.operation}: {error.failure.detail})"


def without_session(error: NetworkError, access: ControlAccess, host: str) -> Found:
    """Return what a reader must know where no session could be opened, and who answers there if that is not the pinned reflector."""
    failure, port = error.failure, access.port
    remark = f"the reflector's control channel (UDP {port}) was of no use ({failure.operation}: {failure.detail}): measured without it"
    is_other = failure.kind is FailureKind.TLS_UNTRUSTED
    return Found((remark,), unlike_pin=f"UDP {port} of {host}: {failure.detail}" if is_other else None)
