"""Region `local`: a reflector and responders on loopback, in threads of this process, for a self-test without any network."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Final

from nra.reflector.core import Reflector
from nra.reflector.engine import CannotListen, Engine
from nra.reflector.guard import Guard
from nra.reflector.responders import GLANCE_S, StunResponder, http_responder

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
def embedded(key: bytes | None = None) -> Iterator[Embedded]:
    """Run the servers while the block lasts; raises CannotListen where there is no loopback."""
    address, engine = _engine(key)
    stun, http = StunResponder(address, ANY_PORT), http_responder(address, ANY_PORT)
    with ExitStack() as stack:
        stack.enter_context(_thread(engine.run, "nra-reflector"))
        stack.enter_context(_thread(stun.run, "nra-stun"))
        stack.enter_context(_thread(lambda stop: http.run(stop, GLANCE_S), "nra-http"))
        yield Embedded(address=address, reflector_port=engine.bound[0][1], stun_port=stun.bound_port, http_port=http.bound_port)


def _engine(key: bytes | None) -> tuple[str, Engine]:
    failure: CannotListen | None = None
    for address in LOOPBACKS:
        try:
            return address, Engine(Reflector(key=key, guard=Guard(rate_limit=NO_LIMIT)), [(address, ANY_PORT)])
        except CannotListen as error:
            failure = error
    raise failure or AssertionError("there are loopback addresses to try")


@contextmanager
def _thread(run: Callable[[Callable[[], bool]], None], name: str) -> Iterator[None]:
    over = threading.Event()
    thread = threading.Thread(target=run, args=(over.is_set,), name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(timeout=GLANCE_S + 1)
