"""`nra run` measures against a reflector that others wrote: Scapy's STAMP layer reads the requests and builds the replies.

Scapy is GPL-2.0-only and never shipped; it is imported here where it is installed (extra `lab`).
"""

import json
import socket
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any, Final

import pytest

from nra.cli import main

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # its own deprecations, and those of the system's packages that it reads
    scapy_stamp: Any = pytest.importorskip("scapy.contrib.stamp")

NTP_EPOCH_S: Final = 2_208_988_800
CLOCK: Final = scapy_stamp.ErrorEstimate(S=1, scale=15, multiplier=132)
EVERY: Final = 10  # so many packets, one is lost each way
SLOTS: Final = 150  # of three seconds; those that a busy machine misses are not sent


class ScapyReflector:
    """RFC 8762 without extensions: it copies TLVs as they are, so U stays set; `stateful` or not, and losing some either way."""

    def __init__(self, *, stateful: bool, loses_up: bool = False, loses_down: bool = False) -> None:
        """Listen on loopback."""
        self._stateful, self._loses_up, self._loses_down = stateful, loses_up, loses_down
        self._sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sock.bind(("127.0.0.1", 0))
        self._sock.settimeout(0.1)
        self._numbers: dict[tuple[Any, int], int] = {}
        self.port: int = self._sock.getsockname()[1]

    def serve(self, stop: Callable[[], bool]) -> None:
        """Answer until told to stop."""
        with self._sock:
            while not stop():
                try:
                    octets, source = self._sock.recvfrom(2000)
                except TimeoutError:
                    continue
                self._answer(octets, source, time.time() + NTP_EPOCH_S)

    def _answer(self, octets: bytes, source: Any, received: float) -> None:
        request = scapy_stamp.STAMPSessionSenderTestUnauthenticated(octets)
        if self._loses_up and request.seq % EVERY == EVERY - 1:
            return
        number = self._numbers.get((source, request.ssid), 0)
        self._numbers[source, request.ssid] = number + 1
        if self._loses_down and request.seq % EVERY == EVERY // 2:
            return
        reply = scapy_stamp.STAMPSessionReflectorTestUnauthenticated(
            seq=number if self._stateful else request.seq,
            ts=time.time() + NTP_EPOCH_S,
            err_estimate=CLOCK,
            ssid=request.ssid,
            ts_rx=received,
            seq_sender=request.seq,
            err_estimate_sender=request.err_estimate,
            ttl_sender=64,
        )
        base = bytearray(bytes(reply))
        base[28:36] = octets[4:12]  # T1 as it came: Scapy's own field would pass through a float
        self._sock.sendto(bytes(base) + octets[44:], source)


@contextmanager
def reflecting(**how: bool) -> Iterator[ScapyReflector]:
    """Run a Scapy reflector while the block lasts."""
    reflector, over = ScapyReflector(**how), Event()
    thread = Thread(target=reflector.serve, args=(over.is_set,))
    thread.start()
    try:
        yield reflector
    finally:
        over.set()
        thread.join()


def voice_against(reflector: ScapyReflector, folder: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """Return the voice half of a short run."""
    where = ("--region", "eu-central-1", "--only", "voice", "--method", "stamp", "--reflector", f"127.0.0.1:{reflector.port}")
    with pytest.raises(SystemExit):  # whatever the verdict: this machine may be busy
        main(["run", "--org", "Lab", *where, "--duration", "3", "--out", str(folder), "--json"])
    voice: dict[str, Any] = json.loads(capsys.readouterr().out)["voice"]
    return voice


def test_against_a_stateless_one_the_basis_is_the_round_trip(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A reflector that copies the sender's number tells nothing of directions, and nothing is made up."""
    with reflecting(stateful=False) as reflector:
        voice = voice_against(reflector, tmp_path, capsys)
    assert (voice["basis"], voice["round_trip"]["lost"], voice["lost_unknown"]) == ("round trip", 0, 0)
    assert voice["sent"] + voice["not_sent"] == SLOTS
    assert voice["sent"] > 100


def test_against_a_stateful_one_each_loss_is_placed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its own numbers alone prove of each packet of the stream where it was lost; of the last ones only a record could."""
    with reflecting(stateful=True, loses_up=True, loses_down=True) as reflector:
        voice = voice_against(reflector, tmp_path, capsys)
    assert voice["basis"] == "direction"
    each = voice["sent"] // EVERY
    assert each - 2 <= voice["up"]["lost"] <= each + 1
    assert each - 2 <= voice["down"]["lost"] <= each + 1
    assert voice["lost_unknown"] <= 2


def test_a_stateful_one_that_loses_down_alone_cannot_be_told_from_a_stateless_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its numbers are the sender's then, and without a counter nobody knows which of the two made them: the direction stays unknown."""
    with reflecting(stateful=True, loses_down=True) as reflector:
        voice = voice_against(reflector, tmp_path, capsys)
    assert voice["basis"] == "round trip"
    assert voice["round_trip"]["lost"] == voice["lost_unknown"] > 0
