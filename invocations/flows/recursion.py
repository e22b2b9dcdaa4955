"""Whether a function may call itself in circles, and where a circle is cut."""

from __future__ import annotations

from django.db import transaction

from invocations import limits
from invocations.decisions.constraints import detected, text_violation
from invocations.errors import ValidationException
from invocations.flows.targets import Name, lock_function, not_found, read_name
from invocations.models import Function
from invocations.values import Scope
from lambdaplay.db.pool import pooled


@pooled()
def put_recursion(scope: Scope, reference: str, loop: str) -> str:
    """Set "Terminate" (chains end after 16 invocations) or "Allow", of all versions, and return it."""
    problem = text_violation("RecursiveLoop", loop, "recursiveLoop")
    if problem is not None:
        raise ValidationException(detected([problem]))
    name = read_name(scope, reference, action="PutFunctionRecursionConfig")
    with transaction.atomic():
        function = lock_function(Name(scope, name.name, None))
        Function.objects.filter(pk=function.pk).update(recursive_loop=loop)
        function.changed()
    return loop


@pooled()
def get_recursion(scope: Scope, reference: str) -> str:
    name = Name(scope, read_name(scope, reference, action="GetFunctionRecursionConfig").name, None)
    found = Function.objects.filter(account=scope.account, region=scope.region, name=name.name)
    loop = found.values_list("recursive_loop", flat=True).first()
    if loop is None:
        raise not_found(name)
    return loop


def is_stopped(scope: Scope, function: str, hops: int) -> bool:
    """Whether a chain of so many invocations ends before this function, which may have been set to allow loops."""
    if hops < limits.CHAIN_MAX:
        return False
    found = Function.objects.filter(account=scope.account, region=scope.region, name=function)
    return found.values_list("recursive_loop", flat=True).first() == "Terminate"
