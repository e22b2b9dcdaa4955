"""The load generator, against a small server."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bench.calling import load


class Server(ThreadingHTTPServer):
    daemon_threads = True
    status = 200
    calls = 0


class Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        assert self.headers["Authorization"].startswith("AWS4-HMAC-SHA256 Credential=test/")
        self.server.calls += 1
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Answer) as made:
        thread = threading.Thread(target=made.serve_forever)
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def test_every_call_is_counted_and_timed(server: Server) -> None:
    found = load(server.server_address[1], "/2015-03-31/functions/echo/invocations", 4, 0.1)

    assert found["calls"] == server.calls > 4
    assert 0 < found["p50_ms"] <= found["p99_ms"]


def test_a_refused_call_spoils_the_measurement(server: Server) -> None:
    server.status = 429

    with pytest.raises(RuntimeError, match="429"):
        load(server.server_address[1], "/", 1, 0.1)
