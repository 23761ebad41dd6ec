"""docs/doctor.md lists every row with what is expected of it, every field of the document and every option."""

import re
from dataclasses import fields
from pathlib import Path
from typing import Final

import click

from nra.cli import cli
from nra.model.self_test import Check, SelfTest
from nra.model.verdict import Verdict
from nra.report.self_test import HEADINGS, PARTS
from nra.scoring.doctor import expectation
from nra.scoring.doctor_rules import RULES

PAGE: Final = (Path(__file__).resolve().parents[2] / "docs" / "doctor.md").read_text("utf-8")


def test_every_row_is_told_as_it_is_judged() -> None:
    """Key, label, the gravest verdict where that is not FAIL, the limit, the reason; in the order of the program."""
    rows = re.findall(r"^\| `(\w+\.\w+)` \| (.+?) \| (.+?) \| (.+?) \|$", PAGE, re.MULTILINE)
    marks = {Verdict.FAIL: "", Verdict.WARN: " (WARN)", Verdict.INFO: " (INFO)"}
    assert rows == [(rule.key, rule.criterion.label + marks[rule.gravest], expectation(rule), rule.meaning) for rule in RULES]


def test_every_field_is_told() -> None:
    """In the order of the document."""
    told = re.findall(r"^\| `([\w.\[\]]+)` \| (?:text|word|float|true/false|object|list) \|", PAGE, re.MULTILINE)
    assert told == [field.name for field in fields(SelfTest)] + [f"checks[].{field.name}" for field in fields(Check)]


def test_every_option_is_told() -> None:
    """The table of options is complete."""
    command = cli.get_command(click.Context(cli), "doctor")
    assert command is not None
    options = {word for parameter in command.params for word in parameter.opts if word != "--help"}
    assert set(re.findall(r"^\| `(--\w+)", PAGE, re.MULTILINE)) == options


def test_the_output_that_is_shown_has_the_programs_rows() -> None:
    """Every part and every label, in order."""
    shown = PAGE.partition("$ nra doctor\n")[2].partition("```")[0].splitlines()
    labels = [rule.criterion.label for rule in RULES]
    assert [line for line in shown if line.endswith(HEADINGS[-1])] == [line for line in shown if line.split("  ")[0] in PARTS.values()]
    assert [line.split("  ")[0] for line in shown if line.split("  ")[0] in labels] == labels
