"""Does a STUN server answer (RFC 8489), over UDP or over TCP; its answer names the address that it saw."""

from typing import Final

from nra.model.failure import Failure, FailureKind
from nra.model.observation import Answer
from nra.net.ports import NetworkError
from nra.probes.parts.port_check import Asking, asked_over_udp, port_check
from nra.probes.parts.probe import Probe
from nra.probes.parts.stun_question import StunQuestion
from nra.probes.parts.tcp_connection import connected
from nra.wire.errors import MalformedMessage
from nra.wire.stun import StunMessage, split_stream


def told(message: StunMessage) -> str:
    """Return what the server said, in words."""
    if message.error is not None:
        return f"STUN error {message.error.code} {message.error.reason}"
    seen = message.reflexive
    return f"STUN success, sees us as {seen.address} port {seen.port}" if seen else "STUN success without an address"


async def over_udp(asking: Asking) -> Answer:
    """Ask over UDP; raises NetworkError."""
    return await asked_over_udp(asking, StunQuestion(), told)


async def over_tcp(asking: Asking) -> Answer:
    """Ask over TCP; raises NetworkError."""
    async with connected(asking) as opened:
        question = StunQuestion()
        request = question.ask(asking.net.clock.now_ns())
        received = await opened.connection.exchange(request, is_complete, asking.until_ns)
        understood = question.understand(received)
        if understood is None:
            detail = f"{len(received)} bytes that are no STUN answer to our request"
            raise NetworkError(Failure(kind=FailureKind.WRONG_PROTOCOL, operation="stun", detail=detail))
        return opened.answer(told(understood[0]))


def is_complete(received: bytes) -> bool:
    """Tell whether a whole STUN message has come, or something that can never become one."""
    try:
        return bool(split_stream(received)[0])
    except MalformedMessage:
        return True


PROBE: Final[Probe] = port_check("stun_binding", over_udp)
TCP_PROBE: Final[Probe] = port_check("stun_binding_tcp", over_tcp)
