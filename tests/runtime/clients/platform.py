"""The platform's side of the Runtime API, small enough to read: one environment, one call at a time."""

from __future__ import annotations

import json
import select
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO, Any

SECONDS = 20.0


@dataclass(frozen=True)
class Call:
    verb: str  # "next", "response", "error", "init/error"
    request_id: str
    headers: Mapping[str, str]
    body: bytes
    trailers: Mapping[str, str] = field(default_factory=dict)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Platform:
    """Starts a runtime process, hands it events and takes what it posts."""

    def __init__(
        self, argv: list[str], environment: Mapping[str, str], folder: str, *, close_each: bool = False
    ) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._connections: list[socket.socket] = []
        self._asking: socket.socket | None = None
        self._close_each = close_each
        self._count = 0
        self._output = tempfile.TemporaryFile()  # noqa: SIM115  closed by close()
        self.process = subprocess.Popen(
            argv,
            env={"PATH": "/usr/bin:/bin", **environment, "AWS_LAMBDA_RUNTIME_API": self.address},
            cwd=folder,
            stdout=self._output,
            stderr=subprocess.STDOUT,
        )

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._listener.getsockname()[1]}"

    @property
    def connections(self) -> int:
        return self._count

    def invoke(self, event: Any, *, accept: str = "202 Accepted", **headers: str) -> Call | None:
        """Hand over one event; what the runtime posts for it, or None when the process ended instead."""
        asked = self.call()
        assert asked is not None, self.output
        assert asked.verb == "next", asked
        body = event if isinstance(event, bytes) else json.dumps(event).encode()
        given = {
            "Lambda-Runtime-Aws-Request-Id": "11111111-2222-3333-4444-555555555555",
            "Lambda-Runtime-Deadline-Ms": str(int(time.time() * 1000) + 3000),
            "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:000000000000:function:f",
            "Lambda-Runtime-Trace-Id": "Root=1-5759e988-bd862e3fe1be46a994272793",
            "Content-Type": "application/json",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        self.answer("200 OK", body, given)
        posted = self.call()
        if posted is not None:
            self.answer(accept, b'{"status":"OK"}\n', {})
        return posted

    def call(self) -> Call | None:
        """The runtime's next request; None when the process has ended."""
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            ready, _, _ = select.select([self._listener, *self._connections], [], [], 0.02)
            for sock in ready:
                if sock is self._listener:
                    self._connections.append(sock.accept()[0])
                    self._count += 1
                elif (call := self._read(sock)) is not None:
                    return call
            if not ready and self.process.poll() is not None:
                return None
        raise AssertionError(f"the runtime says nothing:\n{self.output}")

    def answer(self, status: str, body: bytes, headers: Mapping[str, str]) -> None:
        assert self._asking is not None
        extra = {"Connection": "close"} if self._close_each else {}
        lines = {**headers, **extra, "Content-Length": str(len(body))}
        head = f"HTTP/1.1 {status}\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items()) + "\r\n"
        self._asking.sendall(head.encode() + body)
        if self._close_each:
            self._forget(self._asking)

    def _read(self, sock: socket.socket) -> Call | None:
        if _is_strange(sock.recv(5, socket.MSG_PEEK)):
            self._forget(sock)
            self._count -= 1
            return None
        file = sock.makefile("rb")
        first = file.readline().decode().split()
        if not first:
            self._forget(sock)
            return None
        headers = _lines(file)
        trailers: Mapping[str, str] = {}
        if headers.get("transfer-encoding") == "chunked":
            body = b"".join(_chunks(file))
            trailers = _lines(file)
        else:
            body = file.read(int(headers.get("content-length", "0")))
        self._asking = sock
        parts = first[1].removeprefix("/2018-06-01/runtime/").removeprefix("invocation/").split("/")
        if parts == ["init", "error"]:
            return Call("init/error", "", headers, body)
        return Call(parts[-1], parts[0] if len(parts) > 1 else "", headers, body, trailers)

    def _forget(self, sock: socket.socket) -> None:
        self._connections.remove(sock)
        sock.close()

    def ended(self) -> int:
        """Wait for the process's end: its exit status, negative for a signal."""
        return self.process.wait(SECONDS)

    @property
    def output(self) -> str:
        """Everything printed so far."""
        self._output.seek(0)
        return self._output.read().decode()

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        for sock in (self._listener, *self._connections):
            sock.close()
        self._output.close()


def _is_strange(start: bytes) -> bool:
    """Not a runtime: other tests call at ports where nobody listened a moment ago, and this may be one of them."""
    return start != b"" and not any(verb.startswith(start) for verb in (b"GET /", b"POST "))


def _lines(file: IO[bytes]) -> Mapping[str, str]:
    """Headers or trailers, up to the empty line after them."""
    found = {}
    while line := file.readline().strip():
        name, _, value = line.decode().partition(":")
        found[name.lower()] = value.strip()
    return found


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    while size := int(file.readline(), 16):
        yield file.read(size)
        assert file.read(2) == b"\r\n"
