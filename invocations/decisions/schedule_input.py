"""What a schedule's target gets: its Input with the keywords filled in, or the notification that AWS sends without one.

Keywords: <aws.scheduler.schedule-arn>, <aws.scheduler.scheduled-time>, <aws.scheduler.execution-id> and
<aws.scheduler.attempt-number>. The last is known when it is sent. Source: Scheduler's user guide, context attributes.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime

from invocations.arns import Arn

_ATTEMPT = b"<aws.scheduler.attempt-number>"


@dataclass(frozen=True)
class Firing:
    """One firing of a schedule."""

    arn: str  # of the schedule
    account: str
    region: str
    slot: datetime
    key: str  # its own

    @property
    def execution_id(self) -> str:
        return hashlib.sha256(self.key.encode()).hexdigest()[:16]

    @property
    def time(self) -> str:
        return self.slot.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def takes_json(target: Arn) -> bool:
    """Whether AWS wants this target's Input to be JSON."""
    return target.service in ("lambda", "events")


def body(text: str | None, firing: Firing) -> bytes:
    """What is sent; the attempt's number is still open."""
    if text is None:
        return _notification(firing)
    facts = {"schedule-arn": firing.arn, "scheduled-time": firing.time, "execution-id": firing.execution_id}
    for name, value in facts.items():
        text = text.replace(f"<aws.scheduler.{name}>", value)
    return text.encode()


def at_attempt(sent: bytes, attempt: int) -> bytes:
    """What is sent with an attempt, counted from 1."""
    return sent.replace(_ATTEMPT, str(attempt).encode())


def _notification(firing: Firing) -> bytes:
    document = {
        "version": "0",
        "id": firing.execution_id,
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "account": firing.account,
        "time": firing.time,
        "region": firing.region,
        "resources": [firing.arn],
        "detail": "{}",
    }
    return json.dumps(document, separators=(",", ":")).encode()
