"""Signatures in minisign's format: the program itself verifies ours, we verify the program's, and anything else is one line."""

import base64
import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest

from nra.archive import minisign
from nra.archive.minisign import BadKey, PublicKey, SecretKey, is_signed, read_public_key, read_secret_key, read_signature, sign, told_id

pytest.importorskip("cryptography")
DATA = b"0f  a\n"
peer = pytest.mark.peer
needs_minisign = pytest.mark.skipif(shutil.which("minisign") is None, reason="minisign is not installed")

# made by minisign 0.11, `minisign -G -W`, on 2026-11-25 for this test
SECRET = (
    "untrusted comment: minisign encrypted secret key\n"  # noqa: S105 - of no use to anybody
    "RWQAAEIyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA7G1UFLm4wjahXcOvGyUvbqgtbLTb"
    "/nrHlniHDOrglLoPvcWMXS5Xm3Svbs1HwCVmtkkx8g73nnNkPzE71YyT8Eq9nyJ0/87pAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    "AAAAAAAAAAA=\n"
)
PUBLIC = "untrusted comment: minisign public key 36C2B8B914546DEC\nRWTsbVQUubjCNnSvbs1HwCVmtkkx8g73nnNkPzE71YyT8Eq9nyJ0/87p\n"


def keys() -> tuple[SecretKey, PublicKey]:
    """Return a pair."""
    return read_secret_key(SECRET, lambda: pytest.fail("nothing to ask for")), read_public_key(PUBLIC)


def test_what_is_signed_is_verified() -> None:
    """And nothing else: not other bytes, not another comment, not by another key."""
    secret, public = keys()
    text = sign(secret, DATA, "a comment")
    assert is_signed(public, DATA, read_signature(text))
    assert not is_signed(public, DATA + b"x", read_signature(text))
    assert not is_signed(public, DATA, read_signature(text.replace("a comment", "another")))
    assert not is_signed(PublicKey(public.key_id, bytes(32)), DATA, read_signature(text))
    assert not is_signed(PublicKey(bytes(8), public.key), DATA, read_signature(text))
    assert told_id(public.key_id) == PUBLIC.split()[5]


def test_the_public_key_alone_on_a_line_is_taken() -> None:
    """As `minisign -P` takes it."""
    assert read_public_key(PUBLIC.splitlines()[1]) == keys()[1]


@pytest.mark.parametrize("text", ["", "x", "untrusted comment: x\n", "RWQ", SECRET, "é", "A" * 200])
def test_what_is_no_key_is_refused(text: str) -> None:
    """One line."""
    with pytest.raises(BadKey):
        read_public_key(text)
    if text is not SECRET:
        with pytest.raises(BadKey):
            read_secret_key(text, lambda: "")
    with pytest.raises(BadKey):
        read_signature(text)


def test_a_damaged_key_is_refused() -> None:
    """Its own checksum tells."""
    line = SECRET.splitlines()[1]
    with pytest.raises(BadKey, match="damaged"):
        read_secret_key(line[:120] + ("A" if line[120] != "A" else "B") + line[121:], lambda: "")


@peer
@needs_minisign
def test_minisign_verifies_ours_and_we_verify_its(tmp_path: Path) -> None:
    """Both ways, with keys that the program made."""
    subprocess.run(["minisign", "-G", "-W", "-p", "k.pub", "-s", "k.sec"], cwd=tmp_path, check=True, capture_output=True)
    secret = read_secret_key((tmp_path / "k.sec").read_text(), lambda: pytest.fail("nothing to ask for"))
    (tmp_path / "file").write_bytes(DATA)
    (tmp_path / "file.minisig").write_text(sign(secret, DATA, "by nra"))
    verify = ["minisign", "-Vm", "file", "-p", "k.pub"]
    assert b"by nra" in subprocess.run(verify, cwd=tmp_path, check=True, capture_output=True).stdout
    (tmp_path / "file").write_bytes(DATA + b"x")
    assert subprocess.run(verify, cwd=tmp_path, check=False, capture_output=True).returncode != 0
    subprocess.run(["minisign", "-Sm", "file", "-s", "k.sec"], cwd=tmp_path, check=True, capture_output=True)
    signature = read_signature((tmp_path / "file.minisig").read_text())
    assert is_signed(read_public_key((tmp_path / "k.pub").read_text()), DATA + b"x", signature)


@peer
@needs_minisign
def test_an_encrypted_key_of_minisign_opens(tmp_path: Path) -> None:
    """scrypt as libsodium computes it: 1 GiB, as minisign's own keys want."""
    command = ["minisign", "-G", "-p", "k.pub", "-s", "k.sec"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, input=b"Kobold9\nKobold9\n")
    secret = read_secret_key((tmp_path / "k.sec").read_text(), lambda: "Kobold9")
    assert is_signed(read_public_key((tmp_path / "k.pub").read_text()), DATA, read_signature(sign(secret, DATA, "c")))


def encrypted(password: str, work: int, memory: int) -> str:
    """Return the secret key above under a password."""
    _, _, _, salt, _, _, plain = minisign.SECRET.unpack(base64.b64decode(SECRET.splitlines()[1]))
    checked = plain[:72] + hashlib.blake2b(b"Ed" + plain[:72], digest_size=32).digest()
    stream = hashlib.scrypt(password.encode(), salt=salt, n=1 << 10, r=8, p=1, dklen=104)
    sealed = bytes(one ^ other for one, other in zip(checked, stream, strict=True))
    return base64.b64encode(minisign.SECRET.pack(b"Ed", b"Sc", b"B2", salt, work, memory, sealed)).decode()


def test_a_password_opens_its_key_and_no_other_does() -> None:
    """32768 operations in 16 MiB are N = 1024, r = 8, p = 1 (libsodium's pickparams)."""
    text = encrypted("Kobold9", 32768, 16 << 20)
    assert read_secret_key(text, lambda: "Kobold9") == keys()[0]
    with pytest.raises(BadKey, match="wrong password"):
        read_secret_key(text, lambda: "kobold9")


@pytest.mark.parametrize(("work", "memory"), [(1 << 40, 1 << 40), (1 << 63, 1 << 31), (0, 0)])
def test_a_key_that_asks_for_too_much_is_refused(work: int, memory: int) -> None:
    """At once: a key file is somebody's, too."""
    with pytest.raises(BadKey):
        read_secret_key(encrypted("x", work, memory), lambda: "x")
