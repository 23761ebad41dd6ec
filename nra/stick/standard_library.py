"""Which modules of the standard library a stick needs: all but tests, the tools for making software, and what needs a display."""

import re
from typing import Final

UNWANTED: Final = re.compile(
    r"^(test|idlelib|tkinter|turtledemo|ensurepip|lib2to3|pydoc_data|site-packages|dist-packages|venv|msilib|config-[^/]*)/"
    r"|(^|/)(tests?|idle_test|__pycache__)/"
    r"|^(turtle|antigravity|this)\.py$"
    r"|^lib-dynload/(_test|_ctypes_test|_tkinter|_xx|xx|readline|_curses|_dbm|_gdbm|nis)[^/]*$"
)


def wanted_module(path: str) -> bool:
    """Tell whether a file, by its path inside the standard library, goes onto a stick."""
    return UNWANTED.search(path) is None
