"""Whatever the bytes, a decoder returns a value or raises MalformedMessage; nothing else ever comes out."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wire_decoders import CASES, Case

from nra.wire.errors import MalformedMessage

every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def refusal(case: Case, data: bytes) -> Exception | None:
    """Return what the decoder raised, or None."""
    try:
        case.decode(data)
    except Exception as error:  # noqa: BLE001 - which one it is, is the question
        return error
    return None


@every_case
def test_the_valid_message_is_accepted(case: Case) -> None:
    """The table's messages are good ones, so that what follows starts from somewhere."""
    assert refusal(case, case.valid) is None


@every_case
def test_every_truncation(case: Case) -> None:
    """A message cut at any octet is a value or malformed."""
    for size in range(len(case.valid)):
        assert isinstance(refusal(case, case.valid[:size]), MalformedMessage | None)


@every_case
@settings(max_examples=60)
@given(data=st.binary(max_size=160))
def test_arbitrary_bytes(case: Case, data: bytes) -> None:
    """Any octets, alone and behind a good beginning."""
    for kept in (0, len(case.valid) // 2, len(case.valid)):
        assert isinstance(refusal(case, case.valid[:kept] + data), MalformedMessage | None)


@every_case
@settings(max_examples=60)
@given(data=st.data())
def test_a_few_octets_changed(case: Case, data: st.DataObject) -> None:
    """A good message with up to four octets replaced."""
    changed = bytearray(case.valid)
    for _ in range(4):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    assert isinstance(refusal(case, bytes(changed)), MalformedMessage | None)
