"""Sums the numbers in a batch of queue messages, as Amazon SQS delivers them to a function.

A message that is no number does not spoil the batch: it is reported by its id, so that only it comes again.
"""

import json


def handler(event, context):
    total = 0
    failures = []
    for record in event["Records"]:
        try:
            total += number_in(record["body"])
        except ValueError as error:
            print(f"Message {record['messageId']}: {error}")
            failures.append({"itemIdentifier": record["messageId"]})
    print(f"{len(event['Records']) - len(failures)} numbers, total {total}")
    return {"batchItemFailures": failures, "total": total}


def number_in(body):
    """Return the number that a message's body is; raise ValueError when it is something else."""
    value = json.loads(body)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"not a number: {body}")
    return value
