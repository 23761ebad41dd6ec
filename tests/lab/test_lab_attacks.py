"""What an attacker on the open internet would try, beside a measurement that must not notice: a world with real sockets."""

import json
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from lab_everything import start_responders
from lab_peers import measure
from lab_programs import Ended, Program
from lab_world import (
    CLIENT,
    MIDDLE,
    MIDDLE_ADDRESS,
    PORT,
    SERVER,
    SERVER_ADDRESS,
    World,
    document_of,
    nra_run,
    start_reflector,
    start_relay,
)

from nra.testing.relay_record import DOWN, UP, read_record

pytestmark = pytest.mark.namespaces

AMPLIFY: Final = str(Path(__file__).parents[1] / "fuzz" / "amplification.py")
ATTACK: Final = str(Path(__file__).with_name("attack.py"))
RATE_PER_S: Final = 1000
"""What a test floods with: sender, attacker and reflector share whatever cores there are. What a reflector bears: docs/reflector.md."""
VOICE_BYTES: Final = 172
MOST_MEMORY_KB: Final = 256 * 1024  # MemoryMax of examples/deploy/nra-reflector.service
FLOODS: Final = {"voice": "answered", "bombs": "answered", "garbage": "malformed", "one octet": "too_short", "oversized": "answered"}
"""What comes, and what it is counted as."""
STARTTIME: Final = 19  # behind the name in /proc/PID/stat: when it began, in ticks since boot (proc(5))
NONE: Final = (0, 0, 0)
AGAIN: Final = 1


@contextmanager
def attacked(world: World, kind: str, rate_per_s: int = RATE_PER_S) -> Iterator[Program]:
    """Attack the reflector from the middle while the block lasts."""
    attack = world.python(MIDDLE, ATTACK, kind, SERVER_ADDRESS, str(PORT), str(rate_per_s)).wait_for("attacking")
    yield attack
    assert attack.stop().code == 0


def voice_of(world: World) -> dict[str, Any]:
    """Return the voice half of a run of four seconds; empty where the flood let no answer through at all."""
    where = ("--only", "voice", "--method", "stamp", "--reflector", SERVER_ADDRESS, "--duration", "4")
    return measure(world, *where)["voice"] or {}


def losses(voice: dict[str, Any]) -> tuple[int, int, int] | None:
    """Return what was lost up, down, and somewhere."""
    return (voice["up"]["lost"], voice["down"]["lost"], voice["lost_unknown"]) if voice else None


def counted(ended: Ended) -> dict[str, int]:
    """Return the counters of the reflector's last line; fails when it did not end as it should."""
    assert (ended.code, ended.err) == (0, "")
    return {name: int(count) for name, count in re.findall(r"(\w+) (\d+)", ended.out.splitlines()[-1])}


def about_process(world: World, file: str) -> str:
    """Return what the kernel says of the reflector in the server's namespace, a file of /proc/PID."""
    (pid,) = world.run(SERVER, "sh", "-c", f"ss -lnup 'sport = :{PORT}' | grep -o 'pid=[0-9]*' | sort -u").replace("pid=", "").split()
    return Path(f"/proc/{pid}", file).read_text("ascii")


def is_starved(world: World) -> bool:
    """Tell whether others have this machine: the reflector waited for a core for more than half as long as it had one.

    Or it was stopped for a while: its socket overflowed, though a flood, which comes evenly, took less than half of a core.
    """
    ran_ns, waited_ns, _ = map(int, about_process(world, "schedstat").split())
    began_ticks = int(about_process(world, "stat").rpartition(") ")[2].split()[STARTTIME])
    age_s = time.clock_gettime(time.CLOCK_BOOTTIME) - began_ticks / os.sysconf("SC_CLK_TCK")
    return 2 * waited_ns > ran_ns or (dropped(world) > 0 and 2 * ran_ns < age_s * 1e9)


def dropped(world: World) -> int:
    """Return how many packets came to the reflector's sockets and found no room there (proc(5), the last column of /proc/net/udp)."""
    rows = [row.split() for file in ("net/udp", "net/udp6") for row in about_process(world, file).splitlines()[1:]]
    return sum(int(row[-1]) for row in rows if row[1].endswith(f":{PORT:04X}"))


def beside(world: World, kind: str, thousands: int = 0) -> tuple[dict[str, Any], dict[str, int], int]:
    """Measure beside a flood of forged sources, from so many thousand packets on."""

    @contextmanager
    def flooded() -> Iterator[None]:
        with attacked(world, kind, RATE_PER_S // 10 if kind == "oversized" else RATE_PER_S) as attack:
            attack.wait_for(f"{thousands} thousand" if thousands else "attacking", 60)
            yield

    return measured(world, flooded)


def measured(
    world: World, flooded: Callable[[], AbstractContextManager[None]], *options: str
) -> tuple[dict[str, Any], dict[str, int], int]:
    """Measure beside a flood, and once more if this machine had no time for the reflector.

    Return the voice half, the reflector's counters, and its largest resident memory in kB.
    """
    for _ in range(1 + AGAIN):
        reflect = start_reflector(world, *options)
        with flooded():
            voice = voice_of(world)
        peak_kb = int(re.findall(r"^VmHWM:\s+(\d+) kB$", about_process(world, "status"), re.MULTILINE)[0])
        starved = is_starved(world)
        counts = counted(reflect.stop())
        if losses(voice) == NONE or not starved:
            return voice, counts, peak_kb
    pytest.skip("this machine is too busy with other work: what was lost proves nothing of the reflector")


@pytest.mark.parametrize("kind", FLOODS)
def test_a_measurement_does_not_notice_a_flood(world: World, kind: str) -> None:
    """Requests of forged sources, TLV bombs, garbage, single octets, datagrams of 60 kB: nothing of the measurement is lost either way."""
    voice, counts, _ = beside(world, kind)
    assert losses(voice) == NONE
    assert voice["sent"] + voice["not_sent"] == 200
    assert voice["up"]["received"] == voice["sent"] > 100
    assert counts[FLOODS[kind]] > voice["sent"]
    assert "unsendable" not in counts


def test_what_was_recorded_and_is_sent_again_is_a_duplicate(world: World) -> None:
    """Replay without a key: each packet once more, as it was, under its sender's address. Copies are counted, and change nothing else."""
    start_reflector(world)
    with attacked(world, "replay"):
        voice = voice_of(world)
    assert losses(voice) == NONE
    assert voice["up"]["received"] == voice["down"]["received"] == voice["sent"]
    assert voice["up"]["duplicates"] > voice["sent"] // 2


def test_sessions_by_the_ten_thousand_take_no_more_memory_than_they_may(world: World) -> None:
    """Forged sources open more sessions than are kept: the longest silent ones go, the measurement's stays, memory ends where it must."""
    voice, counts, peak_kb = beside(world, "voice", thousands=11)
    assert counts["sessions"] == 10_000
    assert counts["evicted"] > 0
    assert losses(voice) == NONE
    assert peak_kb < MOST_MEMORY_KB


def test_a_reflector_that_is_started_anew_in_mid_measurement(world: World) -> None:
    """It counts from 0 again and remembers nothing: the run ends in time, with what was lost meanwhile, and blames no way back for it."""
    first = start_reflector(world)
    relay = start_relay(world, "--announce-after", "101")
    where = ("--region", "eu-central-1", "--only", "voice", "--method", "stamp", "--reflector", MIDDLE_ADDRESS, "--duration", "6", "--json")
    run = nra_run(world, *where)
    relay.wait_for("forwarding packet")
    first.kill()
    start_reflector(world)
    voice = document_of(run.end(60))["voice"]
    assert relay.stop().code == 0
    passed = read_record(world.folder / f"{PORT}.jsonl")
    back = {crossing.head[24:28] for crossing in passed if crossing.direction == DOWN}
    stream = {crossing.head[:4] for crossing in passed if crossing.direction == UP and crossing.size == VOICE_BYTES}
    lost = len(stream - back)
    assert 0 < lost < voice["sent"] == len(stream)
    assert voice["round_trip"]["lost"] == lost
    assert voice["up"]["lost"] + voice["down"]["lost"] + voice["lost_unknown"] == lost
    assert voice["down"]["lost"] == 0


def test_nothing_is_ever_answered_by_more_than_itself(world: World) -> None:
    """Valid and mutated requests at every UDP port: no reply larger than its request, no two replies; amplification is at most 1.0."""
    start_responders(world, "--rate-limit", "0")
    ended = world.python(CLIENT, AMPLIFY, SERVER_ADDRESS, "2000").end(90)
    assert (ended.code, ended.err) == (0, "")
    for port in json.loads(ended.out).values():
        assert 0 < port["udp"] <= port["largest"] <= 1
        assert port["ip"] <= 1
        assert 0 < port["replies"] < port["requests"]


def test_who_floods_spends_his_own_tokens(world: World) -> None:
    """More than the rate limit from one address: that one is held back, another is measured without a loss."""

    @contextmanager
    def flooded() -> Iterator[None]:
        flood = world.python(MIDDLE, "-c", ONE_SOURCE, SERVER_ADDRESS, str(PORT)).wait_for("attacking")
        yield
        flood.kill()

    voice, counts, _ = measured(world, flooded, "--rate-limit", "200")
    assert losses(voice) == NONE
    assert counts["rate_limited"] > counts["answered"] - voice["sent"]


ONE_SOURCE: Final = """
import socket, sys, time
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.connect((sys.argv[1], int(sys.argv[2])))
print("attacking", flush=True)
while True:
    for _ in range(30):
        try: sock.send(bytes(172))
        except OSError: pass
    time.sleep(0.01)
"""
