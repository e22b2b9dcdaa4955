"""How asynchronous invocations of a qualifier are retried and where they are told of. Every door comes through here.

`$LATEST`, a version and an alias each have their own; none inherits from another. The texts are AWS's recorded ones.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from django.db import transaction
from django.db.models import QuerySet

from invocations import clock, limits
from invocations.decisions.constraints import detected, range_violation, text_violation
from invocations.errors import InvalidParameterValue, ResourceNotFound, ValidationException
from invocations.flows.destination_rules import check_destinations
from invocations.flows.pages import Page, cut, page_size, read_marker
from invocations.flows.targets import Name, lock_function, read_name
from invocations.models import EventInvokeConfig, Function
from invocations.values import LATEST, Scope
from lambdaplay.db.pool import pooled

_NO_FUNCTION = "The function doesn't exist."


@dataclass(frozen=True)
class Settings:
    """What is asked for. None: not given; a destination of "" is given, and is none."""

    maximum_retry_attempts: int | None = None
    maximum_event_age_seconds: int | None = None
    on_success: str | None = None
    on_failure: str | None = None

    def check(self) -> None:
        """Raise ValidationException for what is out of AWS's ranges, InvalidParameterValue when nothing is given."""
        age, retries = self.maximum_event_age_seconds, self.maximum_retry_attempts
        destinations = (("onSuccess", self.on_success), ("onFailure", self.on_failure))
        found = [
            _range(retries, limits.RETRY_ATTEMPTS, "maximumRetryAttempts"),
            _range(age, limits.EVENT_AGE_SECONDS, "maximumEventAgeInSeconds"),
            *(
                text_violation("DestinationArn", arn, f"destinationConfig.{name}.destination")
                for name, arn in destinations
                if arn is not None
            ),
        ]
        violations = [problem for problem in found if problem is not None]
        if violations:
            raise ValidationException(detected(violations))
        if all(value is None for value in asdict(self).values()):
            raise InvalidParameterValue("You must specify at least one of error handling or destination setting.")


def _range(value: int | None, bounds: tuple[int, int], field: str) -> str | None:
    return None if value is None else range_violation(value, *bounds, field)


@pooled()
def put(scope: Scope, reference: str, qualifier: str | None, settings: Settings) -> EventInvokeConfig:
    """Set exactly this; what is not given has AWS's default again."""
    settings.check()
    name = read_name(scope, reference, qualifier, action="PutFunctionEventInvokeConfig")
    with transaction.atomic():
        function = _lock(name)
        check_destinations(function, settings.on_success or "", settings.on_failure or "")
        row, _ = EventInvokeConfig.objects.update_or_create(
            function=function,
            qualifier=name.qualifier or LATEST,
            defaults={
                "maximum_retry_attempts": settings.maximum_retry_attempts,
                "maximum_event_age_seconds": settings.maximum_event_age_seconds,
                "on_success": settings.on_success or "",
                "on_failure": settings.on_failure or "",
                "last_modified": clock.now(),
            },
        )
    return row


@pooled()
def update(scope: Scope, reference: str, qualifier: str | None, settings: Settings) -> EventInvokeConfig:
    """Change what is given and leave the rest. Raises ResourceNotFound when there is nothing to change."""
    settings.check()
    name = read_name(scope, reference, qualifier, action="UpdateFunctionEventInvokeConfig")
    with transaction.atomic():
        function = _lock(name)
        row = _rows(name).first()
        if row is None:
            raise _missing(name)
        for field, value in asdict(settings).items():
            if value is not None:
                setattr(row, field, value)
        check_destinations(function, row.on_success, row.on_failure)
        row.last_modified = clock.now()
        row.save()
    return row


@pooled()
def get(scope: Scope, reference: str, qualifier: str | None) -> EventInvokeConfig:
    """Return the configuration of this very qualifier, its function loaded. Raises ResourceNotFound."""
    name = read_name(scope, reference, qualifier, action="GetFunctionEventInvokeConfig")
    row = _rows(name).first()
    if row is None:
        raise _missing(name)
    return row


@pooled()
def delete(scope: Scope, reference: str, qualifier: str | None) -> None:
    """Go back to AWS's defaults. Raises ResourceNotFound when there is nothing to delete."""
    name = read_name(scope, reference, qualifier, action="DeleteFunctionEventInvokeConfig")
    if not _rows(name).delete()[0]:
        raise _missing(name)


@pooled()
def list_configs(
    scope: Scope, reference: str, marker: str | None = None, max_items: int | None = None
) -> Page[EventInvokeConfig]:
    """Return a page of a function's configurations, oldest first."""
    name = read_name(scope, reference, action="ListFunctionEventInvokeConfigs")
    function = Function.objects.filter(account=scope.account, region=scope.region, name=name.name).first()
    if function is None:
        raise ResourceNotFound(_NO_FUNCTION)
    rows = function.event_invoke_configs.select_related("function")
    if marker is not None:
        rows = rows.filter(id__gt=read_marker(marker)[1])
    size = page_size(max_items)
    return cut(list(rows.order_by("id")[: size + 1]), size, lambda row: ("", row.pk))


def _lock(name: Name) -> Function:
    try:
        function = lock_function(name)
    except ResourceNotFound:
        raise ResourceNotFound(_NO_FUNCTION) from None
    qualifier = name.qualifier or LATEST
    known = function.versions.filter(version=qualifier).exists() or function.aliases.filter(name=qualifier).exists()
    if not known:
        raise ResourceNotFound(_NO_FUNCTION)
    return function


def _rows(name: Name) -> QuerySet[EventInvokeConfig]:
    return EventInvokeConfig.objects.select_related("function").filter(
        function__account=name.scope.account,
        function__region=name.scope.region,
        function__name=name.name,
        qualifier=name.qualifier or LATEST,
    )


def _missing(name: Name) -> ResourceNotFound:
    return ResourceNotFound(f"The function {name.arn(name.qualifier or LATEST)} doesn't have an EventInvokeConfig")
