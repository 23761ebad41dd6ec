"""What a datagram is to a reflector: the sentences themselves; what follows from them stands in the tests of the core."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nra.reflector.admission import Accepted, decoded, is_reply, layout_of
from nra.reflector.key_file import Holder
from nra.reflector.keys import Keys
from nra.wire.errors import MalformedMessage
from nra.wire.stamp import AUTHENTICATED, UNAUTHENTICATED, ReflectorPacket, SenderPacket, encode_reflector, encode_sender

KEY, OTHER = bytes(range(32)), bytes(32)
PACKET = SenderPacket(5, 1 << 40, 1, 7)
SEALED, PLAIN = encode_sender(PACKET, KEY), encode_sender(PACKET)
ONLY, BESIDE = Keys((Holder(KEY, 7),)), Keys((Holder(KEY, 7),), only=False)


@pytest.mark.parametrize(
    ("payload", "keys", "layout"),
    [
        (SEALED, None, UNAUTHENTICATED),
        (PLAIN, ONLY, AUTHENTICATED),
        (SEALED, BESIDE, AUTHENTICATED),
        (SEALED[:-1], BESIDE, UNAUTHENTICATED),
        (PLAIN + bytes(68), BESIDE, UNAUTHENTICATED),
        (encode_sender(SenderPacket(5, 1 << 40, 1, 8), KEY), BESIDE, UNAUTHENTICATED),
    ],
    ids=["no keys", "keys only", "sealed beside plain", "too short", "plain beside sealed", "nobody's SSID"],
)
def test_how_it_is_laid_out(payload: bytes, keys: Keys | None, layout: object) -> None:
    """By the octets where one kind has zeros and the other has none, and by the SSID."""
    assert layout_of(payload, keys) is layout


def test_whose_it_is() -> None:
    """The key that sealed it, or why nobody's did."""
    assert decoded(SEALED, AUTHENTICATED, ONLY) == Accepted(PACKET, KEY)
    assert decoded(SEALED, AUTHENTICATED, Keys((Holder(KEY), Holder(OTHER, 7)))) == Accepted(PACKET, KEY)
    assert decoded(PLAIN, UNAUTHENTICATED, BESIDE) == Accepted(PACKET, None)
    assert decoded(SEALED, AUTHENTICATED, Keys((Holder(OTHER, 7),))) == "bad_hmac"
    assert decoded(SEALED, AUTHENTICATED, Keys((Holder(KEY, 8),))) == "unknown_ssid"
    assert decoded(SEALED[:-1], AUTHENTICATED, ONLY) == "malformed"
    assert decoded(PLAIN, AUTHENTICATED, ONLY) == decoded(PLAIN + bytes(128), AUTHENTICATED, ONLY) == "unauthenticated"


def test_an_answer_is_no_request() -> None:
    """In either layout; a request is none."""
    for layout, key, request in ((UNAUTHENTICATED, None, PLAIN), (AUTHENTICATED, KEY, SEALED)):
        reply = encode_reflector(ReflectorPacket(1, (1 << 40) + 9, 1, 7, 1 << 40, 5, 1 << 40, 1, 64), key)
        assert is_reply(reply, layout)
        assert not is_reply(request, layout)


@given(st.binary(max_size=200), st.sampled_from([None, ONLY, BESIDE]))
def test_any_octets_are_something(payload: bytes, keys: Keys | None) -> None:
    """Nothing but MalformedMessage comes out."""
    layout = layout_of(payload, keys)
    is_reply(payload, layout)
    try:
        found = decoded(payload, layout, keys)
    except MalformedMessage:
        return
    assert isinstance(found, (Accepted, str))
