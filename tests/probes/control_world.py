"""A reflector's control channel on the fake network: the reflector's own answers, given here and now."""

from dataclasses import dataclass, field

from voice_world import HOST, reflecting, world

from nra.model.failure import Failure, FailureKind
from nra.model.plan import ControlAccess
from nra.reflector.core import Reflector
from nra.reflector.evidence import counted, known, recorded
from nra.reflector.grants import Grants, let_in, shut_out
from nra.reflector.guard import Guard
from nra.reflector.key_file import Holder
from nra.reflector.keys import Keys
from nra.testing.fake_control import FakeControl
from nra.testing.fake_network import FakeNetwork
from nra.testing.impairment import Impairment
from nra.wire import control
from nra.wire.control import Request, Span, Told

KEY = bytes(range(32))
PIN = "ab" * 32
ACCESS = ControlAccess(port=443, pin=PIN, key=KEY)
HOLDER = Holder(KEY)
SECOND_NS = 1_000_000_000
FACTS = control.FactsTold(version="1.0", engine="batched", workers=2, stamps="kernel", sessions=1, load=0.25, cpus=2)


@dataclass
class Reflecting:
    """One reflector behind a control channel and, where it has keys, behind its STAMP port."""

    reflector: Reflector = field(default_factory=lambda: Reflector(keys=Keys([HOLDER]), guard=Guard(rate_limit=0)))
    grants: Grants = field(default_factory=Grants)

    def answer(self, request: Request, now_ns: int) -> Told | Failure:
        """Answer as the desk does."""
        match request:
            case control.Open(calls=calls, seconds=seconds):
                handed = self.grants.hand_out(calls, now_ns + seconds * SECOND_NS, HOLDER, self.reflector.keys or Keys())
                if isinstance(handed, str) or not let_in(self.reflector, handed):
                    return refused("no SSIDs are left")
                return control.Opened(ssid=handed.first, key=handed.key.hex(), port=20862, seconds=seconds)
            case control.Counts(ssid=ssid, calls=calls):
                return counted(known(self.reflector, [Span(each, 0, 0) for each in range(ssid, ssid + calls)]))
            case control.Record(spans=spans):
                return recorded(known(self.reflector, spans), spans)
            case control.Facts():
                return FACTS
            case control.Close(ssid=ssid):
                closed = self.grants.of(ssid, HOLDER)
                if closed is None:
                    return refused("nothing to close")
                self.grants.take_back(closed)
                shut_out(self.reflector, closed)
                return control.Closed()
        return refused("no such request here")


def refused(why: str) -> Failure:
    """Return what a refusal comes to at the sender."""
    return Failure(kind=FailureKind.REFUSED, operation="quic control", detail=why)


def controlled(up: Impairment | None = None, down: Impairment | None = None, there: Reflecting | None = None) -> FakeNetwork:
    """Return a network with a reflector that takes authenticated packets only, and its control channel, behind impaired paths."""
    there = there or Reflecting()
    net = world(reflecting(there.reflector), up, down)
    net.control[HOST, ACCESS.port] = FakeControl(pin=PIN, key=KEY, answer=there.answer)
    return net


def quic_only(up: Impairment | None = None, down: Impairment | None = None) -> FakeNetwork:
    """Return a network that lets nothing pass but QUIC, behind which the reflector takes what comes."""
    there = Reflecting(Reflector(guard=Guard(rate_limit=0)))
    net = world(None, up, down)
    net.udp.clear()
    net.control[HOST, ACCESS.port] = FakeControl(pin=PIN, key=KEY, answer=there.answer, peer=reflecting(there.reflector))
    return net
