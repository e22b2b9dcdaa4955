"""External extensions that serve: their function, on localhost, or its events, as the runtime's stand-in."""

from __future__ import annotations

from collections.abc import Generator, Iterator

from invocations.runtime import client
from invocations.values import Execution, Opened
from tests.runtime.conftest import best
from tests.runtime.extending import PYTHON, beside, extension
from tests.runtime.hosts import Host, make_event, package

CACHE = f"""#!{PYTHON}
import http.client, json, os, socket, threading
cache = socket.create_server(("127.0.0.1", 2773))
def serve():
    while True:
        connection, _ = cache.accept()
        with connection:
            connection.sendall(b"cached")
threading.Thread(target=serve, daemon=True).start()
with socket.create_connection(os.environ["AWS_LAMBDA_RUNTIME_API"].split(":")) as api:
    body = b'{{"events": ["SHUTDOWN"]}}'
    api.sendall(b"POST /2020-01-01/extension/register HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n"
                b"Lambda-Extension-Name: cache\\r\\nContent-Length: %d\\r\\n\\r\\n%s" % (len(body), body))
    head = api.makefile("rb").read().decode()  # to its end, which is the connection's
mine = next(line.split(": ")[1] for line in head.split("\\r\\n") if line.startswith("Lambda-Extension-Identifier"))
api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
api.request("GET", "/2020-01-01/extension/event/next", headers={{"Lambda-Extension-Identifier": mine}})
api.getresponse().read()
"""


@best
def test_a_function_asks_a_server_that_an_extension_is(host: Host) -> None:
    source = """
import socket
def handler(event, context):
    with socket.create_connection(("localhost", 2773)) as cache:
        return cache.recv(100).decode()
"""
    spec = beside(host, {"cache": CACHE}, source)
    assert [host.call(spec), host.call(spec)] == ["cached", "cached"]


ADAPTER = f"""#!{PYTHON}
import http.client, json, os, threading
address = os.environ["AWS_LAMBDA_RUNTIME_API"]
api = http.client.HTTPConnection(address)
api.request("POST", "/2020-01-01/extension/register", '{{"events": []}}', {{"Lambda-Extension-Name": "adapter"}})
answer = api.getresponse(); answer.read()
mine = {{"Lambda-Extension-Identifier": answer.headers["Lambda-Extension-Identifier"]}}
def wait():
    other = http.client.HTTPConnection(address)
    other.request("GET", "/2020-01-01/extension/event/next", headers=mine)
    other.getresponse().read()
threading.Thread(target=wait, daemon=True).start()
while True:
    api.request("GET", "/2018-06-01/runtime/invocation/next")
    answer = api.getresponse(); event = answer.read()
    path = "/2018-06-01/runtime/invocation/" + answer.headers["Lambda-Runtime-Aws-Request-Id"] + "/response"
    chunks = iter([b"[", event, b', "adapted"]']) if b"chunks" in event else b"[" + event + b', "adapted"]'
    api.request("POST", path, chunks, encode_chunked=b"chunks" in event,
                headers={{"Transfer-Encoding": "chunked"}} if b"chunks" in event else {{}})
    api.getresponse().read()
"""


@best
def test_an_extension_may_be_the_one_that_runs_the_function(host: Host) -> None:
    layers = package({"extensions/adapter": ADAPTER})
    files = {"bootstrap": "#!/bin/sh\nexec sleep 600\n"}
    spec = host.function(files, runtime="provided.al2023", opt_sha256=layers)
    assert host.call(spec, {"n": 1}) == [{"n": 1}, "adapted"]
    assert host.call(spec, {"n": "chunks"}) == [{"n": "chunks"}, "adapted"]
    big = "x" * 1_500_000
    assert host.call(spec, {"n": big}) == [{"n": big}, "adapted"]


@best
def test_a_streamed_answer_ends_when_extensions_have_done_with_it(host: Host) -> None:
    layers = package({"extensions/watch": extension("slow"), "extensions/adapter": ADAPTER})
    spec = host.function({"bootstrap": "#!/bin/sh\nexec sleep 600\n"}, runtime="provided.al2023", opt_sha256=layers)
    running = client.stream(spec, make_event(spec, {"n": "chunks"}))
    parts = list(_until_its_end(running))
    execution = parts.pop()
    assert b"".join(part for part in parts if isinstance(part, bytes)) == b'[{"n": "chunks"}, "adapted"]'
    assert isinstance(execution, Execution)
    assert b"watch done" in execution.log


def _until_its_end(running: Generator[Opened | bytes, None, Execution]) -> Iterator[Opened | bytes | Execution]:
    execution = yield from running
    yield execution


@best
def test_a_runtime_that_would_be_an_extension_too_is_refused_by_name(host: Host) -> None:
    source = """
import http.client, json, os
api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
api.request("POST", "/2020-01-01/extension/register", '{"events": []}', {"Lambda-Extension-Name": "inner"})
answer = api.getresponse()
told = [answer.status, json.loads(answer.read())]
api.close()
def handler(event, context): return told
"""
    status, body = host.call(host.function(source))
    assert (status, body["errorType"]) == (403, "Extension.NotSupported")
    assert "internal extensions" in body["errorMessage"]
