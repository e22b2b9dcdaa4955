"""How the asynchronous invocations of a qualifier are to be treated, read when the decision is taken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from invocations.decisions.retry import MAXIMUM_EVENT_AGE, MAXIMUM_RETRY_ATTEMPTS, Policy
from invocations.models import EventInvokeConfig
from invocations.values import LATEST, Scope
from lambdaplay.db.prepared import Select


def _configured(account: str, region: str, function: str, qualifier: str) -> QuerySet[Any, tuple[Any, ...]]:
    rows = EventInvokeConfig.objects.filter(
        function__account=account, function__region=region, function__name=function, qualifier=qualifier
    )
    return rows.values_list("maximum_retry_attempts", "maximum_event_age_seconds", "on_success", "on_failure")


_CONFIGURED = Select(_configured, account=str, region=str, function=str, qualifier=str)


@dataclass(frozen=True)
class Treatment:
    """The policy, and where outcomes go ("": nowhere)."""

    policy: Policy
    on_success: str
    on_failure: str


def policy_of(function: str, scope: Scope, qualifier: str) -> Policy:
    """Return the policy of the invoked qualifier ("" is $LATEST)."""
    return treatment_of(function, scope, qualifier).policy


def treatment_of(function: str, scope: Scope, qualifier: str) -> Treatment:
    """Return all of it for the invoked qualifier ("" is $LATEST). There is no inheritance between qualifiers."""
    found = _CONFIGURED(account=scope.account, region=scope.region, function=function, qualifier=qualifier or LATEST)
    retries, age, on_success, on_failure = found[0] if found else (None, None, "", "")
    policy = Policy(
        MAXIMUM_RETRY_ATTEMPTS if retries is None else retries,
        MAXIMUM_EVENT_AGE if age is None else age,
    )
    return Treatment(policy, on_success, on_failure)
