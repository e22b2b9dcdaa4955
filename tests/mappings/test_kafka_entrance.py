"""Which way into the brokers a mapping's access configurations and their secrets give."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat
from cryptography.x509.oid import NameOID
from django.core.exceptions import ImproperlyConfigured

from invocations import neighbours
from invocations.sources import SourceTrouble
from invocations.sources.kafka import brokers
from invocations.sources.kafka.entrance import entrance
from invocations.values import Place, Scope
from lambdaplay.settings import _brokers

SERVERS = ("localhost:9092",)
LOGIN = {"username": "me", "password": "secret"}
CERTIFICATE = {"certificate": "CERT", "privateKey": "KEY", "privateKeyPassword": "pass"}


class Secrets:
    """Stands for Secrets Manager behind the endpoint."""

    def __init__(self) -> None:
        self.held: dict[str, Any] = {"login": LOGIN, "mine": CERTIFICATE, "root": {"certificate": "ROOT"}, "odd": 1}

    def get_secret_value(self, SecretId: str) -> dict[str, str]:
        if SecretId == "down":
            raise EndpointConnectionError(endpoint_url="http://127.0.0.1:1")
        if SecretId not in self.held:
            raise ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "GetSecretValue")
        return {"SecretString": json.dumps(self.held[SecretId])}


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> Secrets:
    found = Secrets()
    monkeypatch.setattr(neighbours, "own_client", lambda service, scope: found)
    return found


def place(*access: tuple[str, str]) -> Place:
    return Place("", Scope("000000000000", "us-east-1"), SERVERS, "topic", "group", access)


SASL = {"sasl.username": "me", "sasl.password": "secret"}


@pytest.mark.parametrize(
    ("access", "told"),
    [
        ((), {"security.protocol": "PLAINTEXT"}),
        ((("VPC_SUBNET", "subnet:a"), ("VPC_SECURITY_GROUP", "b")), {"security.protocol": "PLAINTEXT"}),
        ((("BASIC_AUTH", "login"),), {**SASL, "sasl.mechanism": "PLAIN", "security.protocol": "SASL_SSL"}),
        (
            (("SASL_SCRAM_256_AUTH", "login"),),
            {**SASL, "sasl.mechanism": "SCRAM-SHA-256", "security.protocol": "SASL_SSL"},
        ),
        (
            (("SASL_SCRAM_512_AUTH", "login"), ("SERVER_ROOT_CA_CERTIFICATE", "root")),
            {**SASL, "sasl.mechanism": "SCRAM-SHA-512", "security.protocol": "SASL_SSL", "ssl.ca.pem": "ROOT"},
        ),
        ((("SERVER_ROOT_CA_CERTIFICATE", "root"),), {"security.protocol": "SSL", "ssl.ca.pem": "ROOT"}),
        (
            (("CLIENT_CERTIFICATE_TLS_AUTH", "mine"),),
            {
                "security.protocol": "SSL",
                "ssl.certificate.pem": "CERT",
                "ssl.key.pem": "KEY",
                "ssl.key.password": "pass",
            },
        ),
    ],
)
def test_each_way_in(access: tuple[tuple[str, str], ...], told: dict[str, str]) -> None:
    assert entrance(place(*access), SERVERS) == told


def test_passwords_go_without_tls_only_where_a_setting_says_so(settings: Any) -> None:
    settings.LAMBDAPLAY_KAFKA_PLAINTEXT = ["localhost:9092"]
    basic = ("BASIC_AUTH", "login")
    assert entrance(place(basic), SERVERS)["security.protocol"] == "SASL_PLAINTEXT"
    assert entrance(place(basic), (*SERVERS, "elsewhere:9092"))["security.protocol"] == "SASL_SSL"
    rooted = place(basic, ("SERVER_ROOT_CA_CERTIFICATE", "root"))
    assert entrance(rooted, SERVERS)["security.protocol"] == "SASL_SSL"


@pytest.mark.parametrize(
    ("uri", "text"),
    [
        ("gone", "Secrets Manager answered ResourceNotFoundException for gone."),
        ("root", "The secret root has no username and no password: it must be a JSON object with them."),
        ("odd", "The secret odd is not a JSON object."),
        ("down", "Secrets Manager did not answer: "),
    ],
)
def test_a_secret_that_opens_nothing_says_why(uri: str, text: str) -> None:
    with pytest.raises(SourceTrouble) as caught:
        entrance(place(("BASIC_AUTH", uri)), SERVERS)
    assert str(caught.value).startswith(text)


def test_the_client_takes_real_certificates(secrets: Secrets) -> None:
    certificate, key = self_signed(b"pass")
    secrets.held |= {
        "mine": {"certificate": certificate, "privateKey": key, "privateKeyPassword": "pass"},
        "root": {"certificate": certificate},
    }
    ways = ("CLIENT_CERTIFICATE_TLS_AUTH", "mine"), ("SERVER_ROOT_CA_CERTIFICATE", "root")
    assert brokers.Brokers(place(*ways), SERVERS).servers == "localhost:9092"


def self_signed(password: bytes) -> tuple[str, str]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kafka")])
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, datetime(2020, 1, 1), datetime(2100, 1, 1))
    kept = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(password))
    return made.sign(key, SHA256()).public_bytes(Encoding.PEM).decode(), kept.decode()


def test_a_certificate_that_is_none_is_told_without_its_key(secrets: Secrets) -> None:
    with pytest.raises(SourceTrouble) as caught:
        brokers.Brokers(place(("CLIENT_CERTIFICATE_TLS_AUTH", "mine")), SERVERS)
    assert "KEY" not in str(caught.value).replace("ssl.key", "")
    assert str(caught.value).startswith(("TLS failed", "Kafka failed", "The Kafka "))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", {}),
        ("orders=a:1", {"orders": ("a:1",)}),
        ("orders=a:1, b:2; *=c:3", {"orders": ("a:1", "b:2"), "*": ("c:3",)}),
    ],
)
def test_the_setting_of_clusters(text: str, found: dict[str, object]) -> None:
    assert _brokers(text) == found


@pytest.mark.parametrize("text", ["orders", "orders=", "=a:1", "orders=a", "orders=a:b"])
def test_a_wrong_setting_of_clusters_stops_the_start(text: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="must be a cluster's name"):
        _brokers(text)
