"""Posting to HTTP endpoints: a real server answers, or does not."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from invocations.arns import Arn
from invocations.destinations import find, http, read_target
from invocations.destinations.base import Context, Undeliverable
from invocations.values import Scope


class Endpoint:
    """What was posted, and what is answered to it."""

    def __init__(self) -> None:
        self.status = 200
        self.headers: dict[str, str] = {}
        self.body = b"no, thank you"
        self.got: list[tuple[str, dict[str, str], bytes]] = []
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                endpoint.got.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(endpoint.status)
                for name, value in endpoint.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(endpoint.body)))
                self.end_headers()
                self.wfile.write(endpoint.body)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    @property
    def port(self) -> int:
        return int(self.server.server_address[1])

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    made = Endpoint()
    yield made
    made.close()


def context(options: Mapping[str, str]) -> Context:
    return Context(
        key="k",
        scope=Scope("000000000000", "us-east-1"),
        function="",
        function_arn="",
        kind="subscription",
        succeeded=False,
        request_id="",
        trace_id="",
        hops=0,
        at=datetime(2026, 1, 31, tzinfo=UTC),
        options=options,
    )


def post(url: str, body: bytes = b"{}", **options: str) -> None:
    target = read_target(url)
    assert isinstance(target, Arn) and find(url) is http.DESTINATION
    http.send(target, body, {}, context(options))


def test_a_post_with_its_headers(endpoint: Endpoint) -> None:
    headers = {"header:x-amz-sns-message-type": "Notification", "header:Content-Type": "text/csv", "other": "unsent"}
    post(f"http://localhost:{endpoint.port}/hook?a=b%20c", b"\xc3\xbc", **headers)
    path, got, body = endpoint.got[0]
    assert (path, body) == ("/hook?a=b%20c", b"\xc3\xbc")
    assert got == {
        "host": f"localhost:{endpoint.port}",
        "user-agent": "Amazon Simple Notification Service Agent",
        "accept-encoding": "identity",
        "connection": "close",
        "content-length": "2",
        "content-type": "text/csv",
        "x-amz-sns-message-type": "Notification",
    }


@pytest.mark.parametrize(
    ("status", "permanent"), [(204, None), (500, False), (503, False), (429, False), (400, True), (404, True)]
)
def test_what_an_answer_means(endpoint: Endpoint, status: int, permanent: bool | None) -> None:
    endpoint.status = status
    if permanent is None:
        endpoint.body = b""
        post(f"http://127.0.0.1:{endpoint.port}/")
        return
    with pytest.raises(Undeliverable) as failed:
        post(f"http://127.0.0.1:{endpoint.port}/")
    assert str(failed.value) == f"127.0.0.1:{endpoint.port} answered {status} no, thank you"
    assert failed.value.permanent is permanent


def test_redirects_are_not_followed(endpoint: Endpoint) -> None:
    endpoint.status, endpoint.headers = 302, {"Location": f"http://127.0.0.1:{endpoint.port}/elsewhere"}
    with pytest.raises(Undeliverable, match="answered 302") as failed:
        post(f"http://127.0.0.1:{endpoint.port}/")
    assert failed.value.permanent
    assert [path for path, _, _ in endpoint.got] == ["/"]


def test_nobody_answers() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        with pytest.raises(Undeliverable, match="did not answer") as failed:
            post(f"http://127.0.0.1:{port}/")
    assert not failed.value.permanent


def test_silence_ends(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "HTTP_SECONDS", 0.05)
    silent = socket.create_server(("127.0.0.1", 0))
    with silent, pytest.raises(Undeliverable, match=r"its time of 0\.05 s is over") as failed:
        post(f"http://127.0.0.1:{silent.getsockname()[1]}/")
    assert not failed.value.permanent


def test_an_answer_that_drips_ends_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "HTTP_SECONDS", 0.1)
    ended = threading.Event()

    def drip(server: socket.socket) -> None:
        accepted, _ = server.accept()
        with accepted:
            accepted.sendall(b"HTTP/1.1 200 OK\r\n")
            while not ended.wait(0.02):
                accepted.send(b"X: y\r\n")

    with socket.create_server(("127.0.0.1", 0)) as server:
        dripping = threading.Thread(target=drip, args=(server,))
        dripping.start()
        try:
            with pytest.raises(Undeliverable, match="did not answer"):
                post(f"http://127.0.0.1:{server.getsockname()[1]}/")
        finally:
            ended.set()
            dripping.join()


def test_an_https_endpoint_needs_a_certificate_that_can_be_verified(endpoint: Endpoint) -> None:
    with pytest.raises(Undeliverable, match="did not answer") as failed:
        post(f"https://127.0.0.1:{endpoint.port}/")
    assert not failed.value.permanent and endpoint.got == []


def test_inner_addresses_by_whatever_name(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    def resolve(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    url = f"http://looks-public.example:{endpoint.port}/"
    post(url)
    with pytest.raises(Undeliverable, match="a function's key made the subscription") as failed:
        post(url, network="public")
    assert failed.value.permanent
    settings.LAMBDAPLAY_LOOPBACK = False
    with pytest.raises(Undeliverable, match="not listed in LAMBDAPLAY_SUBSCRIBER_HOSTS"):
        post(url)
    settings.LAMBDAPLAY_SUBSCRIBER_HOSTS = ["looks-public.example"]
    post(url)
    assert len(endpoint.got) == 2


def test_an_unknown_name_may_be_known_later(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> list[Any]:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(Undeliverable, match=r"could not be found: .* not known") as failed:
        post("http://nowhere.example/")
    assert not failed.value.permanent
