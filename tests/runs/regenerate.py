"""Write the golden run documents, text reports and firewall requests anew: `python tests/runs/regenerate.py`.

Do it when a report is meant to change, and read the difference before committing: it is what users will see.
"""

from pathlib import Path
from typing import Final

from nra.archive.document import encode
from nra.archive.naming import FIREWALL_REQUEST
from nra.model.document import RunDocument
from nra.report.firewall_request import firewall_request
from nra.report.text import render
from nra.testing.canned import KINDS, canned_run

HOSTILE: Final = canned_run("bad", org='=cmd|"/c calc"!A1', shortname="cmdccalca1", host="CON\t\r\n-2+3\x07", site="@SUM(1)", seat="'=1")
GOLDEN: Final[dict[str, RunDocument]] = {**{kind: canned_run(kind) for kind in KINDS}, "hostile-names": HOSTILE}


def regenerate(folder: Path) -> None:
    """Write every golden document into the folder, with its report and, where something required is not open, its firewall request."""
    for old in folder.glob(f"*{FIREWALL_REQUEST}.*"):
        old.unlink()
    for name, document in GOLDEN.items():
        request = firewall_request(document)
        if request is not None:
            (folder / f"{name}{FIREWALL_REQUEST}.txt").write_bytes(request.text)
            (folder / f"{name}{FIREWALL_REQUEST}.csv").write_bytes(request.table)
        (folder / f"{name}.json").write_bytes(encode(document))
        (folder / f"{name}.txt").write_bytes(render(document))


if __name__ == "__main__":
    regenerate(Path(__file__).parent)
