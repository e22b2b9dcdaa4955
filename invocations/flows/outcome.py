"""From a finished asynchronous invocation to the deliveries it owes: outbox rows, written with the outcome."""

from __future__ import annotations

from datetime import datetime

from invocations import clock, records
from invocations.arns import function_arn
from invocations.decisions.backoff import GIVE_UP
from invocations.flows.policies import Treatment
from invocations.flows.targets import Target
from invocations.models import Delivery, DeliveryBody, Invocation
from invocations.values import LATEST, Attributes, Condition, Scope
from lambdaplay.db.prepared import Insert

Kind = Delivery.Kind
_DELIVERY, _BODY = Insert(Delivery), Insert(DeliveryBody)


def write_deliveries(
    invocation: Invocation,
    *,
    treatment: Treatment,
    target: Target | None,
    condition: Condition,
    request: bytes,
    response: bytes | None,
    executed_version: str,
    function_error: bool,
    error_message: str,
    invoke_count: int,
    status_code: int,
    told_at: datetime | None = None,
) -> list[int]:
    """Write what is owed and return the ids; to be called in the transaction that writes the outcome.

    `target` (not needed for a success) is None when the function is gone, and what it had configured with it.
    `response` is None when the function never ran. `status_code` is 429 for what was never run because of
    concurrency, else 200. An event that an operator cancelled is told to nobody. `told_at` (real time): when somebody
    is about to wake them; None leaves that to the sweeper.
    """
    if condition == Condition.CANCELLED or (target is None and condition != Condition.SUCCESS):
        return []
    now = clock.now()
    scope = Scope(invocation.account, invocation.region)
    written = []
    destination = treatment.on_success if condition == Condition.SUCCESS else treatment.on_failure
    if destination:
        ran = records.Response(
            payload=response or b"null",
            executed_version=executed_version or (target.version.version if target else LATEST),
            function_error=function_error,
            status_code=status_code,
        )
        outcome = records.Outcome(
            request_id=invocation.request_id,
            function_arn=function_arn(scope.account, scope.region, invocation.function),
            qualifier=invocation.qualifier,
            condition=condition,
            invoke_count=invoke_count,
            request=request,
            response=None if response is None else ran,
            at=now,
        )
        kind = Kind.ON_SUCCESS if condition == Condition.SUCCESS else Kind.ON_FAILURE
        written.append(_write(invocation, kind, destination, records.invocation_record(outcome), {}, now, told_at))
    dead_letters = (
        "" if condition == Condition.SUCCESS or target is None else _dead_letter_arn(target, executed_version)
    )
    if dead_letters:
        attributes = records.dead_letter_attributes(invocation.request_id, status_code, error_message)
        body = records.dead_letter(request)
        written.append(_write(invocation, Kind.DEAD_LETTER, dead_letters, body, attributes, now, told_at))
    return written


def _dead_letter_arn(target: Target, executed_version: str) -> str:
    """Of the version that ran, else of the one that would have."""
    if executed_version in ("", target.version.version):
        return target.version.dead_letter_arn
    found = target.function.versions.filter(version=executed_version).values_list("dead_letter_arn", flat=True)
    return found.first() or ""


def _write(
    invocation: Invocation,
    kind: str,
    arn: str,
    body: bytes,
    attributes: Attributes,
    now: datetime,
    told_at: datetime | None,
) -> int:
    delivery_id = _DELIVERY(
        key=f"{invocation.request_id}:{kind}",
        invocation_id=invocation.pk,
        kind=kind,
        account=invocation.account,
        region=invocation.region,
        destination=arn,
        trace_id=invocation.trace_id,
        hops=invocation.hops + 1,
        caused_by=invocation.request_id,
        created_at=now,
        due_at=now,
        give_up_at=now + GIVE_UP,
        sent_at=told_at,
    )
    _BODY(delivery_id=delivery_id, body=body, attributes=attributes)
    return int(delivery_id or 0)
