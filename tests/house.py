"""A real `manage.py up` for tests: on a free port, in a state folder of its own."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import boto3
import psutil
from botocore.config import Config

from invocations.runtime.kernel.flags import PR_SET_PDEATHSIG
from invocations.runtime.kernel.syscalls import prctl

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 60.0
STOP_SECONDS = 5.0
SOON = {"Delay": 0.02, "MaxAttempts": 1000}  # for boto3's waiters: what they wait for takes milliseconds here


def _end_with_us() -> None:
    """A run of tests that is killed leaves no house behind."""
    prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class House:
    home: Path
    port: int
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def admin_password(self) -> str:
        text = (self.home / "secrets.json").read_text()
        password: str = json.loads(text)["admin_password"]
        return password

    @property
    def printed(self) -> str:
        """What `up` wrote to its terminal."""
        return (self.home.parent / f"{self.home.name}.out").read_text()

    def start(self) -> None:
        """Start, and wait until `/healthz` answers "ok"."""
        self.launch()
        self.wait_for("ok")

    def launch(self) -> None:
        """Start without waiting."""
        self.home.parent.mkdir(parents=True, exist_ok=True)
        with open(self.home.parent / f"{self.home.name}.out", "wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "up"],
                cwd=ROOT,
                env=self.full_environment(),
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_end_with_us,
            )

    def full_environment(self) -> dict[str, str]:
        own = {"LAMBDAPLAY_HOME": str(self.home), "LAMBDAPLAY_PORT": str(self.port), **self.environment}
        return {**os.environ, **own}

    def health(self) -> tuple[int, dict[str, Any]] | None:
        """Return status and body of `/healthz`; None when nobody answers."""
        try:
            with urlopen(f"{self.url}/healthz", timeout=5) as answer:
                return answer.status, json.load(answer)
        except HTTPError as refusal:
            with refusal:
                return refusal.code, json.load(refusal)
        except (URLError, OSError):
            return None

    def wait_for(self, status: str, seconds: float = START_SECONDS) -> dict[str, Any]:
        """Wait until the house says this of itself; return the whole answer."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.process is not None and self.process.poll() is not None:
                raise AssertionError(f"up ended with {self.process.returncode}:\n{self.printed}")
            answer = self.health()
            if answer is not None and answer[1]["status"] == status:
                return answer[1]
            time.sleep(0.05)
        raise AssertionError(f"not {status} within {seconds} s: {self.health()}\n{self.printed}")

    def client(self, service: str, **options: Any) -> Any:
        """A boto3 client for this house, without retries of its own."""
        config = Config(retries={"total_max_attempts": 1}, read_timeout=120, max_pool_connections=64)
        settings = {
            "region_name": "us-east-1",
            "aws_access_key_id": "test",
            "aws_secret_access_key": "test",
            "endpoint_url": self.url,
            "config": config,
            **options,
        }
        return boto3.client(service, **settings)

    def manage(self, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run a `manage.py` command on this house's state folder."""
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.full_environment(),
            capture_output=True,
            text=True,
            timeout=120,
            **options,
        )

    def processes(self) -> list[psutil.Process]:
        """The supervisor and everything below it."""
        assert self.process is not None
        root = psutil.Process(self.process.pid)
        return [root, *root.children(recursive=True)]

    def stop(self, number: int = signal.SIGTERM, seconds: float = STOP_SECONDS) -> list[str]:
        """Send the signal; return what is still there after the promised time (and kill it)."""
        if self.process is None or self.process.poll() is not None:
            return []
        tree = self.processes()
        os.kill(self.process.pid, number)
        started = time.monotonic()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(seconds)
        _, left = psutil.wait_procs(tree, max(0.1, seconds - (time.monotonic() - started)))
        names = [f"{one.pid} {one.name()}" for one in left if one.is_running()]
        for one in left:
            one.kill()
        self.process.wait()
        return names
