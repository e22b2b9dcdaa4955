"""Operations on topics themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from invocations.engines.sns import policies, topics
from invocations.engines.sns.errors import InvalidParameter, TopicDoesNotExist
from invocations.wire.call import Answer, Call
from invocations.wire.services.sns import paging
from invocations.wire.services.sns.asking import tagged, topic_of


def create_topic(call: Call) -> Answer:
    params = call.params
    if params.get("DataProtectionPolicy"):
        raise InvalidParameter("DataProtectionPolicy Reason: lambdaplay does not offer DataProtectionPolicy.")
    tags = [(tag["Key"], tag["Value"]) for tag in params.get("Tags") or []]
    topic = topics.create(call.caller.scope, params["Name"], _strings(params.get("Attributes")), tags)
    return Answer({"TopicArn": topic.arn})


def _strings(given: Mapping[str, str | None] | None) -> dict[str, str]:
    return {name: value or "" for name, value in (given or {}).items()}


def delete_topic(call: Call) -> Answer:
    """Deleting one that is not there is fine."""
    try:
        topics.delete(topic_of(call, "DeleteTopic"))
    except TopicDoesNotExist:
        pass
    return Answer()


def list_topics(call: Call) -> Answer:
    found = topics.listed(call.caller.scope, paging.after(call.params.get("NextToken")))
    last = paging.last_of(found)
    rows, token = paging.page(found, "" if last is None else last.name)
    return Answer({"Topics": [{"TopicArn": topic.arn} for topic in rows], "NextToken": token})


def get_topic_attributes(call: Call) -> Answer:
    return Answer({"Attributes": topics.read(topic_of(call, "GetTopicAttributes"))})


def set_topic_attributes(call: Call) -> Answer:
    topic = topic_of(call, "SetTopicAttributes")
    topics.change(topic, call.params["AttributeName"], call.params.get("AttributeValue") or "")
    return Answer()


def add_permission(call: Call) -> Answer:
    topic, params = topic_of(call, "AddPermission"), call.params
    policy = policies.with_permission(topic, params["Label"], params["AWSAccountId"], params["ActionName"])
    topics.change(topic, "Policy", policy)
    return Answer()


def remove_permission(call: Call) -> Answer:
    topic = topic_of(call, "RemovePermission")
    left = policies.without_permission(topic, call.params["Label"])
    topics.change(topic, "Policy", left or policies.default(topic))
    return Answer()


def tag_resource(call: Call) -> Answer:
    topics.tag(tagged(call), [(tag["Key"], tag["Value"]) for tag in call.params["Tags"]])
    return Answer()


def untag_resource(call: Call) -> Answer:
    topics.untag(tagged(call), call.params["TagKeys"])
    return Answer()


def list_tags_for_resource(call: Call) -> Answer:
    return Answer({"Tags": [{"Key": key, "Value": value} for key, value in tagged(call).tags.items()]})


OPERATIONS: dict[str, Callable[[Call], Answer]] = {
    "CreateTopic": create_topic,
    "DeleteTopic": delete_topic,
    "ListTopics": list_topics,
    "GetTopicAttributes": get_topic_attributes,
    "SetTopicAttributes": set_topic_attributes,
    "AddPermission": add_permission,
    "RemovePermission": remove_permission,
    "TagResource": tag_resource,
    "UntagResource": untag_resource,
    "ListTagsForResource": list_tags_for_resource,
}
