"""`nra run --load` through a bottleneck of the kernel (tbf, htb): its rate and its queue are found, and its counters are the truth."""

import re
import sys
import time
from typing import Any, Final, NamedTuple

import pytest
from lab_programs import Program
from lab_world import CLIENT, MIDDLE, PORT, SERVER, SERVER_ADDRESS, World, document_of, need

pytestmark = [pytest.mark.namespaces, pytest.mark.alone, pytest.mark.timeout(1800)]  # it waits for others

WAYS: Final = {"up": ("m2", 10), "down": ("m1", 20)}  # the device that the middle sends on, and its rate in Mbit/s
LONG_MS, SHORT_MS = 300, 20
STREAM_PACKETS: Final = 250  # at most, of a stream beside a load: 5 s
QUIC_PORT: Final = 443
PUNCTUAL: Final = ("chrt", "--fifo", "10", sys.executable, "-m")  # whatever else runs here: the generators must not be the limit
WHERE: Final = ("--org", "Lab", "--out", "out", "--region", "eu-central-1", "--only", "voice", "--method", "stamp", "--json")
SHORT: Final = (*WHERE, "--duration", "5", "--load", "--reflector", f"{SERVER_ADDRESS}:{PORT}", "--key-file", "key")
END_S: Final = 120.0
BEGIN_S: Final = 30.0  # of a phase: until the stream beside the load is under way
UNDER_WAY: Final = 25  # of its packets
AGAIN: Final = 2  # times that a disturbed run is done once more
COUNTED: Final = f"""\
add table inet lab
add chain inet lab counted {{ type filter hook forward priority 0; }}
add rule inet lab counted iifname m1 udp dport {PORT} counter
"""
EF_FIRST: Final = """\
add table inet lab
add chain inet lab marked { type filter hook postrouting priority 0; }
add rule inet lab marked ip dscp ef meta priority set 1:10
"""


class Reflecting(NamedTuple):
    """Where a reflector with a control channel runs, its program, and the pin of its key."""

    world: World
    program: Program
    pin: str


@pytest.fixture(name="reflector")
def started(world: World) -> Reflecting:
    """A reflector with a control channel in the server."""
    need("chrt", "tc")
    key = world.folder / "key"
    key.write_text("5a" * 32 + "\n", "ascii")
    key.chmod(0o600)
    options = ("--port", str(PORT), "--key-file", "key", "--quic-port", str(QUIC_PORT), "--rate-limit", "0")
    program = world.start(SERVER, *PUNCTUAL, "nra", "reflect", *options).wait_for("SPKI SHA-256")
    pin = re.search(r"SPKI SHA-256 ([0-9a-f]{64})", program.said())
    assert pin is not None
    return Reflecting(world, program, pin[1])


def measured(world: World, pin: str, *options: str) -> tuple[dict[str, Any], dict[str, int]]:
    """Return the run document of a short run with a load, and what the kernel sent each way meanwhile, in octets of Ethernet frames.

    A run that this machine itself disturbed, by its own record, proves nothing: it is done again.
    """
    for _ in range(AGAIN + 1):
        before = carried_octets(world)
        document = document_of(world.start(CLIENT, *PUNCTUAL, "nra", "run", *SHORT, "--pin", pin, *options).end(END_S))
        if not is_disturbed(document["load"]):
            break
    else:
        pytest.skip("in three runs this machine had no time for both generators and a steady call")
    after = carried_octets(world)
    return document, {way: after[way] - before[way] for way in WAYS}


def is_disturbed(load: dict[str, Any]) -> bool:
    """Tell whether the workstation was unsteady in a phase, or a generator had no time to load the path."""
    phases = load["phases"]
    ways = [way for phase in phases for way in (phase["up"], phase["down"]) if way is not None]
    return any("unsteady" in (phase["note"] or "") for phase in phases) or any(way["limited_by"] == "instrument" for way in ways)


def phases(document: dict[str, Any]) -> dict[str, Any]:
    """Return the phases by which way their load went."""
    assert document["load"]["note"] is None, document["load"]
    return {phase["burden"]: phase for phase in document["load"]["phases"]}


def narrow(world: World, queue_ms: int) -> None:
    """Let each way carry so much and keep so long a queue."""
    for device, rate in WAYS.values():
        world.run(MIDDLE, "tc", "qdisc", "add", "dev", device, *f"root tbf rate {rate}mbit burst 15k latency {queue_ms}ms".split())


def carried_octets(world: World) -> dict[str, int]:
    """Return what the kernel has sent each way until now, in octets of Ethernet frames."""
    told = {way: world.run(MIDDLE, "tc", "-s", "qdisc", "show", "dev", device) for way, (device, _) in WAYS.items()}
    return {way: int(octets) for way, text in told.items() for octets in re.findall(r"qdisc (?:tbf|htb).*\n Sent (\d+) bytes", text)}


def dropped_packets(world: World, way: str) -> int:
    """Return how many packets the kernel's queue has dropped that way until now."""
    (dropped,) = re.findall(r"qdisc tbf.*\n Sent .*\(dropped (\d+)", world.run(MIDDLE, "tc", "-s", "qdisc", "show", "dev", WAYS[way][0]))
    return int(dropped)


def stamp_packets(world: World) -> int:
    """Return how many packets of voice the workstation has sent until now, where they are counted."""
    (packets,) = re.findall(r"counter packets (\d+)", world.run(MIDDLE, "nft", "list", "chain", "inet", "lab", "counted"))
    return int(packets)


def wait_for_stream(world: World) -> None:
    """Wait until the stream beside a load is under way: however long its load takes to begin."""
    before, deadline_s = stamp_packets(world), time.monotonic() + BEGIN_S
    while stamp_packets(world) < before + UNDER_WAY:
        assert time.monotonic() < deadline_s
        time.sleep(0.1)


def assert_rates(found: dict[str, Any]) -> None:
    """Each direction alone: the rate within a tenth of what the kernel lets through, and the network is what limited it."""
    for way, (_, rate) in WAYS.items():
        load = found[way][way]
        assert load["mbit_s"] == pytest.approx(rate, rel=0.1), load
        assert load["limited_by"] == "network"
        assert load["calls"] == int(load["mbit_s"] * 1000 / 80)


def test_a_long_queue_is_found_with_the_rate(reflector: Reflecting) -> None:
    """The round trip rises by the queue that the kernel keeps, which breaks a limit; the octets are those of the kernel's counters."""
    world, pin = reflector.world, reflector.pin
    narrow(world, LONG_MS)
    document, carried = measured(world, pin)
    found = phases(document)
    assert_rates(found)
    for way in WAYS:
        assert found[way]["change"]["rtt_avg_ms"] == pytest.approx(LONG_MS, rel=0.25), found[way]
    for way, octets in carried.items():
        counted = sum(phase[way]["octets"] for phase in found.values() if phase[way] is not None)
        assert counted < octets < 1.25 * counted  # Ethernet's headers, acknowledgements, voice, handshakes
    assert [finding["severity"] for finding in document["findings"] if "at full speed" in finding["text"]] == ["warn", "warn"]
    assert document["verdict"] == "PASS"


def test_a_short_queue_costs_no_delay(reflector: Reflecting) -> None:
    """The same rates behind a queue of 20 ms: the round trip rises by no more than it holds; what is lost, the kernel dropped."""
    world, pin = reflector.world, reflector.pin
    narrow(world, SHORT_MS)
    document, _ = measured(world, pin)
    found = phases(document)
    assert_rates(found)
    for way in WAYS:
        assert found[way]["change"]["rtt_avg_ms"] < 2 * SHORT_MS, found[way]
        lost = sum(phase["loaded"][way]["loss_percent"] for phase in found.values()) / 100 * STREAM_PACKETS
        assert lost <= dropped_packets(world, way), (way, lost)
    at_full_speed = [finding["evidence"] for finding in document["findings"] if "at full speed" in finding["text"]]
    assert all(words.startswith(("Up Packet Loss", "Down Packet Loss")) for words in at_full_speed), at_full_speed


def test_voice_that_goes_first_does_not_notice_the_load(reflector: Reflecting) -> None:
    """A long queue, but EF is served before it: full rate for the load, and no difference for the call."""
    need("nft")
    world, pin = reflector.world, reflector.pin
    for device, rate in WAYS.values():
        for words in (
            f"qdisc add dev {device} root handle 1: htb default 20",
            f"class add dev {device} parent 1: classid 1:1 htb rate {rate}mbit",
            f"class add dev {device} parent 1:1 classid 1:10 htb rate 1mbit ceil {rate}mbit prio 0",
            f"class add dev {device} parent 1:1 classid 1:20 htb rate {rate - 1}mbit ceil {rate}mbit prio 1",
            f"qdisc add dev {device} parent 1:20 pfifo limit {25 * rate}",  # a quarter of a second
        ):
            world.run(MIDDLE, "tc", *words.split())
    world.nft(EF_FIRST)
    found = phases(measured(world, pin)[0])
    assert_rates(found)
    for phase in found.values():
        assert phase["change"]["rtt_avg_ms"] < SHORT_MS, phase
        assert phase["change"]["up"]["loss_percent"] == phase["change"]["down"]["loss_percent"] == 0


def test_the_cap_is_kept_and_said(reflector: Reflecting) -> None:
    """Six megabytes are not enough for a line of 10 Mbit/s: each phase ends early, and nobody takes its rate for the line's."""
    world, pin = reflector.world, reflector.pin
    narrow(world, SHORT_MS)
    document, carried = measured(world, pin, "--max-megabytes", "6")
    ways = [way for phase in phases(document).values() for way in (phase["up"], phase["down"]) if way is not None]
    assert sum(way["octets"] for way in ways) <= 6_300_000
    assert {way["limited_by"] for way in ways} <= {"cap", None}
    assert sum(carried.values()) < 8_000_000


def test_a_second_load_is_told_that_one_is_running(reflector: Reflecting) -> None:
    """Two workstations at once: one measures, the other hears that the reflector is busy and keeps its own run."""
    world, pin = reflector.world, reflector.pin
    narrow(world, SHORT_MS)
    runs = [world.start(CLIENT, *PUNCTUAL, "nra", "run", *SHORT, "--pin", pin, "--out", f"out{number}") for number in range(2)]
    loads = [document_of(run.end(END_S))["load"] for run in runs]
    assert any("busy" in (load["note"] or "") for load in loads), loads
    assert any(load["phases"] for load in loads)


def test_a_reflector_that_dies_under_load_leaves_what_was_measured(reflector: Reflecting) -> None:
    """The first phase is whole, the second and the run's note say what is missing, and nothing is raised."""
    need("nft")
    world, pin = reflector.world, reflector.pin
    narrow(world, SHORT_MS)
    world.nft(COUNTED)
    run = world.start(CLIENT, *PUNCTUAL, "nra", "run", *SHORT, "--pin", pin).wait_for("under load, down", END_S)
    wait_for_stream(world)
    reflector.program.kill()
    document = document_of(run.end(END_S))
    up, down = document["load"]["phases"]
    assert up["up"]["mbit_s"] == pytest.approx(WAYS["up"][1], rel=0.1) or is_disturbed({"phases": [up]}), up
    assert (down["loaded"], down["change"]) == (None, None)
    assert down["note"]
    assert document["load"]["note"]
