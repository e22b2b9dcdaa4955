"""From a topic's message to parcels, one for each subscription that it is for."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from invocations import clock, outlet
from invocations.decisions import attribute_filter, delivery_policy
from invocations.decisions.attribute_filter import Attribute as Filtered
from invocations.decisions.delivery_policy import MANAGED, Schedule
from invocations.engines.sns import endpoints, envelopes, signing, subscription_attributes
from invocations.engines.sns.content import Attribute, Outgoing
from invocations.engines.sns.envelopes import Notification
from invocations.models import Subscription, Topic
from invocations.values import Parcel

PRINCIPAL = "sns.amazonaws.com"
KIND = "subscription"
_TYPE_HEADER = "header:x-amz-sns-message-type"


@dataclass(frozen=True)
class Origin:
    """Who published. `hops`: invocations that led here, the one that published included; `caused_by` is its id."""

    publisher: str = ""
    trace_id: str = ""
    hops: int = 0
    caused_by: str = ""


def why_not(subscription: Subscription, message: str, attributes: Mapping[str, Attribute]) -> str:
    """Say why a filter policy keeps a message from a subscription; "" when it does not."""
    if not subscription.filter_policy:
        return ""
    policy = attribute_filter.compile_policy(subscription.filter_policy, subscription.filter_scope)
    if subscription.filter_scope == attribute_filter.BODY:
        found = attribute_filter.explain_body(policy, message)
    else:
        named = {name: Filtered(one["DataType"], one.get("StringValue")) for name, one in attributes.items()}
        found = attribute_filter.explain_attributes(policy, named)
    return "" if found is None else f"FilterPolicy ({subscription.filter_scope}): {found}"


def parcel(subscription: Subscription, topic: Topic, one: Notification, outgoing: Outgoing, origin: Origin) -> Parcel:
    """What a subscription is sent of a message."""
    protocol = subscription.protocol
    schedule, options = MANAGED, dict[str, str]()
    envelope = b"" if subscription.raw else envelopes.notification(one, subscription.arn)
    body = one.message.encode() if subscription.raw else envelope
    if protocol == endpoints.FUNCTION:
        body = envelopes.function_event(one, subscription.arn)
    elif protocol == endpoints.QUEUE:
        options = _order(subscription, topic, outgoing)
    else:
        schedule, options = _by_http(subscription, topic, "Notification", one.message_id)
    return Parcel(
        key=f"sns:{one.message_id}:{subscription.subscription_id}",
        kind=KIND,
        source_arn=subscription.arn,
        target=subscription.endpoint,
        body=body,
        scope=topic.scope,
        principal="" if protocol in endpoints.HTTP else PRINCIPAL,
        policy_arn=topic.arn,
        attributes=_attributes(outgoing.attributes) if subscription.raw else {},
        options=options,
        trace_id=origin.trace_id,
        hops=origin.hops,
        caused_by=origin.caused_by,
        max_age_seconds=schedule.max_age_seconds,
        max_tries=schedule.tries,
        back_off=schedule.back_off,
        dead_letter_arn=subscription.redrive_target,
        dead_letter_body=envelope if protocol == endpoints.FUNCTION else None,
    )


def _order(subscription: Subscription, topic: Topic, outgoing: Outgoing) -> dict[str, str]:
    """A FIFO queue keeps the topic's groups in order; a standard one shares fairly between a standard topic's."""
    if outgoing.group is None or topic.fifo != subscription.endpoint.endswith(".fifo"):
        return {}
    found = {"group": outgoing.group}
    if topic.fifo:
        found |= {"dedup": outgoing.dedup_key, "lane": outgoing.group}
    return found


def _attributes(attributes: Mapping[str, Attribute]) -> dict[str, dict[str, str]]:
    return {
        name: {"type": one["DataType"], "value": one.get("StringValue") or one.get("BinaryValue", "")}
        for name, one in attributes.items()
    }


def _by_http(subscription: Subscription, topic: Topic, kind: str, message_id: str) -> tuple[Schedule, dict[str, str]]:
    """How an HTTP endpoint is tried, and the headers that it is sent."""
    effective = subscription_attributes.effective(subscription, topic)
    told = kind == "Notification"
    raw = told and subscription.raw
    options = {
        _TYPE_HEADER: kind,
        "header:x-amz-sns-message-id": message_id,
        "header:x-amz-sns-topic-arn": topic.arn,
        "header:Content-Type": (delivery_policy.content_type(effective, raw) if told else delivery_policy.PLAIN_TEXT),
    }
    if kind != "SubscriptionConfirmation":
        options["header:x-amz-sns-subscription-arn"] = subscription.arn
    if raw:
        options["header:x-amz-sns-rawdelivery"] = "true"
    if subscription.by_function:
        options["network"] = "public"
    return delivery_policy.http_schedule(effective["healthyRetryPolicy"]), options


def ask_to_confirm(subscription: Subscription, topic: Topic, token: str) -> None:
    """Send a new endpoint the token that it is to answer with."""
    version = topic.signature_version or signing.SHA1
    message_id = str(uuid.uuid4())
    body = envelopes.subscription_confirmation(topic.arn, token, message_id, clock.now(), version)
    _post(subscription, topic, "SubscriptionConfirmation", message_id, body)


def say_good_bye(subscription: Subscription, topic: Topic, token: str) -> None:
    """Tell an endpoint that somebody unsubscribed it, with the token that restores it."""
    version = topic.signature_version or signing.SHA1
    message_id = str(uuid.uuid4())
    body = envelopes.unsubscribe_confirmation(subscription.arn, topic.arn, token, message_id, clock.now(), version)
    _post(subscription, topic, "UnsubscribeConfirmation", message_id, body)


def _post(subscription: Subscription, topic: Topic, kind: str, message_id: str, body: bytes) -> None:
    schedule, options = _by_http(subscription, topic, kind, message_id)
    outlet.post(
        [
            Parcel(
                key=f"sns:{message_id}:{subscription.subscription_id}",
                kind=KIND,
                source_arn=subscription.arn,
                target=subscription.endpoint,
                body=body,
                scope=topic.scope,
                policy_arn=topic.arn,
                options=options,
                max_age_seconds=schedule.max_age_seconds,
                max_tries=schedule.tries,
                back_off=schedule.back_off,
            )
        ]
    )
