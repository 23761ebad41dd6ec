"""`nra reflect --responders` as a program: its lines, its end, its refusals; on ports of the system's choice."""

import hashlib
import re
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest
from test_reflector_responders_udp import REQUESTS

from nra.model.responder import RESPONDERS, Announcement
from nra.wire.announcement import AnnouncementReply, AnnouncementRequest
from nra.wire.stamp import SenderPacket, decode_reflector, encode_sender
from nra.wire.stamp_tlv import TlvType, authentic_tlvs, encode_tlvs, hmac_tlv, parse_tlvs, seal_tlvs
from nra.wire.stamp_values import request_tlv

ROOT: Final = Path(__file__).resolve().parents[2]
PEM: Final = ROOT / "tests" / "vectors" / "tls-self-signed.pem"
PIN: Final = "3cdf34fb4526eceff4c9adf81649bd642abb03511a4587550e0a7b2a52239993"  # by OpenSSL, see test_wire_x509.py
HERE: Final = "127.0.0.1"
SERVICES: Final = len({(each.protocol, each.service) for each in RESPONDERS})
OF_TLS: Final = 2
KEY: Final = "00112233445566778899aabbccddeeff" * 2
LINE: Final = re.compile(r"listening on (\w+) 127\.0\.0\.1 port (\d+): (.*)\n")
PROGRAM: Final = """
import sys
from dataclasses import replace
import nra.model.responder as room
if {bare!r}:
    sys.modules["cryptography"] = None
room.RESPONDERS = tuple({{(each.protocol, each.service): replace(each, port=0) for each in room.RESPONDERS}}.values())
if {taken!r}:
    room.RESPONDERS = (room.Responder(port={taken!r}, protocol="TCP", service="HTTP", ask="http"), *room.RESPONDERS)
from nra.cli import main
main(["reflect", "--bind", "127.0.0.1", "--port", "0", *sys.argv[1:]])
"""


@contextmanager
def reflecting(*options: str, bare: bool = False, taken: int = 0) -> Iterator["subprocess.Popen[str]"]:
    """Run the program while the block lasts."""
    command = [sys.executable, "-c", PROGRAM.format(bare=bare, taken=taken), *options]
    environment = {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "PATH": ""}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as program:
        try:
            yield program
        finally:
            program.kill()


def listening(program: "subprocess.Popen[str]") -> tuple[dict[tuple[str, str], int], str]:
    """Read up to the line about TLS; return the ports by protocol and service, and that line."""
    assert program.stdout is not None
    ports: dict[tuple[str, str], int] = {}
    for line in program.stdout:
        told = LINE.fullmatch(line)
        if told is None:
            return ports, line
        ports[told[1], told[3]] = int(told[2])
    raise AssertionError(f"it ended: {program.communicate()}")


def announced(port: int, key: bytes | None = None) -> AnnouncementReply:
    """Ask the reflector what it opened, as a run does."""
    tail = encode_tlvs([request_tlv(AnnouncementRequest())])
    if key is not None:
        tail = seal_tlvs(tail + encode_tlvs([hmac_tlv()]), 0, key)
    request = encode_sender(SenderPacket(0, 1 << 63, 1, 77, tail), key)
    octets = exchange(port, request)
    assert len(octets) == len(request)
    reply = decode_reflector(octets, key)
    tlvs = parse_tlvs(reply.tail) if key is None else authentic_tlvs(reply.tail, reply.sequence, key)
    return AnnouncementReply.decode({tlv.type: tlv.value for tlv in tlvs}[TlvType.ANNOUNCEMENT])


def exchange(port: int, request: bytes, kind: socket.SocketKind = socket.SOCK_DGRAM) -> bytes:
    """Return the answer."""
    with socket.socket(socket.AF_INET, kind) as sock:
        sock.settimeout(10)
        sock.connect((HERE, port))
        sock.send(request)
        return sock.recv(2000)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_tells_what_it_listens_on_answers_and_ends_with_0(number: signal.Signals) -> None:
    """One line per thing, the pin of the certificate, one line in the end with all that was counted (contract 1)."""
    with reflecting("--responders", "--cert", str(PEM)) as program:
        ports, _ = listening(program)
        assert len(ports) == SERVICES
        assert exchange(ports["UDP", "NTP"], REQUESTS["NTP"])[24:32] == REQUESTS["NTP"][40:48]
        assert exchange(ports["UDP", "STAMP"], REQUESTS["STAMP"])[24:28] == bytes(4)
        assert exchange(ports["TCP", "HTTP"], b"HEAD / HTTP/1.1\r\n\r\n", socket.SOCK_STREAM).startswith(b"HTTP/1.1 204")
        program.send_signal(number)
        out, err = program.communicate(timeout=20)
    assert (program.returncode, err) == (0, "")
    assert re.fullmatch(r"ended: answered 2, answered_ntp 1, received 2, tcp_accepted 1, tcp_answered 1; sessions 1, .*\n", out)


def test_the_pin_of_a_file() -> None:
    """As OpenSSL computes it."""
    with reflecting("--responders", "--cert", str(PEM)) as program:
        _, line = listening(program)
    assert line == f"TLS certificate from --cert: SPKI SHA-256 {PIN}\n"


def test_the_pin_of_a_certificate_made_at_the_start() -> None:
    """It is that of the certificate which a client sees."""
    x509 = pytest.importorskip("cryptography.x509")
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    with reflecting("--responders") as program:
        ports, line = listening(program)
        seen = ssl.get_server_certificate((HERE, ports["TCP", "HTTPS"]))
    key = x509.load_pem_x509_certificate(seen.encode()).public_key()
    pin = hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()
    assert line == f"TLS certificate self-signed, gone when this ends: SPKI SHA-256 {pin}\n"


@pytest.mark.parametrize("key", [None, bytes.fromhex(KEY)], ids=["plain", "sealed"])
def test_senders_are_told_what_people_are_told(key: bytes | None, tmp_path: Path) -> None:
    """Every port of every line and no other, with the pin of the certificate; with a key whoever has it is told the same."""
    secret = tmp_path / "key.hex"
    secret.write_text(KEY)
    secret.chmod(0o600)
    with reflecting("--responders", "--cert", str(PEM), *(("--key-file", str(secret)) if key else ())) as program:
        assert program.stdout is not None
        lines = [LINE.fullmatch(program.stdout.readline()) for _ in range(1 + SERVICES)]
        ports = tuple((line[1], int(line[2])) for line in lines if line)
        assert announced(ports[0][1], key) == AnnouncementReply(Announcement(PIN, ports), 1 + SERVICES)


def test_without_cryptography_and_certificate() -> None:
    """TLS ports stay closed, on one line; all others are opened, and what cannot be is told too; of the closed senders hear nothing."""
    with socket.socket() as taken:
        taken.bind((HERE, 0))
        taken.listen()
        number = taken.getsockname()[1]
        with reflecting("--responders", bare=True, taken=number) as program:
            assert program.stderr is not None
            lines = [program.stderr.readline() for _ in range(2)]
            assert program.stdout is not None
            told = [program.stdout.readline() for _ in range(1 + SERVICES - OF_TLS)]
            ports = tuple((line[1], int(line[2])) for line in map(LINE.fullmatch, told) if line)
            assert announced(ports[0][1]) == AnnouncementReply(Announcement(None, ports), 1 + SERVICES - OF_TLS)
            program.send_signal(signal.SIGTERM)
            out, err = program.communicate(timeout=20)
    assert lines[0] == f"cannot listen on TCP {number}: Address already in use\n"
    assert lines[1].startswith("cannot listen on TCP 0, 0: TLS needs --cert and --key, or the package cryptography")
    assert (program.returncode, err, out.count("listening on")) == (0, "", 0)
    assert ("TCP", number) not in ports


def test_without_responders_nothing_else_is_opened() -> None:
    """They are asked for, not given, and whoever asks is told that there are none."""
    with reflecting() as program:
        assert program.stdout is not None
        line = LINE.fullmatch(program.stdout.readline())
        assert line is not None
        assert (line[1], line[3]) == ("UDP", "STAMP")
        assert announced(int(line[2])) == AnnouncementReply(None, 0)
        program.send_signal(signal.SIGTERM)
        assert program.communicate(timeout=20) == ("ended: answered 1, received 1; sessions 1, evicted 0, rebound 0\n", "")


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--cert", str(PEM)), "--cert and --key: of use with --responders or --quic-port only"),
        (("--responders", "--key", str(PEM)), "--key: its certificate is missing (--cert)"),
        (("--responders", "--cert", "absent.pem"), "--cert: absent.pem: No such file or directory"),
        (("--responders", "--cert", __file__), "no certificate and key in PEM without a passphrase"),
    ],
)
def test_usage_errors(options: tuple[str, ...], why: str) -> None:
    """One line, exit code 2, nothing opened."""
    with reflecting(*options) as program:
        out, err = program.communicate(timeout=20)
    assert (program.returncode, out, err.count("\n")) == (2, "", 1)
    assert why in err
