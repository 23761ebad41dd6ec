"""The user's own reflector: what it has opened is asked there, what it has not is not blocked."""

from dataclasses import replace

import pytest
from run_world import BARE, REFLECTOR, settings

from nra.model.observation import Observation
from nra.model.plan import CheckParameters, FarEnd, PortQuestion, Target
from nra.model.region import Side
from nra.model.responder import MEDIA_PORTS, RESPONDERS, Announcement
from nra.run.far_end import Asked, far_end, rows_there, together
from nra.run.questions import port_question

PIN = "ab" * 32
EVERYTHING = Announcement(pin=PIN, ports=tuple((each.protocol, each.port) for each in RESPONDERS))
ALL_PROFILES = ("webrtc", "byoc", "phones", "edge")
MEDIA = ("16384-65535", "UDP")


def far(reflector: Target = REFLECTOR, pin: str | None = None, services: tuple[str, ...] = ("webrtc",)) -> FarEnd:
    """Return the plan for a reflector."""
    made = far_end(replace(settings("eu-central-1", reflector, services=services), pin=pin))
    assert made is not None
    return made


def ports_of(rows: tuple[PortQuestion, ...]) -> dict[tuple[str, str], list[int]]:
    """Return the ports asked by row."""
    return {(row.service.port, row.service.protocol): [task.target.port for task in row.tasks] for row in rows}


def test_every_row_that_a_responder_can_answer_is_asked_there() -> None:
    """All ports of the catalogue, the media range by its samples (a row without a responder of ours is not)."""
    asked = ports_of(rows_there(far(services=ALL_PROFILES), EVERYTHING))
    assert asked.pop(MEDIA) == sorted(MEDIA_PORTS)
    assert set(asked) == {
        ("443", "TCP"), ("80", "TCP"), ("3478", "UDP"), ("3478", "TCP"), ("19302", "UDP"), ("443", "UDP"), ("53", "UDP"), ("53", "TCP"),
        ("5061", "TCP"), ("5060", "UDP"), ("5060", "TCP"), ("8061", "TCP"), ("8060", "UDP"), ("8060", "TCP"), ("123", "UDP"),
    }  # fmt: skip
    assert all(ports == [int(row)] for (row, _), ports in asked.items())


def test_only_what_it_says_to_have_opened_is_asked() -> None:
    """Trap 10: a port that the reflector could not open is not blocked."""
    opened = Announcement(pin=None, ports=(("UDP", 20862), ("UDP", 65535), ("TCP", 3478)))
    assert ports_of(rows_there(far(), opened)) == {MEDIA: [20862, 65535], ("3478", "TCP"): [3478]}


@pytest.mark.parametrize("announced", [None, Announcement(pin=None, ports=())], ids=["silent", "no responders"])
@pytest.mark.parametrize(("port", "asked"), [(20862, {MEDIA: [20862]}), (16384, {MEDIA: [16384]}), (862, {}), (16383, {})])
def test_one_that_announces_nothing_is_asked_at_its_own_port(
    announced: Announcement | None, port: int, asked: dict[tuple[str, str], list[int]]
) -> None:
    """Another's reflector, one without responders, a silent one: its own port stands for the range if it lies in it."""
    assert ports_of(rows_there(far(replace(REFLECTOR, port=port)), announced)) == asked


def test_its_tls_must_show_the_key_that_it_announces_or_the_one_that_was_given() -> None:
    """A certificate that nobody vouches for is trusted by its key alone; what the user gave counts more."""
    for given, expected in ((None, PIN), ("cd" * 32, "cd" * 32)):
        row = next(row for row in rows_there(far(pin=given), EVERYTHING) if (row.service.port, row.service.protocol) == ("443", "TCP"))
        parameters = row.tasks[0].parameters
        assert isinstance(parameters, CheckParameters)
        assert parameters.pin == expected
        assert row.at is Side.REFLECTOR


def test_there_is_no_far_end_without_a_reflector() -> None:
    """Nor where no row of the column could be answered there."""
    assert far_end(settings("eu-central-1")) is None
    assert far_end(replace(settings(BARE, REFLECTOR), services=())) is None


def test_it_is_asked_what_it_opened_at_its_own_port_first() -> None:
    """Should that be blocked, the other ports at which a reflector with responders answers are tried."""
    tasks = far().announcement
    assert {task.probe for task in tasks} == {"reflector_announcement"}
    assert [task.target.port for task in tasks] == [20862, 16384, 32769, 49151, 65535]
    assert [task.target.port for task in far(replace(REFLECTOR, port=65535)).announcement] == [65535, 16384, 32769, 49151]


def rows(*seen: Asked) -> dict[tuple[str, str, Side], bool]:
    """Return port, protocol and whose host of each row, with its need."""
    return {(row.service.port, row.service.protocol, row.at): row.service.required for row, _ in seen}


def asked_both(announced: Announcement | None) -> dict[tuple[str, str, Side], bool]:
    """Return the rows of a run with a reflector."""
    plan = settings("eu-central-1", REFLECTOR)
    nothing: tuple[Observation, ...] = ()
    service = [(port_question(each, plan), nothing) for each in plan.services]
    return rows(*together(service, tuple((row, nothing) for row in rows_there(far(), announced))))


def test_the_reflector_stands_in_where_the_service_has_nobody() -> None:
    """Media is required there and not listed twice; where the service itself answers, the reflector is a second opinion."""
    both = asked_both(EVERYTHING)
    assert both[(*MEDIA, Side.REFLECTOR)] is True
    assert (*MEDIA, Side.SERVICE) not in both
    assert (both["443", "TCP", Side.SERVICE], both["443", "TCP", Side.REFLECTOR]) == (True, False)
    assert (both["3478", "UDP", Side.SERVICE], both["3478", "UDP", Side.REFLECTOR]) == (True, False)


def test_where_it_is_doubtful_who_answers_the_reflector_decides() -> None:
    """STUN over TCP: asked at both, required at the one that is known to listen."""
    both = asked_both(EVERYTHING)
    assert (both["3478", "TCP", Side.SERVICE], both["3478", "TCP", Side.REFLECTOR]) == (False, True)
    alone = asked_both(None)
    assert alone["3478", "TCP", Side.SERVICE] is True
    assert ("3478", "TCP", Side.REFLECTOR) not in alone


def test_the_service_s_rows_come_first() -> None:
    """The report keeps the two apart."""
    sides = [side for _, _, side in asked_both(EVERYTHING)]
    assert sides == sorted(sides, key=lambda side: side is Side.REFLECTOR)
