"""APIs from a shell."""

from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command

from invocations.models import Api, ApiIntegration, FunctionPolicy
from tests.admin.conftest import MakeFunction, home, make_function

__all__ = ["home", "make_function"]  # fixtures

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> tuple[str, str]:
    said, told = io.StringIO(), io.StringIO()
    call_command("api", *arguments, stdout=said, stderr=told)
    return said.getvalue(), told.getvalue()


def test_one_command_makes_an_api_that_may_call(make_function: MakeFunction) -> None:
    make_function("hello")
    assert "manage.py api create" in run("list")[0]
    said, told = run("create", "shop", "--function", "hello", "--allow")
    api = Api.objects.get()
    assert said == f"{api.api_id} http://127.0.0.1:8000/_lambdaplay/api/{api.api_id}/$default\n"
    assert f"the statement apigateway-{api.api_id} is added" in told
    (statement,) = FunctionPolicy.objects.get().statements
    assert statement["Condition"] == {"ArnLike": {"AWS:SourceArn": f"{api.execute_arn}/*"}}
    assert "$default -> arn:aws:lambda:us-east-1:000000000000:function:hello" in run("list")[0]
    run("delete", api.api_id)
    assert not Api.objects.exists()


def test_routes_share_an_integration_that_is_the_same(make_function: MakeFunction) -> None:
    make_function("hello")
    said, told = run("create", "old", "--rest", "--function", "hello", "--binary", "image/*")
    assert "does not let API Gateway call it yet" in told
    assert said.split()[1].endswith("/dev")
    api = Api.objects.get()
    run("route", api.api_id, "GET /a", "--function", "hello", "--allow")
    assert run("route", api.api_id, "GET /b", "--function", "hello", "--timeout", "0.5")[1] == ""
    assert [(one.payload_version, one.timeout_ms) for one in ApiIntegration.objects.all()] == [
        ("1.0", 29_000),
        ("1.0", 500),
    ]
    assert sorted(api.routes.values_list("key", flat=True)) == ["ANY /{proxy+}", "GET /a", "GET /b"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("create", "x", "--route", "GET /", "--allow"), "--function"),
        (("create", "x", "--function", "f", "--route", "GET"), "route key is not formatted"),
        (("create", "x", "--function", "f", "--rest", "--payload", "2.0"), "PayloadFormatVersion"),
        (("create", "x", "--function", "f", "--rest", "--route", "$default"), "no \\$default route"),
        (("create", "x", "--function", "f", "--timeout", "31"), "between 50 ms and 30000 ms"),
        (("create", "x", "--rest", "--stage", "a b"), "Stage name only allows"),
        (("create", "x", "--binary", "image/*"), "REST APIs"),
        (("create", "x", "--function", "a:b:c:d:e"), "no function's name"),
        (("create", "x", "--function", "absent", "--allow"), "absent"),
        (("route", "absent", "GET /", "--function", "f"), "Invalid API identifier"),
        (("delete", "absent"), "Invalid API identifier"),
    ],
)
def test_what_cannot_be(arguments: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence) as refused:
        run(*arguments)
    assert refused.value.returncode == 2
    assert not Api.objects.exists()
