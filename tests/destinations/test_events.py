"""What goes to an event bus: outcomes of invocations, and events of other buses."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from invocations.arns import parse_arn
from invocations.destinations import events
from invocations.destinations.base import ON_FAILURE, ON_SUCCESS, Context, Undeliverable
from invocations.engines.events import browsing, buses
from invocations.engines.events.naming import BusName
from invocations.models import BusEvent
from invocations.values import Scope

pytestmark = pytest.mark.django_db

SCOPE = Scope("000000000000", "us-east-1")
DEFAULT, SHOP = BusName(SCOPE, "default"), BusName(SCOPE, "shop")
FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:fn:$LATEST"
RULE = Context(
    key="k",
    scope=SCOPE,
    function="orders",
    function_arn="arn:aws:events:us-east-1:000000000000:rule/orders",
    kind="rule",
    succeeded=False,
    request_id="",
    trace_id="1-67419000-0123456789abcdef01234567",
    hops=3,
    at=datetime(2026, 1, 31, 12, tzinfo=UTC),
    caused_by="r-0",
    options={"bus": DEFAULT.arn},
)
OUTCOME = replace(
    RULE, function="fn", function_arn=FUNCTION, kind=ON_SUCCESS, succeeded=True, request_id="r-1", options={}
)
EVENT = json.dumps(
    {"version": "0", "id": "e-1", "source": "shop", "detail-type": "order", "time": "2026-01-31T12:00:00Z"}
)


def send(named: BusName, body: str, context: Context) -> None:
    arn = parse_arn(named.arn)
    assert arn is not None
    events.DESTINATION.send(arn, body.encode(), {}, context)


def refused(named: BusName, body: str, context: Context) -> tuple[str, bool]:
    with pytest.raises(Undeliverable) as caught:
        send(named, body, context)
    return caught.value.code, caught.value.permanent


@pytest.mark.parametrize(("kind", "word"), [(ON_SUCCESS, "Success"), (ON_FAILURE, "Failure")])
def test_an_outcome_becomes_the_event_that_aws_makes_of_it(kind: str, word: str) -> None:
    buses.create(SCOPE, "shop", "", {})
    record = '{"version":"1.0","requestPayload":{"a":1.0}}'
    context = replace(OUTCOME, kind=kind, succeeded=kind == ON_SUCCESS)
    send(SHOP, record, context)
    send(SHOP, record, context)  # a repeat
    row = BusEvent.objects.get()
    document = json.loads(bytes(row.content.body))
    assert bytes(row.content.body).endswith(f',"detail":{record}}}'.encode())
    assert {key: document[key] for key in ("version", "source", "detail-type", "resources", "account", "region")} == {
        "version": "0",
        "source": "lambda",
        "detail-type": f"Lambda Function Invocation Result - {word}",
        "resources": [SHOP.arn, FUNCTION],
        "account": SCOPE.account,
        "region": SCOPE.region,
    }
    assert (row.trace_id, row.hops, row.caused_by) == (context.trace_id, 3, "r-0")


def test_a_bus_that_is_not_there_may_come_for_an_outcome_and_not_for_a_rule() -> None:
    assert refused(SHOP, "{}", OUTCOME) == ("NO_RESOURCE", False)
    assert refused(SHOP, EVENT, RULE) == ("NO_RESOURCE", True)
    assert refused(BusName(SCOPE, "no bus"), EVENT, RULE) == ("NO_RESOURCE", True)


def test_a_bus_of_another_account_needs_its_policy() -> None:
    other = BusName(Scope("111122223333", "us-east-1"), "default")
    assert refused(other, EVENT, RULE) == ("NO_PERMISSIONS", True)
    buses.permit(other, buses.Permission("s", "events:PutEvents", SCOPE.account))
    send(other, EVENT, RULE)
    assert BusEvent.objects.get().via == DEFAULT.arn


def test_an_event_goes_to_no_third_bus_and_never_back() -> None:
    buses.create(SCOPE, "shop", "", {})
    buses.create(SCOPE, "third", "", {})
    send(SHOP, EVENT, RULE)
    (row,) = browsing.events(buses.need(SHOP))
    assert bytes(row.content.body).decode() == EVENT
    there = replace(RULE, options={"bus": SHOP.arn, "via": DEFAULT.arn})
    assert refused(BusName(SCOPE, "third"), EVENT, there) == ("THIRD_ACCOUNT_HOP_DETECTED", True)
    assert refused(DEFAULT, EVENT, there) == ("LOOP_DETECTED", True)
    assert refused(DEFAULT, EVENT, RULE) == ("LOOP_DETECTED", True)
