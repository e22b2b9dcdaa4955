"""The stream `rides` that tests of Kinesis speak of, and two things they say again and again."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

ARN = "arn:aws:kinesis:us-east-1:000000000000:stream/rides"
FIRST = "shardId-000000000000"


def iterator(kinesis: Any, shard: str = FIRST, kind: str = "TRIM_HORIZON", **more: Any) -> str:
    made = kinesis.get_shard_iterator(StreamARN=ARN, ShardId=shard, ShardIteratorType=kind, **more)
    text: str = made["ShardIterator"]
    return text


def refused(call: Any, **members: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**members)
    error = caught.value.response["Error"]
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    return f"{error['Code']}: {error['Message']}"
