"""What `nra case` refuses before it makes anything: runs that are too old, a console log that is none."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from nra.archive.document import moment
from nra.cli.errors import UserError, washed
from nra.model.document import RunDocument

MOST_CONSOLE_BYTES: Final = 16 << 20
CONTROLS: Final = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\))")
"""A terminal's colours, titles and links (ECMA-48, 5.4 and 8.3.89): glued to a name they would hide it."""


def refuse_old(measured: Mapping[str, RunDocument], most_hours: float | None) -> None:
    """Raise UserError for the oldest run if it is older than asked."""
    if most_hours is None:
        return
    oldest = min(measured.values(), key=lambda document: moment(document.run.started_at) or datetime.max.replace(tzinfo=UTC))
    started = moment(oldest.run.started_at)
    hours = (datetime.now(UTC) - started).total_seconds() / 3600 if started else 0.0
    if hours > most_hours:
        raise UserError(
            f"run {oldest.run.id[:8]} of {washed(oldest.run.host.name)}, {oldest.run.started_at}, is {_age(hours, '.1f')} old: "
            f"older than --max-age allows ({_age(most_hours, 'g')})"
        )


def _age(hours: float, form: str) -> str:
    """Return the age in days, or in hours where it is less than two days."""
    number, unit = (hours, "hours") if hours < 48 else (hours / 24, "days")
    said = f"{number:{form}}"
    return f"{said} {unit[:-1] if said == '1' else unit}"


def console_text(path: Path) -> str:
    """Return what somebody kept of the console, without its colours; raises UserError."""
    try:
        if path.exists() and (not path.is_file() or path.stat().st_size > MOST_CONSOLE_BYTES):
            raise UserError(f"--console {path}: not a file, or larger than {MOST_CONSOLE_BYTES >> 20} MiB")
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        raise UserError(f"--console {path}: {getattr(error, 'strerror', None) or 'no such name'}") from error
    utf_16 = data.startswith((b"\xff\xfe", b"\xfe\xff"))  # as PowerShell's > writes it
    return CONTROLS.sub("", data.decode("utf-16" if utf_16 else "utf-8-sig", "replace"))
