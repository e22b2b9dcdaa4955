from __future__ import annotations

import json
from typing import Any

import pytest

from invocations.decisions.record_filters import InvalidFilter, compile_filter, compile_filters, data_of, refusal

JSON_RULE, PLAIN_RULE = {"body": {"kind": ["order"]}}, {"body": [{"prefix": "ord"}]}


@pytest.mark.parametrize(
    ("pattern", "body", "passes"),
    [
        (PLAIN_RULE, "order 1", True),
        (PLAIN_RULE, "visit", False),
        (JSON_RULE, "order", False),
        (PLAIN_RULE, '{"kind":"order"}', False),
        ({"body": [{"exists": True}]}, '{"kind":"order"}', False),
        (JSON_RULE, '{"kind":"order"}', True),
        (JSON_RULE, '{"kind":"visit"}', False),
        ({"body": {"kind": [{"exists": False}]}}, "plain", False),
        ({"body": {"kind": [{"exists": False}]}}, "{}", True),
        ({"messageId": ["m"]}, "anything", True),
        ({"messageId": ["other"]}, "anything", False),
        ({"$or": [JSON_RULE, {"messageId": ["m"]}]}, '{"kind":"visit"}', True),
        (PLAIN_RULE, '["order"]', False),
    ],
)
def test_of_queues(pattern: dict[str, Any], body: str, passes: bool) -> None:
    view = {"messageId": "m", "body": data_of(body)}
    assert (refusal([compile_filter(json.dumps(pattern), "body")], view) == "") is passes


def test_one_of_several_is_enough() -> None:
    filters = compile_filters([json.dumps(JSON_RULE), json.dumps(PLAIN_RULE)], "body")
    assert refusal(filters, {"body": "order"}) == ""
    assert refusal(filters, {"body": "x"}) == 'body is "x"; the pattern wants [{"prefix": "ord"}].'


@pytest.mark.parametrize("text", ["", "x", "[]", '"a"', "null", '{"body":[]}', '{"body":"x"}', '{"body":null}', "{}"])
def test_what_is_no_pattern(text: str) -> None:
    with pytest.raises(InvalidFilter):
        compile_filter(text, "body")


def test_streams_take_no_plain_rule_on_their_data() -> None:
    with pytest.raises(InvalidFilter):
        compile_filter('{"data":["x"]}', "data", plain_allowed=False)
    compile_filter('{"data":{"a":["x"]},"partitionKey":["k"]}', "data", plain_allowed=False)
