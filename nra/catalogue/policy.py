"""The policy file of `nra gate` (docs/go-live.md): TOML that is reviewed like code, so what nobody reads is an error with its line."""

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, get_args

from nra.catalogue.decode import CatalogueError, Misfit, decode
from nra.catalogue.load import all_services, criterion, threshold_profiles, thresholds
from nra.catalogue.toml_file import TomlFile
from nra.model.criteria import Criterion, Thresholds
from nra.model.policy import Half, Policy, SiteLimits, Waiver

DEFAULT_NAME: Final = "every run passes the profile genesys-cloud"
SECTIONS: Final = ("name", "thresholds", "limits", "site", "require", "allow", "waiver", "baseline")
PORT: Final = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?/(tcp|udp)", re.IGNORECASE)

Keys = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Require:
    runs: int = 1
    workstations: int = 1
    runs_per_workstation: int = 1
    ports: tuple[str, ...] = ()
    measured: tuple[Half, ...] = ()
    strict: bool = False
    sites: tuple[str, ...] = ()
    max_age_days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Allow:
    failed_runs: int = 0
    inconclusive_runs: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Site:
    limits: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Baseline:
    fail_on_regression: bool = False


def default_policy() -> Policy:
    """Return what holds without a policy file."""
    return Policy(name=DEFAULT_NAME, thresholds=thresholds())


def read_policy(path: Path) -> Policy:
    """Return the policy in a file; raises CatalogueError, one line that names file and line."""
    file = TomlFile.read(path)
    for key in file.tables:
        if key not in SECTIONS:
            raise file.misfit(f"{key}: unknown{_meant(key, SECTIONS)}", key)
    base = _base(file)
    general = replace(base, limits=_limits(file, file.tables.get("limits", {}), base, ("limits",)))
    require, allow = _section(file, _Require, "require"), _section(file, _Allow, "allow")
    _check_counts(file, "require", {name: getattr(require, name) for name in ("runs", "workstations", "runs_per_workstation")}, least=1)
    _check_counts(file, "allow", {name: getattr(allow, name) for name in ("failed_runs", "inconclusive_runs")}, least=0)
    if require.max_age_days is not None:
        _check_counts(file, "require", {"max_age_days": require.max_age_days}, least=1)
    if not all(site.strip() for site in require.sites):
        raise file.misfit("require.sites: a site without a name", "require", "sites")
    for port in require.ports:
        _check_port(file, port, ("require", "ports"))
    return Policy(
        name=_text(file, "name", path.stem),
        thresholds=general,
        sites=tuple(_sites(file, general)),
        ports=require.ports,
        measured=require.measured,
        required_sites=require.sites,
        max_age_days=require.max_age_days,
        runs=require.runs,
        workstations=require.workstations,
        runs_per_workstation=require.runs_per_workstation,
        failed_runs=allow.failed_runs,
        inconclusive_runs=allow.inconclusive_runs,
        strict=require.strict,
        waivers=tuple(_waivers(file, {each.key for each in general.limits})),
        fail_on_regression=_section(file, _Baseline, "baseline").fail_on_regression,
    )


def policy_files(path: Path) -> tuple[Path, ...]:
    """Return the files that a readable policy is made of: its own, and that of the thresholds if it names one."""
    name = _profile(TomlFile.read(path))
    return (path, *((Path(name),) if name not in threshold_profiles() else ()))


def _base(file: TomlFile) -> Thresholds:
    """Return the profile that the policy's limits change."""
    try:
        return thresholds(_profile(file))
    except CatalogueError as error:
        raise file.misfit(f"thresholds: {error}", "thresholds") from error


def _profile(file: TomlFile) -> str:
    """Return the name of the profile that the policy names, or of the file, which lies where the policy lies."""
    name = _text(file, "thresholds", thresholds().name)
    beside = file.path.parent / name
    return name if name in threshold_profiles() or not beside.is_file() else str(beside)


def _limits(file: TomlFile, given: object, base: Thresholds, keys: Keys) -> tuple[Criterion, ...]:
    known = {each.key: each for each in base.limits}
    rows = _table(file, given, keys)
    for key in rows:
        if key not in known:
            raise file.misfit(f"{_path(keys)}.{key}: no such row{_meant(key, known)}", *keys, key)
    return tuple(_limit(file, each, rows[each.key], (*keys, each.key)) if each.key in rows else each for each in base.limits)


def _limit(file: TomlFile, base: Criterion, given: object, keys: Keys) -> Criterion:
    row = _table(file, given, keys)
    try:
        return criterion("", base.key, row, base)
    except Misfit as error:
        raise _told(file, error, row, keys) from error


def _sites(file: TomlFile, general: Thresholds) -> Iterable[SiteLimits]:
    seen: set[str] = set()
    for name in _table(file, file.tables.get("site", {}), ("site",)):
        if name.strip().casefold() in seen:
            raise file.misfit(f"site.{name}: the same site stands there twice", "site", name)
        seen.add(name.strip().casefold())
        given = _section(file, _Site, "site", name)
        yield SiteLimits(site=name, thresholds=replace(general, limits=_limits(file, given.limits, general, ("site", name, "limits"))))


def _waivers(file: TomlFile, rows: Iterable[str]) -> Iterable[Waiver]:
    given = file.tables.get("waiver", [])
    if not isinstance(given, list):
        raise file.misfit("waiver: each stands under its own [[waiver]]", "waiver")
    for number in range(len(given)):
        waiver = _section(file, Waiver, "waiver", number)
        for name in ("owner", "reason"):
            if not getattr(waiver, name).strip():
                raise file.misfit(f"waiver {number + 1}: {name} is empty", "waiver", number, name)
        if waiver.what not in rows:
            _check_port(file, waiver.what, ("waiver", number, "what"), rows)
        yield waiver


def _section(file: TomlFile, kind: type[Any], *keys: str | int) -> Any:  # noqa: ANN401 - an instance of `kind`
    """Return a section as its type; what is missing, unknown or of another type is an error with its line."""
    given: Any = file.tables
    for key in keys:
        given = given.get(key, {}) if isinstance(given, Mapping) else given[key]
    given = _table(file, given, keys)
    known = list(kind.__dataclass_fields__)
    for key in given:
        if key not in known:
            raise file.misfit(f"{_path(keys)}.{key}: unknown{_meant(key, known)}", *keys, key)
    try:
        return decode("", "", given, kind)
    except Misfit as error:
        raise _told(file, error, given, keys) from error


def _told(file: TomlFile, error: Misfit, given: Mapping[str, Any], keys: Keys) -> CatalogueError:
    """Return the complaint with the line of the field, or of the whole entry where the field is not there."""
    first = re.split(r"[.\[]", error.field)[0]
    words = f" (known: {', '.join(get_args(Half))})" if first == "measured" and "enum value" in error.what else ""
    return file.misfit(f"{_path(keys)}: {error.what}{words}", *keys, *([first] if first in given else []))


def _table(file: TomlFile, given: object, keys: Keys) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise file.misfit(f"{_path(keys)}: expected a table, got {type(given).__name__}", *keys)
    return given


def _text(file: TomlFile, key: str, otherwise: str) -> str:
    value = file.tables.get(key, otherwise)
    if not isinstance(value, str) or not value.strip():
        raise file.misfit(f"{key}: expected text, got {value!r}", key)
    return value


def _check_counts(file: TomlFile, section: str, counts: Mapping[str, int], *, least: int) -> None:
    for name, count in counts.items():
        if count < least:
            raise file.misfit(f"{section}.{name}: at least {least}, got {count}", section, name)


def _check_port(file: TomlFile, text: str, keys: Keys, rows: Iterable[str] = ()) -> None:
    """Refuse what the Firewall column never holds: a waiver or a demand with a typing mistake would be about nothing."""
    known = dict.fromkeys(f"{each.port}/{each.protocol}".upper() for each in all_services())
    if not PORT.fullmatch(text.strip()) or (text.upper() not in known):
        what = "no row of a report, nor a port of the catalogue" if rows else "no port of the catalogue"
        raise file.misfit(f"{_path(keys)}: {text!r} is {what}{_meant(text, (*rows, *known))}", *keys)


def _path(keys: Keys) -> str:
    return ".".join(str(key + 1) if isinstance(key, int) else key for key in keys)


def _meant(word: str, known: Iterable[str]) -> str:
    known = list(known)
    near = difflib.get_close_matches(word, known, n=2)
    return f" (did you mean {' or '.join(near)}?)" if near else f" (known: {', '.join(known)})"
