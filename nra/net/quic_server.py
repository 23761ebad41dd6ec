"""A QUIC server on our own sockets: who may connect, how much each may keep waiting here, and whose turn it is.

aioquic's connections have neither sockets nor a clock; its own server drives them by asyncio, remembers every stranger without limit
and sees no stamps of the kernel. Here nothing is remembered of a source before it has proven that it receives what is sent to it
(Retry, RFC 9000 8.1.2), of those that have not said who they are only a few wait, and for two seconds.
"""

import logging
import math
import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from nra.net.ports import Clock
from nra.net.quic import importing_aioquic
from nra.net.quic_identity import show
from nra.net.quic_visit import STRANGERS_BYTES, Guest, Visit
from nra.net.server import Datagram
from nra.net.sockets import household
from nra.wire.control import ALPN

if TYPE_CHECKING:
    from aioquic.quic.configuration import QuicConfiguration
    from aioquic.quic.packet import QuicHeader

FIRST_BYTES: Final = 1200  # RFC 9000 14.1: a first datagram is no smaller, so that no answer to it is larger
IDLE_S: Final = 30.0
FRAME_BYTES: Final = 1500  # the longest DATAGRAM frame that is taken: what is too long to be answered is counted, not a breach
GLANCE_S: Final = 0.2
WHILE_ASKING_S: Final = 0.01  # between two glances while somebody waits for what another process is asked
ID_BYTES: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """How many may be here: strangers, who have not said who they are yet, in all and of one source, and guests."""

    strangers: int = 64
    strangers_of_source: int = 16
    guests: int = 256


class Sockets(Protocol):
    """The bound sockets: `nra.net.server.ServerPort`, or a test's."""

    def receive(self, wait_s: float) -> list[Datagram]:
        """Wait for datagrams, at most `wait_s`."""
        ...

    def reply(self, request: Datagram, payload: bytes, dscp: int) -> bool:
        """Send to where the request came from; False when the system would not."""
        ...

    def close(self) -> None:
        """Close the sockets."""
        ...


class Host(Protocol):
    """Who receives the guests: the protocol that is spoken here."""

    def bars(self, address: str, port: int) -> str | None:
        """Return why nothing from there is answered, None when it is."""
        ...

    def limits(self, address: str | None, now_ns: int) -> str | None:
        """Return why a connection may not begin now, None when it may; without an address of one whose source is not proven."""
        ...

    def met(self, visit: Visit) -> Guest:
        """Return who speaks for a new connection."""
        ...

    def glance(self, now_ns: int) -> bool:
        """Do what waits beside the packets; tell whether somebody waits for an answer from elsewhere."""
        ...


def server_configuration(pem: bytes) -> "QuicConfiguration":
    """Return what our connections are like, with a certificate (chain) and its key in PEM; raises NetworkError."""
    with importing_aioquic():
        from aioquic.quic.configuration import QuicConfiguration
        from aioquic.quic.packet import QuicProtocolVersion
    configuration = QuicConfiguration(
        is_client=False,
        alpn_protocols=[ALPN],
        connection_id_length=ID_BYTES,
        idle_timeout=IDLE_S,
        max_data=STRANGERS_BYTES,
        max_stream_data=STRANGERS_BYTES,
        max_datagram_frame_size=FRAME_BYTES,
        supported_versions=[QuicProtocolVersion.VERSION_1],
    )
    show(configuration, pem)
    return configuration


class QuicServer:
    """Lends connections their sockets and their time; `counters` say how often each thing happened."""

    def __init__(self, port: Sockets, clock: Clock, configuration: "QuicConfiguration", host: Host, room: Room | None = None) -> None:
        """Serve what comes to the port; nobody is here yet."""
        from aioquic.quic.retry import QuicRetryTokenHandler

        logging.getLogger("quic").addHandler(logging.NullHandler())  # what strangers send shall not fill a log
        self._port, self._clock, self._configuration, self._host = port, clock, configuration, host
        self._room = room or Room()
        self._tokens = QuicRetryTokenHandler()
        self._by_id: dict[bytes, Visit] = {}
        self._visits: dict[Visit, float] = {}  # and when each one's timer fires
        self.counters: Counter[str] = Counter()
        self.idle_ns = 0  # waited for datagrams

    def __len__(self) -> int:
        """Return how many connections there are."""
        return len(self._visits)

    def run(self, stop: Callable[[], bool]) -> None:
        """Serve until `stop` says so; say farewell and close the sockets then."""
        asking = False
        try:
            while not stop():
                for datagram in self._waited(asking):
                    self.take(datagram)
                asking = self.glance()
        finally:
            for visit in list(self._visits):
                visit.farewell()
                self._flush(visit)
            self._port.close()

    def _waited(self, asking: bool) -> list[Datagram]:
        """Return the datagrams that came while there was nothing else to do."""
        since_ns = self._clock.now_ns()
        datagrams = self._port.receive(self._wait_s(asking))
        self.idle_ns += self._clock.now_ns() - since_ns
        return datagrams

    def _now_s(self) -> float:
        return self._clock.now_ns() / 1e9

    def _wait_s(self, asking: bool) -> float:
        first_s = min(self._visits.values(), default=math.inf)
        return max(0.0, min(WHILE_ASKING_S if asking else GLANCE_S, first_s - self._now_s()))

    def glance(self) -> bool:
        """Do what is due; tell whether somebody waits for an answer from elsewhere."""
        now_ns = self._clock.now_ns()
        for visit, due_s in list(self._visits.items()):
            if due_s <= now_ns / 1e9:
                visit.timer(now_ns)
                self._after(visit)
        asking = self._host.glance(now_ns)
        for visit in [visit for visit in self._visits if visit.has_news]:
            self._after(visit)
        return asking

    def take(self, datagram: Datagram) -> None:
        """Take in one datagram; what is no packet of a connection is answered only as RFC 9000 says, and never by more than it is."""
        from aioquic._buffer import Buffer
        from aioquic.quic.packet import QuicPacketType, pull_quic_header

        self.counters["received"] += 1
        try:
            header = pull_quic_header(Buffer(data=datagram.payload), host_cid_length=ID_BYTES)
        except ValueError:
            self.counters["no_quic"] += 1
            return
        visit = self._by_id.get(header.destination_cid)
        if visit is None:
            if header.packet_type is QuicPacketType.VERSION_NEGOTIATION or len(datagram.payload) < FIRST_BYTES:
                self.counters["nobodys"] += 1
                return
            visit = self._stranger(header, datagram)
        elif datagram.source != visit.source and not self._may_move(visit, datagram):
            return
        if visit is not None:
            visit.take(datagram)
            self._after(visit)

    def _may_move(self, visit: Visit, datagram: Datagram) -> bool:
        """Whether a connection's packet that comes from elsewhere is taken; one that is not is counted."""
        reason = self._host.bars(*datagram.source) or (None if visit.may_come_from(datagram.source) else "moved")
        if reason is not None:
            self.counters[reason] += 1
        return reason is None

    def _stranger(self, header: "QuicHeader", datagram: Datagram) -> Visit | None:
        """Return the connection of a source that has proven where it is and for which there is room; else answer without remembering it."""
        from aioquic.quic.packet import QuicPacketType, encode_quic_version_negotiation

        reason = self._host.bars(*datagram.source) or ("" if header.token else self._host.limits(None, self._clock.now_ns()))
        if reason:
            self.counters[reason] += 1
        elif header.version not in self._configuration.supported_versions:
            self.counters["other_version"] += 1
            versions = self._configuration.supported_versions
            answer = encode_quic_version_negotiation(
                source_cid=header.destination_cid, destination_cid=header.source_cid, supported_versions=versions
            )
            self._port.reply(datagram, answer, 0)
        elif header.packet_type is not QuicPacketType.INITIAL:
            self.counters["nobodys"] += 1
        elif not header.token:
            self._ask_again(header, datagram)
        else:
            return self._proven(header, datagram)
        return None

    def _ask_again(self, header: "QuicHeader", datagram: Datagram) -> None:
        """Ask a source to come again with a token: whoever forged its address never sees it."""
        from aioquic.quic.packet import encode_quic_retry

        self.counters["asked_again"] += 1
        own_id = os.urandom(ID_BYTES)
        token = self._tokens.create_token(
            address=datagram.source,
            original_destination_connection_id=header.destination_cid,
            retry_source_connection_id=own_id,
            now=self._now_s(),
        )
        answer = encode_quic_retry(
            version=header.version or 1,
            source_cid=own_id,
            destination_cid=header.source_cid,
            original_destination_cid=header.destination_cid,
            retry_token=token,
        )
        self._port.reply(datagram, answer, 0)

    def _proven(self, header: "QuicHeader", datagram: Datagram) -> Visit | None:
        from aioquic.quic.connection import QuicConnection

        try:
            original_id = self._tokens.validate_token(
                address=datagram.source, destination_cid=header.destination_cid, token=header.token, now=self._now_s()
            )
        except ValueError:
            self.counters["bad_retry_token"] += 1
            return None
        full = self._host.limits(datagram.source[0], self._clock.now_ns()) or self._full(datagram.source[0])
        if full is not None:
            self.counters[full] += 1
            return None
        connection = QuicConnection(
            configuration=self._configuration,
            original_destination_connection_id=original_id,
            retry_source_connection_id=header.destination_cid,
        )
        visit = Visit(connection, datagram, self._clock, self.counters)
        visit.guest, visit.idle_ns = self._host.met(visit), lambda: self.idle_ns
        self._by_id[header.destination_cid] = self._by_id[connection.host_cid] = visit
        self._visits[visit] = math.inf
        self.counters["connections"] += 1
        return visit

    def _full(self, address: str) -> str | None:
        """Return why there is no room for one more stranger, None when there is."""
        strangers = [visit for visit in self._visits if not visit.is_known]
        if len(self._visits) - len(strangers) >= self._room.guests:
            return "no_room"
        source = household(address)
        of_source = sum(household(visit.source[0]) == source for visit in strangers)
        if of_source >= self._room.strangers_of_source or len(strangers) >= self._room.strangers:
            return "too_many_strangers"
        return None

    def _after(self, visit: Visit) -> None:
        """Send what a connection has to say, follow its ids, and forget it when it is over."""
        self._flush(visit)
        for connection_id in visit.new_ids():
            self._by_id[connection_id] = visit
        for connection_id in visit.retired_ids():
            self._by_id.pop(connection_id, None)
        if visit.is_over:
            self._by_id = {each: whose for each, whose in self._by_id.items() if whose is not visit}
            del self._visits[visit]
            visit.gone()
            return
        self._visits[visit] = visit.due_s()

    def _flush(self, visit: Visit) -> None:
        for packet, came in visit.packets():
            if not self._port.reply(came, packet, visit.dscp):
                self.counters["unsendable"] += 1
