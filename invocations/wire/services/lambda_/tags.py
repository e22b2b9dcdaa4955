"""Tags of functions, event source mappings and code-signing configurations."""

from __future__ import annotations

from collections.abc import Callable

from invocations.errors import ValidationException
from invocations.flows import tags
from invocations.wire.call import Answer, Call
from invocations.wire.protocol.constraints import NOT_NULL, violations


def tag_resource(call: Call) -> Answer:
    tags.tag(call.caller.scope, call.params["Resource"], call.params["Tags"])
    return Answer()


def untag_resource(call: Call) -> Answer:
    if not call.params["TagKeys"]:  # an empty list cannot be told from none in a query string
        raise ValidationException(f"1 validation error detected: {violations('tagKeys', None, [NOT_NULL])[0]}")
    tags.untag(call.caller.scope, call.params["Resource"], call.params["TagKeys"])
    return Answer()


def list_tags(call: Call) -> Answer:
    return Answer({"Tags": tags.tags_of(call.caller.scope, call.params["Resource"])})


OPERATIONS: dict[str, Callable[[Call], Answer]] = {
    "TagResource": tag_resource,
    "UntagResource": untag_resource,
    "ListTags": list_tags,
}
