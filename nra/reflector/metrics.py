"""What a reflector counted, as Prometheus reads it: one page over HTTP, made anew for each request.

No label has more values than this file and the services of `nra.model.responder` have names: sources are not among them.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from nra.net.ports import NetworkError
from nra.net.tcp_server import TcpServer
from nra.reflector.core import DROPPED
from nra.reflector.engine import CannotListen
from nra.wire.http import is_head_complete

if TYPE_CHECKING:
    from prometheus_client import Metric

PREFIX: Final = "nra_reflector"
REQUEST: Final = re.compile(rb"([A-Z]{1,20}) (/[!-~]*) HTTP/1\.[01]\r?\n")
METHODS: Final = (b"GET", b"HEAD")
PATHS: Final = (b"/", b"/metrics")
NO_REQUEST: Final = b""


class NoPrometheusClient(Exception):  # noqa: N818 - says what is the case
    """The package that makes the page is not installed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What all processes of a reflector counted together; `keys` is None without a key file."""

    counters: Mapping[str, int]
    sessions: int
    evicted: int
    rebound: int
    processes: int
    keys: int | None
    uptime_s: float
    version: str


class Page:
    """A collector of a registry of its own."""

    def __init__(self, read: Callable[[], Totals]) -> None:
        """Read with each request; raises NoPrometheusClient."""
        try:
            from prometheus_client import CollectorRegistry
        except ImportError as error:
            raise NoPrometheusClient from error
        self._read = read
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)

    def describe(self) -> "Iterator[Metric]":
        """Return nothing: else the registry would read all to learn the names."""
        return iter(())

    def collect(self) -> "Iterator[Metric]":
        """Yield the families of the page."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily

        totals = self._read()
        counters = dict(totals.counters)

        def labelled(name: str, text: str, label: str, values: Mapping[str, int]) -> "Metric":
            family = CounterMetricFamily(f"{PREFIX}_{name}", text, labels=[label])
            for value, count in values.items():
                family.add_metric([value], count)
            return family

        yield CounterMetricFamily(f"{PREFIX}_received_packets", "Datagrams that came.", value=counters.pop("received", 0))
        yield CounterMetricFamily(f"{PREFIX}_answered_packets", "Datagrams that were answered.", value=counters.pop("answered", 0))
        dropped = {reason: counters.pop(reason, 0) for reason in DROPPED}
        yield labelled("dropped_packets", "Datagrams that were not answered, by reason.", "reason", dropped)
        yield labelled(
            "responder_events",
            "What happened at the responders for firewall checks, and at the control channel.",
            "event",
            dict(sorted(counters.items())),
        )
        yield GaugeMetricFamily(f"{PREFIX}_sessions", "Sessions that are remembered.", value=totals.sessions)
        yield CounterMetricFamily(f"{PREFIX}_evicted_sessions", "Sessions dropped because there were too many.", value=totals.evicted)
        yield CounterMetricFamily(f"{PREFIX}_rebound_sessions", "Sessions that a NAT moved to another port.", value=totals.rebound)
        yield GaugeMetricFamily(f"{PREFIX}_processes", "Processes that answer.", value=totals.processes)
        if totals.keys is not None:
            yield GaugeMetricFamily(f"{PREFIX}_keys", "Keys in the key file as it was last read.", value=totals.keys)
        yield GaugeMetricFamily(f"{PREFIX}_uptime_seconds", "Time since it began to listen.", value=totals.uptime_s)
        yield InfoMetricFamily(PREFIX, "The program.", value={"version": totals.version})

    def answer(self, received: bytes, _source: object = None) -> bytes | None:
        """Return the HTTP answer to what was received so far, None while more is needed."""
        if not is_head_complete(received):
            return None
        request = REQUEST.match(received)
        if request is None:
            return NO_REQUEST
        if request[1] not in METHODS:
            return _response("405 Method Not Allowed", "text/plain", b"", more="Allow: GET, HEAD")
        if request[2].partition(b"?")[0] not in PATHS:
            return _response("404 Not Found", "text/plain", b"")
        from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

        body = generate_latest(self._registry)
        return _response("200 OK", CONTENT_TYPE_PLAIN_0_0_4, body, is_head=request[1] == b"HEAD")


def listening(page: Page, address: str, port: int) -> tuple[TcpServer, tuple[str, int]]:
    """Return a server for the page and where it listens; raises CannotListen."""
    server = TcpServer()
    try:
        return server, server.listen(address, port, page.answer)
    except NetworkError as error:
        raise CannotListen(error.failure.detail) from error


def _response(status: str, kind: str, body: bytes, *, is_head: bool = False, more: str = "") -> bytes:
    head = (f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(body)}", "Connection: close", more)
    return "".join(f"{line}\r\n" for line in (*filter(None, head), "")).encode("ascii") + (b"" if is_head else body)
