"""From values to pages: Jinja over this room's templates and those of the report, whose escaping is always on."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass, fields
from functools import cache
from importlib import resources
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from nra.catalogue import regions
from nra.model.document import RunDocument
from nra.model.region import SELF_TEST
from nra.model.verdict import Overall
from nra.report.cells import clean
from nra.report.firewall_request import firewall_request
from nra.report.html import environment, result, style_sheet
from nra.report.view import view
from nra.ui import compare
from nra.ui.shelf import Entry, Listing
from nra.ui.words import Words
from nra.ui.worker import Progress

if TYPE_CHECKING:
    from jinja2 import Environment

FIELDS: Final = {"region": "AWS region", "org": "Organization", "site": "Site", "seat": "Seat", "reflector": "Reflector"}
STATIC: Final = {"ui.js": "text/javascript", "icon.svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What the list of runs is narrowed to; empty parts narrow nothing."""

    text: str = ""
    region: str = ""
    verdict: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Filter":
        """Return the filter that an address asks for."""
        return cls(**{each.name: query.get(each.name, "").strip() for each in fields(cls)})

    def takes(self, entry: Entry) -> bool:
        """Tell whether a run is shown."""
        return entry.matches(self.text, self.region, self.verdict)


class Pages:
    """Writes the pages of one server, whose addresses all begin with `base`."""

    def __init__(self, base: str, folder: str, is_measuring: Callable[[], bool]) -> None:
        """Take the beginning of all addresses, the name of the results folder, and who knows whether a measurement is under way."""
        self._common, self._is_measuring = {"base": base, "folder": clean(folder)}, is_measuring

    def start(self, words: Words, problems: Mapping[str, str] | None = None, problem: str = "", notice: str = "") -> str:
        """Return the form, with what is wrong with it, or what became of the run before."""
        return self._page(
            "start.html",
            areas=_areas(),
            words={name: clean(value) for name, value in asdict(words).items()},
            problems=problems or {},
            labels=FIELDS,
            problem=clean(problem),
            notice=clean(notice),
            local=SELF_TEST,
        )

    def running(self, progress: Progress, problem: str = "") -> str:
        """Return the page of a measurement that is under way, with why another one was not started."""
        return self._page("running.html", words=progress.words, progress=progress, problem=problem)

    def run(self, key: str, document: RunDocument, *, problem: str = "", brought: bool = False) -> str:
        """Return the page of a result; how it looks depends on the document alone."""
        request = firewall_request(document) is not None
        values = {"key": key, "request": request, "brought": brought, "problem": clean(problem), "below_header": "downloads.html"}
        return self._page("run.html", **result(document), **values)

    def runs(self, listing: Listing, chosen: Filter, problem: str = "", ticked: Collection[str] = ()) -> str:
        """Return the list of all runs, with those ticked that were."""
        names = sorted({entry.region for entry in listing.entries})
        shown = [entry for entry in listing.entries if chosen.takes(entry)]
        values = {"regions": names, "verdicts": list(Overall), "listing": listing, "shown": shown, "chosen": chosen}
        return self._page("runs.html", **values, problem=problem, ticked=ticked)

    def compare(self, keys: tuple[str, str], first: RunDocument, second: RunDocument) -> str:
        """Return two runs side by side."""
        shown = view(first), view(second)
        sides = [{"key": key, "shown": each} for key, each in zip(keys, shown, strict=True)]
        tables = [("VOIP", "Measurement", compare.voip(first, second)), ("Firewall", "Port", compare.firewall(first, second))]
        return self._page("compare.html", sides=sides, tables=tables, unlike=compare.unlike(*shown))

    def message(self, title: str, text: str) -> str:
        """Return a page that says one thing."""
        return self._page("message.html", title=title, text=clean(text))

    def _page(self, template: str, **values: object) -> str:
        return _environment().get_template(template).render(self._common, measuring=self._is_measuring(), **values)


@cache
def style() -> str:
    """Return the style sheet of all pages: the report's and this room's."""
    return style_sheet() + _environment().get_template("ui.css").render()


def static(name: str) -> bytes:
    """Return a file that is served as it is."""
    return resources.files("nra.ui").joinpath("static", name).read_bytes()


@cache
def _environment() -> "Environment":
    from jinja2 import ChoiceLoader, PackageLoader

    report = environment()
    own = PackageLoader("nra", "ui/templates")
    return report.overlay(loader=ChoiceLoader([own, *([report.loader] if report.loader else [])]))


def _areas() -> list[tuple[str, list[Any]]]:
    """Return the regions of the catalogue by area."""
    by_area = sorted(regions(), key=lambda each: (each.area, each.title))
    return [(area, list(those)) for area, those in groupby(by_area, key=lambda each: each.area)]
