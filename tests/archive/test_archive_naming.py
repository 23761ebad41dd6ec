"""File names that every file system takes (contract 4; docs/traps.md, trap 11)."""

import re
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nra
from nra.archive.files import write_bytes
from nra.archive.naming import FIREWALL_REQUEST, LONGEST_COPY_MARK, LONGEST_ENDING, LONGEST_NAME, REGION_LENGTH, short_name, slug, stem
from nra.testing.canned import canned_run

HOSTILE = (
    "=cmd()",
    "CON",
    "nul.txt",
    "x" * 300,
    "🎧📞",
    "",
    " ",
    "../../etc",
    "a:b?c*d|e<f>g",
    "trail. ",
    "日本語",
    "-_-",
    "\x00\t\n",
    "Acme_Corp",
)
ANY_NAME = st.text(st.characters(exclude_categories=()), max_size=80) | st.sampled_from(HOSTILE)


def test_is_exactly_the_contract_s_form() -> None:
    """NRA_<org>_<site>_<host>_<region>_<time>_<id8>."""
    document = canned_run(org="Acme", shortname="acme", site="Munich", host="PC-0417")
    assert stem(document) == f"NRA_acme_Munich_PC-0417_eu-central-1_20261122T140311Z_{document.run.id[:8]}"


def test_leaves_the_site_out_when_there_is_none() -> None:
    """Without a site, or with one of which nothing is left, the part is missing."""
    for site in (None, "", "🎧"):
        document = canned_run(shortname="acme", site=site)
        assert stem(document) == f"NRA_acme_PC-0417_eu-central-1_20261122T140311Z_{document.run.id[:8]}"


def test_tells_the_time_in_utc() -> None:
    """A start told in another zone is named by UTC."""
    assert "_20261122T140311Z_" in stem(canned_run(started_at="2026-11-22T19:33:11+05:30"))


def test_a_clock_that_is_wrong_by_years_costs_no_name() -> None:
    """With an empty battery every run starts at the same moment of another decade: the run's id tells them apart."""
    document = canned_run(started_at="1980-01-01T00:00:00Z")
    others = (replace(document, run=replace(document.run, id=f"{number:032x}"[::-1])) for number in range(3))
    names = [stem(each) for each in others]
    assert len(set(names)) == 3
    assert all("_19800101T000000Z_" in name for name in names)


@given(org=ANY_NAME, site=ANY_NAME, host=ANY_NAME)
@settings(max_examples=200)
def test_any_name_gives_a_legal_one(org: str, site: str, host: str) -> None:
    """Only ASCII letters, digits, dashes and underscores; at most 120 characters with the longest ending and a copy's mark."""
    name = stem(canned_run(org=org, shortname=org, site=site, host=host))
    assert re.fullmatch(r"NRA_[a-z0-9-]+(_[A-Za-z0-9-]+){4,5}", name)
    assert len(name) + LONGEST_ENDING + LONGEST_COPY_MARK <= LONGEST_NAME


def test_longest_name_fits_exactly() -> None:
    """With every part as long as it may be there is room for the longest ending and the mark of a copy, and for nothing more."""
    long = "x" * 300
    document = canned_run(org=long, shortname=long, site=long, host=long)
    longest = stem(replace(document, run=replace(document.run, region=long)))
    assert len(longest) + LONGEST_ENDING + LONGEST_COPY_MARK == LONGEST_NAME
    assert max(map(len, (f"{FIREWALL_REQUEST}.csv", f"{FIREWALL_REQUEST}.txt", ".packets.csv.gz"))) == LONGEST_ENDING


def test_no_region_is_cut() -> None:
    """The name of every region of the catalogue stands whole in a file's name."""
    catalogue = tomllib.loads((Path(nra.__file__).parent / "catalogue/data/regions.toml").read_text("utf-8"))
    assert max(map(len, catalogue["region"])) <= REGION_LENGTH


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_can_be_written(name: str, tmp_path: Path) -> None:
    """A file of that name can really be made and listed."""
    called = stem(canned_run(org=name, shortname=name, site=name, host=name))
    paths = [write_bytes(tmp_path, f"{called}{FIREWALL_REQUEST}", "csv", b"x") for _ in range(2)]
    assert {found.name for found in tmp_path.iterdir()} == {path.name for path in paths}
    assert paths[1].name == f"{called}{FIREWALL_REQUEST}-2.csv"
    assert len(paths[1].name) <= LONGEST_NAME


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("Acme", "acme"),
        ("Acme Voice GmbH & Co. KG", "acmevoicegmbhcokg"),
        ("Jean-Luc", "jean-luc"),
        ("Müller", "muller"),
        ("Straße", "strasse"),
        ("İstanbul", "istanbul"),
        ("A_B", "ab"),
        ("日本語", "org"),
        ("---", "org"),
        ("", "org"),
    ],
)
def test_short_name(name: str, short: str) -> None:
    """Lower case, letters, digits and dashes only; a name that leaves nothing becomes `org` (contract 4)."""
    assert short_name(name) == short


@given(ANY_NAME)
@settings(max_examples=100)
def test_short_name_of_a_short_name_is_itself(name: str) -> None:
    """Taking the short name twice changes nothing."""
    assert short_name(short_name(name)) == short_name(name)


def test_slug_is_cut_without_a_dash_at_the_end() -> None:
    """Cutting never leaves a dash at the end, which Windows allows but people misread."""
    assert slug("front desk 12", 6) == "front"
    assert slug("..host.example..", 20) == "host-example"
