"""Which environments are to be kept ready, by the rows; what the environment host says of them; and that it is told."""

from __future__ import annotations

from collections.abc import Sequence

from invocations.decisions.provisioning import split
from invocations.errors import UnusablePart
from invocations.flows.specs import spec_for
from invocations.models import Function, ProvisionedConfig
from invocations.runtime import client
from invocations.values import EnvironmentSpec, PoolState, Scope
from lambdaplay.db.pool import pooled

Share = tuple[EnvironmentSpec, int]


def shares(function: Function, configs: Sequence[ProvisionedConfig]) -> list[tuple[ProvisionedConfig, list[Share]]]:
    """Whose environments each configuration means, and how many: of a version, or of where an alias points."""
    aliases = {alias.name: alias for alias in function.aliases.all()} if configs else {}
    parts = []
    for config in configs:
        alias = aliases.get(config.qualifier)
        main, weights = (config.qualifier, {}) if alias is None else (alias.version, alias.weights)
        parts.append((config, split(config.requested, main, weights)))
    named = {version for _, counts in parts for version in counts}
    specs = {row.version: spec_for(function, row) for row in function.versions.filter(version__in=named)}
    return [
        (config, [(specs[version], count) for version, count in counts.items() if version in specs])
        for config, counts in parts
    ]


def wanted(function: Function) -> list[Share]:
    """All of the function's together, each make once: two aliases may point to one version."""
    found: dict[str, Share] = {}
    for _, parts in shares(function, list(function.provisioned_configs.all())):
        for spec, count in parts:
            found[spec.key] = (spec, found.get(spec.key, (spec, 0))[1] + count)
    return list(found.values())


@pooled()
def provision(scope: Scope, name: str) -> None:
    """Tell the environment host what to keep ready of this function now; nothing, when it is no more."""
    function = Function.objects.within(scope).filter(name=name).first()
    client.provision(scope, name, [] if function is None else wanted(function))


def kept() -> dict[str, PoolState]:
    """What the environment host keeps ready, by key. Raises UnusablePart."""
    return {pool.key: pool for pool in client.pools()}


def restore() -> None:
    """Tell the host what it does not keep as the rows want it: it was restarted, or somebody died before telling."""
    try:
        have = kept()
    except UnusablePart:
        return  # it is told once it is back
    with pooled():
        functions = {row.function.arn(): row.function for row in ProvisionedConfig.objects.select_related("function")}
        for arn in functions.keys() | {pool.function_arn for pool in have.values()}:
            function = functions.get(arn)
            asked = [] if function is None else wanted(function)
            mine = {pool.key: pool.wanted for pool in have.values() if pool.function_arn == arn}
            if mine != {spec.key: count for spec, count in asked if client.runnable(spec)}:
                _, _, _, region, account, _, name = arn.split(":")
                client.provision(Scope(account, region), name, asked)
