"""Who else may use a layer version: statements are added, read and removed here. The texts are AWS's recorded ones."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from invocations import limits
from invocations.arns import layer_arn
from invocations.decisions.grants import document, principal_of
from invocations.errors import (
    PolicyLengthExceeded,
    PreconditionFailed,
    ResourceConflict,
    ResourceNotFound,
    UnsupportedOption,
)
from invocations.flows import layers
from invocations.models import LayerVersion
from invocations.values import Scope
from lambdaplay.db.pool import pooled

STALE = (
    "The Revision Id provided does not match the latest Revision Id. "
    "Call the GetLayerPolicy API to retrieve the latest Revision Id"
)


@pooled()
def add(
    scope: Scope,
    reference: str,
    version: int,
    *,
    statement_id: str,
    action: str,
    principal: str,
    organization: str | None = None,
    revision_id: str | None = None,
) -> tuple[dict[str, Any], str]:
    """Add a statement; return it and the policy's new revision id."""
    if organization is not None:
        raise UnsupportedOption("lambdaplay does not offer OrganizationId: it knows no organizations.")
    with transaction.atomic():
        row = _locked(scope, reference, version, "AddLayerVersionPermission")
        if any(one["Sid"] == statement_id for one in row.statements):
            raise ResourceConflict(
                f"The statement id ({statement_id}) provided already exists. "
                "Please provide a new statement id, or remove the existing statement."
            )
        statement = {
            "Sid": statement_id,
            "Effect": "Allow",
            "Principal": principal_of(principal),
            "Action": action,
            "Resource": row.arn,
        }
        _replace(row, [*row.statements, statement], revision_id)
    return statement, row.policy_revision


@pooled()
def remove(scope: Scope, reference: str, version: int, statement_id: str, revision_id: str | None = None) -> None:
    """Remove a statement; the policy goes with its last."""
    with transaction.atomic():
        row = _locked(scope, reference, version, "RemoveLayerVersionPermission")
        left = [one for one in row.statements if one["Sid"] != statement_id]
        if len(left) == len(row.statements):
            raise ResourceNotFound(f"Statement {statement_id} is not found in resource policy.")
        _replace(row, left, revision_id)


@pooled()
def get(scope: Scope, reference: str, version: int) -> tuple[str, str]:
    """Return the policy as JSON text, and its revision id."""
    row = _find(scope, reference, version, "GetLayerVersionPolicy")
    if not row.statements:
        raise ResourceNotFound("No policy is associated with the given resource.")
    return document(row.statements), row.policy_revision


def _replace(row: LayerVersion, statements: list[dict[str, Any]], revision_id: str | None) -> None:
    if revision_id is not None and revision_id != row.policy_revision:
        raise PreconditionFailed(STALE)
    size = len(document(statements).encode())
    if size > limits.POLICY_BYTES:
        raise PolicyLengthExceeded(f"The final policy size ({size}) is bigger than the limit ({limits.POLICY_BYTES}).")
    if not row.permit(statements):
        raise PreconditionFailed(STALE)


def _locked(scope: Scope, reference: str, version: int, action: str) -> LayerVersion:
    row = _find(scope, reference, version, action)
    return LayerVersion.objects.select_for_update(of=("self",)).select_related("layer").get(pk=row.pk)


def _find(scope: Scope, reference: str, version: int, action: str) -> LayerVersion:
    name = layers.own_name(scope, reference, action)
    row = layers.find(scope, layers.read(name), version)
    if row is None:
        raise ResourceNotFound(f"Layer version {layer_arn(scope.account, scope.region, name, version)} does not exist.")
    return row
