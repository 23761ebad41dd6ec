"""What keeps a stick from being laid out or verified."""


class CannotLayOut(Exception):  # noqa: N818 - says what is the case, as its message does
    """The stick cannot be made or judged; the message is one line that the user can act on."""
