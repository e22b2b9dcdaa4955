"""Layers: published, found, listed, deleted. Every door comes through here; who else may use one: layer_policies.py."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from invocations import clock
from invocations.arns import LayerReference, layer_arn, parse_layer
from invocations.decisions import policy
from invocations.errors import AccessDenied, InvalidParameterValue, ResourceNotFound
from invocations.flows.code_storage import check_storage, code_kept_only_on_success
from invocations.flows.function_values import is_text
from invocations.flows.pages import Page, cut, page_size, read_marker
from invocations.models import Layer, LayerVersion
from invocations.runtime.code import CodePackage, release, unzipped_bytes
from invocations.values import Scope
from lambdaplay.db.pool import pooled

_MISSING = "The resource you requested does not exist."
_VERSIONS_MAX = 2**31


@dataclass(frozen=True)
class LayerDraft:
    """A layer version to be published; None is what was not given."""

    code: CodePackage
    description: str = ""
    runtimes: Sequence[str] | None = None
    architectures: Sequence[str] | None = None
    license_info: str | None = None


@pooled()
def publish(scope: Scope, reference: str, draft: LayerDraft) -> LayerVersion:
    """Publish the layer's next version, or the first. A refusal takes the stored code back."""
    with code_kept_only_on_success(draft.code):
        if not is_text(draft.description, draft.license_info):
            raise InvalidParameterValue("The request contains characters that are not text.")
        name = own_name(scope, reference, "PublishLayerVersion")
        size = unzipped_bytes(draft.code.sha256)
        _make_layer(scope, name)
        with transaction.atomic():
            check_storage(scope, draft.code.zipped_bytes)
            layer = Layer.objects.select_for_update().get(account=scope.account, region=scope.region, name=name)
            return LayerVersion.objects.create(
                layer=layer,
                version=layer.take_version_number(),
                description=draft.description,
                runtimes=None if draft.runtimes is None else list(draft.runtimes),
                architectures=None if draft.architectures is None else list(draft.architectures),
                license_info=draft.license_info,
                code_sha256=draft.code.sha256,
                code_size=draft.code.zipped_bytes,
                unzipped_bytes=size,
                created_at=clock.real(),
            )


def _make_layer(scope: Scope, name: str) -> None:
    """A layer without a version is nothing that anybody sees, so it may be there before its first."""
    try:
        with transaction.atomic():
            Layer.objects.get_or_create(account=scope.account, region=scope.region, name=name)
    except IntegrityError:
        pass  # somebody else has just made it


@pooled()
def get(scope: Scope, reference: str, version: int) -> LayerVersion:
    """Return a version of one's own, or of another account that permits it."""
    named = read(reference)
    found = find(scope, named, version)
    check_permitted(scope, named, version, found)
    if found is None or named.region not in (None, scope.region):
        raise ResourceNotFound(_MISSING)
    return found


@pooled()
def delete(scope: Scope, reference: str, version: int) -> None:
    """Delete a version; an absent one is no error, and functions that use it go on using it."""
    name = own_name(scope, reference, "DeleteLayerVersion")
    check_number(version)
    for row in versions_of(scope, name).filter(version=version if version < _VERSIONS_MAX else 0):
        release([row.code_sha256])
        LayerVersion.objects.filter(pk=row.pk).delete()


@pooled()
def list_layers(
    scope: Scope, runtime: str | None, architecture: str | None, marker: str | None, max_items: int | None
) -> Page[LayerVersion]:
    """Return the newest version that fits of every layer that has one, by name."""
    rows = LayerVersion.objects.select_related("layer").filter(layer__account=scope.account, layer__region=scope.region)
    if marker is not None:
        rows = rows.filter(layer__name__gt=read_marker(marker)[0])
    size = page_size(max_items)
    newest: dict[int, LayerVersion] = {}
    for row in rows.order_by("layer__name", "-version").iterator(chunk_size=200):
        if row.layer_id not in newest and _fits(row, runtime, architecture):
            newest[row.layer_id] = row
            if len(newest) > size:
                break
    return cut(list(newest.values()), size, lambda row: (row.layer.name, row.layer_id))


@pooled()
def list_versions(
    scope: Scope,
    reference: str,
    runtime: str | None,
    architecture: str | None,
    marker: str | None,
    max_items: int | None,
) -> Page[LayerVersion]:
    """Return a page of the layer's versions that fit, newest first; none of an unknown layer."""
    rows = versions_of(scope, own_name(scope, reference, "ListLayerVersions"))
    if marker is not None:
        rows = rows.filter(version__lt=min(read_marker(marker)[1], _VERSIONS_MAX - 1))
    size = page_size(max_items)
    found: list[LayerVersion] = []
    for row in rows.order_by("-version").iterator(chunk_size=200):
        if _fits(row, runtime, architecture):
            found.append(row)
            if len(found) > size:
                break
    return cut(found, size, lambda row: ("", row.version))


def _fits(row: LayerVersion, runtime: str | None, architecture: str | None) -> bool:
    """What names no runtimes (or architectures) is for none in particular and shows only without that filter."""
    return (runtime is None or runtime in (row.runtimes or ())) and (
        architecture is None or architecture in (row.architectures or ())
    )


# --- names, for the rooms beside this one -----------------------------------------------------------------------------


def read(reference: str) -> LayerReference:
    named = parse_layer(reference)
    if named is None:
        raise ResourceNotFound(_MISSING)
    return named


def own_name(scope: Scope, reference: str, action: str) -> str:
    """Return the name of a layer in the caller's own scope. Raises AccessDenied, ResourceNotFound for another's."""
    named = read(reference)
    if named.account not in (None, scope.account):
        raise _denied(scope, action, layer_arn(str(named.account), str(named.region), named.name))
    if named.region not in (None, scope.region):
        raise ResourceNotFound(_MISSING)
    return named.name


def check_number(version: int) -> None:
    if version < 1:
        raise InvalidParameterValue("Layer Version Cannot be less than 1")


def find(scope: Scope, named: LayerReference, version: int) -> LayerVersion | None:
    """Return the version named, wherever it lives; the scope fills in what a bare name leaves out."""
    check_number(version)
    if version >= _VERSIONS_MAX:
        return None
    where = Scope(named.account or scope.account, named.region or scope.region)
    return versions_of(where, named.name).filter(version=version).first()


def versions_of(scope: Scope, name: str) -> QuerySet[LayerVersion]:
    return LayerVersion.objects.select_related("layer").filter(
        layer__account=scope.account, layer__region=scope.region, layer__name=name
    )


def check_permitted(scope: Scope, named: LayerReference, version: int, found: LayerVersion | None) -> None:
    """Raise AccessDenied unless the version is the caller's own or its policy lets the caller's account use it.

    Whether another account has such a layer is nobody's business, so an absent one is denied in the same words.
    """
    if named.account in (None, scope.account):
        return
    arn = layer_arn(str(named.account), str(named.region), named.name, version)
    asking = policy.Asking(scope.account, policy.GET_LAYER_VERSION, arn)
    if found is None or not policy.allows(found.statements, asking):
        raise _denied(scope, "GetLayerVersion", arn)


def _denied(scope: Scope, action: str, arn: str) -> AccessDenied:
    return AccessDenied(
        f"User: arn:aws:iam::{scope.account}:root is not authorized to perform: lambda:{action} on resource: {arn} "
        f"because no resource-based policy allows the lambda:{action} action"
    )
