"""awslambda.streamifyResponse and HttpResponseStream of our Node runtime client, against a real Runtime API."""

from __future__ import annotations

import base64
import json

import pytest

from tests.runtime.clients.conftest import Start, needs_node

pytestmark = needs_node


def streaming(body: str) -> dict[str, str]:
    head = "export const handler = awslambda.streamifyResponse(async (event, stream, context) => {"
    return {"index.mjs": f"{head} {body} }});"}


def test_a_streaming_handlers_output_leaves_in_chunks(start: Start) -> None:
    platform = start(
        streaming('stream.setContentType("text/plain"); stream.write("one,"); stream.write("two"); stream.end();')
    )
    posted = platform.invoke({})
    assert posted is not None
    assert (posted.body, posted.trailers) == (b"one,two", {})
    assert posted.headers["content-type"] == "text/plain"
    assert posted.headers["lambda-runtime-function-response-mode"] == "streaming"
    again = platform.invoke({})
    assert again is not None
    assert (again.body, platform.connections) == (b"one,two", 1)


@pytest.mark.parametrize(
    ("body", "sent"),
    [
        ("stream.write({a: 1}); stream.end('x')", b'{"a":1}x'),
        ("stream.write(''); stream.write(new Uint8Array([1, 2])); stream.end()", b"\1\2"),
        ("stream.end()", b""),
        ("setTimeout(() => stream.end('later'), 20)", b"later"),
        ("await (await import('node:stream/promises')).pipeline(['a', 'b'], stream)", b"ab"),
        ("stream.write('x'.repeat(1e6)); stream.end()", b"x" * 1_000_000),
    ],
)
def test_every_way_to_write_arrives(start: Start, body: str, sent: bytes) -> None:
    posted = start(streaming(body)).invoke({})
    assert posted is not None
    assert (posted.verb, posted.body, posted.trailers) == ("response", sent, {})


@pytest.mark.parametrize("ending", ["stream.write('hi'); stream.end()", "stream.end('hi')"])
def test_metadata_goes_before_the_body(start: Start, ending: str) -> None:
    code = "stream = awslambda.HttpResponseStream.from(stream, { statusCode: 201 }); " + ending
    platform = start(streaming(code))
    posted = platform.invoke({})
    assert posted is not None
    assert posted.headers["content-type"] == "application/vnd.awslambda.http-integration-response"
    assert posted.body == b'{"statusCode":201}' + bytes(8) + b"hi"
    assert ("on AWS the metadata leaves with the first write()" in platform.output) == ("write" not in ending)


@pytest.mark.parametrize(
    ("before", "sent"),
    [("stream.write('some'); ", b"some"), ("", b""), ("stream.write('some'); stream.destroy(); ", b"some")],
    ids=["in the middle", "before the first byte", "after it was destroyed"],
)
def test_what_a_streaming_handler_throws_is_in_the_trailers(start: Start, before: str, sent: bytes) -> None:
    platform = start(streaming(before + "throw new TypeError('no');"))
    posted = platform.invoke({})
    assert posted is not None
    assert (posted.verb, posted.body) == ("response", sent)
    assert posted.trailers["lambda-runtime-function-error-type"] == "TypeError"
    error = json.loads(base64.b64decode(posted.trailers["lambda-runtime-function-error-body"]))
    assert (error["errorType"], error["errorMessage"]) == ("TypeError", "no")
    assert "ERROR\tInvoke Error" in platform.output
    assert platform.invoke({}) is not None


def test_an_error_after_the_end_is_logged_only(start: Start) -> None:
    platform = start(streaming("stream.end('all'); throw new TypeError('late');"))
    posted = platform.invoke({})
    assert posted is not None
    assert (posted.body, posted.trailers) == (b"all", {})
    assert platform.invoke({}) is not None
    assert "TypeError: late" in platform.output


def test_the_content_type_is_fixed_by_the_first_write(start: Start) -> None:
    posted = start(streaming("stream.write('a'); stream.setContentType('text/html');")).invoke({})
    assert posted is not None
    assert posted.trailers["lambda-runtime-function-error-type"] == "Runtime.InvalidStreamingOperation"


def test_a_streaming_handler_that_is_not_async_is_refused(start: Start) -> None:
    source = "exports.handler = awslambda.streamifyResponse((event, stream) => { stream.write('a'); });"
    posted = start({"index.js": source}).invoke({})
    assert posted is not None
    assert posted.trailers["lambda-runtime-function-error-type"] == "Runtime.MalformedStreamingHandler"


def test_an_uncaught_exception_breaks_the_stream_off(start: Start) -> None:
    platform = start(
        streaming("stream.write('a'); setTimeout(() => { throw new Error('out'); }, 10); await new Promise(() => {});")
    )
    asked = platform.call()
    assert asked is not None
    platform.answer("200 OK", b"{}", {"Lambda-Runtime-Aws-Request-Id": "1"})
    assert platform.ended() == 129
