"""A rule with its first target, or one target more, in one go: what the console and the submissions do.

Unlike EventBridge they can write the permission that the target's policy lacks, and say so.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from invocations import clock
from invocations.arns import parse_arn
from invocations.decisions import policy
from invocations.decisions.event_envelope import Envelope, time_text
from invocations.decisions.grants import Grant
from invocations.decisions.input_transformer import InvalidResult
from invocations.engines import sns, sqs
from invocations.engines.events import rules, targets
from invocations.engines.events.errors import AlreadyExists
from invocations.engines.events.naming import BusName
from invocations.engines.events.parcels import PRINCIPAL, Arrival, body_for
from invocations.engines.events.rules import RuleSpec
from invocations.engines.events.targets import TargetSpec
from invocations.engines.sns import policies as topic_policies
from invocations.engines.sns import topics
from invocations.engines.sqs import policies, queues
from invocations.errors import Refusal
from invocations.flows import permissions
from invocations.models import Bus, Rule, RuleTarget
from invocations.values import Scope
from lambdaplay.db.pool import pooled

_ACTIONS = {"sqs": "sqs:SendMessage", "sns": "sns:Publish"}


@dataclass(frozen=True)
class Made:
    """The rule, and a sentence about what was written into the target's policy ("": nothing)."""

    rule: Rule
    permitted: str = ""


@pooled()
def make(named: BusName, spec: RuleSpec, target: TargetSpec | None, *, permit: bool) -> Made:
    """A rule that was not there, with its target if one is given: both or neither. Raises BusRefusal."""
    with transaction.atomic():
        if rules.find(named, spec.name) is not None:
            raise AlreadyExists(f"Rule {spec.name} already exists on EventBus {named.name}.")
        rule = rules.put(named, spec)
        if target is not None:
            targets.put(named, spec.name, [target])
    return Made(rule, _permitted(rule, target.arn) if target is not None and permit else "")


@pooled()
def add_target(rule: Rule, target: TargetSpec, *, permit: bool) -> Made:
    """Add a target, or replace the one of its id. Raises BusRefusal."""
    targets.put(BusName(rule.bus.scope, rule.bus.name), rule.name, [target])
    return Made(rule, _permitted(rule, target.arn) if permit else "")


def input_of(bus: Bus, spec: TargetSpec, document: dict[str, Any], name: str = "rule") -> str:
    """What a target would get of an event. Raises BusRefusal for a target that cannot be, InvalidResult."""
    rule = Rule(bus=bus, name=name)
    targets.check(spec, rule)
    text = json.dumps(document, separators=(",", ":"), ensure_ascii=False)
    arrival = Arrival("", Envelope(text, document), time_text(clock.now()))
    return body_for(RuleTarget(rule=rule, **targets.columns(spec)), rule, arrival).decode()


def _permitted(rule: Rule, target: str) -> str:
    """Let the rule in where the target's policy does not; a sentence about it, also when that cannot be done."""
    scope = rule.bus.scope
    try:
        with transaction.atomic():
            written = _permit(rule, target, scope)
    except Refusal as refusal:
        return f"Nothing was permitted: {refusal.message}"
    return f"The policy of {target} has a new statement, {written}, which lets this rule in." if written else ""


def _permit(rule: Rule, target: str, scope: Scope) -> str:
    """The new statement's id; "" when none was needed. Raises Refusal."""
    sid = f"events-{rule.name[:40].replace('.', '-')}-{hashlib.sha256(rule.arn.encode()).hexdigest()[:6]}"
    facts = {policy.SOURCE_ARN: rule.arn, policy.SOURCE_ACCOUNT: scope.account}
    arn = parse_arn(target)
    service = "" if arn is None else arn.service
    if service == "lambda":
        if permissions.allows(target, PRINCIPAL, rule.arn, scope.account):
            return ""
        permissions.add(scope, target, None, Grant(sid, policy.INVOKE_FUNCTION, PRINCIPAL, rule.arn))
        return sid
    if service == "sqs":
        queue = sqs.find(target)
        if policies.allows(queue, PRINCIPAL, "SendMessage", facts):
            return ""
        queues.change(queue, {"Policy": policy.with_statement(queue.policy, _statement(rule, sid, target, service))})
        return sid
    if service == "sns":
        topic = sns.find(target)
        if sns.allows(topic, PRINCIPAL, facts):
            return ""
        stated = _statement(rule, sid, target, service)
        topics.change(topic, "Policy", policy.with_statement(topic_policies.current(topic), stated))
        return sid
    return ""  # buses of one account let each other in


def _statement(rule: Rule, sid: str, target: str, service: str) -> dict[str, Any]:
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"Service": PRINCIPAL},
        "Action": _ACTIONS[service],
        "Resource": target,
        "Condition": {"ArnEquals": {policy.SOURCE_ARN: rule.arn}},
    }


__all__ = ["InvalidResult", "Made", "add_target", "input_of", "make"]
