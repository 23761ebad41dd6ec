"""The deployment examples: each is read by a parser or checker of its own, copies are copies, and what can run here is run."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from itertools import product
from pathlib import Path
from typing import Any, Final

import click
import pytest
import yaml
from dockerfile_parse import DockerfileParser
from lab_world import SERVER, World, need

from nra.cli import cli
from nra.model.responder import RESPONDERS
from nra.reflector.embedded import embedded
from nra.reflector.key_file import Holder, line_of

ROOT: Final = Path(__file__).resolve().parents[2]
DEPLOY: Final = ROOT / "examples" / "deploy"
UNIT: Final = (DEPLOY / "nra-reflector.service").read_text("utf-8")
INSTALL: Final = (DEPLOY / "install.sh").read_text("utf-8")
TLS_DROP_IN: Final = (DEPLOY / "nra-reflector-tls.conf").read_text("utf-8")
KEY_DROP_IN: Final = (DEPLOY / "nra-reflector-key.conf").read_text("utf-8")
MOST_USER_DATA: Final = 16_384  # octets, before Base64 (EC2 User Guide, "Run commands when you launch an EC2 instance")
NOBODY: Final = "65534"
MOST_EXPOSURE: Final = "20"  # tenths: systemd calls 2.0 and less "OK"
posix: Final = pytest.mark.skipif(sys.platform == "win32", reason="a POSIX shell's script")


class Template(yaml.SafeLoader):
    """YAML with CloudFormation's short tags, each read as what follows it."""


def _untagged(loader: Template, _suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    assert isinstance(node, yaml.MappingNode)
    return loader.construct_mapping(node, deep=True)


Template.add_multi_constructor("!", _untagged)

TEMPLATE: Final[dict[str, Any]] = yaml.load((DEPLOY / "cloudformation.yaml").read_text("utf-8"), Template)  # noqa: S506 - a SafeLoader
CLOUD_INIT: Final = (DEPLOY / "cloud-init.yaml").read_text("utf-8")
USER_DATA: Final[str] = TEMPLATE["Resources"]["Reflector"]["Properties"]["UserData"]["Fn::Base64"][0]
BOTH: Final = {"cloud-init.yaml": CLOUD_INIT, "cloudformation.yaml": USER_DATA}


def written_by(user_data: str) -> dict[str, str]:
    """Return the files that cloud-init writes, by path."""
    return {file["path"]: file["content"] for file in yaml.safe_load(user_data)["write_files"]}


def setting(name: str) -> list[str]:
    """Return the values of a setting of the unit, in order."""
    return re.findall(rf"^{name}=(.*)$", UNIT, re.MULTILINE)


@pytest.mark.parametrize("user_data", BOTH.values(), ids=BOTH)
def test_what_user_data_writes_are_copies(user_data: str) -> None:
    """An instance gets the files that lie here: they can only be brought along inside the user data, and it must not be too long."""
    assert user_data.startswith("#cloud-config\n")
    written = written_by(user_data)
    assert written["/etc/systemd/system/nra-reflector.service"] == UNIT
    assert written["/opt/nra-install.sh"] == INSTALL
    assert written.get("/etc/systemd/system/nra-reflector-key.conf", KEY_DROP_IN) == KEY_DROP_IN
    assert written.get("/etc/systemd/system/nra-reflector-tls.conf", TLS_DROP_IN) == TLS_DROP_IN
    assert len(user_data.encode()) < MOST_USER_DATA - 1024  # a source's long address


@posix
def test_the_shell_can_read_what_runs() -> None:
    """bash parses the installation and the commands of the template, and shellcheck has nothing to say where there is one."""
    (command,) = yaml.safe_load(USER_DATA)["runcmd"]
    for script in (INSTALL, re.sub(r"\$\{\w+\}", "substituted", command)):
        assert subprocess.run(["bash", "-n"], input=script, text=True, capture_output=True, check=False).returncode == 0
    if shutil.which("shellcheck"):
        found = subprocess.run(["shellcheck", str(DEPLOY / "install.sh")], text=True, capture_output=True, check=False)
        assert (found.returncode, found.stdout) == (0, "")


@posix
def test_the_installation_wants_to_know_from_where() -> None:
    """Without a source, or with a file that is not there, it ends before it has done anything."""
    for words, code in (((), 2), (("/nosuch/nra.whl",), 1)):
        ended = subprocess.run(["sh", str(DEPLOY / "install.sh"), *words], text=True, capture_output=True, check=False)
        assert (ended.returncode, len(ended.stderr.splitlines())) == (code, 1)


def test_cloud_init_s_own_schema() -> None:
    """`cloud-init schema` accepts both."""
    if shutil.which("cloud-init") is None:
        pytest.skip("cloud-init is not installed")
    found = subprocess.run(["cloud-init", "schema", "--config-file", str(DEPLOY / "cloud-init.yaml")], capture_output=True, check=False)
    assert found.returncode == 0


def test_cfn_lint_has_nothing_to_say() -> None:
    """Types, references and properties are checked against the resource schemas that it brings along."""
    api: Any = pytest.importorskip("cfnlint.api")
    assert api.lint_file(DEPLOY / "cloudformation.yaml") == []
    (found,) = api.lint((DEPLOY / "cloudformation.yaml").read_text("utf-8").replace("HttpTokens: required", "HttpTokens: wanted"))
    assert "wanted" in found.message


def test_the_security_group_opens_just_the_ports() -> None:
    """STAMP always, the responders' ports when they are wanted, UDP 443 for the control channel too; nothing else, and no SSH."""
    rules = {
        (rule["Properties"]["IpProtocol"].upper(), rule["Properties"]["FromPort"], rule["Properties"]["ToPort"]): rule["Condition"]
        for rule in TEMPLATE["Resources"].values()
        if rule["Type"] == "AWS::EC2::SecurityGroupIngress"
    }
    expected = {(each.protocol, each.port, each.port): "WithResponders" for each in RESPONDERS if each.port != 20862}
    assert rules == expected | {("UDP", 443, 443): "WithUdp443"}
    (always,) = TEMPLATE["Resources"]["Firewall"]["Properties"]["SecurityGroupIngress"]
    assert (always["IpProtocol"], always["FromPort"], always["ToPort"]) == ("udp", 20862, 20862)


def test_the_instance_gives_nothing_away() -> None:
    """Metadata by IMDSv2 alone, no key pair, a disk that is encrypted; a role only with a key, and for that key only."""
    instance = TEMPLATE["Resources"]["Reflector"]["Properties"]
    assert instance["MetadataOptions"] == {"HttpTokens": "required", "HttpPutResponseHopLimit": 1}
    assert "KeyName" not in instance
    assert instance["BlockDeviceMappings"][0]["Ebs"]["Encrypted"] is True
    role = TEMPLATE["Resources"]["Role"]
    assert role["Condition"] == "WithKey"
    (statement,) = role["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    assert (statement["Action"], statement["Resource"]) == ("secretsmanager:GetSecretValue", "Key")


def test_the_first_command_is_one() -> None:
    """What the stack tells to type is understood by `nra run`, with a key and without, with the pin where the control channel is."""
    text, values = TEMPLATE["Outputs"]["Command"]["Value"]
    condition, (pinned, _), unpinned = values["Pin"]
    assert (condition, unpinned) == ("WithQuic", "")
    for key, pin in product(values["KeyFile"][1:], (pinned, unpinned)):
        line = text.replace("${AWS::Region}", "eu-central-1").replace("${Address}", "192.0.2.1").replace("${KeyFile}", key)
        _, command, *words = shlex.split(line.replace("${Pin}", pin.replace("${Pin}", "ab" * 32)))
        parser = cli.get_command(click.Context(cli), command)
        assert parser is not None
        with parser.make_context(command, words, parent=click.Context(cli)) as context:
            assert context.params["reflector"].host == "192.0.2.1"
            assert context.params["pin"] == ("ab" * 32 if pin else None)


def test_the_pin_is_told_where_it_is_of_use() -> None:
    """With the control channel, which needs the key too: not for the responders' certificate, whose pin is told by STAMP."""
    assert TEMPLATE["Outputs"]["Pin"]["Condition"] == "WithQuic"
    assert TEMPLATE["Outputs"]["KeyCommand"]["Condition"] == "WithKey"
    (rule,) = TEMPLATE["Rules"].values()
    assert (rule["RuleCondition"], rule["Assertions"][0]["Assert"]) == (["Quic", "yes"], ["Authenticated", "yes"])


def test_systemd_knows_every_setting_of_the_unit(tmp_path: Path) -> None:
    """`systemd-analyze verify` is silent, and calls what is left of the service's rights OK (2.0 of 10 or less)."""
    need("systemd-analyze")
    unit = tmp_path / "nra-reflector.service"
    unit.write_text(UNIT.replace("/opt/nra/bin/python", "/bin/true"), "utf-8")
    drop_in = tmp_path / "nra-reflector.service.d" / "key.conf"
    drop_in.parent.mkdir()
    drop_in.write_text(KEY_DROP_IN, "utf-8")
    verified = subprocess.run(["systemd-analyze", "verify", "--man=no", str(unit)], text=True, capture_output=True, check=False)
    assert [line for line in verified.stderr.splitlines() if "nra" in line] == []
    judged = ["systemd-analyze", "security", "--offline=true", f"--threshold={MOST_EXPOSURE}", str(unit)]
    assert subprocess.run(judged, capture_output=True, check=False).returncode == 0


def test_the_exposure_that_is_documented_is_what_systemd_says(tmp_path: Path) -> None:
    """By the command that stands there, where systemd is of the version that stands there: other versions weigh otherwise."""
    need("systemd-analyze")
    text = " ".join((ROOT / "docs" / "reflector.md").read_text("utf-8").split())
    found = re.search(r"What is left is (\S+) of 10 by `(systemd-analyze security --offline=true) (\S+)` \(systemd (\d+);", text)
    assert found is not None
    level, command, unit, version = found.groups()
    if subprocess.run(["systemd-analyze", "--version"], text=True, capture_output=True, check=False).stdout.split()[1] != version:
        pytest.skip(f"not systemd {version}")
    copy = tmp_path / Path(unit).name  # it reads no other units, and no drop-ins, from there
    copy.write_bytes((ROOT / unit).read_bytes())
    said = subprocess.run([*command.split(), str(copy)], text=True, capture_output=True, check=False, env={**os.environ, "LC_ALL": "C"})
    assert f"Overall exposure level for nra-reflector.service: {level} " in said.stdout


def test_the_filter_lets_the_control_process_step_back() -> None:
    """nice is setpriority(2), one of @resources: let in behind the line that shuts them all out, for the last word on a call counts."""
    filters = setting("SystemCallFilter")
    assert filters.index("setpriority") > filters.index("~@privileged @resources")


def test_threads_do_not_grow_with_the_machine() -> None:
    """TasksMax is a number, and numpy's library would take a thread for each core in every process: more than that from 20 cores on."""
    assert "OPENBLAS_NUM_THREADS=1" in setting("Environment")
    assert int(*setting("TasksMax")) > 0


def test_there_is_a_folder_for_keys_and_options() -> None:
    """The drop-ins' files, like the unit's options, lie in a folder that the installation makes."""
    (options,) = setting("EnvironmentFile")
    paths = [options.removeprefix("-"), *re.findall(r"^LoadCredential=[^:]+:(.+)$", KEY_DROP_IN + TLS_DROP_IN, re.MULTILINE)]
    assert {str(Path(path).parent) for path in paths} == {"/etc/nra"}
    assert re.search(r"^mkdir -p /etc/nra\b", INSTALL, re.MULTILINE)


@pytest.mark.namespaces
def test_the_unit_s_command_needs_no_right_but_one(world: World) -> None:
    """As nobody, with CAP_NET_BIND_SERVICE alone and no way to more, it opens every port, the low ones too, and ends with 0."""
    need("setpriv")
    (start,), capabilities = setting("ExecStart"), setting("AmbientCapabilities")
    assert capabilities == setting("CapabilityBoundingSet") == ["CAP_NET_BIND_SERVICE"]
    rights = [f"--{kind}=-all,+net_bind_service" for kind in ("bounding-set", "inh-caps", "ambient-caps")]
    nobody = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--no-new-privs", *rights)
    if subprocess.run([*nobody, sys.executable, "-c", "import nra"], capture_output=True, cwd="/", check=False).returncode:
        pytest.skip("nobody may not read this Python or this checkout")
    assert start.split()[0] == "/opt/nra/bin/python"
    command = (sys.executable, *start.split()[1:])
    reflect = world.start(SERVER, *nobody, *command, NRA_REFLECT_RESPONDERS="yes").wait_for("TLS certificate")
    ended = reflect.stop()
    assert (ended.code, ended.err) == (0, "")
    listening = {(protocol, int(port)) for protocol, port in re.findall(r"listening on (\w+) 0\.0\.0\.0 port (\d+):", ended.out)}
    assert listening == {(each.protocol, each.port) for each in RESPONDERS}


def test_the_containerfile_makes_a_reflector_without_rights(tmp_path: Path) -> None:
    """Nobody's user, the reflector as the one program, asked for its health by a file that is there."""
    (tmp_path / "Dockerfile").write_bytes((DEPLOY / "Containerfile").read_bytes())
    parsed = DockerfileParser(str(tmp_path))
    steps = [(step["instruction"], step["value"]) for step in parsed.structure if step["instruction"] != "COMMENT"]
    assert [name for name, _ in steps] == ["FROM", "COPY", "RUN", "USER", "EXPOSE", "HEALTHCHECK", "STOPSIGNAL", "ENTRYPOINT"]
    found = dict(steps)
    assert (found["USER"], found["STOPSIGNAL"]) == ("65532:65532", "SIGTERM")
    assert found["ENTRYPOINT"].endswith('"-m", "nra", "reflect"]')
    (path,) = re.findall(r"/src/(\S+) /", found["RUN"])
    assert (ROOT / path).is_file()
    assert found["HEALTHCHECK"].endswith(f'"/{Path(path).name}"]')


def healthy(port: int, **more: str) -> tuple[int, str]:
    """Return what the health check says of a reflector on loopback: its exit code and its complaint."""
    environment = {**os.environ, "NRA_REFLECT_BIND": "127.0.0.1", "NRA_REFLECT_PORT": str(port), **more}
    command = [sys.executable, str(DEPLOY / "healthcheck.py")]
    ended = subprocess.run(command, env=environment, text=True, capture_output=True, check=False, timeout=30)
    return ended.returncode, ended.stderr


def test_a_health_check_that_cannot_ask_says_why(tmp_path: Path) -> None:
    """One line, exit code 1: a key file that is not there, one without a key, a port that is none."""
    (tmp_path / "empty").write_text("# nobody\n", "ascii")
    for more in ({"NRA_REFLECT_KEY_FILE": str(tmp_path / "none")}, {"NRA_REFLECT_KEY_FILE": str(tmp_path / "empty")}):
        code, complaint = healthy(20862, **more)
        assert (code, len(complaint.splitlines()), complaint[:9]) == (1, 1, "not asked")
    code, complaint = healthy(0, NRA_REFLECT_PORT="x")
    assert (code, len(complaint.splitlines()), complaint[:9]) == (1, 1, "not asked")


HOLDERS = [None, Holder(bytes(range(32))), Holder(bytes(range(32)), 77, "office")]


@pytest.mark.parametrize("holder", HOLDERS, ids=["without key", "with a key", "with a key of one SSID"])
def test_the_health_check_asks_a_real_question(holder: Holder | None, tmp_path: Path) -> None:
    """0 while the reflector answers, 1 when it is gone; with a key 1 also for whoever has not got it."""
    (tmp_path / "key").write_text(line_of(holder) if holder else "", "ascii")
    (tmp_path / "key").chmod(0o600)
    more = {"NRA_REFLECT_KEY_FILE": str(tmp_path / "key")} if holder else {}
    with embedded(holder) as servers:
        port = servers.reflector_port
        assert healthy(port, **more) == (0, "")
        if holder:
            assert healthy(port)[0] == 1
    code, complaint = healthy(port, **more)
    assert (code, complaint.startswith(f"no answer from 127.0.0.1 port {port}: ")) == (1, True)
