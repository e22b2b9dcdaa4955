"""What a change of a function means for its execution environments, once the change is committed."""

from __future__ import annotations

from django.db import transaction

from invocations.flows import pools
from invocations.flows.specs import spec_for
from invocations.models import Function, FunctionVersion
from invocations.runtime import client


def renew(version: FunctionVersion) -> None:
    """After commit: end the idle environments of what was, and initialise one of what is now."""
    function = version.function

    def after_commit() -> None:
        client.retire(function.scope, function.name)
        client.prepare(spec_for(function, version))
        pools.provision(function.scope, function.name)

    transaction.on_commit(after_commit)


def retire(function: Function) -> None:
    """After commit: end the function's idle environments, and those kept ready for what is no more."""
    scope, name = function.scope, function.name

    def after_commit() -> None:
        client.retire(scope, name)
        pools.provision(scope, name)

    transaction.on_commit(after_commit)


def keep_ready(function: Function) -> None:
    """After commit: have kept ready what the function's versions and aliases ask for now, and nothing else."""
    scope, name = function.scope, function.name
    transaction.on_commit(lambda: pools.provision(scope, name))
