"""Small defects of the kind that people write, each of which the state machine has to find."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from invocations import event_queue
from invocations.crashpoints import crashpoint
from invocations.decisions import retry
from invocations.flows import accept, catalog, conclude, deliver, recover, run_event
from invocations.flows.outcome import write_deliveries
from invocations.flows.policies import policy_of
from invocations.models import Delivery, Invocation, async_states, delivery_states
from invocations.values import Condition, Scope

Patch = Callable[[pytest.MonkeyPatch], None]
State = Invocation.State


@dataclass(frozen=True)
class Mutant:
    name: str
    put_in: Patch


MUTANTS: list[Mutant] = []


def mutant(put_in: Patch) -> Patch:
    MUTANTS.append(Mutant(put_in.__name__.removeprefix("_").replace("_", " "), put_in))
    return put_in


# --- claims, fences, leases -----------------------------------------------------------------------------------------


@mutant
def _claim_without_looking_at_the_state(patch: pytest.MonkeyPatch) -> None:
    def start(request_id: str, now: datetime) -> bool:
        rows = Invocation.objects.filter(request_id=request_id)
        return bool(
            rows.update(state=State.RUNNING, claim_no=F("claim_no") + 1, lease_until=Now() + async_states.LEASE)
        )

    patch.setattr(async_states, "start", start)


@mutant
def _claim_before_it_is_due(patch: pytest.MonkeyPatch) -> None:
    real = async_states.start
    patch.setattr(async_states, "start", lambda request_id, now: real(request_id, now + timedelta(days=1)))


@mutant
def _claim_without_a_new_number(patch: pytest.MonkeyPatch) -> None:
    def start(request_id: str, now: datetime) -> bool:
        rows = async_states.due(now).order_by().filter(request_id=request_id)
        return bool(rows.update(state=State.RUNNING, lease_until=Now() + async_states.LEASE, sent_at=None))

    patch.setattr(async_states, "start", start)


def _overtaking(patch: pytest.MonkeyPatch, prepare: Callable[[int, int], int]) -> None:
    """Let every result through that `prepare` makes look as if it were of the present claim."""
    for name in ("finish", "requeue", "defer"):
        real = getattr(async_states, name)

        def arrow(pk: int, claim_no: int, *more: Any, real: Any = real, **named: Any) -> Any:
            return real(pk, prepare(pk, claim_no), *more, **named)

        patch.setattr(async_states, name, arrow)


@mutant
def _fence_ignored(patch: pytest.MonkeyPatch) -> None:
    _overtaking(patch, lambda pk, claim_no: Invocation.objects.get(pk=pk).claim_no)


@mutant
def _fence_looks_at_the_number_only(patch: pytest.MonkeyPatch) -> None:
    def prepare(pk: int, claim_no: int) -> int:
        Invocation.objects.filter(pk=pk, claim_no=claim_no).update(state=State.RUNNING)
        return claim_no

    _overtaking(patch, prepare)


@mutant
def _lease_never_runs_out(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(async_states, "lost", lambda limit: [])


@mutant
def _lease_of_a_live_runner_is_broken(patch: pytest.MonkeyPatch) -> None:
    def lost(limit: int) -> list[Invocation]:
        rows = Invocation.objects.filter(state=State.RUNNING)
        rows.update(lease_until=Now() - async_states.LEASE)
        return list(rows)

    patch.setattr(async_states, "lost", lost)


@mutant
def _lease_is_not_renewed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(async_states, "renew", lambda pk, claim_no: True)


@mutant
def _lost_runner_costs_a_retry(patch: pytest.MonkeyPatch) -> None:
    def lose(pk: int, claim_no: int, due_at: datetime) -> bool:
        rows = Invocation.objects.filter(pk=pk, claim_no=claim_no, state=State.RUNNING)
        return bool(rows.update(state=State.QUEUED, due_at=due_at, lost=F("lost") + 1, failures=F("failures") + 1))

    patch.setattr(async_states, "lose", lose)


# --- retries, deferrals, ends ---------------------------------------------------------------------------------------


def _with_policy(patch: pytest.MonkeyPatch, changed: Callable[[retry.Policy], retry.Policy]) -> None:
    real = retry.after_failure
    patch.setattr(retry, "after_failure", lambda failures, at, now, policy: real(failures, at, now, changed(policy)))


@mutant
def _one_retry_too_many(patch: pytest.MonkeyPatch) -> None:
    _with_policy(patch, lambda policy: replace(policy, max_retries=policy.max_retries + 1))


@mutant
def _zero_retries_are_the_default(patch: pytest.MonkeyPatch) -> None:
    _with_policy(patch, lambda policy: replace(policy, max_retries=policy.max_retries or 2))


@mutant
def _age_is_not_looked_ahead_at(patch: pytest.MonkeyPatch) -> None:
    _with_policy(patch, lambda policy: replace(policy, max_age_seconds=10**9))


@mutant
def _old_events_are_run(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(retry, "expired", lambda *_: False)


@mutant
def _second_retry_comes_after_one_minute(patch: pytest.MonkeyPatch) -> None:
    real = retry.after_failure
    patch.setattr(
        retry,
        "after_failure",
        lambda failures, at, now, policy: (
            retry.RunAgain(now + timedelta(minutes=1))
            if isinstance(real(failures, at, now, policy), retry.RunAgain)
            else real(failures, at, now, policy)
        ),
    )


@mutant
def _throttle_costs_a_retry(patch: pytest.MonkeyPatch) -> None:
    real = async_states.defer

    def defer(pk: int, claim_no: int, due_at: datetime, **more: str) -> bool:
        done = real(pk, claim_no, due_at, **more)
        Invocation.objects.filter(pk=pk, state=State.QUEUED).update(failures=F("failures") + 1)
        return done

    patch.setattr(async_states, "defer", defer)


@mutant
def _back_off_never_grows(patch: pytest.MonkeyPatch) -> None:
    real = retry.after_deferral
    patch.setattr(retry, "after_deferral", lambda deferrals, at, now, policy: real(1, at, now, policy))


@mutant
def _configuration_is_remembered_from_the_start(patch: pytest.MonkeyPatch) -> None:
    known: dict[Any, retry.Policy] = {}
    real = policy_of
    patch.setattr(run_event, "policy_of", lambda *of: known.setdefault(of, real(*of)))


@mutant
def _cancel_whatever_the_state(patch: pytest.MonkeyPatch) -> None:
    def cancel(request_id: str, now: datetime) -> bool:
        rows = Invocation.objects.filter(request_id=request_id)
        return bool(rows.update(state=State.FAILED, condition="Cancelled", ended_at=now, due_at=None))

    patch.setattr(async_states, "cancel", cancel)


@mutant
def _run_now_whatever_the_state(patch: pytest.MonkeyPatch) -> None:
    def run_now(request_id: str, now: datetime) -> bool:
        rows = Invocation.objects.filter(request_id=request_id)
        return bool(rows.update(state=State.QUEUED, due_at=now, sent_at=None))

    patch.setattr(async_states, "run_now", run_now)


@mutant
def _concurrency_of_zero_is_unlimited(patch: pytest.MonkeyPatch) -> None:
    real = run_event._gate

    def gate(row: Invocation, now: datetime) -> Any:
        found = real(row, now)
        return found if found != retry.Stop(Condition.ZERO_RESERVED_CONCURRENCY) else _route_of(row)

    def _route_of(row: Invocation) -> Any:
        route = catalog.route(Scope(row.account, row.region), row.function, None)
        return route.versions[route.main]

    patch.setattr(run_event, "_gate", gate)


# --- sweeps ---------------------------------------------------------------------------------------------------------


@mutant
def _no_sweep_of_events(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(recover, "top_up", lambda at_most: 0)


@mutant
def _sweep_misses_what_was_deferred(patch: pytest.MonkeyPatch) -> None:
    real = async_states.untold
    there = Invocation.objects.filter(deferrals=0)
    patch.setattr(async_states, "untold", lambda now: [row for row in real(now) if there.filter(pk=row.pk).exists()])


@mutant
def _lost_messages_are_not_sent_again(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(recover, "_tell_again", lambda: None)


@mutant
def _accepted_in_the_broker_only(patch: pytest.MonkeyPatch) -> None:
    def commit(row: Invocation, event: Any) -> None:
        event_queue.send_run(row.request_id, retries=0, max_retries=2)

    patch.setattr(accept, "_commit", commit)


# --- deliveries -----------------------------------------------------------------------------------------------------


@mutant
def _delivery_written_after_the_commit(patch: pytest.MonkeyPatch) -> None:
    real = write_deliveries

    def write(*arguments: Any, **named: Any) -> None:
        def later() -> None:
            crashpoint("event.ended")
            real(*arguments, **named)

        transaction.on_commit(later)

    patch.setattr(conclude, "write_deliveries", write)


@mutant
def _delivery_marked_before_it_is_sent(patch: pytest.MonkeyPatch) -> None:
    real = deliver._send

    def send(row: Delivery, destination: Any) -> Any:
        delivery_states.sent(row.pk, row.due_at)
        return real(row, destination)

    patch.setattr(deliver, "_send", send)


@mutant
def _delivery_is_not_tried_again(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(deliver, "next_try", lambda *_: None)


@mutant
def _two_senders_at_one_delivery(patch: pytest.MonkeyPatch) -> None:
    real = delivery_states.where_to

    def where_to(pk: int, now: datetime) -> Any:
        Delivery.objects.filter(pk=pk).update(lease_until=None)
        return real(pk, now)

    patch.setattr(delivery_states, "where_to", where_to)


@mutant
def _late_sender_puts_the_delivery_off(patch: pytest.MonkeyPatch) -> None:
    real = delivery_states.later

    def later(pk: int, tries: int, due_at: datetime, error: str) -> bool:
        return real(pk, Delivery.objects.get(pk=pk).tries, due_at, error)

    patch.setattr(delivery_states, "later", later)


@mutant
def _cancelled_events_are_told(patch: pytest.MonkeyPatch) -> None:
    real = async_states.cancel

    def cancel(request_id: str, now: datetime) -> bool:
        done = real(request_id, now)
        if done:
            conclude.keep_given_up(Invocation.objects.get(request_id=request_id))
        return done

    patch.setattr(async_states, "cancel", cancel)


@mutant
def _successes_are_told_as_failures(patch: pytest.MonkeyPatch) -> None:
    real = write_deliveries
    patch.setattr(
        conclude,
        "write_deliveries",
        lambda row, **named: real(row, **{**named, "condition": Condition.RETRIES_EXHAUSTED}),
    )


@mutant
def _broken_destination_fails_the_event(patch: pytest.MonkeyPatch) -> None:
    real = delivery_states.later

    def later(pk: int, tries: int, due_at: datetime, error: str) -> bool:
        Invocation.objects.filter(deliveries__pk=pk).update(state=State.FAILED)
        return real(pk, tries, due_at, error)

    patch.setattr(delivery_states, "later", later)
