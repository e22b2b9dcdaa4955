"""What SQS knows of a message beside its body: the system attributes."""

from __future__ import annotations

from json.encoder import encode_basestring

from invocations.engines.sqs.sending import sequence_text
from invocations.engines.sqs.taking import Taken
from invocations.models import Message


def system_attributes(row: Message) -> dict[str, str]:
    """Those that the message has, all as strings."""
    found = {
        "SenderId": row.sender,
        "SentTimestamp": str(row.sent_ms),
        "ApproximateReceiveCount": str(row.receive_count),
        "ApproximateFirstReceiveTimestamp": "" if row.first_received_ms is None else str(row.first_received_ms),
        "SequenceNumber": sequence_text(row.sequence) if row.sequence else "",
        "MessageDeduplicationId": row.deduplication_id,
        "MessageGroupId": row.group,
        "AWSTraceHeader": row.trace_header,
        "DeadLetterQueueSourceArn": row.dead_letter_source,
    }
    return {name: value for name, value in found.items() if value}


def system_text(taken: Taken) -> str:
    """The same of a message in a poller's hand, as JSON: written so, because every message of every batch has it."""
    text = (
        f'"SentTimestamp":"{taken.sent_ms}","ApproximateReceiveCount":"{taken.receive_count}",'
        f'"ApproximateFirstReceiveTimestamp":"{taken.first_received_ms}"'
    )
    if taken.sender:
        text = f'"SenderId":{encode_basestring(taken.sender)},{text}'
    rare = {
        "SequenceNumber": sequence_text(taken.sequence) if taken.sequence else "",
        "MessageDeduplicationId": taken.deduplication_id,
        "MessageGroupId": taken.group,
        "AWSTraceHeader": taken.trace_header,
        "DeadLetterQueueSourceArn": taken.dead_letter_source,
    }
    more = [f',"{name}":{encode_basestring(value)}' for name, value in rare.items() if value]
    return "{" + text + "".join(more) + "}"
