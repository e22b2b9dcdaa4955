"""Tags of APIs and stages."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from invocations.flows.http_api import apis, rows, stages
from invocations.flows.http_api.errors import BadApiRequest
from invocations.models import Api, ApiStage
from invocations.wire.call import Answer, Call
from invocations.wire.services.apigateway.asking import api_of

_ARN = re.compile(r"arn:aws[a-zA-Z-]*:apigateway:([a-z0-9-]+)::/apis/([^/]+)(?:/stages/([^/]+))?")


def get_tags(call: Call) -> Answer:
    return Answer({"Tags": dict(_owner(call).tags)})


def tag_resource(call: Call) -> Answer:
    owner = _owner(call)
    _save(owner, {**owner.tags, **(call.params.get("Tags") or {})})
    return Answer()


def untag_resource(call: Call) -> Answer:
    owner, gone = _owner(call), call.params["TagKeys"]
    _save(owner, {name: value for name, value in owner.tags.items() if name not in gone})
    return Answer()


def _owner(call: Call) -> Api | ApiStage:
    found = _ARN.fullmatch(call.params["ResourceArn"])
    if found is None or found[1] != call.caller.scope.region:
        raise BadApiRequest("Invalid resource ARN")
    call.params["ApiId"] = found[2]
    api = api_of(call)
    return api if found[3] is None else rows.stage(api, found[3])


def _save(owner: Api | ApiStage, tags: Mapping[str, str]) -> None:
    if isinstance(owner, Api):
        apis.update(owner.scope, owner.api_id, apis.Wishes(tags=tags))
    else:
        stages.update(owner.api.scope, owner.api.api_id, owner.name, stages.Wishes(tags=tags))


OPERATIONS: dict[str, Callable[[Call], Answer]] = {
    "GetTags": get_tags,
    "TagResource": tag_resource,
    "UntagResource": untag_resource,
}
