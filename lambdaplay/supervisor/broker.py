"""The embedded broker: a valkey or redis server on a unix socket in a private folder, and on nothing else."""

from __future__ import annotations

import os
from pathlib import Path

from invocations.neighbours import broker_binary
from lambdaplay.supervisor.claim import Refused


def run(socket: Path) -> None:
    """Become the broker. Nothing it holds must survive, because rows are the truth: it keeps no files."""
    binary = broker_binary()
    if binary is None:
        raise Refused("No broker: install valkey-server or redis-server, or set CELERY_BROKER_URL.")
    socket.unlink(missing_ok=True)
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "save": "",
        "appendonly": "no",
        "dir": str(socket.parent),
        "daemonize": "no",
        "loglevel": "warning",
        "databases": "1",
    }
    arguments = [str(binary)]
    for name, value in options.items():
        arguments += [f"--{name}", value]
    os.execve(binary, arguments, {"PATH": os.defpath, "LC_ALL": "C"})  # noqa: S606 - a fixed program
