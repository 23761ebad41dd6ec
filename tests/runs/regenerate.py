"""Write the golden run documents and their golden text reports anew: `python tests/runs/regenerate.py`.

Do it when a report is meant to change, and read the difference before committing: it is what users will see.
"""

from pathlib import Path
from typing import Final

from nra.archive.document import encode
from nra.model.document import RunDocument
from nra.report.text import render
from nra.testing.canned import KINDS, canned_run

HOSTILE: Final = canned_run("bad", org='=cmd|"/c calc"!A1', shortname="cmdccalca1", host="CON\t\r\n-2+3\x07", site="@SUM(1)", seat="'=1")
GOLDEN: Final[dict[str, RunDocument]] = {**{kind: canned_run(kind) for kind in KINDS}, "hostile-names": HOSTILE}


def regenerate(folder: Path) -> None:
    """Write every golden document and report into the folder."""
    for name, document in GOLDEN.items():
        (folder / f"{name}.json").write_bytes(encode(document))
        (folder / f"{name}.txt").write_bytes(render(document))


if __name__ == "__main__":
    regenerate(Path(__file__).parent)
