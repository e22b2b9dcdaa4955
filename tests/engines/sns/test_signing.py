"""Signatures, verified as a receiver would: with the certificate and AWS's string to sign."""

from __future__ import annotations

import base64
import json
import stat
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from invocations.engines.sns import signing
from invocations.engines.sns.content import Outgoing
from invocations.values import Parcel
from lambdaplay.home import Home
from tests.engines.sns.conftest import MakeTopic, Subscribe, publish

NOTIFICATION = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
CONFIRMATION = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")


def verify(body: dict[str, Any], names: tuple[str, ...], algorithm: hashes.HashAlgorithm) -> None:
    text = "".join(f"{name}\n{body[name]}\n" for name in names if name in body)
    key = x509.load_pem_x509_certificate(signing.certificate()).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    key.verify(base64.b64decode(body["Signature"]), text.encode(), padding.PKCS1v15(), algorithm)


@pytest.mark.parametrize(("version", "algorithm"), [("1", hashes.SHA1()), ("2", hashes.SHA256())])
@pytest.mark.parametrize("subject", [None, "A subject"])
def test_notifications_verify(
    make_topic: MakeTopic,
    subscribe: Subscribe,
    posted: list[Parcel],
    version: str,
    algorithm: hashes.HashAlgorithm,
    subject: str | None,
) -> None:
    topic = make_topic(SignatureVersion=version)
    subscribe(topic)
    publish(topic, Outgoing("\u00fcber", subject))
    body = json.loads(posted[0].body)
    assert body["SignatureVersion"] == version
    assert body["SigningCertURL"].endswith(f"/_lambdaplay/sns/{signing.certificate_name()}")
    verify(body, NOTIFICATION, algorithm)
    with pytest.raises(InvalidSignature):
        verify({**body, "Message": "other"}, NOTIFICATION, algorithm)


def test_confirmations_verify(make_topic: MakeTopic, subscribe: Subscribe, posted: list[Parcel]) -> None:
    subscribe(make_topic(), "http", "http://127.0.0.1:1/")
    verify(json.loads(posted[0].body), CONFIRMATION, hashes.SHA1())


def test_the_key_is_made_once_and_is_its_owners_alone(tmp_path: Path, settings: Any) -> None:
    settings.LAMBDAPLAY_HOME = Home(tmp_path)
    certificate = signing.certificate()
    path = tmp_path / "topic-signing.pem"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    signing._load.cache_clear()
    assert signing.certificate() == certificate
    assert b"PRIVATE" not in certificate
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]
