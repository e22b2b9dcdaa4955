"""Published versions."""

from __future__ import annotations

from collections.abc import Callable

from invocations.errors import UnsupportedOption
from invocations.flows import versions
from invocations.wire.call import Answer, Call
from invocations.wire.services.lambda_ import shapes


def publish_version(call: Call) -> Answer:
    params = call.params
    if params.get("PublishTo") is not None:
        raise UnsupportedOption("lambdaplay does not offer PublishTo.")
    version = versions.publish_version(
        call.caller.scope,
        params["FunctionName"],
        code_sha256=params.get("CodeSha256"),
        description=params.get("Description"),
        revision_id=params.get("RevisionId"),
    )
    return Answer(shapes.published(version))


def list_versions_by_function(call: Call) -> Answer:
    params = call.params
    page = versions.list_versions(
        call.caller.scope, params["FunctionName"], params.get("Marker") or None, params.get("MaxItems")
    )
    rows = [shapes.qualified(version) for version in page.items]
    return Answer({"Versions": rows, "NextMarker": page.next_marker})


OPERATIONS: dict[str, Callable[[Call], Answer]] = {
    "PublishVersion": publish_version,
    "ListVersionsByFunction": list_versions_by_function,
}
