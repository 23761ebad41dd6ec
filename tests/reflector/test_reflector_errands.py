"""Errands: done by the engine's thread, answered to whoever asked, whatever becomes of them."""

import threading
from functools import partial

import pytest

from nra.reflector.core import Reflector
from nra.reflector.engine import Engine
from nra.reflector.engines import best_engine
from nra.reflector.errands import Errands

KINDS = [Engine] if best_engine() is Engine else [Engine, best_engine()]


def counted(name: str, reflector: Reflector) -> int:
    """Count something there, and return how often that was."""
    reflector.counters[name] += 1
    return reflector.counters[name]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_the_engine_s_thread_does_them(kind: type[Engine]) -> None:
    """Whoever asks waits for it, and gets what came of it."""
    reflector, over, threads = Reflector(), threading.Event(), list[int]()
    engine = kind(reflector, [("127.0.0.1", 0)])
    thread = threading.Thread(target=engine.run, args=(over.is_set,))
    thread.start()
    try:
        engine.errands.ask(lambda _: threads.append(threading.get_ident()))
        assert [engine.errands.ask(partial(counted, "seen")) for _ in range(3)] == [1, 2, 3]
        assert reflector.counters["seen"] == 3
    finally:
        over.set()
        thread.join(5)
    assert threads == [thread.ident]


def test_what_goes_wrong_is_the_asker_s() -> None:
    """The engine goes on with the next one."""
    errands, seen = Errands(Reflector()), []

    def ask() -> None:
        with pytest.raises(ZeroDivisionError):
            errands.ask(lambda _: 1 // 0)
        seen.append(errands.ask(partial(counted, "after")))

    asker = threading.Thread(target=ask)
    asker.start()
    while asker.is_alive():
        errands.serve()
        asker.join(0.001)
    assert seen == [1]


def test_nobody_waits_for_an_engine_that_does_not_come_to_it() -> None:
    """Every wait has an end."""
    with pytest.raises(TimeoutError):
        Errands(Reflector()).ask(lambda _: None, patience_s=0.01)
