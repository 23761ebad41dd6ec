"""File names (contract 4): `NRA_<org>[_<site>]_<host>_<region>_<yyyyMMddTHHmmssZ>_<id8>`, the same for all files of a run.

ASCII letters, digits, dashes, and underscores between the parts: legal on FAT32, exFAT and Windows. The leading `NRA_`
keeps every name clear of the reserved ones (CON, NUL, COM1), whatever people call their organization.

Each file whose name is taken gets a mark of its own (`-2`), not the whole run: the id in the name is the run's, so only what is
rendered again from one document meets itself, and that may be one file of several.
"""

import re
import unicodedata
from typing import Final

from nra.archive.document import moment
from nra.model.document import RunDocument

LONGEST_NAME: Final = 120
FIREWALL_REQUEST: Final = "_firewall-request"  # after the stem, before the extension
SERIES: Final = "_series"  # the same, of the running summary of several runs
LONGEST_ENDING: Final = len(f"{FIREWALL_REQUEST}.csv")  # longer than `.packets.csv.gz`
LONGEST_COPY_MARK: Final = 4  # `-999`
ORG_LENGTH, SITE_LENGTH, HOST_LENGTH, REGION_LENGTH = 17, 15, 16, 14
"""With all else: 120 characters. A redacted site's or host's token has 15, as a Windows host has at most; no AWS region more than 14."""
NO_TIME: Final = "00000000T000000Z"


def short_name(name: str) -> str:
    """Return an organization's short name: lower case letters, digits and dashes only, accents taken off; `org` if nothing is left."""
    return re.sub(r"[^a-z0-9-]", "", _ascii(name).lower()).strip("-") or "org"


def slug(text: str, length: int) -> str:
    """Return the text as ASCII letters, digits and single dashes, at most `length` of them; empty if nothing is left."""
    return re.sub(r"[^A-Za-z0-9]+", "-", _ascii(text)).strip("-")[:length].rstrip("-")


def stem(document: RunDocument) -> str:
    """Return the name of a run's files without extension, at most 95 characters."""
    run = document.run
    started = moment(run.started_at)
    parts = (
        "NRA",
        short_name(run.org.shortname)[:ORG_LENGTH].rstrip("-"),
        slug(run.site or "", SITE_LENGTH),
        slug(run.host.name, HOST_LENGTH) or "host",
        slug(run.region, REGION_LENGTH) or "region",
        f"{started:%Y%m%dT%H%M%SZ}" if started else NO_TIME,
        slug(run.id, 8) or "0",
    )
    return "_".join(part for part in parts if part)


def _ascii(text: str) -> str:
    return unicodedata.normalize("NFKD", text.replace("ß", "ss")).encode("ascii", "ignore").decode()
