"""One rule more, or one less: what the console and the command do with a bucket's configuration.

Unlike S3 they write the permission that a rule lacks, and say so. Whether the bucket is there is not asked: it may be
in an object store that only reports what happened there.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from typing import Any

from django.db import transaction

from invocations.arns import function_arn, parse_arn
from invocations.decisions import object_records, policy
from invocations.decisions.grants import Grant
from invocations.decisions.object_rules import Rule
from invocations.engines import sns, sqs
from invocations.engines.sns import policies as topic_policies
from invocations.engines.sns import topics
from invocations.engines.sqs import queues
from invocations.errors import InvalidParameterValue, ResourceNotFound
from invocations.flows import buckets, permissions
from invocations.flows.buckets import PRINCIPAL, Wish
from invocations.models import Bucket
from invocations.values import Scope
from lambdaplay.db.pool import pooled

_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_ACTIONS = {"sqs": "sqs:SendMessage", "sns": "sns:Publish"}


@dataclass(frozen=True)
class Added:
    """The rule as it stands, and the sentence about the permission that was written for it ("": none was needed)."""

    rule: Rule
    permitted: str = ""


def target_of(text: str, scope: Scope) -> tuple[str, str]:
    """Return service and ARN of what people write: an ARN, or the name of a function."""
    arn = parse_arn(text)
    if arn is not None:
        return arn.service, text
    return "lambda", function_arn(scope.account, scope.region, text)


@pooled()
def add(scope: Scope, name: str, rule: Rule) -> Added:
    """Add a rule beside those that are there. Raises what S3 answers; nothing is written then, no permission either."""
    if not _NAME.fullmatch(name):
        raise InvalidParameterValue(
            f"'{name}' cannot be a bucket's name: 3 to 63 small letters, digits, dots, hyphens."
        )
    rule = replace(rule, rule_id=rule.rule_id or buckets.new_id())
    before = buckets.get(scope.account, name)
    wish = Wish([*before.rules, rule], before.event_bridge)
    scope = _where(scope, name)
    buckets.check(scope, wish.rules)
    with transaction.atomic():
        permitted = permit(rule, scope, name) if buckets.problem(rule, scope, name) else ""
        buckets.put(scope, name, wish)
    return Added(rule, permitted)


@pooled()
def remove(scope: Scope, name: str, rule_id: str) -> None:
    """Take a rule away; what it was permitted stays. Raises ResourceNotFound."""
    before = buckets.get(scope.account, name)
    left = [rule for rule in before.rules if rule.rule_id != rule_id]
    if len(left) == len(before.rules):
        raise ResourceNotFound(f"The bucket {name} has no rule {rule_id}.")
    buckets.put(_where(scope, name), name, Wish(left, before.event_bridge), skip_validation=True)


@pooled()
def tell_bus(scope: Scope, name: str, enabled: bool) -> None:
    """Switch EventBridge on or off."""
    before = buckets.get(scope.account, name)
    buckets.put(_where(scope, name), name, Wish(before.rules, enabled), skip_validation=True)


def _where(scope: Scope, name: str) -> Scope:
    """A bucket that is known has its region."""
    known = Bucket.objects.named(scope.account, name)
    return scope if known is None else known.scope


def permit(rule: Rule, scope: Scope, name: str) -> str:
    """Let S3 tell the rule's target of this bucket; return a sentence about it. Raises Refusal: there is no target."""
    sid = statement_id(name)
    source = object_records.bucket_arn(name)
    if rule.service == "lambda":
        grant = Grant(sid, policy.INVOKE_FUNCTION, PRINCIPAL, source, scope.account)
        permissions.add(scope, rule.target, None, grant)
    elif rule.service == "sqs":
        queue = sqs.find(rule.target)
        queues.change(queue, {"Policy": policy.with_statement(queue.policy, _statement(rule, sid, source, scope))})
    else:
        topic = sns.find(rule.target)
        text = policy.with_statement(topic_policies.current(topic), _statement(rule, sid, source, scope))
        topics.change(topic, "Policy", text)
    return f"The policy of {rule.target} has a new statement, {sid}: it lets {PRINCIPAL} in for {source}."


def statement_id(name: str) -> str:
    digest = hashlib.sha256(name.encode()).hexdigest()[:6]
    return f"s3-{re.sub('[^A-Za-z0-9-]', '-', name)}-{digest}"


def _statement(rule: Rule, sid: str, source: str, scope: Scope) -> dict[str, Any]:
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"Service": PRINCIPAL},
        "Action": _ACTIONS[rule.service],
        "Resource": rule.target,
        "Condition": {"ArnLike": {policy.SOURCE_ARN: source}, "StringEquals": {policy.SOURCE_ACCOUNT: scope.account}},
    }
