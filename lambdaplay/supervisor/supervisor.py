"""The loop that starts, watches, restarts and stops the parts."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from lambdaplay.supervisor.output import Output, tell
from lambdaplay.supervisor.parts import Part
from lambdaplay.supervisor.process import Process, spawn

FIRST_DELAY_SECONDS = 0.1
LONGEST_DELAY_SECONDS = 30.0
HEALTHY_SECONDS = 10.0  # a part that lived this long was killed rather than broken: it starts again at once
STOP_SECONDS = 4.5  # for all stages together
READ_BYTES = 64 * 1024

_WATCHED_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD)


@dataclass
class Child:
    """A part and its present process, if it has one."""

    part: Part
    output: Output
    process: Process | None = None
    started_at: float = 0.0
    delay: float = FIRST_DELAY_SECONDS
    start_at: float | None = None  # monotonic; None: not waiting to be started


@dataclass
class Job:
    """A process that is meant to end; `done` gets its exit code."""

    process: Process
    done: Callable[[int], None]


@dataclass
class Supervisor:
    logs: Path
    let_go: Callable[[Part | None], None]  # called in every child: closes what only the supervisor may hold
    children: dict[str, Child] = field(default_factory=dict)
    jobs: list[Job] = field(default_factory=list)
    stopping: bool = False
    exit_code: int = 0

    def __post_init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._wakes, self._woken = socket.socketpair()
        for end in (self._wakes, self._woken):
            end.setblocking(False)
        self._selector.register(self._wakes, selectors.EVENT_READ, None)
        signal.set_wakeup_fd(self._woken.fileno(), warn_on_full_buffer=False)
        for number in _WATCHED_SIGNALS:
            signal.signal(number, self._on_signal)

    # --- what `up` asks for -------------------------------------------------------------------------------------------

    def add(self, part: Part) -> None:
        """Start a part and keep it running."""
        child = Child(part, Output(part.name, self.logs, aloud=part.aloud))
        self.children[part.name] = child
        self._start(child)

    def run_job(self, name: str, run: Callable[[], None], done: Callable[[int], None]) -> None:
        """Run a function in a child that writes to our own terminal; `done` gets its exit code."""
        self.jobs.append(Job(spawn(name, run, lambda: self._in_child(None), own_output=False), done))

    def stop(self, exit_code: int = 0) -> None:
        """Ask the loop to end."""
        self.stopping = True
        self.exit_code = max(self.exit_code, exit_code)

    def loop(self) -> int:
        """Serve until stopped; return the exit code. On the way out every part is stopped."""
        try:
            while not self.stopping:
                self._turn(self._seconds_to_next_start())
                self._start_due()
        finally:
            self._stop_all()
        return self.exit_code

    # --- one turn -----------------------------------------------------------------------------------------------------

    def _turn(self, timeout: float | None) -> None:
        """Wait for output, a signal or the timeout; then see who ended."""
        for key, _ in self._selector.select(timeout):
            if key.data is None:
                self._drain_wakes()
            else:
                self._read(key.fd, key.data)
        self._reap()

    def _drain_wakes(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while self._wakes.recv(1024):
                pass

    def _read(self, pipe: int, output: Output) -> None:
        data = os.read(pipe, READ_BYTES)
        if data:
            output.feed(data)
            return
        output.finish()
        self._selector.unregister(pipe)
        os.close(pipe)

    def _reap(self) -> None:
        for child in self.children.values():
            if child.process is not None and (code := _ended(child.process.pid)) is not None:
                self._on_end(child, code)
        for job in list(self.jobs):
            if (code := _ended(job.process.pid)) is not None:
                self.jobs.remove(job)
                job.done(code)

    # --- starting -----------------------------------------------------------------------------------------------------

    def _start(self, child: Child) -> None:
        child.start_at = None
        child.started_at = time.monotonic()
        child.process = spawn(child.part.name, child.part.run, lambda: self._in_child(child.part))
        self._selector.register(_pipe(child.process), selectors.EVENT_READ, child.output)

    def _in_child(self, part: Part | None) -> None:
        self._selector.close()
        self._wakes.close()
        self._woken.close()
        self.let_go(part)

    def _on_end(self, child: Child, code: int) -> None:
        """A part ended without being asked: sweep what it left and plan its restart."""
        assert child.process is not None
        _kill_group(child.process.pid)
        child.process = None
        if self.stopping:
            return
        now = time.monotonic()
        if now - child.started_at >= HEALTHY_SECONDS:
            child.delay = FIRST_DELAY_SECONDS
        child.start_at = now + child.delay
        tell("up", f"{child.part.name} {_how(code)}; it is started again in {child.delay:g} s.")
        child.delay = min(child.delay * 2, LONGEST_DELAY_SECONDS)

    def _start_due(self) -> None:
        for child in self.children.values():
            if child.start_at is not None and child.start_at <= time.monotonic() and not self.stopping:
                self._start(child)

    def _seconds_to_next_start(self) -> float | None:
        planned = [child.start_at for child in self.children.values() if child.start_at is not None]
        return max(0.0, min(planned) - time.monotonic()) if planned else None

    # --- stopping -----------------------------------------------------------------------------------------------------

    def _on_signal(self, number: int, frame: object) -> None:
        if number != signal.SIGCHLD:
            self.stop()

    def _stop_all(self) -> None:
        """Stop stage after stage. Whoever outlives its grace is killed with all of its process group."""
        self.stopping = True
        for job in self.jobs:
            _kill_group(job.process.pid)
        deadline = time.monotonic() + STOP_SECONDS
        for stage in sorted({child.part.stage for child in self.children.values()}):
            group = [child for child in self.children.values() if child.part.stage == stage]
            self._stop_stage(group, deadline)
        self._turn(0)

    def _stop_stage(self, group: list[Child], deadline: float) -> None:
        started = time.monotonic()
        for child in group:
            child.output.aloud = False  # farewells are for the file
            if child.process is not None:
                _signal(child.process.pid, signal.SIGTERM)
        while running := [child for child in group if child.process is not None]:
            now = time.monotonic()
            for child in running:
                if now >= min(deadline, started + child.part.grace) and child.process is not None:
                    _kill_group(child.process.pid)
            self._turn(0.05)


def _ended(pid: int) -> int | None:
    """Return the exit code of a child that ended (negative: the signal), else None."""
    found, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if found else None


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _kill_group(pid: int) -> None:
    """Every part leads a process group of its own; nothing of it may stay behind."""
    # PermissionError is what macOS says of a group of zombies.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _pipe(process: Process) -> int:
    assert process.output is not None
    return process.output


def _how(code: int) -> str:
    return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
