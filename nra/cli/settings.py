"""From the words typed to checked settings: everything that can be wrong is said here, before anything is measured."""

import os
import re
import stat
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click

from nra import __version__
from nra.archive.naming import short_name
from nra.catalogue import CatalogueError, codec, codecs, placed, portal_page, region, services, thresholds
from nra.cli import local
from nra.cli.door import Door
from nra.cli.errors import UserError, told_to_the_user, washed
from nra.model.document import Asked, Org
from nra.model.plan import Target
from nra.model.region import Region
from nra.run.ladder import rungs
from nra.run.questions import host_port
from nra.run.settings import Settings
from nra.run.until_breach import METHOD
from nra.stick import manifest

KEY_BYTES: Final = 32
MOST_KEY_FILE_BYTES: Final = 1 << 20
MOST_PACKETS: Final = 50_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """The options of `nra run` that make up the settings, as click hands them over."""

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


def settings_of(typed: Typed, door: Door) -> Settings:
    """Return the settings; raises UserError with one line about what is wrong."""
    with told_to_the_user(CatalogueError):
        where = region_named(typed.region)
        chosen_codec, limits = codec(typed.codec), thresholds(typed.thresholds)
        rows = () if where is local.PLACEHOLDER else tuple(placed(row, where) for row in services(typed.services))
        portal = None if where is local.PLACEHOLDER else portal_page()
    if typed.pin and typed.reflector is None:
        raise UserError("--pin: of use with --reflector only")
    check_search(typed, where)
    packets = typed.duration * 1000 / typed.interval * typed.calls
    if packets > MOST_PACKETS:
        raise UserError(f"--duration, --interval and --calls ask for {packets:.0f} packets; {MOST_PACKETS} are the most")
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
        key=read_key(typed.key_file) if typed.key_file else None,
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
    if name.strip().lower() == local.NAME:
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
    )


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


def check_method(settings: Settings) -> None:
    """Refuse a method for which nothing is there to measure against."""
    if settings.asked.only == "firewall" or settings.region is local.PLACEHOLDER:
        return
    ladder = rungs(settings)
    if all(rung.task is None for rung in ladder):
        why = "; ".join(rung.why for rung in ladder)
        raise UserError(f"--method {settings.asked.method}: {why} (give --reflector, or another --method)")


def blank_is_none(text: str | None) -> str | None:
    """Return the text without surrounding blanks, None when nothing is left."""
    return (text or "").strip() or None


def read_key(path: Path, option: str = "--key-file") -> bytes:
    """Return the key in a file of 64 hex digits; raises UserError."""
    try:
        if path.exists() and not path.is_file():
            raise UserError(f"{option} {path}: not a file")
        if path.exists() and path.stat().st_size > MOST_KEY_FILE_BYTES:
            raise UserError(f"{option} {path}: larger than {MOST_KEY_FILE_BYTES} bytes")
        text = path.read_text("ascii").strip()
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:
        raise UserError(f"{option} {path}: {getattr(error, 'strerror', None) or 'not text'}") from error
    if not re.fullmatch(f"[0-9A-Fa-f]{{{2 * KEY_BYTES}}}", text):
        raise UserError(f"{option} {path}: 64 hex digits are expected")
    if sys.platform != "win32" and mode & (stat.S_IRGRP | stat.S_IROTH) and os.access(path, os.W_OK):
        click.echo(f"note: {washed(str(path))} can be read by others on this machine", err=True)
    return bytes.fromhex(text)
