"""Functions: create, update, delete, list. Every door comes through here."""

from __future__ import annotations

import copy
from dataclasses import asdict

from django.db import IntegrityError, transaction
from django.db.models import Q

from invocations import clock
from invocations.decisions.constraints import detected
from invocations.decisions.log_settings import LogSettings, merged
from invocations.errors import InvalidParameterValue, ResourceConflict, ValidationException
from invocations.flows import code_signing, environments, layer_choice
from invocations.flows.code_storage import check_storage, code_kept_only_on_success
from invocations.flows.concurrency import check_reservation, lock_all
from invocations.flows.function_values import (
    ConfigurationChanges,
    FunctionDraft,
    architecture_violation,
    check_tags,
)
from invocations.flows.pages import Page, cut, page_size, read_marker
from invocations.flows.targets import (
    Name,
    Target,
    find,
    in_progress,
    latest_for_update,
    lock_function,
    new_name,
    not_found,
    read_name,
    settle,
)
from invocations.flows.versions import publish_latest
from invocations.models import CodeSigningConfig, Function, FunctionVersion
from invocations.runtime.code import CodePackage, discard, release
from invocations.values import LATEST, Scope
from lambdaplay.db.pool import pooled

__all__ = [
    "ConfigurationChanges",
    "FunctionDraft",
    "Page",
    "Target",
    "create_function",
    "delete_function",
    "find",
    "list_functions",
    "settle",
    "update_code",
    "update_configuration",
]


@pooled()
def create_function(scope: Scope, draft: FunctionDraft) -> FunctionVersion:
    """Create a function and return $LATEST, Pending (version 1 when `publish`).

    Raises ValidationException, InvalidParameterValue, CodeStorageExceeded and ResourceConflict when the name is taken.
    A refusal takes the stored code back.
    """
    with code_kept_only_on_success(draft.code):
        draft.configuration.check()
        _log_settings(LogSettings(), draft.configuration)
        check_tags(draft.tags)
        name = new_name(scope, draft.name)
        check_new(scope, name)
        config = code_signing.named(scope, draft.code_signing_config_arn) if draft.code_signing_config_arn else None
        code_signing.check_deployment(scope, name, config)
        layers = layer_choice.choose(scope, draft.layers)
        layer_choice.check_size(layers.layers, draft.code.sha256)
        try:
            with transaction.atomic():
                return _create(scope, name, draft, layers, config)
        except IntegrityError:
            raise _exists(name) from None


def check_new(scope: Scope, name: str) -> None:
    """Raise ResourceConflict when the name is taken, before much is done for it."""
    if Function.objects.filter(account=scope.account, region=scope.region, name=name).exists():
        raise _exists(name)


def _exists(name: str) -> ResourceConflict:
    return ResourceConflict(f"Function already exist: {name}")


def _create(
    scope: Scope, name: str, draft: FunctionDraft, layers: layer_choice.Choice, config: CodeSigningConfig | None
) -> FunctionVersion:
    check_storage(scope, draft.code.zipped_bytes * (2 if draft.publish else 1))
    if draft.reserved_concurrency is not None:
        lock_all(scope)
        check_reservation(scope, None, draft.reserved_concurrency)
    real = clock.real()
    function = Function.objects.create(
        account=scope.account,
        region=scope.region,
        name=name,
        # Later lives of a name start above earlier ones, so that no cache takes one for the other.
        catalog_revision=int(real.timestamp() * 1e6),
        reserved_concurrency=draft.reserved_concurrency,
        network=draft.network,
        tags=dict(draft.tags),
        code_signing_config=config,
        created_at=real,
    )
    latest = FunctionVersion.objects.create(
        function=function,
        version=LATEST,
        runtime=draft.runtime,
        handler=draft.handler,
        role=draft.role,
        description=draft.description,
        timeout_seconds=draft.timeout_seconds,
        memory_mb=draft.memory_mb,
        tmp_mb=draft.tmp_mb,
        architecture=draft.architecture,
        variables=None if draft.variables is None else dict(draft.variables),
        tracing_mode=draft.tracing_mode,
        log_group=draft.log_group or f"/aws/lambda/{name}",
        **asdict(_log_settings(LogSettings(), draft.configuration)),
        dead_letter_arn=draft.dead_letter_arn,
        code_sha256=draft.code.sha256,
        code_size=draft.code.zipped_bytes,
        layers=layers.layers,
        opt_sha256=layers.opt_sha256,
        state_since=real,
        last_modified=real,
    )
    environments.renew(latest)
    return publish_latest(latest, None) if draft.publish else latest


@pooled()
def update_code(
    scope: Scope,
    reference: str,
    code: CodePackage,
    *,
    publish: bool = False,
    dry_run: bool = False,
    revision_id: str | None = None,
    architecture: str | None = None,
) -> FunctionVersion:
    """Give $LATEST other code; return it InProgress, or the version published, or (`dry_run`) an unsaved preview.

    Raises ResourceNotFound, ResourceConflict (an update is in progress), PreconditionFailed (revision).
    """
    with code_kept_only_on_success(code):
        problem = architecture_violation(architecture)
        if problem is not None:
            raise ValidationException(detected([problem]))
        changes: dict[str, object] = {"code_sha256": code.sha256, "code_size": code.zipped_bytes}
        if architecture is not None:
            changes["architecture"] = architecture
        name = read_name(scope, reference, action="UpdateFunctionCode")
        before = _latest(name)
        code_signing.check_deployment(scope, name.name, before.function.code_signing_config)
        layer_choice.check_size(before.layers, code.sha256)
        with transaction.atomic():
            latest = latest_for_update(name, revision_id)
            check_storage(scope, code.zipped_bytes * (2 if publish else 1) - latest.code_size)
            if not dry_run:
                release([latest.code_sha256])
                _begin(latest, changes)
                return publish_latest(latest, None) if publish else latest
        preview = copy.copy(latest)
        for field, value in changes.items():
            setattr(preview, field, value)
        discard(code)
        return preview


@pooled()
def update_configuration(
    scope: Scope, reference: str, changes: ConfigurationChanges, revision_id: str | None = None
) -> FunctionVersion:
    """Change the given settings of $LATEST and return it InProgress. Raises what `update_code` raises."""
    changes.check()
    if changes.architecture is not None:
        raise InvalidParameterValue("The architecture changes together with the code: use UpdateFunctionCode.")
    name = read_name(scope, reference, action="UpdateFunctionConfiguration")
    given = {field: value for field, value in asdict(changes).items() if value is not None}
    network = given.pop("network", None)
    if "layers" in given:
        given |= asdict(layer_choice.choose(scope, given["layers"]))
        before = _latest(name)
        if given["layers"]:
            code_signing.check_deployment(scope, name.name, before.function.code_signing_config)
        layer_choice.check_size(given["layers"], before.code_sha256)
    with transaction.atomic():
        latest = latest_for_update(name, revision_id)
        if network is not None:
            Function.objects.filter(pk=latest.function_id).update(network=network)
            latest.function.network = network
        given |= asdict(_log_settings(_logging_now(latest), changes))
        if latest.opt_sha256:
            release([latest.opt_sha256])
        _begin(latest, given)
    return latest


def _logging_now(version: FunctionVersion) -> LogSettings:
    return LogSettings(version.log_format, version.application_log_level, version.system_log_level)


def _log_settings(current: LogSettings, changes: ConfigurationChanges) -> LogSettings:
    return merged(current, changes.log_format, changes.application_log_level, changes.system_log_level)


def _latest(name: Name) -> FunctionVersion:
    """$LATEST as it is now, before its row is locked."""
    rows = FunctionVersion.objects.select_related("function__code_signing_config")
    rows = rows.filter(function__account=name.scope.account, function__region=name.scope.region)
    latest = rows.filter(function__name=name.name, version=LATEST).first()
    if latest is None:
        raise not_found(Name(name.scope, name.name, None))
    return latest


def _begin(latest: FunctionVersion, changes: dict[str, object]) -> None:
    if not latest.begin_update(changes, clock.real()):
        raise in_progress(latest.function)
    environments.renew(latest)


@pooled()
def delete_function(scope: Scope, reference: str, qualifier: str | None = None) -> None:
    """Delete a function with all that hangs on it or, with a number as qualifier, one version.

    An absent version of an existing function is no error. Code that nobody refers to any more goes with the sweep.
    """
    name = read_name(scope, reference, qualifier, action="DeleteFunction")
    if name.qualifier == LATEST:
        raise InvalidParameterValue("$LATEST version cannot be deleted without deleting the function.")
    if name.qualifier is not None and not name.qualifier.isdigit():
        raise InvalidParameterValue("Deletion of aliases is not currently supported.")
    with transaction.atomic():
        function = lock_function(Name(scope, name.name, None))
        release({sha for row in function.versions.values_list("code_sha256", "opt_sha256") for sha in row if sha})
        if name.qualifier is None:
            function.delete()
        else:
            _delete_version(function, name.qualifier)
        environments.retire(function)


def _delete_version(function: Function, version: str) -> None:
    pointing = [alias.name for alias in function.aliases.all() if alias.version == version or version in alias.weights]
    if pointing:
        raise ResourceConflict(
            f"Unable to delete version because the following aliases reference it: [{', '.join(pointing)}]"
        )
    function.versions.filter(version=version).delete()
    function.event_invoke_configs.filter(qualifier=version).delete()
    function.policies.filter(qualifier=version).delete()
    function.provisioned_configs.filter(qualifier=version).delete()
    function.changed()


@pooled()
def list_functions(
    scope: Scope, marker: str | None = None, max_items: int | None = None, all_versions: bool = False
) -> Page[FunctionVersion]:
    """Return a page of $LATEST of every function by name, or of every version, with their functions loaded."""
    rows = FunctionVersion.objects.select_related("function").filter(
        function__account=scope.account, function__region=scope.region
    )
    if not all_versions:
        rows = rows.filter(version=LATEST)
    if marker is not None:
        name, number = read_marker(marker)
        rows = rows.filter(Q(function__name__gt=name) | Q(function__name=name, id__gt=number))
    size = page_size(max_items)
    found = list(rows.order_by("function__name", "id")[: size + 1])
    for version in found:
        settle(version)
    return cut(found, size, lambda version: (version.function.name, version.pk))
