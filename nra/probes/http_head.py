"""Does a web server answer on a TCP port; a redirect is an answer."""

from typing import Final

from nra.model.failure import Failure, FailureKind
from nra.model.observation import Answer
from nra.model.plan import Task
from nra.net.ports import Network, NetworkError
from nra.probes.parts.probe import Probe, Watch, observing
from nra.probes.parts.tcp_connection import connected
from nra.wire.errors import MalformedMessage
from nra.wire.http import head_request, is_head_complete, parse_response


async def head(task: Task, net: Network, watch: Watch) -> Answer:
    """Return the status of a HEAD request; raises NetworkError."""
    async with connected(task, net) as opened:
        received = await opened.connection.exchange(head_request(task.target.host), is_head_complete, opened.deadline_ns)
        try:
            response = parse_response(received)
        except MalformedMessage as error:
            raise NetworkError(Failure(kind=FailureKind.WRONG_PROTOCOL, operation="http", detail=str(error))) from error
        return Answer(address=opened.address, elapsed_ms=opened.elapsed_ms, said=f"HTTP {response.status}")


PROBE: Final[Probe] = observing("http_head", head)
