"""A sender that others wrote asks our reflector over real sockets: Scapy's STAMP layer builds the requests and judges the replies.

Scapy is GPL-2.0-only and never shipped; it is imported here where it is installed (extra `lab`).
"""

import socket
import time
import warnings
from typing import Any, Final

import pytest

from nra.reflector.embedded import embedded

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # its own deprecations, and those of the system's packages that it reads
    scapy_stamp: Any = pytest.importorskip("scapy.contrib.stamp")

CLOCK: Final = scapy_stamp.ErrorEstimate(S=1, scale=15, multiplier=132)
NTP_EPOCH_S: Final = 2_208_988_800
UNKNOWN: Final = 0x80  # flag U; as a number, since Scapy's letters count from the other end
CLASS_OF_SERVICE: Final = 4


def asked(requests: list[Any]) -> list[Any]:
    """Send each request from one socket and return the replies as Scapy reads them; each as long as its request."""
    replies = []
    with embedded() as servers, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(5)
        sock.connect((servers.address, servers.reflector_port))
        for request in requests:
            sock.send(bytes(request))
            octets = sock.recv(2000)
            assert len(octets) == len(bytes(request))
            replies.append(scapy_stamp.STAMPSessionReflectorTestUnauthenticated(octets))
    return replies


def request(number: int, **fields: Any) -> Any:
    """Return Scapy's request."""
    return scapy_stamp.STAMPSessionSenderTestUnauthenticated(
        seq=number, ts=time.time() + NTP_EPOCH_S, err_estimate=CLOCK, ssid=0x1234, **fields
    )


def test_scapy_gets_a_reply_to_each_request() -> None:
    """The reflector counts by itself, copies what it must, and stamps in order: T1, T2, T3 (RFC 8762 4.3)."""
    requests = [request(number) for number in (0, 1, 5)]
    replies = asked(requests)
    assert [(reply.seq, reply.seq_sender, reply.ssid) for reply in replies] == [(0, 0, 0x1234), (1, 1, 0x1234), (2, 5, 0x1234)]
    for sent, reply in zip(requests, replies, strict=True):
        assert bytes(reply)[28:36] == bytes(sent)[4:12]
        assert bytes(reply.err_estimate_sender) == bytes(CLOCK)
        assert bytes(reply)[16:24] <= bytes(reply)[4:12]
        assert reply.ttl_sender in (64, 255)  # 255 where the system does not say


def test_scapy_gets_its_tlvs_back() -> None:
    """What is understood comes back with U cleared, what is not with U set, both where they were (RFC 8972 4)."""
    tlvs = [
        scapy_stamp.STAMPTestTLV(flags=UNKNOWN, type=1, len=8, value=bytes(8)),
        scapy_stamp.STAMPTestTLV(flags=UNKNOWN, type=CLASS_OF_SERVICE, len=4, value=bytes(4)),
        scapy_stamp.STAMPTestTLV(flags=UNKNOWN, type=199, len=4, value=b"what"),
    ]
    (reply,) = asked([request(0, tlv_objects=tlvs)])
    assert [(int(tlv.flags), tlv.type, tlv.len) for tlv in reply.tlv_objects] == [(0, 1, 8), (0, CLASS_OF_SERVICE, 4), (UNKNOWN, 199, 4)]
    assert reply.tlv_objects[2].value == b"what"
