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
from collections.abc import Collection
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
ALL_AT_ONCE = 0.7  # of the kills: the web part is three processes, for example
HOST = "lp-host"
VICTIMS = ("lp-web", "lp-worker", "lp-worker-2", "lp-poller", "lp-control", "lp-beat", "valkey-server", "redis-server")


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

    def await_door(self, seconds: float = 15.0) -> None:
        """Wait until somebody answers, whatever it is."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                urlopen(f"{self.url}/healthz", timeout=5).close()  # noqa: S310 - http, our own
            except HTTPError as refusal:
                refusal.close()
                return
            except OSError:
                time.sleep(0.05)
            else:
                return

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

    def rows(self) -> dict[str, Any]:
        """What its rows say of batches: see batch_rows.py."""
        command = [sys.executable, "-m", "lambdaplay.chaos.batch_rows"]
        environment = {**self._environment, "DJANGO_SETTINGS_MODULE": "lambdaplay.settings"}
        done = subprocess.run(  # noqa: S603 - our own program
            command, cwd=settings.BASE_DIR, env=environment, capture_output=True, check=True
        )
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def kill_one(self, chance: random.Random, names: Collection[str] = VICTIMS) -> str | None:
        """kill -9 all processes of one kind, or sometimes one of them alone; return their name."""
        assert self._process is not None
        supervisor = self._process.pid
        below = [p for p in psutil.Process(supervisor).children(recursive=True) if _name(p, supervisor) in names]
        if not below:
            return None
        name = chance.choice(sorted({_name(process, supervisor) for process in below}))
        victims = [process for process in below if _name(process, supervisor) == name]
        for victim in victims if chance.random() < ALL_AT_ONCE else [chance.choice(victims)]:
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


def _name(process: psutil.Process, supervisor: int) -> str:
    """As `ps` shows it; the environment host is the one child of the supervisor that goes by its interpreter's name."""
    try:
        name = str(process.name())
        return HOST if name.startswith("python") and process.ppid() == supervisor else name
    except psutil.NoSuchProcess:
        return ""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
