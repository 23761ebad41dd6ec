"""The firewall request: a letter and a table for those who keep the firewall."""

import csv
from dataclasses import replace
from io import StringIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nra.model.document import FirewallCheck, RunDocument
from nra.model.observation import PortState
from nra.model.region import Side
from nra.model.verdict import Verdict
from nra.report.cells import risky
from nra.report.firewall_request import COLUMNS, FirewallRequest, firewall_request
from nra.report.text import UnreadableReport, parse
from nra.testing.canned import KINDS, canned_run
from nra.testing.canned_ports import NETWORKS, OPEN, stopped

HOSTILE = (
    "=cmd|'/c calc'!A1", "+1", "-1", "@x", "'=x", '"', '"a\tb', "a\r\nb", "", " ", "\ufeff", "\x00\x1b[31m", "\u2028", "\u202e", "x" * 300,
    "🎧" * 30, "\udc80", "a,b,,c", ",", "; rm -rf ~", "$(reboot)", "`x`", "%PATH%", "日本語",
)  # fmt: skip
HOSTILE_TEXT = st.sampled_from(HOSTILE) | st.text(st.characters(exclude_categories=()), max_size=30)
DUE = ("bad", "round-trip", "blocked", "no-network")


def request(document: RunDocument) -> FirewallRequest:
    """Return the request of a run that must have one."""
    made = firewall_request(document)
    assert made is not None
    return made


def letter(document: RunDocument) -> list[str]:
    """Return the letter's lines."""
    return request(document).text.decode("utf-8-sig").removesuffix("\r\n").split("\r\n")


def table(document: RunDocument) -> list[dict[str, str]]:
    """Return the lines of the table as a spreadsheet or a script reads them."""
    return list(csv.DictReader(StringIO(request(document).table.decode("utf-8-sig"), newline="")))


def words(document: RunDocument) -> str:
    """Return the letter as one line."""
    return " ".join(" ".join(letter(document)).split())


@st.composite
def hostile_documents(draw: st.DrawFn) -> RunDocument:
    """Return a run that needs a request, with every text in it chosen to break it."""
    document = canned_run(draw(st.sampled_from(DUE)), org=draw(HOSTILE_TEXT), host=draw(HOSTILE_TEXT), site=draw(HOSTILE_TEXT))

    def check(each: FirewallCheck) -> FirewallCheck:
        names = ("port", "protocol", "service", "purpose", "destination", "evidence", "allow_to", "source")
        texts: dict[str, Any] = {name: draw(HOSTILE_TEXT) for name in names}
        return replace(each, at=draw(st.sampled_from(Side)), **texts)

    return replace(
        document,
        run=replace(document.run, region=draw(HOSTILE_TEXT), case=draw(HOSTILE_TEXT), tool_version=draw(HOSTILE_TEXT)),
        firewall=tuple(map(check, document.firewall or ())),
    )


@pytest.mark.parametrize("kind", KINDS)
def test_is_there_exactly_when_something_required_is_not_open(kind: str) -> None:
    """Everything open, nothing asked, or only optional ports closed: nobody is bothered."""
    document = canned_run(kind)
    due = any(check.required and check.state is not PortState.OPEN for check in document.firewall or ())
    assert (firewall_request(document) is not None) == due == (kind in DUE)


def test_a_skipped_half_asks_for_nothing() -> None:
    """Without a Firewall half there is nothing to ask for."""
    assert firewall_request(replace(canned_run("blocked"), firewall=None)) is None
    assert firewall_request(replace(canned_run("blocked"), firewall=())) is None


@pytest.mark.parametrize("kind", DUE)
def test_bytes(kind: str) -> None:
    """UTF-8 with byte-order mark, CRLF, in the letter no tab and no blanks at the ends of lines."""
    document = canned_run(kind, org="Söhne 日本")
    for data in (request(document).text, request(document).table):
        assert data.startswith(b"\xef\xbb\xbf")
        assert data.endswith(b"\r\n")
        assert data.count(b"\n") == data.count(b"\r\n") == data.count(b"\r")
        assert "Söhne 日本".encode() in data
    assert b"\t" not in request(document).text
    assert all(line == line.rstrip() for line in letter(document))


@pytest.mark.parametrize("kind", DUE)
def test_the_letter_is_about_a_hundred_columns_wide(kind: str) -> None:
    """It reads in an e-mail; only the command line, which is to be copied, may be longer."""
    assert [line for line in letter(canned_run(kind)) if len(line) > 100 and " run --only firewall" not in line] == []


def test_the_letter_says_who_asks_for_what_and_why() -> None:
    """Organization, site, workstation and its address, the run; each rule with destinations, direction, reason, what was seen, source."""
    said = words(canned_run("blocked"))
    for part in (
        "Firewall request: 2 rules to open, 1 rule to exempt - Acme Voice GmbH, PC-0417, eu-central-1",
        "From Acme Voice GmbH, site Munich, seat 3.17, case 0012345",
        "Workstation PC-0417, address 192.168.20.41",
        "Measured 2026-11-22T14:03:11Z by nra 0.1.0, run 6700c4f8f9268bd57d037f6abf69f405",
        "All of them are outbound",
        "Nothing has to be opened inbound",
        "2. UDP 3478 (STUN/TURN) To 52.129.96.0/20 169.150.104.0/21 167.234.48.0/20 136.245.64.0/18 Please open outbound Why finds a way",
        "Seen no answer from netdiag.euc1.pure.cloud (STUN Binding request: 3 sent within 500 ms, no answer; meanwhile TCP 443 of",
        "no answer from the reflector reflector.example.net (STUN Binding request",
        "Source https://ko-help.mypurecloud.com/?p=231520 (ports and services for clients)",
        "refused on the way to the reflector reflector.example.net (STAMP test packet: each of 3 sent: ICMP port unreachable (type 3",
        "Please exempt from TLS inspection",
    ):
        assert part in said


def test_blocked_and_not_proven_are_told_apart() -> None:
    """Under headings of their own, numbered through, the blocked ones first; what is open is listed for whoever checks the rules."""
    unproven = replace(OPEN["media"])
    document = replace(canned_run("bad"), firewall=(*(canned_run("bad").firewall or ())[:4], unproven))
    lines = letter(document)
    assert lines[0].startswith("Firewall request: 1 rule to open, 1 rule to confirm - ")
    headings = [
        lines.index(text) for text in ("Blocked: please open, or exempt from inspection", "Not proven: please confirm that it is open")
    ]
    assert headings[0] < lines.index(" 1. UDP 3478 (STUN/TURN)") < headings[1] < lines.index(" 2. UDP 16384-65535 (SRTP media)")
    kept = lines.index("Found open, please keep")
    assert lines[kept + 2] == "    TCP 443 to *.mypurecloud.de: open at api.mypurecloud.de; open at login.mypurecloud.de"
    assert headings[1] < kept < lines.index("To check again")


def test_without_a_network_that_comes_first() -> None:
    """A firewall team must not search its rules for a cable that is not plugged in."""
    lines = letter(canned_run("no-network"))
    assert lines[8].startswith("Nothing at all answered")
    assert "the network itself comes first" in words(canned_run("no-network"))
    assert not any(line.startswith("Blocked") for line in lines)
    assert not any("Nothing at all answered" in words(canned_run(kind)) for kind in DUE if kind != "no-network")


def test_an_interrupted_run_says_so() -> None:
    """What was not reached is not listed, and the letter says why."""
    document = canned_run("blocked")
    run = replace(document.run, used=replace(document.run.used, interrupted=True))
    assert "The measurement was ended early" in words(replace(document, run=run))


def test_the_reflector_is_explained_where_it_stood_in() -> None:
    """A reader must not open the port to the reflector alone; without a reflector the way to a proof is shown."""
    said = words(canned_run("blocked"))
    assert "tried at reflector.example.net, a host of our own outside of this network that answers in its place" in said
    assert "the destinations named in the rules were not contacted themselves" in said
    assert "For the check to succeed these must be open too" in said
    assert said.endswith("UDP 3478 to reflector.example.net UDP 16384-65535 to reflector.example.net")
    assert "reflector.example.net" not in words(canned_run("round-trip"))
    assert "`nra reflect --responders`" in words(canned_run("round-trip"))


@pytest.mark.parametrize(
    ("change", "options"),
    [
        ({}, "--services webrtc --reflector reflector.example.net:20862"),
        ({"authenticated": True, "reflector": None}, "--services webrtc --key-file FILE"),
        ({"reflector": "192.0.2.1:20862", "pin": "ab" * 32}, f"--services webrtc --reflector 192.0.2.1:20862 --pin {'ab' * 32}"),
        (
            {"services": ("webrtc", "byoc"), "reflector": "[2001:db8::7]:20862"},
            '--services "webrtc,byoc" --reflector "[2001:db8::7]:20862"',
        ),
    ],
)
def test_how_to_check_again(change: dict[str, Any], options: str) -> None:
    """The same questions again, on one line that can be copied."""
    document = canned_run("bad", org="Acme GmbH")
    document = replace(document, run=replace(document.run, asked=replace(document.run.asked, **change)))
    assert f'    nra.cmd run --only firewall --region eu-central-1 --org "Acme GmbH" --site Munich {options}' in letter(document)


@pytest.mark.parametrize("org", ['x" & del *', "$(reboot)", "`x`", "%PATH%", "a;b", "a|b", "a\\", "“x”", "--help", "a\nb", ""])
def test_a_name_that_a_command_line_could_obey_is_left_out(org: str) -> None:
    """The letter is forwarded to people who copy from it; the program asks for what is missing."""
    assert (
        "    nra.cmd run --only firewall --region eu-central-1 --site Munich --services webrtc --reflector reflector.example.net:20862"
        in letter(canned_run("bad", org=org))
    )


def test_the_table_has_a_line_per_rule_and_destination() -> None:
    """What can be filtered and imported: one network per line, what is blocked first, and nothing that is open already."""
    lines = table(canned_run("blocked"))
    assert [(line["Action"], line["Protocol"], line["Port"], line["Destination"]) for line in lines] == [
        ("exempt from TLS inspection", "TCP", "443", "*.mypurecloud.de"),
        *(("open", "UDP", "3478", network) for network in NETWORKS.split(", ")),
        ("open for the check", "UDP", "3478", "reflector.example.net"),
        *(("open", "UDP", "16384-65535", network) for network in NETWORKS.split(", ")),
        ("open for the check", "UDP", "16384-65535", "reflector.example.net"),
    ]
    assert {(line["Direction"], line["Required"]) for line in lines} == {("outbound", "yes")}


def test_a_line_of_the_table_stands_by_itself() -> None:
    """Everything that the request says of a destination, also who asks and which run it was."""
    assert table(canned_run("bad"))[0] == {
        "Action": "open",
        "Protocol": "UDP",
        "Source": "192.168.20.41",
        "Destination": "52.129.96.0/20",
        "Port": "3478",
        "Direction": "outbound",
        "Service": "STUN/TURN",
        "Purpose": "finds a way through NAT for WebRTC media; closed: more calls fail",
        "Required": "yes",
        "State": "no_answer",
        "Evidence": "STUN Binding request: 3 sent within 500 ms, no answer; meanwhile TCP 443 of api.mypurecloud.de answered",
        "Tested at": "netdiag.euc1.pure.cloud",
        "Reference": "https://ko-help.mypurecloud.com/?p=231520 (ports and services for clients)",
        "Organization": "Acme Voice GmbH",
        "Site": "Munich",
        "Workstation": "PC-0417",
        "Measured": "2026-11-22T14:03:11Z",
        "Run id": "f932c71c25011fb669d95261e8a1cff2",
        "Tool version": "0.1.0",
    }
    assert list(table(canned_run("bad"))[0]) == list(COLUMNS)


def test_the_table_says_where_a_stand_in_was_asked() -> None:
    """The destination is what production needs; who was asked instead has a column of its own, empty where nobody was."""
    by_port = {line["Port"]: line for line in table(canned_run("blocked"))}
    assert by_port["3478"]["Tested at"] == "netdiag.euc1.pure.cloud; the reflector reflector.example.net"
    assert by_port["16384-65535"]["Tested at"] == "the reflector reflector.example.net"
    assert table(canned_run("round-trip"))[0]["Tested at"] == ""
    assert table(canned_run("no-network"))[0]["Source"] == ""


def test_needs_of_a_rule_are_joined() -> None:
    """A silent host and an intercepted one under the same rule: both are asked for on the same line."""
    silent = replace(OPEN["https"], state=PortState.NO_ANSWER, verdict=Verdict.FAIL, evidence="silent")
    watched = replace(OPEN["login"], state=PortState.TLS_INTERCEPTED, verdict=Verdict.FAIL, evidence="another issuer")
    (line,) = table(replace(canned_run("bad"), firewall=(silent, watched)))
    assert (line["Action"], line["State"], line["Evidence"]) == (
        "open; exempt from TLS inspection",
        "no_answer; tls_intercepted",
        "silent; another issuer",
    )


def test_a_cell_cut_at_semicolons_is_no_formula_either() -> None:
    """Half of Europe's spreadsheets take `;` for the separator: a server's word must not become a formula behind one."""
    check = replace(
        OPEN["https"], state=PortState.NO_ANSWER, verdict=Verdict.FAIL, evidence="HTTP 302 to x; =cmd|' /C calc'!A0;+1;@sum; \"x"
    )
    (line,) = table(replace(canned_run("bad"), firewall=(check,)))
    assert line["Evidence"] == "HTTP 302 to x; '=cmd|' /C calc'!A0;'+1;'@sum; '\"x"


@given(hostile_documents())
@settings(max_examples=100)
def test_whatever_people_type(document: RunDocument) -> None:
    """Every line of the table keeps its columns, no cell is a formula, no character of the letter commands a terminal."""
    lines = list(csv.reader(StringIO(request(document).table.decode("utf-8-sig"), newline="")))
    assert {len(line) for line in lines} == {len(COLUMNS)}
    assert not any(risky(part.strip()) and not part.strip().startswith("'") for line in lines for cell in line for part in cell.split(";"))
    assert not any(character in "\t\x00\x1b\u2028\u202e\ufeff" for line in letter(document) for character in line)
    assert all(line == "" or line.isprintable() or not line.isascii() for line in letter(document))


def test_a_request_is_no_text_report() -> None:
    """Whoever gathers text reports from a folder can tell this letter from them."""
    with pytest.raises(UnreadableReport):
        parse(request(canned_run("blocked")).text)


def test_without_a_stick_it_is_checked_again_by_the_installed_program() -> None:
    """Where nra is installed it has its own name."""
    document = canned_run("blocked")
    lines = letter(replace(document, run=replace(document.run, stick=None)))
    assert any(line.startswith("    nra run --only firewall ") for line in lines)
    assert "On this workstation, or on another one of the same network:" in lines


@pytest.mark.parametrize(("system", "program"), [("Windows", "nra.cmd"), ("Linux", "sh nra.sh"), ("Darwin", "./nra.command")])
def test_from_a_stick_it_is_checked_again_by_the_stick_s_launcher(system: str, program: str) -> None:
    """A workstation where nothing may be installed knows no `nra`."""
    document = canned_run("blocked")
    run = replace(document.run, stick="0" * 64, host=replace(document.run.host, os=system))
    lines = letter(replace(document, run=run))
    assert any(line.startswith(f"    {program} run --only firewall ") for line in lines)
    assert "On this workstation, or on another one of the same network, in the stick's folder:" in lines


def test_ports_that_were_only_interrupted_need_no_request() -> None:
    """Nothing is asked for that the user himself kept from being asked; what was found closed before is still asked for."""
    document = canned_run("blocked")
    rows = tuple(map(stopped, document.firewall or ()))
    assert firewall_request(replace(document, firewall=rows)) is None
    closed = next(check for check in document.firewall or () if check.required and check.verdict is Verdict.FAIL)
    kept = replace(document, firewall=(closed, *(row for row in rows if row.allow_to != closed.allow_to)))
    assert len(table(kept)) >= 1
    assert "interrupted" not in request(kept).table.decode()
