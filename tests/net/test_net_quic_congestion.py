"""How fast a load goes: slow start until a loss, then as four flows of TCP."""

from dataclasses import dataclass

from nra.net.quic_congestion import LEAST_PACKETS, MOST_BYTES, FourFlows

PACKET = 1200


@dataclass
class Sent:
    """What a congestion control sees of a packet."""

    sent_time: float
    sent_bytes: int = PACKET


class Before:
    """The control that a connection had."""

    bytes_in_flight = 0
    congestion_window = 10 * PACKET


def controlled() -> FourFlows:
    """Return a control that has just taken over."""
    return FourFlows(Before(), PACKET)


def round_trip(control: FourFlows, now_s: float) -> None:
    """Send a window full and have all of it acknowledged."""
    for _ in range(control.congestion_window // PACKET):
        control.on_packet_sent(packet=Sent(now_s))  # type: ignore[arg-type]
        control.on_packet_acked(now=now_s + 0.1, packet=Sent(now_s))  # type: ignore[arg-type]


def test_slow_start_doubles_and_does_not_mind_a_longer_round_trip() -> None:
    """RFC 5681 3.1, without HyStart: a queue that fills is what a load is for."""
    control = controlled()
    for number in range(3):
        control.on_rtt_measurement(now=number, rtt=0.1 * 2**number)
        round_trip(control, number + 1.0)
    assert control.congestion_window == 80 * PACKET
    assert control.bytes_in_flight == 0


def test_the_first_loss_halves_and_the_next_takes_an_eighth() -> None:
    """Slow start went up to twice too far; afterwards one of four flows halves its share."""
    control = controlled()
    control.congestion_window = 800 * PACKET
    control.on_packets_lost(now=1.0, packets=[Sent(0.9)])  # type: ignore[list-item]
    assert control.congestion_window == 400 * PACKET
    control.on_packets_lost(now=2.0, packets=[Sent(1.9)])  # type: ignore[list-item]
    assert control.congestion_window == 350 * PACKET


def test_losses_of_one_round_trip_count_once() -> None:
    """Packets from before the loss was noticed neither shrink the window again nor let it grow."""
    control = controlled()
    control.congestion_window = 800 * PACKET
    control.on_packets_lost(now=1.0, packets=[Sent(0.9)])  # type: ignore[list-item]
    control.on_packets_lost(now=1.1, packets=[Sent(0.95)])  # type: ignore[list-item]
    control.on_packet_acked(now=1.1, packet=Sent(0.95))  # type: ignore[arg-type]
    assert control.congestion_window == 400 * PACKET


def test_after_a_loss_it_grows_by_four_packets_in_a_round_trip() -> None:
    """One for each flow."""
    control = controlled()
    control.congestion_window = 200 * PACKET
    control.on_packets_lost(now=1.0, packets=[Sent(0.9)])  # type: ignore[list-item]
    round_trip(control, 2.0)
    assert 103 * PACKET <= control.congestion_window <= 104 * PACKET


def test_the_window_has_a_least_and_a_most() -> None:
    """Whatever is lost something may be sent, and whatever is acknowledged no more than is kept."""
    control = controlled()
    control.on_persistent_congestion()
    assert control.congestion_window == LEAST_PACKETS * PACKET
    control.congestion_window = MOST_BYTES
    control.on_packet_acked(now=5.0, packet=Sent(4.0))  # type: ignore[arg-type]
    assert control.congestion_window == MOST_BYTES
