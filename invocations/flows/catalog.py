"""What an invocation needs to know of its function, remembered between calls.

Every change to a function raises its `catalog_revision`; one small SELECT a call tells whether what is remembered still
holds, in every process and on every machine alike.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from contextlib import closing
from dataclasses import dataclass, replace

from django.db import connection

from invocations.flows.specs import spec_for, unreserved_limit
from invocations.flows.targets import find
from invocations.models import Function, FunctionVersion
from invocations.values import EnvironmentSpec, Scope

_REMEMBERED = 5000
_SHARED_LIMIT_SECONDS = 1.0


@dataclass(frozen=True)
class Route:
    """Where calls to one qualifier go. `arn` is the function's ARN as the caller named it."""

    function: str
    arn: str
    main: str
    weights: dict[str, float]
    versions: dict[str, EnvironmentSpec]
    state: str


_routes: OrderedDict[tuple[Scope, str, str | None], tuple[int, Route]] = OrderedDict()
_shared: dict[Scope, tuple[float, int]] = {}
_REVISION = (
    f"SELECT catalog_revision, reserved_concurrency FROM {Function._meta.db_table} "  # noqa: S608 - no input in it
    "WHERE account = %s AND region = %s AND name = %s"
).replace("%s", "?" if connection.vendor == "sqlite" else "%s")


def route(scope: Scope, reference: str, qualifier: str | None) -> Route:
    """Find where an invocation goes. Raises the AWS errors of a missing function, version or alias."""
    key = (scope, reference, qualifier)
    remembered = _routes.get(key)
    if remembered is not None:
        revision, known = remembered
        row = _current(scope, known.function)
        if row is not None and row[0] == revision:
            return _limited(known, row[1], scope)
    return _look_up(key)


def _current(scope: Scope, name: str) -> tuple[int, int | None] | None:
    """The driver's own cursor: every call asks this, and Django's costs more than the look."""
    connection.ensure_connection()
    with connection.wrap_database_errors, closing(connection.connection.cursor()) as cursor:
        cursor.execute(_REVISION, (scope.account, scope.region, name))
        row: tuple[int, int | None] | None = cursor.fetchone()
    return row


def _limited(known: Route, reserved: int | None, scope: Scope) -> Route:
    shared = _shared_limit(scope)
    versions = known.versions
    if all(spec.unreserved_limit == shared and spec.reserved_concurrency == reserved for spec in versions.values()):
        return known
    fresh = {
        name: replace(spec, unreserved_limit=shared, reserved_concurrency=reserved) for name, spec in versions.items()
    }
    return replace(known, versions=fresh)


def _shared_limit(scope: Scope) -> int:
    """Changes with any function's reservation, so it is remembered for a moment only."""
    until, limit = _shared.get(scope, (0.0, 0))
    if time.monotonic() > until:
        limit = unreserved_limit(scope)
        _shared[scope] = (time.monotonic() + _SHARED_LIMIT_SECONDS, limit)
    return limit


def _look_up(key: tuple[Scope, str, str | None]) -> Route:
    scope, reference, qualifier = key
    target = find(scope, reference, qualifier)
    function = target.function
    main = target.version
    weights: dict[str, float] = dict(target.alias.weights) if target.alias is not None else {}
    versions = {main.version: main}
    if weights:
        versions |= {row.version: row for row in function.versions.filter(version__in=weights)}
    shared = _shared_limit(scope)
    found = Route(
        function=function.name,
        arn=function.arn(target.qualifier),
        main=main.version,
        weights=weights,
        versions={name: spec_for(function, row, shared) for name, row in versions.items()},
        state=main.state,
    )
    if main.state == FunctionVersion.State.ACTIVE:
        # The revision was read with the function, before its versions: a change in between makes this entry stale.
        _routes[key] = (function.catalog_revision, found)
        while len(_routes) > _REMEMBERED:
            _routes.popitem(last=False)
    return found
