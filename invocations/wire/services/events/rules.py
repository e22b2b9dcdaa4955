"""Operations on rules and their tags."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from invocations.arns import parse_arn
from invocations.engines.events import rules, tagging
from invocations.engines.events.errors import AccessToBusDenied
from invocations.engines.events.rules import RuleSpec
from invocations.models import Rule
from invocations.wire.call import Answer, Call
from invocations.wire.services.events.addressing import bus_of, page


def put_rule(call: Call) -> Answer:
    params = call.params
    spec = RuleSpec(
        name=params["Name"],
        pattern=params.get("EventPattern") or "",
        schedule=params.get("ScheduleExpression") or "",
        state=params.get("State") or Rule.State.ENABLED,
        description=params.get("Description") or "",
        role_arn=params.get("RoleArn") or "",
        tags=tagging.checked(params.get("Tags") or []),
    )
    return Answer({"RuleArn": rules.put(bus_of(call), spec).arn})


def describe_rule(call: Call) -> Answer:
    rule = rules.need(bus_of(call), call.params["Name"])
    return Answer({**_described(rule), "CreatedBy": rule.bus.account})


def list_rules(call: Call) -> Answer:
    named, prefix = bus_of(call), call.params.get("NamePrefix") or ""
    found, token = page(call, lambda after, most: rules.listed(named, prefix, after, most), lambda rule: rule.name)
    return Answer({"Rules": [_described(rule) for rule in found], "NextToken": token})


def _described(rule: Rule) -> dict[str, Any]:
    return {
        "Name": rule.name,
        "Arn": rule.arn,
        "EventPattern": rule.pattern or None,
        "ScheduleExpression": rule.schedule or None,
        "State": rule.state,
        "Description": rule.description or None,
        "RoleArn": rule.role_arn or None,
        "EventBusName": rule.bus.name,
    }


def enable_rule(call: Call) -> Answer:
    rules.switch(bus_of(call), call.params["Name"], Rule.State.ENABLED)
    return Answer()


def disable_rule(call: Call) -> Answer:
    rules.switch(bus_of(call), call.params["Name"], Rule.State.DISABLED)
    return Answer()


def delete_rule(call: Call) -> Answer:
    rules.delete(bus_of(call), call.params["Name"])
    return Answer()


def list_rule_names_by_target(call: Call) -> Answer:
    named, target = bus_of(call), call.params["TargetArn"]
    found, token = page(call, lambda after, most: rules.by_target(named, target, after, most), str)
    return Answer({"RuleNames": list(found), "NextToken": token})


def _own(call: Call) -> str:
    """The ARN whose tags are asked for; only its owner's account may touch them."""
    arn: str = call.params["ResourceARN"]
    named = parse_arn(arn)
    if named is not None and named.account != call.caller.scope.account:
        action = f"events:{call.operation}"
        raise AccessToBusDenied(f"User: {call.caller.arn} is not authorized to perform: {action} on resource: {arn}")
    return arn


def tag_resource(call: Call) -> Answer:
    tagging.add(_own(call), call.params["Tags"])
    return Answer()


def untag_resource(call: Call) -> Answer:
    tagging.remove(_own(call), call.params["TagKeys"])
    return Answer()


def list_tags_for_resource(call: Call) -> Answer:
    found = tagging.of(_own(call))
    return Answer({"Tags": [{"Key": key, "Value": value} for key, value in found.items()]})


OPERATIONS: dict[str, Callable[[Call], Answer]] = {
    "PutRule": put_rule,
    "DescribeRule": describe_rule,
    "ListRules": list_rules,
    "EnableRule": enable_rule,
    "DisableRule": disable_rule,
    "DeleteRule": delete_rule,
    "ListRuleNamesByTarget": list_rule_names_by_target,
    "TagResource": tag_resource,
    "UntagResource": untag_resource,
    "ListTagsForResource": list_tags_for_resource,
}
