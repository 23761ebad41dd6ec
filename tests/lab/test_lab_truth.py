"""`nra run` against `nra reflect` through the relay: its numbers must be those of the relay's own record."""

from typing import Final

import pytest
from lab_compare import check_undisturbed
from lab_mixes import GROUPS
from lab_record import OPEN, unix_ns
from lab_session import DURATION_S, INTERVAL_MS, SLOTS, Mix, Reflectors, Session, hold
from lab_world import World, measured_s

from nra.testing.impairment import Impairment

pytestmark = pytest.mark.namespaces

OPENING: Final = 1  # packets that pass the relay before the stream: the question whether the reflector is there
AFTERWARDS_S: Final = 14.0  # late replies 2 s, closing exchange 1.5 s, asking a control 2 s; the rest is for a busy machine
JUST_S: Final = 1e-6  # of rounding
HALF: Final = Impairment(loss_spans_s=((DURATION_S / 2, 3600),))


@pytest.mark.parametrize("group", GROUPS)
def test_numbers_are_those_of_the_relay(world: World, subtests: pytest.Subtests, group: str) -> None:
    """Every number both ways: counts equal, packet by packet; times within 0.1 ms or 2 %, MOS within 0.01 (contract 3)."""
    for name, session in hold(world, GROUPS[group]).items():
        with subtests.test(name):
            check_undisturbed(world, name, session)


def test_a_nat_that_forgets_changes_nothing(world: World, subtests: pytest.Subtests) -> None:
    """The session goes on from the new port, its numbers unchanged (contract 5: sessions survive a NAT rebinding)."""
    rebinding = ("--rebind-after", str(SLOTS // 2))
    ups = {
        "clean": Impairment(),
        "loss": Impairment(loss=0.05, seed=121),
        "reordering": Impairment(jitter_ms=60, seed=2),  # this seed lets the rebinding be overtaken
    }
    mixes = {name: Mix(up=up, down=Impairment(loss=0.05, seed=122), relay=rebinding) for name, up in ups.items()}
    said: list[str] = []
    for name, session in hold(world, mixes, afterwards=lambda reflectors: said.extend(reflectors.stop())).items():
        with subtests.test(name):
            check_undisturbed(world, name, session)
    assert "rebound 3" in said[0]


def test_silence_from_half_time_on_is_not_split_by_guess(world: World, subtests: pytest.Subtests) -> None:
    """Where nothing comes back any more, nobody can tell which way is dead: lost, direction unknown, inconclusive (contract 3)."""
    for name, session in hold(world, {"up": Mix(up=HALF), "down": Mix(down=HALF)}).items():
        with subtests.test(name):
            check_silence(session)


def test_a_reflector_that_dies_on_the_way(world: World) -> None:
    """A dead peer costs bounded time and a full report about the time before (contract 1: exit 3)."""
    mix = Mix(relay=("--announce-after", str(OPENING + SLOTS // 4)))  # early: a busy machine kills late
    check_silence(hold(world, {"dies": mix}, in_mid_session=Reflectors.kill)["dies"])


def check_silence(session: Session) -> None:
    """Hold a session whose second half went unanswered against the relay's record."""
    voice = session.voice
    answered = sum(len({moment.sequence for moment in call.returned()}) for call in session.calls)
    assert (session.ended.code, session.document["verdict"]) == (3, "INCONCLUSIVE")
    assert measured_s(session.document) < DURATION_S + AFTERWARDS_S
    assert voice["up"]["received"] == voice["down"]["received"] == answered
    assert (voice["up"]["lost"], voice["down"]["lost"]) == (0, 0)
    assert voice["lost_unknown"] == voice["round_trip"]["lost"] == voice["sent"] - answered
    sooner_s, later_s = silence_s(session)
    assert sooner_s - JUST_S <= voice["silent_since_s"] <= later_s + JUST_S


def silence_s(session: Session) -> tuple[float, float]:
    """Return between when and when in the stream the last probe that was answered was sent, by the time stamps in the packets.

    The stream began with its first probe, or before it by what that was late, half a slot at most, and by the slots that were missed.
    """
    (call,) = session.calls
    sent_s = {sequence: unix_ns(OPEN[0].unpack_from(crossing.head)[1]) / 1e9 for sequence, crossing in call.up.items()}
    answered_s = max(sent_s[moment.sequence] for moment in call.returned()) - min(sent_s.values())
    return answered_s, answered_s + (session.voice["not_sent"] + 0.5) * INTERVAL_MS / 1000
