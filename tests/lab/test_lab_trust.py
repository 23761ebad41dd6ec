"""Whom a chain was verified against, with real servers: public roots, the workstation's own store, nobody, one key (contract 4.4)."""

import hashlib
import json
from pathlib import Path
from typing import Any, Final

import pytest
from lab_peers import API, BEACON, CA_NAME, start_nginx
from lab_services import ISSUER, start_caddy
from lab_trust import public_roots
from lab_world import CLIENT, SERVER_ADDRESS, World

from nra.net.tls_server import load_identity
from nra.wire.x509 import subject_public_key_info

pytestmark = [pytest.mark.namespaces, pytest.mark.peer]

ASK: Final = str(Path(__file__).with_name("ask_trust.py"))
ANOTHER: Final = "another.example"  # not in the server's certificate
OTHER_PIN: Final = "ab" * 32


def shaken(world: World, *arguments: str, **environment: str) -> dict[str, Any]:
    """Return the facts of a handshake from the client, or its failure."""
    ended = world.python(CLIENT, ASK, *arguments, **environment).end(30)
    assert (ended.code, ended.err) == (0, ""), ended.err
    outcome: dict[str, Any] = json.loads(ended.out)
    return outcome


def serve(world: World, protocol: str, *names: str) -> tuple[Path, str]:
    """Start a server of TLS or QUIC under each of the names; return its root's file and how its issuer is called."""
    world.names(dict.fromkeys(names or (API,), SERVER_ADDRESS))
    if protocol == "quic":
        return Path(start_caddy(world, API)), ISSUER
    start_nginx(world)
    return world.folder / "ca.pem", f"Lab, {CA_NAME}"


def pin(world: World) -> str:
    """Return the pin of nginx' key."""
    certificate = load_identity(world.folder / "server.pem", world.folder / "server.key").certificate
    return hashlib.sha256(subject_public_key_info(certificate)).hexdigest()


both = pytest.mark.parametrize("protocol", ["tls", "quic"])


@both
def test_a_public_root(world: World, protocol: str) -> None:
    """A chain to a root that comes with the program needs no store of the workstation's."""
    root, issuer = serve(world, protocol)
    facts = shaken(world, protocol, API, "443", PYTHONPATH=public_roots(world.folder, root))
    assert (facts["trust"], facts["issuer"]) == ("public", issuer)


@both
def test_a_public_root_that_the_workstation_has_too(world: World, protocol: str) -> None:
    """The strictest that held is told: a root in both sets is a public one."""
    root, _ = serve(world, protocol)
    facts = shaken(world, protocol, API, "443", PYTHONPATH=public_roots(world.folder, root), SSL_CERT_FILE=str(root))
    assert facts["trust"] == "public"


@both
def test_a_root_that_only_the_workstation_has(world: World, protocol: str) -> None:
    """Somebody installed it here: the handshake holds, and says by what (that is how a TLS inspection looks)."""
    root, issuer = serve(world, protocol)
    facts = shaken(world, protocol, API, "443", SSL_CERT_FILE=str(root))
    assert (facts["trust"], facts["issuer"]) == ("system", issuer)


@both
def test_a_root_that_nobody_has(world: World, protocol: str) -> None:
    """Untrusted, and the issuer is named."""
    _, issuer = serve(world, protocol)
    failure = shaken(world, protocol, API, "443")
    assert failure["kind"] == "tls_untrusted"
    assert failure["detail"].endswith(f"; issued by {issuer}")


@pytest.mark.parametrize("trusted", ["public", "system"])
def test_another_name_under_a_trusted_root(world: World, trusted: str) -> None:
    """Whoever answers for a name that is not his is untrusted, whoever trusts his root."""
    root, issuer = serve(world, "tls", API, BEACON)
    roots = {"public": {"PYTHONPATH": public_roots(world.folder, root)}, "system": {"SSL_CERT_FILE": str(root)}}
    failure = shaken(world, "tls", BEACON, "443", **roots[trusted])
    assert failure["kind"] == "tls_untrusted"
    assert BEACON in failure["detail"]
    assert failure["detail"].endswith(f"; issued by {issuer}")


def test_the_key_that_was_expected(world: World) -> None:
    """Its pin is all the trust there needs to be."""
    _, issuer = serve(world, "tls")
    facts = shaken(world, "tls", API, "443", pin(world))
    assert (facts["trust"], facts["issuer"]) == ("pin", issuer)


def test_another_key_than_was_expected(world: World) -> None:
    """Untrusted even under a public root: both fingerprints, and the issuer."""
    root, issuer = serve(world, "tls")
    failure = shaken(world, "tls", API, "443", OTHER_PIN, PYTHONPATH=public_roots(world.folder, root))
    assert failure["kind"] == "tls_untrusted"
    assert failure["detail"] == f"key {OTHER_PIN[:16]} expected, shown was {pin(world)[:16]}; issued by {issuer}"
