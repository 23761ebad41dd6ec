"""The plan: both halves, and whom to ask when all is silent."""

from dataclasses import replace

import pytest
from run_world import BARE, REFLECTOR, settings

from nra.catalogue import regions
from nra.model.plan import Target
from nra.model.region import Endpoint, Region
from nra.probes import BUILTIN
from nra.run.plan import make_plan

WITH_HTTPS = replace(BARE, https=Endpoint(host="api.example", port=443))


@pytest.mark.parametrize("region", regions(), ids=lambda region: region.name)
def test_every_region_of_the_catalogue_has_a_ladder(region: Region) -> None:
    """Each rung names a probe that exists or says why it cannot be tried; every region has a way to measure and a control."""
    plan = make_plan(settings(region))
    names = {probe.name for probe in BUILTIN}
    assert all(rung.why and (rung.task is None or rung.task.probe in names) for rung in plan.voice)
    assert any(rung.task is not None for rung in plan.voice)
    assert plan.control is not None
    assert all(task.probe in names for question in plan.ports for task in question.tasks)
    assert all(task.probe in names for task in plan.surroundings)


@pytest.mark.parametrize(("only", "voice", "ports"), [(None, True, True), ("voice", True, False), ("firewall", False, True)])
def test_a_half_that_was_not_asked_for_is_empty(only: str | None, voice: bool, ports: bool) -> None:
    """`--only` leaves the other half out."""
    plan = make_plan(settings(reflector=REFLECTOR, only=only))
    assert (bool(plan.voice), bool(plan.ports), bool(plan.far_end), bool(plan.surroundings)) == (voice, ports, ports, ports)


def test_the_control_is_the_region_s_web_host() -> None:
    """Whom to ask when all is silent; None where nobody is known."""
    control = make_plan(settings(WITH_HTTPS)).control
    assert control is not None
    assert (control.probe, control.target) == ("tcp_connect", Target(host="api.example", port=443))
    assert make_plan(settings(BARE)).control is None
