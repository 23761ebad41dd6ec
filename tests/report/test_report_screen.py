"""What the terminal shows at the end of a run."""

from io import StringIO

import pytest
from rich.console import Console

from nra.report.screen import plain, summary
from nra.report.view import view
from nra.testing.canned import KINDS, canned_run


def drawn(kind: str, width: int, host: str = "PC-0417", *, colour: bool = False) -> str:
    """Return what rich draws of a canned run in a terminal of that width."""
    console = Console(file=StringIO(), width=width, force_terminal=colour, color_system="standard" if colour else None)
    console.print(summary(canned_run(kind, host=host)))
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize("kind", KINDS)
def test_the_verdict_comes_first(kind: str) -> None:
    """The first words are the verdict and its sentence, on a terminal and elsewhere."""
    shown = view(canned_run(kind))
    assert plain(canned_run(kind)).startswith(f"{shown.overall}: {shown.meaning[0]}\n")
    assert " ".join(drawn(kind, 400).split()).startswith(f"{shown.overall} {shown.meaning[0]}")


def test_two_columns_where_there_is_room() -> None:
    """VOIP stands left of Firewall and of what was asked at the reflector in a wide terminal, above them in a narrow one."""
    assert any("VOIP" in line and "Firewall" in line for line in drawn("bad", 150).splitlines())
    assert any("Upstream MOS Score" in line and "At the reflector" in line for line in drawn("bad", 150).splitlines())
    narrow = drawn("bad", 80).splitlines()
    assert not any("VOIP" in line and "Firewall" in line for line in narrow)
    assert max(map(len, narrow)) <= 80


@pytest.mark.parametrize("text", [plain(canned_run("bad")), drawn("bad", 150)])
def test_rows_have_word_and_expectation(text: str) -> None:
    """Each row shows result, expectation and the verdict in words; each port its state."""
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert any("Down Packet Loss 3.00 % < 1 % FAIL" in line for line in lines)
    assert any("Upstream MOS Score 4.39 >= 3.6 PASS" in line for line in lines)
    assert any("3478 UDP STUN/TURN yes FAIL no_answer netdiag.euc1.pure.cloud" in line for line in lines)
    assert any("3478 UDP STUN/TURN yes PASS open reflector.example.net" in line for line in lines)
    reflector = next(number for number, line in enumerate(lines) if "At the reflector Service Required" in line)
    assert reflector > next(number for number, line in enumerate(lines) if "19302 UDP" in line)


@pytest.mark.parametrize("width", [100, 80, 60, 40])
def test_no_host_is_cut_off(width: int) -> None:
    """In a narrow terminal a destination goes on in the next line; no letter of it is lost to an ellipsis."""
    text = drawn("blocked", width)
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= width
    if width == 100:
        assert all(host in text for host in ("netdiag.euc1.pure.cloud", "reflector.example.net", "tls_intercepted"))


def test_plain_lines_fit_a_usual_terminal() -> None:
    """Both tables of ports take at most 100 columns, and what may be long stands last."""
    lines = plain(canned_run("blocked")).splitlines()
    table = [line for line in lines if line.startswith(("Firewall  ", "At the reflector")) or " UDP " in line[:16] or " TCP " in line[:16]]
    assert len(table) == 2 + 9
    assert max(map(len, table)) <= 100
    assert {line.split()[-1] for line in table[1:8]} == {check.destination for check in (canned_run("blocked").firewall or ())[:7]}


def test_an_optional_port_is_never_red() -> None:
    """Silent or refused, its word is INFO in its own colour (contract 4.4)."""
    rows = [line for line in drawn("blocked", 120, colour=True).splitlines() if " no " in line and ("UDP" in line or "TCP" in line)]
    optional = [line for line in rows if "\x1b[36mINFO" in line]
    assert len(optional) == 4
    assert not any("FAIL" in line or "\x1b[1;31m" in line for line in optional)


def test_a_column_of_notes_only_where_there_are_some() -> None:
    """An empty column would take the room in which Firewall could stand beside VOIP."""
    assert "Note" not in plain(canned_run("bad"))
    assert "Note" in plain(canned_run("blocked"))


def test_absent_is_a_word() -> None:
    """What was not measured is said in words, never as a number; a table of what was skipped altogether is left out."""
    assert "Up Jitter not measured < 30 ms NOT MEASURED no answer over UDP" in " ".join(plain(canned_run("blocked")).split())
    assert "Up Jitter" not in plain(canned_run("firewall-only"))


def test_colour_comes_in_addition_only() -> None:
    """Without its colours the coloured summary is the same text."""
    assert "\x1b[1;31mFAIL" in drawn("bad", 150, colour=True)
    assert "\x1b" not in drawn("bad", 150)


@pytest.mark.parametrize("kind", KINDS)
def test_plain_lines_have_no_trailing_blanks(kind: str) -> None:
    """Plain lines are made for logs: no colour, no blanks at the ends, no tabs."""
    text = plain(canned_run(kind))
    assert not any(line != line.rstrip() for line in text.split("\n"))
    assert "\x1b" not in text
    assert "\t" not in text


def test_names_are_no_markup() -> None:
    """A port's service called [bold] is shown as typed, and does not style anything."""
    from dataclasses import replace

    document = canned_run("good")
    checks = tuple(replace(check, service="[bold red]x[/]") for check in document.firewall or ())
    console = Console(file=StringIO(), width=200)
    console.print(summary(replace(document, firewall=checks)))
    assert isinstance(console.file, StringIO)
    assert "[bold red]x[/]" in console.file.getvalue()
