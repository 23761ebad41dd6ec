"""Looking things up, limits of one's own, and how wrong data is refused."""

import os
from pathlib import Path

import pytest

from nra.catalogue import CatalogueError, UnknownRegion, codec, region, services, thresholds
from nra.catalogue.decode import decode, read_toml
from nra.model.criteria import Criterion
from nra.model.region import Region

REGION = {"name": "x", "title": "X", "area": "A", "city": "C", "source": "s", "checked": "2026-11-22"}


@pytest.mark.parametrize("name", ["eu-central-1", "EU-Central-1", " eu-central-1 "])
def test_a_region_is_found_in_any_case_of_letters(name: str) -> None:
    """People type names as they remember them."""
    assert region(name).city == "Frankfurt"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("eu-cental-1", "eu-central-1"),
        ("frankfurt", "eu-central-1"),
        ("frankfrt", "eu-central-1"),
        ("euw2", "eu-west-2"),
        ("locla", "local"),
    ],
)
def test_an_unknown_region_is_answered_with_the_nearest_names(typed: str, meant: str) -> None:
    """By spelling, by city, or by the service's short name."""
    with pytest.raises(UnknownRegion) as caught:
        region(typed)
    assert caught.value.nearest[0] == meant
    assert f'no region "{typed}"' in str(caught.value)
    assert meant in str(caught.value)


@pytest.mark.parametrize("typed", ["", "qqqqqqq"])
def test_what_resembles_nothing_gets_no_suggestion(typed: str) -> None:
    """A wild guess helps nobody."""
    with pytest.raises(UnknownRegion, match=r"in the catalogue$"):
        region(typed)


def test_unknown_codecs_and_profiles_are_answered_with_the_known_ones() -> None:
    """One line that says what would have been right."""
    with pytest.raises(CatalogueError, match=r'no codec "mp3".*g711, g722, g729, opus'):
        codec("mp3")
    with pytest.raises(CatalogueError, match=r'no firewall profile "fax".*webrtc, byoc, phones, edge'):
        services(["webrtc", "fax"])


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"beacon": {"host": "h", "port": "x"}}, 'field "beacon.port": expected int, got str'),
        ({"stun": [{"host": "h", "port": 1}, {"host": "h", "port": "x"}]}, r'field "stun[1].port": expected int, got str'),
        ({"stun": [{"host": "h"}]}, 'field "stun[0].port": missing'),
        ({"beacon": {"host": "h", "port": 1, "prot": "udp"}}, 'field "beacon.prot": unknown'),
        ({"stun": [{"host": "h", "port": 1, "prot": "udp"}]}, 'field "stun[0].prot": unknown'),
        ({"citty": "C"}, 'field "citty": unknown'),
        ({"city": 3}, 'field "city": expected str, got int'),
    ],
)
def test_wrong_data_is_refused_with_file_entry_and_field(change: dict[str, object], complaint: str) -> None:
    """The one who edits the file finds the place without a debugger."""
    with pytest.raises(CatalogueError) as caught:
        decode("regions.toml", 'region "x"', REGION | change, Region)
    assert str(caught.value) == f'regions.toml: region "x": {complaint}'


def test_a_missing_field_is_named() -> None:
    """Absent is not empty."""
    given = {key: value for key, value in REGION.items() if key != "title"}
    with pytest.raises(CatalogueError, match=r'^regions\.toml: region "x": field "title": missing$'):
        decode("regions.toml", 'region "x"', given, Region)


@pytest.mark.parametrize("limit", [float("nan"), float("inf")])
def test_a_limit_is_a_finite_number(limit: float) -> None:
    """TOML knows nan and inf, but no measurement can be held against them."""
    given = {"key": "k", "label": "l", "unit": "ms", "operator": "<", "limit": limit}
    with pytest.raises(CatalogueError, match='field "limit": not a finite number'):
        decode("t.toml", 'limits "k"', given, Criterion)


@pytest.mark.parametrize("data", [b"a = ", b"\xff\xfe", b"a = 1\na = 2", b"a=" + b"[" * 100_000, b"a=" + b"9" * 5000])
def test_what_is_not_toml_is_refused_with_the_file(data: bytes) -> None:
    """Broken syntax, another encoding, a key given twice."""
    with pytest.raises(CatalogueError, match=r"^f\.toml: "):
        read_toml("f.toml", data)


def test_a_byte_order_mark_is_no_obstacle() -> None:
    """Editors on Windows write one."""
    assert read_toml("f.toml", b"\xef\xbb\xbfa = 1") == {"a": 1}


def own_limits(folder: Path, text: str) -> str:
    """Write a thresholds file and return its path as typed."""
    path = folder / "site.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_file_changes_only_what_it_names(tmp_path: Path) -> None:
    """The rest stays as in genesys-cloud, in the same order; the profile bears the file's name."""
    found = thresholds(own_limits(tmp_path, "[limits]\nup_jitter_ms = { limit = 15, warn = 10 }\n"))
    shipped = thresholds()
    assert found.name == "site"
    assert (found.limits[0].limit, found.limits[0].warn, found.limits[0].label) == (15, 10, "Up Jitter")
    assert found.limits[1:] == shipped.limits[1:]


def test_a_new_limit_drops_the_old_warn_band(tmp_path: Path) -> None:
    """A band of 20 ms says nothing beside a limit of 15 ms."""
    found = thresholds(own_limits(tmp_path, "[limits]\nup_jitter_ms = { limit = 15 }\n"))
    assert found.limits[0].warn is None


def test_an_edited_copy_does_not_pass_for_the_shipped_profile(tmp_path: Path) -> None:
    """Who copies the file and forgets the name gets the file's name into the report."""
    found = thresholds(own_limits(tmp_path, 'name = "genesys-cloud"\n[limits]\nup_jitter_ms = { limit = 99 }\n'))
    assert found.name == "site"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[limits]\nup_jiter_ms = { limit = 1 }", r'limits "up_jiter_ms": no such row'),
        ("[limits]\nup_jitter_ms = 20", r'limits "up_jitter_ms": expected a table, got int'),
        ('[limits]\nup_jitter_ms = { limit = "20" }', r'limits "up_jitter_ms": field "limit": expected float, got str'),
        ('[limits]\nup_jitter_ms = { operator = "=<" }', r'limits "up_jitter_ms": field "operator": invalid enum value'),
        ('[limits]\nup_jitter_ms = { key = "up_mos" }', r'limits "up_jitter_ms": field "key": unknown'),
        ("[limits]\nup_jitter_ms = { warn = 40 }", r'limits "up_jitter_ms": field "warn": 40 lies outside the limit < 30'),
        ("[limits]\nup_mos = { warn = 3 }", r'limits "up_mos": field "warn": 3 lies outside the limit >= 3.6'),
        ("limit = 1\n[limits]", r'field "limit": unknown'),
        ("", r"limits: missing"),
        ("[limits", r"Expected"),
    ],
)
def test_wrong_limits_are_refused(tmp_path: Path, text: str, complaint: str) -> None:
    """A typing mistake in the limits must never silently loosen them."""
    path = own_limits(tmp_path, text)
    with pytest.raises(CatalogueError) as caught:
        thresholds(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert complaint in str(caught.value)


def test_a_name_that_is_neither_profile_nor_file(tmp_path: Path) -> None:
    """The known profiles are named, the nearest first; a folder is no file either."""
    with pytest.raises(CatalogueError, match=r"did you mean teams-client\?"):
        thresholds("teams-clint")
    with pytest.raises(CatalogueError, match="genesys-cloud"):
        thresholds("nosuch")
    with pytest.raises(CatalogueError, match="cannot be read"):
        thresholds(str(tmp_path))


def test_a_thresholds_file_without_an_end_is_not_read(tmp_path: Path) -> None:
    """A device, more than 1 MiB and a name with NUL are refused before anything is read."""
    for name, complaint in ((os.devnull, "not a file"), (own_limits(tmp_path, "#" * (1 << 20) + "\n"), "larger than"), ("a\0b", "null")):
        with pytest.raises(CatalogueError, match=complaint):
            thresholds(name)
