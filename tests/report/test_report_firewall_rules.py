"""Which rules a run asks a firewall for."""

from dataclasses import replace
from typing import Any

import pytest

from nra.model.document import FirewallCheck, RunDocument
from nra.model.observation import PortState
from nra.model.region import Side
from nra.model.verdict import Verdict
from nra.report.firewall_rules import UNKNOWN, Need, allowed, need_of, nothing_answered, place, rules, seen
from nra.testing.canned import KINDS, canned_run
from nra.testing.canned_ports import NETWORKS, OPEN


def with_checks(*checks: FirewallCheck) -> RunDocument:
    """Return a run of these ports."""
    return replace(canned_run("blocked"), firewall=checks)


def closed(name: str = "stun", state: PortState = PortState.NO_ANSWER, verdict: Verdict = Verdict.FAIL, **change: Any) -> FirewallCheck:
    """Return a canned row that is not open."""
    return replace(OPEN[name], state=state, verdict=verdict, evidence="what was seen", **change)


@pytest.mark.parametrize(
    ("state", "verdict", "need"),
    [
        (PortState.OPEN, Verdict.PASS, Need.KEEP),
        (PortState.REFUSED, Verdict.FAIL, Need.OPEN),
        (PortState.NO_ANSWER, Verdict.FAIL, Need.OPEN),
        (PortState.TLS_INTERCEPTED, Verdict.FAIL, Need.EXEMPT),
        (PortState.NO_RESPONDER, Verdict.NOT_MEASURED, Need.CONFIRM),
        (PortState.DNS_FAILED, Verdict.NOT_MEASURED, Need.CONFIRM),
        (PortState.UNREACHABLE, Verdict.NOT_MEASURED, Need.CONFIRM),
    ],
)
def test_a_need_follows_from_the_state(state: PortState, verdict: Verdict, need: Need) -> None:
    """What failed is to be opened or exempt, what proves nothing is to be confirmed, what is open is to be kept."""
    assert need_of(closed(state=state, verdict=verdict)) is need


def test_blocked_before_unproven_before_open() -> None:
    """The firewall team reads what is broken first."""
    unproven = closed("https", PortState.UNREACHABLE, Verdict.NOT_MEASURED)
    found = rules(with_checks(OPEN["media there"], unproven, closed()))
    assert [(rule.port, rule.needs) for rule in found] == [
        ("3478", (Need.OPEN,)),
        ("443", (Need.CONFIRM,)),
        ("16384-65535", (Need.KEEP,)),
    ]


def test_service_and_reflector_say_together_what_is_known_of_a_rule() -> None:
    """One port and one set of networks are one rule, whoever was asked; the check that failed speaks first."""
    (rule,) = rules(with_checks(OPEN["stun"], closed("stun there")))
    assert rule.allow_to == tuple(NETWORKS.split(", "))
    assert rule.needs == (Need.OPEN,)
    assert [each.partition(" (")[0] for each in rule.seen] == [
        "no answer from the reflector reflector.example.net",
        "open at netdiag.euc1.pure.cloud",
    ]


def test_other_networks_are_another_rule() -> None:
    """The same port to other destinations is not the same request."""
    assert len(rules(with_checks(OPEN["stun"], replace(closed(), allow_to="198.51.100.0/24")))) == 2


def test_a_rule_can_need_two_things() -> None:
    """One host silent and another intercepted, both under the same rule: open it and exempt it."""
    checks = (closed("https"), closed("login", PortState.TLS_INTERCEPTED), OPEN["https"])
    (rule,) = rules(with_checks(*checks))
    assert (rule.needs, rule.blocked) == ((Need.OPEN, Need.EXEMPT), True)


def test_optional_ports_ask_for_nothing() -> None:
    """Closed or silent, nobody needs to be asked to open them."""
    assert rules(with_checks(closed("google", verdict=Verdict.INFO))) == ()
    assert rules(replace(canned_run("good"), firewall=None)) == ()


def test_the_same_row_twice_is_said_once() -> None:
    """Two profiles may need the same port for the same or for two purposes."""
    (rule,) = rules(with_checks(closed(), closed(), closed(purpose="something else")))
    assert len(rule.seen) == 1
    assert rule.purposes == (OPEN["stun"].purpose, "something else")
    assert rule.sources == (OPEN["stun"].source,)


@pytest.mark.parametrize(
    ("allow_to", "destination", "expected"),
    [
        ("52.129.96.0/20, 169.150.104.0/21", "x", ("52.129.96.0/20", "169.150.104.0/21")),
        ("a.example,,a.example , b.example", "x", ("a.example", "b.example")),
        ("2001:db8::/32", "x", ("2001:db8::/32",)),
        ("", "host.example", ("host.example",)),
        ("", "host.example:3478", ("host.example",)),
        ("", "[2001:db8::7]:3478", ("2001:db8::7",)),
        ("", "2001:db8::7", ("2001:db8::7",)),
        (" ", "", (UNKNOWN,)),
    ],
)
def test_what_a_rule_must_let_through(allow_to: str, destination: str, expected: tuple[str, ...]) -> None:
    """Each host or network once; without any the host that was asked, and never "everything"."""
    assert allowed(replace(OPEN["stun"], allow_to=allow_to, destination=destination)) == expected


@pytest.mark.parametrize(
    ("refused_by", "words"),
    [
        ("workstation", "refused by the workstation itself, before anything left for netdiag.euc1.pure.cloud (what was seen)"),
        ("way", "refused on the way to netdiag.euc1.pure.cloud (what was seen)"),
        ("host", "refused by netdiag.euc1.pure.cloud itself, or in its name (what was seen)"),
        (None, "refused at netdiag.euc1.pure.cloud (what was seen)"),
    ],
)
def test_seen_tells_who_refused(refused_by: str | None, words: str) -> None:
    """A refusal on the way is the firewall's own word; nobody is blamed where that is not known."""
    assert seen(closed(state=PortState.REFUSED, refused_by=refused_by)) == words


@pytest.mark.parametrize(("refused_by", "need"), [("workstation", Need.WORKSTATION), ("host", Need.FAR_END), ("way", Need.OPEN)])
def test_who_refused_says_what_is_needed(refused_by: str, need: Need) -> None:
    """A firewall team opens what a device on the way refuses; behind a workstation that lets nothing out it can only confirm."""
    assert need_of(closed(state=PortState.REFUSED, refused_by=refused_by)) is need


@pytest.mark.parametrize("state", PortState)
def test_seen_has_words_for_every_state(state: PortState) -> None:
    """With the host that was asked, and without brackets where there is no evidence."""
    words = seen(replace(closed(state=state), evidence=""))
    assert "netdiag.euc1.pure.cloud" in words
    assert "(" not in words


def test_place_names_who_was_asked() -> None:
    """A row that names networks, because nobody was asked, is about the service."""
    assert place(OPEN["stun there"]) == "the reflector reflector.example.net"
    assert place(replace(OPEN["media"], destination=NETWORKS)) == place(replace(OPEN["media"], destination="")) == "the service"


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_answered_only_without_a_network(kind: str) -> None:
    """Any answer, also a refusal, shows that there is a network; a run that asked no port knows nothing."""
    assert nothing_answered(canned_run(kind)) == (kind == "no-network")


def test_a_refusal_is_an_answer() -> None:
    """One port that was declined is enough to know that the network is there, optional or not."""
    document = canned_run("no-network")
    declined = closed("dns", PortState.REFUSED, Verdict.INFO)
    assert not nothing_answered(replace(document, firewall=(*(document.firewall or ()), declined)))
    unreachable = replace(document, firewall=(closed(state=PortState.UNREACHABLE, verdict=Verdict.NOT_MEASURED),))
    assert nothing_answered(unreachable)
    assert not nothing_answered(replace(unreachable, voice=canned_run("good").voice))
    assert not nothing_answered(with_checks(OPEN["media"]))


def test_at_is_the_side() -> None:
    """The service's rows come first, whatever the document's order."""
    (rule,) = rules(with_checks(OPEN["stun there"], OPEN["stun"]))
    assert [check.at for check in rule.checks] == [Side.SERVICE, Side.REFLECTOR]


def test_what_the_user_stopped_asks_nobody_for_anything() -> None:
    """Neither the firewall team nor the network: the run is to be made again."""
    stopped = closed(state=PortState.UNREACHABLE, verdict=Verdict.NOT_MEASURED)
    stopped = replace(stopped, evidence="STUN Binding: stopped (interrupted)", stopped=True)
    assert need_of(stopped) is Need.AGAIN
    assert seen(stopped).startswith("interrupted before it was known: ")
    assert not nothing_answered(replace(with_checks(stopped), voice=None))
