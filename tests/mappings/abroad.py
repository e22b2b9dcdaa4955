"""Somebody else's endpoint: moto's server, a process of its own on a port of this machine."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import boto3
import pytest

from invocations.decisions import source_places
from invocations.sources.sqs import foreign
from tests.house import ROOT, _end_with_us, free_port

ACCOUNT = "123456789012"
START_SECONDS = 60


@dataclass(frozen=True)
class Source:
    """What a World maps."""

    arn: str


class Abroad:
    def __init__(self, port: int) -> None:
        self.host = f"127.0.0.1:{port}"
        self.url = f"http://{self.host}"

    def client(self, service: str) -> Any:
        keys = {"aws_access_key_id": "k", "aws_secret_access_key": "s"}
        return boto3.client(service, endpoint_url=self.url, region_name="eu-west-1", **keys)

    def place(self, key: str = "k:s") -> str:
        """As in LAMBDAPLAY_SOURCES."""
        return f"http://{key}@{self.host}"

    def strict(self, on: bool) -> None:
        """Whether moto looks at permissions from now on."""
        self._post("/moto-api/reset-auth", b"0" if on else b"inf")

    def user(self) -> tuple[str, str]:
        """A user who may do nothing: name, and key as a URL has it."""
        iam, name = self.client("iam"), f"u{uuid.uuid4().hex[:8]}"
        iam.create_user(UserName=name)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return name, f"{key['AccessKeyId']}:{key['SecretAccessKey'].replace('/', '%2F').replace('+', '%2B')}"

    def allow(self, user: str, action: str) -> None:
        statement = {"Effect": "Allow", "Action": action, "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self.client("iam").put_user_policy(UserName=user, PolicyName="p", PolicyDocument=document)

    def _post(self, path: str, body: bytes) -> None:
        request = Request(self.url + path, body, {"Content-Type": "text/plain"}, method="POST")
        urlopen(request, timeout=30).close()


@pytest.fixture(scope="session")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Abroad]:
    port = free_port()
    log: Path = tmp_path_factory.mktemp("moto") / "log"
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with open(log, "wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output, preexec_fn=_end_with_us)
    with process:
        try:
            found = Abroad(port)
            _await(found, process, log)
            yield found
        finally:
            process.kill()


def _await(abroad: Abroad, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            urlopen(f"{abroad.url}/moto-api/data.json", timeout=10).close()
        except (URLError, OSError):
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"moto does not answer:\n{log.read_text()}")


@pytest.fixture
def abroad(moto: Abroad, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Abroad]:
    """All queues and streams are there; receives do not wait."""
    settings.LAMBDAPLAY_SOURCES = source_places.read(f"sqs={moto.place()};kinesis={moto.place()}")
    monkeypatch.setattr(foreign, "WAIT_SECONDS", 0)
    yield moto
    moto.strict(False)
