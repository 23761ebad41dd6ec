"""`nra gate`: judge run documents against a policy; the exit code is the answer."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nra.cli.errors import UserError, told_to_the_user
from nra.cli.outputs import Named, refuse_overwriting
from nra.cli.run import EXIT_CODES

if TYPE_CHECKING:
    from nra.model.document import RunDocument
    from nra.model.judgement import Judgement

ANY_PATH = click.Path(path_type=Path)


@click.command()
@click.argument("runs", metavar="RUNS...", nargs=-1, required=True, type=ANY_PATH)
@click.option("--policy", type=ANY_PATH, metavar="FILE", help="What is required (TOML).  [default: every run passes genesys-cloud]")
@click.option("--junit", type=ANY_PATH, metavar="FILE", help="Also write JUnit XML, in place of an older one.")
@click.option("--json", "as_json", is_flag=True, help="The judgement as JSON on standard output, and nothing else there.")
@click.option("--baseline", type=ANY_PATH, multiple=True, metavar="RUNS", help="Tell what is worse than in these runs (repeatable).")
@click.option("--github", is_flag=True, help="Annotations for GitHub Actions instead of the summary.")
@click.option("--diff", is_flag=True, help="RUNS are two, BEFORE and AFTER: tell what changed, and judge AFTER.")
def gate(
    runs: tuple[Path, ...], policy: Path | None, junit: Path | None, as_json: bool, baseline: tuple[Path, ...], github: bool, diff: bool
) -> int:
    """Judge the run documents RUNS (files, or folders with all below them) again from what was measured.

    Exit codes: 0 ready, 1 not ready, 2 something is unreadable, 3 something required could not be measured.
    """
    from nra.catalogue import CatalogueError, default_policy, read_policy
    from nra.run.gate import gate as judged

    if as_json and github:
        raise UserError("--json and --github both want standard output: take one")
    if diff and len(runs) != 2:
        raise UserError(f"--diff: takes two, BEFORE and AFTER, got {len(runs)}")
    if junit is not None and not junit.suffix:
        raise UserError(f"--junit: {junit}: the name needs an ending, such as .xml")
    with told_to_the_user(CatalogueError):
        asked = read_policy(policy) if policy else default_policy()
    if junit is not None:
        refuse_overwriting([("--junit", junit)], read(runs, baseline, policy))
    before, after = (runs[:1], runs[1:]) if diff else ((), runs)
    sides = {"baseline": documents(baseline), "before": documents(before)}
    judgement = judged(documents(after), asked, datetime.now(UTC).date(), **sides)
    if junit is not None:
        write_junit(junit, judgement)
    click.echo(shown(judgement, as_json=as_json, github=github, diff=diff), nl=not as_json)
    return EXIT_CODES[judgement.verdict]


def read(runs: Sequence[Path], baseline: Sequence[Path], policy: Path | None) -> Iterator[Named]:
    """Yield the files that are read: the runs, and what the policy is made of."""
    from nra.archive.runs import files
    from nra.catalogue import policy_files

    yield from (("--policy", path) for path in (policy_files(policy) if policy else ()))
    for name, places in (("RUNS", runs), ("--baseline", baseline)):
        yield from ((name, path) for place in places for path in files(place))


def documents(places: Sequence[Path]) -> "list[tuple[str, RunDocument]]":
    """Return the run documents of files and folders with the files' names; raises UserError for one that is unreadable."""
    from nra.archive.document import UnreadableDocument
    from nra.archive.runs import run_documents

    with told_to_the_user(UnreadableDocument):
        return [(str(path), document) for path, document in run_documents(places)]


def write_junit(path: Path, judgement: "Judgement") -> None:
    """Write the judgement as JUnit XML; raises UserError where no file can be written."""
    from nra.archive.files import CannotWrite, overwrite
    from nra.report.junit import render

    with told_to_the_user(CannotWrite):
        overwrite(path, lambda file: file.write(render(judgement)))


def shown(judgement: "Judgement", *, as_json: bool, github: bool, diff: bool) -> str:
    """Return what is printed: JSON, annotations, or lines for people, after them what changed."""
    if as_json:
        from nra.archive.document import pretty

        return pretty(judgement).decode()
    from nra.report.gate import differences, summary

    if github:
        from nra.report.github import annotations

        return annotations(judgement, changed=differences(judgement.changes) if diff else "")
    return summary(judgement) + (f"\n{differences(judgement.changes)}" if diff else "")
