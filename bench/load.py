"""The load generator: raw keep-alive connections in a process of its own, the same for every server.

Run as a file, with one JSON job on standard input; prints one JSON answer. Standard library only, so that it starts at
once and costs little beside what it measures.
"""

from __future__ import annotations

import base64
import json
import select
import socket
import sys
import time
from itertools import cycle
from typing import Any


class Connection:
    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sent_at = 0.0
        self._data = b""

    def send(self, request: bytes) -> None:
        self.sent_at = time.perf_counter()
        self.socket.sendall(request)

    def receive(self) -> bytes | None:
        """Read what is there; return the status line's code once the answer is whole."""
        received = self.socket.recv(65536)
        if not received:
            raise ConnectionError("the server closed the connection")
        self._data += received
        head, end, body = self._data.partition(b"\r\n\r\n")
        if not end or len(body) < _length(head):
            return None
        self._data = b""
        return head[9:12]


def _length(head: bytes) -> int:
    at = head.lower().find(b"\r\ncontent-length:")
    if at < 0:
        raise ValueError(f"an answer without a length: {head!r}")
    return int(head[at + 17 :].split(b"\r\n", 1)[0])


def run(
    port: int, callers: int, seconds: float, requests: list[bytes], status: str = "200", pause: float = 0.0
) -> dict[str, Any]:
    """Call for so long with so many connections, each always waiting for one answer of this status.

    `pause`: seconds from an answer to the next call, which makes one caller's latency that of an idle server.
    """
    next_request = cycle(requests).__next__
    connections = {one.socket.fileno(): one for one in (Connection(port) for _ in range(callers))}
    poll = select.poll()
    for number in connections:
        poll.register(number, select.POLLIN)
    latencies: list[float] = []
    started = time.perf_counter()
    ends = started + seconds
    for connection in connections.values():
        connection.send(next_request())
    waiting = callers
    while waiting:
        for number, _ in poll.poll(30_000) or _silence():
            connection = connections[number]
            answered = connection.receive()
            if answered is None:
                continue
            if answered != status.encode():
                raise ValueError(f"an answer with status {answered.decode()}")
            now = time.perf_counter()
            latencies.append(now - connection.sent_at)
            time.sleep(pause)
            if now < ends:
                connection.send(next_request())
            else:
                waiting -= 1
    elapsed = time.perf_counter() - started
    latencies.sort()
    return {
        "rate": len(latencies) / elapsed,
        "p50_ms": 1000 * latencies[len(latencies) // 2],
        "p99_ms": 1000 * latencies[int(len(latencies) * 0.99)],
        "calls": len(latencies),
    }


def _silence() -> list[tuple[int, int]]:
    raise TimeoutError("no answer for 30 s")


if __name__ == "__main__":
    job = json.load(sys.stdin)
    job["requests"] = [base64.b64decode(request) for request in job["requests"]]
    print(json.dumps(run(**job)))
