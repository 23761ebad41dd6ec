"""Secrets of forty kinds and more, and a run document in which each stands in every text."""

from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any, Final

from nra.model.document import RunDocument
from nra.testing.canned import canned_run

ORG: Final = "Zwölfpfennig & Söhne KG"
SITE: Final = "Quarrington Süd"
SEAT: Final = "Platz Xanthippe"
CASE: Final = "VIP-Brackwasser"
HOST: Final = "WS-GLIMMER-07"
REFLECTOR: Final = "reflektor.zwoelfpfennig.example"
NAMED: Final = {"org": ORG, "site": SITE, "seat": SEAT, "case": CASE, "host": HOST, "reflector": REFLECTOR}

SECRETS: Final = {
    "IPv4": "198.51.100.23",
    "private IPv4": "10.83.17.205",
    "provider's IPv4": "100.71.3.9",
    "IPv4 with port": "192.168.77.31:5060",
    "IPv4 in brackets": "(172.19.88.4)",
    "IPv4 network": "192.168.233.0/24",
    "IPv4 with leading zeros": "010.083.017.211",
    "IPv4 in a name": "ip-10-83-17-99",
    "IPv4 after a letter": "v=203.0.113.77;",
    "IPv4 glued to letters": "ip203.0.113.79",
    "mail of whoever is called like the organization": f"{ORG.split()[0]}@post.example",
    "IPv4 before a letter": "203.0.113.78_x",
    "IPv6": "2001:db8:4:17::beef",
    "IPv6 in capitals": "2001:DB8:4:17::FEED",
    "IPv6 in full": "2001:0db8:0004:0017:0000:0000:0000:0abc",
    "IPv6 in brackets": "[2001:db8:4:17::42]:443",
    "unique local IPv6": "fd12:3456:789a::7",
    "IPv6 with a zone": "fe80::1c2d:3e4f%wlp9s0x",
    "IPv6 with a number as zone": "fe80::aaaa:17%12",
    "mapped IPv6": "::ffff:10.83.17.206",
    "mapped IPv6 in hex": "::ffff:0a53:11ce",
    "IPv6 network": "2001:db8:77::/48",
    "percent-encoded IPv6": "2001%3Adb8%3A9%3A%3A31",
    "MAC": "3c:22:fb:9a:41:07",
    "MAC in capitals": "3C-22-FB-9A-41-08",
    "MAC of Cisco": "3c22.fb9a.4109",
    "MAC bare": "3c22fb9a4110",
    "MAC of digits": "02:11:22:33:44:55",
    "SSID": "SSID Murmelbach-Gast",
    "mail": "quirin.habelschwerdt@zwoelfpfennig.example",
    "mail percent-encoded": "quirin%2Eh%40zwoelfpfennig.example",
    "user in a path": r"C:\Users\habelschwerdtq\AppData\nra",
    "user at home": "/home/habelschwerdtq/nra.toml",
    "UNC path": r"\\FS-KOBALD\freigabe$\ablage",
    "URL with a user": "https://wurzelsepp:Geheimnis9@proxy-kobald.zwoelfpfennig.example:3128/x?y=wurzelsepp",
    "PAC script": "http://wpad.kobaldnetz.lan/wpad.dat",
    "issuer": "CN=Kobald Inspektor, O=Zwieseltech",
    "server's banner": "PBX-Kobaldine",
    "name in another script": "Отдел Чебурашка 東京支社",
    "name with accents": "Köbläd-Hütte",
    "file name": "messung_murmelbach.xlsx",
    "telephone": "+49 40 7712345",
    "telephone of digits": "04077123456",
    "host with domain": "srv-kobald01.intern.zwoelfpfennig.example",
    "host alone": "SRV-KOBALD02",
    "AWS host of one's own": "ec2-203-0-113-9.eu-central-1.compute.amazonaws.com",
    "bucket": "kobald-ablage.s3.eu-central-1.amazonaws.com",
}

TRACES: Final = (
    "zwölfpfennig", "zwoelfpfennig", "zwlfpfennig", "zwolfpfennig", "söhne", "sohne", "quarrington", "xanthippe",
    "brackwasser", "glimmer", "reflektor", "198.51.100", "10.83.17", "100.71.3", "192.168", "172.19", "010.083",
    "10-83-17", "203.0.113", "203-0-113", "2001:db8", "2001:0db8", "fd12:", "1c2d:3e4f", "aaaa:17", "0a53:11ce",
    "::ffff:", "wlp9s0x", ":db8", "3adb8%", "3c:22", "3c-22", "3c22fb9a", ":fb:9a", "-fb-9a", ".fb9a.",
    "02:11:22", "44:55", "murmelbach", "quirin", "habelschwerdt", "kobald", "freigabe", "ablage", "wurzelsepp",
    "geheimnis", "inspektor", "zwieseltech", "чебурашка", "отдел", "東京", "köbläd", "hütte", "7712345", "77123456",
    "compute.amazonaws",
)  # fmt: skip
"""What must not be left of them, in small letters: parts, so that a secret that was half replaced is found too.

None can be a part of a token.
"""


def planted() -> RunDocument:
    """Return a run that failed at a required port, with every secret in every text of it, and the names in their own fields."""
    document = canned_run("blocked", org=ORG, shortname="zwlfpfennigshnekg", host=HOST, site=SITE, seat=SEAT)
    run = document.run
    everything = " ; ".join((*SECRETS.values(), *NAMED.values(), ORG.upper(), HOST.lower(), SITE.replace(" ", "\t")))
    poisoned: RunDocument = _poisoned(document, everything)
    asked = replace(poisoned.run.asked, reflector=f"{REFLECTOR}:20862", only=None, method="auto", thresholds=everything)
    used = replace(poisoned.run.used, config=r"C:\Users\habelschwerdtq\nra.toml")
    host = replace(run.host, name=HOST, os=f"Windows {SECRETS['MAC']}", local_address=SECRETS["private IPv4"])
    named = replace(run, case=CASE, asked=asked, used=used, host=host, tool_version=everything, region=run.region)
    return replace(poisoned, run=named)


def _poisoned(value: Any, secret: str) -> Any:  # noqa: ANN401 - whatever a field of a document may be
    """Return the value with the secret after every text in it; what a document can have a few words in only, stays."""
    if is_dataclass(value) and not isinstance(value, type):
        fixed = {"schema", "severity", "refused_by", "only", "id", "started_at", "ended_at", "org", "host"}
        return replace(
            value, **{each.name: _poisoned(getattr(value, each.name), secret) for each in fields(value) if each.name not in fixed}
        )
    if isinstance(value, tuple):
        return tuple(_poisoned(each, secret) for each in value)
    return f"{value} {secret}" if isinstance(value, str) and not isinstance(value, Enum) else value
