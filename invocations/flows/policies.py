"""How the asynchronous invocations of a qualifier are to be treated, read when the decision is taken."""

from __future__ import annotations

from invocations.decisions.retry import MAXIMUM_EVENT_AGE, MAXIMUM_RETRY_ATTEMPTS, Policy
from invocations.models import EventInvokeConfig
from invocations.values import LATEST, Scope


def policy_of(function: str, scope: Scope, qualifier: str) -> Policy:
    """Return the policy of the invoked qualifier ("" is $LATEST). There is no inheritance between qualifiers."""
    found = EventInvokeConfig.objects.filter(
        function__account=scope.account,
        function__region=scope.region,
        function__name=function,
        qualifier=qualifier or LATEST,
    ).values_list("maximum_retry_attempts", "maximum_event_age_seconds")
    retries, age = found.first() or (None, None)
    return Policy(
        MAXIMUM_RETRY_ATTEMPTS if retries is None else retries,
        MAXIMUM_EVENT_AGE if age is None else age,
    )
