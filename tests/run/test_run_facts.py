"""Facts of the workstation: each question is answered or has a reason."""

from nra.net.facts.asking import Question, Unknown
from nra.run.facts import gather, names_here


def unknown() -> tuple[str, ...]:
    """Say no."""
    raise Unknown("there is none")


def broken() -> tuple[str, ...]:
    """Fail as a library may."""
    raise ValueError("odd")


def denied() -> tuple[str, ...]:
    """Fail as a system may."""
    raise PermissionError(13, "Permission denied")


def test_absent_is_absent_with_its_reason() -> None:
    """One question that fails costs its own fact and nothing else."""
    questions = [
        Question(topic="System", name=ask.__name__, ask=ask, kind="host") for ask in (unknown, broken, denied, lambda: ("x", "y"))
    ]  # fmt: skip
    facts = {fact.name: (fact.values, fact.reason) for fact in gather(questions)}
    assert facts == {
        "unknown": ((), "there is none"),
        "broken": ((), "ValueError: odd"),
        "denied": ((), "[Errno 13] Permission denied"),
        "<lambda>": (("x", "y"), ""),
    }
    assert gather([]) == ()


def test_topics_stand_together() -> None:
    """The page prints a heading for each, so each comes once."""
    questions = [Question(topic=topic, name=topic, ask=unknown) for topic in ("System", "Network", "System")]
    assert [fact.topic for fact in gather(questions)] == ["System", "System", "Network"]


def test_this_machine_knows_its_own_name() -> None:
    """A redacted file must not have it."""
    assert "host" in names_here().values()
