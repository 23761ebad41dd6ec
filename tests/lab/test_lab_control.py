"""The control channel in a network of its own: QUIC through real links, and STAMP beside a flood of it."""

import re
from pathlib import Path
from typing import Final

import pytest
from lab_programs import Program
from lab_session import KEY, SLOTS, Mix, Reflectors, hold
from lab_world import MIDDLE, PORT, SERVER_ADDRESS, SERVER_ADDRESS_6, World, document_of, nra_run, start_reflector

from nra.testing.impairment import Impairment

pytestmark = pytest.mark.namespaces

FLOOD: Final = str(Path(__file__).with_name("flood_control.py"))
CHANNEL: Final = ("--quic-port", "443")
PEM: Final = Path(__file__).resolve().parents[1] / "vectors" / "tls-self-signed.pem"
PIN: Final = "3cdf34fb4526eceff4c9adf81649bd642abb03511a4587550e0a7b2a52239993"  # by OpenSSL, see test_wire_x509.py
ENOUGH_S: Final = 60.0
LOSS: Final = Impairment(delay_ms=15, jitter_ms=5, loss=0.02, seed=41)


def reflecting(world: World, *options: str) -> tuple[Program, tuple[str, ...]]:
    """Start a reflector with its control channel; return it, and the options with which a run comes to it."""
    key = world.folder / "key"
    key.write_text(KEY, "ascii")
    key.chmod(0o600)
    reflector = start_reflector(world, "--key-file", "key", "--cert", str(PEM), *CHANNEL, *options).wait_for(f"SPKI SHA-256 {PIN}")
    return reflector, ("--key-file", "key", "--pin", PIN, "--only", "voice", "--json", "--duration", "4", "--region", "eu-central-1")


@pytest.mark.parametrize("address", [SERVER_ADDRESS, f"[{SERVER_ADDRESS_6}]"], ids=["IPv4", "IPv6"])
def test_voice_in_quic_where_nothing_else_passes(world: World, address: str) -> None:
    """A firewall that lets UDP 443 alone out: STAMP is silent, the ladder goes on to QUIC, and each direction is known."""
    _, options = reflecting(world)
    world.forward("udp dport 443 accept", "udp sport 443 accept", "meta l4proto { tcp, udp } drop")
    document = document_of(nra_run(world, *options, "--reflector", f"{address}:{PORT}").end(ENOUGH_S))
    voice = document["voice"]
    assert voice is not None, document["run"]["used"]
    assert (voice["method"], voice["basis"], voice["target"]["port"]) == ("quic", "direction", 443)
    assert (voice["up"]["lost"], voice["down"]["lost"], voice["lost_unknown"]) == (0, 0, 0)
    assert [step["method"] for step in document["run"]["used"]["ladder"] if step["taken"]] == ["quic"]


def test_where_udp_443_is_blocked_stamp_goes_on_without_it(world: World) -> None:
    """The channel is of help, never a condition: the report says that it was of no use."""
    _, options = reflecting(world)
    world.drop("udp dport 443")
    document = document_of(nra_run(world, *options, "--reflector", f"{SERVER_ADDRESS}:{PORT}").end(ENOUGH_S))
    assert (document["voice"]["method"], document["voice"]["up"]["lost"]) == ("stamp", 0)
    assert any("control channel (UDP 443) was of no use" in finding["text"] for finding in document["findings"])


def test_a_measurement_beside_a_flood_loses_nothing(world: World) -> None:
    """Handshakes, streams without end and garbage from another address: what the relay let through is what the run says, no packet less."""
    floods: list[Program] = []

    def flood(_: Reflectors) -> None:
        floods.append(world.python(MIDDLE, FLOOD, SERVER_ADDRESS, "443").wait_for("flooding"))

    said: list[str] = []

    def afterwards(reflectors: Reflectors) -> None:
        assert floods[0].stop().code == 0
        said.extend(reflectors.stop())

    mix = Mix(up=LOSS, down=LOSS, sealed=True, reflect=CHANNEL, relay=("--announce-after", str(SLOTS // 10)))
    session = hold(world, {"flood": mix}, in_mid_session=flood, afterwards=afterwards)["flood"]
    (call,) = session.calls
    assert len(call.reached()) == len(call.down)
    truth = session.truth()
    for way in ("up", "down"):
        assert [session.voice[way][name] for name in ("expected", "lost", "duplicates")] == [
            truth[way][name] for name in ("expected", "lost", "duplicates")
        ]
    counts = {name: int(count) for name, count in re.findall(r"(\w+) (\d+)", said[0].splitlines()[-1])}
    assert counts["quic_asked_again"] > 100
    assert counts["quic_connections"] > 0
    assert counts["quic_connections"] == sum(count for name, count in counts.items() if name.startswith("quic_closed"))


def test_a_guest_is_served_beside_a_flood(world: World) -> None:
    """Who comes from another household has its session and its record all the same."""
    reflector, options = reflecting(world)
    flood = world.python(MIDDLE, FLOOD, SERVER_ADDRESS, "443").wait_for("flooding")
    document = document_of(nra_run(world, *options, "--method", "quic", "--reflector", f"{SERVER_ADDRESS}:{PORT}").end(ENOUGH_S))
    assert flood.stop().code == 0
    ended = reflector.stop()
    assert (ended.code, ended.err) == (0, "")
    assert document["voice"] is not None, document["run"]["used"]
    assert document["voice"]["lost_unknown"] == 0
