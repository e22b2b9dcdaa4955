"""Published versions."""

from __future__ import annotations

from django.db import transaction

from invocations import clock
from invocations.decisions.constraints import detected, text_violation
from invocations.errors import InvalidParameterValue, ValidationException
from invocations.flows.pages import Page, cut, page_size, read_marker
from invocations.flows.targets import Name, latest_for_update, not_found, read_name, settle
from invocations.models import Function, FunctionVersion
from invocations.runtime.code import code_sha256_base64
from invocations.values import LATEST, Scope
from lambdaplay.db.pool import pooled


@pooled()
def publish_version(
    scope: Scope,
    reference: str,
    *,
    code_sha256: str | None = None,
    description: str | None = None,
    revision_id: str | None = None,
) -> FunctionVersion:
    """Freeze $LATEST under the next number; unchanged since the newest version: return that one as it is.

    `code_sha256` is AWS's base64 form. Raises ResourceNotFound, ResourceConflict, PreconditionFailed (revision) and
    InvalidParameterValue (other code than the caller thinks).
    """
    problem = text_violation("Description", description, "description") if description is not None else None
    if problem is not None:
        raise ValidationException(detected([problem]))
    name = read_name(scope, reference, action="PublishVersion")
    with transaction.atomic():
        latest = latest_for_update(name, revision_id)
        current = code_sha256_base64(latest.code_sha256)
        if code_sha256 not in (None, "", current):
            raise InvalidParameterValue(
                f"CodeSHA256 ({code_sha256}) is different from current CodeSHA256 in $LATEST ({current}). "
                "Please try again with the CodeSHA256 in $LATEST."
            )
        return publish_latest(latest, description)


def publish_latest(latest: FunctionVersion, description: str | None) -> FunctionVersion:
    """Publish inside the caller's transaction; $LATEST gets a new revision too."""
    function = latest.function
    newest = function.versions.select_related("function").exclude(version=LATEST).order_by("-id").first()
    if newest is not None and newest.published_from == latest.fingerprint():
        return settle(newest)
    published = latest.publish(function.take_version_number(), description, clock.real())
    latest.revise()
    return published


@pooled()
def list_versions(
    scope: Scope, reference: str, marker: str | None = None, max_items: int | None = None
) -> Page[FunctionVersion]:
    """Return a page of a function's versions, $LATEST first, then by number."""
    name = read_name(scope, reference, action="ListVersionsByFunction")
    function = Function.objects.filter(account=scope.account, region=scope.region, name=name.name).first()
    if function is None:
        raise not_found(Name(scope, name.name, None))
    rows = function.versions.select_related("function")
    if marker is not None:
        rows = rows.filter(id__gt=read_marker(marker)[1])
    size = page_size(max_items)
    found = [settle(version) for version in rows.order_by("id")[: size + 1]]
    return cut(found, size, lambda version: ("", version.pk))
