"""Reserved concurrency: of a function, all its versions together."""

from __future__ import annotations

from django.db import transaction

from invocations.decisions.constraints import detected, range_violation
from invocations.decisions.provisioning import reservation_conflict
from invocations.decisions.reservation import reservation_problem
from invocations.errors import InvalidParameterValue, ValidationException
from invocations.flows.claims import claimed, provisioned
from invocations.flows.targets import Name, lock_function, not_found, read_name
from invocations.models import Function
from invocations.values import Scope
from lambdaplay.db.pool import pooled

_UNQUALIFIED_ONLY = (
    "This operation is permitted on Lambda functions only. Aliases and versions do not support this operation. "
    "Please specify either a function name or an unqualified function ARN."
)


@pooled()
def put_concurrency(scope: Scope, reference: str, reserved: int) -> int:
    """Reserve executions for a function and return the number; 0 throttles every call."""
    name = _unqualified(scope, reference, "PutFunctionConcurrency")
    with transaction.atomic():
        lock_all(scope)
        function = lock_function(name)
        check_reservation(scope, function, reserved)
        _set(function, reserved)
    return reserved


@pooled()
def get_concurrency(scope: Scope, reference: str) -> int | None:
    """Return a function's reserved executions, None when it has no reservation."""
    name = _unqualified(scope, reference, "GetFunctionConcurrency")
    function = Function.objects.filter(account=scope.account, region=scope.region, name=name.name).first()
    if function is None:
        raise not_found(name)
    return function.reserved_concurrency


@pooled()
def delete_concurrency(scope: Scope, reference: str) -> None:
    """End a function's reservation, if it has one."""
    name = _unqualified(scope, reference, "DeleteFunctionConcurrency")
    with transaction.atomic():
        _set(lock_function(name), None)


def lock_all(scope: Scope) -> None:
    """Lock the scope's functions until the transaction ends, so that reservations are judged one after the other.

    To be called before any one of them is locked: all in one order, so that none waits in a circle.
    """
    mine = Function.objects.filter(account=scope.account, region=scope.region)
    list(mine.select_for_update().order_by("pk").values_list("pk", flat=True))


def check_reservation(scope: Scope, function: Function | None, asked: int) -> None:
    """Raise InvalidParameterValue when the reservation leaves too little for others, or for what is
    provisioned; where `lock_all` was called."""
    problem = range_violation(asked, 0, 2**31 - 1, "reservedConcurrentExecutions")
    if problem is not None:
        raise ValidationException(detected([problem]))
    refused = None if function is None else reservation_conflict(asked, provisioned(function))
    refused = refused or reservation_problem(asked, claimed(scope, function))
    if refused is not None:
        raise InvalidParameterValue(refused)


def _set(function: Function, reserved: int | None) -> None:
    function.reserve(reserved)
    function.changed()


def _unqualified(scope: Scope, reference: str, action: str) -> Name:
    name = read_name(scope, reference, action=action)
    if name.qualifier is not None:
        raise InvalidParameterValue(_UNQUALIFIED_ONLY)
    return name
