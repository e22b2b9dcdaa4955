"""How often an endpoint is tried, and after which waits."""

from __future__ import annotations

import json
from typing import Any

import pytest

from invocations.decisions import delivery_policy as policies
from invocations.decisions.delivery_policy import InvalidPolicy


def schedule(**retry: Any) -> tuple[int, tuple[int, ...]]:
    own = policies.read_subscription_policy(json.dumps({"healthyRetryPolicy": retry}))
    found = policies.http_schedule(policies.effective_subscription_policy({}, own)["healthyRetryPolicy"])
    return found.tries, found.back_off


@pytest.mark.parametrize(
    ("retry", "waits"),
    [
        ({}, (20, 20, 20)),
        ({"numRetries": 0}, ()),
        ({"numRetries": 2, "numNoDelayRetries": 2}, (0, 0)),
        (
            {
                "numRetries": 7,
                "numNoDelayRetries": 1,
                "numMinDelayRetries": 2,
                "numMaxDelayRetries": 1,
                "minDelayTarget": 1,
                "maxDelayTarget": 10,
            },
            (0, 1, 1, 4, 7, 10, 10),
        ),
        ({"numRetries": 3, "minDelayTarget": 1, "maxDelayTarget": 64, "backoffFunction": "geometric"}, (4, 16, 64)),
        ({"numRetries": 3, "minDelayTarget": 1, "maxDelayTarget": 8, "backoffFunction": "exponential"}, (2, 4, 8)),
        ({"numRetries": 3, "minDelayTarget": 1, "maxDelayTarget": 7, "backoffFunction": "arithmetic"}, (2, 4, 7)),
    ],
)
def test_waits_of_an_http_endpoint(retry: dict[str, Any], waits: tuple[int, ...]) -> None:
    assert schedule(**retry) == (len(waits) + 1, waits)


def test_a_hundred_exponential_retries_end_at_the_longest_wait() -> None:
    tries, waits = schedule(numRetries=100, minDelayTarget=1, maxDelayTarget=3600, backoffFunction="exponential")
    assert (tries, waits[0], waits[-1]) == (101, 1, 3600)


def test_aws_own_endpoints_are_tried_for_23_days() -> None:
    waits = policies.MANAGED.back_off
    retries = policies.MANAGED.tries - 1
    assert (retries, waits[:5], len(waits[5:]), waits[-1]) == (100_015, (0, 0, 0, 1, 1), 10, 20)
    whole = sum(waits) + (retries - len(waits)) * waits[-1]
    assert 23 <= whole / 86_400 < policies.MANAGED.max_age_seconds / 86_400 < 25


@pytest.mark.parametrize(
    ("policy", "text"),
    [
        ({"healthyRetryPolicy": {"numRetries": -1}},
         "healthyRetryPolicy.numRetries must be a whole number from 0 to 100"),
        ({"healthyRetryPolicy": {"numRetries": True}},
         "healthyRetryPolicy.numRetries must be a whole number from 0 to 100"),
        ({"healthyRetryPolicy": {"minDelayTarget": 0}},
         "healthyRetryPolicy.minDelayTarget must be a whole number from 1 to 3600"),
        ({"healthyRetryPolicy": {"minDelayTarget": 30}},
         "healthyRetryPolicy.maxDelayTarget must be greater than or equal to minDelayTarget"),
        ({"healthyRetryPolicy": {"numNoDelayRetries": 4}},
         "healthyRetryPolicy.numRetries must be greater than or equal to the sum of its phases"),
        ({"healthyRetryPolicy": {"backoffFunction": "fast"}},
         "healthyRetryPolicy.backoffFunction must be one of linear, arithmetic, geometric, exponential"),
        ({"healthyRetryPolicy": {"often": 1}}, "unexpected attribute often in healthyRetryPolicy"),
        ({"healthyRetryPolicy": 3}, "healthyRetryPolicy must be an object"),
        ({"throttlePolicy": {"maxReceivesPerSecond": 1}}, "lambdaplay does not offer throttlePolicy"),
        ({"guaranteed": True}, "lambdaplay does not offer guaranteed"),
        ({"http": {}}, "unexpected attribute http in DeliveryPolicy"),
        ({"requestPolicy": {"headerContentType": "text/plain; charset=latin-1"}},
         "requestPolicy.headerContentType may name no other charset than UTF-8"),
        ([], "must be a JSON object"),
    ],
)  # fmt: skip
def test_policies_that_cannot_be(policy: Any, text: str) -> None:
    with pytest.raises(InvalidPolicy) as refused:
        policies.read_subscription_policy(json.dumps(policy))
    assert str(refused.value) == text


def test_an_unknown_content_type_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InvalidPolicy, match="must be one of application/atom"):
        policies.read_subscription_policy('{"requestPolicy": {"headerContentType": "image/png"}}')


@pytest.mark.parametrize("text", ["", "null", "{}", '{"healthyRetryPolicy": null, "guaranteed": false}'])
def test_a_policy_that_says_nothing_is_none(text: str) -> None:
    assert policies.read_subscription_policy(text) == {}


@pytest.mark.parametrize(
    ("kind", "raw", "sent"),
    [
        ("application/json", False, "application/json"),
        ("text/csv", False, "text/plain; charset=UTF-8"),
        ("text/csv", True, "text/csv"),
    ],
)
def test_an_envelope_is_sent_as_text_or_json(kind: str, raw: bool, sent: str) -> None:
    own = policies.read_subscription_policy(json.dumps({"requestPolicy": {"headerContentType": kind}}))
    assert policies.content_type(policies.effective_subscription_policy({}, own), raw) == sent
