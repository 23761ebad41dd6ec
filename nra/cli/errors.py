"""How the program says no: one line on standard error and exit code 2, never a traceback."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final

import click
from click.core import ParameterSource


class UserError(click.ClickException):
    """Something that the user can mend: a usage error or input that cannot be read (exit code 2, one line)."""

    exit_code = 2


@contextmanager
def told_to_the_user(*kinds: type[Exception]) -> Iterator[None]:
    """Turn these exceptions, whose message is already one line for the user, into UserError."""
    try:
        yield
    except kinds as error:
        raise UserError(str(error)) from error


HARMFUL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Control characters and those that turn the writing direction: a terminal would obey them."""


def washed(text: str) -> str:
    """Return the text on one line with nothing in it that a terminal would obey."""
    return HARMFUL.sub("?", " ".join(text.split()))


def one_line(error: click.ClickException) -> str:
    """Return the error as one line; a usage error also says where the help is."""
    message = " ".join(error.format_message().split())
    context = error.ctx if isinstance(error, click.UsageError) else None
    return f"nra: error: {message}{_origin(error)}" + (f" (see {context.command_path} --help)" if context else "")


def _origin(error: click.ClickException) -> str:
    """Say where a refused value came from when it was not typed: otherwise nobody finds it."""
    if not isinstance(error, click.BadParameter) or error.ctx is None or error.param is None or error.param.name is None:
        return ""
    origins = {ParameterSource.ENVIRONMENT: f" [from {error.param.envvar}]", ParameterSource.DEFAULT_MAP: " [from nra.toml]"}
    source = error.ctx.get_parameter_source(error.param.name)
    return origins.get(source, "") if source else ""


def typed_options() -> dict[str, str]:
    """Return the options in the running command's line by their Python names; what nra.toml or the environment say is not typed."""
    ctx = click.get_current_context(silent=True)
    options = [param for param in ctx.command.params if isinstance(param, click.Option)] if ctx else []
    return {
        option.name: option.opts[0]
        for option in options
        if ctx and option.name and ctx.get_parameter_source(option.name) is ParameterSource.COMMANDLINE
    }


def not_loaded(error: ImportError) -> str:
    """Say what could not be loaded, without the pages that packages wrap around it, and what usually keeps it from being loaded."""
    while isinstance(error.__cause__ or error.__context__, ImportError):
        error = error.__cause__ or error.__context__  # type: ignore[assignment]  # an ImportError, as the line above says
    return f"{str(error).strip().partition(chr(10))[0]}: missing, or a policy of this machine lets no unsigned library run (docs/stick.md)"


def did_you_mean(word: str, words: Iterable[str]) -> str:
    """Return ` (did you mean X?)` with the known words nearest to this one, or nothing when none is near."""
    import difflib  # only on the way out: start-up does not pay for it

    nearest = difflib.get_close_matches(word.lower(), list(words))
    return f" (did you mean {' or '.join(nearest)}?)" if nearest else ""
