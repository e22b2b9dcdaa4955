"""How a mapping's brokers are entered: SourceAccessConfigurations and their secrets, as settings of the client."""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings

from invocations import neighbours
from invocations.decisions.kafka_options import BASIC, CLIENT_CERTIFICATE, ROOT_CERTIFICATE, SCRAM_256, SCRAM_512
from invocations.sources.base import SourceTrouble
from invocations.values import Place

_MECHANISMS = {BASIC: "PLAIN", SCRAM_256: "SCRAM-SHA-256", SCRAM_512: "SCRAM-SHA-512"}


def entrance(place: Place, servers: tuple[str, ...]) -> dict[str, str]:
    """What the client is told. As on AWS passwords go through TLS only, unless a setting names the brokers."""
    ways = dict(place.access)
    found: dict[str, str] = {}
    for name, uri in ways.items():
        if name in _MECHANISMS:
            user, password = _secret(place, uri, "username", "password")
            found |= {"sasl.mechanism": _MECHANISMS[name], "sasl.username": user, "sasl.password": password}
        elif name == CLIENT_CERTIFICATE:
            certificate, key = _secret(place, uri, "certificate", "privateKey")
            found |= {"ssl.certificate.pem": certificate, "ssl.key.pem": key}
            found |= _key_password(place, uri)
        elif name == ROOT_CERTIFICATE:
            [found["ssl.ca.pem"]] = _secret(place, uri, "certificate")
    return {**found, "security.protocol": _protocol(found, servers)}


def _protocol(found: dict[str, str], servers: tuple[str, ...]) -> str:
    certified = any(name.startswith("ssl.") for name in found)
    if "sasl.mechanism" not in found:
        return "SSL" if certified else "PLAINTEXT"
    plain = not certified and all(server in settings.LAMBDAPLAY_KAFKA_PLAINTEXT for server in servers)
    return "SASL_PLAINTEXT" if plain else "SASL_SSL"


def _secret(place: Place, uri: str, *names: str) -> list[str]:
    document = _document(place, uri)
    missing = [name for name in names if not isinstance(document.get(name), str)]
    if missing:
        raise SourceTrouble(f"The secret {uri} has no {' and no '.join(missing)}: it must be a JSON object with them.")
    return [document[name] for name in names]


def _key_password(place: Place, uri: str) -> dict[str, str]:
    password = _document(place, uri).get("privateKeyPassword")
    return {"ssl.key.password": password} if isinstance(password, str) and password else {}


def _document(place: Place, uri: str) -> dict[str, Any]:
    try:
        answer = neighbours.own_client("secretsmanager", place.scope).get_secret_value(SecretId=uri)
    except ClientError as error:
        told = error.response.get("Error", {})
        raise SourceTrouble(f"Secrets Manager answered {told.get('Code', '?')} for {uri}.") from error
    except BotoCoreError as error:
        raise SourceTrouble(f"Secrets Manager did not answer: {error}") from error
    try:
        found = json.loads(answer.get("SecretString") or "")
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise SourceTrouble(f"The secret {uri} is not a JSON object.")
    return found
