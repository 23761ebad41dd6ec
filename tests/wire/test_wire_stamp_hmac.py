"""The truncated HMAC against RFC 4231."""

from nra.wire.stamp_hmac import is_authentic, truncated_hmac

JEFE = bytes.fromhex("5bdcc146bf60754e6a042426089575c7")  # RFC 4231 4.3, first 128 bits of HMAC-SHA-256


def test_hmac_is_the_first_half_of_hmac_sha_256() -> None:
    """RFC 4231 test case 2, cut to 16 octets as RFC 8762 4.4 wants it."""
    assert truncated_hmac(b"Jefe", b"what do ya want for nothing?") == JEFE


def test_only_the_whole_hmac_is_authentic() -> None:
    """Another key, other octets or a shortened HMAC do not pass."""
    covered = b"what do ya want for nothing?"
    assert is_authentic(b"Jefe", covered, JEFE)
    assert not is_authentic(b"jefe", covered, JEFE)
    assert not is_authentic(b"Jefe", covered + b"!", JEFE)
    assert not is_authentic(b"Jefe", covered, JEFE[:15])
