"""The floor of cold starts: `python3 -m awslambdaric`, fresh and unjailed, against a listener that waits for `next`."""

from __future__ import annotations

import os
import select
import socket
import subprocess
import sys
import time
from pathlib import Path


def fresh_start(folder: Path) -> float:
    """Seconds from starting the interpreter to its first call."""
    return fresh_together(folder, 1)


def fresh_together(folder: Path, starts: int) -> float:
    """Seconds until the last of so many interpreters, started at once, has called."""
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(starts)]
    processes: list[subprocess.Popen[bytes]] = []
    try:
        began = time.perf_counter()
        processes += [_start(folder, listener.getsockname()[1]) for listener in listeners]
        _await_calls(listeners)
        return time.perf_counter() - began
    finally:
        for process in processes:
            process.kill()
        for process in processes:
            process.wait()
        for listener in listeners:
            listener.close()


def _start(folder: Path, port: int) -> subprocess.Popen[bytes]:
    environment = {
        "PATH": os.defpath,
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}",
        "LAMBDA_TASK_ROOT": str(folder),
        "AWS_LAMBDA_FUNCTION_NAME": "echo",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    return subprocess.Popen(
        [sys.executable, "-m", "awslambdaric", "app.handler"],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _await_calls(listeners: list[socket.socket]) -> None:
    poll = select.poll()
    waiting = {listener.fileno(): listener for listener in listeners}
    for number in waiting:
        poll.register(number, select.POLLIN)
    callers: list[socket.socket] = []
    while waiting:
        for number, _ in poll.poll(60_000) or _silence():
            poll.unregister(number)
            if number in (listener.fileno() for listener in listeners):
                caller, _ = waiting.pop(number).accept()
                callers.append(caller)
                waiting[caller.fileno()] = caller
                poll.register(caller.fileno(), select.POLLIN)
            else:
                del waiting[number]  # its request is here
    for caller in callers:
        caller.close()


def _silence() -> list[tuple[int, int]]:
    raise TimeoutError("an interpreter did not call within 60 s")
