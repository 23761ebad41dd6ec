"""The user's own reflector as a far end of firewall checks: what it has opened is asked there, what it has not is not blocked.

A reflector that runs responders says so over STAMP. Where the service itself has nobody who would answer, the answer at the reflector
stands in; everywhere else it is a second opinion, because a site may rightly allow the service's hosts alone.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from nra.model.observation import Answer, Observation
from nra.model.plan import CheckParameters, FarEnd, PortQuestion, Target, Task
from nra.model.region import Service, Side
from nra.model.responder import MEDIA_PORTS, RESPONDERS, Announcement, Responder
from nra.run.questions import PROBE_OF_ASK, check
from nra.run.settings import Settings

ANNOUNCEMENT_PROBE: Final = "reflector_announcement"
ELSEWHERE: Final = (MEDIA_PORTS[0], 32769, 49151, 65535)  # where a reflector with responders answers too, should its own port be blocked
ALIVE_PROBE: Final = "tcp_connect"
ALIVE_PORTS: Final = (443, 80)  # a host that refuses there is alive as well as one that accepts

Asked = tuple[PortQuestion, tuple[Observation, ...]]
"""A row of the Firewall column and what came of its questions; nothing where nobody was there to ask."""


def far_end(settings: Settings) -> FarEnd | None:
    """Return what to ask the reflector, None where there is none, or nothing that it could answer."""
    reflector = settings.reflector
    if reflector is None:
        return None
    elsewhere = [service for service in settings.services if service.host != reflector.host]  # region `local` asks it as the service
    rows = tuple(row for service in elsewhere if (row := _row(service, reflector, settings)).tasks)
    if not rows:
        return None
    ports = dict.fromkeys((reflector.port, *ELSEWHERE))
    return FarEnd(
        announcement=tuple(check(ANNOUNCEMENT_PROBE, replace(reflector, port=port), settings) for port in ports),
        rows=rows,
        alive=tuple(check(ALIVE_PROBE, replace(reflector, port=port), settings) for port in ALIVE_PORTS),
    )


def _row(service: Service, reflector: Target, settings: Settings) -> PortQuestion:
    own = Responder(port=reflector.port, protocol="UDP", service="STAMP", ask="stamp")
    answering = {each.port: each for each in (*RESPONDERS, own) if each.protocol == service.protocol and covers(service, each)}
    tasks = tuple(
        check(PROBE_OF_ASK[each.ask], replace(reflector, port=port), settings, pin=settings.pin)
        for port, each in sorted(answering.items())
        if each.ask in PROBE_OF_ASK
    )
    return PortQuestion(service=replace(service, host=reflector.host), tasks=tasks, at=Side.REFLECTOR)


def covers(service: Service, responder: Responder) -> bool:
    """Tell whether a responder's port is the row's, or a sample of its range (STAMP alone: other services have ports of their own)."""
    first, _, last = service.port.partition("-")
    if not last:
        return first == str(responder.port)
    return responder.ask == "stamp" and first.isdigit() and int(first) <= responder.port <= int(last)


def rows_there(far: FarEnd, announced: Announcement | None) -> tuple[PortQuestion, ...]:
    """Return the rows that can be asked, with the key that the reflector's TLS must show.

    One that announces nothing (another's, one without responders, a silent one) is asked at its own port, for the range that it is in.
    Whether a silent one is there at all is not known (trap 9): only its host's sign of life makes its silence a firewall's.
    """
    own = ("UDP", far.announcement[0].target.port)
    opened = {*announced.ports, own} if announced is not None and announced.ports else {own}
    pin = announced.pin if announced is not None else None
    rows = []
    for row in far.rows:
        tasks = tuple(_pinned(task, pin) for task in row.tasks if (row.service.protocol, task.target.port) in opened)
        if tasks:
            rows.append(replace(row, tasks=tasks, sure=announced is not None))
    return tuple(rows)


def _pinned(task: Task, pin: str | None) -> Task:
    if not isinstance(task.parameters, CheckParameters) or task.parameters.pin is not None:
        return task
    return replace(task, parameters=replace(task.parameters, pin=pin))


def together(service_rows: Iterable[Asked], reflector_rows: tuple[Asked, ...]) -> tuple[Asked, ...]:
    """Return all rows, the service's first; what the reflector stands in for is required there and not twice."""
    there = {_key(row): row for row, _ in reflector_rows}
    kept: list[Asked] = []
    stood_in: set[tuple[str, str]] = set()
    for row, seen in service_rows:
        proven = row.tasks and (row.sure or any(isinstance(each.value, Answer) for each in seen))
        if _key(row) not in there or proven:
            kept.append((row, seen))
            continue
        stood_in.add(_key(row))
        if row.tasks:
            kept.append((_with_need(row, required=False), seen))
    return (*kept, *((_with_need(row, required=row.service.required and _key(row) in stood_in), seen) for row, seen in reflector_rows))


def _key(row: PortQuestion) -> tuple[str, str]:
    return row.service.port, row.service.protocol


def _with_need(row: PortQuestion, *, required: bool) -> PortQuestion:
    return replace(row, service=replace(row.service, required=required))
