"""What a schedule sends."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

from invocations.decisions.schedule_input import Firing, at_attempt, body

ARN = "arn:aws:scheduler:us-east-1:000000000000:schedule/default/tick"
SLOT = datetime(2026, 1, 31, 14, 5, tzinfo=timezone(timedelta(hours=2)))
FIRING = Firing(ARN, "000000000000", "us-east-1", SLOT, "schedule:1:1:x")


def test_keywords_are_filled_in_and_the_attempt_when_it_is_made() -> None:
    text = json.dumps({name: f"<aws.scheduler.{name}>" for name in ("schedule-arn", "scheduled-time", "execution-id")})
    assert json.loads(body(text, FIRING)) == {
        "schedule-arn": ARN,
        "scheduled-time": "2026-01-31T12:05:00Z",
        "execution-id": FIRING.execution_id,
    }
    open_ = body("try <aws.scheduler.attempt-number> of <aws.scheduler.else>", FIRING)
    assert at_attempt(open_, 2) == b"try 2 of <aws.scheduler.else>"


def test_without_an_input_the_notification_is_aws_s() -> None:
    assert json.loads(body(None, FIRING)) == {
        "version": "0",
        "id": FIRING.execution_id,
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "account": "000000000000",
        "time": "2026-01-31T12:05:00Z",
        "region": "us-east-1",
        "resources": [ARN],
        "detail": "{}",
    }


def test_every_firing_has_an_execution_id_of_its_own() -> None:
    other = Firing(ARN, "000000000000", "us-east-1", SLOT, "schedule:1:1:y")
    assert len(FIRING.execution_id) == 16
    assert FIRING.execution_id != other.execution_id
