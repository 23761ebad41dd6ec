"""Services over UDP: guarded, lawful and counted like STAMP, by the same reflector."""

from collections.abc import Callable
from typing import Final

from nra.reflector.core import Reflector, Request
from nra.reflector.responders.answers import dns_answer, echo_answer, ntp_answer, quic_answer, stun_answer
from nra.reflector.responders.sip import sip_answer

UdpAnswer = Callable[[Request, int], bytes | None]
"""From a request and the time now (Unix nanoseconds) to the answer, None for what is no request."""

STAMP: Final = "STAMP"
UDP_ANSWERS: Final[dict[str, UdpAnswer]] = {
    "STUN": lambda request, _: stun_answer(request.payload, request.source),
    "DNS": lambda request, _: dns_answer(request.payload),
    "NTP": lambda request, now_ns: ntp_answer(request.payload, request.received_ns, now_ns),
    "QUIC": lambda request, _: quic_answer(request.payload),
    "SIP": lambda request, _: sip_answer(request.payload, request.source),
    "echo": lambda request, _: echo_answer(request.payload),
}
"""By the service's name in `nra.model.responder`; STAMP is the reflector's own."""


def serve(reflector: Reflector, service: str, request: Request, now_ns: int) -> bytes | None:
    """Return the service's answer, None for what is not answered; a reply is never larger than its request."""
    count = reflector.counters
    count["received"] += 1
    reason = reflector.guard.refuses(*request.source, now_ns)
    answer = None if reason else UDP_ANSWERS[service](request, now_ns)
    if answer is None:
        reflector.refuse(reason or "not_understood", request.source[0])
        return None
    if len(answer) > len(request.payload):
        reflector.refuse("too_short", request.source[0])
        return None
    count["answered"] += 1
    count[f"answered_{service.lower()}"] += 1
    return answer
