"""What a reflector says while it runs, on standard error: a line for people, or with `--log json` one JSON object a line."""

import json
from datetime import UTC, datetime
from typing import Any

import click

from nra.cli.errors import washed


class ServiceLog:
    """Events by name; people are told of those that have words for them."""

    def __init__(self, *, as_json: bool = False) -> None:
        """Say it to people, or to programs."""
        self.as_json = as_json

    def tell(self, event: str, words: str = "", **facts: Any) -> None:  # noqa: ANN401 - whatever JSON can say
        """Write an event with what belongs to it; without words only programs are told."""
        if self.as_json:
            now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            said = {"words": words} if words else {}
            click.echo(json.dumps({"time": now, "event": event, **said, **facts}), err=True)
        elif words:
            click.echo(washed(words), err=True)
