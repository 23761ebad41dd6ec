"""Waiting for the next run, by a clock set by hand."""

from nra.run.waiting import WAKING_S, Waiting


class Wrist:
    """A clock that goes on in `sleep`, and in naps of the workstation: by so much at a time."""

    def __init__(self, *naps_s: float) -> None:
        """Naps come with the first glances."""
        self.now_s = 500.0
        self.naps_s = list(naps_s)
        self.glances = 0

    def __call__(self) -> float:
        """Return the time."""
        return self.now_s

    def sleep(self, wanted_s: float) -> None:
        """Let the time go on."""
        self.glances += 1
        self.now_s += wanted_s + (self.naps_s.pop(0) if self.naps_s else 0.0)


def test_it_waits_until_it_is_time() -> None:
    """Exactly, counted from the start."""
    wrist = Wrist()
    waiting = Waiting(lambda: False, wrist, wrist.sleep)
    assert waiting.until(30.0)
    assert waiting.now_s() == 30.0


def test_what_is_due_is_not_waited_for() -> None:
    """The first run begins at once."""
    wrist = Wrist()
    assert Waiting(lambda: False, wrist, wrist.sleep).until(0.0)
    assert wrist.glances == 0


def test_a_network_that_wakes_up_is_given_time() -> None:
    """After sleep nothing is measured at once, though its time has come."""
    wrist = Wrist(0.0, 3600.0)
    waiting = Waiting(lambda: False, wrist, wrist.sleep)
    assert waiting.until(1800.0)
    assert waiting.now_s() == 3601.0 + WAKING_S


def test_a_wish_to_stop_is_noticed() -> None:
    """Within half a second."""
    wrist = Wrist()
    waiting = Waiting(lambda: wrist.glances == 3, wrist, wrist.sleep)
    assert not waiting.until(1800.0)
    assert waiting.now_s() == 1.5
