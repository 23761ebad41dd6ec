"""`nra reflect`: what it listens on, how it ends, and what is refused before."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from nra.cli import main
from nra.reflector.sharing import can_share
from nra.wire.stamp import SenderPacket, decode_reflector, encode_sender

ROOT = Path(__file__).resolve().parents[2]
KEY = "00112233445566778899aabbccddeeff" * 2
POSIX_ONLY = pytest.mark.skipif(sys.platform == "win32", reason="signals are sent otherwise there")


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


def asked(port: int, payload: bytes) -> bytes:
    """Send a request and return the reply, nothing after 0.3 s of silence."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(0.3)
        sock.sendto(payload, ("127.0.0.1", port))
        try:
            return sock.recv(2000)
        except TimeoutError:
            return b""


@POSIX_ONLY
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_answers_until_it_is_told_to_end(number: signal.Signals) -> None:
    """One line per thing it listens on, one summary line in the end, exit code 0 (contract 1)."""
    with reflecting() as (running, lines, port):
        assert lines == [f"listening on UDP 127.0.0.1 port {port}: STAMP"]
        assert decode_reflector(asked(port, encode_sender(SenderPacket(7, 0, 1)))).sender_sequence == 7
        running.send_signal(number)
        out, err = running.communicate(timeout=10)
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
        assert asked(port, bytes(112)) == b""
        signed = encode_sender(SenderPacket(7, 0, 1), bytes.fromhex(KEY))
        assert decode_reflector(asked(port, signed), bytes.fromhex(KEY)).sender_sequence == 7
        running.terminate()
        assert "bad_hmac 1" in running.communicate(timeout=10)[0]


@POSIX_ONLY
def test_a_key_file_may_hold_many(tmp_path: Path) -> None:
    """Each SSID with its own key, whoever of the processes gets the packet."""
    keys = {7: bytes(range(32)), 8: bytes(range(1, 33))}
    file = tmp_path / "reflector.keys"
    file.write_text("# two\n" + "".join(f"{ssid} {key.hex()} note\n" for ssid, key in keys.items()))
    file.chmod(0o600)
    for workers in ("1", "2") if can_share() else ("1",):
        with reflecting("--key-file", str(file), "--workers", workers) as (running, _, port):
            for ssid, key in keys.items():
                assert decode_reflector(asked(port, encode_sender(SenderPacket(3, 0, 1, ssid), key)), key).ssid == ssid
            assert asked(port, encode_sender(SenderPacket(3, 0, 1, 9), keys[7])) == b""
            running.terminate()
            assert "answered 2, received 3, unknown_ssid 1;" in running.communicate(timeout=10)[0]


@POSIX_ONLY
def test_only_allowed_networks_are_answered() -> None:
    """`--allow` elsewhere: loopback is not answered; `--allow` here: it is."""
    with reflecting("--allow", "192.0.2.0/24", "--allow", "2001:db8::/32") as (running, _, port):
        assert asked(port, bytes(44)) == b""
        running.terminate()
        assert "not_allowed 1" in running.communicate(timeout=10)[0]
    with reflecting("--allow", "192.0.2.0/24", "--allow", "127.0.0.0/8") as (_, _, port):
        assert len(asked(port, bytes(44))) == 44


@POSIX_ONLY
def test_all_sources_together_are_limited_too() -> None:
    """Whoever comes when the second's packets are used up is told by the counters why he had no answer."""
    with reflecting("--rate-limit-total", "5") as (running, _, port), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for number in range(200):
            sock.sendto(encode_sender(SenderPacket(number, 0, 1, 1)), ("127.0.0.1", port))
        sock.settimeout(5)
        assert decode_reflector(sock.recv(100)).sequence == 0
        running.terminate()
        assert "total_limited 1" in running.communicate(timeout=10)[0]


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
        out, err = running.communicate(timeout=10)
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
