"""The payload of our UDP echo probes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nra.wire.beacon import MIN_SIZE, EchoProbe, decode_echo, encode_echo
from nra.wire.errors import MalformedMessage

u16, u32, u64 = (st.integers(0, 2**bits - 1) for bits in (16, 32, 64))
PROBE = EchoProbe(nonce=0x01020304, call=5, sequence=6, sent_ns=7)


def test_the_form_octet_by_octet() -> None:
    """Fields stand where the module draws them, zeros fill up to the size."""
    assert encode_echo(PROBE, 24).hex() == "6e726145" + "01020304" + "0005" + "00000006" + "0000000000000007" + "0000"


@given(st.builds(EchoProbe, u32, u16, u32, u64), st.integers(MIN_SIZE, 300))
def test_probes_come_back(probe: EchoProbe, size: int) -> None:
    """Whatever its fields and size, an echo is read as it was sent."""
    octets = encode_echo(probe, size)
    assert (len(octets), decode_echo(octets)) == (size, probe)


def test_too_small_a_probe_is_refused() -> None:
    """A probe has at least 22 octets."""
    with pytest.raises(ValueError, match="22 octets"):
        encode_echo(PROBE, 21)


def test_what_is_not_ours_is_malformed() -> None:
    """Another magic, and every truncation, is no echo of ours."""
    octets = encode_echo(PROBE, MIN_SIZE)
    with pytest.raises(MalformedMessage):
        decode_echo(b"X" + octets[1:])
    for size in range(MIN_SIZE):
        with pytest.raises(MalformedMessage):
            decode_echo(octets[:size])
