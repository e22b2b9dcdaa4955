"""What people call the things that ARNs name."""

from __future__ import annotations

import pytest

from invocations.arns import short_name

HERE = "us-east-1:000000000000"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (f"arn:aws:lambda:{HERE}:function:fn", "fn"),
        (f"arn:aws:lambda:{HERE}:function:fn:live", "fn:live"),
        (f"arn:aws:lambda:{HERE}:event-source-mapping:0b1c", "0b1c"),
        (f"arn:aws:sqs:{HERE}:inbox.fifo", "inbox.fifo"),
        (f"arn:aws:sns:{HERE}:news", "news"),
        (f"arn:aws:sns:{HERE}:news:6d6e7f0a", "news"),
        (f"arn:aws:events:{HERE}:rule/all", "all"),
        (f"arn:aws:events:{HERE}:rule/bus/all", "bus/all"),
        (f"arn:aws:events:{HERE}:event-bus/default", "default"),
        (f"arn:aws:kinesis:{HERE}:stream/clicks", "clicks"),
        ("arn:aws:s3:::bucket", "bucket"),
        ("https://example.com/hook", "https://example.com/hook"),
        ("", ""),
    ],
)
def test_short_names(text: str, name: str) -> None:
    assert short_name(text) == name
