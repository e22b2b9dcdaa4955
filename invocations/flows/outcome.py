"""From a finished asynchronous invocation to the deliveries it owes: outbox rows, written with the outcome."""

from __future__ import annotations

from datetime import datetime

from invocations import clock, records
from invocations.decisions.backoff import GIVE_UP
from invocations.flows.targets import Target
from invocations.models import Delivery, DeliveryBody, EventInvokeConfig, Invocation
from invocations.values import LATEST, Condition

Kind = Delivery.Kind


def write_deliveries(
    invocation: Invocation,
    *,
    target: Target | None,
    condition: Condition,
    request: bytes,
    response: bytes | None,
    executed_version: str,
    function_error: bool,
    error_message: str,
    invoke_count: int,
    status_code: int,
) -> list[int]:
    """Write what is owed and return the ids; to be called in the transaction that writes the outcome.

    `target` is None when the function is gone, and what it had configured with it. `response` is None when the
    function never ran. `status_code` is 429 for what was never run because of concurrency, else 200. An event that
    an operator cancelled is told to nobody.
    """
    if target is None or condition == Condition.CANCELLED:
        return []
    now = clock.now()
    on_success, on_failure = _destinations(target, invocation.qualifier or LATEST)
    written = []
    destination = on_success if condition == Condition.SUCCESS else on_failure
    if destination:
        ran = records.Response(
            payload=response or b"null",
            executed_version=executed_version or target.version.version,
            function_error=function_error,
            status_code=status_code,
        )
        outcome = records.Outcome(
            request_id=invocation.request_id,
            function_arn=target.function.arn(),
            qualifier=invocation.qualifier,
            condition=condition,
            invoke_count=invoke_count,
            request=request,
            response=None if response is None else ran,
            at=now,
        )
        kind = Kind.ON_SUCCESS if condition == Condition.SUCCESS else Kind.ON_FAILURE
        written.append(_write(invocation, kind, destination, records.invocation_record(outcome), {}, now))
    dead_letters = "" if condition == Condition.SUCCESS else _dead_letter_arn(target, executed_version)
    if dead_letters:
        attributes = records.dead_letter_attributes(invocation.request_id, status_code, error_message)
        body = records.dead_letter(request)
        written.append(_write(invocation, Kind.DEAD_LETTER, dead_letters, body, attributes, now))
    return written


def _destinations(target: Target, qualifier: str) -> tuple[str, str]:
    """Of the qualifier that was invoked; one qualifier inherits nothing from another."""
    found = EventInvokeConfig.objects.filter(function=target.function, qualifier=qualifier)
    return found.values_list("on_success", "on_failure").first() or ("", "")


def _dead_letter_arn(target: Target, executed_version: str) -> str:
    """Of the version that ran, else of the one that would have."""
    if executed_version in ("", target.version.version):
        return target.version.dead_letter_arn
    found = target.function.versions.filter(version=executed_version).values_list("dead_letter_arn", flat=True)
    return found.first() or ""


def _write(
    invocation: Invocation, kind: str, arn: str, body: bytes, attributes: records.Attributes, now: datetime
) -> int:
    row = Delivery.objects.create(
        invocation=invocation, kind=kind, destination=arn, created_at=now, due_at=now, give_up_at=now + GIVE_UP
    )
    DeliveryBody.objects.create(delivery=row, body=body, attributes=attributes)
    return row.pk
