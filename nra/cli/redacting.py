"""`--redact`: the key, the names to be replaced, and the last look at what is about to be written."""

import os
import secrets
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from nra.cli.errors import UserError, told_to_the_user, typed_options, washed

if TYPE_CHECKING:
    from nra.archive.scrub import Public, Scrubber
    from nra.archive.tokens import Tokens
    from nra.model.document import RunDocument
    from nra.model.fleet import Problem

KEY_NAME: Final = "redact.key"
MOST_TOLD: Final = 10
COMMAND = TypeVar("COMMAND", bound=Callable[..., Any])


def redact_options(command: COMMAND) -> COMMAND:
    """Give a command the options --redact and --redact-key."""
    key = click.option(
        "--redact-key",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help=f"Key of the tokens; made if absent, stays with you.  [default: {KEY_NAME} in your configuration folder]",
    )
    redact = click.option("--redact", is_flag=True, help="Leave no name of people, places, hosts and networks and no address in any file.")
    return redact(key(command))


@dataclass(slots=True)
class Redaction:
    """Turns documents into ones without names, and remembers the names, so that nothing is written that still holds one."""

    tokens: "Tokens"
    public: "Public"
    more: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)

    def know(self, names: Mapping[str, str]) -> None:
        """Add names known from elsewhere; the first kind of a name counts."""
        self.more |= {name: kind for name, kind in names.items() if name.strip() and name not in self.more}

    def know_document(self, document: "RunDocument") -> None:
        """Add the names that a document's own fields give away."""
        from nra.archive.redact import names_in

        self.names = names_in(document, self.public) | self.names

    def document(self, document: "RunDocument") -> "RunDocument":
        """Return the document without names."""
        from nra.archive.redact import redacted

        self.know_document(document)
        return redacted(document, self.tokens, self.more, self.public)

    def searched_document(self, document: "RunDocument") -> "RunDocument":
        """Return the document without names, looked through at once: for those who keep it in a form that cannot be searched."""
        from nra.archive.document import encode
        from nra.archive.naming import stem
        from nra.archive.redact import names_in

        found = self.document(document)
        own = Redaction(self.tokens, self.public, self.more, names_in(document, self.public))
        own.refuse_names({f"{stem(found)}.json": encode(found)})
        return found

    def scrubber(self) -> "Scrubber":
        """Return what scrubs any other text, knowing all names met so far."""
        from nra.archive.scrub import Scrubber

        return Scrubber(self.tokens, self.more | self.names, self.public)

    def problem(self, problem: "Problem") -> "Problem":
        """Return a problem without the file's name."""
        from nra.model.fleet import Problem

        return Problem(
            file=self.tokens.of("file", problem.file), what=self.scrubber().text(problem.what.replace(problem.file, "")).strip(" :")
        )

    def refuse_names(self, files: Mapping[str, bytes]) -> None:
        """Raise UserError if any name is still in the files or their names."""
        from nra.archive.leaks import StillNamed, refuse_names

        with told_to_the_user(StillNamed):
            refuse_names(files, self.more | self.names)

    def tell_unsearchable(self) -> None:
        """Say which names cannot be looked for at the end, because the program writes the same words itself."""
        from nra.archive.leaks import unsearchable

        found = unsearchable({**self.names, **self.more})
        found = [name for name in found if any(map(str.isalpha, name))]
        if found:
            more = f" and {len(found) - MOST_TOLD} more" if len(found) > MOST_TOLD else ""
            named = washed(", ".join(repr(name) for name in found[:MOST_TOLD])) + more
            click.echo(f"note: replaced where they are names, but too short or too common to be searched for afterwards: {named}", err=True)


def redaction(*, wanted: bool, key: Path | None) -> Redaction | None:
    """Return what redacts, with the names that this machine knows of itself; None where nobody wants it."""
    if not wanted:
        if "redact_key" in typed_options():
            raise UserError("--redact-key is for --redact, which is not there: every name would be left in")
        return None
    from nra.archive.scrub import Public
    from nra.archive.tokens import Tokens
    from nra.catalogue.public import public_hosts, public_networks
    from nra.run.facts import names_here

    networks = {network: f"<service network {number}>" for number, network in enumerate(public_networks(), start=1)}
    made = Redaction(Tokens(key_of(key or default_key())), Public(hosts=public_hosts() | {"localhost"}, networks=networks))
    made.know(names_here())
    return made


def default_key() -> Path:
    """Return where the key lies unless somebody says otherwise."""
    from nra.cli.config import user_folder

    return (user_folder(sys.platform, os.environ) or Path()) / KEY_NAME


def key_of(path: Path) -> bytes:
    """Return the key in the file, which is made if it is not there; raises UserError."""
    from nra.archive.tokens import KEY_BYTES
    from nra.cli.key_files import read_key

    if not os.path.lexists(path):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
                file.write(f"{secrets.token_hex(KEY_BYTES)}\n")
        except (OSError, ValueError) as error:
            raise UserError(f"--redact-key {path}: {getattr(error, 'strerror', None) or error}") from error
        click.echo(f"note: {washed(str(path))} is the new key of the tokens: it stays with you", err=True)
    return read_key(path, "--redact-key")
