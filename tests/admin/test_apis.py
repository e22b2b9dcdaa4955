"""APIs in the console: where they are called, what may not be called, and the verbs that make and change them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from invocations.errors import UnusablePart
from invocations.flows.http_api import apis, making, trying
from invocations.flows.http_api.making import RouteTo
from invocations.flows.http_api.trying import Tried
from invocations.models import Api, ApiIntegration, ApiRoute, FunctionPolicy
from invocations.values import Scope
from tests.admin.conftest import MakeFunction

SCOPE = Scope("000000000000", "us-east-1")
ARN = "arn:aws:lambda:us-east-1:000000000000:function:hello"


@pytest.fixture
def api(make_function: MakeFunction) -> Api:
    make_function("hello")
    wishes = apis.Wishes(name="shop")
    return making.create(SCOPE, wishes, "HTTP", "$default", RouteTo("GET /pets/{id}", ARN), allow=False).api


def at(place: str, *args: Any) -> str:
    return reverse(f"admin:invocations_api_{place}", args=args)


def look(console: Client, place: str, *args: Any, **query: str) -> str:
    answer = console.get(at(place, *args), query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_list_and_the_form_that_makes_one(console: Client, make_function: MakeFunction) -> None:
    make_function("hello")
    assert "aws apigatewayv2 create-api" in look(console, "changelist")
    given = {"name": "old", "kind": "REST", "function": "hello", "method": "ANY", "path": "/{proxy+}", "allow": "on"}
    assert console.post(at("make"), given).status_code == 302
    api = Api.objects.get()
    assert [stage.name for stage in api.stages.all()] == ["dev"]
    assert FunctionPolicy.objects.get().statements[0]["Sid"] == f"apigateway-{api.api_id}"
    (shown,) = json.loads(look(console, "changelist", format="json"))["apis"]
    assert (shown["name"], shown["kind"], shown["routes"]) == ("old", "REST", 1)
    assert shown["address"].endswith(f"/_lambdaplay/api/{api.api_id}/dev")
    assert "No API" in look(console, "changelist", name="absent")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"path": "pets"}, b"route key is not formatted"),
        ({"function": "a:b:c:d:e"}, b"no function"),
        ({"function": "absent"}, b"absent"),
        ({"name": ""}, b"required"),
        ({"stage": "a b"}, b"Stage name only allows"),
    ],
)
def test_what_cannot_be_made_is_said_beside_the_form(
    console: Client, make_function: MakeFunction, change: dict[str, str], sentence: bytes
) -> None:
    make_function("hello")
    given = {"name": "x", "kind": "HTTP", "function": "hello", "method": "GET", "path": "/", "allow": "on", **change}
    refused = console.post(at("make"), given)
    assert refused.status_code == 400
    assert sentence in refused.content
    assert not Api.objects.exists()


def test_one_click_permits_what_may_not_be_called(console: Client, api: Api) -> None:
    page = look(console, "change", api.pk)
    assert "not permitted" in page and f"apigateway-{api.api_id}" in page
    (route,) = json.loads(look(console, "change", api.pk, format="json"))["routes"]
    assert (route["key"], route["not_permitted"]) == ("GET /pets/{id}", ["$default"])
    said = console.post(at("grant", api.pk), follow=True).content.decode()
    assert f"the statement apigateway-{api.api_id} is added" in said
    assert "not permitted" not in look(console, "change", api.pk)
    assert "/pets/id&#x27;" in look(console, "change", api.pk)  # a curl line that a route takes


def test_routes_come_and_go(console: Client, api: Api) -> None:
    given = {"method": "POST", "path": "/orders", "function": "hello:live", "payload": "1.0", "timeout": "0.5"}
    assert console.post(at("add_route", api.pk), given).status_code == 302
    row = ApiRoute.objects.select_related("integration").get(key="POST /orders")
    assert row.integration is not None
    assert (row.integration.uri, row.integration.timeout_ms) == (f"{ARN}:live", 500)
    assert "not there" not in look(console, "change", api.pk)
    again = console.post(at("add_route", api.pk), given)
    assert again.status_code == 400 and b"already exists for this API" in again.content
    console.post(at("remove_route", api.pk), {"route": row.route_id})
    assert (ApiRoute.objects.count(), ApiIntegration.objects.count()) == (1, 1)
    assert b"Invalid Route" in console.post(at("remove_route", api.pk), {"route": "x"}, follow=True).content


def test_stages_and_their_variables(console: Client, api: Api) -> None:
    place = at("save_stage", api.pk)
    console.post(place, {"name": "dev", "variables": "colour=red"})
    console.post(place, {"name": "dev", "variables": "colour=blue"})
    assert api.stages.get(name="dev").variables == {"colour": "blue"}
    refused = console.post(place, {"name": "dev", "variables": "a-b=c"})
    assert refused.status_code == 400 and b"a-b=c" in refused.content
    console.post(at("delete_stage", api.pk), {"stage": "dev"})
    assert [stage.name for stage in api.stages.all()] == ["$default"]


def test_cross_origin_rules(console: Client, api: Api) -> None:
    place = at("save_cors", api.pk)
    console.post(place, {"origins": "https://a.example, https://b.example", "methods": "get", "max_age": "0"})
    api.refresh_from_db()
    assert api.cors == {
        "AllowOrigins": ["https://a.example", "https://b.example"],
        "AllowMethods": ["GET"],
        "MaxAge": 0,
    }
    assert "https://a.example, https://b.example" in look(console, "change", api.pk)
    refused = console.post(place, {"origins": "*", "credentials": "on"})
    assert refused.status_code == 400 and b"allowCredentials" in refused.content
    console.post(place, {})
    api.refresh_from_db()
    assert api.cors is None


def test_a_request_is_tried(console: Client, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sending itself is seen in a real browser's test; here there is no server to send to."""
    sent: list[Any] = []

    def answer(api: Api, *request: Any) -> Tried:
        sent.append(request)
        return Tried(201, [("X-A", "<b>")], b"<i>hello</i>", "1-67419000-0123456789abcdef01234567")

    monkeypatch.setattr(trying, "try_out", answer)
    given = {"stage": "$default", "method": "POST", "target": "/a?b=c", "headers": "X-One: 1\n", "body": "text"}
    page = console.post(at("try", api.pk), given).content.decode()
    assert sent == [("$default", "POST", "/a?b=c", [("X-One", "1")], b"text")]
    assert "&lt;i&gt;hello" in page and "X-A: &lt;b&gt;" in page and "<strong>201</strong>" in page
    assert "/admin/flow/1-67419000-0123456789abcdef01234567/" in page


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"target": "a"}, "A path begins with /"),
        ({"target": "/a b"}, "written %20"),
        ({"headers": "X"}, "Line 1 must read"),
        ({"stage": "none"}, "not one of the available choices"),
    ],
)
def test_what_cannot_be_sent(console: Client, api: Api, change: dict[str, str], sentence: str) -> None:
    given = {"stage": "$default", "method": "GET", "target": "/", **change}
    refused = console.post(at("try", api.pk), given)
    assert refused.status_code == 400
    assert sentence in refused.content.decode()


def test_an_address_that_does_not_answer_is_said(console: Client, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(*request: Sequence[Any]) -> Tried:
        raise UnusablePart("The API's own address does not answer: refused")

    monkeypatch.setattr(trying, "try_out", nobody)
    answer = console.post(at("try", api.pk), {"stage": "$default", "method": "GET", "target": "/"})
    assert answer.status_code == 503
    assert b"does not answer" in answer.content


def test_deleting_says_what_is_lost(console: Client, api: Api) -> None:
    assert "its 1 route and 1 stage" in look(console, "delete", api.pk)
    console.post(at("delete", api.pk))
    assert not Api.objects.exists()


VERBS = ["add_route", "remove_route", "grant", "save_stage", "delete_stage", "save_cors", "try"]


@pytest.mark.parametrize("verb", VERBS)
def test_verbs_are_posted_by_those_who_may_change(client: Client, console: Client, api: Api, verb: str) -> None:
    assert console.get(at(verb, api.pk)).status_code == 405
    assert "login" in client.post(at(verb, api.pk))["Location"]
