"""SNS's quotas. Source: reference, queues and streams; AWS's service model."""

from __future__ import annotations

from datetime import timedelta

from invocations.limits import MIB

MESSAGE_BYTES = 256 * 1024  # with its attributes; of a batch: all together
MESSAGE_BYTES_MIN, MESSAGE_BYTES_MAX = 1024, MIB  # what a topic's owner may set
LARGE_SUBSCRIPTIONS = 100  # of a topic that takes more than 256 KiB
SUBJECT_CHARACTERS = 100
BATCH_ENTRIES = 10
LIST_ITEMS = 100
TAGS = 50
DEDUPLICATION = timedelta(minutes=5)
TOKEN_LIFE = timedelta(days=2)  # of a confirmation
RAW_ATTRIBUTES = 10  # a queue takes no more, so a raw message with more is not delivered
HTTP_SECONDS = 15  # an endpoint that has not answered by then has failed
