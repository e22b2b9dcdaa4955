"""From a function's rows to what an execution environment is made from."""

from __future__ import annotations

from hashlib import sha256

from django.conf import settings

from invocations import limits
from invocations.flows.claims import claimed, provisioned
from invocations.models import Function, FunctionVersion
from invocations.values import EnvironmentSpec, Scope


def spec_for(function: Function, version: FunctionVersion, unreserved: int | None = None) -> EnvironmentSpec:
    """Describe the version's environment. `unreserved`: what unreserved functions share; counted when None."""
    return EnvironmentSpec(
        key=_key(function, version),
        scope=function.scope,
        function=function.name,
        version=version.version,
        runtime=version.runtime,
        handler=version.handler,
        code_sha256=version.code_sha256,
        memory_mb=version.memory_mb,
        tmp_mb=version.tmp_mb,
        timeout_seconds=version.timeout_seconds,
        variables=version.variables or {},
        log_group=version.log_group,
        network=function.network or settings.LAMBDAPLAY_FUNCTION_NETWORK,
        reserved_concurrency=function.reserved_concurrency,
        unreserved_limit=unreserved_limit(function.scope) if unreserved is None else unreserved,
        log_format=version.log_format,
        application_log_level=version.application_log_level,
        system_log_level=version.system_log_level,
        opt_sha256=version.opt_sha256,
        provisioned=provisioned(function),
    )


def unreserved_limit(scope: Scope) -> int:
    """How many executions the functions without a reservation share on demand in this account and region."""
    return limits.ACCOUNT_CONCURRENCY - claimed(scope)


def _key(function: Function, version: FunctionVersion) -> str:
    """Changes with anything an environment is made from, so that no event meets an environment of another make.

    Not the revision id: it changes on completion of an update too, which makes nothing new.
    """
    parts = (
        function.pk,
        function.network or settings.LAMBDAPLAY_FUNCTION_NETWORK,
        function.created_at.timestamp(),
        version.version,
        version.code_sha256,
        version.opt_sha256,
        version.runtime,
        version.handler,
        version.memory_mb,
        version.tmp_mb,
        version.timeout_seconds,
        sorted((version.variables or {}).items()),
        version.log_group,
        (version.log_format, version.application_log_level, version.system_log_level),
        version.role,
        version.last_modified.timestamp(),
    )
    return sha256(repr(parts).encode()).hexdigest()
