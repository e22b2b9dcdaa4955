"""Messages between the processes of the runtime: one JSON object a packet, perhaps with open files beside it.

Stdlib only: the environment host and its children run outside the server's virtual environment.
"""

from __future__ import annotations

import array
import json
import os
import socket
import struct
from collections.abc import Sequence
from typing import Any, NamedTuple

# Larger than any message: 4 KB of user variables, the platform's own, paths.
PACKET_BYTES = 128 * 1024
_FILES_MAX = 16
_INT = array.array("i").itemsize
_CREDENTIALS = struct.Struct("iII")
_ANCILLARY = socket.CMSG_SPACE(_FILES_MAX * _INT) + socket.CMSG_SPACE(_CREDENTIALS.size)

Message = dict[str, Any]


class Packet(NamedTuple):
    message: Message | None  # None: the other side is gone
    files: list[int]
    pid: int | None  # the sender's, as this process sees it; only where credentials were asked for


def pair() -> tuple[socket.socket, socket.socket]:
    """Return two connected ends that keep packets apart."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def ask_credentials(end: socket.socket) -> None:
    """From now on every packet read here tells its sender's pid, translated into this process's pid namespace."""
    end.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)


def send(end: socket.socket, message: Message, files: Sequence[int] = ()) -> None:
    """Send one packet. Raises OSError when the other side is gone."""
    data = json.dumps(message, separators=(",", ":")).encode()
    if files:
        end.sendmsg([data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", files))])
    else:
        end.send(data)


def receive(end: socket.socket, *, wait: bool = True) -> Packet:
    """Read one packet; blocks as the socket does. Open files belong to the caller from here on.

    Without `wait` raises BlockingIOError when there is none.
    """
    flags = socket.MSG_CMSG_CLOEXEC | (0 if wait else socket.MSG_DONTWAIT)
    data, ancillary, _, _ = end.recvmsg(PACKET_BYTES, _ANCILLARY, flags)
    files: list[int] = []
    pid: int | None = None
    for level, kind, content in ancillary:
        if level != socket.SOL_SOCKET:
            continue
        if kind == socket.SCM_RIGHTS:
            numbers = array.array("i")
            numbers.frombytes(content[: len(content) - len(content) % _INT])
            files.extend(numbers)
        elif kind == socket.SCM_CREDENTIALS:
            pid = _CREDENTIALS.unpack(content[: _CREDENTIALS.size])[0]
    if not data:
        close(files)
        return Packet(None, [], pid)
    return Packet(json.loads(data), files, pid)


def close(files: Sequence[int]) -> None:
    for number in files:
        os.close(number)
