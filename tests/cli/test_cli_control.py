"""`nra reflect --quic-port` as a program, and `nra run` against it: real sockets, real processes, on loopback."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_all_start_methods
from pathlib import Path
from typing import Any

import pytest

from nra.cli.control import ERRAND_NS, MOST_OUT, MOST_OUT_OF_ASKER, Channel, Line, Messenger
from nra.cli.workers import Crew
from nra.net.clock import SystemClock
from nra.net.server import ServerPort
from nra.reflector.core import Reflector
from nra.reflector.engine import CannotListen, claim
from nra.reflector.evidence import known, sessions_of
from nra.reflector.responders.certificate import identity_of, made_pem, pin_of
from nra.wire.control import Span

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 60
KEY = bytes(range(32)).hex()
FORKING = pytest.mark.skipif("fork" not in get_all_start_methods(), reason="the control channel is a forked process")


@contextmanager
def reflecting(key_file: Path, *options: str) -> Iterator[tuple["subprocess.Popen[str]", dict[str, str]]]:
    """Yield a running reflector on loopback and what its lines say: ports by service, the pin."""
    words = ("reflect", "--bind", "127.0.0.1", "--port", "0", "--quic-port", "0", "--key-file", str(key_file), *options)
    with subprocess.Popen(
        (sys.executable, str(ROOT / "cli.py"), *words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        said: dict[str, str] = {}
        assert running.stdout is not None
        try:
            while "pin" not in said:
                line = running.stdout.readline()
                assert line, running.stderr and running.stderr.read()
                if found := re.search(r"port (\d+): (\w+)", line):
                    said[found[2]] = found[1]
                if found := re.search("SHA-256 ([0-9a-f]{64})", line):
                    said["pin"] = found[1]
            yield running, said
        finally:
            running.kill()


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    """Write a key file for its owner alone."""
    path = tmp_path / "reflector.keys"
    path.write_text(f"{KEY} everybody\n", "ascii")
    path.chmod(0o600)
    return path


def run(tmp_path: Path, key_file: Path, said: dict[str, str], *options: str) -> dict[str, Any]:
    """Measure for two seconds against the reflector and return the run document."""
    words = ("run", "-r", "eu-central-1", "-o", "Test", "--only", "voice", "--duration", "2", "--json", "--quiet", "--out", str(tmp_path))
    where = ("--reflector", f"127.0.0.1:{said['STAMP']}", "--key-file", str(key_file), "--pin", said["pin"], "--quic-port", said["control"])
    command = (sys.executable, str(ROOT / "cli.py"), *words, *where, *options)
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert done.stderr == ""
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def ended(running: "subprocess.Popen[str]", number: signal.Signals = signal.SIGTERM) -> str:
    """Let it end and return its last line."""
    running.send_signal(number)
    out, err = running.communicate(timeout=PATIENCE_S)
    assert (running.returncode, err) == (0, "")
    return out.splitlines()[-1]


@FORKING
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_voice_in_quic(tmp_path: Path, key_file: Path, number: signal.Signals) -> None:
    """Method `quic` from the first line to the last: each direction is known, and how it travelled is named."""
    with reflecting(key_file) as (running, said):
        voice = run(tmp_path, key_file, said, "--method", "quic")["voice"]
        last = ended(running, number)
    assert (voice["method"], voice["basis"], voice["sent"], voice["lost_unknown"]) == ("quic", "direction", 100 - voice["not_sent"], 0)
    assert voice["up"]["expected"] == voice["sent"]
    assert voice["target"]["port"] == int(said["control"])
    assert "QUIC DATAGRAM frames, congestion control reno" in voice["instrument"]["pacing"]
    assert "quic_connections 2" in last


@FORKING
@pytest.mark.parametrize("order", ["apart", "certificate first", "key first"])
def test_a_certificate_of_the_users_own(tmp_path: Path, key_file: Path, order: str) -> None:
    """Certificate and key as docs/reflector.md has OpenSSL make them, in two files or in one: the control channel shows them."""
    pem = made_pem()
    begin = pem.index(b"-----BEGIN CERTIFICATE")
    secret, certificate = pem[:begin], pem[begin:]
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    cert.write_bytes({"apart": certificate, "certificate first": certificate + secret, "key first": secret + certificate}[order])
    key.write_bytes(secret)
    files = ("--cert", str(cert), *(("--key", str(key)) if order == "apart" else ()))
    with reflecting(key_file, *files) as (running, said):
        voice = run(tmp_path, key_file, said, "--method", "quic")["voice"]
        last = ended(running)
    assert said["pin"] == pin_of(identity_of(pem))
    assert (voice["method"], voice["lost_unknown"]) == ("quic", 0)
    assert "quic_connections 2" in last


@FORKING
@pytest.mark.parametrize("workers", [1, 2])
def test_stamp_with_a_session_of_its_own(tmp_path: Path, key_file: Path, workers: int) -> None:
    """SSID and key come over QUIC, the packets over STAMP, the record over QUIC again; nothing is left to remark."""
    if workers > 1 and not sys.platform.startswith("linux"):
        pytest.skip("only Linux spreads senders over processes")
    with reflecting(key_file, "--workers", str(workers)) as (running, said):
        document = run(tmp_path, key_file, said, "--method", "stamp", "--calls", "2")
        last = ended(running)
    assert (document["voice"]["method"], document["voice"]["basis"], document["voice"]["lost_unknown"]) == ("stamp", "direction", 0)
    assert not any("QUIC" in finding["text"] for finding in document["findings"])
    assert "quic_connections 2" in last
    assert "bad_hmac" not in last


@FORKING
def test_a_wrong_key_is_said_to_be_unknown(tmp_path: Path, key_file: Path) -> None:
    """Over QUIC that is certain, for the reflector itself says so."""
    other = tmp_path / "other.key"
    other.write_text("ab" * 32, "ascii")
    other.chmod(0o600)
    with reflecting(key_file) as (running, said):
        document = run(tmp_path, other, said, "--method", "quic")
        last = ended(running)
    assert "the reflector does not know this key" in document["run"]["used"]["why"]
    assert any("so the key is the likely cause" in finding["text"] for finding in document["findings"])
    assert "quic_closed_not_allowed 1" in last


@FORKING
@pytest.mark.parametrize("method", ["stamp", "quic"])
def test_a_wrong_pin_is_somebody_s_job(tmp_path: Path, key_file: Path, method: str) -> None:
    """Without the channel the verdict is the stream's all the same; that somebody else seems to answer there is a finding with advice."""
    with reflecting(key_file) as (running, said):
        document = run(tmp_path, key_file, {**said, "pin": "0" * 64}, "--method", method)
        ended(running)
    (finding,) = [each for each in document["findings"] if "Something else than the pinned reflector" in each["text"]]
    assert (finding["where"], finding["severity"]) == ("reflector", "warn")
    assert f"UDP {said['control']} of 127.0.0.1" in finding["evidence"]
    assert f"key 0000000000000000 expected, shown was {said['pin'][:16]}" in finding["evidence"]
    assert finding["advice"].startswith("Whoever runs the reflector: Compare --pin")
    assert (document["voice"] is None) == (method == "quic")


@FORKING
def test_its_port_is_nobody_elses_until_it_listens() -> None:
    """It is chosen long before the control process listens there: whoever binds it meanwhile is refused, but not that process."""
    channel = Channel(Crew(()), None, 0)
    try:
        (place,) = channel.claim(["127.0.0.1"])
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other, pytest.raises(OSError, match="in use"):
            other.bind(place)
        with pytest.raises(CannotListen, match="in use"):
            claim([place])
        ServerPort(SystemClock(), [place], shared=True).close()
    finally:
        channel.let_go()


@FORKING
def test_a_control_process_that_is_killed_ends_the_reflector(key_file: Path) -> None:
    """Whatever started it starts all anew; it does not go on as half of itself."""
    with reflecting(key_file) as (running, _):
        children = Path(f"/proc/{running.pid}/task/{running.pid}/children")
        if not children.exists():
            pytest.skip("no list of child processes here")
        for child in children.read_text().split():
            os.kill(int(child), signal.SIGKILL)
        _, err = running.communicate(timeout=PATIENCE_S)
    assert running.returncode == 3
    assert "1 of 2 worker processes ended unexpectedly" in err


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--quic-port", "0"), "--quic-port: needs --key-file"),
        (("--quic-port", "70000"), "--quic-port"),
        (("--cert", "missing.pem"), "of use with --responders or --quic-port only"),
    ],
)
def test_usage_errors(options: tuple[str, ...], reason: str) -> None:
    """One line on standard error, exit code 2."""
    command = (sys.executable, str(ROOT / "cli.py"), "reflect", "--bind", "127.0.0.1", "--port", "0", *options)
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert reason in done.stderr


@FORKING
def test_without_aioquic_one_line_says_so(key_file: Path) -> None:
    """It is an extra: whoever wants the channel is told what is missing, and nothing is left running."""
    code = "import sys; sys.modules['aioquic'] = None; from nra.cli import main; main(sys.argv[1:])"
    words = ("reflect", "--bind", "127.0.0.1", "--port", "0", "--quic-port", "0", "--key-file", str(key_file))
    done = subprocess.run((sys.executable, "-c", code, *words), cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert "aioquic" in done.stderr


def test_errands_are_done_and_come_back() -> None:
    """What the control process asks goes to the engines' process, and the answers of all engines come back to who asked."""
    line, over = Line(), threading.Event()
    here = threading.Thread(target=line.serve, args=(lambda errand: [errand(Reflector()), 5], over.is_set))
    here.start()
    messenger, told = Messenger(line.there, lambda: 0), list[Any]()
    messenger.ask(sessions_of, "somebody", told.append)
    while messenger.glance(0):
        pass
    over.set()
    here.join(PATIENCE_S)
    assert told == [[0, 5]]


def test_an_errand_that_fails_or_takes_too_long_is_answered_too() -> None:
    """None is an answer: whoever waits is told that there is none."""
    line, over, told = Line(), threading.Event(), list[Any]()

    def fail(_errand: object) -> list[Any]:
        raise TimeoutError

    here = threading.Thread(target=line.serve, args=(fail, over.is_set))
    here.start()
    messenger = Messenger(line.there, lambda: 0)
    messenger.ask(sessions_of, "somebody", told.append)
    while messenger.glance(0):
        pass
    over.set()
    here.join(PATIENCE_S)
    late = Messenger(Line().there, lambda: 0)
    late.ask(sessions_of, "somebody", told.append)
    assert late.glance(ERRAND_NS - 1)
    assert not late.glance(ERRAND_NS)
    assert told == [None, None]


LARGE = partial(known, spans=[Span(ssid, 0, 64) for ssid in range(1, 65)])


def test_not_too_many_errands_are_out() -> None:
    """A flood of questions is refused here, of one asker's and of all; writing never waits, though nobody reads the pipe."""
    messenger, told = Messenger(Line().there, lambda: 0), list[Any]()
    taken = {asker: [messenger.ask(LARGE, asker, told.append) for _ in range(MOST_OUT)].count(True) for asker in "abcdef"}
    assert taken == {**dict.fromkeys("abcd", MOST_OUT_OF_ASKER), "e": 1, "f": 1}
    assert MOST_OUT == 4 * MOST_OUT_OF_ASKER
    assert not messenger.glance(ERRAND_NS)
    assert told == [None] * (MOST_OUT + 2)
    assert messenger.ask(LARGE, "a", told.append)


def test_askers_take_turns() -> None:
    """Whoever asks once waits for what is in the pipe already and no longer: not for all that somebody else wants."""
    line, told = Line(), list[str]()
    messenger = Messenger(line.there, lambda: 0)
    for _ in range(MOST_OUT_OF_ASKER):
        messenger.ask(LARGE, "often", lambda _: told.append("often"))
    messenger.ask(LARGE, "once", lambda _: told.append("once"))
    most = 0
    while messenger.glance(0):
        there = []
        while line.here.poll(0):
            there.append(line.here.recv()[0])
        most = max(most, len(there))
        for number in there:
            line.here.send((number, []))
    assert told.count("often") == MOST_OUT_OF_ASKER
    assert told.index("once") <= 2 * most


def test_engines_that_are_late_get_no_more() -> None:
    """What was given up is in the pipe still: nothing is put behind it until it is answered, even too late."""
    line, told = Line(), list[Any]()
    messenger = Messenger(line.there, lambda: 0)
    for _ in range(MOST_OUT_OF_ASKER):
        messenger.ask(LARGE, "somebody", told.append)
    assert not messenger.glance(ERRAND_NS)
    late = []
    while line.here.poll(0):
        late.append(line.here.recv()[0])
    while messenger.ask(LARGE, "somebody", told.append):
        pass
    assert not line.here.poll(0)
    for number in late:
        line.here.send((number, []))
    assert messenger.glance(0)
    assert line.here.poll(0)


@FORKING
def test_a_revoked_key_is_unknown_after_the_signal(tmp_path: Path, key_file: Path) -> None:
    """SIGHUP has the file read again, by the control process too: who was let in before is not any more."""
    old = tmp_path / "old.key"
    old.write_text(KEY, "ascii")
    old.chmod(0o600)
    with reflecting(key_file) as (running, said):
        assert run(tmp_path, old, said, "--method", "quic")["voice"] is not None
        key_file.write_text(f"{'cd' * 32}\n", "ascii")
        running.send_signal(signal.SIGHUP)
        assert running.stderr is not None
        assert "keys read again: 1" in running.stderr.readline()
        document = run(tmp_path, old, said, "--method", "quic")
        running.send_signal(signal.SIGTERM)
        assert running.wait(PATIENCE_S) == 0
    assert "the reflector does not know this key" in document["run"]["used"]["why"]
