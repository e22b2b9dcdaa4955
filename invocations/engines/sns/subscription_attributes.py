"""A subscription's attributes: strings on the wire, columns in the row."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from invocations.arns import parse_arn
from invocations.decisions import attribute_filter, delivery_policy
from invocations.decisions.delivery_policy import InvalidPolicy
from invocations.decisions.event_pattern import InvalidPattern
from invocations.engines.sns import topic_attributes
from invocations.engines.sns.endpoints import FUNCTION, HTTP
from invocations.engines.sns.errors import InvalidParameter, NotOffered
from invocations.models import Subscription, Topic

# What AWS knows and nothing here acts on.
_REFUSED = {
    "SubscriptionRoleArn": "it is of Firehose subscriptions only",
    "ReplayPolicy": "messages are not archived",
}
_NESTED = "Filter policy scope MessageAttributes does not support nested filter policy"


def apply(subscription: Subscription, given: Mapping[str, str]) -> None:
    """Check the attributes and write them into the row, unsaved. Raises the first refusal, with nothing changed."""
    found: dict[str, Any] = {}
    for name, value in given.items():
        found |= _columns(subscription, name, value)
    _check_filter(
        found.get("filter_policy", subscription.filter_policy), found.get("filter_scope", subscription.filter_scope)
    )
    for column, value in found.items():
        setattr(subscription, column, value)


def _columns(subscription: Subscription, name: str, value: str) -> dict[str, Any]:
    if name in _REFUSED and value:
        raise NotOffered(name, _REFUSED[name])
    if name in _REFUSED:
        return {}
    reader = _READERS.get(name)
    if reader is None:
        raise InvalidParameter("AttributeName")
    return reader(subscription, value)


def _raw(subscription: Subscription, value: str) -> dict[str, Any]:
    if value.lower() not in ("true", "false"):
        raise InvalidParameter(f"RawMessageDelivery: Invalid value [{value}]. Must be true or false.")
    if value.lower() == "true" and subscription.protocol == FUNCTION:
        raise InvalidParameter("Delivery protocol [lambda] does not support raw message delivery.")
    return {"raw": value.lower() == "true"}


def _filter_policy(subscription: Subscription, value: str) -> dict[str, Any]:
    return {"filter_policy": value}


def _filter_scope(subscription: Subscription, value: str) -> dict[str, Any]:
    if value not in attribute_filter.SCOPES:
        raise InvalidParameter(
            f"FilterPolicyScope: Invalid value [{value}]. Please use either MessageBody or MessageAttributes"
        )
    return {"filter_scope": value}


def _check_filter(policy: str, scope: str) -> None:
    if not policy:
        return
    try:
        attribute_filter.compile_policy(policy, scope)
    except InvalidPattern as problem:
        # Recorded: this one reason stands without the attribute's name.
        raise InvalidParameter(str(problem) if str(problem) == _NESTED else f"FilterPolicy: {problem}") from None


def _redrive(subscription: Subscription, value: str) -> dict[str, Any]:
    try:
        document = json.loads(value) if value else {}
    except (ValueError, RecursionError):
        raise InvalidParameter("RedrivePolicy: failed to parse JSON.") from None
    if not isinstance(document, dict):
        raise InvalidParameter("RedrivePolicy: must be a JSON object")
    if not document:
        return {"redrive_policy": "", "redrive_target": ""}
    target = document.get("deadLetterTargetArn")
    arn = parse_arn(target) if isinstance(target, str) else None
    if arn is None or arn.service != "sqs" or ":" in arn.resource:
        raise InvalidParameter("RedrivePolicy: deadLetterTargetArn is an invalid arn")
    topic = subscription.topic
    if (arn.region, arn.account) != (topic.region, topic.account):
        raise InvalidParameter(
            "RedrivePolicy: deadLetterTargetArn must be a queue of the topic's own account and region"
        )
    fifo = arn.resource.endswith(".fifo")
    if topic.fifo and subscription.endpoint.endswith(".fifo") and not fifo:
        raise InvalidParameter("RedrivePolicy: must use a FIFO queue as DLQ for a FIFO Subscription to a FIFO Topic.")
    if fifo and not subscription.endpoint.endswith(".fifo"):
        raise InvalidParameter("RedrivePolicy: must use a standard queue as DLQ for a Standard Subscription.")
    return {"redrive_policy": value, "redrive_target": arn.text}


def _delivery_policy(subscription: Subscription, value: str) -> dict[str, Any]:
    try:
        found = delivery_policy.read_subscription_policy(value)
    except InvalidPolicy as problem:
        raise InvalidParameter(f"DeliveryPolicy: {problem}") from None
    if found and subscription.protocol not in HTTP:
        raise InvalidParameter(
            f"DeliveryPolicy: Delivery protocol [{subscription.protocol}] does not support delivery policies."
        )
    return {"delivery_policy": _compact(found) if found else ""}


_READERS: dict[str, Callable[[Subscription, str], dict[str, Any]]] = {
    "RawMessageDelivery": _raw,
    "FilterPolicy": _filter_policy,
    "FilterPolicyScope": _filter_scope,
    "RedrivePolicy": _redrive,
    "DeliveryPolicy": _delivery_policy,
}


def written(subscription: Subscription, topic: Topic) -> dict[str, str]:
    """All attributes, as AWS answers them."""
    found = {
        "SubscriptionArn": subscription.arn,
        "TopicArn": topic.arn,
        "Protocol": subscription.protocol,
        "Endpoint": subscription.endpoint,
        "Owner": subscription.owner,
        "SubscriptionPrincipal": subscription.principal,
        "ConfirmationWasAuthenticated": _word(subscription.authenticated),
        "PendingConfirmation": _word(subscription.state == Subscription.State.PENDING),
        "RawMessageDelivery": _word(subscription.raw),
    }
    if subscription.filter_policy:
        found["FilterPolicy"] = subscription.filter_policy
        found["FilterPolicyScope"] = subscription.filter_scope
    if subscription.redrive_policy:
        found["RedrivePolicy"] = subscription.redrive_policy
    if subscription.delivery_policy:
        found["DeliveryPolicy"] = _compact(delivery_policy.shown_subscription_policy(_own(subscription)))
    if subscription.protocol in HTTP:
        found["EffectiveDeliveryPolicy"] = _compact(effective(subscription, topic))
    return found


def effective(subscription: Subscription, topic: Topic) -> dict[str, Any]:
    """The delivery policy that an HTTP endpoint is tried by."""
    return delivery_policy.effective_subscription_policy(
        topic_attributes.own_delivery_policy(topic), _own(subscription)
    )


def _own(subscription: Subscription) -> dict[str, Any]:
    policy: dict[str, Any] = json.loads(subscription.delivery_policy) if subscription.delivery_policy else {}
    return policy


def differing(existing: Subscription, topic: Topic, given: Mapping[str, str]) -> bool:
    """Whether the existing subscription lacks one of these values. Raises InvalidParameter for a bad one."""
    wanted = Subscription(topic=topic, protocol=existing.protocol, endpoint=existing.endpoint)
    apply(wanted, given)
    columns = {column for name in given for column in _columns(wanted, name, given[name])}
    return any(getattr(wanted, column) != getattr(existing, column) for column in columns)


def _word(flag: bool) -> str:
    return "true" if flag else "false"


def _compact(document: Mapping[str, Any]) -> str:
    return json.dumps(document, separators=(",", ":"))
