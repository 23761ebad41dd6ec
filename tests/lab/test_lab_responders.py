"""`nra reflect --responders` in a network of its own: every port answers our own probes, whatever else is thrown at it."""

import json
import re
import sys
from pathlib import Path
from typing import Final

import pytest
from lab_everything import REFLECT, start_responders
from lab_peers import API, issue_certificates
from lab_trust import public_roots
from lab_world import CLIENT, MIDDLE, PORT, SERVER, SERVER_ADDRESS, SERVER_ADDRESS_6, World, need

from nra.model.responder import RESPONDERS

pytestmark = pytest.mark.namespaces

ASK: Final = str(Path(__file__).with_name("ask_responders.py"))
FLOOD: Final = str(Path(__file__).with_name("flood_responders.py"))
ENOUGH_S: Final = 40.0
PRIVILEGED: Final = 1024
EVERYTHING: Final = {(each.protocol, each.port) for each in RESPONDERS}


def silent(world: World, place: str = CLIENT, host: str = API) -> set[tuple[str, int]]:
    """Return the responders that did not answer our own probes."""
    ended = world.python(place, ASK, host, PYTHONPATH=public_roots(world.folder, world.folder / "ca.pem")).end(ENOUGH_S)
    assert (ended.code, ended.err) == (0, "")
    answers = [json.loads(line) for line in ended.out.splitlines()]
    assert len(answers) == len(RESPONDERS)
    return {(protocol, port) for protocol, port, _, said in answers if said is None}


@pytest.mark.parametrize("address", [SERVER_ADDRESS, SERVER_ADDRESS_6], ids=["IPv4", "IPv6"])
def test_every_port_answers(world: World, address: str) -> None:
    """All ports of the catalogue, the media range by its samples, in both families; it ends with 0 and says what it did."""
    world.names({API: address})
    reflect = start_responders(world)
    assert silent(world) == set()
    ended = reflect.stop()
    assert (ended.code, ended.err) == (0, "")
    assert {(protocol, int(port)) for protocol, port in re.findall(r"listening on (\w+) 0\.0\.0\.0 port (\d+):", ended.out)} == EVERYTHING
    assert {(protocol, int(port)) for protocol, port in re.findall(r"listening on (\w+) :: port (\d+):", ended.out)} == EVERYTHING
    assert re.search(r"^ended: answered \d+, answered_dns [1-3], .*tcp_answered", ended.out, re.MULTILINE)  # who has to wait asks again


def test_ports_that_need_privilege_are_listed_and_stop_nothing(world: World) -> None:
    """Without the right to bind them: one line each, everything above 1023 answers."""
    need("setpriv")
    world.names({API: SERVER_ADDRESS})
    issue_certificates(world.folder)
    unprivileged = ("setpriv", "--bounding-set=-net_bind_service", "--inh-caps=-net_bind_service", sys.executable)
    reflect = world.start(SERVER, *unprivileged, *REFLECT).wait_for("TLS certificate")
    low = {(protocol, port) for protocol, port in EVERYTHING if port < PRIVILEGED}
    assert silent(world) == low
    ended = reflect.stop()
    assert ended.code == 0
    assert sorted(ended.err.splitlines()) == sorted(f"cannot listen on {protocol} {port}: Permission denied" for protocol, port in low)


def test_ports_that_others_have_are_listed_and_stop_nothing(world: World) -> None:
    """A second one beside the first, with another port for voice: only that port is its own, and each of the others is told."""
    world.names({API: SERVER_ADDRESS})
    start_responders(world)
    second = world.python(SERVER, *REFLECT, "--port", "30000").wait_for("TLS certificate")
    assert silent(world) == set()
    ended = second.stop()
    assert ended.code == 0
    told = {(protocol, int(port)) for protocol, port in re.findall(r"cannot listen on (\w+) (\d+): Address already in use", ended.err)}
    assert (told, len(ended.err.splitlines())) == (EVERYTHING, len(EVERYTHING))


def test_trap_13_a_flood_does_not_stop_it(world: World) -> None:
    """Trap 13: datagrams of one octet and hundreds of connections from one address; another one is served all the while."""
    reflect = start_responders(world)
    world.names({API: SERVER_ADDRESS}, place=MIDDLE)
    flood = world.python(CLIENT, FLOOD, SERVER_ADDRESS).wait_for("flooding")
    assert silent(world, MIDDLE) == set()
    assert flood.stop().code == 0
    ended = reflect.stop()
    assert (ended.code, ended.err) == (0, "")
    counts = {name: int(count) for name, count in re.findall(r"(\w+) (\d+)", ended.out.splitlines()[-1])}
    assert counts["too_short"] > len(EVERYTHING)
    assert counts["tcp_crowded"] > 0
    assert counts["tcp_accepted"] < 20_000


def test_who_is_not_allowed_gets_no_answer_anywhere(world: World) -> None:
    """`--allow` holds for every port, UDP and TCP."""
    world.names({API: SERVER_ADDRESS})
    reflect = start_responders(world, "--allow", "10.71.2.0/24")
    assert silent(world) == EVERYTHING
    ended = reflect.stop()
    counts = {name: int(count) for name, count in re.findall(r"(\w+) (\d+)", ended.out.splitlines()[-1])}
    assert "answered" not in counts
    assert "tcp_accepted" not in counts
    assert counts["tcp_not_allowed"] >= sum(protocol == "TCP" for protocol, _ in EVERYTHING)
    assert PORT in {port for _, port in EVERYTHING}
