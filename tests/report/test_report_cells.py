"""Numbers and names as cells."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nra.report.cells import clean, guarded, number, parsed, quantity, risky, unguarded

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=40)
STARTS = st.sampled_from(["", "=", "+", "-", "@", "'", "''=", '"', "＝", "'\"", "-5", "'-5", "=-1"])


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (29.96, "ms", "30.0"),
        (0.04, "ms", "0.0"),
        (-0.04, "ms", "0.0"),
        (-3.26, "ms", "-3.3"),
        (3.1, "%", "3.10"),
        (100, "%", "100.00"),
        (4.409406, "MOS", "4.41"),
        (0, "ms", "0.0"),
        (1e6, "ms", "1000000.0"),
        (None, "ms", ""),
    ],
)
def test_number(value: float | None, unit: str, text: str) -> None:
    """Milliseconds have one decimal, percent and MOS two, the dot is a dot, and there is no minus zero (contract 4.1)."""
    assert number(value, unit) == text


def test_quantity_says_when_nothing_was_measured() -> None:
    """Absent is never zero, and MOS has no unit to say."""
    assert quantity(None, "ms") == "not measured"
    assert quantity(12.34, "ms") == "12.3 ms"
    assert quantity(3.1, "%") == "3.10 %"
    assert quantity(4.2, "MOS") == "4.20"


def test_parsed_reads_what_number_prints() -> None:
    """An empty cell is absent; a comma, words and the names of no numbers are refused."""
    assert parsed(number(12.34, "ms")) == 12.3
    assert parsed("") is None
    for cell in ("1,5", "nan", "inf", "1e5", "1_0", "٣"):
        with pytest.raises(ValueError, match="expected a number with a dot"):
            parsed(cell)


@given(ANY_TEXT)
def test_clean_leaves_one_printable_line(text: str) -> None:
    """No tab, line break, control or half a character is left, and washing twice changes nothing."""
    washed = clean(text)
    assert len(washed.splitlines()) <= 1
    assert all(character.isprintable() or character not in "\t\r\n\x00\x1b\u2028\u202e\ufeff" for character in washed)
    assert washed.encode("utf-8").decode("utf-8") == washed == clean(washed)


def test_clean_keeps_what_people_write() -> None:
    """Accents, emoji and other scripts stay; what breaks a column becomes one space."""
    assert clean("  Zoë's 🎧\t\r\n 日本\u202e語 \x1b[31m") == "Zoë's 🎧 日本 語 [31m"
    assert clean(None) == ""


@pytest.mark.parametrize("cell", ["=cmd()", "+49 89", "-x", "@SUM", "'=1", '"open', "＝1", "--1", "-1-2"])
def test_guarded_cells_are_no_formulas(cell: str) -> None:
    """What a spreadsheet could take for a formula or an open quotation gets an apostrophe in front."""
    assert risky(cell)
    assert guarded(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "Acme", "-3.2", "-5", "< 30 ms", ">= 98 %", "'s-Hertogenbosch", "443", "16384-65535"])
def test_harmless_cells_stay(cell: str) -> None:
    """Numbers, also negative ones, and ordinary text are printed as they are."""
    assert guarded(cell) == cell


@given(STARTS, ANY_TEXT)
def test_guard_comes_off_again(start: str, text: str) -> None:
    """Whatever was typed is read back, also an apostrophe that was typed."""
    assert unguarded(guarded(start + text)) == start + text


def test_parsed_refuses_what_becomes_infinite() -> None:
    """400 digits are a number with a dot to the eye, and infinity to floating point."""
    with pytest.raises(ValueError, match="finite"):
        parsed("9" * 400)
