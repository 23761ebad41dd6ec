"""`nra reflect --workers`: several processes behind one port, each source with its own, all ended and counted together."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from nra.cli import main
from nra.cli.interrupt import Interrupt, stoppable
from nra.cli.tallies import CRASHED, Tally
from nra.cli.workers import crew
from nra.reflector.core import Reflector
from nra.reflector.errands import Errand
from nra.reflector.sessions import SETTLED
from nra.reflector.sharing import can_share
from nra.wire.announcement import AnnouncementReply, AnnouncementRequest
from nra.wire.stamp import ReflectorPacket, SenderPacket, decode_reflector, encode_sender
from nra.wire.stamp_tlv import encode_tlvs, parse_tlvs
from nra.wire.stamp_values import request_tlv

ROOT = Path(__file__).resolve().parents[2]
LINUX_ONLY = pytest.mark.skipif(not can_share(), reason="only Linux spreads senders over processes")
SOURCES = [f"127.0.0.{number}" for number in range(1, 13)]
PATIENCE_S = 60


@contextmanager
def reflecting(*args: str, workers: int = 3) -> Iterator[tuple["subprocess.Popen[str]", int]]:
    """Yield a running reflector on loopback and its port."""
    words = ("reflect", "--bind", "127.0.0.1", "--port", "0", "--workers", str(workers), *args)
    with subprocess.Popen(
        (sys.executable, str(ROOT / "cli.py"), *words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        line = running.stdout.readline()
        try:
            yield running, int(line.split("port ")[1].split(":")[0])
        finally:
            running.kill()


def workers_of(running: "subprocess.Popen[str]") -> list[int]:
    """Return the processes that it started."""
    return [int(pid) for pid in Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text().split()]


def asked(port: int, source: str, numbers: range, source_port: int = 0, ssid: int = 1) -> list[ReflectorPacket]:
    """Send from that source, one request after the other, and return the replies."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(PATIENCE_S)
        sock.bind((source, source_port))
        sock.connect(("127.0.0.1", port))
        replies = []
        for number in numbers:
            sock.send(encode_sender(SenderPacket(number, 0, 1, ssid)))
            replies.append(decode_reflector(sock.recv(100)))
        return replies


def is_gone(pid: int) -> bool:
    """Tell, within a deadline, whether a process has ended."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        state = Path(f"/proc/{pid}/stat")
        if not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.02)
    return False


@LINUX_ONLY
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_they_share_the_work_and_are_counted_together(number: signal.Signals) -> None:
    """One line for the one port, every source answered, one summary of all, nothing left behind."""
    with reflecting() as (running, port):
        workers = workers_of(running)
        assert len(workers) == 2
        for source in SOURCES:
            assert [reply.sequence for reply in asked(port, source, range(3))] == [0, 1, 2]
        busy = [pid for pid in (running.pid, *workers) if Path(f"/proc/{pid}/stat").read_bytes() != b""]
        assert len(busy) == 3
        running.send_signal(number)
        out, err = running.communicate(timeout=PATIENCE_S)
        assert (running.returncode, err) == (0, "")
        assert out.splitlines() == ["ended: answered 36, received 36; sessions 12, evicted 0, rebound 0"]
        assert all(map(is_gone, workers))


@LINUX_ONLY
def test_a_source_keeps_to_its_process_whatever_its_port() -> None:
    """A NAT that moves a session to another port does not move it to another process: its numbers go on."""
    with reflecting() as (running, port):
        for number, source in enumerate(SOURCES, 1):
            asked(port, source, range(SETTLED + 1), ssid=number)
            assert asked(port, source, range(SETTLED + 1, SETTLED + 2), ssid=number)[0].sequence == SETTLED + 1
        running.terminate()
        assert running.communicate(timeout=PATIENCE_S)[0].splitlines()[-1].endswith("sessions 12, evicted 0, rebound 12")


@LINUX_ONLY
def test_the_limit_of_a_source_is_not_multiplied() -> None:
    """Its packets are all counted in one place, from whatever ports they come."""
    with reflecting("--rate-limit", "5") as (running, port), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
        begun_s = time.monotonic()
        for number in range(40):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                sender.sendto(encode_sender(SenderPacket(number, 0, 1, number)), ("127.0.0.1", port))
        last.settimeout(0.1)
        answer = b""
        while not answer:  # whoever is answered again came after all of those had been seen
            last.sendto(encode_sender(SenderPacket(0, 0, 1, 99)), ("127.0.0.1", port))
            with suppress(TimeoutError):
                answer = last.recv(100)
        running.terminate()
        counts = running.communicate(timeout=PATIENCE_S)[0]
        answered = int(counts.split("answered ")[1].split(",")[0])
        assert 5 <= answered <= 5 * (1 + time.monotonic() - begun_s)


@LINUX_ONLY
def test_whoever_answers_tells_of_the_responders() -> None:
    """They are the first process's, and open for everybody."""
    with reflecting("--responders", "--bind", "127.0.7.7") as (_, port):
        for source in SOURCES:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                sock.settimeout(PATIENCE_S)
                sock.bind((source, 0))
                sock.connect(("127.0.7.7", port))
                sock.send(encode_sender(SenderPacket(0, 0, 1, 1, encode_tlvs([request_tlv(AnnouncementRequest())]))))
                (told,) = parse_tlvs(decode_reflector(sock.recv(1000)).tail)
            announcement = AnnouncementReply.decode(told.value).announcement
            assert announcement is not None
            assert ("UDP", port) in announcement.ports


@LINUX_ONLY
def test_a_worker_that_is_stopped_and_goes_on_ends_nobody() -> None:
    """Ctrl-Z and `fg`, or a debugger: nobody is gone."""
    with reflecting() as (running, port):
        for number in (signal.SIGSTOP, signal.SIGCONT) * 3:
            os.kill(workers_of(running)[0], number)
        assert all(len(asked(port, source, range(1))) == 1 for source in SOURCES)
        running.terminate()
        out, err = running.communicate(timeout=PATIENCE_S)
        assert (running.returncode, err) == (0, "")
        assert out.startswith("ended: answered")


@LINUX_ONLY
def test_a_worker_that_is_killed_ends_all() -> None:
    """The others do not go on with sources that would wander: it is said, and whoever started them starts them anew."""
    with reflecting() as (running, _):
        first, second = workers_of(running)
        os.kill(first, signal.SIGKILL)
        out, err = running.communicate(timeout=PATIENCE_S)
        assert (running.returncode, err.splitlines()) == (CRASHED, ["1 of 3 worker processes ended unexpectedly"])
        assert out.startswith("ended: ")
        assert is_gone(second)


@LINUX_ONLY
def test_a_worker_that_is_terminated_ends_all_in_peace() -> None:
    """Whoever of them gets the signal: one wish."""
    with reflecting() as (running, _):
        os.kill(workers_of(running)[0], signal.SIGTERM)
        out, err = running.communicate(timeout=PATIENCE_S)
        assert (running.returncode, err, out.split(";")[0]) == (0, "", "ended: nothing received")


@LINUX_ONLY
def test_workers_do_not_outlive_the_first_process() -> None:
    """However it ends."""
    with reflecting() as (running, _):
        workers = workers_of(running)
        running.kill()
        assert all(map(is_gone, workers))


@LINUX_ONLY
def test_a_port_that_another_program_has_is_not_shared_with_it(capsys: pytest.CaptureFixture[str]) -> None:
    """Neither with another reflector's workers, whose port could be shared."""
    with reflecting(workers=2) as (_, port):
        for workers in ("1", "2"):
            with pytest.raises(SystemExit) as caught:
                main(("reflect", "--bind", "127.0.0.1", "--port", str(port), "--workers", workers))
            err = capsys.readouterr().err
            assert (caught.value.code, len(err.splitlines())) == (2, 1)
            assert f"cannot listen on 127.0.0.1 port {port}: Address already in use" in err


def test_where_no_kernel_spreads_the_senders(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """One clear line, nothing listened on."""
    monkeypatch.setattr("nra.reflector.sharing.can_share", lambda: False)
    with pytest.raises(SystemExit) as caught:
        main(("reflect", "--workers", "2"))
    out, err = capsys.readouterr()
    assert (caught.value.code, out, len(err.splitlines())) == (2, "", 1)
    assert "--workers: more than one is for Linux" in err


def received(reflector: Reflector) -> int:
    """Return how many packets came."""
    return reflector.counters["received"]


def unknown(reflector: Reflector) -> int:
    """Fail."""
    raise LookupError(reflector)


def doing(orders: Counter[str], stop: Callable[[], bool], listening: Callable[[Callable[[Errand], Any]], None]) -> Tally:
    """Be a worker whose reflector has counted what its orders say, and once more when it begins, and which does errands until let go."""
    listening(lambda errand: errand(Reflector(counters=orders)))
    orders["begun"] += 1
    while not stop():
        time.sleep(0.01)
    return Tally({}, 0, 0, 0)


def begun(reflector: Reflector) -> int:
    """Return whether a worker has begun."""
    return reflector.counters["begun"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="workers are forked")
def test_workers_listen_and_wait_for_the_word_to_begin() -> None:
    """Until each source keeps to one of them, what any of them answered might be another's."""
    with crew(2, doing) as workers:
        workers.start(Counter[str]())
        assert workers.ask(begun) == [0, 0]
        workers.begin()
        until = time.monotonic() + PATIENCE_S
        while workers.ask(begun) != [1, 1]:
            assert time.monotonic() < until


@pytest.mark.skipif(not hasattr(os, "fork"), reason="workers are forked")
def test_all_workers_do_an_errand_and_what_fails_is_none() -> None:
    """From whatever thread; one that fails disturbs neither the next nor the end."""
    with crew(2, doing) as workers:
        workers.start(Counter(received=7))
        workers.begin()
        assert workers.ask(received) == [7, 7]
        assert workers.ask(unknown) == [None, None]
        assert workers.ask(received) == [7, 7]
    assert (len(workers.tallies), workers.lost) == (2, 0)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="workers are forked")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_a_worker_that_has_just_been_forked_kills_nobody(number: signal.Signals, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service manager, or Ctrl-C, sends it to all at once: a worker that was not ready to take it yet ends in peace too, and listened."""

    @contextmanager
    def too_early(*numbers: signal.Signals) -> Iterator[Interrupt]:
        os.kill(os.getpid(), number)
        with stoppable(*numbers) as interrupt:
            yield interrupt

    monkeypatch.setattr("nra.cli.workers.stoppable", too_early)
    with crew(2, doing) as workers:
        workers.start(Counter[str]())
        workers.begin()
    assert (len(workers.tallies), workers.lost) == (2, 0)
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()).isdisjoint({number})
