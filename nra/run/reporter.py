"""How a run says where it is, to whatever shows it."""

from typing import Protocol

from nra.model.pulse import Pulse


class Reporter(Protocol):
    """Whoever shows the progress: a terminal, a log, nobody."""

    def phase(self, text: str) -> None:
        """A new phase begins."""
        ...

    def progress(self, done_s: float, total_s: float) -> None:
        """The voice stream is `done_s` of `total_s` seconds old; called some times a second."""
        ...

    def pulse(self, seen: Pulse) -> None:
        """The voice stream looks like this now; called some times a second, where the method tells."""
        ...


class Silent:
    """Shows nothing."""

    def phase(self, text: str) -> None:
        """Show nothing."""

    def progress(self, done_s: float, total_s: float) -> None:
        """Show nothing."""

    def pulse(self, seen: Pulse) -> None:
        """Show nothing."""
