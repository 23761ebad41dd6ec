"""NTP requests and replies (RFC 5905)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nra.wire.errors import MalformedMessage
from nra.wire.ntp import KISSES, NtpReply, decode_reply, encode_request
from nra.wire.timestamps import ntp_from_unix_ns

T1_NS = 1_767_600_000_000_000_000
MS = 1_000_000
NONCE = 0x0123456789ABCDEF
# leap 0, version 4, mode 4; stratum 2; poll 2^6 s; precision 2^-23 s; root delay 0.5 s; dispersion 0.25 s; 192.0.2.1 for a reference
HEAD = bytes.fromhex("240206e9" + "00008000" + "00004000" + "c0000201")
REPLY = (
    HEAD
    + ntp_from_unix_ns(T1_NS - 10**9).to_bytes(8)
    + NONCE.to_bytes(8)
    + bytes.fromhex("ed05ad00" + "40000000" + "ed05ad00" + "80000000")
)


def reply(*, leap: int = 0, stratum: int = 2, reference_id: bytes = b"\xc0\0\2\1", t2_ns: int = T1_NS, t3_ns: int = T1_NS) -> NtpReply:
    """Return a reply as a server sends it that got the request at T2 and answered at T3 by its own clock."""
    times = (0, NONCE, ntp_from_unix_ns(t2_ns), ntp_from_unix_ns(t3_ns))
    head = bytes([leap << 6 | 4 << 3 | 4, stratum, 6, 0xE9]) + bytes(8) + reference_id
    return decode_reply(head + b"".join(time.to_bytes(8) for time in times))


def test_a_request_octet_by_octet() -> None:
    """Version 4, mode 3; nothing but a nonce in the transmit timestamp (RFC 5905 7.3)."""
    assert encode_request(NONCE).hex() == "23" + "00" * 39 + "0123456789abcdef"


def test_a_reply_is_read() -> None:
    """Every field stands where figure 8 of RFC 5905 draws it, seconds in the short format become milliseconds."""
    assert decode_reply(REPLY) == NtpReply(
        leap=0,
        version=4,
        stratum=2,
        root_delay_ms=500.0,
        root_dispersion_ms=250.0,
        reference_id=b"\xc0\0\2\1",
        origin=NONCE,
        receive=0xED05AD00_40000000,
        transmit=0xED05AD00_80000000,
    )


def test_what_follows_the_header_is_not_looked_at() -> None:
    """Extension fields and a MAC may follow (RFC 5905 7.3)."""
    assert decode_reply(REPLY + bytes(20)) == decode_reply(REPLY)


@pytest.mark.parametrize("version", [1, 2, 3, 4])
def test_older_servers_are_understood(version: int) -> None:
    """The format of the header has not changed since version 1."""
    assert decode_reply(bytes([version << 3 | 4]) + REPLY[1:]).version == version


@pytest.mark.parametrize("first", [0x23, 0x21, 0x22, 0x25, 0x26, 0x27, 0x20, 0x04, 0x2C, 0x3C], ids=hex)
def test_what_is_no_answer_of_a_server(first: int) -> None:
    """Only mode 4 is a server's answer, and only of a version that exists (RFC 5905 7.3)."""
    with pytest.raises(MalformedMessage):
        decode_reply(bytes([first]) + REPLY[1:])


def test_every_truncation_is_malformed() -> None:
    """A header has 48 octets."""
    for size in range(len(REPLY)):
        with pytest.raises(MalformedMessage):
            decode_reply(REPLY[:size])


def test_offset_and_delay() -> None:
    """A server 5 s ahead, 30 ms there, 10 ms back, 2 ms of its own: theta and delta of RFC 5905 8."""
    seen = reply(t2_ns=T1_NS + 5030 * MS, t3_ns=T1_NS + 5032 * MS)
    assert seen.offset_ns(T1_NS, T1_NS + 42 * MS) == 5010 * MS
    assert seen.delay_ns(T1_NS, T1_NS + 42 * MS) == 40 * MS


@given(st.integers(-(10**12), 10**12), st.integers(0, 10**9), st.integers(0, 10**9), st.integers(0, 10**9))
def test_offsets_of_either_sign(ahead_ns: int, up_ns: int, own_ns: int, down_ns: int) -> None:
    """Whatever the clocks, the delay is that of the network, and the offset is off by half the asymmetry (RFC 5905 8)."""
    seen = reply(t2_ns=T1_NS + up_ns + ahead_ns, t3_ns=T1_NS + up_ns + own_ns + ahead_ns)
    t4_ns = T1_NS + up_ns + own_ns + down_ns
    assert seen.delay_ns(T1_NS, t4_ns) == up_ns + down_ns
    assert seen.offset_ns(T1_NS, t4_ns) == (2 * ahead_ns + up_ns - down_ns) // 2


@pytest.mark.parametrize(("leap", "stratum"), [(3, 2), (0, 0), (0, 16), (3, 0), (0, 255)])
def test_a_server_that_knows_no_time_gives_none(leap: int, stratum: int) -> None:
    """Leap 3, and strata other than 1 to 15, mean that the timestamps are worth nothing (RFC 5905 7.3)."""
    seen = reply(leap=leap, stratum=stratum)
    assert not seen.synchronized
    assert (seen.offset_ns(T1_NS, T1_NS), seen.delay_ns(T1_NS, T1_NS)) == (None, None)


@pytest.mark.parametrize("at", [32, 40])
def test_a_time_of_zero_is_no_time(at: int) -> None:
    """A zero timestamp means that it is not known (RFC 5905 6)."""
    seen = decode_reply(REPLY[:at] + bytes(8) + REPLY[at + 8 :])
    assert not seen.synchronized
    assert seen.offset_ns(T1_NS, T1_NS) is None


@pytest.mark.parametrize("leap", [0, 1, 2])
def test_leap_warnings_do_no_harm(leap: int) -> None:
    """A leap second at the end of the month is an announcement, not an alarm (RFC 5905 7.3)."""
    assert reply(leap=leap, stratum=15).synchronized


@pytest.mark.parametrize("code", KISSES)
def test_a_kiss_is_named(code: str) -> None:
    """Stratum 0 with four letters for a reference is a kiss-o'-death (RFC 5905 7.4)."""
    assert reply(stratum=0, reference_id=code.encode("ascii")).kiss == code


@pytest.mark.parametrize(("stratum", "reference_id"), [(1, b"RATE"), (2, b"RATE"), (0, bytes(4)), (0, b"\xc0\0\2\1"), (0, b"GP\0\0")])
def test_what_is_no_kiss(stratum: int, reference_id: bytes) -> None:
    """At other strata the reference id names a clock or a server, and chrony sends stratum 0 without a code while it has no time."""
    assert reply(stratum=stratum, reference_id=reference_id).kiss is None
