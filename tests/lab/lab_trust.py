"""Other roots of trust for a program of the lab, by nothing but its environment.

The workstation's own store is what OpenSSL finds by SSL_CERT_FILE. The public roots that come with the program are those of the
package certifi: a module of that name in a folder that PYTHONPATH names first stands in for it.
"""

import os
from pathlib import Path
from typing import Final

MODULE: Final = '''\
"""Stands in for certifi: the lab's CA is the only public root."""

from pathlib import Path

PEM = {pem!r}


def where() -> str:
    """Return the file of the roots."""
    return PEM


def contents() -> str:
    """Return the roots."""
    return Path(PEM).read_text("ascii")
'''


def public_roots(folder: Path, pem: Path) -> str:
    """Make the CA in `pem` the only public root of a program that is started with the returned PYTHONPATH."""
    modules = folder / "public-roots"
    modules.mkdir(exist_ok=True)
    (modules / "certifi.py").write_text(MODULE.format(pem=str(pem)), "utf-8")
    return os.pathsep.join(filter(None, (str(modules), os.environ.get("PYTHONPATH"))))
