"""The functions behind an API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import transaction

from invocations import limits
from invocations.decisions.integration_uri import is_function
from invocations.flows.http_api import rows
from invocations.flows.http_api.errors import ApiConflict, BadApiRequest
from invocations.models import Api, ApiIntegration
from invocations.values import Scope
from lambdaplay.db.pool import pooled


@dataclass(frozen=True)
class Wishes:
    """None: not given."""

    uri: str | None = None
    payload_version: str | None = None
    timeout_ms: int | None = None
    description: str | None = None

    def values(self, api: Api) -> dict[str, Any]:
        """The columns that change. Raises BadApiRequest."""
        if self.uri is not None and not is_function(self.uri):
            raise BadApiRequest("Invalid function ARN or invalid uri")
        allowed = ("1.0",) if api.kind == Api.Kind.REST else ("1.0", "2.0")
        if self.payload_version is not None and self.payload_version not in allowed:
            raise BadApiRequest(f"PayloadFormatVersion must be one of: {', '.join(allowed)}")
        lowest, highest = limits.API_TIMEOUT_MS
        if self.timeout_ms is not None and not lowest <= self.timeout_ms <= highest:
            raise BadApiRequest(f"Timeout should be between {lowest} ms and {highest} ms")
        return {name: value for name, value in vars(self).items() if value is not None}


@pooled()
def create(scope: Scope, api_id: str, wishes: Wishes) -> ApiIntegration:
    """Put a function behind the API. Raises ApiPartNotFound, BadApiRequest."""
    with transaction.atomic():
        api = rows.lock(scope, api_id)
        row = add(api, wishes)
        rows.changed(api)
    return row


@pooled()
def update(scope: Scope, api_id: str, integration_id: str, wishes: Wishes) -> ApiIntegration:
    """Change what is given. Raises ApiPartNotFound, BadApiRequest."""
    with transaction.atomic():
        api = rows.lock(scope, api_id)
        row = rows.integration(api, integration_id)
        api.integrations.filter(pk=row.pk).update(**wishes.values(api))
        rows.changed(api)
        row.refresh_from_db()
    return row


@pooled()
def delete(scope: Scope, api_id: str, integration_id: str) -> None:
    """Raises ApiPartNotFound, BadApiRequest for one that quick creation made, ApiConflict while routes lead to it."""
    with transaction.atomic():
        api = rows.lock(scope, api_id)
        row = rows.integration(api, integration_id)
        rows.refuse_managed(row, "Integration")
        leading = ", ".join(row.routes.values_list("route_id", flat=True))
        if leading:
            raise ApiConflict(
                f"Cannot delete Integration because it is referenced by the following Routes with Ids: [{leading}]"
            )
        row.delete()
        rows.changed(api)


def add(api: Api, wishes: Wishes, *, managed: bool = False) -> ApiIntegration:
    """Make one inside a transaction of the caller's. Raises BadApiRequest."""
    if wishes.uri is None:
        raise BadApiRequest("IntegrationUri is required: a function's ARN.")
    values = {**usual(api), **wishes.values(api)}
    return ApiIntegration.objects.create(api=api, integration_id=rows.new_id(7), managed=managed, **values)


def usual(api: Api) -> dict[str, Any]:
    """What holds when nothing is said."""
    rest = api.kind == Api.Kind.REST
    timeout = limits.REST_TIMEOUT_MS if rest else limits.API_TIMEOUT_MS[1]
    return {"payload_version": "1.0" if rest else "2.0", "timeout_ms": timeout}
