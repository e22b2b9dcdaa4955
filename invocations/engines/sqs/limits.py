"""SQS's quotas. Source: reference, queues and streams."""

from __future__ import annotations

from invocations.limits import MIB

BATCH_BYTES = MIB  # all messages of a SendMessageBatch together
BATCH_ENTRIES = 10
MESSAGES_PER_RECEIVE = 10
MESSAGE_ATTRIBUTES = 10
WAIT_SECONDS = 20
VISIBILITY_SECONDS = 43_200
DELAY_SECONDS = 900
IN_FLIGHT = 120_000
DEDUPLICATION_MS = 5 * 60 * 1000
PURGE_MS = 60 * 1000  # between two purges of a queue
NAME_MS = 60 * 1000  # until the name of a deleted queue is free
TAGS = 50
MOVES_PER_SECOND = 500  # the most a caller may ask of a move task
TRACE_CHARACTERS = 1024  # of AWSTraceHeader
LIST_ITEMS = 1000
