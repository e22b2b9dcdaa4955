"""Rules and their targets: what may be put, and what is said of the rest."""

from __future__ import annotations

from typing import Any

import pytest

from invocations.engines.events import limits, rules, targets
from invocations.engines.events.errors import (
    BusRefusal,
    InvalidEventPattern,
    InvalidRequest,
    LimitExceeded,
    NotFound,
)
from invocations.engines.events.naming import BusName
from invocations.engines.events.rules import RuleSpec
from invocations.engines.events.targets import TargetSpec
from invocations.models import Rule, RuleTarget
from tests.engines.events.conftest import DEFAULT, FUNCTION, PATTERN, QUEUE, SHOP, aim, rule

pytestmark = pytest.mark.django_db
FIFO = f"{QUEUE}.fifo"
BUS = "arn:aws:events:us-east-1:000000000000:event-bus/shop"


def test_putting_a_rule_again_replaces_all_but_its_targets_and_tags() -> None:
    made = rule(description="first", tags={"a": "1"})
    aim(made)
    again = rule(pattern='{"source": ["bank"]}', state=Rule.State.DISABLED, tags={"a": "2"})
    assert (again.pk, again.description, again.state, again.tags) == (made.pk, "", "DISABLED", {"a": "1"})
    assert again.targets.count() == 1


def test_rules_are_found_listed_switched_and_deleted() -> None:
    for name in ("a-1", "a-2", "b"):
        aim(rule(name=name), FUNCTION)
    assert [one.name for one in rules.listed(DEFAULT, "a-")] == ["a-1", "a-2"]
    assert [one.name for one in rules.listed(DEFAULT, most=1)] == ["a-1", "a-2"]  # one more: there is a next page
    assert rules.by_target(DEFAULT, FUNCTION) == ["a-1", "a-2", "b"]
    rules.switch(DEFAULT, "b", Rule.State.DISABLED)
    assert rules.need(DEFAULT, "b").state == "DISABLED"
    with pytest.raises(InvalidRequest, match="Rule can't be deleted since it has targets"):
        rules.delete(DEFAULT, "b")
    assert targets.remove(DEFAULT, "b", ["t"]) == []
    rules.delete(DEFAULT, "b")
    rules.delete(DEFAULT, "b")  # AWS does not mind
    with pytest.raises(NotFound, match="Rule b does not exist on EventBus default"):
        rules.switch(DEFAULT, "b", Rule.State.ENABLED)


@pytest.mark.parametrize(
    ("spec", "kind", "says"),
    [
        ({}, InvalidRequest, "Parameter(s) EventPattern or ScheduleExpression must be specified."),
        (
            {"pattern": '{"a": []}'},
            InvalidEventPattern,
            "Event pattern is not valid. Reason: Empty arrays are not allowed",
        ),
        ({"pattern": "{"}, InvalidEventPattern, ""),
        ({"pattern": PATTERN, "state": "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"}, InvalidRequest, ""),
    ],
)
def test_rules_that_are_refused(spec: dict[str, Any], kind: type[BusRefusal], says: str) -> None:
    with pytest.raises(kind) as caught:
        rules.put(DEFAULT, RuleSpec("r", **spec))
    assert caught.value.message == says or not says
    assert Rule.objects.count() == 0


def test_a_schedule_is_for_the_default_bus(shop: BusName) -> None:
    with pytest.raises(InvalidRequest, match="ScheduleExpression is supported only on the default event bus"):
        rules.put(SHOP, RuleSpec("r", schedule="rate(1 minute)"))


def test_a_rule_needs_its_bus() -> None:
    with pytest.raises(NotFound, match="Event bus shop does not exist"):
        rule(SHOP)


def test_a_bus_has_at_most_300_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "RULES", 1)
    rule()
    rule(description="the same one")
    with pytest.raises(LimitExceeded):
        rule(name="another")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"arn": "orders"}, "Parameter orders is not valid. Reason: Provided Arn is not in correct format."),
        ({"arn": FIFO}, "Parameter(s) SqsParameters must be specified for target: t."),
        ({"others": ["EcsParameters"]}, "Parameter(s) EcsParameters not supported for target: t."),
        (
            {"path": "$.a", "constant": "{}"},
            "Only one of Input, InputPath, or InputTransformer must be provided for target t.",
        ),
        (
            {"path": "", "template": "x"},
            "Only one of Input, InputPath, or InputTransformer must be provided for target t.",
        ),
        ({"constant": "word"}, "JSON syntax error in input for target t."),
        ({"constant": ""}, "JSON syntax error in input for target t."),
        ({"path": "detail"}, "InputPath for target t is invalid."),
        ({"template": "<a>", "paths": {"a": "$['a']"}}, "InputPath for target t is invalid."),
        ({"template": '"<a>"'}, "InputTemplate for target t contains invalid placeholder a."),
        ({"arn": BUS, "path": "$.detail"}, "Modifying the input for target t is not supported."),
        ({"dead_letter_arn": "x"}, "Parameter x is not valid. Reason: Provided Arn is not in correct format."),
        ({"dead_letter_arn": FUNCTION}, "lambda is not supported as a dead letter resource."),
        ({"dead_letter_arn": FIFO}, "SQS FIFO is not supported by Dead Letter Queues."),
    ],
)
def test_targets_that_are_refused(given: dict[str, Any], says: str) -> None:
    rule()
    good = TargetSpec("good", QUEUE)
    with pytest.raises(InvalidRequest) as caught:
        targets.put(DEFAULT, "orders", [good, TargetSpec("t", **{"arn": QUEUE, **given})])
    assert caught.value.message == says
    assert RuleTarget.objects.count() == 0  # nothing half written


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:kinesis:us-east-1:000000000000:stream/s",
        "arn:aws:states:us-east-1:000000000000:stateMachine:m",
        "arn:aws:events:us-east-1:000000000000:api-destination/d/1",
    ],
)
def test_kinds_of_targets_that_are_not_offered_are_refused_by_name(arn: str) -> None:
    made = rule()
    with pytest.raises(InvalidRequest, match=arn.split(":")[2]):
        aim(made, arn)


def test_a_dead_letter_queue_is_in_the_rules_region() -> None:
    made = rule()
    with pytest.raises(InvalidRequest, match="us-east-1"):
        aim(made, dead_letter_arn="arn:aws:sqs:eu-west-1:000000000000:dead")


def test_a_rule_has_at_most_five_targets() -> None:
    rule()
    targets.put(DEFAULT, "orders", [TargetSpec(str(n), QUEUE) for n in range(5)])
    targets.put(DEFAULT, "orders", [TargetSpec("4", FUNCTION)])  # in place of another
    with pytest.raises(LimitExceeded, match="The requested resource exceeds the maximum number allowed"):
        targets.put(DEFAULT, "orders", [TargetSpec("5", QUEUE)])
    assert [one.arn for one in targets.listed(rules.need(DEFAULT, "orders"))] == [QUEUE] * 4 + [FUNCTION]


def test_targets_that_are_not_there_are_told_when_they_are_removed() -> None:
    aim(rule())
    failed = targets.remove(DEFAULT, "orders", ["t", "u"])
    assert [(one.target_id, one.code) for one in failed] == [("u", "ResourceNotFoundException")]
    assert RuleTarget.objects.count() == 0
    with pytest.raises(NotFound):
        targets.remove(DEFAULT, "nope", ["t"])
