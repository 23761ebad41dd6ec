"""What is expected of a machine that measures voice, why, and what to do where it is otherwise; one rule per row, in their order.

Most limits are ours, set against what voice is judged by: packets every 20 ms, jitter warned of from 20 ms, loss from 0.5 %. A rule whose
gravest verdict is INFO tells and decides nothing: this program may well be steady all the same, which the noise floor shows.
"""

from dataclasses import dataclass
from typing import Final

from nra.model.criteria import Criterion, Operator
from nra.model.verdict import Verdict
from nra.scoring.instrument import LATE_LIMIT_PERCENT, LATE_NS, NOT_SENT_LIMIT_PERCENT
from nra.scoring.statistics import NS_PER_MS

LATE_MS: Final = LATE_NS / NS_PER_MS


@dataclass(frozen=True, slots=True)
class Rule:
    """One row: its limit, the gravest verdict that it may come to, why it matters for voice, what to do."""

    criterion: Criterion
    gravest: Verdict
    meaning: str
    advice: str

    @property
    def key(self) -> str:
        """The key under which it is read."""
        return self.criterion.key


def _rule(key: str, label: str, bound: tuple[str, float, float | None, str], gravest: Verdict, meaning: str, advice: str) -> Rule:
    operator, limit, warn, unit = bound
    criterion = Criterion(key=key, label=label, unit=unit, operator=Operator(operator), limit=limit, warn=warn)
    return Rule(criterion, gravest, meaning, advice)


FINE: Final = ("<=", 1000.0, 100.0, "µs")
COARSE: Final = ("<=", 100.0, None, "µs")
LATE: Final = ("<", LATE_MS, None, "ms")
ALL: Final = (">=", 100.0, None, "%")
INFO, WARN, FAIL = Verdict.INFO, Verdict.WARN, Verdict.FAIL

BETWEEN: Final = "Look for what stands between this program and its sockets: a sandbox, a container runtime, a security product."
QUIET: Final = "Close other programs, switch power saving off, do not measure inside a busy virtual machine."
TIMER: Final = f"A packet sent more than {LATE_MS:g} ms late disturbs the grid of 20 ms by a quarter."
OTHER_TIMER: Final = "Nothing to do while the noise floor passes."
MARKED: Final = (
    "Networks queue marked voice apart; unmarked, the stream is measured as ordinary traffic (Windows sends 0 whatever is asked)."
)
MARK_IT: Final = "Look for a rule on this machine that takes markings away; on Windows a QoS policy (Policy-based QoS) can put them on."
ROUTE: Final = "A change on the way shows that the route changed."
SURVIVED: Final = "It shows whether a marking survived the way down."
JITTER: Final = "All of it is this machine's, and it is in every run; runs are warned of from 20 ms on."

RULES: Final = (
    _rule(
        "clock.perf_counter", "Step of perf_counter", FINE, FAIL,
        "All times are read from this clock: smaller differences cannot be measured.",
        "Measure from another machine: with this clock delays are guesses.",
    ),
    _rule(
        "clock.monotonic", "Step of monotonic", COARSE, INFO,
        "asyncio waits by this clock; packets are not timed by it.",
        "Python 3.13 or newer moves it finely on Windows.",
    ),
    _rule(
        "clock.time", "Step of the wall clock", COARSE, INFO,
        "The kernel's stamps and the times on the wire are of this clock.",
        "Python 3.13 or newer reads it finely on Windows.",
    ),
    _rule(
        "clock.step", "Wall clock stepped by", ("<=", 0.5, None, "ms"), WARN,
        "The kernel stamps packets by the wall clock: around a step its stamps cannot be placed.",
        "Let time synchronization settle before measuring (chronyc tracking, w32tm /query /status).",
    ),
    _rule(
        "clock.drift", "Wall clock against perf_counter", ("<=", 500.0, None, "ppm"), WARN,
        "Over a long stream a clock that runs away looks like a growing delay.",
        "Look after time synchronization; in a virtual machine after the host's clock.",
    ),
    _rule("timer.sleep", "Lateness of time.sleep (p99)", LATE, INFO, TIMER, OTHER_TIMER),
    _rule("timer.select", "Lateness of select (p99)", LATE, INFO, TIMER, OTHER_TIMER),
    _rule("timer.asyncio", "Lateness of asyncio's call_at (p99)", LATE, INFO, TIMER, OTHER_TIMER),
    _rule("timer.event", "Lateness of Event.wait (p99)", LATE, INFO, TIMER, OTHER_TIMER),
    _rule("timer.timerfd", "Lateness of timerfd (p99)", LATE, INFO, TIMER, OTHER_TIMER),
    _rule("timer.spin", "Lateness of early wake and spin (p99)", LATE, INFO, TIMER, OTHER_TIMER),
    _rule(
        "datagram.receive_stamp", "Kernel receive stamps", ALL, WARN,
        "Without them the time until this program has its turn counts as the network's delay.",
        BETWEEN,
    ),
    _rule(
        "datagram.transmit_stamp", "Kernel transmit stamps", ALL, INFO,
        "They show when a packet really left; without them it is stamped right before sending.",
        "Nothing to do: our own stamp comes a tenth of a millisecond before the kernel's.",
    ),
    _rule("datagram.ttl_ipv4", "TTL told (IPv4)", ALL, INFO, ROUTE, BETWEEN),
    _rule("datagram.ttl_ipv6", "Hop limit told (IPv6)", ALL, INFO, ROUTE, BETWEEN),
    _rule("datagram.tos_ipv4", "TOS told (IPv4)", ALL, INFO, SURVIVED, BETWEEN),
    _rule("datagram.tos_ipv6", "Traffic class told (IPv6)", ALL, INFO, SURVIVED, BETWEEN),
    _rule("datagram.dscp_ipv4", "DSCP EF arrives (IPv4)", ALL, WARN, MARKED, MARK_IT),
    _rule("datagram.dscp_ipv6", "DSCP EF arrives (IPv6)", ALL, WARN, MARKED, MARK_IT),
    _rule(
        "datagram.drops", "Own drops counted", ALL, WARN,
        "What this machine's own socket drops must not be billed to the network as loss.",
        BETWEEN,
    ),
    _rule(
        "buffer.call", "Packets that wait, one call", (">=", 10.0, 50.0, "packets"), FAIL,
        "While this program is stalled, packets wait in the socket: fifty are a second of one call.",
        "Raise the limit: sysctl -w net.core.rmem_max=4194304 (Linux), kern.ipc.maxsockbuf (macOS).",
    ),
    _rule(
        "buffer.calls", "Packets that wait, 200 calls", (">=", 1000.0, None, "packets"), INFO,
        "A reflector takes all calls through one socket: 200 of them are 1000 packets in 0.1 s.",
        "Before running nra reflect for many calls: sysctl -w net.core.rmem_max=4194304 (Linux), kern.ipc.maxsockbuf (macOS).",
    ),
    _rule(
        "buffer.send", "Send buffer", (">=", 166400.0, None, "bytes"), INFO,
        "A reflector answers all calls through one socket: a packet of each of 200 calls needs 832 bytes in Linux' memory.",
        "Before running nra reflect for many calls: sysctl -w net.core.wmem_max=4194304 (Linux).",
    ),
    _rule(
        "files.sockets", "Sockets open at once", (">=", 1.0, 200.0, "sockets"), FAIL,
        "Each simulated call has a socket of its own.",
        "Raise the hard limit of open files (ulimit -Hn, launchctl limit maxfiles), or ask for fewer --calls.",
    ),
    _rule("load.cpu", "CPU load", ("<=", 100.0, None, "%"), INFO, "Packets wait while others have the processor.", QUIET),
    _rule(
        "load.collector", "Pause of a full garbage collection", ("<", 20.0, None, "ms"), INFO,
        "Python's collector would stop the sending thread for this long: it is off while packets are sent.",
        "Nothing to do while the noise floor passes.",
    ),
    _rule(
        "noise.send_late", "Send lateness (p99)", ("<", LATE_MS, 2.0, "ms"), FAIL,
        f"With more than {LATE_LIMIT_PERCENT:g} % of packets {LATE_MS:g} ms late a run is INCONCLUSIVE: its jitter is this machine's.",
        QUIET,
    ),
    _rule(
        "noise.not_sent", "Slots not sent", ("<=", NOT_SENT_LIMIT_PERCENT, 0.0, "%"), FAIL,
        "A slot missed by more than half an interval is skipped: a stream with holes is no voice.",
        QUIET,
    ),
    _rule(
        "noise.receive_delay", "Receive delay (p99)", ("<", 5.0, None, "ms"), WARN,
        "How long packets wait here until they are read; the kernel's stamps keep it out of the numbers.",
        QUIET,
    ),
    _rule(
        "noise.drops", "Dropped by own sockets", ("<=", 0.0, None, "packets"), FAIL,
        "A run with drops of its own is INCONCLUSIVE: its loss is this machine's.",
        "See the row about packets that wait; close other programs.",
    ),
    _rule(
        "noise.loss", "Loss on loopback", ("<=", 0.5, 0.0, "%"), FAIL,
        "There is no network in between: what gets lost here would be billed to the network.",
        "A security product or a firewall on this machine may inspect loopback: except nra from it.",
    ),
    _rule("noise.up_jitter", "Jitter up on loopback", ("<", 10.0, 2.0, "ms"), FAIL, JITTER, QUIET),
    _rule("noise.down_jitter", "Jitter down on loopback", ("<", 10.0, 2.0, "ms"), FAIL, JITTER, QUIET),
    _rule("noise.round_trip", "Round trip on loopback", ("<", 20.0, 5.0, "ms"), FAIL, "This machine adds it to every round trip.", QUIET),
)  # fmt: skip
