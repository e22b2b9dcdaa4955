"""What EventBridge makes of an event."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from invocations.decisions.event_envelope import is_full, opened, read_detail, seal, time_text

AT = datetime(2026, 1, 31, 12, 34, 56, 789000, tzinfo=UTC)


def text_of(detail: str) -> str:
    made = seal("e-1", "shop", "order", detail, account="1", region="r", at=AT, resources=["a"])
    assert made is not None
    return made.text


def test_members_stand_in_aws_order_and_the_detail_as_it_was_written() -> None:
    assert text_of('{ "z": 1.0, "a" : [1e2, "x  y\\" z"], "z": 2 }') == (
        '{"version":"0","id":"e-1","detail-type":"order","source":"shop","account":"1","time":"2026-01-31T12:34:56Z",'
        '"region":"r","resources":["a"],"detail":{"z":1.0,"a":[1e2,"x  y\\" z"],"z":2}}'
    )


def test_what_queues_refuse_is_escaped() -> None:
    text = text_of(json.dumps({"k": "\uffff\ufffe é"}, ensure_ascii=False))
    assert "\uffff" not in text
    assert json.loads(text)["detail"] == {"k": "\uffff\ufffe é"}


@pytest.mark.parametrize(
    "detail", ["", "1", '"x"', "[]", "null", "{", "{}}", '{"a": NaN}', '{"a": 1e999}', "{'a': 1}", "[" * 100_000]
)
def test_a_detail_that_is_no_object_is_malformed(detail: str) -> None:
    assert read_detail(detail) is None
    assert seal("e", "s", "t", detail, account="1", region="r", at=AT) is None


def test_an_envelope_that_was_passed_on_is_read_back() -> None:
    text = text_of('{"a": 1}')
    again = opened(text.encode())
    assert again is not None
    assert (again.text, again.event_id, again.document["detail"]) == (text, "e-1", {"a": 1})
    assert [opened(body) for body in (b"", b"1", b"{}", b'{"id": 1}', b"\xff")] == [None] * 5


def test_time_is_told_in_whole_seconds_of_utc() -> None:
    assert time_text(AT.astimezone(timezone(timedelta(hours=2)))) == "2026-01-31T12:34:56Z"


def test_a_full_event_has_every_member() -> None:
    document = json.loads(text_of("{}"))
    assert is_full(document)
    assert not any(is_full({key: value for key, value in document.items() if key != name}) for name in ("id", "detail"))
    assert not is_full([])
