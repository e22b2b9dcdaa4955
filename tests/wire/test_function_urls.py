"""Function URLs through the endpoint: configured with boto3's shapes, called with plain HTTP."""

from __future__ import annotations

import base64
import http.client
import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from tests.house import SOON, House
from tests.wire.test_lambda_live import package, runtime

ECHO = 'import json\ndef handler(event, context):\n    return {"body": json.dumps(event)}\n'
SAYS = """
import json
def handler(event, context):
    return json.loads(event["body"])
"""
FAILS = "def handler(event, context):\n    raise ValueError('no')\n"
ROLE = "arn:aws:iam::000000000000:role/any"

Make = Callable[..., tuple[str, str]]


@pytest.fixture
def make(live: House) -> Iterator[Make]:
    """Make a function with a URL that anybody may call; returns its name and the URL's id."""
    client = live.client("lambda")
    made: list[str] = []

    def make(source: str, *, public: bool = True, **config: Any) -> tuple[str, str]:
        name = f"url-{uuid.uuid4().hex[:8]}"
        client.create_function(
            FunctionName=name,
            Runtime=runtime(),
            Role=ROLE,
            Handler="app.handler",
            Code={"ZipFile": package(source)},
        )
        made.append(name)
        client.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig=SOON)
        if public:
            allow(client, name)
        answer = client.create_function_url_config(FunctionName=name, **{"AuthType": "NONE", **config})
        return name, url_id(answer["FunctionUrl"])

    yield make
    for name in made:
        client.delete_function(FunctionName=name)


def allow(client: Any, name: str) -> None:
    client.add_permission(
        FunctionName=name,
        StatementId="url",
        Action="lambda:InvokeFunctionUrl",
        Principal="*",
        FunctionUrlAuthType="NONE",
    )
    client.add_permission(
        FunctionName=name,
        StatementId="invoke",
        Action="lambda:InvokeFunction",
        Principal="*",
        InvokedViaFunctionUrl=True,
    )


def url_id(url: str) -> str:
    parts = urlsplit(url)
    assert parts.path.endswith("/")
    host = parts.hostname or ""
    return host.partition(".")[0] if ".lambda-url." in host else parts.path.strip("/").rpartition("/")[2]


def ask(
    live: House,
    name: str,
    target: str = "/",
    method: str = "GET",
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
    *,
    host: bool = False,
) -> tuple[int, http.client.HTTPMessage, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", live.port, timeout=30)
    own = {"Host": f"{name}.lambda-url.us-east-1.localhost:{live.port}"} if host else {}
    prefix = "" if host else f"/_lambdaplay/url/{name}"
    connection.request(method, prefix + target, body, {**own, **(headers or {})})
    answer = connection.getresponse()
    found = answer.status, answer.msg, answer.read()
    connection.close()
    return found


@pytest.mark.parametrize("host", [True, False], ids=["host form", "path form"])
def test_the_event_has_aws_s_shape(live: House, make: Make, host: bool) -> None:
    _, called = make(ECHO)
    headers = {"Cookie": "a=1; b=2", "X-One": "1", "User-Agent": "me", "Content-Type": "text/plain"}
    status, answered, body = ask(live, called, "/pa2%25Fth/1?x=1&x=2&y=%20", "POST", "ä".encode(), headers, host=host)
    event = json.loads(body)
    assert status == 200
    assert answered["x-amzn-RequestId"] == event["requestContext"]["requestId"]
    assert (event["version"], event["routeKey"], event["rawPath"]) == ("2.0", "$default", "/pa2%Fth/1")
    assert event["rawQueryString"] == "x=1&x=2&y=%20"
    assert event["queryStringParameters"] == {"x": "1,2", "y": " "}
    assert event["cookies"] == ["a=1", "b=2"]
    assert event["headers"]["x-one"] == "1"
    assert "cookie" not in event["headers"]
    assert (event["body"], event["isBase64Encoded"]) == ("ä", False)
    context = event["requestContext"]
    assert (context["accountId"], context["apiId"], context["stage"]) == ("anonymous", called, "$default")
    assert context["http"] == {
        "method": "POST",
        "path": "/pa2%Fth/1",
        "protocol": "HTTP/1.1",
        "sourceIp": "127.0.0.1",
        "userAgent": "me",
    }
    assert "authorizer" not in context


def test_a_plain_get_has_nothing_that_is_not_there(live: House, make: Make) -> None:
    _, called = make(ECHO)
    event = json.loads(ask(live, called)[2])
    assert {"body", "cookies", "queryStringParameters", "pathParameters", "stageVariables"}.isdisjoint(event)
    assert event["rawQueryString"] == ""


def test_a_form_arrives_as_base64(live: House, make: Make) -> None:
    _, called = make(ECHO)
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    event = json.loads(ask(live, called, "/", "POST", b"a=1", kind)[2])
    assert (base64.b64decode(event["body"]), event["isBase64Encoded"]) == (b"a=1", True)


def test_answers_become_http(live: House, make: Make) -> None:
    _, called = make(SAYS)
    said = {
        "statusCode": 201,
        "headers": {"X-A": "b", "Content-Length": "99"},
        "cookies": ["a=1", "b=2"],
        "body": base64.b64encode(b"\x00\x01").decode(),
        "isBase64Encoded": True,
    }
    kind = {"Content-Type": "application/json"}
    status, headers, body = ask(live, called, "/", "POST", json.dumps(said).encode(), kind)
    assert (status, body, headers["x-a"], headers["content-length"]) == (201, b"\x00\x01", "b", "2")
    assert headers.get_all("set-cookie") == ["a=1", "b=2"]
    status, _, body = ask(live, called, "/", "POST", b'{"statusCode": "teapot"}', kind)
    assert (status, body) == (502, b"Internal Server Error")
    status, headers, body = ask(live, called, "/", "POST", b'"hello"', kind)
    assert (status, body, headers["content-type"]) == (200, b"hello", "application/json")


def test_a_page_below_the_console_s_name_is_kept_apart_from_it(live: House, make: Make) -> None:
    _, called = make(SAYS)
    said = json.dumps({"statusCode": 200, "headers": {"Content-Type": "text/html"}, "body": "<p>"}).encode()
    kind = {"Content-Type": "application/json"}
    assert ask(live, called, "/", "POST", said, kind)[1]["content-security-policy"].startswith("sandbox ")
    assert ask(live, called, "/", "POST", said, kind, host=True)[1]["content-security-policy"] is None


def test_a_failing_function_is_502_and_has_its_record(live: House, make: Make) -> None:
    _, called = make(FAILS)
    status, headers, body = ask(live, called)
    assert (status, body, headers["content-type"]) == (502, b"Internal Server Error", "text/plain")
    record = ask_record(live, headers["x-amzn-RequestId"] or "")
    assert record["state"] == "FAILED"


def ask_record(live: House, request_id: str) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", live.port, timeout=30)
    basic = base64.b64encode(b"test:test").decode()
    connection.request("GET", f"/_lambdaplay/invocations/{request_id}", headers={"Authorization": f"Basic {basic}"})
    answer = json.loads(connection.getresponse().read())
    connection.close()
    return answer


def test_nobody_may_call_without_a_statement(live: House, make: Make) -> None:
    name, called = make(ECHO, public=False)
    status, headers, body = ask(live, called)
    assert (status, headers["x-amzn-ErrorType"]) == (403, "AccessDeniedException")
    assert json.loads(body)["Message"].startswith("Forbidden. For troubleshooting Function URL")
    allow(live.client("lambda"), name)
    assert ask(live, called)[0] == 200


def test_an_unknown_url_is_403(live: House) -> None:
    status, headers, body = ask(live, "a" * 32)
    assert (status, json.loads(body), headers["x-amzn-ErrorType"]) == (403, {"Message": None}, "AccessDeniedException")


def test_signed_calls_are_verified(live: House, make: Make) -> None:
    _, called = make(ECHO, public=False, AuthType="AWS_IAM")
    assert ask(live, called)[0] == 403
    status, _, body = ask(live, called, "/", headers=signature(live, called, "test"))
    assert status == 200
    assert json.loads(body)["requestContext"]["authorizer"]["iam"]["accountId"] == "000000000000"
    status, _, body = ask(live, called, "/", headers=signature(live, called, "wrong"))
    assert status == 403
    assert json.loads(body)["message"].startswith("The request signature we calculated does not match")


def test_a_web_page_cannot_use_default_keys(live: House, make: Make) -> None:
    _, called = make(ECHO, public=False, AuthType="AWS_IAM")
    headers = {**signature(live, called, "test"), "Origin": "http://evil.example"}
    assert ask(live, called, "/", headers=headers)[0] == 403


def signature(live: House, called: str, secret: str) -> dict[str, str]:
    request = AWSRequest("GET", f"{live.url}/_lambdaplay/url/{called}/")
    SigV4Auth(Credentials("test", secret), "lambda", "us-east-1").add_auth(request)
    return dict(request.headers)


def test_cross_origin_rules_are_the_front_s(live: House, make: Make) -> None:
    cors = {"AllowOrigins": ["https://a.example"], "AllowMethods": ["POST"], "AllowHeaders": ["x-a"], "MaxAge": 60}
    _, called = make(FAILS, Cors=cors)
    asks = {"Origin": "https://a.example", "Access-Control-Request-Method": "POST"}
    status, headers, body = ask(live, called, "/", "OPTIONS", headers=asks)
    assert (status, body, headers["access-control-allow-methods"]) == (200, b"", "POST")
    assert (headers["access-control-allow-origin"], headers["access-control-max-age"]) == ("https://a.example", "60")
    other = ask(live, called, "/", "OPTIONS", headers={**asks, "Origin": "https://b.example"})[1]
    assert other["access-control-allow-origin"] is None
    status, headers, _ = ask(live, called, headers={"Origin": "https://a.example"})
    assert (status, headers["access-control-allow-origin"], headers["vary"]) == (502, "https://a.example", "Origin")


def test_too_large_is_413(live: House, make: Make) -> None:
    _, called = make(ECHO)
    status, _, body = ask(live, called, "/", "POST", b"a" * 6_291_457)
    assert status == 413
    assert json.loads(body) == {
        "Message": "Request must be smaller than 6291456 bytes for the InvokeFunction operation"
    }


def test_configurations_live_as_aws_s(live: House, make: Make) -> None:
    client = live.client("lambda")
    name, called = make(ECHO, InvokeMode="BUFFERED")
    found = client.get_function_url_config(FunctionName=name)
    assert (found["AuthType"], found["InvokeMode"], url_id(found["FunctionUrl"])) == ("NONE", "BUFFERED", called)
    assert client.list_function_url_configs(FunctionName=name)["FunctionUrlConfigs"][0]["FunctionArn"].endswith(name)
    changed = client.update_function_url_config(FunctionName=name, AuthType="AWS_IAM")
    assert (changed["AuthType"], changed["CreationTime"]) == ("AWS_IAM", found["CreationTime"])
    with pytest.raises(ClientError) as caught:
        client.create_function_url_config(FunctionName=name, AuthType="NONE")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 409
    assert "Error message:  FunctionUrlConfig exists" in str(caught.value)
    client.publish_version(FunctionName=name)
    client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    second = client.create_function_url_config(FunctionName=name, Qualifier="live", AuthType="NONE")
    assert second["FunctionArn"].endswith(f"{name}:live")
    assert "InvokeMode" not in second
    client.delete_alias(FunctionName=name, Name="live")
    assert len(client.list_function_url_configs(FunctionName=name)["FunctionUrlConfigs"]) == 1
    client.delete_function_url_config(FunctionName=name)
    with pytest.raises(ClientError, match="The resource you requested does not exist"):
        client.get_function_url_config(FunctionName=name)
    assert ask(live, called)[0] == 403


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        ({"FunctionName": "no-such"}, "ResourceNotFoundException", "Function does not exist"),
        ({"Qualifier": "1"}, "ValidationException", "((?!^\\d+$)^[0-9a-zA-Z-_]+$)"),
        ({"AuthType": "MAYBE"}, "ValidationException", "enum value set: "),
        ({"InvokeMode": "STREAM"}, "ValidationException", "RESPONSE_STREAM"),
        ({"Cors": {"MaxAge": 86401}}, "ValidationException", "less than or equal to 86400"),
    ],
)
def test_what_cannot_be_configured_is_refused(
    live: House, make: Make, arguments: dict[str, Any], code: str, text: str
) -> None:
    client = live.client("lambda")
    name, _ = make(ECHO)
    client.delete_function_url_config(FunctionName=name)
    with pytest.raises(ClientError) as caught:
        client.create_function_url_config(**{"FunctionName": name, "AuthType": "NONE", **arguments})
    assert caught.value.response["Error"]["Code"] == code
    assert text in caught.value.response["Error"]["Message"]
    assert client.list_function_url_configs(FunctionName=name)["FunctionUrlConfigs"] == []
