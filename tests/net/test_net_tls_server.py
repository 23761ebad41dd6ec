"""A server's certificate and key: read from files, refused in one line."""

import ssl
import subprocess
from pathlib import Path
from shutil import which

import pytest

from nra.net.tls_server import UnusableCertificate, load_identity

VECTOR = Path(__file__).parents[1] / "vectors" / "tls-self-signed.pem"
PEM = VECTOR.read_text("ascii")
KEY, CERTIFICATE = PEM[PEM.index("-----BEGIN PRIVATE") : PEM.index("-----BEGIN CERTIFICATE")], PEM[PEM.index("-----BEGIN CERTIFICATE") :]
OPENSSL = which("openssl")


def put(folder: Path, name: str, text: str) -> Path:
    """Write a file and return where."""
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def test_key_and_certificate_in_one_file() -> None:
    """The key may stand before the certificate, and words before both."""
    identity = load_identity(VECTOR, None)
    assert identity.certificate == ssl.PEM_cert_to_DER_cert(CERTIFICATE)
    assert identity.context.minimum_version is ssl.TLSVersion.TLSv1_2


def test_two_files_and_a_chain(tmp_path: Path) -> None:
    """Of a chain the first certificate is the server's own."""
    other = ssl.PEM_cert_to_DER_cert(CERTIFICATE)[:-1] + b"\0"
    chain = put(tmp_path, "chain.pem", f"Zürich\n{CERTIFICATE}\n{ssl.DER_cert_to_PEM_cert(other)}")
    assert load_identity(chain, put(tmp_path, "key.pem", KEY)).certificate == ssl.PEM_cert_to_DER_cert(CERTIFICATE)


@pytest.mark.parametrize(
    ("certificate", "key", "why"),
    [(CERTIFICATE, None, "no certificate and key"), (KEY, None, "no certificate"), ("", "", "no certificate"), ("words", KEY, "no certif")],
)
def test_what_cannot_be_used(tmp_path: Path, certificate: str, key: str | None, why: str) -> None:
    """One line says why, with the file's name."""
    path = put(tmp_path, "my.pem", certificate)
    with pytest.raises(UnusableCertificate, match=f"my.pem: {why}") as raised:
        load_identity(path, None if key is None else put(tmp_path, "key.pem", key))
    assert "\n" not in str(raised.value)


def test_files_that_are_not_there(tmp_path: Path) -> None:
    """The system's reason is told."""
    with pytest.raises(UnusableCertificate, match="No such file"):
        load_identity(tmp_path / "absent.pem", None)
    with pytest.raises(UnusableCertificate, match="No such file"):
        load_identity(VECTOR, tmp_path / "absent.key")


@pytest.mark.skipif(OPENSSL is None, reason="openssl is not installed")
@pytest.mark.parametrize("kind", [("ed25519",), ("EC", "-pkeyopt", "ec_paramgen_curve:P-256")], ids=["other kind", "same kind"])
def test_a_key_that_belongs_to_another(tmp_path: Path, kind: tuple[str, ...]) -> None:
    """The likeliest mistake is named."""
    made = openssl("genpkey", "-algorithm", *kind)
    with pytest.raises(UnusableCertificate, match="the key does not belong to the certificate"):
        load_identity(put(tmp_path, "cert.pem", CERTIFICATE), put(tmp_path, "other.key", made))


@pytest.mark.skipif(OPENSSL is None, reason="openssl is not installed")
def test_a_key_under_a_passphrase(tmp_path: Path) -> None:
    """Nobody is asked for it: a server starts alone."""
    locked = openssl("pkey", "-aes256", "-passout", "pass:secret", words=KEY)
    with pytest.raises(UnusableCertificate, match="without a passphrase"):
        load_identity(put(tmp_path, "cert.pem", CERTIFICATE), put(tmp_path, "locked.key", locked))


def openssl(*arguments: str, words: str = "") -> str:
    """Return what OpenSSL prints."""
    return subprocess.run([OPENSSL or "", *arguments], input=words, capture_output=True, text=True, check=True).stdout
