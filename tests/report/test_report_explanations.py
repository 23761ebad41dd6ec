"""What a row is, why calls suffer, what causes it, what to do."""

from dataclasses import replace

import pytest

from nra.catalogue import all_services
from nra.model.observation import PortState
from nra.report.explanations import CAUSES, DO, OPTIONAL, WHAT, WHY, of_port, of_row
from nra.testing.canned import canned_run

RUN = canned_run("bad")
CHECK = (RUN.firewall or ())[0]


@pytest.mark.parametrize("metric", RUN.metrics, ids=lambda metric: metric.key)
def test_every_row_is_explained(metric: object) -> None:
    """Each row of the contract has all four answers, and a directed row says what its direction is."""
    explanation = of_row(metric)  # type: ignore[arg-type]
    assert explanation is not None
    assert [name for name, _ in explanation.paragraphs] == [WHAT, WHY, CAUSES, DO]
    assert all(text.endswith(".") for _, text in explanation.paragraphs)


def test_a_direction_is_said() -> None:
    """Up and down are told apart, the round trip has no direction."""
    up, down, trip = (dict(found.paragraphs)[WHAT] for found in map(of_row, (RUN.metrics[0], RUN.metrics[1], RUN.metrics[8])) if found)
    assert "Up: from this workstation to the region" in up
    assert "Down: from the region to this workstation" in down
    assert "Up:" not in trip


def test_an_unknown_row_is_not_explained() -> None:
    """A document by a newer version is shown, and nothing is made up."""
    assert of_row(replace(RUN.metrics[0], key="up_sparkle")) is None


@pytest.mark.parametrize("state", PortState)
def test_every_state_is_explained(state: PortState) -> None:
    """Each state says what it means, what usually causes it and what to do."""
    found = dict(of_port(replace(CHECK, state=state)).paragraphs)
    assert {WHAT, WHY, "What the answer means", CAUSES, DO, "Source"} <= found.keys()
    assert OPTIONAL not in found[DO]


def test_an_optional_port_is_called_so() -> None:
    """Nobody is sent to the firewall team for a port that no call needs, without being told."""
    assert OPTIONAL in dict(of_port(replace(CHECK, required=False, state=PortState.REFUSED)).paragraphs)[DO]
    assert OPTIONAL not in dict(of_port(replace(CHECK, required=False, state=PortState.OPEN)).paragraphs)[DO]


@pytest.mark.parametrize("service", sorted({service.service for service in all_services()}))
def test_every_service_of_the_catalogue_is_explained(service: str) -> None:
    """Each service says why calls suffer without it."""
    assert WHY in dict(of_port(replace(CHECK, service=service)).paragraphs)


def test_an_unknown_service_has_its_purpose_only() -> None:
    """A service of a newer catalogue is explained by what its row says itself."""
    found = of_port(replace(CHECK, service="teleport", purpose="beams people", evidence="", allow_to="", source=""))
    assert [name for name, _ in found.paragraphs] == [WHAT, "What the answer means", CAUSES, DO]
    assert found.paragraphs[0][1] == "Beams people."
