"""The setting that says where sources are."""

from __future__ import annotations

import pytest

from invocations.decisions.source_places import BadPlace, Endpoint, endpoint_of, read

QUEUE = "arn:aws:sqs:eu-west-1:111122223333:orders"
HERE = Endpoint("http://localhost:4566")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("kinesis=http://localhost:4566", None),
        ("sqs=http://localhost:4566", HERE),
        (" sqs = http://localhost:4566 ; ", HERE),
        ("sqs=aws", Endpoint()),
        ("sqs=aws:work", Endpoint(profile="work")),
        ("sqs=http://k:s%2F1@localhost:4566", Endpoint("http://localhost:4566", key=("k", "s/1"))),
        ("sqs=https://k:s@queues.example/base", Endpoint("https://queues.example/base", key=("k", "s"))),
        ("sqs=embedded", None),
        ("arn:aws:sqs:*:111122223333:*=aws", Endpoint()),
        ("arn:aws:sqs:*:999922223333:*=aws", None),
        ("arn:aws:sqs:*:*:orders=embedded;sqs=aws", None),
        ("arn:aws:sqs:*:*:rides=embedded;sqs=aws", Endpoint()),
    ],
)
def test_the_first_rule_that_fits_decides(text: str, expected: Endpoint | None) -> None:
    assert endpoint_of(read(text), "sqs", QUEUE) == expected


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("sqs", "must end with 'embedded', 'aws', 'aws:PROFILE' or an http(s) URL"),
        ("sqs=aws:", "must end with"),
        ("sqs=localhost:4566", "must end with"),
        ("sqs=ftp://localhost", "must end with"),
        ("s3=aws", "must begin with sqs, kinesis or an ARN of theirs"),
        ("arn:aws:s3:::bucket=aws", "must begin with"),
        ("arn:aws:sqs=aws", "must begin with"),
        ("sqs=http://key@localhost", "names a user and no password"),
    ],
)
def test_what_cannot_be_meant_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(BadPlace, match="^.*" + sentence.replace("(", r"\(").replace(")", r"\)")):
        read(text)
