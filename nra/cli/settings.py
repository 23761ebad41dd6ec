"""From the words typed to checked settings: everything that can be wrong is said here, before anything is measured."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from nra import __version__
from nra.archive.naming import short_name
from nra.catalogue import CatalogueError, codec, codecs, placed, portal_page, region, services, thresholds
from nra.cli import local
from nra.cli.door import Door
from nra.cli.errors import UserError, told_to_the_user
from nra.cli.key_files import read_credential
from nra.model.document import Asked, Org
from nra.model.plan import Target
from nra.model.region import SELF_TEST, Region
from nra.run.ladder import rungs
from nra.run.questions import host_port
from nra.run.settings import Settings
from nra.run.until_breach import METHOD
from nra.stick import manifest

MOST_PACKETS: Final = 50_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """The options of `nra run` that make up the settings, as click hands them over; `by_hand` are those that stood in the command line."""

    region: str
    org: str
    site: str | None
    seat: str | None
    case: str | None
    reflector: Target | None
    pin: str | None
    key_file: Path | None
    quic_port: int
    method: str
    duration: float
    interval: float
    codec: str
    calls: int
    dscp: int
    services: tuple[str, ...]
    only: Any
    thresholds: str
    calls_until_breach: int | None = None
    load: bool = False
    max_megabytes: int = 200
    by_hand: frozenset[str] = frozenset()


def settings_of(typed: Typed, door: Door) -> Settings:
    """Return the settings; raises UserError with one line about what is wrong."""
    with told_to_the_user(CatalogueError):
        where = region_named(typed.region)
        chosen_codec, limits = codec(typed.codec), thresholds(typed.thresholds)
        rows = () if where is local.PLACEHOLDER else tuple(placed(row, where) for row in services(typed.services))
        portal = None if where is local.PLACEHOLDER else portal_page()
    if typed.pin and typed.reflector is None:
        raise UserError("--pin: of use with --reflector only")
    check_idle(typed, where)
    check_search(typed, where)
    check_load(typed)
    packets = typed.duration * 1000 / typed.interval * typed.calls
    if packets > MOST_PACKETS:
        raise UserError(f"--duration, --interval and --calls ask for {packets:.0f} packets; {MOST_PACKETS} are the most")
    credential = read_credential(typed.key_file) if typed.key_file else None
    settings = Settings(
        asked=asked_of(typed),
        org=Org(name=typed.org.strip(), shortname=short_name(typed.org)),
        site=blank_is_none(typed.site),
        seat=blank_is_none(typed.seat),
        case=blank_is_none(typed.case),
        region=where,
        services=rows,
        portal=portal,
        reflector=typed.reflector,
        pin=typed.pin,
        key=credential.key if credential else None,
        ssid=credential.ssid if credential else None,
        quic_port=typed.quic_port,
        codec=chosen_codec,
        codecs=codecs(),
        thresholds=limits,
        config=str(door.config_path) if door.config_path else None,
        tool_version=__version__,
        stick=manifest.identity(door.program_folder) if door.program_folder else None,
    )
    check_method(settings)
    return settings


def region_named(name: str) -> Region:
    """Return the region of the catalogue, or the placeholder for `local`; raises UserError with the nearest names."""
    if name.strip().lower() == SELF_TEST:
        return local.PLACEHOLDER
    with told_to_the_user(CatalogueError):
        return region(name)


def asked_of(typed: Typed) -> Asked:
    """Return the options as the run document keeps them."""
    return Asked(
        method=typed.method,
        duration_s=typed.duration,
        interval_ms=typed.interval,
        codec=typed.codec,
        calls=typed.calls,
        dscp=typed.dscp,
        services=typed.services,
        only=typed.only,
        reflector=host_port(typed.reflector) if typed.reflector else None,
        authenticated=typed.key_file is not None,
        thresholds=typed.thresholds,
        calls_until_breach=typed.calls_until_breach,
        pin=typed.pin,
        load_megabytes=typed.max_megabytes if typed.load else None,
    )


def check_idle(typed: Typed, where: Region) -> None:
    """Refuse an option that was typed and would come to nothing; what stands in nra.toml or the environment may wait for its use."""
    has_channel = bool(typed.reflector and typed.pin and typed.key_file)
    idle = {
        "max_megabytes": None if typed.load else "--load",
        "quic_port": None if has_channel else "--reflector, --pin and --key-file",
        "key_file": None if typed.reflector or where is local.PLACEHOLDER else "--reflector",
    }
    for name, other in idle.items():
        if other is not None and name in typed.by_hand:
            raise UserError(f"--{name.replace('_', '-')}: of use with {other} only")


def check_search(typed: Typed, where: Region) -> None:
    """Refuse the search for a breach where there is no reflector to search against."""
    if typed.calls_until_breach is None:
        return
    if typed.only == "firewall":
        raise UserError("--calls-until-breach: it measures voice, which --only firewall leaves out")
    if typed.method not in ("auto", METHOD):
        raise UserError(f"--calls-until-breach: it needs --method {METHOD}; {typed.method} cannot send that many packets")
    if typed.reflector is None and where is not local.PLACEHOLDER:
        raise UserError(
            "--calls-until-breach: it needs a reflector of your own (--reflector); public endpoints allow too few packets a second"
        )


def check_load(typed: Typed) -> None:
    """Refuse a load where nobody is known who would bear it."""
    if not typed.load:
        return
    if typed.only == "firewall":
        raise UserError("--load: it measures voice beside a load, which --only firewall leaves out")
    if typed.method not in ("auto", METHOD):
        raise UserError(f"--load: it needs --method {METHOD}")
    lacking = {"--reflector": typed.reflector, "--pin": typed.pin, "--key-file": typed.key_file}
    missing = [option for option, given in lacking.items() if not given]
    if missing:
        raise UserError(f"--load: it needs a reflector with a control channel ({', '.join(missing)}): nra reflect --quic-port")


def missing_options(why: str) -> str:
    """Return the options that would mend why no method can be taken."""
    wanted = [option for word, option in (("no key", "--key-file"), ("no pin", "--pin")) if word in why]
    return " and ".join(wanted) if wanted and "no reflector" not in why else "--reflector"


def check_method(settings: Settings) -> None:
    """Refuse a method for which nothing is there to measure against."""
    if settings.asked.only == "firewall" or settings.region is local.PLACEHOLDER:
        return
    ladder = rungs(settings)
    if all(rung.task is None for rung in ladder):
        why = "; ".join(rung.why for rung in ladder)
        raise UserError(f"--method {settings.asked.method}: {why} (give {missing_options(why)}, or another --method)")


def blank_is_none(text: str | None) -> str | None:
    """Return the text without surrounding blanks, None when nothing is left."""
    return (text or "").strip() or None
