"""Whose mailbox an address is: a case is opened by one person, from an address at a company of his own."""

import re
from functools import cache
from typing import Final

import click

LABEL: Final = r"[^\W_](?:(?:[^\W_]|-){0,61}[^\W_])?"
MAILBOX: Final = re.compile(
    rf"(?P<box>[A-Za-z0-9.!#$%&'*+/=?^_`{{|}}~-]{{1,64}})@(?P<host>(?:{LABEL}\.)+(?:[^\W\d_]{{2,63}}|xn--[A-Za-z0-9-]{{1,59}}))"
)
TOP_LEVEL: Final = r"(?:(?:com?|net|org|ne|or)\.)?[a-z]{2}|com|net|org|info|biz"
BETWEEN: Final = re.compile(r"[^a-z]+")


def corporate_mail(value: str) -> str:
    """Return a mailbox that one person has at a company of his own; raises UsageError with the reason why it is none."""
    found = MAILBOX.fullmatch(value.strip())
    host = _registered(found["host"]) if found else ""
    if found is None or not host or ".." in found["box"] or found["box"][0] == "." or found["box"][-1] == ".":
        raise click.UsageError(f"{value!r} is no e-mail address")
    if _free().fullmatch(host):
        raise click.UsageError(f"{value!r}: anybody gets a mailbox at {host}; a case is opened from the contact's corporate address")
    if is_role(found["box"]):
        raise click.UsageError(f"{value!r}: {found['box']}@ is a mailbox of several people; a case is opened by one Designated Contact")
    return value.strip()


def is_role(box: str) -> bool:
    """Tell by the words of a mailbox' name, also by such as are written together, whether several people read it."""
    role, alone = _roles()
    words = list(filter(None, BETWEEN.split(box.lower())))
    return any(map(role.fullmatch, words)) or (bool(words) and all(map(alone.fullmatch, words)))


def _registered(host: str) -> str:
    """Return the host as it is registered, in ASCII and small letters; empty where no such name can be."""
    try:
        return host.encode("idna").decode().lower()
    except UnicodeError:
        return ""


@cache
def _free() -> re.Pattern[str]:
    """Return what matches hosts that give anybody a mailbox, and those below them."""
    from nra.catalogue.public import mailboxes

    families, hosts = ("|".join(map(re.escape, names)) for names in (mailboxes().free_families, mailboxes().free_hosts))
    return re.compile(rf"(?:.+\.)?(?:(?:{families})\.(?:{TOP_LEVEL})|{hosts})")


@cache
def _roles() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return what matches a word that makes any mailbox one of several people, and a word that does so where all are such."""
    from nra.catalogue.public import mailboxes

    words, names = ("|".join(map(re.escape, names)) for names in (mailboxes().role_words, mailboxes().role_names))
    return re.compile(rf"(?:{words}|{names})*(?:{words})(?:{words}|{names})*"), re.compile(rf"(?:{words}|{names})+")
