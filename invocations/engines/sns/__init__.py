"""SNS: topics on the database. Knows who subscribes and publishes only by name.

For other rooms: `find` and `publish` by topic ARN. What subscribers get is posted through `invocations.outlet`.
"""

from __future__ import annotations

from collections.abc import Mapping

from invocations.engines.sns import content, policies, publishing, topics
from invocations.engines.sns.content import Attribute, Outgoing
from invocations.engines.sns.errors import TopicDoesNotExist, TopicRefusal
from invocations.engines.sns.fanout import Origin
from invocations.models import Topic

__all__ = ["Attribute", "Origin", "Outgoing", "Topic", "TopicDoesNotExist", "TopicRefusal", "allows", "find", "publish"]


def find(arn: str) -> Topic:
    """The topic of an ARN. Raises TopicRefusal."""
    return topics.find_arn(arn)


def allows(topic: Topic, principal: str, context: Mapping[str, str]) -> bool:
    """Whether the topic's policy lets a service or another account publish."""
    return policies.allows(topic, principal, "Publish", context)


def publish(topic: Topic, outgoing: Outgoing, origin: Origin) -> str:
    """Publish one message; return its id. Raises TopicRefusal."""
    content.check(topic, outgoing)
    return publishing.publish(topic, [outgoing], origin)[0].message_id
