"""Functions behind APIs, asked with plain HTTP: which stage and route, what they see, what the client hears."""

from __future__ import annotations

import base64
import http.client
import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.house import SOON, House
from tests.wire.test_function_urls import ask_record
from tests.wire.test_lambda_live import ROLE, package, runtime

# What it is sent decides what it does: a POST says what to answer, anything else answers with its event.
SOURCE = """
import base64, json, time
def handler(event, context):
    if event["httpMethod" if "httpMethod" in event else "version"] in ("POST", "2.0") and event.get("body"):
        body = base64.b64decode(event["body"]) if event["isBase64Encoded"] else event["body"]
        asked = json.loads(body)
        if "raise" in asked:
            raise ValueError("no")
        time.sleep(asked.pop("sleep", 0))
        return asked["say"]
    return {"statusCode": 200, "body": json.dumps(event)}
"""
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def function(live: House) -> Iterator[str]:
    """The ARN of a function that API Gateway may call for any API of this account."""
    client, name = live.client("lambda"), f"api-{uuid.uuid4().hex[:8]}"
    arn: str = client.create_function(
        FunctionName=name,
        Runtime=runtime(),
        Role=ROLE,
        Handler="app.handler",
        Code={"ZipFile": package(SOURCE)},
        Timeout=10,
    )["FunctionArn"]
    client.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig=SOON)
    yield arn
    client.delete_function(FunctionName=name)


def allow(live: House, function: str, api: str) -> None:
    live.client("lambda").add_permission(
        FunctionName=function,
        StatementId=api,
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
        SourceArn=f"arn:aws:execute-api:us-east-1:000000000000:{api}/*",
    )


@pytest.fixture(scope="module")
def shop(live: House, function: str) -> Iterator[str]:
    """An HTTP API: `$default` in format 2.0, `/old/...` in 1.0, `/slow` with little patience, a stage `dev`."""
    gateway = live.client("apigatewayv2")
    cors = {"AllowOrigins": ["https://a.example"], "AllowMethods": ["POST"], "MaxAge": 60}
    api: str = gateway.create_api(Name="shop", ProtocolType="HTTP", Target=function, CorsConfiguration=cors)["ApiId"]
    allow(live, function, api)

    def behind(key: str, **more: Any) -> None:
        made = gateway.create_integration(
            ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=function, **{"PayloadFormatVersion": "2.0", **more}
        )
        gateway.create_route(ApiId=api, RouteKey=key, Target=f"integrations/{made['IntegrationId']}")

    behind("ANY /old/{name}", PayloadFormatVersion="1.0")
    behind("POST /slow", TimeoutInMillis=50)
    gateway.create_stage(ApiId=api, StageName="dev", AutoDeploy=True, StageVariables={"colour": "red"})
    yield api
    gateway.delete_api(ApiId=api)


@pytest.fixture(scope="module")
def old(live: House, function: str) -> str:
    """A REST API with the stage `v1`, made by command."""
    arguments = ("--rest", "--stage", "v1", "--function", function, "--allow", "--binary", "image/*")
    made = live.manage("api", "create", "old", "--route", "ANY /pets/{proxy+}", *arguments)
    assert made.returncode == 0, made.stderr
    return made.stdout.split()[0]


def ask(
    live: House,
    api: str,
    target: str,
    method: str = "GET",
    body: bytes | None = None,
    headers: list[tuple[str, str]] | dict[str, str] | None = None,
    *,
    host: bool = False,
) -> tuple[int, http.client.HTTPMessage, bytes]:
    """`target` begins with the stage in the path form; by host it is all of the path."""
    connection = http.client.HTTPConnection("127.0.0.1", live.port, timeout=30)
    connection.putrequest(method, target if host else f"/_lambdaplay/api/{api}{target}", skip_host=True)
    name = f"{api}.execute-api.us-east-1.localhost:{live.port}" if host else f"127.0.0.1:{live.port}"
    given = list(headers.items()) if isinstance(headers, dict) else headers or []
    for one in [("Host", name), *given, *([] if body is None else [("Content-Length", str(len(body)))])]:
        connection.putheader(*one)
    connection.endheaders(body)
    answer = connection.getresponse()
    found = answer.status, answer.msg, answer.read()
    connection.close()
    return found


def say(live: House, api: str, target: str, result: Any, **more: Any) -> tuple[int, http.client.HTTPMessage, bytes]:
    return ask(live, api, target, "POST", json.dumps({"say": result, **more}).encode(), JSON)


@pytest.mark.parametrize("host", [True, False], ids=["host form", "path form"])
def test_the_default_stage_and_route(live: House, shop: str, host: bool) -> None:
    target = "/p%20a/th?x=1&x=2" if host else "/$default/p%20a/th?x=1&x=2"
    headers = [("Cookie", "a=1; b=2"), ("X-One", "1"), ("X-One", "2")]
    status, answered, body = ask(live, shop, target, headers=headers, host=host)
    event = json.loads(body)
    assert (status, answered["apigw-requestid"]) == (200, event["requestContext"]["requestId"])
    assert (event["version"], event["routeKey"], event["rawPath"]) == ("2.0", "$default", "/p a/th")
    assert (event["rawQueryString"], event["queryStringParameters"]) == ("x=1&x=2", {"x": "1,2"})
    assert (event["cookies"], event["headers"]["x-one"]) == (["a=1", "b=2"], "1,2")
    context = event["requestContext"]
    assert (context["apiId"], context["stage"], context["accountId"]) == (shop, "$default", "000000000000")
    assert context["domainName"] == f"{shop}.execute-api.us-east-1.amazonaws.com"
    assert {"pathParameters", "stageVariables", "body"}.isdisjoint(event)


def test_another_stage_is_part_of_the_path(live: House, shop: str) -> None:
    for host in (True, False):
        event = json.loads(ask(live, shop, "/dev/a", host=host)[2])
        assert (event["rawPath"], event["requestContext"]["http"]["path"]) == ("/dev/a", "/dev/a")
        assert (event["requestContext"]["stage"], event["stageVariables"]) == ("dev", {"colour": "red"})
    assert ask(live, shop, "/none/a")[::2] == (404, b'{"message":"Not Found"}')


def test_format_1_0_has_the_headers_as_they_were_sent(live: House, shop: str) -> None:
    headers = [("X-One", "1"), ("x-ONE", "2"), ("X-Two", "3")]
    event = json.loads(ask(live, shop, "/dev/old/a%2Fb?x=1&x=2", headers=headers)[2])
    assert (event["version"], event["resource"], event["path"]) == ("1.0", "/old/{name}", "/dev/old/a/b")
    assert event["pathParameters"] == {"name": "a/b"}
    assert (event["headers"]["X-One"], event["multiValueHeaders"]["X-One"]) == ("2", ["1", "2"])
    assert event["headers"]["X-Two"] == "3"
    assert event["multiValueQueryStringParameters"] == {"x": ["1", "2"]}


def test_results_of_an_http_api(live: House, shop: str) -> None:
    said = {"statusCode": 201, "headers": {"X-A": "b"}, "cookies": ["a=1", "b=2"], "body": "AAE=", "isBase64Encoded": 1}
    status, headers, body = say(live, shop, "/$default/", {**said, "isBase64Encoded": True})
    assert (status, body, headers["x-a"], headers.get_all("set-cookie")) == (201, b"\x00\x01", "b", ["a=1", "b=2"])
    assert say(live, shop, "/$default/", {"body": "b"})[2] == b'{"body":"b"}'
    assert say(live, shop, "/$default/", "text")[::2] == (200, b"text")
    error = (500, b'{"message":"Internal Server Error"}')
    assert say(live, shop, "/$default/", {"statusCode": "teapot"})[::2] == error
    assert say(live, shop, "/$default/old/x", {"body": "no status"})[::2] == error
    assert ask(live, shop, "/$default/", "POST", b'{"raise": 1}', JSON)[::2] == error


def test_a_page_below_the_console_s_name_is_kept_apart_from_it(live: House, shop: str) -> None:
    asked = json.dumps({"say": {"statusCode": 200, "headers": {"Content-Type": "text/html"}, "body": "<p>"}}).encode()
    assert ask(live, shop, "/$default/", "POST", asked, JSON)[1]["content-security-policy"].startswith("sandbox ")
    assert ask(live, shop, "/", "POST", asked, JSON, host=True)[1]["content-security-policy"] is None
    assert ask(live, shop, "/$default/")[1]["content-security-policy"] is None


def test_whose_time_is_over(live: House, shop: str) -> None:
    assert say(live, shop, "/$default/slow", {"statusCode": 200}, sleep=1)[::2] == (
        503,
        b'{"message":"Service Unavailable"}',
    )


def test_browsers_are_told_the_api_s_rules(live: House, shop: str) -> None:
    asks = {"Origin": "https://a.example", "Access-Control-Request-Method": "POST"}
    status, headers, body = ask(live, shop, "/$default/any", "OPTIONS", headers=asks)
    assert (status, body, headers["access-control-allow-methods"]) == (204, b"", "POST")
    assert headers["access-control-allow-origin"] == "https://a.example"
    other = ask(live, shop, "/$default/any", "OPTIONS", headers={**asks, "Origin": "https://b.example"})[1]
    assert other["access-control-allow-origin"] is None
    assert ask(live, shop, "/none/", headers={"Origin": "https://a.example"})[1]["vary"] == "Origin"


def test_too_much_is_413(live: House, shop: str, old: str) -> None:
    for api, target in ((shop, "/$default/"), (old, "/v1/pets/1")):
        for size in (6 * 1024 * 1024, 10 * 1024 * 1024 + 1):
            assert ask(live, api, target, "POST", b"a" * size, {"Content-Type": "text/plain"})[0] == 413


def test_a_rest_api_s_event_and_its_record(live: House, old: str) -> None:
    status, headers, body = ask(live, old, "/v1/pets/a%20b/?x=%20", headers={"X-One": "1"})
    event = json.loads(body)
    assert (status, "version" in event) == (200, False)
    assert (event["resource"], event["path"]) == ("/pets/{proxy+}", "/pets/a%20b/")
    assert (event["pathParameters"], event["queryStringParameters"]) == ({"proxy": "a b"}, {"x": " "})
    context = event["requestContext"]
    assert (context["path"], context["stage"]) == ("/v1/pets/a%20b/", "v1")
    assert (event["body"], event["stageVariables"]) == (None, None)
    assert headers["x-amzn-RequestId"] == context["requestId"]
    assert headers["x-amz-apigw-id"] == context["extendedRequestId"]
    assert ask_record(live, context["requestId"])["state"] == "SUCCEEDED"


def test_bytes_through_a_rest_api(live: House, old: str) -> None:
    kind = {"Content-Type": "image/png"}
    event = json.loads(ask(live, old, "/v1/pets/1", "PUT", b"\xff\x00", kind)[2])
    assert (base64.b64decode(event["body"]), event["isBase64Encoded"]) == (b"\xff\x00", True)
    asked = json.dumps({"say": {"body": "/wA=", "isBase64Encoded": True}}).encode()
    assert ask(live, old, "/v1/pets/1", "POST", asked, {**JSON, "Accept": "image/png"})[2] == b"\xff\x00"
    assert ask(live, old, "/v1/pets/1", "POST", asked, {**JSON, "Accept": "*/*"})[2] == b"/wA="


def test_what_a_rest_api_says_of_trouble(live: House, old: str) -> None:
    status, headers, body = ask(live, old, "/v1/none")
    assert (status, body) == (403, b'{"message":"Missing Authentication Token"}')
    assert headers["x-amzn-ErrorType"] == "MissingAuthenticationTokenException"
    assert ask(live, old, "/v2/pets/1")[::2] == (403, b'{"message":"Forbidden"}')
    bad = (502, b'{"message":"Internal server error"}')
    assert say(live, old, "/v1/pets/1", "text")[::2] == bad
    assert say(live, old, "/v1/pets/1", {"statusCode": 200, "cookies": []})[::2] == bad
    assert ask(live, old, "/v1/pets/1", "POST", b'{"raise": 1}', JSON)[::2] == bad


def test_without_a_statement_the_function_is_not_called(live: House, function: str) -> None:
    gateway = live.client("apigatewayv2")
    api = gateway.create_api(Name="alone", ProtocolType="HTTP", Target=function)["ApiId"]
    assert ask(live, api, "/$default/")[::2] == (500, b'{"message":"Internal Server Error"}')
    allow(live, function, api)
    assert ask(live, api, "/$default/")[0] == 200
    gateway.update_api(ApiId=api, DisableExecuteApiEndpoint=True)
    assert ask(live, api, "/$default/")[0] == 404
    gateway.delete_api(ApiId=api)
    assert ask(live, api, "/$default/")[::2] == (403, b'{"message":"Forbidden"}')


def test_a_trace_goes_on(live: House, shop: str) -> None:
    root = "1-67419000-0123456789abcdef01234567"
    event = json.loads(ask(live, shop, "/$default/", headers={"X-Amzn-Trace-Id": f"Root={root}"})[2])
    assert f"Root={root}" in event["headers"]["x-amzn-trace-id"]
