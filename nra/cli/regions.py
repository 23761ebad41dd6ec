"""`nra regions`: what the catalogue knows of where to measure."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from nra.cli.errors import told_to_the_user
from nra.model.region import SELF_TEST

if TYPE_CHECKING:
    from nra.model.region import Region, Service


LOCAL: dict[str, Any] = {
    "name": SELF_TEST,
    "title": "this workstation: reflector and responders on loopback",
    "kind": "self-test",
    "methods": ["stamp", "stun", "tcp"],
}
"""The region that every run can make for itself; it needs no network and stands in no file."""

REFLECTOR = """\
No public endpoint tells up from down; a Session-Reflector of your own does (method stamp):
nra reflect in the region, nra run --reflector HOST here."""

KINDS = "Kind, what the cloud service has there: core (all of it), satellite (media only), fedramp (US government), - (nothing)."

ABOUT_SELF_TEST = """\
nra run --region local starts a Session-Reflector and responders on this workstation, measures against them and stops them.
It needs no network and tells nothing about one: it shows that nra works here."""


@click.command()
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print the same as JSON, and nothing else.")
def regions(name: str | None, as_json: bool) -> None:
    """List the regions of the catalogue, or show the hosts, ports and methods of the region NAME."""
    from nra import catalogue

    with told_to_the_user(catalogue.CatalogueError):
        if name is None:
            rows = [_summary(each) for each in catalogue.regions()] + [LOCAL]
            click.echo(_json(rows) if as_json else _list(rows))
        elif name.strip().lower() == SELF_TEST:
            click.echo(_json(LOCAL) if as_json else _self_test())
        else:
            region, services = catalogue.region(name), catalogue.all_services()
            click.echo(_json(_detail(region, services)) if as_json else _page(region, services))


def public_endpoints(region: "Region") -> dict[str, tuple[str, ...]]:
    """Return the methods that public endpoints of the region allow, each with its HOST:PORT, in the order of `--method auto`."""
    every = {"echo": (region.beacon,), "stun": region.stun, "tcp": (region.https,)}
    found = {method: tuple(f"{each.host}:{each.port}" for each in endpoints if each) for method, endpoints in every.items()}
    return {method: endpoints for method, endpoints in found.items() if endpoints}


def _summary(region: "Region") -> dict[str, Any]:
    return asdict(region) | {"methods": list(public_endpoints(region))}


def _detail(region: "Region", services: Iterable["Service"]) -> dict[str, Any]:
    from nra.catalogue import placed

    return _summary(region) | {"services": [asdict(placed(each, region)) for each in services]}


def _list(rows: Sequence[dict[str, Any]]) -> str:
    head = ("Name", "Title", "Kind", "Methods")
    body = [(row["name"], row["title"], row["kind"] or "-", " ".join(row["methods"])) for row in rows]
    return f"{_columns([head, *body])}\n\n{KINDS}\n\n{REFLECTOR}"


def _self_test() -> str:
    facts = [("Region", LOCAL["name"]), ("Title", LOCAL["title"]), ("Kind", LOCAL["kind"]), ("Methods", " ".join(LOCAL["methods"]))]
    return f"{_columns(facts)}\n\n{ABOUT_SELF_TEST}"


def _page(region: "Region", services: Iterable["Service"]) -> str:
    from nra.catalogue import placed

    rows = [placed(each, region) for each in services]
    facts = [("Region", region.name), ("Title", region.title), ("Kind", region.kind or "- (the service is not there)")]
    if region.domain:
        facts.append(("Hosts", ", ".join(f"{host}.{region.domain}" for host in ("api", "login", "apps"))))
    endpoints = [(method, where) for method, places in public_endpoints(region).items() for where in places]
    ports = [(each.profile, each.port, each.protocol, _need(each), _asked(each), each.service, each.allow_to) for each in rows]
    return "\n\n".join(
        (
            _columns(facts),
            _columns([("Method", "Public endpoint"), *endpoints]),
            _columns([("Profile", "Port", "Protocol", "Need", "Who is asked", "Service", "A rule must let through"), *ports]),
            REFLECTOR,
            f"Checked {region.checked}. Source: {region.source}",
        )
    )


def _need(service: "Service") -> str:
    return "required" if service.required else "optional"


def _asked(service: "Service") -> str:
    return service.host or "a reflector of your own"


def _columns(rows: Sequence[tuple[str, ...]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
