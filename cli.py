"""The door of a checkout or a copied folder: `python cli.py run ...` from any folder, with nothing installed.

Packages come from the Python that runs this, else from the checkout's `.venv`, else from a folder `site-packages` beside this file.
"""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
VERSION = "python{}.{}".format(*sys.version_info)
PACKAGES = (HERE / ".venv" / "lib" / VERSION / "site-packages", HERE / ".venv" / "Lib" / "site-packages", HERE / "site-packages")


def open_door() -> None:
    """Find nra and its packages, then hand over to the command line; one line and exit code 2 if that cannot be."""
    sys.path.insert(0, str(HERE))
    sys.path.extend(str(folder) for folder in PACKAGES if folder.is_dir())
    if sys.version_info < (3, 11):  # noqa: UP036 - whoever starts this file did not ask pip
        sys.exit(_refusal("nra needs Python 3.11 or newer, this is {}.{}".format(*sys.version_info)))
    try:
        from nra.cli import main
    except ModuleNotFoundError as error:
        sys.exit(_refusal(f"package {error.name} is missing: looked beside cli.py and in {sys.executable}"))
    main(program_folder=HERE)


def _refusal(why: str) -> int:
    sys.stderr.write(f"nra: error: {why}\n")
    return 2


if __name__ == "__main__":
    open_door()
