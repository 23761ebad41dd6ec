"""What the support form asks, from options, nra.toml and, on a terminal, from whoever sits there; each answer checked."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import click

from nra.cli.asking import at_a_terminal
from nra.cli.case_mail import corporate_mail
from nra.cli.errors import UserError, washed
from nra.model.case import CaseForm

ORG_ID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
NO_ORG_IDS: Final = tuple("-".join(digit * count for count in (8, 4, 4, 4, 12)) for digit in "0f")  # Nil and Max (RFC 9562, 5.9 and 5.10)
MOST: Final = 20_000  # characters of one answer
MOST_ORGS: Final = 5


@dataclass(frozen=True, slots=True)
class Field:
    """One answer of the form: its option, how it is asked for, whether it must be there, and who checks it."""

    name: str
    question: str
    required: bool
    check: Callable[[str], str]
    help: str

    @property
    def option(self) -> str:
        """The option's name as typed."""
        return f"--{self.name.replace('_', '-')}"


def text(value: str) -> str:
    """Return the text without blanks around it; raises UsageError where it is too long."""
    if len(value) > MOST:
        raise click.UsageError(f"longer than {MOST} characters")
    return value.strip()


def org_id(value: str) -> str:
    """Return the organization's id in small letters; raises UsageError unless it is a UUID."""
    found = value.strip().lower()
    if not ORG_ID.fullmatch(found) or found in NO_ORG_IDS:
        raise click.UsageError(f"{value!r} is no Org ID: a UUID is expected, such as 4f1c2a9e-7d3b-4c58-9a10-2b6e8d0f3c71")
    return found


FIELDS: Final = (
    Field("customer", "Customer name", True, text, "Customer's name.  [default: the runs' organization]"),
    Field("org_id", "Org ID", True, org_id, "The customer's Org ID, a UUID."),
    Field("contact_name", "Designated Contact", True, text, "Designated Contact (read-write) who opens the case."),
    Field(
        "contact_email", "Contact's corporate e-mail", True, corporate_mail, "The contact's own corporate address; no role, no free mail."
    ),
    Field("deployment", "Cloud Deployment", True, text, "Cloud Deployment, as the form lists it."),
    Field("service", "Cloud Service", True, text, "Cloud Service, as the form lists it."),
    Field("description", "Description: what happens", True, text, "What happens, in a few sentences."),
    Field("impact", "Business Impact", True, text, "Business Impact: who cannot do what."),
    Field("occurred", "Date and time of occurrences", False, text, "Date and time of occurrences, with time zone."),
    Field("frequency", "Frequency", False, text, "How often it happens."),
    Field("working_hours", "Working hours", False, text, "Working hours of the affected users."),
    Field("location", "Where the affected users sit", False, text, "Location of the affected users."),
    Field("case", "Case number, if there is one", False, text, "Number of the case, if there is one already."),
    Field("sub_type", "Case Sub Type (admin cases)", False, text, "Case Sub Type of an admin case."),
)
ACTION: Final = Field("action", "Actions already taken (empty: no more)", False, text, "Something already done about it; may be repeated.")


def form_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command an option for each field of the form."""
    for field in reversed(FIELDS):
        command = click.option(field.option, metavar="TEXT", help=field.help)(command)
    return command


def form_of(typed: Mapping[str, str | None], actions: Sequence[str], orgs: Sequence[str]) -> CaseForm:
    """Return the form; the customer is the runs' one organization unless somebody says otherwise.

    Raises UserError for the first answer that is none, and, where nobody can be asked, for all that are missing.
    """
    customer = orgs[0] if len(orgs) == 1 else None
    answers = {field.name: _checked(field, typed.get(field.name)) for field in FIELDS}
    actions = [said for action in actions if (said := _checked(ACTION, action))]
    if at_a_terminal() and any(field.required and not answers[field.name] for field in FIELDS):
        if not (answers["customer"] or customer):
            click.echo(f"note: {_several(orgs)}", err=True)
        answers |= {field.name: _asked(field, customer) for field in FIELDS if not answers[field.name]}
        actions = actions or _asked_actions()
    answers["customer"] = answers["customer"] or customer
    missing = [field.option for field in FIELDS if field.required and not answers[field.name]]
    if missing:
        why = f"; {_several(orgs)}" if not answers["customer"] else ""
        raise UserError(f"the support form asks for {', '.join(missing)} too: type them, or put them into [case] of nra.toml{why}")
    return CaseForm(**answers, actions=tuple(actions))  # type: ignore[arg-type]


def told_orgs(orgs: Sequence[str]) -> str:
    """Return organizations in a line, the first few by name."""
    more = f" and {len(orgs) - MOST_ORGS} more" if len(orgs) > MOST_ORGS else ""
    return washed(", ".join(orgs[:MOST_ORGS])) + more


def _several(orgs: Sequence[str]) -> str:
    """Say why the customer is not known from the runs."""
    if not orgs:
        return "the runs name no organization, so the customer must be named"
    return f"the runs are of {len(orgs)} organizations ({told_orgs(orgs)}), so the customer must be named"


def _checked(field: Field, value: str | None) -> str | None:
    if value is None or not value.strip():
        return None
    try:
        return field.check(value) or None
    except click.UsageError as error:
        raise UserError(f"{field.option}: {error.format_message()}") from error


def _asked(field: Field, customer: str | None) -> str | None:
    """Return what is typed; an empty line leaves out what may be left out."""
    default = customer if field.name == "customer" and customer else None if field.required else ""
    return str(
        click.prompt(field.question, default=default, show_default=bool(default), err=True, value_proc=lambda said: _again(field, said))
    )


def _asked_actions() -> list[str]:
    """Return what has been done about it already, one answer each; an empty line ends it."""
    actions: list[str] = []
    while said := str(click.prompt(ACTION.question, default="", show_default=False, err=True)).strip():
        actions.append(text(said))
    return actions


def _again(field: Field, said: str) -> str:
    """Return a checked answer; raises UsageError, after which the prompt asks again."""
    return field.check(said) if said else ""
