"""A layer with an external extension, through boto3 and the running house."""

from __future__ import annotations

import base64
import io
import json
import uuid
import zipfile
from typing import Any

import pytest

from tests.house import House
from tests.runtime.extending import extension
from tests.runtime.hosts import until
from tests.wire.test_lambda_live import create

SAID = """
def handler(event, context):
    if event.get("hang"):
        import time
        time.sleep(60)
    return open("/tmp/said").read().splitlines()
"""


def zipped(name: str, text: str) -> bytes:
    """An archive of one file that may be executed."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        entry = zipfile.ZipInfo(name)
        entry.external_attr, entry.create_system = 0o755 << 16, 3
        archive.writestr(entry, text)
    return buffer.getvalue()


@pytest.fixture
def watched(live: House) -> Any:
    """A function with a layer that brings the extension `watch`."""
    api, name = live.client("lambda"), f"watched-{uuid.uuid4().hex[:8]}"
    content = {"ZipFile": zipped("extensions/watch", extension())}
    layer = api.publish_layer_version(LayerName=name, Content=content)["LayerVersionArn"]
    create(api, name, Code={"ZipFile": zipped("app.py", SAID)}, Layers=[layer], Timeout=2)
    yield name
    api.delete_function(FunctionName=name)
    api.delete_layer_version(LayerName=name, VersionNumber=1)


def test_an_extension_of_a_layer_is_told_of_events_and_of_the_end(live: House, watched: str) -> None:
    api, logs = live.client("lambda"), live.client("logs")
    first = api.invoke(FunctionName=watched, LogType="Tail")
    tail = base64.b64decode(first["LogResult"]).decode()
    said = json.loads(first["Payload"].read())
    assert "FunctionError" not in first, said
    assert said[0] == "watch begins"
    assert "EXTENSION\tName: watch\tState: Ready\tEvents: [INVOKE, SHUTDOWN]\nSTART RequestId: " in tail
    request_id = first["ResponseMetadata"]["RequestId"]
    assert f"watch INVOKE {request_id}\n" in tail
    late = api.invoke(FunctionName=watched, Payload=b'{"hang": true}', LogType="Tail")
    assert json.loads(late["Payload"].read())["errorType"] == "Sandbox.Timedout"
    assert "watch SHUTDOWN timeout\n" in base64.b64decode(late["LogResult"]).decode()
    group = f"/aws/lambda/{watched}"

    def lines() -> int:
        return len(logs.filter_log_events(logGroupName=group, filterPattern="EXTENSION")["events"])

    assert until(lambda: lines() == 1, 20)
