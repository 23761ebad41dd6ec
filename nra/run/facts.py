"""What the workstation says of itself, all questions side by side; what it does not say is a fact with the reason."""

import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from getpass import getuser
from pathlib import Path

from nra.model.case import Fact, Workstation
from nra.net.clock import SystemClock
from nra.net.facts import linux, machine, macos, windows
from nra.net.facts.asking import Question, Unknown
from nra.run.assessment import iso

OF_SYSTEM = {"linux": linux.QUESTIONS, "win32": windows.QUESTIONS, "darwin": macos.QUESTIONS}


def gather_here() -> Workstation:
    """Return the facts of this machine; takes as long as its slowest answer, 15 s at most."""
    questions = (*machine.QUESTIONS, *OF_SYSTEM.get(sys.platform, ()))
    return Workstation(host=machine.host_name(), gathered_at=iso(SystemClock().now_ns()), facts=gather(questions))


def gather(questions: Iterable[Question]) -> tuple[Fact, ...]:
    """Return a fact for each question, those of one topic together."""
    asked = sorted(questions, key=lambda question: question.topic, reverse=True)
    with ThreadPoolExecutor(max_workers=max(1, len(asked))) as pool:
        return tuple(pool.map(_answered, asked))


def _answered(question: Question) -> Fact:
    values: tuple[str, ...] = ()
    reason = ""
    try:
        values = question.ask()
    except (Unknown, OSError) as why:
        reason = str(why)
    except Exception as error:  # noqa: BLE001 - a library that knows a system badly must not cost the bundle
        reason = f"{type(error).__name__}: {error}"
    return Fact(topic=question.topic, name=question.name, values=values, reason=reason, kind=question.kind)


def names_here() -> dict[str, str]:
    """Return names that only this machine knows and no redacted file may have: the user's, its own, each with its kind."""
    found = {machine.host_name(): "host", machine.host_name().partition(".")[0]: "host"}
    asked: tuple[Callable[[], str], ...] = (getuser, lambda: Path.home().name)
    for ask in asked:
        try:
            found.setdefault(ask(), "user")
        except (OSError, KeyError, ImportError, RuntimeError):
            continue
    return {name: kind for name, kind in found.items() if name.strip()}
