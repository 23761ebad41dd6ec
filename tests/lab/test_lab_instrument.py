"""The workstation as an instrument: what the kernel stamps, and what a busy machine does to the verdict."""

import os
from typing import Any, Final

import pytest
from lab_world import CLIENT, SERVER_ADDRESS, World, document_of, run_command, start_reflector

pytestmark = pytest.mark.namespaces

HOGS: Final = 4
ONE_CORE: Final = ("taskset", "--cpu-list")  # the tests beside this one keep the others
GIVING_WAY: Final = ("nice", "-n", "19")
ENOUGH_S: Final = 90.0
QUIET_MS: Final = 0.1  # a path of two veth pairs varies by microseconds, a user's stamp by tens of them


def measured(world: World, *options: str, before: tuple[str, ...] = ()) -> tuple[int, dict[str, Any]]:
    """Measure voice for four seconds and return exit code and document."""
    start_reflector(world)
    words = ("--region", "eu-central-1", "--only", "voice", "--reflector", SERVER_ADDRESS, "--duration", "4", "--json", *options)
    ended = world.start(CLIENT, *before, *run_command(world, *words)).end(ENOUGH_S)
    return ended.code, document_of(ended)


@pytest.mark.parametrize("calls", [1, 20])
def test_the_kernel_stamps_both_ways(world: World, calls: int) -> None:
    """On Linux T1 and T4 are the kernel's, for every packet of every call, and the document says all that was done for it.

    Most packets take the way as fast as the fastest; what a busy kernel puts off now and then is this machine's.
    """
    _, document = measured(world, "--calls", str(calls))
    voice = document["voice"]
    instrument = voice["instrument"]
    assert (instrument["tx_stamps"], instrument["rx_stamps"], instrument["local_drops"]) == ("kernel", "kernel", 0)
    assert 0 < instrument["send_delay_ms"]["p50"] <= instrument["send_delay_ms"]["max"]
    assert "woken 0.2 ms early" in instrument["pacing"]
    assert instrument["receive_buffer_bytes"] > 0
    assert voice["up"]["pdv_ms"]["p50"] < QUIET_MS
    assert voice["round_trip"]["min_ms"] > 0


def test_a_busy_machine_has_no_verdict(world: World) -> None:
    """On a core where CPU hogs come first packets leave late: INCONCLUSIVE, and the reason stands in document and report (contract 3)."""
    core = str(max(os.sched_getaffinity(0)))
    for _ in range(HOGS):
        world.start(CLIENT, *ONE_CORE, core, "sh", "-c", "while :; do :; done")
    code, document = measured(world, before=(*ONE_CORE, core, *GIVING_WAY))
    instrument = document["voice"]["instrument"]
    assert (code, document["verdict"], instrument["steady"]) == (3, "INCONCLUSIVE", False)
    assert "ms late" in instrument["note"] or "could not be sent in time" in instrument["note"]
    assert [finding["evidence"] for finding in document["findings"] if finding["where"] == "workstation"] == [instrument["note"]]
    (report,) = (world.folder / "out").glob("*.txt")
    text = report.read_text("utf-8-sig")
    assert "No verdict: this workstation was too unsteady to measure with" in text
    assert "This workstation as an instrument: NOT steady; time stamps by kernel (sending)" in text
    assert instrument["note"] in text
