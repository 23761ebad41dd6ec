"""What goes on beside the engine: with real signals, a real service manager's socket, and errands answered here."""

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from nra.cli.caretaker import Caretaker
from nra.cli.service_log import ServiceLog
from nra.reflector.core import Reflector
from nra.reflector.errands import Errand
from nra.reflector.key_file import Holder
from nra.reflector.keys import Keys
from nra.reflector.sharing import can_share
from nra.reflector.suspects import Suspects
from nra.wire.stamp import SenderPacket, decode_reflector, encode_sender

ROOT = Path(__file__).resolve().parents[2]
POSIX_ONLY = pytest.mark.skipif(sys.platform == "win32", reason="no SIGHUP there")
ONE, TWO = bytes(range(32)), bytes(range(1, 33))
PATIENCE_S = 60


def written(path: Path, text: str) -> Path:
    """Write a key file."""
    path.write_text(text)
    path.chmod(0o600)
    return path


class Processes:
    """Reflectors that do errands here and now; `absent` of them do not."""

    def __init__(self, *reflectors: Reflector) -> None:
        """All are there."""
        self.reflectors, self.absent = reflectors, 0

    def ask(self, errand: Errand) -> Sequence[Any]:
        """Return what they answered."""
        return [None if place < self.absent else errand(each) for place, each in enumerate(self.reflectors)]


def keyed(*holders: Holder) -> Reflector:
    """Return a reflector with these keys."""
    return Reflector(keys=Keys(holders), suspects=Suspects())


def test_every_process_takes_the_new_keys(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One that did not is told of, and asked again until it has."""
    processes = Processes(keyed(Holder(ONE, 7)), keyed(Holder(ONE, 7)))
    caretaker = Caretaker(processes.ask, ServiceLog(), written(tmp_path / "keys", f"8 {TWO.hex()}"), addresses=False)
    processes.absent = 1
    caretaker.renew()
    assert capsys.readouterr().err == "keys read again: 1; 1 processes did not take them yet\n"
    processes.absent = 0
    caretaker.renew()
    assert capsys.readouterr().err == "keys read again: 1\n"
    for reflector in processes.reflectors:
        assert reflector.keys is not None
        assert (reflector.keys.of(7), reflector.keys.of(8)) == ((), (TWO,))


@pytest.mark.parametrize(
    ("text", "words"),
    [("7 broken", "line 1: 64 hex digits"), (None, "No such file"), ("", "no key in it"), (" \n", "no key in it")],
)
def test_a_broken_file_changes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str | None, words: str) -> None:
    """The keys from before stay, and it is said why; an empty file is being written."""
    processes = Processes(keyed(Holder(ONE, 7)))
    path = written(tmp_path / "keys", text or "")
    if text is None:
        path.unlink()
    caretaker = Caretaker(processes.ask, ServiceLog(), path, addresses=False)
    keys = processes.reflectors[0].keys
    assert keys is not None
    caretaker.renew()
    err = capsys.readouterr().err
    assert (words in err, "the keys from before stay" in err, err.count("\n")) == (True, True, 1)
    assert processes.reflectors[0].keys is keys


def test_what_was_dropped_is_told_since_the_last_time(capsys: pytest.CaptureFixture[str]) -> None:
    """By reason, summed over the processes; nothing when nothing was; of sources only where they are wanted."""
    told = {}
    for addresses in (False, True):
        processes = Processes(keyed(), keyed())
        caretaker = Caretaker(processes.ask, ServiceLog(as_json=True), None, addresses=addresses)
        for reflector, count in zip(processes.reflectors, (3, 4), strict=True):
            reflector.refuse("bad_hmac", "192.0.2.1", count)
        caretaker.tell_dropped(time.monotonic() + 60)
        told[addresses] = json.loads(capsys.readouterr().err)
        caretaker.tell_dropped(time.monotonic() + 120)
        assert capsys.readouterr().err == ""
        processes.reflectors[0].refuse("reply", "192.0.2.2")
        caretaker.tell_dropped(time.monotonic() + 180)
        assert json.loads(capsys.readouterr().err)["reasons"] == {"reply": 1}
    assert (told[False]["event"], told[False]["reasons"], "sources" in told[False]) == ("dropped", {"bad_hmac": 7}, False)
    assert "192.0.2.1" not in json.dumps(told[False])
    assert {"reason": "bad_hmac", "address": "192.0.2.1", "packets": 4} in told[True]["sources"]


def test_nothing_to_do_needs_nobody() -> None:
    """No thread wakes up beside an engine that nobody looks after."""
    assert not Caretaker(Processes().ask, ServiceLog(), None, addresses=False).is_needed


def asked(port: int, *senders: tuple[int, bytes]) -> bytes:
    """Send a packet of each SSID and key, and return the first reply: whoever sent before the one that it answers was not answered."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(PATIENCE_S)
        for ssid, key in senders:
            sock.sendto(encode_sender(SenderPacket(0, time.time_ns(), 1, ssid), key), ("127.0.0.1", port))
        return sock.recv(2000)


@contextmanager
def managed(folder: Path, *words: str) -> Iterator[tuple["subprocess.Popen[str]", int, socket.socket]]:
    """Yield a reflector that a service manager started, its port, and the manager's socket, which heard that it is ready."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(folder / "manager"))
        manager.settimeout(PATIENCE_S)
        command = (sys.executable, str(ROOT / "cli.py"), "reflect", "--bind", "127.0.0.1", "--port", "0", *words)
        environ = {"NOTIFY_SOCKET": str(folder / "manager"), "WATCHDOG_USEC": "400000", "PATH": "", "HOME": str(folder)}
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ, cwd=folder) as running:
            assert running.stdout is not None
            try:
                port = int(running.stdout.readline().split("port ")[1].split(":")[0])
                heard(manager, "READY=1")
                yield running, port, manager
            finally:
                running.kill()


def heard(manager: socket.socket, word: str) -> None:
    """Wait until the manager hears a word."""
    while word not in manager.recv(1000).decode().split("\n"):
        pass


@POSIX_ONLY
@pytest.mark.parametrize("workers", ["1", "2"])
def test_from_start_to_end_with_a_service_manager(tmp_path: Path, workers: str) -> None:
    """Ready, alive, reloading on SIGHUP (with a file that was broken in between), stopping: exit code 0, each told when it is so."""
    if workers != "1" and not can_share():
        pytest.skip("only Linux spreads senders over processes")
    file = written(tmp_path / "keys", f"7 {ONE.hex()}\n")
    with managed(tmp_path, "--key-file", "keys", "--workers", workers, "--log", "json") as (running, port, manager):
        heard(manager, "WATCHDOG=1")
        assert decode_reflector(asked(port, (7, ONE)), ONE).ssid == 7
        for text in (f"8 {TWO.hex()}\n", "broken\n"):
            written(file, text)
            running.send_signal(signal.SIGHUP)
            heard(manager, "RELOADING=1")
            heard(manager, "READY=1")
            assert decode_reflector(asked(port, (7, ONE), (8, TWO)), TWO).ssid == 8
        heard(manager, "WATCHDOG=1")
        running.terminate()
        heard(manager, "STOPPING=1")
        out, err = running.communicate(timeout=PATIENCE_S)
    events = [json.loads(line) for line in err.splitlines()]
    assert [event["event"] for event in events] == ["listening", "keys_reloaded", "keys_refused", "ended"]
    assert (running.returncode, events[1]["keys"], events[1]["missed"]) == (0, 1, 0)
    assert events[-1]["counters"] == {"answered": 3, "received": 5, "unknown_ssid": 2}
    assert (events[-1]["sessions"], events[-1]["evicted"], events[-1]["rebound"]) == (3, 0, 0)
    assert out == "ended: answered 3, received 5, unknown_ssid 2; sessions 3, evicted 0, rebound 0\n"


@POSIX_ONLY
def test_whose_packets_were_dropped_is_not_kept_unless_asked(tmp_path: Path) -> None:
    """`--log-addresses` alone would say nothing anywhere: refused."""
    command = (sys.executable, str(ROOT / "cli.py"), "reflect", "--log-addresses")
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False, timeout=PATIENCE_S)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "--log-addresses: of use with --log json only" in done.stderr
