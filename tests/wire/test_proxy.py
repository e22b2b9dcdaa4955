"""What reaches a companion that is another emulator, given by its URL: the request as it was sent, for the account."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest
from botocore.credentials import Credentials

from invocations.wire import chunked
from tests.wire.asking import ask, presigned, signed

TARGET = {"X-Amz-Target": "DynamoDB_20120810.ListTables"}


class Emulator(BaseHTTPRequestHandler):
    """Keeps what it heard; answers 418 and a header of its own."""

    heard: ClassVar[list[tuple[str, str, dict[str, str], bytes]]] = []

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.heard.append((self.command, self.path, headers, body))
        self.send_response(418)
        self.send_header("X-Amz-Own", "yes")
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else b"short")

    do_GET = do_PUT = do_POST = do_HEAD = answer

    def log_message(self, format: str, *arguments: Any) -> None:
        """Quiet."""


@pytest.fixture
def emulator(settings: Any) -> Iterator[type[Emulator]]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Emulator)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    Emulator.heard.clear()
    settings.LAMBDAPLAY_COMPANION = f"http://127.0.0.1:{server.server_address[1]}"
    yield Emulator
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_request_arrives_as_it_was_sent_and_the_answer_comes_back(emulator: type[Emulator]) -> None:
    headers = {"X-Amz-Meta-Odd": "\xe9", "Connection": "x", "X-Moto-Account-Id": "999999999999"}
    answer = ask(signed("PUT", "/bucket/a%20b%2Fc//../d?x-id=PutObject&a", b"body", headers, service="s3"))
    assert (answer.status, answer.headers["x-amz-own"], answer.body) == (418, "yes", b"short")
    method, path, got, body = emulator.heard[0]
    assert (method, path, body) == ("PUT", "/bucket/a%20b%2Fc//../d?x-id=PutObject&a", b"body")
    assert (got["x-amz-meta-odd"], got["host"], got["content-length"]) == ("\xc3\xa9", "127.0.0.1:8000", "4")
    assert "connection" not in got
    assert "x-moto-account-id" not in got


def test_the_account_travels_as_the_key_id(emulator: type[Emulator]) -> None:
    ask(signed("POST", "/", b"{}", dict(TARGET), service="dynamodb"))
    ask(signed("POST", "/", b"{}", dict(TARGET), service="dynamodb", keys=Credentials("111122223333", "test")))
    seen = [
        headers["authorization"].partition("Credential=")[2].partition("/")[0] for _, _, headers, _ in emulator.heard
    ]
    assert seen == ["000000000000", "111122223333"]


def test_heads_and_presigned_requests_pass_too(emulator: type[Emulator]) -> None:
    answer = ask(presigned("HEAD", "/bucket/key", service="s3"))
    assert (answer.status, answer.headers["content-length"], answer.body) == (418, "5", b"")
    assert emulator.heard[0][1].startswith("/bucket/key?X-Amz-Algorithm=")


def test_trailers_carry_checksums_and_nothing_else(emulator: type[Emulator], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botocore.auth.S3SigV4Auth.payload", lambda self, request: chunked.UNSIGNED_TRAILER)
    body = b"2\r\nhi\r\n0\r\nhost: evil\r\nx-amz-checksum-crc32c: abc\r\nx-moto-account-id: 1\r\n\r\n"
    headers = {"X-Amz-Trailer": "x-amz-checksum-crc32c", "Content-Encoding": "aws-chunked,gzip"}
    assert ask(signed("PUT", "/bucket/key", body, headers, service="s3")).status == 418
    _, _, got, arrived = emulator.heard[0]
    assert (arrived, got["x-amz-checksum-crc32c"], got["host"]) == (b"hi", "abc", "127.0.0.1:8000")
    assert (got["content-encoding"], got["content-length"]) == ("gzip", "2")
    assert not {"x-moto-account-id", "x-amz-trailer"} & set(got)


def test_what_is_refused_does_not_reach_it(emulator: type[Emulator]) -> None:
    wrong = Credentials("test", "wrong")
    assert ask(signed("GET", "/bucket", service="s3", keys=wrong)).status == 403
    assert ask(signed("POST", "/", b"{}", dict(TARGET), service="dynamodb", keys=wrong)).status == 400
    tampered = signed("PUT", "/bucket/key", b"body", service="s3")
    tampered.body = b"bodx"
    answer = ask(tampered)
    assert (answer.status, "<Code>XAmzContentSHA256Mismatch</Code>" in answer.text) == (400, True)
    assert ask(signed("POST", "/", b"{}", dict(TARGET), service="sqs")).status == 400
    assert emulator.heard == []


def test_a_service_we_do_not_know_is_the_emulator_s_to_answer(emulator: type[Emulator]) -> None:
    assert ask(signed("POST", "/", b"{}", {"X-Amz-Target": "X.Y"}, service="anything")).status == 418


def test_an_emulator_that_is_down_is_told_in_the_protocol(settings: Any) -> None:
    settings.LAMBDAPLAY_COMPANION = "http://127.0.0.1:9"
    answer = ask(signed("POST", "/", b"{}", dict(TARGET), service="dynamodb"))
    assert (answer.status, answer.document["__type"]) == (503, "ServiceUnavailableException")
    answer = ask(signed("GET", "/bucket", service="s3"))
    assert (answer.status, "<Code>ServiceUnavailable</Code>" in answer.text) == (503, True)


def test_an_object_without_its_hash_is_refused(emulator: type[Emulator]) -> None:
    asked = signed("PUT", "/bucket/key", b"body", service="s3")
    del asked.headers["X-Amz-Content-SHA256"]
    assert "Missing required header for this request: x-amz-content-sha256" in ask(asked).text


@pytest.mark.parametrize("kind", ["STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD", "STREAMING-NONSENSE"])
def test_payload_forms_nobody_verifies_are_refused_by_name(
    emulator: type[Emulator], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("botocore.auth.S3SigV4Auth.payload", lambda self, request: kind)
    answer = ask(signed("PUT", "/bucket/key", b"body", service="s3"))
    assert (answer.status, kind in answer.text) == (400, True)
    assert emulator.heard == []
