"""A support case: what its form asks, what this workstation says of itself, and what a redacted copy is made with."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseForm:
    """What is typed into the form, in its words; empty or None where nobody said."""

    customer: str
    org_id: str
    contact_name: str
    contact_email: str
    deployment: str
    service: str
    description: str
    impact: str
    occurred: str | None = None
    frequency: str | None = None
    working_hours: str | None = None
    location: str | None = None
    actions: tuple[str, ...] = ()
    case: str | None = None
    sub_type: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One thing that a workstation says of itself; without values a reason stands in their place.

    `kind` says that the values are names (of a "host", a "network", ...), which a redacted copy must not have, or a "text" in which there
    may be some; what its makers call a thing has none.
    """

    topic: str
    name: str
    values: tuple[str, ...] = ()
    reason: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workstation:
    """The facts of one workstation, when they were gathered (ISO 8601, UTC), and the name that it bears."""

    host: str
    gathered_at: str
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailboxes:
    """Mail that no support case is opened with: where anybody gets a mailbox, and mailboxes that several people read.

    A family is a host's name under any country's top level. One of `role_words` says enough in any company, `role_names` only alone.
    """

    source: str
    checked: str
    free_families: tuple[str, ...]
    free_hosts: tuple[str, ...]
    role_words: tuple[str, ...]
    role_names: tuple[str, ...]
