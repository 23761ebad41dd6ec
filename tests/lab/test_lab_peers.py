"""`nra run` against servers that others wrote: coturn, nginx, tshark's and irtt's opinion, and a beacon that knows no mercy."""

import json
from pathlib import Path
from time import monotonic, sleep
from typing import Final

import pytest
from lab_compare import check_undisturbed
from lab_irtt import Started, most_waiting_ms, start_irtt
from lab_peers import API, CA_NAME, all_names_are_the_server, checks_of, measure, start_beacon, start_coturn, start_nginx
from lab_plain import udp_socket
from lab_record import read_packets
from lab_session import Mix, hold
from lab_trust import public_roots
from lab_world import CLIENT, PORT, SERVER_ADDRESS, World, need, start_reflector

from nra.testing.impairment import Impairment

pytestmark = [pytest.mark.namespaces, pytest.mark.peer]

HIDDEN_ROWS: Final = 10  # of the eleven, all but the round trip
WRITTEN_S: Final = 20.0  # until what was captured is in the file
LAST: Final = bytes(44) + b"\x80\x01\x00\x04last"  # a request of STAMP, known by its padding


def test_the_round_trip_to_coturn(world: World) -> None:
    """The `stun` method asks a STUN server at most ten times a second; only the round trip becomes known (contract 3)."""
    all_names_are_the_server(world)
    start_coturn(world)
    voice = measure(world, "--only", "voice", "--method", "stun", "--duration", "3")["voice"]
    assert (voice["method"], voice["basis"], voice["round_trip"]["lost"]) == ("stun", "round trip", 0)
    assert 20 < voice["sent"] + voice["not_sent"] <= 30
    assert voice["sent"] > 10
    assert 0 < voice["round_trip"]["min_ms"] < 5


def test_stun_ports_of_coturn_are_open(world: World) -> None:
    """A Binding success over UDP and over TCP makes the port open, with what the server said as evidence (contract 4.4)."""
    all_names_are_the_server(world)
    start_coturn(world)
    checks = checks_of(measure(world, "--only", "firewall"))
    for protocol in ("UDP", "TCP"):
        check = checks["3478", protocol]
        assert (check["state"], check["verdict"], check["address"]) == ("open", "PASS", SERVER_ADDRESS)
        assert "10.71.1.2" in check["evidence"]


def test_tls_under_a_trusted_root_is_open(world: World) -> None:
    """A chain to a public root, and the right name, are the right answer on 443; a redirect is one on 80."""
    all_names_are_the_server(world)
    start_nginx(world)
    checks = checks_of(measure(world, "--only", "firewall", PYTHONPATH=public_roots(world.folder, world.folder / "ca.pem")))
    assert (checks["443", "TCP"]["state"], checks["443", "TCP"]["verdict"]) == ("open", "PASS")
    assert CA_NAME in checks["443", "TCP"]["evidence"]
    assert (checks["80", "TCP"]["state"], checks["80", "TCP"]["verdict"]) == ("open", "PASS")
    assert "301" in checks["80", "TCP"]["evidence"]


def test_tls_under_a_foreign_root_is_intercepted(world: World) -> None:
    """A chain that nobody here trusts is an interception, its issuer named (contract 4.4)."""
    all_names_are_the_server(world)
    start_nginx(world)
    check = checks_of(measure(world, "--only", "firewall"))["443", "TCP"]
    assert (check["destination"], check["state"], check["verdict"]) == (API, "tls_intercepted", "FAIL")
    assert CA_NAME in check["evidence"]


@pytest.mark.parametrize(("options", "packets"), [((), 250), (("--calls", "3"), 750), (("--interval", "10"), 500)])
def test_the_beacon_finds_nothing_to_complain_about(world: World, options: tuple[str, ...], packets: int) -> None:
    """Voice against the public beacon stays within its rules for each source port, address and payload (AWS UDP ping beacons)."""
    all_names_are_the_server(world)
    beacon = start_beacon(world)
    voice = measure(world, "--only", "voice", "--method", "echo", "--duration", "5", *options)["voice"]
    beacon.stop()
    report = json.loads((world.folder / "beacon.json").read_text("ascii"))
    assert report["violations"] == []
    assert report["packets"] >= packets - voice["not_sent"]
    assert (voice["method"], voice["basis"], voice["round_trip"]["lost"]) == ("echo", "round trip", 0)
    assert voice["sent"] + voice["not_sent"] == packets
    assert (voice["up"]["lost"], voice["down"]["lost"]) == (0, 0)


def test_handshakes_with_nginx(world: World) -> None:
    """The `tcp` method gives the round trip; every other row is NOT MEASURED and the run inconclusive (contract 3).

    A program takes the time of each handshake, so that a busy machine may make any of them long: the shortest is the network's.
    """
    all_names_are_the_server(world)
    start_nginx(world)
    document = measure(world, "--only", "voice", "--method", "tcp", "--duration", "3")
    assert document["voice"]["method"] == "tcp"
    assert 0 < document["voice"]["round_trip"]["min_ms"] < 5
    verdicts = {row["label"]: row["verdict"] for row in document["metrics"]}
    assert verdicts.pop("Round Trip Average Time") in ("PASS", "WARN")
    assert list(verdicts.values()) == ["NOT MEASURED"] * HIDDEN_ROWS
    assert document["verdict"] == "INCONCLUSIVE"


def test_tshark_reads_our_packets(world: World) -> None:
    """Wireshark's dissector for TWAMP and STAMP finds nothing malformed, and reads the numbers that the per-packet record holds."""
    need("tshark")
    start_reflector(world)
    file = world.folder / "all.pcapng"
    capture = world.start(CLIENT, "tshark", "-i", "c0", "-f", f"udp port {PORT}", "-w", str(file)).wait_for("Capture started")
    voice = measure(world, "--only", "voice", "--reflector", SERVER_ADDRESS, "--duration", "2", "--keep-packets")["voice"]
    wait_until_written(world, file)
    capture.stop()
    frames = dissected(world)
    assert [frame["_ws.malformed"] for frame in frames if frame["_ws.malformed"]] == []
    replies = {(number(frame, "seq_number"), number(frame, "sender_seq_number")) for frame in frames if frame["udp.srcport"] == str(PORT)}
    (csv,) = (world.folder / "out").glob("*.packets.csv.gz")
    rows = read_packets(csv)
    assert len(rows) == voice["sent"]
    assert {(row.reflector_sequence, row.sequence) for row in rows} <= replies


def test_irtt_sees_the_same_round_trip(world: World) -> None:
    """irtt, on a path of the same delays in the same seconds, has the round trip that its relay made, as we have that of ours."""
    started: list[Started] = []
    mix = Mix(up=Impairment(delay_ms=15), down=Impairment(delay_ms=10), relay=("--announce-after", "2"))
    session = hold(world, {"irtt": mix}, in_mid_session=lambda _: started.append(start_irtt(world, mix.up, mix.down, 3)))["irtt"]
    irtt = started[0].ended()
    assert 0 <= min(irtt.own_waiting_ms()) < most_waiting_ms(session)
    assert irtt.said["stats"]["rtt"]["min"] / 1e6 >= 25
    assert check_undisturbed(world, "irtt", session).voice["round_trip"]["min_ms"] >= 25


def wait_until_written(world: World, file: Path) -> None:
    """Have what was captured written: the program hands it on when it likes, in order, so send a packet until that is there."""
    deadline_s = monotonic() + WRITTEN_S
    with udp_socket(world, SERVER_ADDRESS) as sock:
        while LAST not in file.read_bytes():
            assert monotonic() < deadline_s
            sock.sendto(LAST, (SERVER_ADDRESS, PORT))
            sleep(0.1)


FIELDS: Final = ("_ws.malformed", "udp.srcport", "twamp.test.seq_number", "twamp.test.sender_seq_number")


def dissected(world: World) -> list[dict[str, str]]:
    """Return what tshark reads in the capture, one frame after the other."""
    fields = [argument for name in FIELDS for argument in ("-e", name)]
    how = ("-d", f"udp.port=={PORT},twamp.test", "-T", "fields", *fields, "-r", str(world.folder / "all.pcapng"))
    lines = world.run(CLIENT, "tshark", *how).splitlines()
    return [dict(zip(FIELDS, line.split("\t"), strict=True)) for line in lines]


def number(frame: dict[str, str], name: str) -> int:
    """Return a number that the dissector read."""
    return int(frame[f"twamp.test.{name}"] or -1)
