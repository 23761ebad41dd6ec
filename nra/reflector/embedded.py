"""Region `local`: a reflector and responders on loopback, in threads of this process, for a self-test without any network."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from nra.net.tcp_server import TcpServer
from nra.reflector.background import background
from nra.reflector.core import Reflector
from nra.reflector.engine import CannotListen, Engine
from nra.reflector.engines import best_engine
from nra.reflector.guard import Guard
from nra.reflector.key_file import Holder
from nra.reflector.keys import Keys
from nra.reflector.responders.answers import http_answer

LOOPBACKS: Final = ("127.0.0.1", "::1")
ANY_PORT: Final = 0
NO_LIMIT: Final = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedded:
    """Where the embedded servers listen: one address, three ports."""

    address: str
    reflector_port: int
    stun_port: int
    http_port: int


@contextmanager
def embedded(holder: Holder | None = None) -> Iterator[Embedded]:
    """Run the servers while the block lasts, for the holder of a key alone if there is one; raises CannotListen without a loopback."""
    address, engine = _engine(None if holder is None else Keys((holder,)))
    _, stun_port = engine.listen(address, ANY_PORT, "STUN")
    server = TcpServer()
    _, http_port = server.listen(address, ANY_PORT, http_answer)
    with background(engine.run, "nra-reflector"), background(server.run, "nra-http"):
        yield Embedded(address=address, reflector_port=engine.bound[0][1], stun_port=stun_port, http_port=http_port)


def _engine(keys: Keys | None) -> tuple[str, Engine]:
    failure: CannotListen | None = None
    for address in LOOPBACKS:
        try:
            return address, best_engine()(Reflector(keys=keys, guard=Guard(rate_limit=NO_LIMIT)), [(address, ANY_PORT)])
        except CannotListen as error:
            failure = error
    raise CannotListen(f"region local: this machine has no loopback to listen on ({failure})")
