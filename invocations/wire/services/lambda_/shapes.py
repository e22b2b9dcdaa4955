"""Rows as AWS shows them. Field rules: reference, functions, "FunctionConfiguration"."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

from invocations.models import Alias, FunctionVersion
from invocations.runtime.code import code_sha256_base64
from invocations.values import LATEST

_CREATING = "The function is being created."


def configuration(version: FunctionVersion, qualifier: str | None = None) -> dict[str, Any]:
    """FunctionConfiguration as single-function operations answer it. `qualifier`: what the ARN ends with, if asked."""
    return {**listed(version, qualifier), **_states(version), "RuntimeVersionConfig": _runtime_version(version)}


def listed(version: FunctionVersion, qualifier: str | None = None) -> dict[str, Any]:
    """The same as lists show it: without states and runtime version."""
    function = version.function
    found: dict[str, Any] = {
        "FunctionName": function.name,
        "FunctionArn": function.arn(qualifier),
        "Runtime": version.runtime,
        "Role": version.role,
        "Handler": version.handler,
        "CodeSize": version.code_size,
        "Description": version.description,
        "Timeout": version.timeout_seconds,
        "MemorySize": version.memory_mb,
        "LastModified": modified(version.last_modified),
        "CodeSha256": code_sha256_base64(version.code_sha256),
        "Version": version.version,
        "TracingConfig": {"Mode": version.tracing_mode},
        "RevisionId": version.revision_id,
        "PackageType": "Zip",
        "Architectures": [version.architecture],
        "EphemeralStorage": {"Size": version.tmp_mb},
        "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
        "LoggingConfig": _logging(version),
    }
    if version.variables is not None:
        found["Environment"] = {"Variables": version.variables}
    if version.layers:
        found["Layers"] = [{"Arn": layer["arn"], "CodeSize": layer["code_size"]} for layer in version.layers]
    if version.dead_letter_arn:
        found["DeadLetterConfig"] = {"TargetArn": version.dead_letter_arn}
    return found


def _logging(version: FunctionVersion) -> dict[str, str]:
    found = {
        "LogFormat": version.log_format,
        "ApplicationLogLevel": version.application_log_level,
        "SystemLogLevel": version.system_log_level,
        "LogGroup": version.log_group,
    }
    return {name: value for name, value in found.items() if value}


def _states(version: FunctionVersion) -> dict[str, str]:
    if version.state == FunctionVersion.State.PENDING:
        return {"State": version.state, "StateReason": _CREATING, "StateReasonCode": "Creating"}
    found = {"State": str(version.state), "LastUpdateStatus": str(version.update_status)}
    if version.update_status == FunctionVersion.UpdateStatus.IN_PROGRESS:
        found |= {"LastUpdateStatusReason": _CREATING, "LastUpdateStatusReasonCode": "Creating"}
    return found


def _runtime_version(version: FunctionVersion) -> dict[str, str]:
    """AWS's ARN ends in a digest of the runtime's build; ours in one of its name."""
    digest = hashlib.sha256(version.runtime.encode()).hexdigest()
    return {"RuntimeVersionArn": f"arn:aws:lambda:{version.function.region}::runtime:{digest}"}


def modified(moment: datetime) -> str:
    utc = moment.astimezone(UTC)
    return utc.strftime("%Y-%m-%dT%H:%M:%S.") + f"{utc.microsecond // 1000:03d}+0000"


def qualified(version: FunctionVersion) -> dict[str, Any]:
    """A list entry whose ARN names its version, `$LATEST` too."""
    return listed(version, version.version)


def published(version: FunctionVersion) -> dict[str, Any]:
    """A version that was just published (or $LATEST, unqualified)."""
    return configuration(version, None if version.version == LATEST else version.version)


def alias(row: Alias) -> dict[str, Any]:
    found: dict[str, Any] = {
        "AliasArn": row.function.arn(row.name),
        "Name": row.name,
        "FunctionVersion": row.version,
        "Description": row.description,
        "RevisionId": row.revision_id,
    }
    if row.weights:
        found["RoutingConfig"] = {"AdditionalVersionWeights": row.weights}
    return found
