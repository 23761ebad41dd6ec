"""A reflector's control channel on loopback for loads, and the orders that a generator is given for it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from nra.model.load import Burden
from nra.net.load_generator import Line, Order, generate
from nra.reflector.control_server import ControlServer, facts_of
from nra.reflector.core import Reflector
from nra.reflector.key_file import Holder
from nra.reflector.keys import Keys
from nra.reflector.loads import Loads
from nra.reflector.responders.certificate import identity_of, made_pem, pin_of
from nra.wire.control_token import control_token

KEY: Final = b"\x5a" * 32
HOST: Final = "127.0.0.1"


class NoBureau:
    """No engines beside it: a load needs none."""

    def ask(self, errand: Any, asker: Any, then: Callable[[list[Any] | None], None]) -> bool:
        """Nobody answers."""
        then(None)
        return True

    def glance(self, now_ns: int) -> bool:
        """Nothing is out."""
        return False


@dataclass(frozen=True)
class Served:
    """Where the channel is, and what its certificate's key hashes to."""

    port: int
    pin: str
    reflector: Reflector
    loads: Loads

    def came_up(self) -> int:
        """Return the octets that have come in the load that is running."""
        return sum(sum(each.flow.octets) for each in list(self.loads.running))

    def order(self, burden: Burden, octets: int = 50_000_000, seconds: int = 5, **changes: Any) -> Order:
        """Return an order for it."""
        values = {"address": HOST, "port": self.port, "host": "reflector", "pin": self.pin, "token": control_token(KEY).hex()}
        return Order(**(values | {"burden": burden, "octets": octets, "seconds": seconds} | changes))  # type: ignore[arg-type]


@contextmanager
def served() -> Iterator[Served]:
    """Serve a control channel while the block lasts."""
    pem = made_pem()
    reflector = Reflector(keys=Keys((Holder(KEY, None),)))
    server = ControlServer(reflector, [(HOST, 0)], pem, facts_of("0", "test", 1), 20862, lambda _now: NoBureau())
    over = threading.Event()
    thread = threading.Thread(target=server.run, args=(over.is_set,), daemon=True)
    thread.start()
    try:
        yield Served(server.bound[0][1], pin_of(identity_of(pem)), reflector, server._loads)
    finally:
        over.set()
        thread.join(5)


def generated(order: Order, enough: Callable[[list[Line]], bool] = lambda _lines: False) -> list[Line]:
    """Return what a generator says until it has said enough or is over."""
    lines: list[Line] = []
    generate(order, lines.append, lambda: bool(lines) and enough(lines))
    return lines
