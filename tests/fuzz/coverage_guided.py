"""One decoder under atheris, which looks for octets that reach new code: `python tests/fuzz/coverage_guided.py NAME [-runs=N]`.

Needs the package atheris (Linux, CPython); NAME is a target of mutate.py, without one the names are listed. Options are libFuzzer's.
"""

import importlib
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.append(str(Path(__file__).resolve().parent))


def main(arguments: list[str]) -> int:
    """Fuzz until told to stop; ends at the first fault, with the octets in a file."""
    try:
        atheris = importlib.import_module("atheris")
    except ImportError:
        print("atheris is not installed: pip install atheris", file=sys.stderr)
        return 2
    with atheris.instrument_imports(include=["nra"]):
        mutate = importlib.import_module("mutate")
    feeds = mutate.targets()
    if not arguments or arguments[0] not in feeds:
        print("\n".join(feeds))
        return 2
    feed = feeds[arguments[0]]

    def one(octets: bytes) -> None:
        try:
            feed(octets)
        except mutate.MalformedMessage:
            return

    with TemporaryDirectory(prefix="corpus-") as corpus:  # valid messages to start from
        for number, case in enumerate(mutate.CASES):
            (Path(corpus) / str(number)).write_bytes(case.valid)
        atheris.Setup([sys.argv[0], *arguments[1:], corpus], one)
        atheris.Fuzz()  # ends the process
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
