"""Aliases: names for versions, perhaps shared between two by weight."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from invocations.decisions.constraints import detected, text_violation
from invocations.decisions.routing import routing_problem, weight_violation
from invocations.errors import (
    InvalidParameterValue,
    PreconditionFailed,
    ResourceConflict,
    ResourceNotFound,
    ValidationException,
)
from invocations.flows.pages import Page, cut, page_size, read_marker
from invocations.flows.provisioning import follow, forget
from invocations.flows.targets import STALE_REVISION, Name, lock_function, not_found, read_name
from invocations.models import Alias, Function
from invocations.values import Scope
from lambdaplay.db.pool import pooled


@pooled()
def create_alias(
    scope: Scope,
    reference: str,
    name: str,
    version: str,
    *,
    description: str = "",
    weights: Mapping[str, float] | None = None,
) -> Alias:
    """Create an alias; `weights` gives another version its share, e.g. {"2": 0.2}.

    Raises ResourceNotFound (function or version), ResourceConflict (name taken), InvalidParameterValue (routing).
    """
    _check_texts(name, version, description, weights)
    wanted = Name(scope, read_name(scope, reference, action="CreateAlias").name, version)
    with transaction.atomic():
        function = lock_function(wanted)
        _check_version(function, version)
        if function.aliases.filter(name=name).exists():
            raise _taken(function, name)
        _check_routing(function, version, weights or {})
        try:
            with transaction.atomic():
                alias = Alias.objects.create(
                    function=function, name=name, version=version, description=description, weights=dict(weights or {})
                )
        except IntegrityError:
            raise _taken(function, name) from None
        function.changed()
    return alias


@pooled()
def update_alias(
    scope: Scope,
    reference: str,
    name: str,
    *,
    version: str | None = None,
    description: str | None = None,
    weights: Mapping[str, float] | None = None,
    revision_id: str | None = None,
) -> Alias:
    """Change what is given (None: leave; empty `weights`: end the sharing) and return the alias, a new revision."""
    _check_texts(name, version, description, weights)
    bare = read_name(scope, reference, action="UpdateAlias").name
    missing = ResourceNotFound(f"Alias not found: {Name(scope, bare, None).arn(name)}")
    with transaction.atomic():
        locked = Function.objects.select_for_update().filter(account=scope.account, region=scope.region, name=bare)
        function = locked.first()
        alias = function.aliases.filter(name=name).first() if function is not None else None
        if function is None or alias is None:
            raise missing
        if revision_id is not None and revision_id != alias.revision_id:
            raise PreconditionFailed(STALE_REVISION)
        _check_version(function, version or alias.version)
        _check_routing(function, version or alias.version, alias.weights if weights is None else weights)
        given = {"version": version, "description": description, "weights": None if weights is None else dict(weights)}
        if not alias.change({field: value for field, value in given.items() if value is not None}):
            raise PreconditionFailed(STALE_REVISION)
        follow(function, alias)
    return alias


@pooled()
def get_alias(scope: Scope, reference: str, name: str) -> Alias:
    """Return an alias with its function loaded. Raises ResourceNotFound."""
    bare = Name(scope, read_name(scope, reference, action="GetAlias").name, None)
    alias = _aliases(bare).filter(name=name).first()
    if alias is None:
        raise ResourceNotFound(f"Cannot find alias arn: {bare.arn(name)}")
    return alias


@pooled()
def delete_alias(scope: Scope, reference: str, name: str) -> None:
    """Delete an alias; one that does not exist is no error, a missing function is."""
    bare = Name(scope, read_name(scope, reference, action="DeleteAlias").name, None)
    with transaction.atomic():
        function = lock_function(bare)
        function.aliases.filter(name=name).delete()
        function.event_invoke_configs.filter(qualifier=name).delete()
        function.policies.filter(qualifier=name).delete()
        function.urls.filter(qualifier=name).delete()
        forget(function, name)
        function.changed()


@pooled()
def list_aliases(
    scope: Scope,
    reference: str,
    *,
    version: str | None = None,
    marker: str | None = None,
    max_items: int | None = None,
) -> Page[Alias]:
    """Return a page of a function's aliases by name, or of those that send calls to one version."""
    bare = Name(scope, read_name(scope, reference, action="ListAliases").name, None)
    if not Function.objects.filter(account=scope.account, region=scope.region, name=bare.name).exists():
        raise not_found(bare)
    after = "" if marker is None else read_marker(marker)[0]
    rows = _aliases(bare).filter(name__gt=after).order_by("name")
    found = [alias for alias in rows if version is None or version == alias.version or version in alias.weights]
    size = page_size(max_items)
    return cut(found[: size + 1], size, lambda alias: (alias.name, 0))


def _aliases(name: Name) -> QuerySet[Alias]:
    scope = name.scope
    return Alias.objects.select_related("function").filter(
        function__account=scope.account, function__region=scope.region, function__name=name.name
    )


def _taken(function: Function, name: str) -> ResourceConflict:
    return ResourceConflict(f"Alias already exists: {function.arn(name)}")


def _check_texts(name: str, version: str | None, description: str | None, weights: Mapping[str, float] | None) -> None:
    found = [
        text_violation("Alias", name, "name"),
        text_violation("VersionWithLatestPublished", version, "functionVersion") if version is not None else None,
        text_violation("Description", description, "description") if description is not None else None,
        weight_violation(weights) if weights is not None and len(weights) < 2 else None,
    ]
    violations = [problem for problem in found if problem is not None]
    if violations:
        raise ValidationException(detected(violations))


def _check_routing(function: Function, main: str, weights: Mapping[str, float]) -> None:
    problem = routing_problem(main, weights)
    if problem is not None:
        raise InvalidParameterValue(problem)
    for version in weights:
        _check_version(function, version)


def _check_version(function: Function, version: str) -> None:
    if not function.versions.filter(version=version).exists():
        raise ResourceNotFound(f"Function not found: {function.arn(version)}")
