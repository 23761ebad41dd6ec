"""A server's loop in a thread of its own, for as long as a block lasts."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

PATIENCE_S: Final = 2.0  # servers look every 0.2 s whether they shall stop, then say farewell to whom they still talk with


@contextmanager
def background(run: Callable[[Callable[[], bool]], None], name: str) -> Iterator[None]:
    """Run `run(stop)` in a thread while the block lasts; `stop` says that it is over."""
    over = threading.Event()
    thread = threading.Thread(target=run, args=(over.is_set,), name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(timeout=PATIENCE_S)
