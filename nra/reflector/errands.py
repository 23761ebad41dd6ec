"""What others want of a reflector, done by its engine's thread between two glances: nobody else ever touches its sessions."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Final

from nra.reflector.core import Reflector

PATIENCE_S: Final = 2.0  # an engine looks every 0.2 s, and between two batches

Errand = Callable[[Reflector], Any]
"""What to do with a reflector; to be sent to another process it must be a function of a module, or a partial of one."""


class Errands:
    """The errands of one reflector."""

    def __init__(self, reflector: Reflector) -> None:
        """None yet."""
        self._reflector = reflector
        self._waiting: deque[tuple[Errand, Future[Any]]] = deque()

    def ask(self, errand: Errand, patience_s: float = PATIENCE_S) -> Any:  # noqa: ANN401 - whatever the errand returns
        """Return what the errand returns, from whatever thread; raises what it raises, TimeoutError if it takes too long."""
        answer: Future[Any] = Future()
        self._waiting.append((errand, answer))
        return answer.result(patience_s)

    def serve(self) -> None:
        """Do what waits; for the engine's thread alone."""
        while self._waiting:
            errand, answer = self._waiting.popleft()
            try:
                answer.set_result(errand(self._reflector))
            except Exception as error:  # noqa: BLE001 - it is the asker's, and the engine goes on
                answer.set_exception(error)
