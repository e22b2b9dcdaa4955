"""Kinesis: JSON 1.1, and the same documents in CBOR."""

from __future__ import annotations

from collections.abc import Callable

from invocations.limits import MIB
from invocations.wire.call import Answer, Call
from invocations.wire.services.kinesis import records, sharding, streams, tags

__all__ = ["LIMITS", "MODEL", "OPERATIONS", "SERVICE"]

SERVICE = "kinesis"
MODEL = "kinesis"
OPERATIONS: dict[str, Callable[[Call], Answer]] = {
    **streams.OPERATIONS,
    **sharding.OPERATIONS,
    **records.OPERATIONS,
    **tags.OPERATIONS,
}
# 10 MiB of data in base64, and the partition keys.
LIMITS = dict.fromkeys(("PutRecord", "PutRecords"), 16 * MIB)
