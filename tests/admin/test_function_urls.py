"""The URLs tab of a function: made, permitted, changed and deleted."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from invocations.flows import aliases, permissions
from invocations.models import Function, FunctionPolicy, FunctionUrl
from tests.admin.conftest import SCOPE, MakeFunction

pytestmark = pytest.mark.django_db


def place(function: Function, verb: str) -> str:
    return f"/admin/invocations/function/{function.pk}/{verb}/"


def tab(console: Client, function: Function, **query: str) -> str:
    return console.get(place(function, "change"), {"tab": "urls", **query}).content.decode()


def save(console: Client, function: Function, **fields: Any) -> tuple[int, str]:
    answer = console.post(place(function, "urls"), {"auth_type": "NONE", **fields}, follow=True)
    return answer.status_code, answer.content.decode()


def test_a_url_is_made_and_everybody_may_call_it(console: Client, make_function: MakeFunction) -> None:
    function = make_function()
    assert "None yet" in tab(console, function)
    status, page = save(console, function, allow="on", origins="https://a.example", methods="get, put")
    row = FunctionUrl.objects.get()
    assert status == 200 and f"/_lambdaplay/url/{row.url_id}/" in page
    assert "are added to the policy" in page and "Nobody may call it" not in page
    assert permissions.allows_url(function.arn(), "NONE")
    assert row.cors == {"AllowOrigins": ["https://a.example"], "AllowMethods": ["GET", "PUT"]}


def test_what_nobody_may_call_is_permitted_with_one_click(console: Client, make_function: MakeFunction) -> None:
    function = make_function()
    _, page = save(console, function)
    assert "Nobody may call it" in page
    said = console.post(place(function, "urls/permit"), {"qualifier": ""}, follow=True).content.decode()
    assert "FunctionURLAllowPublicAccess and FunctionURLInvokeAllowPublicAccess are added" in said
    assert len(FunctionPolicy.objects.get().statements) == 2
    again = console.post(place(function, "urls/permit"), {"qualifier": ""}, follow=True).content.decode()
    assert "already" in again


def test_a_url_is_changed_and_deleted(console: Client, make_function: MakeFunction) -> None:
    function = make_function(publish=True)
    aliases.create_alias(SCOPE, function.name, "live", "1")
    save(console, function, qualifier="live", origins="*", max_age="0")
    shown = tab(console, function, qualifier="live")
    assert 'value="live"' in shown and 'value="*"' in shown
    save(console, function, qualifier="live", auth_type="AWS_IAM", invoke_mode="RESPONSE_STREAM")
    row = FunctionUrl.objects.get()
    assert (row.qualifier, row.auth_type, row.invoke_mode, row.cors) == ("live", "AWS_IAM", "RESPONSE_STREAM", None)
    assert '"RESPONSE_STREAM" selected' in tab(console, function, qualifier="live")
    assert not FunctionPolicy.objects.exists()
    console.post(place(function, "urls/delete"), {"qualifier": "live"})
    assert not FunctionUrl.objects.exists()
    gone = console.post(place(function, "urls/delete"), {"qualifier": "live"}, follow=True)
    assert "does not exist" in gone.content.decode()


def test_what_cannot_be_is_said_beside_the_form(console: Client, make_function: MakeFunction) -> None:
    function = make_function()
    status, page = save(console, function, qualifier="absent", allow="on")
    assert (status, "Function does not exist" in page) == (400, True)
    assert save(console, function, max_age="86401")[0] == 400
    assert not FunctionUrl.objects.exists() and not FunctionPolicy.objects.exists()


@pytest.mark.parametrize("verb", ["urls", "urls/permit", "urls/delete"])
def test_verbs_are_posted_by_those_who_may_change(
    client: Client, console: Client, make_function: MakeFunction, verb: str
) -> None:
    function = make_function()
    assert console.get(place(function, verb)).status_code == 405
    assert "login" in client.post(place(function, verb))["Location"]
