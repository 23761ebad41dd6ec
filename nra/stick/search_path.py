"""The `._pth` file beside a stick's Python: where it looks for modules, and nowhere else.

CPython with such a file is isolated: it heeds neither PYTHONPATH and PYTHONHOME of the workstation nor the working folder.
"""

from typing import Final

from nra.stick.targets import System, Target

PURE: Final = "pure.zip"


def stdlib_archive(python: str) -> str:
    """Return the name of the archive of the standard library for a version such as 3.13.2."""
    major, minor, *_ = python.split(".")
    return f"python{major}{minor}.zip"


def search_path(target: Target, python: str) -> tuple[str, bytes]:
    """Return the `._pth` file's path inside the runtime's folder and what stands in it."""
    standard = stdlib_archive(python)
    packages = (f"{target.packages}/{PURE}", target.packages)
    if target.system is System.WINDOWS:
        lines = [standard, ".", *(f"../../{path}" for path in packages)]
        return f"{standard.removesuffix('.zip')}._pth", "".join(f"{line}\r\n".replace("/", "\\") for line in lines).encode("ascii")
    lines = [f"../{standard}", "../lib-dynload", *(f"../../../{path}" for path in packages)]
    return f"{target.python}._pth", "".join(f"{line}\n" for line in lines).encode("ascii")
