"""Signatures as the program minisign makes and reads them: Ed25519 over the BLAKE2b-512 of a file, and over a comment that is trusted.

Format: https://jedisct1.github.io/minisign/ (read 2026-11-25). Needs the package cryptography, which an extra brings.

    public key   "Ed"  key id (8)  public key (32)
    secret key   "Ed"  "Sc" or 0 0  "B2"  salt (32)  opslimit (8)  memlimit (8)  then, xored with scrypt's output:
                 key id (8)  seed and public key (64)  BLAKE2b-256 of "Ed", key id and these (32)
    signature    "ED"  key id (8)  signature of the hash (64), and on the fourth line the signature of these 64 bytes and the comment
"""

import base64
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from struct import Struct, error
from typing import Any, Final

PUBLIC: Final = Struct("<2s8s32s")
SECRET: Final = Struct("<2s2s2s32sQQ104s")
OPENED: Final = Struct("<8s32s32s32s")  # key id, seed, public key, checksum
SIGNATURE: Final = Struct("<2s8s64s")
PLAIN: Final = b"Ed"
HASHED: Final = b"ED"
ENCRYPTED: Final = b"Sc"
UNENCRYPTED: Final = b"\0\0"
BLAKE2: Final = b"B2"
UNTRUSTED: Final = "untrusted comment: "
TRUSTED: Final = "trusted comment: "
MOST_MEMORY: Final = (1 << 31) - 1  # what hashlib takes; minisign's own keys want 1 GiB


class BadKey(Exception):  # noqa: N818 - says what is the case
    """A key or signature that cannot be used; the message is one line."""


class WrongPassword(BadKey):
    """It does not open the key; another one may."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """Whoever has it can check a signature."""

    key_id: bytes
    key: bytes


@dataclass(frozen=True, slots=True)
class SecretKey:
    """Whoever has it can sign."""

    key_id: bytes
    seed: bytes


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature of a file and of its trusted comment."""

    key_id: bytes
    of_hash: bytes
    comment: str
    of_comment: bytes


def told_id(key_id: bytes) -> str:
    """Return a key's id as minisign prints it."""
    return f"{int.from_bytes(key_id, 'little'):016X}"


def read_public_key(text: str) -> PublicKey:
    """Return a public key: the file's two lines, or the second alone; raises BadKey."""
    algorithm, key_id, key = _unpacked(PUBLIC, _last_line(text), "public key")
    if algorithm != PLAIN:
        raise BadKey("no public key of minisign")
    return PublicKey(key_id, key)


def read_secret_key(text: str, password: Callable[[], str]) -> SecretKey:
    """Return a secret key, asking for its password where it is encrypted; raises BadKey."""
    algorithm, kdf, checksum, salt, work, memory, sealed = _unpacked(SECRET, _last_line(text), "secret key")
    if algorithm != PLAIN or checksum != BLAKE2 or kdf not in (ENCRYPTED, UNENCRYPTED):
        raise BadKey("no secret key of minisign")
    if kdf == ENCRYPTED:
        sealed = bytes(one ^ other for one, other in zip(sealed, _stream(password(), salt, work, memory), strict=True))
    key_id, seed, public, check = OPENED.unpack(sealed)
    if kdf == ENCRYPTED and not hmac.compare_digest(hashlib.blake2b(algorithm + key_id + seed + public, digest_size=32).digest(), check):
        raise WrongPassword("wrong password")
    if _public_of(seed) != public:  # the only check of a key without password: minisign leaves its checksum 0
        raise BadKey("a damaged secret key")
    return SecretKey(key_id, seed)


def sign(key: SecretKey, data: bytes, comment: str) -> str:
    """Return the text of a signature file; the comment is signed too and must be one line."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    private = Ed25519PrivateKey.from_private_bytes(key.seed)
    of_hash = private.sign(hashlib.blake2b(data).digest())
    of_comment = private.sign(of_hash + comment.encode())
    packed = SIGNATURE.pack(HASHED, key.key_id, of_hash)
    lines = (f"{UNTRUSTED}signature by nra", _base64(packed), f"{TRUSTED}{comment}", _base64(of_comment))
    return "".join(f"{line}\n" for line in lines)


def read_signature(text: str) -> Signature:
    """Return the signature in a file; raises BadKey."""
    lines = text.replace("\r\n", "\n").rstrip("\n").split("\n")
    if len(lines) != 4 or not lines[0].startswith(UNTRUSTED) or not lines[2].startswith(TRUSTED):
        raise BadKey("no signature of minisign")
    algorithm, key_id, of_hash = _unpacked(SIGNATURE, lines[1], "signature")
    (of_comment,) = _unpacked(Struct("64s"), lines[3], "signature")
    if algorithm != HASHED:
        raise BadKey("a signature of an old kind")
    return Signature(key_id, of_hash, lines[2].removeprefix(TRUSTED), of_comment)


def is_signed(key: PublicKey, data: bytes, signature: Signature) -> bool:
    """Tell whether the key's owner signed these bytes and the comment."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    if key.key_id != signature.key_id:
        return False
    public = Ed25519PublicKey.from_public_bytes(key.key)
    try:
        public.verify(signature.of_hash, hashlib.blake2b(data).digest())
        public.verify(signature.of_comment, signature.of_hash + signature.comment.encode())
    except InvalidSignature:
        return False
    return True


def _public_of(seed: bytes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def _stream(password: str, salt: bytes, work: int, memory: int) -> bytes:
    """Return what libsodium's crypto_pwhash_scryptsalsa208sha256 makes of a password (its pickparams)."""
    work = max(work, 32768)
    cheap = work < memory // 32
    most = work // 32 if cheap else memory // 1024
    if not 2 <= most <= 1 << 21 or memory >= MOST_MEMORY:
        raise BadKey("a secret key that asks for more memory than 2 GiB")
    n = 1 << next(bits for bits in range(1, 63) if 1 << bits > most // 2)
    p = 1 if cheap else max(1, min(work // 4 // n, 0x3FFFFFFF) // 8)
    try:
        return hashlib.scrypt(password.encode(), salt=salt, n=n, r=8, p=p, maxmem=MOST_MEMORY, dklen=104)
    except (ValueError, MemoryError) as refused:
        raise BadKey(f"this secret key cannot be opened here: {str(refused) or 'no memory'}") from refused


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else ""


def _unpacked(form: Struct, line: str, what: str) -> tuple[Any, ...]:
    try:
        return form.unpack(base64.b64decode(line, validate=True))
    except (ValueError, error) as wrong:  # binascii.Error is a ValueError
        raise BadKey(f"no {what} of minisign") from wrong


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
