"""Who asks, about which topic."""

from __future__ import annotations

from collections.abc import Mapping

from invocations.engines.sns import naming, policies, topics
from invocations.engines.sns.errors import ResourceDoesNotExist, TopicDoesNotExist
from invocations.models import Topic
from invocations.wire.call import Call


def topic_of(call: Call, action: str, context: Mapping[str, str] | None = None) -> Topic:
    """The topic that the request is about. Raises TopicRefusal: malformed, elsewhere, unknown, denied."""
    return topic_named(call, call.params.get("TopicArn") or "", action, context)


def topic_named(
    call: Call, arn: str, action: str, context: Mapping[str, str] | None = None, parameter: str = "TopicArn"
) -> Topic:
    scope = call.caller.scope
    topic = topics.find(naming.read_topic(arn, scope.region, parameter))
    policies.require(topic, scope.account, call.caller.arn, action, context)
    return topic


def tagged(call: Call) -> Topic:
    """The topic whose tags the request is about; only its owner's account may touch them."""
    scope = call.caller.scope
    name = naming.read_topic(call.params["ResourceArn"], scope.region, "ResourceArn")
    try:
        topic = topics.find(name)
    except TopicDoesNotExist:
        raise ResourceDoesNotExist from None
    policies.require(topic, scope.account, call.caller.arn, call.operation)
    return topic
