"""Event invoke configurations, dead-letter queues and recursion as they look on the wire."""

from __future__ import annotations

import base64
import io
import json
import time
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from lambdaplay.home import Home
from tests.wire.asking import Heard, ask, signed

pytestmark = pytest.mark.django_db

ARN = "arn:aws:lambda:us-east-1:000000000000:function:fn"
QUEUE = "arn:aws:sqs:us-east-1:000000000000:q"
FUNCTION = "/2015-03-31/functions/fn"
CONFIG = "/2019-09-25/functions/fn/event-invoke-config"
RECURSION = "/2024-08-31/functions/fn/recursion-config"


def call(method: str, target: str, document: Any = None) -> Heard:
    body = b"" if document is None else json.dumps(document).encode()
    return ask(signed(method, target, body))


@pytest.fixture
def function(tmp_path: Path, settings: Any) -> dict[str, Any]:
    settings.LAMBDAPLAY_HOME = Home(tmp_path / "home")
    settings.LAMBDAPLAY_HOME.make()
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("app.py", "def handler(event, context): return event\n")
    made = call(
        "POST",
        "/2015-03-31/functions",
        {
            "FunctionName": "fn",
            "Runtime": "python3.12",
            "Handler": "app.handler",
            "Role": "arn:aws:iam::000000000000:role/any",
            "Code": {"ZipFile": base64.b64encode(file.getvalue()).decode()},
            "DeadLetterConfig": {"TargetArn": QUEUE},
            "Publish": True,
        },
    )
    assert made.status == 201, made.text
    found: dict[str, Any] = made.document
    return found


def test_a_configuration_lives_as_on_aws(function: dict[str, Any]) -> None:
    put = call("PUT", CONFIG, {"MaximumRetryAttempts": 0})
    assert put.status == 200
    modified = put.document["LastModified"]
    assert isinstance(modified, float) and abs(modified - time.time()) < 60
    assert put.document == {
        "LastModified": modified,
        "FunctionArn": f"{ARN}:$LATEST",
        "MaximumRetryAttempts": 0,
        "DestinationConfig": {"OnSuccess": {}, "OnFailure": {}},
    }
    update = call("POST", CONFIG, {"DestinationConfig": {"OnFailure": {"Destination": QUEUE}}})
    assert update.document["MaximumRetryAttempts"] == 0
    assert update.document["DestinationConfig"] == {"OnSuccess": {}, "OnFailure": {"Destination": QUEUE}}
    assert call("GET", CONFIG).document == update.document
    call("PUT", f"{CONFIG}?Qualifier=1", {"MaximumEventAgeInSeconds": 60})
    listed = call("GET", f"{CONFIG}/list").document
    assert [row["FunctionArn"] for row in listed["FunctionEventInvokeConfigs"]] == [f"{ARN}:$LATEST", f"{ARN}:1"]
    assert "NextMarker" not in listed
    assert (call("DELETE", CONFIG).status, call("DELETE", CONFIG).status) == (204, 404)
    assert call("GET", f"{CONFIG}?Qualifier=1").document["MaximumEventAgeInSeconds"] == 60


@pytest.mark.parametrize(
    ("document", "code", "text"),
    [
        (
            {"MaximumRetryAttempts": 3, "MaximumEventAgeInSeconds": 59},
            "ValidationException",
            "2 validation errors detected: Value '3' at 'maximumRetryAttempts' failed to satisfy constraint: "
            "Member must have value less than or equal to 2; Value '59' at 'maximumEventAgeInSeconds' failed to "
            "satisfy constraint: Member must have value greater than or equal to 60",
        ),
        (
            {},
            "InvalidParameterValueException",
            "You must specify at least one of error handling or destination setting.",
        ),
        (
            {"DestinationConfig": {"OnSuccess": {"Destination": ARN}}},
            "InvalidParameterValueException",
            "You can't specify the function as a destination for itself.",
        ),
        (
            {"DestinationConfig": {"OnFailure": {"Destination": f"{ARN}2"}}},
            "InvalidParameterValueException",
            f"The destination ARN {ARN}2 is invalid.",
        ),
        (
            {"DestinationConfig": {"OnSuccess": {"Destination": "arn:aws:dynamodb:us-east-1:000000000000:table/t"}}},
            "InvalidParameterValueException",
            "The provided destination config DestinationConfig(onSuccess=OnSuccess("
            "destination=arn:aws:dynamodb:us-east-1:000000000000:table/t), onFailure=null) is invalid.",
        ),
    ],
)
def test_a_bad_configuration_is_refused_in_awss_words(
    function: dict[str, Any], document: dict[str, Any], code: str, text: str
) -> None:
    heard = call("PUT", CONFIG, document)
    assert (heard.status, heard.headers["x-amzn-errortype"]) == (400, code)
    assert heard.document["message"] == text
    assert call("GET", CONFIG).status == 404


def test_an_unknown_function_is_said_to_be_missing() -> None:
    heard = call("PUT", CONFIG, {"MaximumRetryAttempts": 0})
    assert (heard.status, heard.headers["x-amzn-errortype"]) == (404, "ResourceNotFoundException")
    assert heard.document["Message"] == "The function doesn't exist."


def test_the_qualifier_may_stand_in_the_arn(function: dict[str, Any]) -> None:
    place = f"/2019-09-25/functions/{quote(f'{ARN}:1', safe='')}/event-invoke-config"
    assert call("PUT", place, {"MaximumRetryAttempts": 1}).document["FunctionArn"] == f"{ARN}:1"
    assert call("GET", f"{CONFIG}?Qualifier=1").status == 200


def test_the_dead_letter_queue_shows_where_it_is_set(function: dict[str, Any]) -> None:
    assert function["DeadLetterConfig"] == {"TargetArn": QUEUE}
    deadline = time.monotonic() + 5
    while call("GET", f"{FUNCTION}/configuration").document["State"] != "Active" and time.monotonic() < deadline:
        time.sleep(0.02)
    cleared = call("PUT", f"{FUNCTION}/configuration", {"DeadLetterConfig": {"TargetArn": ""}})
    assert (cleared.status, "DeadLetterConfig" in cleared.document) == (200, False)
    frozen = call("GET", f"{FUNCTION}/configuration?Qualifier=1").document
    assert frozen["DeadLetterConfig"] == {"TargetArn": QUEUE}


def test_recursion_is_terminated_unless_allowed(function: dict[str, Any]) -> None:
    assert call("GET", RECURSION).document == {"RecursiveLoop": "Terminate"}
    assert call("PUT", RECURSION, {"RecursiveLoop": "Allow"}).document == {"RecursiveLoop": "Allow"}
    assert call("GET", RECURSION).document == {"RecursiveLoop": "Allow"}
    refused = call("PUT", RECURSION, {"RecursiveLoop": "Maybe"})
    assert (refused.status, refused.headers["x-amzn-errortype"]) == (400, "ValidationException")
