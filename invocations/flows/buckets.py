"""What a bucket tells whom: its notification rules are checked, stored and read here. The texts are S3's.

The buckets themselves are the companion's. A rule is stored only when its target is there and lets S3 in, unless the
caller skips that; queues and topics get a test event then.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace

from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from django.db import IntegrityError, transaction

from invocations import clock, outlet
from invocations.arns import Arn, parse_arn, parse_function
from invocations.decisions import object_records, object_rules
from invocations.decisions.object_rules import Rule, invalid
from invocations.engines import sns, sqs
from invocations.engines.sqs import policies
from invocations.errors import Refusal
from invocations.flows import permissions
from invocations.flows.own_client import own_client
from invocations.models import Bucket, Delivery
from invocations.values import Parcel, Scope
from lambdaplay.db.pool import pooled

PRINCIPAL = "s3.amazonaws.com"
UNVERIFIED = "Unable to validate the following destination configurations"
AGE_SECONDS = 86_400  # S3 goes on for about a day


@dataclass(frozen=True)
class Wish:
    """A whole configuration: it takes the place of the one before."""

    rules: Sequence[Rule]
    event_bridge: bool = False


def put(scope: Scope, name: str, wish: Wish, *, skip_validation: bool = False) -> Bucket:
    """Store the configuration of a bucket of that account and region. Raises what S3 answers; nothing is stored then.

    Rules without an id get one.
    """
    rules = [rule if rule.rule_id else replace(rule, rule_id=new_id()) for rule in wish.rules]
    check(scope, rules)
    with pooled():
        if not skip_validation:
            _check_targets(rules, scope, name)
        try:
            return _store(scope, name, Wish(rules, wish.event_bridge), not skip_validation)
        except IntegrityError:  # its first configuration came twice in the same moment
            return _store(scope, name, Wish(rules, wish.event_bridge), not skip_validation)


def check(scope: Scope, rules: Sequence[Rule]) -> None:
    """Raise what is wrong with rules, whatever their targets say."""
    object_rules.check(rules)
    for rule in rules:
        _check_place(rule, scope)


def new_id() -> str:
    return str(uuid.uuid4())


@pooled()
def get(account: str, name: str) -> Wish:
    """Return the configuration; an empty one when there is none."""
    row = Bucket.objects.named(account, name)
    return Wish((), False) if row is None else Wish(row.read_rules(), row.event_bridge)


@pooled()
def forget(account: str, name: str) -> None:
    """The bucket was deleted: so is its configuration."""
    Bucket.objects.filter(account=account, name=name).delete()


def is_there(scope: Scope, name: str) -> bool | None:
    """Whether the companion has the bucket; None when nobody can say. Asked over HTTP."""
    if settings.LAMBDAPLAY_COMPANION == "none":
        return None
    try:
        own_client("s3", scope).head_bucket(Bucket=name)
    except ClientError as error:
        return None if error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500 else False
    except BotoCoreError:
        return None
    return True


def _store(scope: Scope, name: str, wish: Wish, tried: bool) -> Bucket:
    values = {
        "rules": [object_rules.to_row(rule) for rule in wish.rules],
        "event_bridge": wish.event_bridge,
        "region": scope.region,
        "configured_at": clock.now(),
    }
    with transaction.atomic():
        row, _ = Bucket.objects.update_or_create(account=scope.account, name=name, defaults=values)
        if tried:
            outlet.post(_trial(row, rule) for rule in wish.rules if rule.service != "lambda")
    return row


def _trial(bucket: Bucket, rule: Rule) -> Parcel:
    body = object_records.trial_message(bucket.name, clock.now(), request_id(), host_id())
    return parcel(bucket, rule, f"s3:test:{uuid.uuid4()}", body)


def parcel(bucket: Bucket, rule: Rule, key: str, body: bytes) -> Parcel:
    """What a rule sends, as the outbox takes it."""
    return Parcel(
        key=key,
        kind=Delivery.Kind.NOTIFICATION.value,
        source_arn=bucket.arn,
        target=rule.target,
        body=body,
        scope=bucket.scope,
        principal=PRINCIPAL,
        policy_arn=bucket.arn,
        options={"subject": object_records.SUBJECT} if rule.service == "sns" else {},
        max_age_seconds=AGE_SECONDS,
    )


def request_id() -> str:
    """An id in the form that S3's have."""
    return secrets.token_hex(8).upper()


def host_id() -> str:
    return secrets.token_urlsafe(48)


def _check_place(rule: Rule, scope: Scope) -> None:
    """A target is an ARN of its service in the bucket's region. FIFO queues and topics take no notifications."""
    arn = parse_arn(rule.target)
    if arn is None or arn.service != rule.service or not arn.account or not _is_whole(arn):
        raise invalid("The ARN could not be parsed", rule.service, rule.target)
    if arn.region != scope.region:
        raise invalid(
            "The notification destination service region is not valid for the bucket location constraint",
            rule.target,
            arn.region,
        )
    if rule.service != "lambda" and arn.resource.endswith(".fifo"):
        raise _unverified([(rule.target, "FIFO queues and topics are not supported as destinations of S3 events")])


def _is_whole(arn: Arn) -> bool:
    return arn.service != "lambda" or (arn.resource.startswith("function:") and parse_function(arn.text) is not None)


def _check_targets(rules: Sequence[Rule], scope: Scope, name: str) -> None:
    found = [(rule, problem(rule, scope, name)) for rule in rules]
    trouble = [(f"{rule.target}, null" if rule.service == "lambda" else rule.target, why) for rule, why in found if why]
    if trouble:
        raise _unverified(trouble)


def _unverified(trouble: Sequence[tuple[str, str]]) -> Refusal:
    numbered: dict[str, str] = {}
    for number, (name, value) in enumerate(trouble, 1):
        numbered |= {f"ArgumentName{number}": name, f"ArgumentValue{number}": value}
    return Refusal(UNVERIFIED, code="InvalidArgument", extra=numbered)


def problem(rule: Rule, scope: Scope, name: str) -> str:
    """Say what keeps S3 from telling a rule's target of that bucket, in S3's words; "" when nothing does."""
    source = object_records.bucket_arn(name)
    facts = {"aws:SourceArn": source, "aws:SourceAccount": scope.account}
    if rule.service == "lambda":
        allowed = permissions.allows(rule.target, PRINCIPAL, source, scope.account)
        return "" if allowed else f"Not authorized to invoke function [{rule.target}]"
    kind = "queue" if rule.service == "sqs" else "topic"
    try:
        if rule.service == "sqs":
            allowed = policies.allows(sqs.find(rule.target), PRINCIPAL, "SendMessage", facts)
        else:
            allowed = sns.allows(sns.find(rule.target), PRINCIPAL, facts)
    except (sqs.QueueRefusal, sns.TopicRefusal):
        return f"The destination {kind} does not exist"
    if allowed:
        return ""
    return f"Permissions on the destination {kind} do not allow S3 to publish notifications from this bucket"
