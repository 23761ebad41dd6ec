"""`nra run` where the network is blocked, dead or interrupted: always a full report, in bounded time, with the right exit code."""

import signal
import time
from typing import Final

import pytest
from lab_peers import BEACON, BEACON_PORT, REGION, all_names_are_the_server, measure, start_beacon, start_coturn, start_nginx
from lab_world import (
    CLIENT,
    MIDDLE_ADDRESS,
    PORT,
    RESOLVER_S,
    SERVER_ADDRESS,
    World,
    document_of,
    measured_s,
    nra_run,
    start_reflector,
    start_relay,
)

from nra.testing.relay_record import UP, read_record

pytestmark = pytest.mark.namespaces

ROWS: Final = 11
ENOUGH_S: Final = 60.0
AT_ONCE_S: Final = 5.0  # from Ctrl-C on
VOICE_BYTES: Final = 172
PER_S: Final = 50
ANNOUNCED: Final = 151  # packets: three seconds
QUESTIONS: Final = 3  # of them at most, before the stream: is the reflector there?

NO_BEACON: Final = f"udp dport {BEACON_PORT}"
NO_UDP: Final = "meta l4proto udp"
NO_TCP: Final = "meta l4proto tcp"


@pytest.mark.peer
@pytest.mark.parametrize(
    ("dropped", "taken"),
    [((), "echo"), ((NO_BEACON,), "stun"), ((NO_UDP,), "tcp"), ((NO_UDP, NO_TCP), None)],
    ids=["nothing blocked", "beacon blocked", "UDP blocked", "all blocked"],
)
def test_auto_takes_the_best_way_that_is_left(world: World, dropped: tuple[str, ...], taken: str | None) -> None:
    """`auto` goes from echo to stun to tcp, and says why it did not take the better ones (contract 1)."""
    all_names_are_the_server(world)
    start_beacon(world)
    start_coturn(world)
    start_nginx(world)
    world.drop(*dropped)
    document = measure(world, "--only", "voice", "--duration", "2")
    used = document["run"]["used"]
    tried = [step["method"] for step in used["ladder"] if step["taken"]]
    assert (used["method"], tried) == (taken, [taken] if taken else [])
    assert "no reflector is known" in used["why"]
    assert all(step["why"] for step in used["ladder"])
    if taken is None:
        assert document["voice"] is None
        assert [row["verdict"] for row in document["metrics"]] == ["NOT MEASURED"] * ROWS


def test_no_route_at_all(world: World) -> None:
    """Without a route every port is unreachable, nothing is measured, and that is the report (contract 4.4)."""
    all_names_are_the_server(world)
    world.run(CLIENT, "ip", "route", "del", "default")
    ended = nra_run(world, "--region", REGION, "--duration", "2", "--json").end(ENOUGH_S)
    document = document_of(ended)
    assert (ended.code, document["verdict"]) == (3, "INCONCLUSIVE")
    assert {row["verdict"] for row in document["metrics"]} == {"NOT MEASURED"}
    assert {row["state"] for row in document["firewall"] if row["port"] != "53"} == {"unreachable", "no_responder"}
    assert files(world) == {".json", ".txt", ".xlsx", ".csv"}
    assert measured_s(document) < 10


def test_a_resolver_that_is_silent(world: World) -> None:
    """Names that nobody resolves are dns_failed, within the program's own deadlines and not the resolver's (contract 4.4)."""
    world.names({}, resolver=SERVER_ADDRESS)
    world.drop("udp dport 53")
    ended = nra_run(world, "--region", REGION, "--duration", "2", "--json").end(ENOUGH_S)
    document = document_of(ended)
    assert (ended.code, document["verdict"]) == (3, "INCONCLUSIVE")
    assert {row["verdict"] for row in document["metrics"]} == {"NOT MEASURED"}
    assert {row["state"] for row in document["firewall"]} == {"dns_failed", "no_responder"}
    assert files(world) == {".json", ".txt", ".xlsx", ".csv"}
    assert ended.elapsed_s < RESOLVER_S
    assert measured_s(document) < 12


def test_ctrl_c_in_the_middle_keeps_what_was_measured(world: World) -> None:
    """Ctrl-C ends the measurement: files are written, rows stand on what was measured, exit 3 (contract 1).

    How long the signal was under way is this machine's business: what was sent after it is what counts.
    """
    start_reflector(world)
    relay = start_relay(world, "--announce-after", str(ANNOUNCED))
    run = nra_run(world, "--region", REGION, "--only", "voice", "--reflector", MIDDLE_ADDRESS, "--duration", "50", "--json")
    relay.wait_for(f"forwarding packet {ANNOUNCED}")
    run.signal(signal.SIGINT)
    signalled_ns = time.time_ns()
    ended = run.end(ENOUGH_S)
    document = document_of(ended)
    assert relay.stop().code == 0
    stream = [each.came_ns for each in read_record(world.folder / f"{PORT}.jsonl") if each.direction == UP and each.size == VOICE_BYTES]
    assert (ended.code, document["run"]["used"]["interrupted"]) == (3, True)
    assert document["voice"]["sent"] == len(stream) >= ANNOUNCED - QUESTIONS
    assert sum(came_ns > signalled_ns for came_ns in stream) < PER_S
    assert document["voice"]["up"]["lost"] == document["voice"]["down"]["lost"] == document["voice"]["lost_unknown"] == 0
    assert "interrupted" in document["voice"]["note"]
    assert files(world) == {".json", ".txt", ".xlsx"}
    assert measured_s(document) < 12


def test_ctrl_c_before_anything_was_measured(world: World) -> None:
    """Ctrl-C before the first answer leaves no files and exits 130 (contract 1)."""
    all_names_are_the_server(world)
    world.drop(NO_UDP)
    run = nra_run(world, "--region", REGION, "--only", "voice", "--method", "echo").wait_for(f"voice: echo to {BEACON}")
    run.signal(signal.SIGINT)
    ended = run.end(AT_ONCE_S)
    assert (ended.code, files(world)) == (130, set())
    assert "Traceback" not in ended.err


def files(world: World) -> set[str]:
    """Return the extensions of the files written."""
    return {path.suffix for path in (world.folder / "out").iterdir()} if (world.folder / "out").exists() else set()
