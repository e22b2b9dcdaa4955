"""Templates as EventBridge fills them in. Marked R: AWS's recorded answers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invocations.decisions.input_transformer import Circumstances, InvalidResult, compact, problem, transform

ARN = "arn:aws:events:us-east-1:111111111111:rule/bus/orders"
EVENT: dict[str, Any] = {
    "version": "0",
    "id": "e-1",
    "detail-type": "order",
    "source": "shop",
    "account": "111111111111",
    "time": "2026-01-31T12:00:00Z",
    "region": "us-east-1",
    "resources": [],
    "detail": {"s": "text", "q": 'say "hi"\n', "n": 1.5, "b": True, "z": None, "o": {"k": "v"}, "l": ["a", "b"]},
}
MORE = Circumstances(ARN, "orders", "2026-01-31T12:00:01Z", compact(EVENT))
PATHS = {name: f"$.detail.{name}" for name in "sqnbzol"} | {"missing": "$.detail.nope"}


@pytest.mark.parametrize(
    ("template", "made"),
    [
        ('{"a": <s>, "b": <n>, "c": <b>, "d": <z>}', '{"a": "text", "b": 1.5, "c": true, "d": null}'),
        ('{"a": "x <s> y <n> <b>"}', '{"a": "x text y 1.5 true"}'),
        ('{"a": <o>, "l": <l>}', '{"a": {"k":"v"}, "l": ["a","b"]}'),
        ('{"a": <q>}', '{"a": "say \\"hi\\"\\n"}'),
        ('{"a": "<q>"}', '{"a": "say \\"hi\\"\\n"}'),
        ('{"a": "\\"<s>\\"", "b": <s>}', '{"a": "\\"text\\"", "b": "text"}'),
        ('{"a": <missing>}', '{"a": ""}'),  # R
        ('{"a": "<missing>"}', '{"a": ""}'),
        ('"of <s>, <missing>"', '"of text, "'),  # R
        ('"{[/starts <s>"', '"{[/starts text"'),  # R
        ('"<o> and <l>"', '"{k:v} and [a,b]"'),
        ("<s> is <n>", '"text" is 1.5'),
        ("no placeholder < s >", "no placeholder < s >"),
        ('"<aws.events.rule-arn> <aws.events.rule-name>"', f'"{ARN} orders"'),  # R
        ('"<aws.events.event.ingestion-time>"', '"2026-01-31T12:00:01Z"'),  # R
        ('{"e": <aws.events.event.json>}', f'{{"e": {compact(EVENT)}}}'),  # R
    ],
)
def test_a_template_is_filled_in(template: str, made: str) -> None:
    assert transform(template, PATHS, EVENT, MORE) == made


def test_the_event_without_detail_has_the_members_that_aws_gives_it() -> None:
    made = json.loads(transform('{"e": <aws.events.event>}', {}, EVENT, MORE))["e"]
    assert list(made) == ["id", "account", "detailType", "time", "source", "region", "resources", "version"]
    assert (made["detailType"], made["time"]) == ("order", MORE.ingestion_time)


@pytest.mark.parametrize("template", ['{"a": "<o>"}', '{"a": "users/<o>"}', '{"l": "<l>"}', '{"a": <s>'])
def test_json_that_comes_out_broken_is_not_sent(template: str) -> None:
    with pytest.raises(InvalidResult):
        transform(template, PATHS, EVENT, MORE)


@pytest.mark.parametrize(
    ("template", "says"),
    [
        ('"<s> <unknown>"', "contains invalid placeholder unknown."),  # R
        (
            '["<aws.events.event.json>"]',
            "contains placeholder aws.events.event.json valid only for JSON template.",
        ),  # R
        ('{"e": <aws.events.event.json>}', ""),
        ('"<s>"', ""),
        ("<aws.events.rule-name>", ""),
        ("<aws.events.nope>", "contains invalid placeholder aws.events.nope."),
    ],
)
def test_what_is_wrong_is_said_when_it_is_put(template: str, says: str) -> None:
    assert problem(template, PATHS) == says


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists))
def test_unquoted_values_come_back_whole(value: Any) -> None:
    made = transform('{"v": <v>}', {"v": "$.detail"}, {**EVENT, "detail": value}, MORE)
    assert json.loads(made) == {"v": value}


@given(st.text())
def test_quoted_texts_come_back_whole(value: str) -> None:
    made = transform('{"v": "<v>!"}', {"v": "$.detail"}, {**EVENT, "detail": value}, MORE)
    assert json.loads(made) == {"v": f"{value}!"}
