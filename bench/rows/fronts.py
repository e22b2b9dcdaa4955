"""What comes in by a front or is raised by a trigger: calls, streams, objects, schedules."""

from __future__ import annotations

import io
import re
import shutil
import socket
import time
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from statistics import median
from urllib.parse import urlsplit

from bench.calling import invoke_path, load
from bench.goals import Figure, Result
from bench.handlers import STREAMING
from bench.rounds import interleaved, medians, ratio
from bench.rows.events import Delivered
from bench.workshop import ROLE, Workshop, create
from tests.house import House

API = Figure("front_api", "HTTP API calls/s against the Invoke API, same function, 8 callers", "x", 0.8, 1.0, True)
URL = Figure("front_url", "function URL calls/s against the Invoke API, same function, 8 callers", "x", 0.8, 1.0, True)
CHUNK = Figure("first_chunk", "streamed chunk: function write to client, p50", "ms", 10, 3)
OBJECT = Figure("object_start", "S3 put to handler start, p50 (companion included)", "ms", 60, 25)
SLOT = Figure("slot_start", "schedule to handler start at idle, real clock, worst", "s", 1.5, 0.3)
FIGURES = [API, URL, CHUNK, OBJECT, SLOT]

_CALLERS = 8
_PUTS = 20
_SLOTS = 3
_SLOT_SECONDS = 3
_PAUSE = 0.05
_ACCOUNT = "000000000000"


def measure(shop: Workshop) -> Iterator[Result]:
    yield from _fronts(shop)
    yield _streamed(shop)
    stamped = Delivered(shop.house, "triggered", "stamp")
    yield _objects(shop, stamped)
    yield _slots(shop, stamped)


def _fronts(shop: Workshop) -> Iterator[Result]:
    house = shop.house
    create(house, "answering", "answering")
    client = house.client("lambda")
    _permit(house, "answering", "apigateway.amazonaws.com", "lambda:InvokeFunction")
    arn = client.get_function(FunctionName="answering")["Configuration"]["FunctionArn"]
    api = house.client("apigatewayv2").create_api(Name="bench", ProtocolType="HTTP", Target=arn)["ApiId"]
    paths = {API: f"/_lambdaplay/api/{api}/$default/", URL: f"/_lambdaplay/url/{_url(house, 'answering')}/"}
    for figure, path in paths.items():
        sides = {"front": partial(_rate, shop, path), "invoke": partial(_rate, shop, invoke_path("answering"))}
        values = interleaved(sides, shop.rounds)
        yield Result(figure, ratio(values, "front", "invoke"), shop.rounds, medians(values))


def _rate(shop: Workshop, path: str) -> float:
    return float(load(shop.house.port, path, _CALLERS, shop.seconds)["rate"])


def _url(house: House, function: str, mode: str = "BUFFERED") -> str:
    """Make an open function URL; return its id."""
    client = house.client("lambda")
    made = client.create_function_url_config(FunctionName=function, AuthType="NONE", InvokeMode=mode)
    for action, condition in (
        ("lambda:InvokeFunctionUrl", {"FunctionUrlAuthType": "NONE"}),
        ("lambda:InvokeFunction", {"InvokedViaFunctionUrl": True}),
    ):
        client.add_permission(
            FunctionName=function, StatementId=action.partition(":")[2], Action=action, Principal="*", **condition
        )
    found = re.search(r"[a-z0-9]{32}", urlsplit(made["FunctionUrl"]).netloc + made["FunctionUrl"])
    assert found is not None
    return found[0]


def _permit(house: House, function: str, principal: str, action: str) -> None:
    house.client("lambda").add_permission(
        FunctionName=function, StatementId=principal.partition(".")[0], Action=action, Principal=principal
    )


def _streamed(shop: Workshop) -> Result:
    if shutil.which("node") is None:
        return Result(CHUNK, None, note="Node.js is not installed")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("index.mjs", STREAMING)
    client = shop.house.client("lambda")
    client.create_function(
        FunctionName="streaming",
        Runtime="nodejs22.x",
        Handler="index.handler",
        Role=ROLE,
        Code={"ZipFile": buffer.getvalue()},
    )
    client.get_waiter("function_active_v2").wait(FunctionName="streaming")
    identity = _url(shop.house, "streaming", "RESPONSE_STREAM")
    _chunks(shop.house.port, identity)
    found = [median(_chunks(shop.house.port, identity)) for _ in range(shop.rounds)]
    return Result(CHUNK, 1000 * median(found), shop.rounds)


def _chunks(port: int, identity: str) -> list[float]:
    """Seconds from each chunk's writing to its arrival."""
    found = []
    with socket.create_connection(("127.0.0.1", port)) as connection:
        path = f"/_lambdaplay/url/{identity}/"
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
        while data := connection.recv(65536):
            arrived = time.time()
            found += [arrived - float(written) for written in re.findall(rb"(\d{10}\.\d+)\n", data)]
    return found


def _objects(shop: Workshop, stamped: Delivered) -> Result:
    house, s3 = shop.house, shop.house.client("s3")
    s3.create_bucket(Bucket="bench")
    _permit(house, stamped.function, "s3.amazonaws.com", "lambda:InvokeFunction")
    arn = f"arn:aws:lambda:us-east-1:{_ACCOUNT}:function:{stamped.function}"
    rule = {"LambdaFunctionArn": arn, "Events": ["s3:ObjectCreated:*"]}
    s3.put_bucket_notification_configuration(
        Bucket="bench", NotificationConfiguration={"LambdaFunctionConfigurations": [rule]}
    )

    def put() -> float:
        began = time.time()
        s3.put_object(Bucket="bench", Key="object", Body=b"x" * 1000)
        taken = stamped.stamp() - began
        time.sleep(_PAUSE)
        return taken

    for _ in range(3):
        put()
    found = [median(put() for _ in range(_PUTS)) for _ in range(shop.rounds)]
    return Result(OBJECT, 1000 * median(found), shop.rounds)


def _slots(shop: Workshop, stamped: Delivered) -> Result:
    scheduler = shop.house.client("scheduler")
    arn = f"arn:aws:lambda:us-east-1:{_ACCOUNT}:function:{stamped.function}"
    late = []
    for number in range(_SLOTS):
        due = (datetime.now(UTC) + timedelta(seconds=_SLOT_SECONDS)).replace(microsecond=0)
        scheduler.create_schedule(
            Name=f"once-{number}",
            ScheduleExpression=f"at({due:%Y-%m-%dT%H:%M:%S})",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={"Arn": arn, "RoleArn": ROLE},
        )
        late.append(stamped.stamp() - due.timestamp())
    return Result(SLOT, max(late), _SLOTS)
