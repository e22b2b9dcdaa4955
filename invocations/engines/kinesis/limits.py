"""Kinesis's quotas and defaults. Source: reference, queues and streams; the Kinesis quotas page."""

from __future__ import annotations

from invocations.limits import MIB

PUT_RECORDS = 500
PUT_BYTES = 10 * MIB  # data and partition keys of one PutRecords
READ_RECORDS = 10_000
READ_BYTES = 10 * MIB
ITERATOR_SECONDS = 300
RETENTION_HOURS = (24, 8760)
SHARDS = 500  # open shards of an account in one region
ON_DEMAND_STREAMS = 50
ON_DEMAND_SHARDS = 4  # of a new on-demand stream
TAGS = 50
LIST_STREAMS = 100
LIST_SHARDS = 1000
DESCRIBE_SHARDS = 100
TOKEN_SECONDS = 300  # of a list's NextToken
