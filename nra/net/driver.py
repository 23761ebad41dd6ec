"""The loop that lends a machine its time and its sockets; the same for the real and the fake network."""

from collections.abc import Callable

from nra.net.pacing import Pacer, Unhurried
from nra.net.ports import Arrival, Clock, DatagramPort, Machine, NetworkError


def drive(machine: Machine, port: DatagramPort, clock: Clock, stop: Callable[[], bool], pacer: Pacer | None = None) -> None:
    """Run the machine until it is done or `stop` says so; every wait is bounded."""
    pacer = pacer or Unhurried(clock)
    while not stop() and (due_ns := machine.next_due_ns()) is not None:
        for event in port.receive(pacer.listen_until_ns(due_ns)):
            if isinstance(event, Arrival):
                machine.arrived(event)
            else:
                machine.refused(event)
        pacer.hold(due_ns)
        transmit(machine, port, clock)


def transmit(machine: Machine, port: DatagramPort, clock: Clock) -> None:
    """Send everything that is due now, each packet stamped as late as possible."""
    while (transmission := machine.transmit(clock.now_ns())) is not None:
        try:
            port.send(transmission)
        except NetworkError as error:
            machine.send_failed(transmission, error.failure)
