"""Whose mailbox opens a case: one person's, at a company of his own."""

import click
import pytest

from nra.cli.case_mail import corporate_mail


@pytest.mark.parametrize(
    ("mail", "why"),
    [
        ("x@gmail.com", "anybody gets a mailbox"),
        ("x@mail.gmx.de", "anybody gets a mailbox"),
        ("support@kobald.example", "several people"),
        ("No-Reply+x@kobald.example", "several people"),
        ("kobald.example", "no e-mail"),
        ("a@b", "no e-mail"),
        ("a..b@kobald.example", "no e-mail"),
        ("a@kobald.example\nBcc: x@y.example", "no e-mail"),
        ("erika@-müller.de", "no e-mail"),
        ("erika@" + "ü" * 63 + ".de", "no e-mail"),
        ("erika@müller", "no e-mail"),
        ("erika@kobald。example", "no e-mail"),
    ],
)
def test_mail_that_is_nobodys_own_is_refused(mail: str, why: str) -> None:
    """With the reason."""
    with pytest.raises(click.UsageError, match=why):
        corporate_mail(mail)


@pytest.mark.parametrize(
    "box",
    [
        "it.support",
        "supportteam",
        "help-desk",
        "helpdesk.munich",
        "customer-service",
        "callcenter",
        "info.de",
        "noc1",
        "Erika.Support",
        "erika+support",
        "x_noc_x",
        "2support",
        "customerservice",
        "servicedesk",
        "itsupport",
        "call-center",
        "it",
        "hr",
        "sales",
        "it-sales",
        "mailer-daemon",
        "service-desk",
        "postmaster",
        "contact.center",
        "abuse",
        "admin",
        "all",
        "billing",
        "contact",
        "datenschutz",
        "edv",
        "everyone",
        "ftp",
        "hello",
        "help",
        "hostmaster",
        "kontakt",
        "mail",
        "network",
        "news",
        "office",
        "ops",
        "root",
        "www",
    ],
)
def test_a_word_says_that_several_people_read_a_mailbox(box: str) -> None:
    """Whatever stands beside it, and also where two are written as one."""
    with pytest.raises(click.UsageError, match="several people"):
        corporate_mail(f"{box}@kobald.example")


@pytest.mark.parametrize(
    "box",
    [
        "erika.hill",
        "ingo.infante",
        "joe.root",
        "francois.sales",
        "hr.mueller",
        "steve.jobs",
        "emily.post",
        "e.sales",
        "4711",
        "a",
        "helpern.x",
        "noceda",
        "teamer",
        "s.upport",
        "anita.desker",
        "infantino",
        "serviceman",
        "o'hara",
        "itamar.all",
        "erika+nra",
        "x.y1",
        "kunderan",
        "offices.x",
    ],
)
def test_parts_of_names_are_no_words(box: str) -> None:
    """A person may be called like a word that is part of his name, or like one that is a name too."""
    assert corporate_mail(f" {box}@kobald.example ") == f"{box}@kobald.example"


@pytest.mark.parametrize(
    "host",
    [
        "yahoo.ca",
        "outlook.com.au",
        "gmx.eu",
        "mailinator.com",
        "live.co.uk",
        "hotmail.gr",
        "yahoo.co.jp",
        "googlemail.com",
        "icloud.com",
        "proton.me",
        "protonmail.ch",
        "YAHOO.CA",
        "mail.yahoo.com.br",
        "guerrillamail.org",
        "trashmail.net",
        "yopmail.fr",
        "ｇmail.com",
    ],
)
def test_free_mail_is_known_under_any_country(host: str) -> None:
    """By the name that its maker registered."""
    with pytest.raises(click.UsageError, match="anybody gets a mailbox"):
        corporate_mail(f"erika@{host}")


@pytest.mark.parametrize(
    "host",
    [
        "müller.de",
        "xn--mller-kva.de",
        "muster.xn--p1ai",
        "gmx.kobald.example",
        "live.acme.de",
        "notgmail.com",
        "gmail.acme.com",
        "yahoo.example",
        "proton.com",
    ],
)
def test_a_company_s_own_host_is_taken(host: str) -> None:
    """With letters beyond ASCII, and where only a part of its name is that of a free one."""
    assert corporate_mail(f"erika@{host}") == f"erika@{host}"
