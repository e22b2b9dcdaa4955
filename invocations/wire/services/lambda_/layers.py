"""Layers, their versions and who else may use them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from invocations.arns import parse_layer
from invocations.flows import drafts, layer_policies, layers
from invocations.models import LayerVersion
from invocations.runtime.code import code_sha256_base64
from invocations.wire.call import Answer, Call
from invocations.wire.code_links import link
from invocations.wire.services.lambda_ import shapes


def publish_layer_version(call: Call) -> Answer:
    params, scope = call.params, call.caller.scope
    draft = layers.LayerDraft(
        drafts.layer_code(scope, params["Content"]),
        description=params.get("Description", ""),
        runtimes=params.get("CompatibleRuntimes"),
        architectures=params.get("CompatibleArchitectures"),
        license_info=params.get("LicenseInfo"),
    )
    return Answer(_whole(call, layers.publish(scope, params["LayerName"], draft)))


def get_layer_version(call: Call) -> Answer:
    return Answer(_whole(call, layers.get(call.caller.scope, call.params["LayerName"], call.params["VersionNumber"])))


def get_layer_version_by_arn(call: Call) -> Answer:
    reference = call.params["Arn"]
    named = parse_layer(reference)
    version = 0 if named is None or named.version is None else named.version
    return Answer(_whole(call, layers.get(call.caller.scope, reference, version)))


def delete_layer_version(call: Call) -> Answer:
    layers.delete(call.caller.scope, call.params["LayerName"], call.params["VersionNumber"])
    return Answer()


def list_layers(call: Call) -> Answer:
    params = call.params
    page = layers.list_layers(
        call.caller.scope,
        params.get("CompatibleRuntime"),
        params.get("CompatibleArchitecture"),
        params.get("Marker") or None,
        params.get("MaxItems"),
    )
    found = [
        {"LayerName": row.layer.name, "LayerArn": row.layer.arn, "LatestMatchingVersion": _entry(row)}
        for row in page.items
    ]
    return Answer({"Layers": found, "NextMarker": page.next_marker})


def list_layer_versions(call: Call) -> Answer:
    params = call.params
    page = layers.list_versions(
        call.caller.scope,
        params["LayerName"],
        params.get("CompatibleRuntime"),
        params.get("CompatibleArchitecture"),
        params.get("Marker") or None,
        params.get("MaxItems"),
    )
    return Answer({"LayerVersions": [_entry(row) for row in page.items], "NextMarker": page.next_marker})


def add_permission(call: Call) -> Answer:
    params = call.params
    statement, revision_id = layer_policies.add(
        call.caller.scope,
        params["LayerName"],
        params["VersionNumber"],
        statement_id=params["StatementId"],
        action=params["Action"],
        principal=params["Principal"],
        organization=params.get("OrganizationId"),
        revision_id=params.get("RevisionId"),
    )
    return Answer({"Statement": json.dumps(statement, separators=(",", ":")), "RevisionId": revision_id})


def remove_permission(call: Call) -> Answer:
    params = call.params
    layer_policies.remove(
        call.caller.scope, params["LayerName"], params["VersionNumber"], params["StatementId"], params.get("RevisionId")
    )
    return Answer()


def get_policy(call: Call) -> Answer:
    policy, revision_id = layer_policies.get(call.caller.scope, call.params["LayerName"], call.params["VersionNumber"])
    return Answer({"Policy": policy, "RevisionId": revision_id})


def _whole(call: Call, row: LayerVersion) -> dict[str, Any]:
    entry = _entry(row)
    content = {
        "Location": link(row.layer.scope, call.headers["host"], row.code_sha256),
        "CodeSha256": code_sha256_base64(row.code_sha256),
        "CodeSize": row.code_size,
    }
    return {"Content": content, "LayerArn": row.layer.arn, **entry}


def _entry(row: LayerVersion) -> dict[str, Any]:
    found: dict[str, Any] = {
        "LayerVersionArn": row.arn,
        "Version": row.version,
        "Description": row.description,
        "CreatedDate": shapes.modified(row.created_at),
        "CompatibleRuntimes": row.runtimes,
        "CompatibleArchitectures": row.architectures,
        "LicenseInfo": row.license_info,
    }
    return {name: value for name, value in found.items() if value is not None}


OPERATIONS: dict[str, Callable[[Call], Answer]] = {
    "PublishLayerVersion": publish_layer_version,
    "GetLayerVersion": get_layer_version,
    "GetLayerVersionByArn": get_layer_version_by_arn,
    "DeleteLayerVersion": delete_layer_version,
    "ListLayers": list_layers,
    "ListLayerVersions": list_layer_versions,
    "AddLayerVersionPermission": add_permission,
    "RemoveLayerVersionPermission": remove_permission,
    "GetLayerVersionPolicy": get_policy,
}
