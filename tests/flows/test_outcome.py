"""What a finished event owes to whom, written with its outcome."""

from __future__ import annotations

import json
from typing import Any

import pytest

from invocations import clock
from invocations.decisions.backoff import GIVE_UP
from invocations.flows import aliases
from invocations.flows.functions import find
from invocations.flows.outcome import write_deliveries
from invocations.flows.policies import treatment_of
from invocations.models import Delivery, EventInvokeConfig, FunctionVersion, Invocation
from invocations.values import LATEST, Condition
from tests.flows.conftest import ARN, SCOPE, Make
from tests.flows.outbox import finished_event

pytestmark = pytest.mark.django_db

GOOD = "arn:aws:sqs:us-east-1:000000000000:good"
BAD = "arn:aws:sqs:us-east-1:000000000000:bad"
DEAD = "arn:aws:sqs:us-east-1:000000000000:dead"


def configure(version: FunctionVersion, qualifier: str = LATEST, good: str = GOOD, bad: str = BAD) -> None:
    EventInvokeConfig.objects.create(
        function=version.function, qualifier=qualifier, on_success=good, on_failure=bad, last_modified=clock.now()
    )


def write(invocation: Invocation, condition: Condition, **more: Any) -> list[int]:
    failed = condition != Condition.SUCCESS
    facts = {
        "treatment": treatment_of("fn", SCOPE, invocation.qualifier),
        "target": find(SCOPE, "fn", invocation.qualifier or None),
        "request": b'{"n": 1}',
        "response": b'{"errorMessage":"boom"}' if failed else b'"ok"',
        "executed_version": "$LATEST",
        "function_error": failed,
        "error_message": "boom" if failed else "",
        "invoke_count": 3 if failed else 1,
        "status_code": 200,
        **more,
    }
    return write_deliveries(invocation, condition=condition, **facts)


def kinds() -> dict[str, str]:
    return dict(Delivery.objects.values_list("kind", "destination"))


def test_a_success_is_told_to_the_on_success_destination_alone(make: Make) -> None:
    version = make()
    configure(version)
    FunctionVersion.objects.update(dead_letter_arn=DEAD)
    event = finished_event()
    ids = write(event, Condition.SUCCESS)
    row = Delivery.objects.get()
    assert ids == [row.pk]
    assert (row.kind, row.destination, row.state, row.tries) == ("on-success", GOOD, "PENDING", 0)
    assert row.give_up_at - row.created_at == GIVE_UP
    record = json.loads(bytes(row.content.body))
    assert record["requestContext"] == {
        "requestId": event.request_id,
        "functionArn": f"{ARN}fn:$LATEST",
        "condition": "Success",
        "approximateInvokeCount": 1,
    }
    assert (record["requestPayload"], record["responsePayload"]) == ({"n": 1}, "ok")
    assert record["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST"}
    assert row.content.attributes == {}


def test_a_failure_is_told_to_destination_and_dead_letter_queue_when_both_are_set(make: Make) -> None:
    version = make()
    configure(version)
    FunctionVersion.objects.update(dead_letter_arn=DEAD)
    event = finished_event()
    assert len(write(event, Condition.RETRIES_EXHAUSTED)) == 2
    assert kinds() == {"on-failure": BAD, "dead-letter": DEAD}
    letter = Delivery.objects.get(kind="dead-letter").content
    assert bytes(letter.body) == b'{"n": 1}'
    assert letter.attributes == {
        "RequestID": {"type": "String", "value": event.request_id},
        "ErrorCode": {"type": "Number", "value": "200"},
        "ErrorMessage": {"type": "String", "value": "boom"},
    }


@pytest.mark.parametrize("condition", [one for one in Condition if one not in (Condition.SUCCESS, Condition.CANCELLED)])
def test_every_way_to_fail_is_told(make: Make, condition: Condition) -> None:
    configure(make())
    write(finished_event(), condition)
    assert kinds() == {"on-failure": BAD}


def test_what_never_ran_has_no_response_and_a_dead_letter_says_throttled(make: Make) -> None:
    configure(make())
    FunctionVersion.objects.update(dead_letter_arn=DEAD)
    write(finished_event(), Condition.ZERO_RESERVED_CONCURRENCY, response=None, invoke_count=0, status_code=429)
    record = json.loads(bytes(Delivery.objects.get(kind="on-failure").content.body))
    assert "responseContext" not in record
    assert "responsePayload" not in record
    assert record["requestContext"]["approximateInvokeCount"] == 0
    assert Delivery.objects.get(kind="dead-letter").content.attributes["ErrorCode"]["value"] == "429"


def test_a_cancelled_event_and_one_whose_function_is_gone_are_told_to_nobody(make: Make) -> None:
    configure(make())
    FunctionVersion.objects.update(dead_letter_arn=DEAD)
    assert write(finished_event(), Condition.CANCELLED) == []
    assert write(finished_event(), Condition.FUNCTION_NOT_FOUND, target=None) == []
    assert Delivery.objects.count() == 0


def test_nothing_configured_is_nothing_owed(make: Make) -> None:
    make()
    assert write(finished_event(), Condition.RETRIES_EXHAUSTED) == []


def test_a_qualifier_inherits_nothing_from_another(make: Make) -> None:
    version = make(publish=True)
    aliases.create_alias(SCOPE, "fn", "live", "1")
    configure(version)
    assert write(finished_event(qualifier="live"), Condition.SUCCESS) == []
    configure(version, "live", good=DEAD)
    write(finished_event(qualifier="live"), Condition.SUCCESS, executed_version="1")
    row = Delivery.objects.get()
    assert row.destination == DEAD
    record = json.loads(bytes(row.content.body))
    assert record["requestContext"]["functionArn"] == f"{ARN}fn:live"
    assert record["responseContext"]["executedVersion"] == "1"


def test_the_dead_letter_queue_is_that_of_the_version_that_ran(make: Make) -> None:
    make(publish=True)
    aliases.create_alias(SCOPE, "fn", "live", LATEST)
    FunctionVersion.objects.filter(version="1").update(dead_letter_arn=DEAD)
    write(finished_event(qualifier="live"), Condition.RETRIES_EXHAUSTED, executed_version="1")
    assert kinds() == {"dead-letter": DEAD}
