"""Does a web server answer on a TCP port; a redirect is an answer, and where it leads is told."""

import re
from dataclasses import replace
from typing import Final

from nra.model.failure import Failure, FailureKind
from nra.model.observation import Answer
from nra.net.ports import NetworkError
from nra.probes.parts.port_check import Asking, port_check
from nra.probes.parts.probe import Probe
from nra.probes.parts.tcp_connection import connected
from nra.wire.errors import MalformedMessage
from nra.wire.http import HttpResponse, head_request, is_head_complete, parse_response

REDIRECTS: Final = range(300, 400)  # RFC 9110 15.4
MOST_TOLD: Final = 80
_NOT_IN_A_URL: Final = re.compile(r"[^A-Za-z0-9._~:/?#\[\]@!$&()*+,;=%-]")  # RFC 3986 2, without the apostrophe
_USER: Final = re.compile(r"(?<=//)[^/]*@")
_DETAILS: Final = re.compile(r"[?#].*")


def place(location: str) -> str:
    """Return where a redirect leads, fit for a report: what is no URL character is dropped, so are user and query, the rest is cut.

    The query of a captive portal names this workstation's hardware address, often a token too.
    """
    washed = _USER.sub("", _DETAILS.sub("", _NOT_IN_A_URL.sub("", location)))
    return washed if len(washed) <= MOST_TOLD else f"{washed[:MOST_TOLD]}..."


def told(response: HttpResponse) -> str:
    """Return what the server said, in words."""
    location = place(response.header("Location") or "") if response.status in REDIRECTS else ""
    return f"HTTP {response.status} to {location}" if location else f"HTTP {response.status}"


def host_field(host: str) -> str:
    """Return the host as a request names it: a name that is not ASCII in the form that DNS knows (RFC 9110 7.2, RFC 3986 3.2.2)."""
    return host if host.isascii() else host.encode("idna").decode("ascii")


async def head(asking: Asking) -> Answer:
    """Return the status of a HEAD request; raises NetworkError."""
    async with connected(asking) as opened:
        request = head_request(host_field(asking.server_name), asking.parameters.path)
        received = await opened.connection.exchange(request, is_head_complete, asking.until_ns)
        try:
            response = parse_response(received)
        except MalformedMessage as error:
            raise NetworkError(Failure(kind=FailureKind.WRONG_PROTOCOL, operation="http", detail=str(error))) from error
        return replace(opened.answer(told(response)), status=response.status)


PROBE: Final[Probe] = port_check("http_head", head)
