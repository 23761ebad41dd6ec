"""`nra reflect --metrics`: read over a real connection, summed over all processes."""

import http.client
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from nra.cli import main
from nra.cli.metrics import Reader
from nra.reflector.core import Reflector
from nra.reflector.errands import Errand
from nra.reflector.key_file import Holder
from nra.reflector.keys import Keys
from nra.reflector.sharing import can_share
from nra.wire.stamp import SenderPacket, encode_sender

ROOT = Path(__file__).resolve().parents[2]
POSIX_ONLY = pytest.mark.skipif(sys.platform == "win32", reason="signals are sent otherwise there")
LINUX: bool = sys.platform.startswith("linux")  # it has all of 127.0.0.0/8 on loopback, others have one address of it
PATIENCE_S = 60


def place_for_a_page() -> tuple[str, int]:
    """Return where the page can be shown: on Linux at an address of loopback that is this process's alone, by its number.

    Elsewhere at a port that nobody has at this moment; somebody else may have it in the next, before the reflector does.
    """
    if LINUX:
        number = os.getpid()  # of 22 bits at most
        return f"127.{64 + (number >> 16)}.{number >> 8 & 255}.{number & 255}", 9862
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return "127.0.0.1", int(taken.getsockname()[1])


@contextmanager
def reflecting(folder: Path, *words: str) -> Iterator[tuple["subprocess.Popen[str]", int, tuple[str, int]]]:
    """Yield a running reflector, its port, and the place of its page."""
    page = place_for_a_page()
    where = "{}:{}".format(*page)
    command = (sys.executable, str(ROOT / "cli.py"), "reflect", "--bind", "127.0.0.1", "--port", "0", "--metrics", where)
    with subprocess.Popen((*command, *words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder) as running:
        assert running.stdout is not None
        try:
            port = int(running.stdout.readline().split("port ")[1].split(":")[0])
            line = running.stdout.readline()
            while not line.startswith("metrics at"):
                line = running.stdout.readline()
            assert line == f"metrics at http://{where}/metrics\n"
            yield running, port, page
        finally:
            running.kill()


def read(page: tuple[str, int]) -> dict[str, float]:
    """Return the samples of the page, names with labels as they stand there."""
    connection = http.client.HTTPConnection(*page, timeout=PATIENCE_S)
    connection.request("GET", "/metrics")
    answer = connection.getresponse()
    assert (answer.status, answer.getheader("Content-Type")) == (200, "text/plain; version=0.0.4; charset=utf-8")
    lines = answer.read().decode().splitlines()
    connection.close()
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))}


@POSIX_ONLY
@pytest.mark.parametrize("workers", [1, 3])
def test_all_processes_are_counted_together(tmp_path: Path, workers: int) -> None:
    """Whichever of them answered; sums go on from reading to reading, and the reflector ends as ever."""
    if workers > 1 and not can_share():
        pytest.skip("only Linux spreads senders over processes")
    with reflecting(tmp_path, "--workers", str(workers)) as (running, port, page):
        for number in range(1, 11):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                sock.settimeout(PATIENCE_S)
                sock.bind((f"127.0.0.{number if LINUX else 1}", 0))
                sock.sendto(b"x", ("127.0.0.1", port))
                sock.sendto(encode_sender(SenderPacket(0, 0, 1, 1)), ("127.0.0.1", port))
                assert len(sock.recv(100)) == 44
            found = read(page)
            assert found["nra_reflector_received_packets_total"] == 2 * number
            assert found["nra_reflector_answered_packets_total"] == found["nra_reflector_sessions"] == number
            assert found['nra_reflector_dropped_packets_total{reason="too_short"}'] == number
        assert (found["nra_reflector_processes"], "nra_reflector_keys" in found) == (workers, False)
        running.terminate()
        assert "answered 10, received 20, too_short 10;" in running.communicate(timeout=PATIENCE_S)[0]
        assert running.returncode == 0


@pytest.mark.skipif(not LINUX, reason="other systems have one loopback address")
def test_the_responders_over_tcp_are_counted_while_they_run(tmp_path: Path) -> None:
    """Not in the end alone; they stand beside STAMP's counters."""
    with reflecting(tmp_path, "--responders", "--bind", "127.0.8.8") as (_, _, page):
        with socket.create_connection(("127.0.8.8", 8060), timeout=PATIENCE_S) as sock:
            sock.sendall(b"OPTIONS sip:x SIP/2.0\r\n\r\n")
            sock.recv(1000)
        assert read(page)['nra_reflector_responder_events_total{event="tcp_accepted"}'] == 1


def test_of_a_process_that_does_not_answer_what_it_said_last_counts() -> None:
    """A sum that falls would be taken for a start from zero."""
    reflectors = [Reflector(keys=Keys((Holder(bytes(32)),))) for _ in range(2)]
    absent = False

    def ask(errand: Errand) -> Sequence[Any]:
        return [errand(reflectors[0]), None if absent else errand(reflectors[1])]

    reader = Reader(ask, {"tcp_accepted": 4})
    for reflector in reflectors:
        reflector.counters["received"] = 5
    assert reader.read().counters == {"received": 10, "tcp_accepted": 4}
    absent = True
    reflectors[0].counters["received"] = 7
    totals = reader.read()
    assert (totals.counters["received"], totals.processes, totals.keys) == (12, 1, 1)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--metrics", "metrics.example:9862"), "--metrics metrics.example: an IP address is expected"),
        (("--metrics", "192.0.2.77:9862"), "--metrics: cannot listen on 192.0.2.77 port 9862"),
        (("--metrics", "127.0.0.1:0"), "a port from 1 to 65535"),
    ],
)
def test_where_it_cannot_be_shown(
    words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """One line, exit code 2, before anything is answered."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as caught:
        main(("reflect", "--bind", "127.0.0.1", "--port", "0", *words))
    out, err = capsys.readouterr()
    assert (caught.value.code, out, err.count("\n")) == (2, "", 1)
    assert said in err


def test_without_the_package(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It says how to get it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    with pytest.raises(SystemExit) as caught:
        main(("reflect", "--bind", "127.0.0.1", "--port", "0", "--metrics", "127.0.0.1"))
    out, err = capsys.readouterr()
    assert (caught.value.code, out, err.count("\n")) == (2, "", 1)
    assert "needs the package prometheus-client (pip install 'nra[metrics]')" in err
