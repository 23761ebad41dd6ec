"""The names that a redacted bundle must not hold: of the runs, the form and this workstation; and whether the first two agree."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import click

from nra.archive.tokens import folded
from nra.cli.case_form import told_orgs
from nra.cli.errors import UserError, washed
from nra.cli.redacting import Redaction, redaction
from nra.model.case import CaseForm, Fact, Workstation
from nra.model.document import RunDocument

NAMED: Final = ("host", "network", "mac")  # kinds of facts whose values are names


def redaction_for(documents: Iterable[RunDocument], bundle: str, *, wanted: bool, key: Path | None) -> Redaction | None:
    """Return what redacts these documents, None where nobody wants it; raises UserError, also for what the bundle is called."""
    hiding = redaction(wanted=wanted, key=key)
    if hiding:
        for document in documents:
            hiding.know_document(document)
        refuse_name(bundle, hiding)
    return hiding


def refuse_name(name: str, hiding: Redaction) -> None:
    """Raise UserError if the bundle itself is called by a name that it must not hold."""
    try:
        hiding.refuse_names({name: b""})
    except UserError:
        raise UserError("--out: with --redact the bundle's own name must not hold a name that is left out of it") from None


def other_orgs(form: CaseForm, orgs: Sequence[str]) -> Sequence[str]:
    """Return the runs' organizations that are not the customer, and say so: the runs may be somebody else's."""
    others = [org for org in orgs if folded(org) != folded(form.customer)]
    if others:
        click.echo(f"note: there are runs of {told_orgs(others)}, and the customer is {washed(form.customer)}: are they his?", err=True)
    return others


def names_of(form: CaseForm) -> dict[str, str]:
    """Return the names in the form, each with its kind."""
    box, _, host = form.contact_email.partition("@")
    parts = {part: "contact" for part in form.contact_name.split() if part.strip(".,")}
    named = {form.customer: "customer", form.org_id: "customer", form.contact_name: "contact", form.contact_email: "mail"}
    more = {form.location: "site", form.case: "case"}
    return {**named, **parts, box: "contact", host: "host", **{name: kind for name, kind in more.items() if name}}


def names_told(station: Workstation) -> dict[str, str]:
    """Return the names that the workstation's facts hold."""
    found = {value: fact.kind for fact in station.facts if fact.kind in NAMED for value in fact.values}
    return {station.host: "host"} | found


def hidden_station(station: Workstation, hiding: Redaction) -> Workstation:
    """Return the facts without names."""
    scrub = hiding.scrubber()

    def hidden(fact: Fact) -> Fact:
        if fact.kind in NAMED:
            values = tuple(scrub.text(value) if fact.kind == "mac" else scrub.name(fact.kind, value) for value in fact.values)
        else:
            values = tuple(map(scrub.text if fact.kind else scrub.label, fact.values))
        return replace(fact, values=values, reason=scrub.text(fact.reason))

    return replace(station, host=scrub.name("host", station.host), facts=tuple(map(hidden, station.facts)))
