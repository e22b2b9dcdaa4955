from __future__ import annotations

import json
from typing import Any

import pytest

from invocations.decisions.filter_explainer import data_view, explain_record, leaves, pasted_records, summary
from invocations.decisions.record_filters import compile_filters

ORDER = '{"body": {"kind": ["order"]}}'
BIG = '{"body": {"total": [{"numeric": [">", 100]}]}}'
PLAIN = '{"body": ["hello"]}'


def told(patterns: list[str], body: Any) -> tuple[int | None, list[str]]:
    found = explain_record(compile_filters(patterns, "body"), {"messageId": "m", "body": body})
    return found.taken_by, [one.leaf for one in found.refusals]


@pytest.mark.parametrize(
    ("patterns", "body", "taken_by", "refused_by"),
    [
        ([], "anything", 0, []),
        ([ORDER], {"kind": "order"}, 1, []),
        ([ORDER], {"kind": "invoice"}, None, ["body.kind"]),
        ([ORDER], "text", None, ["body"]),
        ([PLAIN], {"kind": "order"}, None, ["body"]),
        ([PLAIN], "hello", 1, []),
        ([ORDER, BIG], {"kind": "invoice", "total": 101}, 2, ["body.kind"]),
        ([ORDER, BIG], {"kind": "invoice", "total": 100}, None, ["body.kind", "body.total"]),
        (['{"body": {"kind": ["order"], "total": [1]}}'], {"kind": "order"}, None, ["body.total"]),
    ],
)
def test_the_filter_that_takes_a_record_or_the_leaves_that_refuse_it(
    patterns: list[str], body: Any, taken_by: int | None, refused_by: list[str]
) -> None:
    assert told(patterns, body) == (taken_by, refused_by)


@pytest.mark.parametrize(
    ("patterns", "bodies", "sentence", "counted"),
    [
        ([ORDER], [], "There was no message to look at.", []),
        ([ORDER], [{"kind": "order"}], "Of 1 message, all match.", []),
        (
            [ORDER],
            [{"kind": "order"}, {"kind": "a"}, {"kind": "b"}, "text"],
            "Of 4 messages, 1 matches; refused: 3, by body.kind (2), body (1).",
            [("body.kind", 2), ("body", 1)],
        ),
        (
            [ORDER, BIG],
            [{"kind": "order"}, {"total": 101}, {"total": 1}],
            "Of 3 messages, 2 match; refused: 1, by filter 1: body.kind (1), filter 2: body.total (1).",
            [("filter 1: body.kind", 1), ("filter 2: body.total", 1)],
        ),
    ],
)
def test_all_records_in_one_sentence(
    patterns: list[str], bodies: list[Any], sentence: str, counted: list[tuple[str, int]]
) -> None:
    filters = compile_filters(patterns, "body")
    found = [explain_record(filters, {"body": body}) for body in bodies]
    assert (summary(found, "message"), leaves(found)) == (sentence, counted)


MESSAGE = {"messageId": "m", "body": "x"}


@pytest.mark.parametrize(
    ("pasted", "key", "records"),
    [
        (MESSAGE, "body", [MESSAGE]),
        ({"Records": [MESSAGE, MESSAGE]}, "body", [MESSAGE, MESSAGE]),
        ({"eventSource": "aws:sqs", "body": "x"}, "body", [{"eventSource": "aws:sqs", "body": "x"}]),
        ({"records": {"t-0": [{"value": "eA=="}]}}, "value", [{"value": "eA=="}]),
        ({"kinesis": {"data": "eA=="}}, "data", [{"kinesis": {"data": "eA=="}}]),
        ({"eventName": "INSERT"}, "", [{"eventName": "INSERT"}]),
        # What follows is a record's data alone.
        ({"body": "x"}, "body", []),
        ({"data": 1, "topic": "t"}, "data", []),
        ({"kind": "order"}, "body", []),
        ({"Records": []}, "body", []),
        ({"Records": ["x"]}, "body", []),
        ([1], "body", []),
        ("text", "", []),
    ],
)
def test_a_pasted_record_is_told_from_its_data(pasted: object, key: str, records: list[Any]) -> None:
    assert pasted_records(json.dumps(pasted), key) == records


@pytest.mark.parametrize(
    ("text", "view"),
    [
        ('{"kind": "order"}', {"body": {"kind": "order"}}),
        ('{"body": {"kind": "order"}}', {"body": {"kind": "order"}}),
        ('{"body": "{\\"kind\\": 1}"}', {"body": {"kind": 1}}),
        ('{"body": "text"}', {"body": "text"}),
        ('{"body": 1, "more": 2}', {"body": {"body": 1, "more": 2}}),
        ("not json", {"body": "not json"}),
        ("[" * 100_000, {"body": "[" * 100_000}),
    ],
)
def test_data_alone_is_seen_as_a_record_of_it(text: str, view: dict[str, Any]) -> None:
    assert data_view(text, "body") == view
