"""The text report and its reader (contract 4.2)."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nra.model.document import Finding, FirewallCheck, Metric, RunDocument
from nra.model.region import Side
from nra.report.cells import risky
from nra.report.load import HEADER as LOADED_HEADER
from nra.report.text import FIREWALL_HEADER, TRIED_HEADER, VOIP_HEADER, UnreadableReport, parse, print_view, render
from nra.report.view import AT_REFLECTOR, view
from nra.testing.canned import KINDS, canned_run

FACTS = [
    "Organization", "Site", "Seat", "Case", "Workstation", "Region", "Measured by", "Server", "Started", "Duration",
    "Tool version", "Run id", "Thresholds", "Overall",
]  # fmt: skip
HOSTILE = (
    "=cmd()", "+1", "-1", "-1.5", "@x", "'=x", '"', '"a\tb', "VOIP", "What to do", "Firewall\r\n\r\nVOIP", "", " ", "\ufeff", "\x00\x1b",
    "\u2028", "\u202e", "Overall\tPASS", "🎧" * 30, "x" * 300, "\udc80",
)  # fmt: skip
HOSTILE_TEXT = st.sampled_from(HOSTILE) | st.text(st.characters(exclude_categories=()), max_size=30)


@st.composite
def hostile_documents(draw: st.DrawFn) -> RunDocument:
    """Return a run with every text in it chosen to break the report."""
    document = canned_run(draw(st.sampled_from(sorted(KINDS))), org=draw(HOSTILE_TEXT), host=draw(HOSTILE_TEXT), site=draw(HOSTILE_TEXT))

    def metric(each: Metric) -> Metric:
        value = draw(st.none() | st.floats(-1e9, 1e9))
        return replace(each, label=draw(HOSTILE_TEXT), unit=draw(HOSTILE_TEXT | st.just("ms")), value=value, note=draw(HOSTILE_TEXT))

    def check(each: FirewallCheck) -> FirewallCheck:
        return replace(
            each,
            port=draw(HOSTILE_TEXT),
            service=draw(HOSTILE_TEXT | st.just(AT_REFLECTOR)),
            destination=draw(HOSTILE_TEXT),
            evidence=draw(HOSTILE_TEXT),
            allow_to=draw(HOSTILE_TEXT),
            at=draw(st.sampled_from(Side)),
        )

    finding = Finding(
        where=draw(HOSTILE_TEXT), severity="fail", text=draw(HOSTILE_TEXT), evidence=draw(HOSTILE_TEXT), advice=draw(HOSTILE_TEXT)
    )
    return replace(
        document,
        run=replace(document.run, region=draw(HOSTILE_TEXT), case=draw(HOSTILE_TEXT), tool_version=draw(HOSTILE_TEXT)),
        metrics=tuple(map(metric, document.metrics)),
        firewall=tuple(map(check, document.firewall or ())),
        findings=(finding, *document.findings),
    )


@given(hostile_documents())
@settings(max_examples=100)
def test_reads_back_every_value_that_it_prints(document: RunDocument) -> None:
    """Whatever people type, the report read back equals what was printed, and prints the same again."""
    printed = render(document)
    back = parse(printed)
    assert back == view(document)
    assert print_view(back) == printed


@given(hostile_documents())
@settings(max_examples=50)
def test_columns_stay_intact(document: RunDocument) -> None:
    """Every line of a table has as many cells as its header, and no cell could be pasted as a formula."""
    lines = render(document).decode("utf-8-sig").removesuffix("\r\n").split("\r\n")
    voip, firewall, meaning = (lines.index("\t".join(header)) for header in (VOIP_HEADER, FIREWALL_HEADER, ("What this means",)))
    assert {line.count("\t") for line in lines[1 : voip - 2]} == {1}
    assert {line.count("\t") for line in lines[voip : firewall - 2]} == {5}
    tried = lines.index("\t".join(TRIED_HEADER)) if document.capacity else meaning + 1
    loaded = lines.index("\t".join(LOADED_HEADER)) if document.load else meaning + 1
    assert {line.count("\t") for line in lines[firewall : min(meaning, tried - 1, loaded - 1) - 1]} == {7}
    assert {line.count("\t") for line in lines[tried : meaning - 1]} <= {5}
    assert {line.count("\t") for line in lines[loaded : meaning - 1]} <= {11}
    assert not any(risky(cell) and not cell.startswith("'") for line in lines for cell in line.split("\t"))


def test_is_utf8_with_mark_and_crlf() -> None:
    """UTF-8 with byte-order mark, CRLF at the end of every line (contract 4.2)."""
    data = render(canned_run(org="Söhne"))
    assert data.startswith(b"\xef\xbb\xbfNetwork readiness assessment: PASS")
    assert data.endswith(b"\r\n")
    assert data.count(b"\n") == data.count(b"\r\n") == data.count(b"\r")
    assert "Organization\tSöhne\r\n".encode() in data


def test_has_the_contract_s_lines() -> None:
    """Title, facts, VOIP and Firewall with their headers, two sections of sentences, in this order (contract 4.2)."""
    lines = render(canned_run()).decode("utf-8-sig").split("\r\n")
    assert [line.split("\t")[0] for line in lines[1:15]] == FACTS
    assert lines[15:18] == ["", "VOIP", "Measurement\tResult\tUnit\tExpectation\tVerdict\tNote"]
    assert lines[18] == "Up Jitter\t1.8\tms\t< 30 ms\tPASS\t"
    firewall = lines.index("Firewall")
    assert lines[firewall + 1] == "Port\tProtocol\tService\tDestination\tRequired\tState\tVerdict\tEvidence"
    assert lines[firewall + 2].split("\t") == [
        "443", "TCP", "HTTPS", "api.mypurecloud.de", "yes", "open", "PASS",
        "IPv4 3.120.4.17: TLSv1.3, certificate issued by Amazon RSA 2048 M02 after 11.7 ms",
    ]  # fmt: skip
    assert lines.index("What this means") < lines.index("What to do")


def test_rows_stand_in_the_contract_s_order() -> None:
    """The eleven labels, exactly and in order (contract 2)."""
    labels = [row.measurement for row in parse(render(canned_run())).voip]
    assert labels == [
        "Up Jitter", "Down Jitter", "Up Packet Loss", "Down Packet Loss", "Up Packet Discards", "Down Packet Discards", "Up Packet Order",
        "Down Packet Order", "Round Trip Average Time", "Upstream MOS Score", "Downstream MOS Score",
    ]  # fmt: skip


def test_values_come_back_as_numbers() -> None:
    """`nra compile` gets the printed number, None where nothing was measured."""
    assert [row.value for row in parse(render(canned_run("bad"))).voip][:4] == [22.0, 33.4, 0.2, 3.0]
    assert {row.value for row in parse(render(canned_run("blocked"))).voip} == {None}


def test_forgives_what_editors_do() -> None:
    """Without byte-order mark, with other line ends and with tabs cut off at line ends the report still reads."""
    data = render(canned_run("blocked"))
    lines = data.decode("utf-8-sig").replace("\r\n", "\n").split("\n")
    edited = "\n".join(line.rstrip() for line in lines) + "\n\n\n"
    assert parse(edited.encode()) == parse(data)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("VOIP\r\n", "VoIP\r\n", "expected the sections VOIP, Firewall"),
        ("Measurement\tResult", "Measurement\tValue", "expected the columns Measurement, Result"),
        ("\t1.8\tms", "\t1,8\tms", "expected a number with a dot, found '1,8'"),
        ("\tPASS\t\r\n", "\tGOOD\t\r\n", "'GOOD' is not a valid Verdict"),
        ("Overall\tPASS", "Overall\tGOOD", "expected a line 'Overall'"),
        ("443\tTCP", "443\tTCP\t\t", "expected 8 columns"),
        ("\tyes\topen", "\tmaybe\topen", "maybe"),
    ],
)
def test_says_what_is_wrong_with_a_foreign_report(old: str, new: str, complaint: str) -> None:
    """A report that was changed by hand is refused with the place of the change."""
    text = render(canned_run()).decode("utf-8-sig")
    assert old in text
    with pytest.raises(UnreadableReport, match=complaint):
        parse(text.replace(old, new, 1).encode())


@given(st.binary(max_size=200))
def test_arbitrary_bytes_raise_nothing_else(data: bytes) -> None:
    """Only UnreadableReport comes out of arbitrary bytes."""
    with pytest.raises(UnreadableReport):
        parse(data)


@given(st.data())
@settings(max_examples=60)
def test_truncations_never_crash(data: st.DataObject) -> None:
    """A report cut off anywhere before its last section is refused."""
    whole = render(canned_run("bad"))
    end = whole.index(b"What to do")
    with pytest.raises(UnreadableReport):
        parse(whole[: data.draw(st.integers(0, end - 1))])


def test_a_run_may_have_both_a_search_and_a_load() -> None:
    """Each has its section, the search before the load, and both read back."""
    both = replace(canned_run("under-load"), capacity=canned_run("until-breach").capacity)
    text = render(both).decode("utf-8-sig")
    assert text.index("\r\nCalls until breach\r\n") < text.index("\r\nUnder load\r\n")
    assert parse(render(both)) == view(both)
