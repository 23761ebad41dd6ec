"""`nra reflect`: what it listens on, how it ends, and what is refused before."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

import pytest

from nra.cli import main
from nra.reflector.sharing import can_share
from nra.wire.stamp import ReflectorPacket, SenderPacket, decode_reflector, encode_sender

ROOT = Path(__file__).resolve().parents[2]
KEY = "00112233445566778899aabbccddeeff" * 2
POSIX_ONLY = pytest.mark.skipif(sys.platform == "win32", reason="signals are sent otherwise there")
PATIENCE_S = 60


@pytest.fixture(autouse=True)
def empty_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Work in an empty folder, with no options from elsewhere."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    for name in [name for name in os.environ if name.startswith("NRA_")]:
        monkeypatch.delenv(name)


@contextmanager
def reflecting(*args: str) -> Iterator[tuple[subprocess.Popen[str], list[str], int]]:
    """Yield a running reflector on loopback, what it printed, and its port."""
    command = (sys.executable, str(ROOT / "cli.py"), "reflect", "--bind", "127.0.0.1", "--port", "0", *args)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        line = running.stdout.readline()
        try:
            yield running, [line.rstrip("\n")], int(line.split("port ")[1].split(":")[0])
        finally:
            running.kill()


def asked(port: int, *payloads: bytes, source: str = "127.0.0.1") -> bytes:
    """Send requests, one after the other, and return the first reply: what came before the one that it answers was not answered."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(PATIENCE_S)
        sock.bind((source, 0))
        for payload in payloads:
            sock.sendto(payload, ("127.0.0.1", port))
        return sock.recv(2000)


@POSIX_ONLY
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_answers_until_it_is_told_to_end(number: signal.Signals) -> None:
    """One line per thing it listens on, one summary line in the end, exit code 0 (contract 1)."""
    with reflecting() as (running, lines, port):
        assert lines == [f"listening on UDP 127.0.0.1 port {port}: STAMP"]
        assert decode_reflector(asked(port, encode_sender(SenderPacket(7, 0, 1)))).sender_sequence == 7
        running.send_signal(number)
        out, err = running.communicate(timeout=PATIENCE_S)
        assert (running.returncode, err) == (0, "")
        assert out.splitlines() == ["ended: answered 1, received 1; sessions 1, evicted 0, rebound 0"]


@POSIX_ONLY
def test_with_a_key_it_answers_that_key_only(tmp_path: Path) -> None:
    """The line says so; what is not signed is counted."""
    key = tmp_path / "key.hex"
    key.write_text(KEY)
    key.chmod(0o600)
    with reflecting("--key-file", str(key)) as (running, lines, port):
        assert lines[0].endswith("STAMP authenticated")
        signed = encode_sender(SenderPacket(7, 0, 1), bytes.fromhex(KEY))
        assert decode_reflector(asked(port, bytes(112), signed), bytes.fromhex(KEY)).sender_sequence == 7
        running.terminate()
        assert "bad_hmac 1" in running.communicate(timeout=PATIENCE_S)[0]


@POSIX_ONLY
def test_a_key_file_may_hold_many(tmp_path: Path) -> None:
    """Each SSID with its own key, whoever of the processes gets the packet."""
    keys = {7: bytes(range(32)), 8: bytes(range(1, 33))}
    file = tmp_path / "reflector.keys"
    file.write_text("# two\n" + "".join(f"{ssid} {key.hex()} note\n" for ssid, key in keys.items()))
    file.chmod(0o600)
    for workers in ("1", "2") if can_share() else ("1",):
        with reflecting("--key-file", str(file), "--workers", workers) as (running, _, port):
            stranger = encode_sender(SenderPacket(3, 0, 1, 9), keys[7])
            for ssid, key in keys.items():
                assert decode_reflector(asked(port, stranger, encode_sender(SenderPacket(3, 0, 1, ssid), key)), key).ssid == ssid
            running.terminate()
            assert "answered 2, received 4, unknown_ssid 2;" in running.communicate(timeout=PATIENCE_S)[0]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux has all of 127.0.0.0/8 on loopback")
def test_only_allowed_networks_are_answered() -> None:
    """`--allow` elsewhere: loopback is not answered, while a neighbour that is allowed is."""
    with reflecting("--allow", "127.0.0.2/32", "--allow", "2001:db8::/32") as (running, _, port):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.sendto(bytes(44), ("127.0.0.1", port))
            assert len(asked(port, bytes(44), source="127.0.0.2")) == 44  # who came before has been seen by now
            with pytest.raises(BlockingIOError):
                stranger.recv(100, socket.MSG_DONTWAIT)
        running.terminate()
        assert "answered 1, not_allowed 1, received 2;" in running.communicate(timeout=PATIENCE_S)[0]


@POSIX_ONLY
def test_whoever_is_in_an_allowed_network_is_answered() -> None:
    """`--allow` here, beside networks elsewhere."""
    with reflecting("--allow", "192.0.2.0/24", "--allow", "127.0.0.0/8") as (_, _, port):
        assert len(asked(port, bytes(44))) == 44


@POSIX_ONLY
def test_all_sources_together_are_limited_too() -> None:
    """Whoever comes when the second's packets are used up is told by the counters why he had no answer."""
    with reflecting("--rate-limit-total", "5") as (running, _, port), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        begun_s = time.monotonic()
        sock.settimeout(0.1)
        replies = list[ReflectorPacket]()
        for number in count():
            sock.sendto(encode_sender(SenderPacket(number, 0, 1, 1)), ("127.0.0.1", port))
            if number >= 200:
                with suppress(TimeoutError):
                    replies.append(decode_reflector(sock.recv(100)))
            if replies and replies[-1].sender_sequence >= 200:  # by now all before it have been seen
                break
        running.terminate()
        out = running.communicate(timeout=PATIENCE_S)[0]
    counts = {name: int(number) for name, number in re.findall(r"(\w+) (\d+)", out)}
    assert replies[0].sequence == 0
    assert counts["answered"] <= 5 * (1 + time.monotonic() - begun_s)
    assert counts["total_limited"] == counts["received"] - counts["answered"] > 0


@pytest.mark.skipif(not can_share(), reason="only Linux spreads senders over processes")
def test_each_process_has_its_share_of_the_limit_of_all() -> None:
    """Never less than a packet a second."""
    with reflecting("--rate-limit-total", "1", "--workers", "3") as (_, _, port):
        assert len(asked(port, encode_sender(SenderPacket(0, 0, 1, 1)))) == 44


@POSIX_ONLY
def test_signals_one_after_the_other_are_one_wish() -> None:
    """A service manager may send several: still exit code 0 and no traceback."""
    with reflecting() as (running, _, _):
        for _ in range(3):
            running.send_signal(signal.SIGTERM)
        out, err = running.communicate(timeout=PATIENCE_S)
        assert (running.returncode, err) == (0, "")
        assert out.startswith("ended: nothing received")


BAD_INPUT: list[tuple[tuple[str, ...], str]] = [
    (("--bind", "not-an-address"), "an IP address is expected"),
    (("--bind", "127.0.0.1%lo"), "an IP address is expected"),
    (("--bind", "192.0.2.77"), "cannot listen on 192.0.2.77"),
    (("--allow", "10.0.0.0/33"), "--allow"),
    (("--allow", "10.0.0.1/8"), "host bits"),
    (("--allow", "everybody"), "everybody"),
    (("--key-file", "missing.hex"), "missing.hex"),
    (("--key-file", "short.hex"), "64 hex digits"),
    (("--key-file", "nobody"), "no key in it"),
    (("--port", "65536"), "65536"),
    (("--port", "-1"), "-1"),
    (("--rate-limit", "-1"), "-1"),
    (("--rate-limit-total", "-1"), "-1"),
    (("--workers", "0"), "0"),
    (("--workers", "100000"), "64"),
    (("--workers", "2", "--bind", "192.0.2.77"), "cannot listen on 192.0.2.77"),
    (("--nonsense",), "--nonsense"),
]


@pytest.mark.parametrize(("args", "words"), BAD_INPUT, ids=[" ".join(args) for args, _ in BAD_INPUT])
def test_bad_input(capsys: pytest.CaptureFixture[str], args: tuple[str, ...], words: str) -> None:
    """One line on standard error that names what is wrong, exit code 2, nothing listened on (contract 1)."""
    Path("short.hex").write_text("0011")
    Path("nobody").write_text("# nobody yet\n")
    Path("nobody").chmod(0o600)
    with pytest.raises(SystemExit) as caught:
        main(("reflect", *args))
    out, err = capsys.readouterr()
    assert (caught.value.code, out, len(err.splitlines())) == (2, "", 1)
    assert words in err


def test_a_port_that_is_taken(capsys: pytest.CaptureFixture[str]) -> None:
    """Another reflector runs there already: said with address, port and the system's reason."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = str(taken.getsockname()[1])
        with pytest.raises(SystemExit) as caught:
            main(("reflect", "--bind", "127.0.0.1", "--port", port))
    err = capsys.readouterr().err
    assert (caught.value.code, len(err.splitlines())) == (2, 1)
    assert f"cannot listen on 127.0.0.1 port {port}: Address already in use" in err
