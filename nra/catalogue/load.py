"""The catalogue: regions, codecs, limits and firewall services, read once from the package's data and checked."""

import dataclasses
import difflib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from nra.catalogue.decode import CatalogueError, Misfit, decode, read_toml, table
from nra.model.codec import Codec
from nra.model.criteria import Criterion, Operator, Thresholds
from nra.model.region import SELF_TEST, PortalPage, Region, Service

DEFAULT_THRESHOLDS = "genesys-cloud"
MOST_BYTES = 1 << 20  # of a thresholds file
PROFILE_FILE = "thresholds-"
NOBODY = "none"  # to be asked


class UnknownRegion(CatalogueError):  # noqa: N818 - the name says what is wrong
    """No region of that name; `nearest` are the names that were perhaps meant, best first."""

    def __init__(self, name: str, nearest: tuple[str, ...]) -> None:
        """Word the message, with the nearest names if there are any."""
        super().__init__(f'no region "{name}" in the catalogue' + (f" (did you mean {' or '.join(nearest)}?)" if nearest else ""))
        self.nearest = nearest


@cache
def regions() -> tuple[Region, ...]:
    """Return all regions, sorted by name; `local` is not among them, because the run makes it."""
    file, head = shipped("regions.toml")
    return tuple(decode(file, f'region "{name}"', _entry(head, name=name) | raw, Region) for name, raw in _tables(file, head, "region"))


def region(name: str) -> Region:
    """Return the region of that name (in any case of letters); raises UnknownRegion."""
    wanted = name.strip().lower()
    for each in regions():
        if each.name == wanted:
            return each
    raise UnknownRegion(name, _nearest(wanted))


@cache
def codecs() -> tuple[Codec, ...]:
    """Return the codecs that `--codec` takes, the default first."""
    file, head = shipped("codecs.toml")
    return tuple(decode(file, f'codec "{name}"', {"name": name} | raw, Codec) for name, raw in _tables(file, head, "codec"))


def codec(name: str) -> Codec:
    """Return the codec of that name; raises CatalogueError."""
    for each in codecs():
        if each.name == name:
            return each
    raise CatalogueError(f'no codec "{name}" in the catalogue (known: {", ".join(each.name for each in codecs())})')


def threshold_profiles() -> tuple[str, ...]:
    """Return the names of the shipped profiles of limits, the default first."""
    files = (each.name for each in resources.files("nra.catalogue").joinpath("data").iterdir())
    names = {name.removeprefix(PROFILE_FILE).removesuffix(".toml") for name in files if name.startswith(PROFILE_FILE)}
    return DEFAULT_THRESHOLDS, *sorted(names - {DEFAULT_THRESHOLDS})


def thresholds(name_or_path: str = DEFAULT_THRESHOLDS) -> Thresholds:
    """Return a profile of limits by its name or from a TOML file that changes some of `genesys-cloud`; raises CatalogueError."""
    if name_or_path in threshold_profiles():
        return _profile(name_or_path)
    path = Path(name_or_path)
    try:
        if path.exists() and not path.is_file():
            raise CatalogueError(f"{path}: cannot be read: not a file")
        if path.exists() and path.stat().st_size > MOST_BYTES:
            raise CatalogueError(f"{path}: cannot be read: larger than {MOST_BYTES} bytes")
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise CatalogueError(f'no thresholds "{name_or_path}": neither a profile nor a file{_meant(name_or_path)}') from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise CatalogueError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from error
    given = {"name": path.stem, "source": str(path), "checked": "not stated"} | read_toml(str(path), data)
    if given["name"] in threshold_profiles():
        given["name"] = path.stem  # a copy that still bears the shipped name must not pass for it
    return _thresholds(str(path), given, _rows(thresholds()))


@cache
def _profile(name: str) -> Thresholds:
    file, head = shipped(f"{PROFILE_FILE}{name}.toml")
    return _thresholds(file, head, {} if name == DEFAULT_THRESHOLDS else _rows(thresholds()))


def _rows(profile: Thresholds) -> dict[str, Criterion]:
    return {each.key: each for each in profile.limits}


def _meant(name: str) -> str:
    near = difflib.get_close_matches(name.lower(), threshold_profiles())
    known = f"known: {', '.join(threshold_profiles())}"
    return f" (did you mean {' or '.join(near)}? {known})" if near else f" ({known})"


@cache
def all_services() -> tuple[Service, ...]:
    """Return every row of the Firewall column, of all profiles, in the order in which they are shown."""
    file, head = shipped("services.toml")
    rows = enumerate(head.get("service", ()), start=1)
    return tuple(decode(file, f"service {number}", _entry(head) | raw, Service) for number, raw in rows)


def profiles() -> tuple[str, ...]:
    """Return the names that `--services` takes."""
    return tuple(dict.fromkeys(each.profile for each in all_services()))


def services(wanted: Iterable[str]) -> tuple[Service, ...]:
    """Return the rows of these profiles, what two profiles share only once; raises CatalogueError for an unknown profile."""
    asked = tuple(wanted)
    for profile in asked:
        if profile not in profiles():
            raise CatalogueError(f'no firewall profile "{profile}" in the catalogue (known: {", ".join(profiles())})')
    once: dict[tuple[str, str, str | None], Service] = {}
    for each in all_services():
        if each.profile in asked:
            once.setdefault((each.port, each.protocol, each.host), each)
    return tuple(once.values())


@cache
def portal_page() -> PortalPage:
    """Return the page by which a captive portal is noticed."""
    file, head = shipped("services.toml")
    return decode(file, "portal", _entry(head) | table(file, "portal", head.get("portal")), PortalPage)


def placed(service: Service, region: Region) -> Service:
    """Return the row as it is in a region: no host where a part of its name is not known there, words where a rule's part is not."""
    host, allow_to = service.host, service.allow_to
    for name, (value, words) in _parts(region).items():
        host = None if host is None or (value is None and name in host) else host.replace(name, value or "")
        allow_to = allow_to.replace(name, value or words)
    return dataclasses.replace(service, host=host, ask=service.ask if host else NOBODY, allow_to=allow_to)


def _parts(region: Region) -> dict[str, tuple[str | None, str]]:
    """Return what stands for each part of a name in a region, and the words where that is not known."""
    return {
        "{domain}": (region.domain, "<the service's domain>"),
        "{region}": (region.name, ""),
        "{short}": (region.short, "<region>"),
        "{media}": (media_networks().get(region.kind or ""), "the service's media networks"),
    }


@cache
def media_networks() -> dict[str, str]:
    """Return the service's networks of media by the kind of region."""
    file, head = shipped("services.toml")
    return decode(file, "media", table(file, "media", head.get("media")), dict[str, str])


def shipped(name: str) -> tuple[str, dict[str, Any]]:
    """Return the name of a shipped file and what is in it."""
    return name, read_toml(name, resources.files("nra.catalogue").joinpath("data", name).read_bytes())


def _tables(file: str, head: dict[str, Any], name: str) -> list[tuple[str, dict[str, Any]]]:
    return [(key, table(file, f'{name} "{key}"', raw)) for key, raw in table(file, name, head.get(name)).items()]


def _entry(head: dict[str, Any], **given: str) -> dict[str, Any]:
    """Return what the file says for all its entries: where they come from and when that was last checked."""
    return {key: head[key] for key in ("source", "checked") if key in head} | given


def _thresholds(file: str, head: dict[str, Any], base: Mapping[str, Criterion]) -> Thresholds:
    rows = dict(_tables(file, head, "limits"))
    limits = tuple(criterion(file, key, rows.get(key, {}), base.get(key)) for key in base or rows)
    for key in rows:
        if base and key not in base:
            raise CatalogueError(f'{file}: limits "{key}": no such row (known: {", ".join(base)})')
    return dataclasses.replace(decode(file, "", {**head, "limits": ()}, Thresholds), limits=limits)


def criterion(file: str, key: str, given: dict[str, Any], base: Criterion | None) -> Criterion:
    """Return one row's limit as given, over the one that it changes; raises CatalogueError."""
    entry = f'limits "{key}"'
    if "key" in given:
        raise Misfit(f"{file}: {entry}: ", 'field "key": unknown', "key")  # what the row is called is its key already
    below = dataclasses.asdict(base) if base else {}
    if {"limit", "operator"} & given.keys():
        below.pop("warn", None)  # a band chosen for another limit would warn of nothing, or of everything
    row = decode(file, entry, {"key": key} | below | given, Criterion)
    if row.warn is not None and not _inside(row.warn, row):
        raise Misfit(f"{file}: {entry}: ", f'field "warn": {row.warn:g} lies outside the limit {row.operator} {row.limit:g}', "warn")
    return row


def _inside(warn: float, row: Criterion) -> bool:
    """Tell whether the WARN band begins on the good side of the limit, or on it."""
    return warn <= row.limit if row.operator in (Operator.LESS, Operator.AT_MOST) else warn >= row.limit


def _nearest(wanted: str) -> tuple[str, ...]:
    """Return up to three names that were perhaps meant: whose title holds the word first, then by spelling of name, city or short name."""
    by_title = [each.name for each in regions() if len(wanted) >= 3 and wanted in each.title.lower()]
    names = {SELF_TEST: SELF_TEST} | {word.lower(): each.name for each in regions() for word in (each.city, each.short, each.name) if word}
    by_spelling = [names[word] for word in difflib.get_close_matches(wanted, names)]
    return tuple(dict.fromkeys([*by_title, *by_spelling]))[:3]
