"""From what a caller wrote to the function, alias and version that it means."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import DEFAULT_DB_ALIAS

from invocations import arns, clock, limits
from invocations.decisions.constraints import detected, shape_metadata, text_violation, violation
from invocations.errors import (
    AccessDenied,
    InvalidParameterValue,
    PreconditionFailed,
    ResourceConflict,
    ResourceNotFound,
    ValidationException,
)
from invocations.models import Alias, Function, FunctionVersion
from invocations.values import LATEST, Scope
from lambdaplay.db.pool import pooled
from lambdaplay.db.prepared import Select

STALE_REVISION = (
    "The Revision Id provided does not match the latest Revision Id. "
    "Call the GetFunction/GetAlias API to retrieve the latest Revision Id"
)
INVOKE = "InvokeFunction"


@dataclass(frozen=True)
class Target:
    """What a reference means. `qualifier` is as asked for; an alias comes with the main version it points to."""

    function: Function
    version: FunctionVersion
    alias: Alias | None
    qualifier: str | None


@dataclass(frozen=True)
class Name:
    """A reference that is known to point into the caller's own scope."""

    scope: Scope
    name: str
    qualifier: str | None

    def arn(self, qualifier: str | None = None) -> str:
        return arns.function_arn(self.scope.account, self.scope.region, self.name, qualifier)


def read_name(scope: Scope, reference: str, qualifier: str | None = None, *, action: str = INVOKE) -> Name:
    """Read a name, partial ARN or ARN. Raises the errors of a bad form, other region or account, two qualifiers."""
    parsed = arns.parse_function(reference)
    if parsed is None or (reference.startswith("arn:") and None in (parsed.region, parsed.account)):
        pattern = shape_metadata("NamespacedFunctionName")["pattern"]
        problem = violation(reference, "functionName", f"Member must satisfy regular expression pattern: {pattern}")
        raise ValidationException(detected([problem]))
    if parsed.region not in (None, scope.region):
        raise ResourceNotFound(f"Functions from '{parsed.region}' are not reachable in this region ('{scope.region}')")
    if parsed.account not in (None, scope.account):
        arn = arns.function_arn(str(parsed.account), scope.region, parsed.name, parsed.qualifier)
        raise AccessDenied(
            f"User: arn:aws:iam::{scope.account}:root is not authorized to perform: lambda:{action} on resource: {arn} "
            f"because no resource-based policy allows the lambda:{action} action"
        )
    if None not in (parsed.qualifier, qualifier) and parsed.qualifier != qualifier:
        raise InvalidParameterValue(
            "The derived qualifier from the function name does not match the specified qualifier."
        )
    return Name(scope, parsed.name, qualifier if parsed.qualifier is None else parsed.qualifier)


def new_name(scope: Scope, reference: str) -> str:
    """Return the bare name for a function to be created; its own rules are stricter."""
    problem = text_violation("FunctionName", reference, "functionName")
    if problem is not None:
        raise ValidationException(detected([problem]))
    name = read_name(scope, reference, action="CreateFunction")
    if name.qualifier is not None:
        raise InvalidParameterValue(
            "A function is created without a qualifier; publish versions and create aliases of it."
        )
    if len(name.name) > limits.FUNCTION_NAME_CHARACTERS:
        constraint = f"Member must have length less than or equal to {limits.FUNCTION_NAME_CHARACTERS}"
        raise InvalidParameterValue(detected([violation(name.name, "functionName", constraint)]))
    return name.name


@pooled()
def find(scope: Scope, reference: str, qualifier: str | None = None, *, action: str = INVOKE) -> Target:
    """Return what a reference means, settled. `action` is the operation's name: it shows in some error texts."""
    name = read_name(scope, reference, qualifier, action=action)
    asked = name.qualifier
    alias = _alias(name) if asked is not None and asked != LATEST and not asked.isdigit() else None
    wanted = alias.version if alias is not None else asked or LATEST
    version = _version(name, wanted)
    if version is None:
        raise not_found(name, action)
    if alias is not None:
        # The function as it was when the alias was read: whoever remembers this by its catalog revision must not take
        # an alias for newer than it is.
        version.function = alias.function
    settle(version)
    return Target(version.function, version, alias, asked)


def not_found(name: Name, action: str = "") -> ResourceNotFound:
    """Return AWS's 404; only Invoke names the version that it would have run."""
    qualifier = LATEST if name.qualifier is None and action == INVOKE else name.qualifier
    return ResourceNotFound(f"Function not found: {name.arn(qualifier)}")


def settle(version: FunctionVersion) -> FunctionVersion:
    """Complete a creation or update that is due (Pending -> Active, InProgress -> Successful); return the version."""
    if version.unsettled and not version.settle(clock.real()):
        # Not due, or somebody else was quicker; then the row has what to show.
        row = FunctionVersion.objects.filter(pk=version.pk).values("state", "update_status", "revision_id").first()
        for field, value in (row or {}).items():
            setattr(version, field, value)
    return version


def lock_function(name: Name) -> Function:
    """Return the function with its row locked until the transaction ends: changes of one function queue here."""
    found = Function.objects.select_for_update().filter(
        account=name.scope.account, region=name.scope.region, name=name.name
    )
    function = found.first()
    if function is None:
        raise not_found(name)
    return function


def latest_for_update(name: Name, revision_id: str | None) -> FunctionVersion:
    """Return $LATEST, its function locked, when it may be changed now: 404, 412, 409 otherwise."""
    if name.qualifier not in (None, LATEST):
        raise InvalidParameterValue("Published versions cannot be changed; leave the qualifier out to change $LATEST.")
    function = lock_function(Name(name.scope, name.name, None))
    latest = settle(function.versions.select_related("function").get(version=LATEST))
    if revision_id is not None and revision_id != latest.revision_id:
        raise PreconditionFailed(STALE_REVISION)
    if latest.unsettled:
        raise in_progress(function)
    return latest


def in_progress(function: Function) -> ResourceConflict:
    return ResourceConflict(
        f"The operation cannot be performed at this time. An update is in progress for resource: {function.arn()}"
    )


def _alias(name: Name) -> Alias:
    scope = name.scope
    found = Alias.objects.filter(
        function__account=scope.account, function__region=scope.region, function__name=name.name, name=name.qualifier
    )
    alias = found.select_related("function").first()
    if alias is None:
        raise not_found(name)
    return alias


_OF_VERSION = [field.attname for field in FunctionVersion._meta.concrete_fields]
_OF_FUNCTION = [field.attname for field in Function._meta.concrete_fields]
# Asked by nearly every operation: building it takes the ORM longer than all else that these do.
_FIND = Select(
    lambda account, region, name, version: (
        FunctionVersion.objects.order_by("pk")
        .filter(function__account=account, function__region=region, function__name=name, version=version)
        .values_list(*_OF_VERSION, *(f"function__{field}" for field in _OF_FUNCTION))[:1]
    ),
    account=str,
    region=str,
    name=str,
    version=str,
)


def _version(name: Name, version: str) -> FunctionVersion | None:
    """The version with its function, as the ORM would load them."""
    for row in _FIND(account=name.scope.account, region=name.scope.region, name=name.name, version=version):
        found = FunctionVersion.from_db(DEFAULT_DB_ALIAS, _OF_VERSION, row[: len(_OF_VERSION)])
        found.function = Function.from_db(DEFAULT_DB_ALIAS, _OF_FUNCTION, row[len(_OF_VERSION) :])
        return found
    return None
