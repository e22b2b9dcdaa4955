"""What happened to this one?"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from invocations import clock
from invocations.admin.previews import preview
from invocations.models import Invocation
from invocations.values import Outcome
from tests.admin.conftest import MakeFunction, record

pytestmark = pytest.mark.django_db

LIST = "/admin/invocations/invocation/"


def _ids(console: Client, **query: Any) -> list[str]:
    answer = console.get(LIST, {"format": "json", **query})
    assert answer.status_code == 200
    return [row["request_id"] for row in answer.json()["invocations"]]


def test_the_newest_come_first_and_pages_follow_by_key(console: Client) -> None:
    rows = [record().request_id for _ in range(60)][::-1]
    first = console.get(LIST, {"format": "json"}).json()
    assert [row["request_id"] for row in first["invocations"]] == rows[:25]
    record()  # a row that comes meanwhile moves nothing
    second = console.get(LIST, {"format": "json", "before": first["older"]}).json()
    assert [row["request_id"] for row in second["invocations"]] == rows[25:50]
    third = console.get(LIST, {"format": "json", "before": second["older"]}).json()
    assert [row["request_id"] for row in third["invocations"]] == rows[50:]
    assert third["older"] is None


def test_the_way_back_shows_the_page_before(console: Client) -> None:
    rows = [record().request_id for _ in range(60)][::-1]
    key = Invocation.objects.get(request_id=rows[50]).pk
    assert _ids(console, after=key) == rows[25:50]


def test_each_filter_narrows_the_list(console: Client) -> None:
    good = record("one").request_id
    slow = record("two", outcome=Outcome.TIMEOUT).request_id
    wrong = record("two", outcome=Outcome.FUNCTION_ERROR).request_id
    old = record("one", at=clock.now() - timedelta(days=2)).request_id
    assert _ids(console, function="two") == [wrong, slow]
    assert _ids(console, outcome="failed") == [wrong, slow]
    assert _ids(console, outcome="Timeout") == [slow]
    assert _ids(console, since="24h") == [wrong, slow, good]
    assert _ids(console, request_id=good[:10]) == [good]
    assert _ids(console, type="RequestResponse") == [old, wrong, slow, good]
    assert _ids(console, type="Event") == []
    day_before = clock.now() - timedelta(days=1)
    assert _ids(console, end=day_before.strftime("%Y-%m-%dT%H:%M")) == [old]
    assert _ids(console, function="two", outcome="Timeout", since="15m") == [slow]


def test_the_filters_stay_in_the_links_to_other_pages(console: Client) -> None:
    for _ in range(30):
        record("two")
    page = console.get(LIST, {"function": "two", "outcome": ""}).content.decode()
    assert 'rel="next" href="?function=two&amp;before=' in page


def test_a_function_of_another_region_is_found_when_it_is_named(console: Client) -> None:
    there = record("one", region="eu-west-1").request_id
    assert _ids(console, function="one") == []
    assert _ids(console, function="one", region="eu-west-1") == [there]


@pytest.mark.parametrize(
    "query",
    [
        {"before": "x"}, {"after": "9" * 30}, {"outcome": "Nope"}, {"since": "1y"}, {"start": "yesterday"},
        {"account": "1"}, {"request_id": "%"}, {"function": "x" * 100}, {"function": "a\x00b"},
    ],
)  # fmt: skip
def test_a_strange_filter_is_told_not_an_error(console: Client, query: dict[str, str]) -> None:
    record()
    assert console.get(LIST, query).status_code == 200


def test_the_list_asks_a_fixed_number_of_questions(console: Client, django_assert_max_num_queries: Any) -> None:
    for _ in range(40):
        record()
    with django_assert_max_num_queries(5):
        console.get(LIST)


def test_the_page_tells_the_sentence_and_everything_it_was_made_from(
    console: Client, make_function: MakeFunction
) -> None:
    make_function("hello")
    row = record(outcome=Outcome.FUNCTION_ERROR, init_us=48_000, response=b'{"errorMessage":"boom"}')
    page = console.get(f"{LIST}{row.request_id}/").content.decode()
    for part in (
        "The handler failed with ValueError: boom",
        "never retried by Lambda",
        row.request_id,
        row.trace_id,
        "0123456789ab",
        "48 ms",
        "&quot;errorMessage&quot;: &quot;boom&quot;",
        "<svg",
        "arn:aws:lambda:us-east-1:000000000000:function:hello",
        f"?from={row.request_id}",
    ):
        assert part in page, part


def test_a_hint_that_the_runtime_wrote_is_part_of_the_sentence(console: Client) -> None:
    row = record(
        outcome=Outcome.FUNCTION_ERROR, log=b"START\nlambdaplay: this function's network is 'endpoint'.\nEND\n"
    )
    page = console.get(f"{LIST}{row.request_id}/").content.decode()
    assert "This function&#x27;s network is &#x27;endpoint&#x27;." in page


def test_the_same_address_gives_json(console: Client) -> None:
    row = record(init_us=48_000, duration_us=2_500)
    document = console.get(f"{LIST}{row.request_id}/?format=json").json()
    assert document["condition"] == "Success"
    assert document["attempts"][0]["init_ms"] == 48
    assert document["attempts"][0]["duration_ms"] == 2.5


def test_a_payload_cannot_become_part_of_the_page(console: Client) -> None:
    row = record(request=b'"<script>alert(1)</script>"', log=b"<img src=x onerror=alert(1)>", error_message="<b>")
    page = console.get(f"{LIST}{row.request_id}/").content.decode()
    assert "<script>alert" not in page
    assert "<img" not in page


def test_the_raw_bytes_come_as_they_went(console: Client) -> None:
    body = b'{"a":  1,\xff}'
    row = record(request=body)
    answer = console.get(f"{LIST}{row.request_id}/request/raw/")
    assert answer.content == body
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert console.get(f"{LIST}{row.request_id}/secret/raw/").status_code == 404


def test_history_outlives_its_function_and_its_payload(console: Client) -> None:
    row = record("gone")
    row.payload.delete()
    page = console.get(f"{LIST}{row.request_id}/").content.decode()
    assert "(deleted since)" in page
    assert "Payloads and log are no longer kept." in page
    assert console.get(f"{LIST}{row.request_id}/log/raw/").status_code == 404


def test_nothing_in_the_history_can_be_edited(console: Client) -> None:
    row = record()
    assert console.get(f"{LIST}add/").status_code == 403
    assert console.get(f"{LIST}{row.pk}/delete/").status_code == 403
    assert console.post(f"{LIST}{row.pk}/change/", {"function": "other"}).status_code == 200
    assert Invocation.objects.get().function == "hello"


@pytest.mark.parametrize(
    ("document", "trace"),
    [
        (
            {"errorType": "ValueError", "errorMessage": "boom", "stackTrace": ["  File a\n    raise\n"]},
            "  File a\n    raise\nValueError: boom",
        ),
        ({"errorType": "Error", "errorMessage": "no", "trace": ["Error: no", "    at f"]}, "Error: no\n    at f"),
        ({"errorType": "Sandbox.Timedout", "errorMessage": "late"}, "Sandbox.Timedout: late"),
        ({"errorType": "X", "errorMessage": "m", "stackTrace": "odd"}, "X: m"),
        ({"errorType": "X", "stackTrace": [1]}, "X: "),
        ({"greeting": "hello"}, ""),
        ([{"errorType": "X"}], ""),
        (None, ""),
    ],
)
def test_an_error_document_is_read_as_a_stack(document: Any, trace: str) -> None:
    assert preview("response", json.dumps(document).encode(), 4000).trace == trace


@pytest.mark.parametrize(
    ("body", "kind", "text"),
    [
        (b'{"b":1,"a":[]}', "json", '{\n  "b": 1,\n  "a": []\n}'),
        (b"not json", "text", "not json"),
        (b"", "text", ""),
        (b"\x00\xff\xfe\xfd" * 10, "binary", ""),
        ("ü".encode() * 20 + b"\xc3", "text", "ü" * 20 + "\ufffd"),  # cut inside a character
        (b"[" * 5000 + b"]" * 5000, "text", ("[" * 5000 + "]" * 5000)[:4000]),  # too deep to indent
        (json.dumps("x" * 5000).encode(), "json", '"' + "x" * 3999),
    ],
)
def test_a_preview_is_readable_and_bounded(body: bytes, kind: str, text: str) -> None:
    shown = preview("request", body, 4000)
    assert (shown.kind, shown.text, shown.size) == (kind, text, len(body))
    assert shown.cut == (len(shown.text) == 4000)
