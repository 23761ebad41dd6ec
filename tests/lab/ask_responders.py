"""Ask every responder of a host by our own probes, in the namespace that this runs in; prints one JSON line per responder.

python ask_responders.py HOST
"""

import asyncio
import json
import socket
import sys

from nra.model.observation import Answer
from nra.model.plan import CheckParameters, Target, Task
from nra.model.responder import RESPONDERS, Responder
from nra.net.system import SystemNetwork
from nra.probes import BUILTIN
from nra.probes.parts.probe import Watch
from nra.run.questions import PROBE_OF_ASK
from nra.wire.beacon import EchoProbe, encode_echo

PROBES = {probe.name: probe for probe in BUILTIN}
OPTIONS = (
    b"OPTIONS sip:nra@responder SIP/2.0\r\nVia: SIP/2.0/UDP 10.71.1.2;branch=z9hG4bKnra1\r\nMax-Forwards: 70\r\n"
    b"From: <sip:nra@workstation>;tag=1\r\nTo: <sip:nra@responder>\r\nCall-ID: nra1@workstation\r\nCSeq: 1 OPTIONS\r\n"
    b"Contact: <sip:nra@10.71.1.2>\r\nUser-Agent: nra, which asks in as many octets as it wants back\r\nContent-Length: 0\r\n\r\n"
)
REQUESTS = {"SIP": OPTIONS, "echo": encode_echo(EchoProbe(1, 2, 3, 4), 172)}


async def asked(net: SystemNetwork, host: str, responder: Responder) -> str | None:
    """Return what the responder said, None when it did not answer."""
    if responder.ask not in PROBE_OF_ASK:
        return await asyncio.to_thread(without_probe, host, responder)
    probe = PROBES[PROBE_OF_ASK[responder.ask]]
    observation = await probe.run(
        Task(probe=probe.name, target=Target(host=host, port=responder.port), parameters=CheckParameters()), net, Watch()
    )
    return observation.value.said if isinstance(observation.value, Answer) else None


def without_probe(host: str, responder: Responder) -> str | None:
    """Ask where no probe of ours asks yet."""
    kind = socket.SOCK_DGRAM if responder.protocol == "UDP" else socket.SOCK_STREAM
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, responder.port, type=kind)[0]
        with socket.socket(family, kind) as sock:
            sock.settimeout(3)
            sock.connect(address)
            sock.send(REQUESTS[responder.service])
            return sock.recv(2000)[:20].decode("latin-1") or None
    except OSError:
        return None


async def main(host: str) -> None:
    """Ask all of them side by side."""
    net = SystemNetwork()
    said = await asyncio.gather(*(asked(net, host, responder) for responder in RESPONDERS))
    for responder, words in zip(RESPONDERS, said, strict=True):
        sys.stdout.write(json.dumps([responder.protocol, responder.port, responder.service, words]) + "\n")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
