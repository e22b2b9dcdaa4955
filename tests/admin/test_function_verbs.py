"""What can be done to a function from its page."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from invocations.models import Function
from invocations.runtime.code import from_source
from invocations.values import LATEST
from lambdaplay.home import Home
from tests.admin.conftest import ROLE, SOURCE, MakeFunction, let_settle, record

pytestmark = pytest.mark.django_db

ADD = "/admin/invocations/function/add/"
CREATE = {
    "name": "hello",
    "runtime": "python3.12",
    "handler": "app.handler",
    "source": SOURCE,
    "timeout_seconds": "3",
    "memory_mb": "128",
    "tmp_mb": "512",
    "network": "",
    "variables": "",
    "description": "",
    "role": ROLE,
}


def _place(function: Function, verb: str = "") -> str:
    return f"/admin/invocations/function/{function.pk}/{verb or 'change/'}"


def _zip(**files: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(name.replace("__", "/").replace("_py", ".py"), text)
    return buffer.getvalue()


def _packages(home: Home) -> list[str]:
    return [path.name for path in home.code.iterdir() if path.is_dir()]


# --- create ----------------------------------------------------------------------------------------------------------


def test_a_function_is_made_from_written_code(console: Client) -> None:
    answer = console.post(ADD, CREATE)
    function = Function.objects.get()
    assert answer.headers["Location"] == _place(function)
    page = console.get(_place(function)).content.decode()
    assert "def handler(event, context):" in page
    assert "app.py" in page


def test_a_function_is_made_from_a_package(console: Client) -> None:
    upload = SimpleUploadedFile("code.zip", _zip(app_py=SOURCE, lib__util_py="X = 1\n"))
    console.post(ADD, {**CREATE, "package": upload})
    page = console.get(_place(Function.objects.get())).content.decode()
    assert "lib/util.py" in page
    assert 'name="source"' not in page


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"name": "no spaces allowed"}, "regular expression pattern"),
        ({"name": ""}, "This field is required"),
        ({"name": "x" * 65}, "length less than or equal to 64"),
        ({"source": ""}, "Write some code or choose a .zip file"),
        ({"handler": "nodot"}, "must read file.function"),
        ({"runtime": "java21", "handler": "example.Handler::run"}, "upload a .zip package"),
        ({"timeout_seconds": "901"}, "less than or equal to 900"),
        ({"role": "me"}, "regular expression pattern"),
        ({"variables": "AWS_REGION=x"}, "reserved keys"),
        ({"variables": "BIG=" + "x" * 5000}, "4KB limit"),
        ({"description": "\x00"}, "Null characters are not allowed"),
    ],
)
def test_what_is_refused_leaves_nothing_behind(console: Client, home: Home, changes: dict[str, str], says: str) -> None:
    answer = console.post(ADD, {**CREATE, **changes})
    assert answer.status_code == 400
    assert says in answer.content.decode()
    assert not Function.objects.exists()
    assert _packages(home) == []


@pytest.mark.parametrize(
    ("upload", "says"),
    [
        (b"", "non-empty zip"),
        (b"PK\x03\x04 not really", "Could not unzip uploaded file"),
        (_zip(**{"..__evil_py": "x"}), "Could not unzip uploaded file"),
    ],
    ids=["empty", "nonsense", "outside"],  # a zip's own bytes carry the time: workers would name the test differently
)
def test_a_package_that_cannot_be_unpacked_leaves_nothing_behind(
    console: Client, home: Home, upload: bytes, says: str
) -> None:
    answer = console.post(ADD, {**CREATE, "package": SimpleUploadedFile("code.zip", upload)})
    assert answer.status_code == 400
    assert says in answer.content.decode()
    assert not Function.objects.exists()
    assert _packages(home) == []


def test_a_refused_form_keeps_what_was_written(console: Client, make_function: MakeFunction) -> None:
    make_function("hello")
    answer = console.post(ADD, {**CREATE, "source": "# my work\n"})
    assert answer.status_code == 400
    assert "Function already exist: hello" in answer.content.decode()
    assert "# my work" in answer.content.decode()


def test_the_same_address_gives_json(console: Client, make_function: MakeFunction) -> None:
    function = make_function(publish=True, variables={"TOKEN": "secret"})
    answer = console.get(_place(function) + "?format=json")
    document = answer.json()
    assert [version["version"] for version in document["versions"]] == [LATEST, "1"]
    assert document["versions"][0]["variables"] == ["TOKEN"]
    assert "secret" not in answer.content.decode()


# --- code ------------------------------------------------------------------------------------------------------------


def test_code_is_saved_from_the_editor(console: Client, make_function: MakeFunction) -> None:
    function = make_function()
    answer = console.post(_place(function, "code/"), {"source": "x = 1\r\n"}, headers={"HX-Request": "true"})
    assert "Saved" in answer.content.decode()
    let_settle(function)
    page = console.get(_place(function)).content.decode()
    assert "x = 1\n</textarea>" in page


def test_code_that_somebody_else_changed_meanwhile_is_not_overwritten(
    console: Client, make_function: MakeFunction
) -> None:
    function = make_function()
    before = function.latest.code_sha256
    console.post(_place(function, "code/"), {"source": "theirs = 1\n"})
    let_settle(function)
    answer = console.post(
        _place(function, "code/"), {"source": "mine = 1\n", "base": before}, headers={"HX-Request": "true"}
    )
    assert answer.status_code == 400
    assert "changed by somebody else" in answer.content.decode()
    let_settle(function)
    assert "theirs = 1" in console.get(_place(function)).content.decode()


def test_the_package_is_downloaded_as_it_was_uploaded(console: Client, make_function: MakeFunction) -> None:
    body = _zip(app_py=SOURCE, other_py="")
    function = make_function(package=body)
    answer = console.get(_place(function, "package/"))
    assert b"".join(answer) == body
    assert 'filename="hello-LATEST.zip"' in answer.headers["Content-Disposition"]
    assert console.get(_place(function, "package/?version=7")).status_code == 404


def test_a_large_file_is_listed_not_edited(console: Client, make_function: MakeFunction) -> None:
    function = make_function(package=from_source("app.py", "#" * 60_000))
    answer = console.get(_place(function))
    assert len(answer.content) < 60_000
    assert 'name="source"' not in answer.content.decode()


# --- configuration ---------------------------------------------------------------------------------------------------


def test_configuration_is_shown_and_saved(console: Client, make_function: MakeFunction) -> None:
    function = make_function(variables={"STAGE": "test", "TEXT": "two\nlines"})
    page = console.get(_place(function) + "?tab=configuration").content.decode()
    assert "STAGE=test" in page
    values = {**CREATE, "memory_mb": "256", "network": "internet", "variables": "STAGE=live"}
    assert console.post(_place(function, "configuration/"), values).status_code == 302
    function.refresh_from_db()
    latest = function.latest
    assert (latest.memory_mb, latest.variables, latest.function.network) == (256, {"STAGE": "live"}, "internet")


def test_a_change_while_another_is_under_way_is_a_sentence(console: Client, make_function: MakeFunction) -> None:
    function = make_function()
    console.post(_place(function, "configuration/"), {**CREATE, "memory_mb": "256"})
    answer = console.post(_place(function, "configuration/"), {**CREATE, "memory_mb": "512"})
    assert answer.status_code == 400
    assert "An update is in progress" in answer.content.decode()
    assert 'value="512"' in answer.content.decode()


@pytest.mark.parametrize(
    ("reserved", "stored", "says"),
    [("0", 0, "Every call is throttled"), ("5", 5, "5 concurrent"), ("", None, "no reserved")],
)
def test_concurrency_is_reserved_and_released(
    console: Client, make_function: MakeFunction, reserved: str, stored: int | None, says: str
) -> None:
    function = make_function(reserved_concurrency=3)
    answer = console.post(_place(function, "concurrency/"), {"reserved": reserved}, follow=True)
    assert says in answer.content.decode()
    function.refresh_from_db()
    assert function.reserved_concurrency == stored


def test_more_concurrency_than_there_is_is_refused(console: Client, make_function: MakeFunction) -> None:
    function = make_function()
    answer = console.post(_place(function, "concurrency/"), {"reserved": "950"})
    assert answer.status_code == 400
    assert "below its minimum value of [100]" in answer.content.decode()


# --- versions and aliases --------------------------------------------------------------------------------------------


def test_versions_are_published_once_per_change(console: Client, make_function: MakeFunction) -> None:
    function = make_function()
    first = console.post(_place(function, "publish/"), {"description": "first"}, follow=True)
    assert "Version 1 is published." in first.content.decode()
    again = console.post(_place(function, "publish/"), {"description": ""}, follow=True)
    assert "Nothing has changed since version 1" in again.content.decode()


def test_an_alias_shares_its_calls_and_keeps_its_version(console: Client, make_function: MakeFunction) -> None:
    function = make_function(publish=True)
    console.post(_place(function, "code/"), {"source": "x = 2\n"})
    let_settle(function)
    console.post(_place(function, "publish/"), {})
    share = {"name": "live", "version": "1", "second_version": "2", "percent": "12.5", "description": ""}
    page = console.post(_place(function, "aliases/"), share, follow=True).content.decode()
    assert "87.5 % to version 1, 12.5 % to version 2" in page
    refused = console.post(_place(function, "versions/delete/"), {"version": "1"}, follow=True).content.decode()
    assert "the following aliases reference it: [live]" in refused
    page = console.post(_place(function, "aliases/"), {"name": "live", "version": "2"}, follow=True).content.decode()
    assert "all to version 2" in page
    console.post(_place(function, "versions/delete/"), {"version": "1"})
    console.post(_place(function, "aliases/delete/"), {"name": "live"})
    assert [row.version for row in function.versions.all()] == [LATEST, "2"]
    assert not function.aliases.exists()


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({"name": "live", "version": "9"}, "Function not found"),
        ({"name": "7", "version": "1"}, "failed to satisfy constraint"),
        ({"name": "a b", "version": "1"}, "failed to satisfy constraint"),
        ({"name": "live", "version": "1", "second_version": "1", "percent": "5"}, "already included"),
    ],
)
def test_an_alias_that_cannot_be_is_refused(
    console: Client, make_function: MakeFunction, data: dict[str, str], says: str
) -> None:
    function = make_function(publish=True)
    answer = console.post(_place(function, "aliases/"), data)
    assert answer.status_code == 400
    assert says in answer.content.decode()
    assert not function.aliases.exists()


# --- test events -----------------------------------------------------------------------------------------------------


def test_events_are_kept_under_a_name_and_replaced_under_the_same(console: Client, make_function: MakeFunction) -> None:
    function = make_function()
    for payload in ('{"a": 1}', '{"a": 2}'):
        console.post(_place(function, "events/"), {"name": "one", "payload": payload})
    event = function.test_events.get()
    assert event.payload == '{"a": 2}'
    assert r"{\"a\": 2}" in console.get(_place(function)).content.decode()
    console.post(_place(function, "events/delete/"), {"name": "one"})
    assert not function.test_events.exists()


def test_an_invocations_payload_becomes_a_test_event(console: Client, make_function: MakeFunction) -> None:
    function = make_function()
    row = record(request=b'{"from": "history"}')
    console.post(_place(function, "events/"), {"name": "kept", "request_id": row.request_id})
    assert json.loads(function.test_events.get().payload) == {"from": "history"}


def test_a_payload_of_another_function_is_out_of_reach(console: Client, make_function: MakeFunction) -> None:
    function = make_function()
    row = record("other")
    answer = console.post(_place(function, "events/"), {"name": "kept", "request_id": row.request_id})
    assert answer.status_code == 404


def test_invoking_again_begins_with_that_payload(console: Client, make_function: MakeFunction) -> None:
    function = make_function()
    row = record(request=b'{"again": true}')
    page = console.get(_place(function) + f"?from={row.request_id}").content.decode()
    assert "{&quot;again&quot;: true}" in page


# --- invoke and delete -----------------------------------------------------------------------------------------------


def test_a_refused_call_is_a_sentence_beside_the_event(console: Client, make_function: MakeFunction) -> None:
    function = make_function()
    answer = console.post(_place(function, "invoke/"), {"payload": "{"})
    assert answer.status_code == 400
    assert "Could not parse request body into json" in answer.content.decode()
    assert "Nothing ran, and nothing was recorded." in answer.content.decode()


def test_without_an_environment_host_the_page_says_what_to_start(console: Client, make_function: MakeFunction) -> None:
    answer = console.post(_place(make_function(), "invoke/"), {"payload": "{}"})
    assert answer.status_code == 400
    assert "manage.py up" in answer.content.decode()


def test_a_function_is_invoked_right_after_it_was_made(console: Client) -> None:
    console.post(ADD, CREATE)
    answer = console.post(_place(Function.objects.get(), "invoke/"), {"payload": "{}"})
    assert "Pending" not in answer.content.decode()
    assert "manage.py up" in answer.content.decode()  # it would have run


def test_code_is_saved_twice_in_a_row(console: Client, make_function: MakeFunction) -> None:
    function = make_function()
    for source in ("x = 1\n", "x = 2\n"):
        answer = console.post(_place(function, "code/"), {"source": source}, headers={"HX-Request": "true"})
        assert "Saved" in answer.content.decode()


def test_a_dry_run_runs_nothing(console: Client, make_function: MakeFunction) -> None:
    answer = console.post(_place(make_function(), "invoke/"), {"payload": "{}", "invocation_type": "DryRun"})
    assert answer.status_code == 200
    assert "The request would be accepted (status 204)" in answer.content.decode()


def test_deleting_says_what_is_lost_and_asks(console: Client, make_function: MakeFunction) -> None:
    function = make_function(publish=True)
    row = record()
    page = console.get(_place(function, "delete/")).content.decode()
    assert "1 published version," in page
    assert Function.objects.exists()
    console.post(_place(function, "delete/"))
    assert not Function.objects.exists()
    assert console.get(f"/admin/invocations/invocation/{row.request_id}/").status_code == 200


@pytest.mark.parametrize("verb", ["invoke/", "code/", "configuration/", "publish/", "aliases/", "events/", "delete/"])
def test_a_page_of_another_site_can_do_nothing(admin: User, make_function: MakeFunction, verb: str) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(admin)
    assert strict.post(_place(make_function(), verb), {"payload": "{}"}).status_code == 403


def test_reading_a_page_asks_a_fixed_number_of_questions(
    console: Client, make_function: MakeFunction, django_assert_max_num_queries: Any
) -> None:
    function = make_function(publish=True)
    for tab in ("test", "configuration", "versions", "activity"):
        console.get(_place(function) + f"?tab={tab}")
        with django_assert_max_num_queries(12):
            console.get(_place(function) + f"?tab={tab}")
