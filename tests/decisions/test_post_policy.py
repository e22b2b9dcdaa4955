"""Policies of browser uploads, condition by condition."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from invocations.decisions import post_policy
from invocations.errors import Refusal

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
FIELDS = {"bucket": "b", "key": "user/a.txt", "acl": "private"}
CONDITIONS: list[Any] = [{"bucket": "b"}, ["starts-with", "$key", "user/"], {"ACL": "private"}]


def check(
    conditions: Any = CONDITIONS, fields: Any = FIELDS, size: int = 5, expiration: Any = "2026-01-31T12:00:01Z"
) -> None:
    document = json.dumps({"expiration": expiration, "conditions": conditions})
    post_policy.check(base64.b64encode(document.encode()).decode(), fields, size, NOW)


def test_what_keeps_to_its_policy_is_let_in() -> None:
    check()
    check([*CONDITIONS, ["content-length-range", 5, "5"]])
    check(fields={**FIELDS, "policy": "x", "signature": "y", "x-ignore-this": "z"})
    check([*CONDITIONS, ["starts-with", "$Content-Type", ""]], {**FIELDS, "content-type": "image/png"})


@pytest.mark.parametrize(
    ("more", "code", "text"),
    [
        (
            {"expiration": "2026-01-31T12:00:00Z"},
            "AccessDeniedException",
            "Invalid according to Policy: Policy expired.",
        ),
        (
            {"fields": {**FIELDS, "key": "x"}},
            "AccessDeniedException",
            'Invalid according to Policy: Policy Condition failed: ["starts-with", "$key", "user/"]',
        ),
        (
            {"fields": {**FIELDS, "bucket": "c"}},
            "AccessDeniedException",
            'Invalid according to Policy: Policy Condition failed: ["eq", "$bucket", "b"]',
        ),
        (
            {"fields": {"bucket": "b", "key": "user/a"}},
            "AccessDeniedException",
            'Invalid according to Policy: Policy Condition failed: ["eq", "$acl", "private"]',
        ),
        (
            {"fields": {**FIELDS, "x-amz-meta-a": "1"}},
            "AccessDeniedException",
            "Invalid according to Policy: Extra input fields: x-amz-meta-a",
        ),
        (
            {"conditions": CONDITIONS[1:]},
            "AccessDeniedException",
            "Invalid according to Policy: Extra input fields: bucket",
        ),
        (
            {"conditions": [*CONDITIONS, ["content-length-range", 6, 9]]},
            "EntityTooSmall",
            "Your proposed upload is smaller than the minimum allowed size",
        ),
        (
            {"conditions": [*CONDITIONS, ["content-length-range", 0, 4]]},
            "RequestEntityTooLargeException",
            "Your proposed upload exceeds the maximum allowed size",
        ),
        ({"expiration": "tomorrow"}, "InvalidPolicyDocument", "Invalid Policy: Invalid 'expiration' value."),
        ({"expiration": 3}, "InvalidPolicyDocument", "Invalid Policy: Invalid JSON."),
        ({"conditions": {}}, "InvalidPolicyDocument", "Invalid Policy: Invalid JSON."),
        ({"conditions": ["x"]}, "InvalidPolicyDocument", "Invalid Policy: Invalid Simple-Condition."),
        ({"conditions": [["eq", "key", "x"]]}, "InvalidPolicyDocument", "Invalid Policy: Invalid Simple-Condition."),
        (
            {"conditions": [["content-length-range", -1, 4]]},
            "InvalidPolicyDocument",
            "Invalid Policy: Invalid Simple-Condition.",
        ),
    ],
)
def test_what_does_not_is_refused_in_s3_s_words(more: dict[str, Any], code: str, text: str) -> None:
    with pytest.raises(Refusal) as refused:
        check(**more)
    assert (refused.value.code, refused.value.message) == (code, text)


@pytest.mark.parametrize("policy", ["", "no base64", base64.b64encode(b"no JSON").decode(), "W10="])
def test_what_is_no_policy_is_refused(policy: str) -> None:
    with pytest.raises(Refusal, match="Invalid JSON"):
        post_policy.check(policy, FIELDS, 5, NOW)
