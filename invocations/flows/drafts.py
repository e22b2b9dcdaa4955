"""From a Lambda API request (members as AWS's model names them, parsed) to our own words.

What lambdaplay does not act on is refused by name and never stored; a member that asks for nothing (`VpcConfig`
without subnets, `SnapStart: None`) is taken as AWS takes it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any

from invocations import limits
from invocations.errors import InvalidParameterValue, UnsupportedOption
from invocations.flows.function_values import ConfigurationChanges, FunctionDraft, check_tags
from invocations.flows.functions import check_new
from invocations.flows.s3_code import fetch_object
from invocations.flows.targets import find, new_name
from invocations.runtime.code import CodePackage, store
from invocations.values import Scope

Params = Mapping[str, Any]

# Members that mean nothing to lambdaplay unless they are empty, and how each looks when it is empty.
_EMPTY: dict[str, Callable[[Any], bool]] = {
    "PackageType": lambda value: value == "Zip",
    "VpcConfig": lambda value: not value.get("SubnetIds") and not value.get("SecurityGroupIds"),
    "SnapStart": lambda value: value.get("ApplyOn") in (None, "None"),
    "ImageConfig": lambda value: not any(value.values()),
    "S3ObjectStorageMode": lambda value: value == "COPY",
}
_CONFIGURATION = {
    "Runtime",
    "Handler",
    "Role",
    "Description",
    "Timeout",
    "MemorySize",
    "EphemeralStorage",
    "Environment",
    "TracingConfig",
    "LoggingConfig",
    "DeadLetterConfig",
    "Layers",
}
_CREATE = _CONFIGURATION | {"FunctionName", "Code", "Tags", "Publish", "Architectures", "CodeSigningConfigArn"}
_UPDATE_CONFIGURATION = _CONFIGURATION | {"FunctionName", "RevisionId"}
_CODE = {"ZipFile", "S3Bucket", "S3Key", "S3ObjectVersion", "ImageUri"}
_UPDATE_CODE = _CODE | {"FunctionName", "Architectures", "Publish", "DryRun", "RevisionId"}


def draft_from_request(scope: Scope, params: Params) -> FunctionDraft:
    """Check a CreateFunction request and store its code; everything that can be refused is refused before the code."""
    _refuse_others(params, _CREATE)
    configuration = _configuration(params)
    code = params.get("Code") or {}
    _refuse_others(code, _CODE, "Code.")
    check_source(code, "creating")
    if not params.get("Runtime") or not params.get("Handler"):
        raise InvalidParameterValue(
            "Runtime and Handler are mandatory parameters for functions created with deployment packages."
        )
    configuration = replace(configuration, architecture=architecture_of(params))
    configuration.check()
    tags = dict(params.get("Tags") or {})
    check_tags(tags)
    name = new_name(scope, params["FunctionName"])
    check_new(scope, name)
    given = {field: value for field, value in asdict(configuration).items() if value is not None}
    package = stored_code(scope, code)
    return FunctionDraft(
        name=name,
        code=package,
        tags=tags,
        publish=bool(params.get("Publish")),
        code_signing_config_arn=params.get("CodeSigningConfigArn") or "",
        **given,
    )


def changes_from_request(params: Params) -> ConfigurationChanges:
    """Translate an UpdateFunctionConfiguration request; RevisionId is for the caller to pass on."""
    _refuse_others(params, _UPDATE_CONFIGURATION)
    return _configuration(params)


def code_from_request(scope: Scope, params: Params) -> CodePackage:
    """Check the code members of an UpdateFunctionCode request and store the code."""
    _refuse_others(params, _UPDATE_CODE)
    check_source(params, "updating")
    find(scope, params["FunctionName"], action="UpdateFunctionCode")
    return stored_code(scope, params)


def layer_code(scope: Scope, content: Params) -> CodePackage:
    """Check the Content of a PublishLayerVersion request and store it."""
    _refuse_others(content, _CODE, "Content.")
    if content.get("ZipFile") is None and not (content.get("S3Bucket") and content.get("S3Key")):
        raise InvalidParameterValue("Please provide a source for layer code.")
    check_source(content, "publishing")
    return stored_code(scope, content)


def architecture_of(params: Params) -> str | None:
    """Return the one architecture asked for, None when the member is absent."""
    architectures = params.get("Architectures")
    return architectures[0] if architectures else None


def check_source(code: Params, doing: str) -> None:
    """Raise unless the code comes from exactly one place, and one that lambdaplay can use."""
    if code.get("ImageUri"):
        if doing == "updating":
            raise InvalidParameterValue("Please don't provide ImageUri when updating a function with packageType Zip.")
        raise UnsupportedOption(_not_offered("Code.ImageUri"))
    from_s3 = [code.get("S3Bucket"), code.get("S3Key"), code.get("S3ObjectVersion")]
    if code.get("ZipFile") is not None:
        if any(from_s3):
            raise InvalidParameterValue("Please do not provide other FunctionCode parameters when providing a ZipFile.")
    elif not (from_s3[0] and from_s3[1]):
        raise InvalidParameterValue("Please provide a source for function code.")


def stored_code(scope: Scope, code: Params) -> CodePackage:
    """Store the code of a request whose source was checked."""
    if code.get("ZipFile") is not None:
        return store(code["ZipFile"])
    content = fetch_object(scope, code["S3Bucket"], code["S3Key"], code.get("S3ObjectVersion"))
    return store(content, zipped_limit=limits.UNZIPPED_BYTES)


def _configuration(params: Params) -> ConfigurationChanges:
    logging = params.get("LoggingConfig") or {}
    return ConfigurationChanges(
        runtime=params.get("Runtime"),
        handler=params.get("Handler"),
        role=params.get("Role"),
        description=params.get("Description"),
        timeout_seconds=params.get("Timeout"),
        memory_mb=params.get("MemorySize"),
        tmp_mb=(params.get("EphemeralStorage") or {}).get("Size"),
        variables=(params.get("Environment") or {}).get("Variables"),
        tracing_mode=(params.get("TracingConfig") or {}).get("Mode"),
        log_group=logging.get("LogGroup"),
        log_format=logging.get("LogFormat"),
        application_log_level=logging.get("ApplicationLogLevel"),
        system_log_level=logging.get("SystemLogLevel"),
        dead_letter_arn=(params.get("DeadLetterConfig") or {}).get("TargetArn"),
        layers=params.get("Layers"),
    )


def _refuse_others(params: Params, known: set[str], prefix: str = "") -> None:
    for name, value in params.items():
        if value is None:
            continue
        empty = _EMPTY.get(name)
        wanted = not empty(value) if empty is not None else name not in known and bool(value)
        if wanted:
            raise UnsupportedOption(_not_offered(prefix + name))


def _not_offered(option: str) -> str:
    return f"lambdaplay does not support {option} with this value; leave it out."
