"""Does a SIP server answer OPTIONS over UDP or TCP (RFC 3261 11); any final answer proves the port, a refusal too."""

from typing import Final

from nra.model.failure import Failure, FailureKind
from nra.model.observation import Answer
from nra.net.ports import NetworkError
from nra.probes.parts.port_check import Asking, asked_over_udp, port_check
from nra.probes.parts.probe import Probe
from nra.probes.parts.sip_question import SipQuestion, told
from nra.probes.parts.tcp_connection import connected
from nra.wire.sip import is_response_complete


async def over_udp(asking: Asking) -> Answer:
    """Ask over UDP; raises NetworkError."""
    return await asked_over_udp(asking, SipQuestion(asking.address, asking.port, "UDP"), told)


async def over_tcp(asking: Asking) -> Answer:
    """Ask over TCP; raises NetworkError."""
    async with connected(asking) as opened:
        question = SipQuestion(asking.address, asking.port, "TCP")
        received = await opened.connection.exchange(question.ask(asking.net.clock.now_ns()), is_response_complete, asking.until_ns)
        understood = question.understand(received)
        if understood is None:
            detail = f"{len(received)} bytes that are no SIP answer to our request"
            raise NetworkError(Failure(kind=FailureKind.WRONG_PROTOCOL, operation=question.name, detail=detail))
        return opened.answer(told(understood[0]))


PROBE: Final[Probe] = port_check("sip_options", over_udp)
TCP_PROBE: Final[Probe] = port_check("sip_options_tcp", over_tcp)
