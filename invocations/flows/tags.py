"""Tags of whatever Lambda lets one tag: functions, event source mappings, code-signing configurations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from django.db import transaction

from invocations.arns import parse_arn
from invocations.errors import InvalidParameterValue, ResourceNotFound, UnsupportedOption
from invocations.flows.function_values import check_tags
from invocations.models import CodeSigningConfig, Function
from invocations.models import Mapping as SourceMapping
from invocations.values import Scope
from lambdaplay.db.pool import pooled

Tagged: TypeAlias = Function | SourceMapping | CodeSigningConfig

_GONE = "The resource you requested does not exist."


@pooled()
def tag(scope: Scope, arn: str, tags: Mapping[str, str]) -> None:
    """Set these tags beside those that are there. Raises InvalidParameterValue, ResourceNotFound."""
    if not tags:
        raise InvalidParameterValue("An error occurred and the request cannot be processed.")
    with transaction.atomic():
        row = _locked(_find(scope, arn))
        _write(row, {**row.tags, **tags})


@pooled()
def untag(scope: Scope, arn: str, keys: Iterable[str]) -> None:
    """Remove these tags; those that are not there are no error."""
    gone = set(keys)
    with transaction.atomic():
        row = _locked(_find(scope, arn))
        _write(row, {key: value for key, value in row.tags.items() if key not in gone})


@pooled()
def tags_of(scope: Scope, arn: str) -> dict[str, str]:
    return dict(_find(scope, arn).tags)


def _locked(row: Tagged) -> Tagged:
    return type(row).objects.select_for_update().get(pk=row.pk)


def _write(row: Tagged, tags: dict[str, str]) -> None:
    check_tags(tags)
    type(row).objects.filter(pk=row.pk).update(tags=tags)


def _find(scope: Scope, text: str) -> Tagged:
    arn = parse_arn(text)
    if arn is None or arn.service != "lambda":
        raise ResourceNotFound(_GONE)
    kind, _, identifier = arn.resource.partition(":")
    find = _KINDS.get(kind)
    if find is None:
        raise UnsupportedOption(f"lambdaplay does not offer {kind}s, and so no tags of them.")
    where = Scope(arn.account, arn.region)
    found = find(where, identifier) if where == scope else None
    if found is None:
        raise ResourceNotFound(f"Function not found: {text}" if kind == "function" else _GONE)
    return found


def _function(scope: Scope, name: str) -> Function | None:
    if ":" in name:
        raise InvalidParameterValue(
            "Tags on function aliases and versions are not supported. Please specify a function ARN."
        )
    return Function.objects.filter(account=scope.account, region=scope.region, name=name).first()


def _mapping(scope: Scope, identifier: str) -> SourceMapping | None:
    return SourceMapping.objects.filter(account=scope.account, region=scope.region, uuid=identifier).first()


def _code_signing_config(scope: Scope, identifier: str) -> CodeSigningConfig | None:
    rows = CodeSigningConfig.objects.filter(account=scope.account, region=scope.region)
    return rows.filter(config_id=identifier).first()


_KINDS: dict[str, Callable[[Scope, str], Tagged | None]] = {
    "function": _function,
    "event-source-mapping": _mapping,
    "code-signing-config": _code_signing_config,
}
