"""What the measurements share: a scratch folder, a running house, and that all of it is gone afterwards."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from bench.calling import invoke_path, load
from bench.handlers import SOURCES, package
from lambdaplay.home import Home
from tests.house import House, free_port

ROOT = Path(__file__).resolve().parent.parent
ECHO = "echo"
ROLE = "arn:aws:iam::000000000000:role/bench"


class Absent(Exception):
    """A peer or a measurement that is not to be had here; the sentence says why."""


@dataclass
class Workshop:
    """`seconds`: how long one side calls in one round. `cache`: where peers stay installed between runs."""

    rounds: int
    seconds: float
    cache: Path
    _exits: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Workshop:
        # Short, because sockets lie below it.
        self.scratch = Path(tempfile.mkdtemp(prefix="lpb-"))
        self._exits.callback(shutil.rmtree, self.scratch, ignore_errors=True)
        return self

    def __exit__(self, *_: object) -> None:
        self._exits.close()

    @cached_property
    def house(self) -> House:
        """The whole product, with a function `echo`, started when somebody asks for it."""
        house = House(self.scratch / "house", free_port())
        self._exits.callback(house.stop)
        house.start()
        create(house, ECHO, "plain")
        return house

    @cached_property
    def bare(self) -> int:
        """The port of the bare views, which send to the house's broker."""
        port = free_port()
        self.spawn([sys.executable, "-m", "bench.bare", "web", str(port)], environment=self.bare_environment)
        self.await_answer(f"http://127.0.0.1:{port}/", b"{}")
        return port

    @cached_property
    def bare_environment(self) -> dict[str, str]:
        """A state folder of its own, and the house's broker."""
        broker = Home(self.house.home).broker_socket
        return {"LAMBDAPLAY_HOME": str(self.scratch / "bare"), "CELERY_BROKER_URL": f"redis+socket://{broker}"}

    def run_bare(self, *arguments: str) -> str:
        """Run one of the bare side's verbs to its end; return what it printed."""
        return run(["-m", "bench.bare", *arguments], self.bare_environment)

    def calls(self, callers: int) -> dict[str, Any]:
        """Invoke `echo` with so many callers for one round."""
        return load(self.house.port, invoke_path(ECHO), callers, self.seconds)

    def spawn(self, command: list[str], *, cwd: Path = ROOT, environment: Mapping[str, str] | None = None) -> None:
        """Start a server that ends with the bench; its output goes to the scratch folder."""
        log = self.scratch / f"{Path(command[0]).name}-{len(os.listdir(self.scratch))}.log"
        with open(log, "wb") as output:
            process = subprocess.Popen(
                command,
                cwd=cwd,
                env={**os.environ, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._exits.callback(_end, process)

    def await_answer(self, url: str, body: bytes | None = None, seconds: float = 60.0) -> None:
        """Wait until a server answers 200. Raises Absent when it does not."""
        deadline = time.monotonic() + seconds
        trouble = "no answer"
        while time.monotonic() < deadline:
            try:
                with urlopen(Request(url, data=body), timeout=30) as answer:
                    answer.read()
                    return
            except HTTPError as error:
                trouble = f"status {error.code}"
                error.close()
            except OSError as error:
                trouble = str(error)
            time.sleep(0.1)
        raise Absent(f"{url} did not come up: {trouble}")


def create(house: House, function: str, kind: str) -> None:
    """Make a function, and wait until it is active."""
    client = house.client("lambda")
    client.create_function(
        FunctionName=function,
        Runtime=f"python3.{sys.version_info.minor}",
        Handler="app.handler",
        Role=ROLE,
        Code={"ZipFile": package(SOURCES[kind])},
    )
    client.get_waiter("function_active_v2").wait(FunctionName=function)


def run(arguments: list[str], environment: Mapping[str, str] | None = None) -> str:
    """Run a Python program to its end; return what it printed. Raises RuntimeError with its last line."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        timeout=900,
    )
    if done.returncode:
        raise RuntimeError((done.stderr.strip().splitlines() or ["no reason given"])[-1])
    return done.stdout


def _end(process: subprocess.Popen[bytes]) -> None:
    """The process and whatever it started: each leads a session of its own."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, 9)
    process.wait()


def install(folder: Path, mark: str, commands: list[list[str]], what: str) -> None:
    """Install a peer once. Raises Absent with the installer's last line when it cannot be had."""
    if (folder / mark).exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    for command in commands:
        try:
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=900)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Absent(f"{what} could not be installed: {error}") from error
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise Absent(f"{what} could not be installed: {last}")
