"""A document without names: whatever text a secret stands in, nothing of it is left, and the same thing has the same token."""

import re
from dataclasses import replace

import pytest
import vocabulary

from nra.archive import scrub
from nra.archive.document import decode, encode
from nra.archive.leaks import leaks
from nra.archive.naming import stem
from nra.archive.redact import redacted
from nra.archive.scrub import Public, Scrubber
from nra.archive.tokens import Tokens
from nra.model.document import RunDocument
from nra.report.text import render
from nra.testing.canned import KINDS, canned_run
from nra.testing.planted import NAMED, ORG, SECRETS, TRACES, planted

TOKENS = Tokens(b"k" * 32)
PUBLIC = Public(hosts=frozenset({"api.mypurecloud.de", "*.mypurecloud.de"}), networks={"52.129.96.0/20": "<service network 1>"})


def hidden(document: RunDocument, tokens: Tokens = TOKENS) -> RunDocument:
    """Return the document without names."""
    return redacted(document, tokens, {}, PUBLIC)


def test_nothing_is_left_of_secrets_in_any_text() -> None:
    """Every secret was in every text of the document: none is in it, in its file's name or in the report afterwards."""
    document = hidden(planted())
    for text in (encode(document).decode(), render(document).decode("utf-8-sig"), stem(document)):
        assert [trace for trace in TRACES if trace in text.casefold()] == []


@pytest.mark.parametrize("kind", SECRETS)
def test_a_secret_alone_in_a_sentence_is_replaced(kind: str) -> None:
    """Each kind by itself, at the end of a sentence and between words."""
    scrubber = Scrubber(TOKENS, {}, PUBLIC)
    said = scrubber.text(f"answered by {SECRETS[kind]} after 3 ms, not by {SECRETS[kind]}.")
    assert said.startswith("answered by ")
    assert " after 3 ms, not by " in said
    assert not [trace for trace in TRACES if trace in said.casefold()]


@pytest.mark.parametrize("text", ["v10.83.17.99", "x2 is ip10.83.17.99:5060", "erika@zwieseltech.example", "to erika@x"])
def test_what_is_glued_to_a_word_is_replaced_whole(text: str) -> None:
    """An address behind letters, a mailbox that begins with a known name; once more it is the same, and the last look finds nothing."""
    names = {"Erika": "contact"}
    scrubber = Scrubber(TOKENS, names, PUBLIC)
    said = scrubber.text(text)
    assert not re.search(r"17\.99|erika|contact-|zwiesel|@", said)
    assert scrubber.text(said) == said
    assert list(leaks({"f": said.encode()}, names)) == []


@pytest.mark.parametrize("piece", ["a.", "a", "1-", "01 ", "+1", "a@", ":", "::1", "%", "aa:", "(11) 1", "host-", ".", "ab1-"])
def test_a_text_made_to_harm_takes_no_longer_than_another(piece: str) -> None:
    """No pattern looks further than a name can be long."""
    assert Scrubber(TOKENS, {ORG: "org"}, PUBLIC).text(piece * (100_000 // len(piece))) is not None


def test_the_same_thing_has_the_same_token_everywhere() -> None:
    """Whatever the spelling: capitals, a mapped or a zoned address, a MAC with other separators; another key gives other tokens."""
    scrubber = Scrubber(TOKENS, {ORG: "org"}, PUBLIC)
    for one, other in (
        ("10.83.17.206", "::ffff:10.83.17.206"),
        ("10.83.17.206", "::ffff:0a53:11ce"),
        ("fe80::1%eth0", "fe80::1"),
        ("2001:db8::1", "2001:0DB8:0::0001"),
        ("3c:22:fb:9a:41:07", "3C22.FB9A.4107"),
        ("aa:bb:cc:dd:ee:01", "AABBCCDDEE01"),
        ("Jane@Muster.example", "jane%40muster.example"),
        (ORG, ORG.upper().replace(" ", "\t")),
    ):
        assert scrubber.text(one) == scrubber.text(other) != one
    assert re.fullmatch("(mac-[0-9a-f]{10} ?){2}", scrubber.text("aa:bb:cc:dd:ee:01 aabbccddee01"))
    assert scrubber.label("aabbccddee01") == scrubber.text("aabb.ccdd.ee01")
    assert scrubber.text("aabbccddee01.muster.example").startswith("host-")
    assert Scrubber(Tokens(b"x" * 32), {}, PUBLIC).text("10.83.17.206") != scrubber.text("10.83.17.206")


def test_addresses_keep_their_network_in_common() -> None:
    """Who reads the tokens sees which addresses share a network, and no more."""
    scrubber = Scrubber(TOKENS, {}, PUBLIC)
    one, neighbour, stranger = (scrubber.text(f"10.1.{each}").split("-")[1] for each in ("2.3", "2.4", "3.3"))
    assert one == neighbour != stranger


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1",
        "IPv6 ::1: STAMP reply after 0.4 ms",
        "api.mypurecloud.de: the resolver answered that there is no such name",
        "3 sent within 500 ms, no answer",
        "2026-11-22T14:03:11Z",
        "16384-65535",
        "::ffff:127.0.0.1",
        "0.0.0.0",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    """Loopback, public hosts of the catalogue, numbers, times and the program's own words."""
    assert Scrubber(TOKENS, {}, PUBLIC).text(text) == text


def test_tokens_stand_whole_in_the_name_of_a_file() -> None:
    """Who looks for a site's token finds its files too."""
    after = hidden(canned_run("good"))
    assert f"_{after.run.org.name}_{after.run.site}_{after.run.host.name}_" in stem(after)


def test_networks_of_the_service_are_numbered() -> None:
    """They are no secret, and an address all the same: support knows its own networks by number."""
    assert Scrubber(TOKENS, {}, PUBLIC).text("allow 52.129.96.0/20") == "allow <service network 1>"


@pytest.mark.parametrize("kind", KINDS)
def test_the_document_stays_one(kind: str) -> None:
    """It reads back, keeps verdicts, numbers and ids, and redacted once more it is the same."""
    before = canned_run(kind)
    after = hidden(before)
    assert decode(encode(after)) == after == hidden(after)
    assert (after.verdict, after.run.id, after.run.started_at) == (before.verdict, before.run.id, before.run.started_at)
    assert [(each.key, each.label, each.unit, each.limit, each.value) for each in after.metrics] == [
        (each.key, each.label, each.unit, each.limit, each.value) for each in before.metrics
    ]
    assert after.voice is None or before.voice is None or after.voice.up == before.voice.up


def test_own_fields_and_texts_agree() -> None:
    """The host's name in a finding is the token that stands in its own field."""
    document = canned_run("bad")
    finding = replace(document.findings[0], text=f"Packets of {document.run.host.name} are lost at {document.run.site}.")
    after = hidden(replace(document, findings=(finding,)))
    assert after.findings[0].text == f"Packets of {after.run.host.name} are lost at {after.run.site}."
    assert after.run.org.name == after.run.org.shortname


def test_nearly_all_words_of_the_program_are_known() -> None:
    """A word that is missing becomes a token, which harms the reader only: tests/archive/vocabulary.py renews the list."""
    needed = vocabulary.words()
    assert len(needed - scrub.vocabulary()) <= len(needed) * 0.03


@pytest.mark.parametrize("name", ["Down", "Jitter", "Central", "Stamp", "TCP"])
def test_a_site_called_like_a_row_leaves_the_rows(name: str) -> None:
    """Labels, regions and methods are the program's: a name that is one of its words goes where it is a name and in sentences."""
    before = canned_run("bad", site=name)
    after = hidden(before)
    assert after.run.site is not None
    assert after.run.site.startswith("site-")
    assert [metric.label for metric in after.metrics] == [metric.label for metric in before.metrics]
    assert (after.run.region, after.run.asked.method) == (before.run.region, before.run.asked.method)


def test_no_place_is_a_word_of_the_program() -> None:
    """Sites are called after cities, which the catalogue of regions names."""
    assert not {"frankfurt", "london", "hamburg", "dublin", "munich"} & scrub.vocabulary()


@pytest.mark.parametrize("name", ["Möller", "Ahmadi", "firefart"])
def test_no_author_is_a_word_of_the_program(name: str) -> None:
    """Whoever is named in a source or a comment of the catalogue; a person at the customer may bear the same name."""
    assert not {name.casefold()} & (scrub.vocabulary() | scrub.printed())
    assert name not in Scrubber(TOKENS, {}, PUBLIC).text(f"issued by {name}, said {name}")


def test_every_name_of_the_plant_stood_in_the_document() -> None:
    """The test would prove nothing if it planted nothing."""
    text = encode(planted()).decode()
    assert all(name in text for name in NAMED.values())
    assert len(SECRETS) >= 40
