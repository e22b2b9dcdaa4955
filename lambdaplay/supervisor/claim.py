"""What `up` must hold before it starts anything: the state folder and the port."""

from __future__ import annotations

import fcntl
import os
import socket
import time
from pathlib import Path

# After a kill -9 of an earlier `up` its parts need a moment to die.
PORT_PATIENCE_SECONDS = 1.0
BACKLOG = 2048


class Refused(Exception):
    """`up` cannot start; the sentence says why and what to do."""


def claim_home(run: Path) -> int:
    """Take the lock on the state folder and return its descriptor; it is held until closed."""
    path = run / "up.pid"
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        pid = os.read(handle, 20).decode().strip()
        os.close(handle)
        raise Refused(
            f"lambdaplay is already running on this state folder (process {pid}). "
            "Stop it first, or set LAMBDAPLAY_HOME and LAMBDAPLAY_PORT to start another one beside it."
        ) from None
    os.ftruncate(handle, 0)
    os.write(handle, f"{os.getpid()}\n".encode())
    return handle


def claim_port(host: str, port: int) -> socket.socket:
    """Bind and listen. The supervisor keeps the socket, so that callers wait while the web part is restarted."""
    deadline = time.monotonic() + PORT_PATIENCE_SECONDS
    while True:
        try:
            return _listen(host, port)
        except OSError as error:
            if time.monotonic() > deadline:
                raise Refused(
                    f"Cannot listen on {host} port {port}: {error.strerror}. "
                    "Set LAMBDAPLAY_PORT (or LAMBDAPLAY_HOST) to an address that is free."
                ) from None
            time.sleep(0.1)


def _listen(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener
