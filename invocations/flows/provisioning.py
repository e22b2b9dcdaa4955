"""Provisioned concurrency of versions and aliases. Every door comes through here; the texts are AWS's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.db import transaction
from django.db.models import QuerySet

from invocations import clock, limits
from invocations.decisions import provisioning as rules
from invocations.decisions.constraints import detected, range_violation
from invocations.decisions.provisioning import Progress
from invocations.errors import (
    InvalidParameterValue,
    ProvisionedConfigNotFound,
    ResourceConflict,
    ResourceNotFound,
    UnusablePart,
    ValidationException,
)
from invocations.flows import pools
from invocations.flows.claims import claimed, provisioned
from invocations.flows.concurrency import lock_all
from invocations.flows.environments import keep_ready
from invocations.flows.pages import Page, cut, page_size, read_marker
from invocations.flows.targets import Name, lock_function, not_found, read_name
from invocations.models import Alias, Function, ProvisionedConfig
from invocations.runtime import runtimes
from invocations.values import LATEST, Scope
from lambdaplay.db.pool import pooled

_UNPUBLISHED = "Provisioned Concurrency Configs cannot be applied to unpublished function versions."
_WEIGHTED = "Alias with weights can not be used with Provisioned Concurrency"
_NOT_LATEST = "The function resource provided must be an alias or a published version."


@dataclass(frozen=True)
class Provisioned:
    """A configuration, and how far it is. `log`: the end of what a failed initialisation printed."""

    config: ProvisionedConfig
    progress: Progress
    log: str = ""


@pooled()
def put(scope: Scope, reference: str, qualifier: str | None, requested: int) -> Provisioned:
    """Have so many environments kept ready for a version, or for where an alias points."""
    problem = range_violation(requested, 1, 2**31 - 1, "provisionedConcurrentExecutions")
    if problem is not None:
        raise ValidationException(detected([problem]))
    name = read_name(scope, reference, qualifier, action="PutProvisionedConcurrencyConfig")
    if name.qualifier in (None, LATEST):
        raise InvalidParameterValue(_UNPUBLISHED)
    with transaction.atomic():
        lock_all(scope)
        function = lock_function(Name(scope, name.name, None))
        alias = _target(name, function)
        _check_free(function, alias, str(name.qualifier))
        _check_room(function, str(name.qualifier), requested)
        config, created = ProvisionedConfig.objects.update_or_create(
            function=function,
            qualifier=name.qualifier,
            defaults={"requested": requested, "last_modified": clock.now()},
        )
        function.changed()
        keep_ready(function)
    if created:
        return Provisioned(config, Progress(0, 0, rules.IN_PROGRESS))
    found = _standing([config])[0]
    return replace(found, progress=replace(found.progress, status=rules.IN_PROGRESS, reason=""))


@pooled()
def get(scope: Scope, reference: str, qualifier: str | None) -> Provisioned:
    """Return a configuration and how far it is. Raises ProvisionedConfigNotFound."""
    name = read_name(scope, reference, qualifier, action="GetProvisionedConcurrencyConfig")
    config = _rows(_existing(name)).filter(qualifier=name.qualifier).first()
    if config is None:
        raise ProvisionedConfigNotFound("No Provisioned Concurrency Config found for this function")
    return _standing([config])[0]


@pooled()
def delete(scope: Scope, reference: str, qualifier: str | None) -> None:
    """End a configuration; one that does not exist is no error, a missing version or alias is."""
    name = read_name(scope, reference, qualifier, action="DeleteProvisionedConcurrencyConfig")
    _existing(name)
    with transaction.atomic():
        function = lock_function(Name(scope, name.name, None))
        forget(function, str(name.qualifier))


@pooled()
def list_configs(
    scope: Scope, reference: str, marker: str | None = None, max_items: int | None = None
) -> Page[Provisioned]:
    """Return a page of a function's configurations, oldest first."""
    name = read_name(scope, reference, action="ListProvisionedConcurrencyConfigs")
    function = Function.objects.within(scope).filter(name=name.name).first()
    if function is None:
        raise not_found(Name(scope, name.name, None))
    rows = _rows(function)
    if marker is not None:
        rows = rows.filter(id__gt=read_marker(marker)[1])
    size = page_size(max_items)
    page = cut(list(rows.order_by("id")[: size + 1]), size, lambda row: ("", row.pk))
    return Page(tuple(_standing(page.items)), page.next_marker)


def forget(function: Function, qualifier: str) -> None:
    """Inside the caller's transaction: this version or alias has none any more."""
    if function.provisioned_configs.filter(qualifier=qualifier).delete()[0]:
        function.changed()
        keep_ready(function)


def follow(function: Function, alias: Alias) -> None:
    """Inside the caller's transaction: an alias was changed; what is provisioned for it goes where it points now."""
    if not function.provisioned_configs.filter(qualifier=alias.name).exists():
        return
    _check_version(function, alias.version)
    keep_ready(function)


def _existing(name: Name) -> Function:
    """The function of an alias or a published version that exists."""
    if name.qualifier in (None, LATEST):
        raise InvalidParameterValue(_NOT_LATEST)
    function = Function.objects.within(name.scope).filter(name=name.name).first()
    if function is None:
        raise not_found(name)
    _target(name, function)
    return function


def _target(name: Name, function: Function) -> Alias | None:
    """The alias that is meant; None: a version. Raises ResourceNotFound."""
    qualifier = str(name.qualifier)
    if qualifier.isdigit():
        if not function.versions.filter(version=qualifier).exists():
            raise not_found(name)
        return None
    alias = function.aliases.filter(name=qualifier).first()
    if alias is None:
        raise ResourceNotFound(f"Cannot find alias arn: {name.arn(qualifier)}")
    return alias


def _check_free(function: Function, alias: Alias | None, qualifier: str) -> None:
    """An alias and a version that it points to cannot both have one; an alias under weights cannot be touched."""
    if alias is not None:
        if alias.weights:
            raise InvalidParameterValue(_WEIGHTED)
        _check_version(function, alias.version)
        return
    named = function.provisioned_configs.values_list("qualifier", flat=True)
    if function.aliases.filter(version=qualifier, name__in=named).exists():
        raise ResourceConflict("Version is pointed by a Provisioned Concurrency alias")


def _check_version(function: Function, version: str) -> None:
    if version == LATEST:
        raise InvalidParameterValue(_UNPUBLISHED)
    if function.provisioned_configs.filter(qualifier=version).exists():
        raise ResourceConflict(
            "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version"
        )


def _check_room(function: Function, qualifier: str, requested: int) -> None:
    beside = provisioned(function, qualifier)
    unreserved = limits.ACCOUNT_CONCURRENCY - claimed(function.scope, function) - beside
    problem = rules.request_problem(requested, beside, function.reserved_concurrency, unreserved)
    if problem is not None:
        raise InvalidParameterValue(problem)


def _rows(function: Function) -> QuerySet[ProvisionedConfig]:
    return function.provisioned_configs.select_related("function")


def standing(function: Function) -> list[Provisioned]:
    """All of a function's configurations, and how far they are."""
    return _standing(list(_rows(function).all()))


def _standing(configs: Sequence[ProvisionedConfig]) -> list[Provisioned]:
    """Of one function. While the environment host is away nothing is ready, and all of it is on its way."""
    if not configs:
        return []
    try:
        kept = pools.kept()
    except UnusablePart:
        kept = {}
    function = configs[0].function
    found = {}
    taken: dict[str, int] = {}  # of a pool that several aliases share, by those before
    for config, parts in pools.shares(function, list(function.provisioned_configs.all())):
        ready = started = 0
        reason = log = ""
        for spec, count in parts:
            pool = kept.get(spec.key)
            before = taken.get(spec.key, 0)
            taken[spec.key] = before + count
            reason = reason or runtimes.unrunnable(spec.runtime) or (pool.reason if pool else "")
            log = log or (pool.log if pool else "")
            ready += _mine(pool.ready if pool else 0, before, count)
            started += _mine(pool.started if pool else 0, before, count)
        found[config.pk] = Provisioned(config, rules.progress(config.requested, ready, started, reason), log)
    return [found[config.pk] for config in configs if config.pk in found]


def _mine(there: int, before: int, count: int) -> int:
    return max(0, min(count, there - before))
