"""Stages: the names under which an API is served, each with variables. Every change is served at once (AutoDeploy)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from invocations import clock
from invocations.decisions.api_routes import DEFAULT
from invocations.flows.http_api import rows
from invocations.flows.http_api.errors import ApiConflict, BadApiRequest
from invocations.models import Api, ApiStage
from invocations.values import Scope
from lambdaplay.db.pool import pooled

_NAME = re.compile(r"[A-Za-z0-9_-]{1,128}")
_VARIABLE = re.compile(r"[A-Za-z0-9_]+")
_VALUE = re.compile(r"[A-Za-z0-9\-._~:/?#&=,]*")


@dataclass(frozen=True)
class Wishes:
    """None: not given."""

    description: str | None = None
    variables: Mapping[str, str] | None = None
    tags: Mapping[str, str] | None = None

    def values(self) -> dict[str, Any]:
        """The columns that change. Raises BadApiRequest."""
        for name, value in (self.variables or {}).items():
            if not _VARIABLE.fullmatch(name) or not _VALUE.fullmatch(value):
                raise BadApiRequest(
                    f"The stage variable {name}={value} cannot be: names have letters, digits and _, values letters, "
                    "digits and -._~:/?#&=,"
                )
        return {name: value for name, value in vars(self).items() if value is not None}


@pooled()
def create(scope: Scope, api_id: str, name: str, wishes: Wishes) -> ApiStage:
    """Raises ApiPartNotFound, BadApiRequest, ApiConflict for a name that is taken."""
    with transaction.atomic():
        api = rows.lock(scope, api_id)
        row = add(api, name, wishes)
        rows.changed(api)
        row.refresh_from_db()
    return row


@pooled()
def update(scope: Scope, api_id: str, name: str, wishes: Wishes) -> ApiStage:
    """Change what is given. Raises ApiPartNotFound, BadApiRequest."""
    with transaction.atomic():
        api = rows.lock(scope, api_id)
        row = rows.stage(api, name)
        api.stages.filter(pk=row.pk).update(**wishes.values())
        rows.changed(api)
        row.refresh_from_db()
    return row


@pooled()
def delete(scope: Scope, api_id: str, name: str) -> None:
    """Raises ApiPartNotFound, BadApiRequest for the one that quick creation made."""
    with transaction.atomic():
        api = rows.lock(scope, api_id)
        row = rows.stage(api, name)
        rows.refuse_managed(row, "Stage")
        row.delete()
        rows.changed(api)


def add(api: Api, name: str, wishes: Wishes | None = None, *, managed: bool = False) -> ApiStage:
    """Make one inside a transaction of the caller's, the API's row locked."""
    known = name == DEFAULT and api.kind == Api.Kind.HTTP
    if not known and not _NAME.fullmatch(name):
        raise BadApiRequest("Stage name only allows a-zA-Z0-9_- and, for HTTP APIs, $default")
    values = Wishes().values() if wishes is None else wishes.values()
    if api.stages.filter(name=name).exists():
        raise ApiConflict("Stage already exists")
    now = clock.real()
    return ApiStage.objects.create(
        api=api, name=name, managed=managed, deployment_id=rows.new_id(6), created_at=now, updated_at=now, **values
    )
