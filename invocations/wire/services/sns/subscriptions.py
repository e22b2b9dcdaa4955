"""Operations on subscriptions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from invocations.engines.sns import subscription_attributes, subscriptions
from invocations.engines.sns.errors import InvalidParameter
from invocations.engines.sns.subscriptions import Subscriber
from invocations.models import Subscription, Topic
from invocations.values import Caller
from invocations.wire.call import Answer, Call
from invocations.wire.services.sns import paging
from invocations.wire.services.sns.asking import topic_of

_ASKED = "pending confirmation"  # what Subscribe says instead of an ARN; lists say it in another way
_PENDING = "PendingConfirmation"


def subscribe(call: Call) -> Answer:
    params = call.params
    protocol, endpoint = params["Protocol"], params.get("Endpoint") or ""
    topic = topic_of(call, "Subscribe", {"sns:Protocol": protocol, "sns:Endpoint": endpoint})
    given = {name: value or "" for name, value in (params.get("Attributes") or {}).items()}
    made = subscriptions.subscribe(topic, protocol, endpoint, given, subscriber_of(call.caller))
    pending = made.state == Subscription.State.PENDING
    return Answer({"SubscriptionArn": _ASKED if pending and not params.get("ReturnSubscriptionArn") else made.arn})


def subscriber_of(caller: Caller) -> Subscriber:
    return Subscriber(caller.scope.account, caller.arn, by_function=caller.environment_id is not None)


def confirm_subscription(call: Call) -> Answer:
    """By API, or (unsigned) by the link in the message that asked."""
    params = call.params
    keep = (params.get("AuthenticateOnUnsubscribe") or "").lower() == "true"
    row = subscriptions.confirm(params["TopicArn"], params["Token"], signed=_is_signed(call), keep_signed=keep)
    return Answer({"SubscriptionArn": row.arn})


def unsubscribe(call: Call) -> Answer:
    account = call.caller.scope.account if _is_signed(call) else None
    subscriptions.unsubscribe(call.params["SubscriptionArn"], account)
    return Answer()


def _is_signed(call: Call) -> bool:
    return bool(call.caller.name)


def list_subscriptions(call: Call) -> Answer:
    return _listed(call, None)


def list_subscriptions_by_topic(call: Call) -> Answer:
    return _listed(call, topic_of(call, "ListSubscriptionsByTopic"))


def _listed(call: Call, topic: Topic | None) -> Answer:
    token = paging.after(call.params.get("NextToken"))
    if token and not token.isdigit():
        raise InvalidParameter("NextToken")
    found = subscriptions.listed(call.caller.scope, topic, int(token or 0))
    last = paging.last_of(found)
    rows, following = paging.page(found, "" if last is None else str(last.pk))
    return Answer({"Subscriptions": _shown(rows), "NextToken": following})


def _shown(rows: Sequence[Subscription]) -> list[dict[str, Any]]:
    return [
        {
            "SubscriptionArn": _PENDING if row.state == Subscription.State.PENDING else row.arn,
            "Owner": row.owner,
            "Protocol": row.protocol,
            "Endpoint": row.endpoint,
            "TopicArn": row.topic.arn,
        }
        for row in rows
    ]


def get_subscription_attributes(call: Call) -> Answer:
    row = subscriptions.find(call.params["SubscriptionArn"], call.caller.scope)
    return Answer({"Attributes": subscription_attributes.written(row, row.topic)})


def set_subscription_attributes(call: Call) -> Answer:
    row = subscriptions.find(call.params["SubscriptionArn"], call.caller.scope)
    subscriptions.change(row, call.params["AttributeName"], call.params.get("AttributeValue") or "")
    return Answer()


OPERATIONS: dict[str, Callable[[Call], Answer]] = {
    "Subscribe": subscribe,
    "ConfirmSubscription": confirm_subscription,
    "Unsubscribe": unsubscribe,
    "ListSubscriptions": list_subscriptions,
    "ListSubscriptionsByTopic": list_subscriptions_by_topic,
    "GetSubscriptionAttributes": get_subscription_attributes,
    "SetSubscriptionAttributes": set_subscription_attributes,
}
