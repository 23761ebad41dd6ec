"""What a run document says: the file named on the command line, or a canned one. Prints for that:

Acme Voice GmbH, PC-0417, eu-central-1: FAIL
Up Jitter: 21.96 ms WARN
Down Jitter: 33.42 ms FAIL
Up Packet Loss: 0.2 % PASS
Down Packet Loss: 3.0 % FAIL
Up Packet Discards: 0.0 % PASS
Down Packet Discards: 1.4 % PASS
Up Packet Order: 100.0 % PASS
Down Packet Order: 99.73 % PASS
Round Trip Average Time: 61.74 ms PASS
Upstream MOS Score: 4.39 MOS PASS
Downstream MOS Score: 3.91 MOS WARN
down: Packets arrive at uneven intervals on the way from the region to this workstation. (Down Jitter 33.4 ms, expected < 30)
down: The priority marking of voice is changed on the way from the region to this workstation. (sent with DSCP 46, arrived with DSCP 0)
down: Losses come in bursts on the way from the region to this workstation. (longest run 11 packets (220 ms), burst ratio 5.20)
firewall: UDP 3478 to netdiag.euc1.pure.cloud gets no answer although a control did. (STUN Binding request: 3 sent within 500 ms, no answer; meanwhile TCP 443 of api.mypurecloud.de answered)
"""  # noqa: E501 - what is printed is as long as it is

import sys
from pathlib import Path

from nra.archive.document import read
from nra.testing.canned import canned_run

document = read(Path(sys.argv[1])) if len(sys.argv) > 1 else canned_run("bad")
print(f"{document.run.org.name}, {document.run.host.name}, {document.run.region}: {document.verdict}")
for metric in document.metrics:
    print(f"{metric.label}: {'-' if metric.value is None else round(metric.value, 2)} {metric.unit} {metric.verdict}")
for finding in document.findings:
    print(f"{finding.where}: {finding.text} ({finding.evidence})")
