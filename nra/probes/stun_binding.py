"""Does a STUN server answer (RFC 8489), over UDP or over TCP; its answer names the address that it saw."""

from typing import Final

from nra.model.failure import Failure, FailureKind
from nra.model.observation import Answer
from nra.model.plan import Task
from nra.net.ports import Network, NetworkError
from nra.probes.parts.inquiry import first_answering
from nra.probes.parts.probe import Probe, Watch, check_parameters, observing
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


async def over_udp(task: Task, net: Network, watch: Watch) -> Answer:
    """Ask over UDP; raises NetworkError."""
    deadline_ns = net.clock.now_ns() + round(check_parameters(task).deadline_s * 1e9)
    addresses = await net.resolve(task.target.host, deadline_ns)
    address, message, inquiry = await first_answering(net, watch, addresses, task.target.port, StunQuestion, deadline_ns=deadline_ns)
    return Answer(address=address, elapsed_ms=inquiry.elapsed_ms, said=told(message), tries=inquiry.tries)


async def over_tcp(task: Task, net: Network, watch: Watch) -> Answer:
    """Ask over TCP; raises NetworkError."""
    async with connected(task, net) as opened:
        question = StunQuestion()
        request = question.ask(net.clock.now_ns())
        received = await opened.connection.exchange(request, is_complete, opened.deadline_ns)
        understood = question.understand(received)
        if understood is None:
            detail = f"{len(received)} bytes that are no STUN answer to our request"
            raise NetworkError(Failure(kind=FailureKind.WRONG_PROTOCOL, operation="stun", detail=detail))
        return Answer(address=opened.address, elapsed_ms=opened.elapsed_ms, said=told(understood[0]))


def is_complete(received: bytes) -> bool:
    """Tell whether a whole STUN message has come, or something that can never become one."""
    try:
        return bool(split_stream(received)[0])
    except MalformedMessage:
        return True


PROBE: Final[Probe] = observing("stun_binding", over_udp)
TCP_PROBE: Final[Probe] = observing("stun_binding_tcp", over_tcp)
