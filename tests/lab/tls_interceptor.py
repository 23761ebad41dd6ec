"""A box that breaks TLS open under certificates of its own CA: python tls_interceptor.py PORT CA_FILE MANNER, until it is killed.

The CA is made at the start, its certificate written to the file. Manners: `relay` passes what it reads on to whom the client asked,
by TLS that it does not verify; `block` answers with its own page and asks nobody.
"""

import asyncio
import datetime
import ssl
import sys
from functools import cache
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from original_destination import original_destination, pump

CA: Final = "Lab Interceptor CA"
NAMELESS: Final = "interceptor.invalid"  # shown to who asks for no name
LASTS: Final = datetime.timedelta(days=2)
PAGE: Final = b"HTTP/1.1 403 Forbidden\r\nServer: interceptor\r\nContent-Length: 8\r\nConnection: close\r\n\r\nblocked\n"
SIGNS: Final = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)
CA_KEY: Final = ec.generate_private_key(ec.SECP256R1())
LEAF_KEY: Final = ec.generate_private_key(ec.SECP256R1())
KEY_PEM: Final = LEAF_KEY.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def certificate(name: str, key: ec.EllipticCurvePrivateKey, *extensions: x509.ExtensionType) -> bytes:
    """Return a certificate issued by the CA, in PEM, with the key identifiers that a strict verifier wants (RFC 5280 4.2.1)."""
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, CA)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - LASTS)
        .not_valid_after(now + LASTS)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(CA_KEY.public_key()), critical=False)
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=not isinstance(extension, x509.SubjectAlternativeName))
    return builder.sign(CA_KEY, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


@cache
def context_for(name: str) -> ssl.SSLContext:
    """Return a server's context with a certificate for a name, made once."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with NamedTemporaryFile(suffix=".pem") as file:  # OpenSSL takes keys from files
        file.write(certificate(name, LEAF_KEY, x509.SubjectAlternativeName([x509.DNSName(name)])) + KEY_PEM)
        file.flush()
        context.load_cert_chain(file.name)
    context.set_alpn_protocols(["http/1.1"])
    return context


def choose(connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
    """Show the certificate for the name that the client asked for (RFC 6066 3)."""
    connection.context = context_for(name or NAMELESS)


async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass both directions on, opened."""
    blind = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    blind.check_hostname, blind.verify_mode = False, ssl.CERT_NONE
    address, port = original_destination(writer)
    theirs, to_them = await asyncio.open_connection(address, port, ssl=blind)
    await asyncio.gather(pump(reader, to_them), pump(theirs, writer))


async def block(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer whatever is asked with the page."""
    if await reader.read(65536):
        writer.write(PAGE)


MANNERS: Final = {"relay": relay, "block": block}


async def main(port: str, manner: str) -> None:
    """Serve until killed."""

    async def taken(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await MANNERS[manner](reader, writer)
        except OSError:
            pass
        finally:
            writer.close()

    entrance = context_for(NAMELESS)
    entrance.sni_callback = choose
    server = await asyncio.start_server(taken, None, int(port), ssl=entrance, backlog=1000)
    print(f"listening on {port}", flush=True)  # noqa: T201
    await server.serve_forever()


if __name__ == "__main__":
    port, ca_file, manner = sys.argv[1:]
    Path(ca_file).write_bytes(certificate(CA, CA_KEY, x509.BasicConstraints(ca=True, path_length=0), SIGNS))
    asyncio.run(main(port, manner))
