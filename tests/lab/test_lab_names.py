"""Names in a whole run: a resolver that says nothing is waited for once."""

from typing import Final

import pytest
from lab_peers import REGION
from lab_world import RESOLVER_S, SERVER_ADDRESS, World, document_of, measured_s, nra_run

pytestmark = pytest.mark.namespaces

PATIENCE_S: Final = 5.0  # of one question
HEAD_START_S: Final = 1.0  # of the ports before voice, whose first question is under way when the verdict falls
BUSY_S: Final = 4.5  # a second patience would be 5 s more


def test_a_dead_resolver_costs_its_time_once(world: World) -> None:
    """Every name of the region is asked for, by every way to measure voice and every port: one patience for all of them together."""
    world.names({}, resolver=SERVER_ADDRESS)
    world.drop("udp dport 53")
    ended = nra_run(world, "--region", REGION, "--duration", "10", "--json").end(60)
    document = document_of(ended)
    assert {row["state"] for row in document["firewall"]} == {"dns_failed", "no_responder"}
    assert document["voice"] is None
    assert ended.elapsed_s < RESOLVER_S  # nobody waits for the library
    assert measured_s(document) < PATIENCE_S + HEAD_START_S + BUSY_S
