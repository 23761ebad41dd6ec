"""Room for datagrams and sockets."""

import socket
from pathlib import Path

import pytest
from self_test_world import FakePair, opening

from nra.net.self_test.room import CALLS, WAITING, buffers, open_sockets


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    """Return Linux' settings as files."""
    folder = tmp_path / "net" / "core"
    folder.mkdir(parents=True)
    (folder / "rmem_max").write_text("212992\n")
    (folder / "wmem_max").write_text("gone astray\n")
    return tmp_path


def test_what_waits_is_counted_and_the_limit_is_named(proc: Path) -> None:
    """A stock Linux keeps some five hundred packets; the row names the setting that holds it to that."""
    one, many, send = buffers(opening(FakePair(room=512, granted_bytes=(425_984, 100_000))), proc)
    assert (one.key, many.key, one.value, many.value) == ("buffer.call", "buffer.calls", 512, 512)
    kept = f"512 of {WAITING} waiting datagrams were kept"
    assert one.evidence == many.evidence == f"{kept}; asked 4194304, granted 425984 bytes (net.core.rmem_max = 212992)"
    assert (send.key, send.value, send.evidence) == ("buffer.send", 100_000, "asked 4194304")


def test_a_system_that_refuses_to_send_more_has_no_more_room(tmp_path: Path) -> None:
    """Some say ENOBUFS where others drop."""
    one, *_ = buffers(opening(FakePair(refuses_after=30)), tmp_path)
    assert (one.value, one.evidence) == (30, "30 of 30 waiting datagrams were kept; asked 4194304, granted 8388608 bytes")


def test_sockets_are_opened_until_the_system_refuses() -> None:
    """What cannot be opened is told in the system's words, and all that were opened are closed."""
    opened: list[socket.socket] = []

    def open_one() -> socket.socket:
        if len(opened) == 5:
            raise OSError(24, "Too many open files")
        opened.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        return opened[-1]

    (found,) = open_sockets(open_one)
    assert (found.key, found.value) == ("files.sockets", 5)
    assert found.evidence.startswith(f"5 of {CALLS} opened, then: Too many open files")
    assert {sock.fileno() for sock in opened} == {-1}
