"""A `manage.py up` of the storm's own, in a folder that is removed afterwards."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from base64 import b64encode
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import boto3
import psutil
from botocore.config import Config
from django.conf import settings

START_SECONDS = 90.0
# Every process but the supervisor, which is what a user's service manager keeps alive.
VICTIMS = ("lp-web", "lp-worker", "lp-control", "lp-beat", "valkey-server", "redis-server")


class House:
    def __init__(self, home: Path, *, database: str | None, broker: str | None) -> None:
        self.home = home
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        own = {"LAMBDAPLAY_HOME": str(home), "LAMBDAPLAY_PORT": str(self.port), "LAMBDAPLAY_COMPANION": "none"}
        self._environment = {"PATH": settings.LAMBDAPLAY_PATH, **own}
        if database is not None:
            self._environment["DATABASE_URL"] = database
        if broker is not None:
            self._environment["CELERY_BROKER_URL"] = broker
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        output = open(self.home / "up.out", "wb")  # noqa: SIM115 - the child's for its life
        with output:
            self._process = subprocess.Popen(
                [sys.executable, "manage.py", "up"],
                cwd=settings.BASE_DIR,
                env=self._environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.wait_healthy()

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(15)

    def wait_healthy(self, seconds: float = START_SECONDS) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                with urlopen(f"{self.url}/healthz", timeout=5) as answer:  # noqa: S310 - http, our own
                    if json.load(answer)["status"] == "ok":
                        return
            except (URLError, OSError, ValueError):
                pass  # still coming up
            time.sleep(0.1)
        raise TimeoutError(f"The house is not healthy; see {self.home / 'up.out'}.")

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",  # noqa: S106 - the loopback default
            config=Config(retries={"total_max_attempts": 1}, read_timeout=15, max_pool_connections=32),
        )

    def record(self, request_id: str) -> dict[str, Any] | None:
        """Return the event's record, None when the house knows of none."""
        try:
            return self._ask(f"/_lambdaplay/invocations/{request_id}")
        except HTTPError as refusal:
            if refusal.code == 404:
                return None
            raise

    def advance(self, seconds: int) -> None:
        self._ask("/_lambdaplay/clock", {"advance_seconds": seconds})

    def kill_one(self, chance: random.Random) -> str | None:
        """kill -9 one process, or sometimes all of a kind at once; return its name."""
        assert self._process is not None
        below = [p for p in psutil.Process(self._process.pid).children(recursive=True) if _name(p) in VICTIMS]
        if not below:
            return None
        name = _name(chance.choice(below))
        for victim in [process for process in below if _name(process) == name]:
            try:
                os.kill(victim.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass  # it fell with its parent
        return name

    def _ask(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        headers = {"Authorization": "Basic " + b64encode(b"test:test").decode(), "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        with urlopen(Request(self.url + path, data, headers), timeout=15) as answer:  # noqa: S310 - http, our own
            found: dict[str, Any] = json.load(answer)
        return found


def _name(process: psutil.Process) -> str:
    try:
        return str(process.name())
    except psutil.NoSuchProcess:
        return ""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
