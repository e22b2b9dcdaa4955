"""SQS's names in the query protocol. Its newest model speaks JSON only; SDKs from before 2023 and the forms they send
know lists and maps by these names (AWS's SQS API reference, 2012-11-05)."""

from __future__ import annotations

from typing import Any

NAMESPACE = "http://queue.amazonaws.com/doc/2012-11-05/"

# What the items of a list are called; all lists are flattened.
_ITEMS = {
    "AWSAccountIdList": "AWSAccountId",
    "ActionNameList": "ActionName",
    "AttributeNameList": "AttributeName",
    "BatchResultErrorEntryList": "BatchResultErrorEntry",
    "BinaryList": "BinaryListValue",
    "ChangeMessageVisibilityBatchRequestEntryList": "ChangeMessageVisibilityBatchRequestEntry",
    "ChangeMessageVisibilityBatchResultEntryList": "ChangeMessageVisibilityBatchResultEntry",
    "DeleteMessageBatchRequestEntryList": "DeleteMessageBatchRequestEntry",
    "DeleteMessageBatchResultEntryList": "DeleteMessageBatchResultEntry",
    "ListMessageMoveTasksResultEntryList": "ListMessageMoveTasksResultEntry",
    "MessageAttributeNameList": "MessageAttributeName",
    "MessageList": "Message",
    "QueueUrlList": "QueueUrl",
    "SendMessageBatchRequestEntryList": "SendMessageBatchRequestEntry",
    "SendMessageBatchResultEntryList": "SendMessageBatchResultEntry",
    "StringList": "StringListValue",
    "TagKeyList": "TagKey",
}
_KEYS = {
    "MessageBodyAttributeMap": ("Name", "Value"),
    "MessageBodySystemAttributeMap": ("Name", "Value"),
    "MessageSystemAttributeMap": ("Name", "Value"),
    "QueueAttributeMap": ("Name", "Value"),
    "TagMap": ("Key", "Value"),
}
# What a member that holds such a map is called.
_MEMBERS = {
    "MessageBodyAttributeMap": "MessageAttribute",
    "MessageBodySystemAttributeMap": "MessageSystemAttribute",
    "MessageSystemAttributeMap": "Attribute",
    "QueueAttributeMap": "Attribute",
    "TagMap": "Tag",
}


def add_query_names(raw: dict[str, Any]) -> None:
    """Write the names into the raw model as `queryName`, which the JSON protocol does not look at."""
    raw["metadata"] |= {"protocols": ["json", "query"], "xmlNamespace": NAMESPACE}
    shapes = raw["shapes"]
    for name, item in _ITEMS.items():
        if name in shapes:
            shapes[name]["member"]["queryName"] = item
    # One list for both ways to ask for system attributes: the younger way has a name of its own.
    shapes["ReceiveMessageRequest"]["members"]["MessageSystemAttributeNames"]["queryName"] = (
        "MessageSystemAttributeName"
    )
    for name, (key, value) in _KEYS.items():
        shapes[name]["key"]["queryName"] = key
        shapes[name]["value"]["queryName"] = value
    for shape in shapes.values():
        for member in shape.get("members", {}).values():
            if member["shape"] in _MEMBERS:
                member["queryName"] = _MEMBERS[member["shape"]]
    for name, operation in raw["operations"].items():
        if "output" in operation:
            operation["output"]["resultWrapper"] = f"{name}Result"
