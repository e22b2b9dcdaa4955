"""The borrower's side of the Runtime API against hand-written requests, as odd as runtimes may send them."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from invocations import limits
from invocations.runtime.exchange import Call, Exchange


class Peer:
    """A listener lent to an Exchange, and connections of a runtime to it."""

    def __init__(self) -> None:
        listener = socket.create_server(("127.0.0.1", 0))
        self.address = listener.getsockname()
        self.log, self.log_write = os.pipe()
        self.control, self.host = socket.socketpair()
        self.exchange = Exchange(listener.detach(), [], self.log, self.control.fileno())

    def connect(self, data: bytes) -> socket.socket:
        connection = socket.create_connection(self.address)
        connection.sendall(data)
        return connection

    def wait(self, seconds: float = 5.0) -> Call | str:
        return self.exchange.wait(time.monotonic() + seconds, lambda: True)

    def read_on(self, call: Call, seconds: float = 5.0) -> bytes | str:
        return self.exchange.read_on(call, time.monotonic() + seconds, lambda: bool(os.read(self.log, 1)))

    def call(self) -> Call:
        call = self.wait()
        assert isinstance(call, Call)
        return call


@pytest.fixture
def peer() -> Iterator[Peer]:
    made = Peer()
    yield made
    made.exchange.close()
    made.control.close()
    made.host.close()
    os.close(made.log)
    os.close(made.log_write)


NEXT = b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: x\r\n\r\n"


def test_one_connection_carries_call_after_call(peer: Peer) -> None:
    with peer.connect(NEXT) as runtime:
        call = peer.call()
        assert (call.method, call.path, call.body) == (b"GET", b"invocation/next", b"")
        peer.exchange.answer(call, b"200 OK", b"{}", b"Lambda-Runtime-Aws-Request-Id: 1\r\n")
        assert runtime.recv(1000) == (
            b"HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: 1\r\nContent-Length: 2\r\n\r\n{}"
        )
        runtime.sendall(b"POST /2018-06-01/runtime/invocation/1/response HTTP/1.1\r\nContent-LENGTH: 3\r\n\r\nabc")
        answered = peer.call()
        assert (answered.path, answered.body) == (b"invocation/1/response", b"abc")
        assert answered.connection is call.connection


def test_a_new_connection_for_each_call_is_as_good(peer: Peer) -> None:
    with peer.connect(NEXT):
        peer.call()
        with peer.connect(b"POST /2018-06-01/runtime/invocation/1/response HTTP/1.1\r\nContent-Length: 1\r\n\r\n1"):
            assert peer.call().body == b"1"
            assert peer.exchange.replaced


CHUNKED = b"POST /2018-06-01/runtime/invocation/1/%s HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"


def test_a_chunked_answer_is_handed_out_while_it_is_written(peer: Peer) -> None:
    with peer.connect(CHUNKED % b"response" + b"4;x=y\r\nWi") as runtime:
        call = peer.call()
        assert call.chunks is not None
        assert (call.body, call.chunks.ended) == (b"Wi", False)
        runtime.sendall(b"ki\r\n0\r\n\r\n")
        data = peer.read_on(call)
        assert isinstance(data, bytes)
        assert (call.chunks.feed(data), call.chunks.ended) == (b"ki", True)
        os.write(peer.log_write, b"x")
        assert peer.read_on(call, 0.05) == "deadline"
    assert peer.read_on(call) == "ended"
    peer.exchange.hang_up(call)
    assert peer.exchange.connections == {}


def test_what_was_written_comes_before_the_hosts_word(peer: Peer) -> None:
    with peer.connect(CHUNKED % b"response") as runtime:
        call = peer.call()
        assert not peer.exchange.hears_of_death(0)
        runtime.sendall(b"1\r\n")
        peer.host.send(b"dead")
        assert peer.exchange.hears_of_death(5)
        assert [peer.read_on(call), peer.read_on(call)] == [b"1\r\n", "control"]


def test_a_chunked_error_is_put_together(peer: Peer) -> None:
    with peer.connect(CHUNKED % b"error" + b"4;x=y\r\nWiki\r\n5\r\npedia\r\n0\r\nA: b\r\n\r\n"):
        call = peer.call()
        assert (call.body, call.chunks) == (b"Wikipedia", None)


def test_broken_chunks_are_no_call(peer: Peer) -> None:
    with peer.connect(CHUNKED % b"response" + b"nonsense\r\n"):
        assert peer.wait(0.2) == "deadline"
        assert peer.exchange.connections == {}


def test_a_body_over_the_limit_is_read_and_dropped(peer: Peer) -> None:
    size = limits.SYNC_RESPONSE_BYTES + 1
    head = b"POST /2018-06-01/runtime/invocation/1/response HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % size
    with peer.connect(head) as runtime:
        sender = threading.Thread(target=runtime.sendall, args=(b"x" * size,))
        sender.start()
        assert peer.call().body is None
        sender.join()


def test_a_runtime_that_hangs_up_in_the_middle_is_no_call(peer: Peer) -> None:
    peer.connect(b"POST /2018-06-01/runtime/invocation/1/response HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc").close()
    assert peer.wait(0.2) == "deadline"
    assert peer.exchange.connections == {}


def test_the_deadline_ends_the_wait(peer: Peer) -> None:
    began = time.monotonic()
    assert peer.wait(0.05) == "deadline"
    assert time.monotonic() - began >= 0.05


def test_the_hosts_word_ends_the_wait(peer: Peer) -> None:
    peer.host.send(b"dead")
    assert peer.wait() == "control"


def test_expect_continue_is_answered_before_the_body(peer: Peer) -> None:
    head = (
        b"POST /2018-06-01/runtime/invocation/1/response HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n"
    )
    with peer.connect(head) as runtime:
        heard: list[bytes] = []

        def send_when_told() -> None:
            heard.append(runtime.recv(100))
            runtime.sendall(b"1")

        sender = threading.Thread(target=send_when_told)
        sender.start()
        assert peer.call().body == b"1"
        sender.join()
        assert heard == [b"HTTP/1.1 100 Continue\r\n\r\n"]
