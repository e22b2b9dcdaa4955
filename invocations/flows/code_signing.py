"""Code-signing configurations, and what they do to a deployment.

There is no signer here: whatever is deployed is unsigned. So `Enforce` blocks every deployment of code and of layers to
its functions, in AWS's words, and `Warn` lets them pass, as AWS does, which only counts them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import ProtectedError, QuerySet

from invocations import clock
from invocations.arns import function_arn
from invocations.errors import (
    CodeSigningConfigNotFound,
    CodeVerificationFailed,
    InvalidParameterValue,
    ResourceConflict,
    ResourceNotFound,
)
from invocations.flows.function_values import check_tags, is_text
from invocations.flows.pages import Page, cut, page_size, read_marker
from invocations.flows.targets import Name, lock_function, not_found, read_name
from invocations.models import CodeSigningConfig, Function
from invocations.values import Scope
from lambdaplay.db.pool import pooled


@pooled()
def create(
    scope: Scope,
    publishers: Sequence[str],
    *,
    description: str | None = None,
    policy: str | None = None,
    tags: Mapping[str, str] | None = None,
) -> CodeSigningConfig:
    check_tags(tags or {})
    _check_text(description)
    return CodeSigningConfig.objects.create(
        account=scope.account,
        region=scope.region,
        description=description,
        publishers=list(publishers),
        policy=policy or CodeSigningConfig.Policy.WARN,
        tags=dict(tags or {}),
        last_modified=clock.real(),
    )


@pooled()
def update(
    scope: Scope,
    arn: str,
    *,
    publishers: Sequence[str] | None = None,
    description: str | None = None,
    policy: str | None = None,
) -> CodeSigningConfig:
    """Change what is given. What is deployed already stays."""
    _check_text(description)
    given: dict[str, Any] = {"description": description, "policy": policy}
    if publishers is not None:
        given["publishers"] = list(publishers)
    changes = {name: value for name, value in given.items() if value is not None}
    row = get(scope, arn)
    CodeSigningConfig.objects.filter(pk=row.pk).update(**changes, last_modified=clock.real())
    return get(scope, arn)


@pooled()
def get(scope: Scope, arn: str) -> CodeSigningConfig:
    row = _rows(scope).filter(config_id=_identifier(scope, arn)).first()
    if row is None:
        raise ResourceNotFound(f"The Lambda code signing configuration {arn} can not be found.")
    return row


@pooled()
def delete(scope: Scope, arn: str) -> None:
    """Delete a configuration that no function uses."""
    row = get(scope, arn)
    try:
        with transaction.atomic():
            row.delete()
    except ProtectedError:
        raise ResourceConflict(
            f"Cannot delete the code signing configuration {arn}: functions use it. Remove it from them first."
        ) from None


@pooled()
def list_configs(scope: Scope, marker: str | None, max_items: int | None) -> Page[CodeSigningConfig]:
    rows = _rows(scope)
    if marker is not None:
        rows = rows.filter(pk__gt=read_marker(marker)[1])
    size = page_size(max_items)
    return cut(list(rows.order_by("pk")[: size + 1]), size, lambda row: ("", row.pk))


@pooled()
def list_functions(scope: Scope, arn: str, marker: str | None, max_items: int | None) -> Page[Function]:
    rows = Function.objects.filter(code_signing_config=get(scope, arn))
    if marker is not None:
        rows = rows.filter(name__gt=read_marker(marker)[0])
    size = page_size(max_items)
    return cut(list(rows.order_by("name")[: size + 1]), size, lambda row: (row.name, row.pk))


# --- on a function ----------------------------------------------------------------------------------------------------


@pooled()
def attach(scope: Scope, reference: str, arn: str) -> Function:
    """Give a function this configuration; it counts from the next deployment on."""
    config = named(scope, arn)
    name = read_name(scope, reference, action="PutFunctionCodeSigningConfig")
    return _set(name, config)


@pooled()
def detach(scope: Scope, reference: str) -> None:
    _set(read_name(scope, reference, action="DeleteFunctionCodeSigningConfig"), None)


@pooled()
def of_function(scope: Scope, reference: str) -> Function:
    """Return the function with its configuration loaded, if it has one."""
    name = read_name(scope, reference, action="GetFunctionCodeSigningConfig")
    rows = Function.objects.select_related("code_signing_config")
    row = rows.filter(account=scope.account, region=scope.region, name=name.name).first()
    if row is None:
        raise not_found(Name(scope, name.name, None))
    return row


def named(scope: Scope, arn: str) -> CodeSigningConfig:
    """Return the configuration that a function is to have."""
    row = _rows(scope).filter(config_id=_identifier(scope, arn)).first()
    if row is None:
        raise CodeSigningConfigNotFound(
            "The code signing configuration cannot be found. "
            f"Check that the provided configuration is not deleted: {arn}."
        )
    return row


def check_deployment(scope: Scope, function: str, config: CodeSigningConfig | None) -> None:
    """Raise CodeVerificationFailed when unsigned code or layers may not be deployed to the function."""
    if config is not None and config.policy == CodeSigningConfig.Policy.ENFORCE:
        raise CodeVerificationFailed(
            "Lambda cannot deploy the function. The function or layer might be signed using a signature that the "
            "client is not configured to accept. Check the provided signature for "
            f"{function_arn(scope.account, scope.region, function)}."
        )


def _set(name: Name, config: CodeSigningConfig | None) -> Function:
    with transaction.atomic():
        function = lock_function(Name(name.scope, name.name, None))
        if config is not None and not CodeSigningConfig.objects.select_for_update().filter(pk=config.pk).exists():
            named(name.scope, config.arn)  # deleted meanwhile: says so
        Function.objects.filter(pk=function.pk).update(code_signing_config=config)
        function.code_signing_config = config
    return function


def _identifier(scope: Scope, arn: str) -> str:
    head, _, identifier = arn.rpartition(":")
    return identifier if head == f"arn:aws:lambda:{scope.region}:{scope.account}:code-signing-config" else ""


def _rows(scope: Scope) -> QuerySet[CodeSigningConfig]:
    return CodeSigningConfig.objects.filter(account=scope.account, region=scope.region)


def _check_text(description: str | None) -> None:
    if not is_text(description):
        raise InvalidParameterValue("The request contains characters that are not text.")
