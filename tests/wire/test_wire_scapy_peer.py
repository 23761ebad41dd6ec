"""A second opinion: Scapy's own STAMP dissector reads what we write, and we read what it builds.

Scapy is GPL-2.0-only and never shipped; it is imported here alone, where it is installed (extra `lab`).
"""

import warnings
from dataclasses import replace
from typing import Any

import pytest
from stamp_vectors import GOLDEN

from nra.wire.stamp import decode_reflector, decode_sender, encode_reflector, encode_sender
from nra.wire.stamp_reflection import ANY_DSCP, ReflectionContext, reflect_tlvs
from nra.wire.stamp_tlv import Tlv, split_tlvs
from nra.wire.timestamps import ErrorEstimate

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # its own deprecations, and those of the system's packages that it reads
    scapy_stamp: Any = pytest.importorskip("scapy.contrib.stamp")

TAILED = replace(GOLDEN.sender, tail=GOLDEN.tlvs)


def estimate(field: Any) -> int:
    """Return Scapy's reading of an Error Estimate as the field that it came from."""
    return ErrorEstimate(synchronized=bool(field.S), ptp=bool(field.Z), scale=field.scale, multiplier=field.multiplier).encode()


def test_scapy_reads_our_request() -> None:
    """All fields and TLVs of our request come out of Scapy's dissector."""
    packet = scapy_stamp.STAMPSessionSenderTestUnauthenticated(encode_sender(TAILED))
    assert (packet.seq, estimate(packet.err_estimate), packet.ssid) == (7, 0x8F84, 0x1234)
    assert [(tlv.type, tlv.len) for tlv in packet.tlv_objects] == [(tlv.type, len(tlv.value)) for tlv in split_tlvs(GOLDEN.tlvs)]
    assert bytes(packet) == encode_sender(TAILED)


def test_scapy_reads_our_reply() -> None:
    """All fields of our reply come out of Scapy's dissector, and its rebuilt octets are ours."""
    packet = scapy_stamp.STAMPSessionReflectorTestUnauthenticated(encode_reflector(GOLDEN.reflector))
    assert (packet.seq, packet.seq_sender, packet.ttl_sender, packet.ssid) == (5, 7, 57, 0x1234)
    assert (estimate(packet.err_estimate), estimate(packet.err_estimate_sender)) == (0x8F84, 0x8F84)
    assert bytes(packet) == GOLDEN.reflector_octets


def test_scapy_reads_the_tlvs_of_our_reply() -> None:
    """What the reflector makes of the golden TLVs is still a sequence of TLVs to Scapy, with U cleared."""
    context = ReflectionContext(
        request_sequence=7,
        reply_sequence=5,
        source_address="192.0.2.1",
        source_port=1,
        destination_address=None,
        destination_port=2,
        received_tos=0xB8,
        honoured_dscp=ANY_DSCP,
        received_count=1,
        transmitted_count=1,
        key=GOLDEN.key,
    )
    tail = reflect_tlvs(GOLDEN.tlvs, context)
    packet = scapy_stamp.STAMPSessionReflectorTestUnauthenticated(encode_reflector(replace(GOLDEN.reflector, tail=tail)))
    assert [(int(tlv.flags), tlv.type, tlv.len) for tlv in packet.tlv_objects] == [(0, 4, 4), (0, 5, 12), (0, 8, 16), (0, 1, 8)]
    assert bytes(packet) == GOLDEN.reflector_octets + tail


def test_we_read_what_scapy_builds() -> None:
    """A request and a reply built by Scapy, defaults and all, are read with the values that it was given."""
    clock = scapy_stamp.ErrorEstimate(S=1, scale=15, multiplier=132)
    # flags as a number, since its letters count from the other end; the length, since it does not count it by itself
    tlv = scapy_stamp.STAMPTestTLV(flags=0x80, type=1, len=8, value=bytes(8))
    request = scapy_stamp.STAMPSessionSenderTestUnauthenticated(seq=7, err_estimate=clock, ssid=0x1234, tlv_objects=[tlv])
    ours = decode_sender(bytes(request))
    assert (ours.sequence, ours.error_estimate, ours.ssid) == (7, 0x8F84, 0x1234)
    assert split_tlvs(ours.tail) == (Tlv(0x80, 1, bytes(8)),)
    reply = scapy_stamp.STAMPSessionReflectorTestUnauthenticated(
        seq=5, err_estimate=clock, ssid=0x1234, seq_sender=7, err_estimate_sender=clock, ttl_sender=57
    )
    answer = decode_reflector(bytes(reply))
    assert (answer.sequence, answer.sender_sequence, answer.sender_ttl, answer.error_estimate) == (5, 7, 57, 0x8F84)
