"""The firewall request as a letter: plain lines that a firewall team understands without knowing this program."""

import re
from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import Final

from nra.model.document import Run, RunDocument
from nra.model.observation import PortState
from nra.model.region import Side
from nra.report.cells import clean
from nra.report.firewall_rules import Need, Rule, nothing_answered, seen

WIDTH: Final = 100
INDENT: Final = 4
LABELLED: Final = 11  # columns that the name of a rule's line takes
PLAIN: Final = re.compile(r"[\w .,:\[\]'()+@-]+")  # between double quotes these mean themselves to every command line
NETWORK_FIRST: Final = (
    "Nothing at all answered, neither what is required nor anything else. So the network itself comes first: cable or Wi-Fi, address, "
    "VPN, name resolution (DNS), way to the internet. What follows is what calls need once it is there; nothing is known of its state."
)
ASKED: Final = (
    "Voice calls of this workstation, and of others like it, need the connections below. All of them are outbound: the workstation "
    "opens them, and the firewall must let the replies of a connection that was opened from inside come back, over UDP too. Nothing has "
    "to be opened inbound."
)
INTERRUPTED: Final = "The measurement was ended early: what it did not come to is not listed."
STAND_IN: Final = (
    "The service answers nobody who has no account, so some of this was tried at {reflectors}, a host of our own outside of this network "
    "that answers in its place; the destinations named in the rules were not contacted themselves."
)
FOR_THE_CHECK: Final = "For the check to succeed these must be open too. They may be closed again afterwards; calls do not need them:"
CHECK: Final = "On this workstation, or on another one of the same network:"
CHECK_BY_STICK: Final = "On this workstation, or on another one of the same network, in the stick's folder:"
NOBODY_ANSWERS: Final = (
    "It cannot prove what nobody answers at. A reflector of your own can: start `nra reflect --responders` on a machine outside of this "
    "network, best in the region, and add `--reflector` with its name to the line above."
)
LAUNCHERS: Final = {"Windows": "nra.cmd", "Darwin": "./nra.command"}  # in the stick's folder; else "sh nra.sh"
AFTERWARDS: Final = "It ends with exit code 0 and writes no firewall request any more once everything required is open."
DECLINED: Final = "Rejected, silent although other hosts answered at the same time, or opened by TLS inspection."
UNPROVEN: Final = (
    "Neither open nor closed towards the service: nobody answers there without an account, or a name or the way there was missing. "
    "Please see whether the rules let it through; where it was refused or silent at a reflector, they probably do not."
)
BARRED: Final = (
    "Whoever looks after the workstation must allow this in its own firewall or security software first: nothing left it, so nothing is "
    "known of the firewalls on the way."
)
REFUSING: Final = "The host that was asked answered that nobody listens there, so the way to it is open."
SECTIONS: Final = (
    ((Need.OPEN, Need.EXEMPT), "Blocked: please open, or exempt from inspection", DECLINED),
    ((Need.CONFIRM,), "Not proven: please confirm that it is open", UNPROVEN),
    ((Need.WORKSTATION,), "Refused by the workstation's own firewall: please confirm that it is open on the way", BARRED),
    ((Need.FAR_END,), "Reached, and refused by the host itself: nothing to open", REFUSING),
)
REQUESTS: Final = {
    Need.OPEN: "open outbound",
    Need.EXEMPT: "exempt from TLS inspection: the port is open, but somebody else's certificate answers",
    Need.CONFIRM: "confirm that it is open outbound",
    Need.WORKSTATION: "allow it outbound in the workstation's own firewall, and confirm that it is open outbound behind it",
    Need.FAR_END: "nothing; listed so that nobody looks for a rule",
}

COUNTED: Final = (
    (Need.OPEN, "to open"),
    (Need.EXEMPT, "to exempt"),
    (Need.CONFIRM, "to confirm"),
    (Need.WORKSTATION, "refused by the workstation itself"),
    (Need.FAR_END, "refused by the far end"),
)


def letter(document: RunDocument, wanted: Sequence[Rule]) -> Iterator[str]:
    """Yield the letter's lines, about 100 columns wide; addresses and links are never broken."""
    run = document.run
    todo = [rule for rule in wanted if rule.needs != (Need.KEEP,)]
    yield f"Firewall request: {_counted(todo)} - {', '.join(map(clean, (run.org.name, run.host.name, run.region)))}".rstrip(" ,-")
    yield ""
    yield from _who(run)
    first = NETWORK_FIRST if nothing_answered(document) else ""
    for paragraph in (first, ASKED, _stand_in(wanted), INTERRUPTED if run.used.interrupted else ""):
        if paragraph:
            yield from ("", *_wrapped(paragraph, 0))
    number = 1
    for needs, title, meaning in SECTIONS:
        section = [rule for rule in todo if rule.needs[0] in needs]
        if section:
            yield from ("", *_heading(title), *_wrapped(meaning, 0))
            for index, rule in enumerate(section, start=number):
                yield from ("", *_rule(index, rule))
            number += len(section)
    yield from _kept([rule for rule in wanted if rule.needs == (Need.KEEP,)])
    yield from _again(run, wanted)


def _counted(todo: Sequence[Rule]) -> str:
    counted = ((sum(rule.needs[0] is need for rule in todo), words) for need, words in COUNTED)
    return ", ".join(f"{count} rule{'s' if count > 1 else ''} {words}" for count, words in counted if count)


def _who(run: Run) -> Iterator[str]:
    labels = (("site", run.site), ("seat", run.seat), ("case", run.case))
    named = ", ".join([clean(run.org.name), *(f"{label} {clean(value)}" for label, value in labels if clean(value))])
    address = f", address {run.host.local_address}" if run.host.local_address else ""
    for name, value in (
        ("From", named),
        ("Workstation", f"{clean(run.host.name)}{address}"),
        ("For", "this workstation, and the networks of all others here that shall make calls"),
        ("Region", run.region),
        ("Measured", f"{run.started_at} by nra {run.tool_version}, run {run.id}"),
    ):
        yield from _labelled(name, value, 0, 14)


def _heading(title: str) -> Sequence[str]:
    return title, "-" * len(title)


def _rule(index: int, rule: Rule) -> Iterator[str]:
    services = f" ({', '.join(rule.services)})" if rule.services else ""
    yield f"{index:>2}. {rule.protocol} {rule.port}{services}"
    for name, values in (
        ("To", rule.allow_to),
        ("Please", [REQUESTS[need] for need in rule.needs]),
        ("Why", rule.purposes),
        ("Seen", rule.seen),
        ("Source", rule.sources),
    ):
        for line, value in enumerate(values):
            yield from _labelled("" if line else name, value, INDENT, LABELLED)


def _kept(rules: Sequence[Rule]) -> Iterator[str]:
    if not rules:
        return
    yield from ("", *_heading("Found open, please keep"))
    for rule in rules:
        places = "; ".join(dict.fromkeys(seen(check).partition(" (")[0] for check in rule.checks))
        untried = "; only there was it tried" if len(rule.allow_to) > 1 else ""
        yield from _wrapped(f"{rule.protocol} {rule.port} to {', '.join(rule.allow_to)}: {places}{untried}", INDENT)


def _again(run: Run, wanted: Sequence[Rule]) -> Iterator[str]:
    where = CHECK_BY_STICK if run.stick else CHECK
    yield from ("", *_heading("To check again"), where, "", f"{'':{INDENT}}{_command(run)}", "", *_wrapped(AFTERWARDS, 0))
    there = [f"{rule.protocol} {rule.port} to {reflector}" for rule in wanted for reflector in rule.reflectors]
    if there:
        yield from ("", *_wrapped(FOR_THE_CHECK, 0), "", *(line for each in there for line in _wrapped(each, INDENT)))
    elif any(check.state is PortState.NO_RESPONDER for rule in wanted for check in rule.checks):
        yield from _wrapped(NOBODY_ANSWERS, 0)


def _stand_in(wanted: Sequence[Rule]) -> str:
    reflectors = dict.fromkeys(clean(check.destination) for rule in wanted for check in rule.checks if check.at is Side.REFLECTOR)
    return STAND_IN.format(reflectors=" and ".join(reflectors)) if reflectors else ""


def _command(run: Run) -> str:
    """Return the command line; a value that a command line could misread is left out, and the program asks for it."""
    asked = run.asked
    options = (
        ("--region", run.region),
        ("--org", run.org.name),
        ("--site", run.site),
        ("--services", ",".join(asked.services)),
        ("--reflector", asked.reflector),
        ("--pin", asked.pin),
    )
    given = [f"{option} {_quoted(value)}" for option, value in options if value and PLAIN.fullmatch(value) and not value.startswith("-")]
    return " ".join([f"{_program(run)} run --only firewall", *given, *(["--key-file FILE"] if asked.authenticated else [])])


def _program(run: Run) -> str:
    """Return how the program is started where the run was made: a stick has a launcher for each system."""
    return LAUNCHERS.get(run.host.os, "sh nra.sh") if run.stick else "nra"


def _quoted(value: str) -> str:
    return value if re.fullmatch(r"[A-Za-z0-9.:-]+", value) else f'"{value}"'


def _labelled(name: str, value: str, indent: int, wide: int) -> Iterator[str]:
    first, *rest = wrap(clean(value), WIDTH - indent - wide, break_long_words=False, break_on_hyphens=False) or [""]
    yield f"{'':{indent}}{name:{wide}}{first}".rstrip()
    yield from (f"{'':{indent + wide}}{line}" for line in rest)


def _wrapped(text: str, indent: int) -> list[str]:
    return [f"{'':{indent}}{line}" for line in wrap(clean(text), WIDTH - indent, break_long_words=False, break_on_hyphens=False)]
