"""The text of a key file."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nra.reflector.key_file import Holder, UnusableKeyFile, holders_in, line_of, names

ONE, TWO = bytes(range(32)), bytes(range(1, 33))


def test_lines_name_holders() -> None:
    """A bare key is good for any SSID; notes may say anything; comments, blank lines and Windows' line ends do not matter."""
    text = f"# who may\r\n\r\n{ONE.hex()}\r\n 7 {TWO.hex().upper()}  Hamburg,   2nd floor # left\r\n   # 8 {ONE.hex()}\r\n"
    assert holders_in(text) == (Holder(ONE), Holder(TWO, 7, "Hamburg, 2nd floor # left"))
    assert holders_in("") == holders_in("# nobody yet\n") == ()


def test_a_holder_that_is_printed_gives_no_key_away() -> None:
    """Wherever it may come out: a log, a message, a test's report."""
    assert repr(Holder(ONE, 7, "Kiel")) == "Holder(ssid=7, note='Kiel')"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0011", "line 1: 64 hex digits"),
        (f"\n{ONE.hex()}00", "line 2: 64 hex digits"),
        (f"0 {ONE.hex()}", "line 1: 64 hex digits are expected, before them an SSID from 1 to 65535"),
        (f"65536 {ONE.hex()}", "SSID from 1 to 65535"),
        (f"x7 {ONE.hex()}", "line 1"),
        ("7", "line 1"),
        (f"7 {ONE.hex()}\n7 {TWO.hex()}", "line 2: SSID 7 a second time (the first in line 1)"),
        (f"{ONE.hex()}\n#\n{TWO.hex()}", "line 3: a second key without an SSID (the first in line 1)"),
    ],
)
def test_what_is_no_key_file(text: str, words: str) -> None:
    """One line that says where, and never gives a key away."""
    with pytest.raises(UnusableKeyFile) as caught:
        holders_in(text)
    said = str(caught.value)
    assert words in said
    assert ONE.hex() not in said
    assert "\n" not in said


@given(st.binary(min_size=32, max_size=32), st.one_of(st.none(), st.integers(1, 65535)), st.text("abc ä#", max_size=20))
def test_what_is_written_is_read(key: bytes, ssid: int | None, note: str) -> None:
    """A line says what its holder is, blanks in the note apart."""
    line = line_of(Holder(key, ssid, note))
    assert holders_in(line) == (Holder(key, ssid, " ".join(note.split())),)
    assert names(line, ssid)
    assert not names(line, 9 if ssid != 9 else None)
    assert not names(f"# {line}", ssid)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    """Nothing but UnusableKeyFile comes out."""
    with suppress(UnusableKeyFile):
        holders_in(text)
