"""The loop that lends a machine its time and its sockets; the same for the real and the fake network."""

from collections.abc import Callable
from typing import Final

from nra.net.ports import Arrival, Clock, DatagramPort, Machine, NetworkError

GLANCE_NS: Final = 100_000_000  # how long at most until a request to stop is noticed


def drive(machine: Machine, port: DatagramPort, clock: Clock, stop: Callable[[], bool]) -> None:
    """Run the machine until it is done or `stop` says so; every wait is bounded."""
    while not stop() and (due_ns := machine.next_due_ns()) is not None:
        until_ns = min(due_ns, clock.now_ns() + GLANCE_NS)
        for event in port.receive(until_ns):
            if isinstance(event, Arrival):
                machine.arrived(event)
            else:
                machine.refused(event)
        transmit(machine, port, clock)


def transmit(machine: Machine, port: DatagramPort, clock: Clock) -> None:
    """Send everything that is due now, each packet stamped as late as possible."""
    while (transmission := machine.transmit(clock.now_ns())) is not None:
        try:
            port.send(transmission)
        except NetworkError as error:
            machine.send_failed(transmission, error.failure)
