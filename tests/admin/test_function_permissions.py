"""The Permissions tab of a function: statements seen, added and removed."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from invocations.flows import aliases, permissions
from invocations.models import Function, FunctionPolicy
from tests.admin.conftest import SCOPE, MakeFunction

pytestmark = pytest.mark.django_db

TOPIC = "arn:aws:sns:us-east-1:000000000000:topic"


def place(function: Function, verb: str) -> str:
    return f"/admin/invocations/function/{function.pk}/{verb}/"


def tab(console: Client, function: Function) -> str:
    return console.get(place(function, "change") + "?tab=permissions").content.decode()


def add(console: Client, function: Function, **fields: Any) -> tuple[int, str]:
    given = {"statement_id": "topic", "principal": "sns.amazonaws.com", "action": "lambda:InvokeFunction", **fields}
    answer = console.post(place(function, "permissions"), given, follow=True)
    return answer.status_code, answer.content.decode()


def test_a_statement_is_added_shown_and_removed(console: Client, make_function: MakeFunction) -> None:
    function = make_function()
    assert "Nobody yet" in tab(console, function)
    status, page = add(console, function, source_arn=TOPIC)
    assert status == 200 and "The statement topic is added" in page
    assert f"sns.amazonaws.com may invoke it for {TOPIC}." in page
    assert permissions.allows(function.arn(), "sns.amazonaws.com", TOPIC, SCOPE.account)
    fields = {"qualifier": "", "statement_id": "topic"}
    page = console.post(place(function, "permissions/remove"), fields, follow=True).content.decode()
    assert "The statement topic is removed" in page and "Nobody yet" in page
    assert FunctionPolicy.objects.count() == 0


def test_each_qualifier_is_shown_by_itself(console: Client, make_function: MakeFunction) -> None:
    function = make_function(publish=True)
    aliases.create_alias(SCOPE, function.name, "live", "1")
    add(console, function, qualifier="live", principal="*", invoked_via_function_url="true")
    page = tab(console, function)
    assert "Anybody may invoke it through its URL." in page
    assert f"{function.arn()}:live" in page and "?tab=permissions&amp;qualifier=live" in page
    chosen = console.get(place(function, "change") + "?tab=permissions&qualifier=live").content.decode()
    assert 'value="live"' in chosen


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"principal": "ada"}, "The provided principal was invalid."),
        ({"statement_id": "a b"}, "([a-zA-Z0-9-_]+)"),
        ({"statement_id": ""}, "This field is required."),
        ({"action": "lambda:GetFunction"}, "Select a valid choice."),
        ({"source_arn": "topic"}, "sourceArn"),
        ({"qualifier": "$LATEST"}, "We currently do not support adding policies for $LATEST."),
        ({"qualifier": "gone"}, "Cannot find alias arn"),
        ({"function_url_auth_type": "NONE"}, "FunctionUrlAuthType is only supported for"),
    ],
)
def test_a_refused_statement_keeps_what_was_typed(
    console: Client, make_function: MakeFunction, fields: dict[str, str], sentence: str
) -> None:
    function = make_function()
    status, page = add(console, function, **{"source_account": "111122223333", **fields})
    assert status == 400
    assert sentence in page and "111122223333" in page
    assert FunctionPolicy.objects.count() == 0


def test_what_cannot_be_removed_says_so(console: Client, make_function: MakeFunction) -> None:
    function = make_function()
    answer = console.post(place(function, "permissions/remove"), {"qualifier": "", "statement_id": "x"})
    assert answer.status_code == 400
    assert "No policy is associated with the given resource." in answer.content.decode()


def test_who_may_only_look_sees_no_form(client: Client, make_function: MakeFunction) -> None:
    function = make_function()
    user = User.objects.create_user("guest", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_function"))
    client.force_login(user)
    assert "Add statement" not in tab(client, function)
    assert client.post(place(function, "permissions"), {}).status_code == 403
    assert client.post(place(function, "permissions/remove"), {}).status_code == 403
