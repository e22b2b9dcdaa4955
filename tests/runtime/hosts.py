"""An environment host of a test's own, without web or worker, and functions to run in it."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psutil
from django.conf import settings

from invocations.errors import UnusablePart
from invocations.runtime import client, code
from invocations.runtime.command import host_command, host_environment
from invocations.values import EnvironmentSpec, Event, Execution, Outcome, PoolState, Scope

SCOPE = Scope("000000000000", "us-east-1")
START_SECONDS = 30.0
_numbers = itertools.count()


@dataclass
class Host:
    """A running environment host; `run` and `call` go through invocations.runtime.client like the server's own code."""

    level: str
    process: subprocess.Popen[bytes]
    log: Path
    made: list[EnvironmentSpec] = field(default_factory=list)

    def function(self, source: str | Mapping[str, str], **changes: Any) -> EnvironmentSpec:
        """A function of this Python source (handler `app.handler`), or of these files."""
        files = {"app.py": source} if isinstance(source, str) else source
        number = next(_numbers)
        values: dict[str, Any] = {
            "key": f"key-{number}",
            "scope": SCOPE,
            "function": f"fn-{number}",
            "version": "$LATEST",
            "runtime": f"python3.{sys.version_info.minor}",
            "handler": "app.handler",
            "code_sha256": package(files),
            "memory_mb": 128,
            "tmp_mb": 512,
            "timeout_seconds": 10,
            "variables": {},
            "log_group": f"/aws/lambda/fn-{number}",
            "network": "endpoint",
            "reserved_concurrency": None,
            "unreserved_limit": 1000,
            **changes,
        }
        spec = EnvironmentSpec(**values)
        self.made.append(spec)
        return spec

    def run(self, spec: EnvironmentSpec, payload: object = None, **event: Any) -> Execution:
        return client.execute(spec, make_event(spec, payload, **event))

    def call(self, spec: EnvironmentSpec, payload: object = None) -> Any:
        """Run it, demand success, return the answer."""
        execution = self.run(spec, payload)
        assert execution.outcome == Outcome.SUCCESS, (execution.payload, execution.log.decode())
        return json.loads(execution.payload)

    def states(self, spec: EnvironmentSpec) -> list[str]:
        """The states of this function's environments, as the host tells them."""
        ending = f":{spec.function}"
        return [each.state for each in client.state().environments if each.function_arn.endswith(ending)]

    def restart(self) -> None:
        """Start again after it was killed."""
        self.process = start(self.log)

    def pool(self, spec: EnvironmentSpec) -> PoolState | None:
        return next((pool for pool in client.pools() if pool.key == spec.key), None)

    def provision(self, spec: EnvironmentSpec, count: int) -> None:
        """Have so many kept ready, and wait for them."""
        client.provision(SCOPE, spec.function, [(spec, count)])
        assert until(lambda: (pool := self.pool(spec)) is not None and pool.ready == count, 20), self.pool(spec)

    def retire_all(self) -> None:
        while self.made:
            function = self.made.pop().function
            client.provision(SCOPE, function, [])
            client.retire(SCOPE, function)

    def process_children(self) -> list[psutil.Process]:
        """What the host itself has started: first of all the parent of all environments."""
        found: list[psutil.Process] = psutil.Process(self.process.pid).children()
        return found

    def tree(self) -> list[psutil.Process]:
        root = psutil.Process(self.process.pid)
        return [root, *root.children(recursive=True)]


def make_event(spec: EnvironmentSpec, payload: object = None, **changes: Any) -> Event:
    body = payload if isinstance(payload, bytes) else json.dumps({} if payload is None else payload).encode()
    arn = f"arn:aws:lambda:us-east-1:000000000000:function:{spec.function}"
    return replace(Event(str(uuid.uuid4()), body, arn, "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0"), **changes)


def package(files: Mapping[str, str]) -> str:
    """Store these files as a code package; every file may be executed."""
    import io
    import zipfile

    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = 0o755 << 16
            entry.create_system = 3
            archive.writestr(entry, text)
    return code.store(buffer.getvalue()).sha256


def start(log: Path, **popen: Any) -> subprocess.Popen[bytes]:
    command, environment = host_command(), host_environment()
    with open(log, "ab") as output:
        process = subprocess.Popen(command, env=environment, stderr=output, **popen)
    await_host(process, log)
    return process


@contextmanager
def host(level: str, log: Path, **popen: Any) -> Iterator[Host]:
    """Run an environment host at this sandbox level in the test's state folder."""
    former, settings.LAMBDAPLAY_SANDBOX = settings.LAMBDAPLAY_SANDBOX, level
    running = Host(level, start(log, **popen), log)
    try:
        yield running
    finally:
        settings.LAMBDAPLAY_SANDBOX = former
        running.process.kill()
        running.process.wait()


def await_host(process: subprocess.Popen[bytes], log: Path) -> None:
    until(lambda: answers() or process.poll() is not None, START_SECONDS)
    assert process.poll() is None, log.read_text()


def answers() -> bool:
    try:
        client.state()
    except UnusablePart:
        return False
    return True


def until(condition: Any, seconds: float = 5.0) -> Any:
    """Wait for the condition to become true, at most so long; return its last value."""
    deadline = time.monotonic() + seconds
    while not (value := condition()) and time.monotonic() < deadline:
        time.sleep(0.002)
    return value


def alive(mark: str) -> int:
    """How many processes of the whole machine have this last argument."""
    return sum((process.info["cmdline"] or [])[-1:] == [mark] for process in psutil.process_iter(["cmdline"]))
