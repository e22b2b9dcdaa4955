"""The signature under what a topic sends, and the certificate that it is verified with.

One RSA key of this house signs for all topics. It is made on the first run and readable by its owner only; the
certificate is signed by itself, because nobody else can vouch for a laptop.
"""

from __future__ import annotations

import base64
import hashlib
import os
import tempfile
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID
from django.conf import settings

SHA1, SHA256 = "1", "2"  # AWS's signature versions
_FILE = "topic-signing.pem"  # key and certificate together, so that there is never one without the other
_BITS = 2048
_LIFE = timedelta(days=3650)
_NAME = "SimpleNotificationService"


def sign(text: str, version: str = SHA1) -> str:
    """Sign; return the signature in base64."""
    algorithm = hashes.SHA256() if version == SHA256 else hashes.SHA1()  # noqa: S303 - AWS's version 1
    return base64.b64encode(_key().sign(text.encode(), padding.PKCS1v15(), algorithm)).decode()


def certificate_name() -> str:
    """The file name of the certificate, as AWS forms them."""
    return f"{_NAME}-{hashlib.sha256(certificate()).hexdigest()[:32]}.pem"


def certificate() -> bytes:
    """The certificate, PEM."""
    return _pair()[1]


def _key() -> rsa.RSAPrivateKey:
    return _pair()[0]


def _pair() -> tuple[rsa.RSAPrivateKey, bytes]:
    return _load(settings.LAMBDAPLAY_HOME.root / _FILE)


@lru_cache(4)
def _load(path: Path) -> tuple[rsa.RSAPrivateKey, bytes]:
    if not path.exists():
        _make(path)
    text = path.read_bytes()
    key = serialization.load_pem_private_key(text, None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key, text[text.index(b"-----BEGIN CERTIFICATE") :]


def _make(path: Path) -> None:
    """Write the file whole or not at all, once, whoever else is doing so at this moment."""
    key = rsa.generate_private_key(65537, _BITS)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.lambdaplay.localhost")])
    now = datetime.now(UTC)  # real time: others judge the certificate by their own clock
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _LIFE)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".topic-signing-")  # mode 0600
    with os.fdopen(handle, "wb") as file:
        file.write(secret + certificate.public_bytes(serialization.Encoding.PEM))
    try:
        os.link(temporary, path)
    except FileExistsError:
        pass
    finally:
        os.unlink(temporary)
