"""How much of an account's concurrency is set aside: reserved, or provisioned where nothing is reserved."""

from __future__ import annotations

from django.db.models import Sum

from invocations.models import Function, ProvisionedConfig
from invocations.values import Scope


def claimed(scope: Scope, besides: Function | None = None) -> int:
    """What functions of the scope have claimed, `besides` not counted."""
    functions = Function.objects.within(scope)
    configs = ProvisionedConfig.objects.filter(
        function__account=scope.account, function__region=scope.region, function__reserved_concurrency=None
    )
    if besides is not None:
        functions, configs = functions.exclude(pk=besides.pk), configs.exclude(function=besides)
    reserved = functions.aggregate(total=Sum("reserved_concurrency"))["total"] or 0
    return reserved + (configs.aggregate(total=Sum("requested"))["total"] or 0)


def provisioned(function: Function, besides: str | None = None) -> int:
    """What the function's versions and aliases have provisioned, the qualifier `besides` not counted."""
    configs = function.provisioned_configs.exclude(qualifier=besides) if besides else function.provisioned_configs.all()
    return configs.aggregate(total=Sum("requested"))["total"] or 0
