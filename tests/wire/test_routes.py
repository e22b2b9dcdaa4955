"""Every operation of Lambda's model is found by its method and path, and none answers without credentials."""

from __future__ import annotations

import re

import pytest

from invocations.wire.protocol.model import load
from invocations.wire.protocol.rest_json import routes
from tests.wire.asking import Asked, ask, signed

MODEL = load("lambda")
OPERATIONS = list(MODEL.operation_names)


def uri(operation: str) -> tuple[str, str]:
    http = MODEL.operation_model(operation).http
    return http["method"], re.sub(r"\{\w+\}", "some%3Aname", http["requestUri"])


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation_is_found_by_its_route(operation: str) -> None:
    method, path = uri(operation)
    bare, _, query = path.partition("?")
    for spelled in (bare, bare + "/", "/" + bare):
        found = routes("lambda").find(method, spelled, query)
        assert found is not None
        assert found[0] == operation
        assert set(found[1].values()) <= {"some:name"}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_no_operation_answers_without_credentials(operation: str) -> None:
    method, path = uri(operation)
    heard = ask(Asked(method, path, body=b"{}"))
    assert heard.status == 403
    assert heard.headers["x-amzn-errortype"] == "MissingAuthenticationTokenException"
    assert heard.document == {"message": "Missing Authentication Token"}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_no_operation_answers_a_wrong_signature(operation: str) -> None:
    method, path = uri(operation)
    asked = signed(method, path, b"{}")
    asked.body = b"[]"
    heard = ask(asked)
    assert heard.status == 403
    assert heard.headers["x-amzn-errortype"] == "InvalidSignatureException"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/2015-03-31/nonsense"),
        ("PATCH", "/2015-03-31/functions"),
        ("POST", "/2015-03-31/functions/fn/invocations/more"),
        ("GET", "/2015-03-31"),
        ("GET", "/"),
        ("GET", "/2015-03-31/functions?" + "&".join(f"a{n}=1" for n in range(1100))),
    ],
)
def test_what_no_operation_matches_is_an_unknown_operation(method: str, path: str) -> None:
    heard = ask(signed(method, path))
    assert heard.status == 404
    assert heard.headers["x-amzn-errortype"] == "UnknownOperationException"


def test_the_more_specific_route_wins() -> None:
    find = routes("lambda").find
    assert find("GET", "/2018-10-31/layers", "find=LayerVersion&Arn=x") == ("GetLayerVersionByArn", {})
    assert find("GET", "/2018-10-31/layers", "") == ("ListLayers", {})
    path = "/2019-09-30/functions/fn/provisioned-concurrency"
    assert find("GET", path, "List=ALL") == ("ListProvisionedConcurrencyConfigs", {"FunctionName": "fn"})
    assert find("GET", path, "Qualifier=1") == ("GetProvisionedConcurrencyConfig", {"FunctionName": "fn"})


def test_an_operation_not_offered_is_refused_by_name() -> None:
    heard = ask(signed("GET", "/2025-11-30/capacity-providers"))
    assert heard.status == 400
    assert heard.document["message"] == "lambdaplay does not offer the operation ListCapacityProviders of lambda."
