"""`/functions/<name>/invoke/`, refusals: by whom, how, and what is said. What runs is in test_live.py."""

from __future__ import annotations

import base64
import contextlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from invocations import limits
from invocations.flows.access_keys import create_access_key, revoke_access_key
from invocations.flows.admission import admitted
from invocations.models import Function, Invocation
from invocations.values import Caller, Scope
from tests.admin.conftest import MakeFunction, home, make_function

__all__ = ["home", "make_function"]

pytestmark = pytest.mark.django_db
PLACE = "/functions/hello/invoke/"
OUTSIDE = Caller(Scope("000000000000", "us-east-1"), "form", "test", "arn")


def basic(key_id: str = "test", secret: str = "test") -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{key_id}:{secret}".encode()).decode()}


Post = Callable[..., Any]


@pytest.fixture
def hello(make_function: MakeFunction) -> Function:
    return make_function("hello")


def send(client: Client, body: Any, *, place: str = PLACE, headers: dict[str, str] | None = None) -> Any:
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.post(place, text, content_type="application/json", headers=headers or basic())


def test_a_browser_is_sent_to_the_login(client: Client, hello: Function) -> None:
    answer = client.get(PLACE)
    assert answer.status_code == 302
    assert answer.headers["Location"] == f"/admin/login/?next={PLACE}"


def test_a_program_without_a_key_is_told_so(client: Client, hello: Function) -> None:
    answer = client.post(PLACE, b"{}", content_type="application/json")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic")
    assert "HTTP Basic" in answer.json()["message"]


@pytest.mark.parametrize(
    "header",
    [
        "Basic",
        "Basic !!!",
        "Basic " + base64.b64encode(b"\xff:\xff").decode(),
        "Bearer x",
        "Basic dGVzdDo=",
        "Basic dGVzdA==",
    ],
)
def test_a_wrong_key_opens_nothing(client: Client, hello: Function, header: str) -> None:
    answer = client.get(PLACE, headers={"Authorization": header})
    assert answer.status_code == 401
    assert "wrong" in answer.json()["message"]


def test_keys_are_rows_and_a_revoked_one_is_wrong_at_once(client: Client, hello: Function) -> None:
    key = create_access_key(User.objects.create_user("someone"), "000000000000")
    assert client.get(PLACE, headers=basic(key.key_id, key.secret)).status_code == 200
    assert client.get(PLACE, headers=basic(key.key_id, "wrong")).status_code == 401
    revoke_access_key(key.key_id)
    assert client.get(PLACE, headers=basic(key.key_id, key.secret)).status_code == 401


def test_a_key_of_a_user_who_may_no_longer_log_in_is_wrong(client: Client, hello: Function) -> None:
    key = create_access_key(User.objects.create_user("someone", is_active=False), "000000000000")
    assert client.get(PLACE, headers=basic(key.key_id, key.secret)).status_code == 401


def test_a_key_brings_no_session(client: Client, hello: Function) -> None:
    answer = client.post(PLACE, {"payload": "{}", "invocation_type": "DryRun"}, headers=basic())
    assert answer.status_code == 200
    assert answer.json()["status_code"] == 204
    assert "sessionid" not in client.cookies
    assert "csrftoken" not in client.cookies


def test_an_accounts_number_is_its_key_on_this_machine_only(client: Client, hello: Function, settings: Any) -> None:
    answer = client.get(PLACE, headers=basic("111122223333", "test"))
    assert answer.status_code == 404
    assert "111122223333:function:hello" in answer.json()["message"]
    settings.LAMBDAPLAY_LOOPBACK = False
    assert client.get(PLACE, headers=basic("111122223333", "test")).status_code == 401


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://testserver", "Host": "testserver"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
    ],
)
def test_a_key_that_a_browser_remembers_is_no_good_to_another_site(
    client: Client, hello: Function, headers: dict[str, str], status: int
) -> None:
    form = {"payload": "{}", "invocation_type": "DryRun"}
    assert client.post(PLACE, form, headers={**basic(), **headers}).status_code == status


def test_a_session_needs_the_forms_token(hello: Function) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(User.objects.create_superuser("root"))
    assert strict.post(PLACE, {"payload": "{}", "invocation_type": "DryRun"}).status_code == 403
    strict.get(PLACE)
    token = strict.cookies["csrftoken"].value
    form = {"payload": "{}", "invocation_type": "DryRun", "csrfmiddlewaretoken": token}
    answer = strict.post(PLACE, form)
    assert answer.status_code == 200
    assert "would be accepted" in answer.content.decode()


def test_a_user_without_the_right_may_not_invoke(client: Client, hello: Function) -> None:
    client.force_login(User.objects.create_user("guest"))
    assert client.post(PLACE, {"payload": "{}"}).status_code == 403


@pytest.mark.parametrize(
    ("body", "status", "code", "says"),
    [
        (b"{", 400, "BadRequest", "The body is not JSON"),
        (b'{"payload": NaN}', 400, "BadRequest", "NaN"),
        (b"[" * 200_000, 400, "BadRequest", "not JSON"),
        (b"7", 400, "BadRequest", "must be a JSON object"),
        ({"payload": {}, "extra": 1}, 400, "BadRequest", "Unknown member 'extra'"),
        ({"invocation_type": "Later"}, 400, "BadRequest", "not one of the available choices"),
        ({"qualifier": "x" * 129}, 400, "BadRequest", "at most 128"),
        ({"qualifier": "nope"}, 404, "ResourceNotFoundException", "function:hello:nope"),
        ({"payload": "x" * 6_291_456}, 413, "RequestEntityTooLargeException", "6,291,456 bytes"),
        (b" " * 9_000_000, 413, "RequestEntityTooLargeException", "6,291,456 bytes"),
        ({"payload": {}}, 503, "ServiceException", "manage.py up"),  # no environment host in this test
    ],
)
def test_a_refusal_is_a_sentence_and_leaves_no_row(
    client: Client, hello: Function, body: Any, status: int, code: str, says: str
) -> None:
    answer = send(client, body)
    assert (answer.status_code, answer.json()["error"]) == (status, code)
    assert says in answer.json()["message"]
    assert not Invocation.objects.exists()


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("nope", 404),
        ("hello:nope", 404),
        ("a b", 400),
        ("hello!", 400),
        ("arn:aws:lambda:us-east-1:000000000000:function:nope", 404),
        ("arn:aws:lambda:eu-west-1:000000000000:function:hello", 404),
        ("arn:aws:lambda:us-east-1:111122223333:function:hello", 403),
        ("arn:aws:sqs:us-east-1:000000000000:hello", 400),
        ("x" * 300, 404),
        ("%00", 400),
    ],
)
def test_a_name_that_is_no_function_here_is_said(client: Client, hello: Function, name: str, status: int) -> None:
    for answer in (
        client.get(f"/functions/{name}/invoke/", headers=basic()),
        send(client, {}, place=f"/functions/{name}/invoke/"),
    ):
        assert answer.status_code == status, answer.content
        assert answer.json()["message"]


def test_forms_that_are_too_large_are_refused_with_their_limit(client: Client, hello: Function) -> None:
    answer = client.post(PLACE, {"payload": "x" * 9_000_000}, headers=basic())
    assert answer.status_code == 413
    fields = "&".join(f"f{number}=" for number in range(2000))
    many = client.post(PLACE, fields, content_type="application/x-www-form-urlencoded", headers=basic())
    assert many.status_code == 400


def test_a_browser_gets_pages(hello: Function) -> None:
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    page = client.get(PLACE, headers={"Accept": "text/html"})
    assert "Invoke hello" in page.content.decode()
    refused = client.post(PLACE, {"payload": "{"}, headers={"Accept": "text/html"})
    assert refused.status_code == 400
    assert "Nothing ran, and nothing was recorded." in refused.content.decode()


def test_a_process_that_holds_all_it_can_says_so(client: Client, hello: Function) -> None:
    with contextlib.ExitStack() as held:
        for _ in range(limits.HELD_CALLS):
            held.enter_context(admitted(OUTSIDE))
        answer = send(client, {"invocation_type": "DryRun"})
        assert (answer.status_code, answer.json()["error"]) == (429, "TooManyRequestsException")
    assert send(client, {"invocation_type": "DryRun"}).status_code == 200


def test_other_methods_are_refused(client: Client, hello: Function) -> None:
    assert client.put(PLACE, headers=basic()).status_code == 405


def test_a_form_that_is_too_large_for_a_page_is_a_sentence_in_its_place(hello: Function) -> None:
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    answer = client.post(
        f"/admin/invocations/function/{hello.pk}/invoke/", {"payload": "x" * 9_000_000}, headers={"HX-Request": "true"}
    )
    assert answer.status_code == 413
    assert answer.content.decode() == '<p class="c-refused" role="alert">The form is larger than 8 MB.</p>'


def test_what_is_not_there_is_a_page_of_ours(client: Client, db: None) -> None:
    answer = client.get("/nowhere/")
    assert answer.status_code == 404
    assert "There is nothing at this address" in answer.content.decode()
