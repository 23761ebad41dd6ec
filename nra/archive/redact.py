"""A run document without names: a pure function from document to document, from which everything else is then rendered.

Each text of the document goes through the scrubber, whatever field it stands in; fields that hold a name and nothing else become its
token whole. A field that is added later is scrubbed too, without anybody having to think of it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Final, TypeVar

from nra.archive.document import RUN_ID, moment
from nra.archive.naming import short_name, slug
from nra.archive.scrub import Public, Scrubber, is_own_text
from nra.archive.tokens import Tokens, address_in
from nra.model.criteria import Criterion, Thresholds
from nra.model.document import Asked, FirewallCheck, Host, LadderStep, Metric, Org, Run, RunDocument, Used
from nra.model.region import Side
from nra.model.voice import Endpoint, Voice

NAMES: Final = {
    (Org, "name"): "org",
    (Org, "shortname"): "org",
    (Run, "site"): "site",
    (Run, "seat"): "seat",
    (Run, "case"): "case",
    (Host, "name"): "host",
    (Host, "local_address"): "host",
    (Used, "config"): "file",
    (Endpoint, "host"): "host",
    (Endpoint, "address"): "host",
    (FirewallCheck, "address"): "host",
}
"""Fields that hold a name, or an address, and nothing else."""
MAKERS: Final = {(Host, "os"), (Host, "os_version"), (Host, "machine"), (Host, "python")}
"""Fields in which the system's makers speak: unknown words stay."""
OWN: Final = {
    *((kind, name) for kind in (Metric, Criterion) for name in ("key", "label", "unit")),
    *((Asked, name) for name in ("method", "codec", "services", "thresholds")),
    *((kind, "method") for kind in (LadderStep, Used, Voice)),
    *((FirewallCheck, name) for name in ("port", "protocol", "service")),
    (Metric, "limit"),
    (Run, "region"),
    (Thresholds, "name"),
}
"""Fields in which the program speaks. Made of its own words alone they stay: a site called Down must not take Down Jitter with it."""
CHOICES: Final = {("Finding", "severity"), ("FirewallCheck", "refused_by"), ("Asked", "only"), ("RunDocument", "schema")}
"""Fields that can hold one of a few words only: a document with another is not read."""
NO_ORG: Final = "org"

T = TypeVar("T")


def redacted(document: RunDocument, tokens: Tokens, more: Mapping[str, str], public: Public) -> RunDocument:
    """Return the document without names; `more` are names known from elsewhere, each with its kind."""
    scrubber = Scrubber(tokens, dict(more) | names_in(document, public), public)
    found = _walked(document, scrubber)
    org = found.run.org
    return replace(found, run=replace(found.run, org=replace(org, shortname=org.name))) if org.name else found


def names_in(document: RunDocument, public: Public) -> dict[str, str]:
    """Return the names that the document's own fields give away, each with its kind, in all spellings that files have of them."""
    run = document.run
    found: dict[str, str] = {}
    for kind, name in (
        ("org", run.org.name),
        ("org", run.org.shortname),
        ("site", run.site),
        ("seat", run.seat),
        ("case", run.case),
        ("host", run.host.name),
        ("file", run.used.config),
        *(("host", host) for host in _reflectors(document)),
    ):
        if name and name.lower() not in public.hosts and address_in(name) is None:
            found |= {form: kind for form in _forms(kind, name) if form and form not in found}
    return found


def _forms(kind: str, name: str) -> Iterator[str]:
    """Yield a name as typed, as file names have it, and that of a host without the domain."""
    yield name.strip()
    if short_name(name) != NO_ORG:
        yield short_name(name)
    yield slug(name, len(name))
    if kind == "host":
        yield name.strip().partition(".")[0]


def _reflectors(document: RunDocument) -> Iterator[str]:
    """Yield the hosts that are the user's own, as far as the document tells."""
    if document.run.asked.reflector:
        yield _host(document.run.asked.reflector)
    if document.voice:
        yield document.voice.target.host
    yield from (_host(check.destination) for check in document.firewall or () if check.at is Side.REFLECTOR)


def _host(text: str) -> str:
    """Return the host of `host`, `host:port` or `[host]:port`."""
    host, colon, port = text.rpartition(":")
    return (host if colon and port.isdigit() and (":" not in host or host.endswith("]")) else text).strip("[]")


def _walked(value: T, scrubber: Scrubber) -> T:
    """Return the value with every text in it scrubbed."""
    if is_dataclass(value):
        return replace(value, **{field.name: _field(value, field.name, scrubber) for field in fields(value)})  # type: ignore[type-var]
    if isinstance(value, tuple):
        return tuple(_walked(each, scrubber) for each in value)  # type: ignore[return-value]
    if isinstance(value, str) and not isinstance(value, Enum):
        return scrubber.text(value)  # type: ignore[return-value]
    return value


def _field(holder: object, name: str, scrubber: Scrubber) -> object:
    value = getattr(holder, name)
    if not isinstance(value, str) or isinstance(value, Enum):
        return _walked(value, scrubber)
    if (type(holder).__name__, name) in CHOICES or _is_no_text(holder, name, value):
        return value
    if (type(holder), name) in OWN and is_own_text(value):
        return value
    if (type(holder), name) in NAMES:
        return scrubber.name(NAMES[type(holder), name], value)
    return scrubber.label(value) if (type(holder), name) in MAKERS else scrubber.text(value)


def _is_no_text(holder: object, name: str, value: str) -> bool:
    """Tell whether the field holds an id or a time, and only that."""
    if not isinstance(holder, Run):
        return False
    return (name == "id" and RUN_ID.fullmatch(value) is not None) or (name in ("started_at", "ended_at") and moment(value) is not None)
