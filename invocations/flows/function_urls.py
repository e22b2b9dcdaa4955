"""Function URLs: made, changed, found and deleted. The texts are AWS's recorded ones."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from invocations import clock
from invocations.errors import ResourceConflict, ResourceNotFound
from invocations.flows.pages import Page, cut, page_size, read_marker
from invocations.flows.targets import Name, lock_function, read_name
from invocations.models import Function, FunctionUrl
from invocations.neighbours import resolves_here
from invocations.values import Scope
from lambdaplay.db.pool import pooled
from lambdaplay.db.prepared import Select

PATH_FORM = "/_lambdaplay/url/"
_REMEMBERED = 1000
_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"
_NO_FUNCTION = "Function does not exist"
_NO_URL = "The resource you requested does not exist."


@dataclass(frozen=True)
class Wishes:
    """What is asked for. None: not given."""

    auth_type: str | None = None
    invoke_mode: str | None = None
    cors: Mapping[str, Any] | None = None


@pooled()
def create(scope: Scope, reference: str, qualifier: str | None, wishes: Wishes) -> FunctionUrl:
    """Make the URL. Raises ResourceNotFound, ResourceConflict (there is one)."""
    name = read_name(scope, reference, qualifier, action="CreateFunctionUrlConfig")
    now = clock.real()
    try:
        with transaction.atomic():
            function = _lock(name)
            if name.qualifier is not None and not function.aliases.filter(name=name.qualifier).exists():
                raise ResourceNotFound(_NO_FUNCTION)
            return FunctionUrl.objects.create(
                function=function,
                qualifier=name.qualifier or "",
                url_id="".join(secrets.choice(_ALPHABET) for _ in range(32)),
                auth_type=wishes.auth_type or "",
                invoke_mode=wishes.invoke_mode or "",
                cors=None if wishes.cors is None else dict(wishes.cors),
                created_at=now,
                modified_at=now,
            )
    except IntegrityError:
        arn = name.arn(name.qualifier)
        raise ResourceConflict(
            f"Failed to create function url config for [functionArn = {arn}]. "
            "Error message:  FunctionUrlConfig exists for this Lambda function"
        ) from None


@pooled()
def get(scope: Scope, reference: str, qualifier: str | None) -> FunctionUrl:
    """Return the URL of exactly this function or alias. Raises ResourceNotFound."""
    return _find(read_name(scope, reference, qualifier, action="GetFunctionUrlConfig"))


@pooled()
def update(scope: Scope, reference: str, qualifier: str | None, wishes: Wishes) -> FunctionUrl:
    """Change what is given, and keep the rest. Raises ResourceNotFound, ResourceConflict."""
    row = _find(read_name(scope, reference, qualifier, action="UpdateFunctionUrlConfig"))
    values: dict[str, object] = {"modified_at": clock.real()}
    if wishes.auth_type is not None:
        values["auth_type"] = wishes.auth_type
    if wishes.invoke_mode is not None:
        values["invoke_mode"] = wishes.invoke_mode
    if wishes.cors is not None:
        values["cors"] = dict(wishes.cors) or None
    if not row.change(values):
        raise ResourceConflict("The function URL was changed by another request; read it again.")
    row.refresh_from_db()
    return row


@pooled()
def delete(scope: Scope, reference: str, qualifier: str | None) -> None:
    """Delete the URL. Raises ResourceNotFound."""
    _find(read_name(scope, reference, qualifier, action="DeleteFunctionUrlConfig")).delete()


@pooled()
def list_urls(scope: Scope, reference: str, marker: str | None, max_items: int | None) -> Page[FunctionUrl]:
    """Return a page of a function's URLs, the oldest first. Raises ResourceNotFound."""
    name = read_name(scope, reference, action="ListFunctionUrlConfigs")
    function = _functions(name).first()
    if function is None:
        raise ResourceNotFound(_NO_FUNCTION)
    after = 0 if marker is None else read_marker(marker)[1]
    size = page_size(max_items)
    rows = function.urls.select_related("function").filter(pk__gt=after).order_by("pk")[: size + 1]
    return cut(list(rows), size, lambda row: (row.url_id, row.pk))


def _mark(url_id: str) -> QuerySet[Any, tuple[Any, ...]]:
    return FunctionUrl.objects.filter(url_id=url_id).order_by().values_list("pk", "revision")


_MARK = Select(_mark, url_id=str)
_known: OrderedDict[str, tuple[tuple[Any, ...], FunctionUrl]] = OrderedDict()


@pooled()
def by_id(url_id: str) -> FunctionUrl | None:
    """Return the URL with that id, whoever's it is. To be read only: it is remembered until its revision changes."""
    marks = _MARK(url_id=url_id)
    if not marks:
        return None
    known = _known.get(url_id)
    if known is not None and known[0] == marks[0]:
        return known[1]
    row = FunctionUrl.objects.select_related("function").filter(url_id=url_id).first()
    if row is not None:
        _known[url_id] = (marks[0], row)  # changed in between: the next look finds the mark old
        while len(_known) > _REMEMBERED:
            _known.popitem(last=False)
    return row


def address(row: FunctionUrl) -> str:
    """Where it is called: a host name of its own where such names lead here, else a path."""
    base = urlsplit(settings.LAMBDAPLAY_URL)
    name = host_name(row)
    if _names_lead_here():
        return f"{base.scheme}://{name}:{base.port}/" if base.port else f"{base.scheme}://{name}/"
    return path_address(row)


def path_address(row: FunctionUrl) -> str:
    """The address below a path, which works everywhere."""
    return f"{settings.LAMBDAPLAY_URL.rstrip('/')}{PATH_FORM}{row.url_id}/"


def host_name(row: FunctionUrl) -> str:
    return f"{row.url_id}.lambda-url.{row.function.region}.localhost"


@cache
def _names_lead_here() -> bool:
    return bool(settings.LAMBDAPLAY_LOOPBACK) and resolves_here("probe.lambda-url.localhost")


def _lock(name: Name) -> Function:
    try:
        return lock_function(Name(name.scope, name.name, None))
    except ResourceNotFound:
        raise ResourceNotFound(_NO_FUNCTION) from None


def _functions(name: Name) -> Any:
    return Function.objects.filter(account=name.scope.account, region=name.scope.region, name=name.name)


def _find(name: Name) -> FunctionUrl:
    row = (
        FunctionUrl.objects.select_related("function")
        .filter(
            function__account=name.scope.account,
            function__region=name.scope.region,
            function__name=name.name,
            qualifier=name.qualifier or "",
        )
        .first()
    )
    if row is None:
        raise ResourceNotFound(_NO_URL)
    return row
