from __future__ import annotations

import json
import threading
from datetime import timedelta

import pytest

from invocations import clock, limits
from invocations.flows import leases, recover, run_event
from invocations.flows.concurrency import put_concurrency
from invocations.flows.functions import delete_function
from invocations.models import Attempt, EventInvokeConfig, Function, Invocation, async_states
from invocations.runtime import client
from invocations.values import Condition
from tests.events.conftest import SCOPE, Send
from tests.runtime.hosts import until


def configure(**values: int) -> None:
    EventInvokeConfig.objects.create(
        function=Function.objects.get(name="fn"), qualifier="$LATEST", last_modified=clock.now(), **values
    )


def run(row: Invocation) -> Invocation:
    """Run the event's next attempt as if its time had come."""
    async_states.run_now(row.request_id, clock.now())
    assert run_event.run(row.request_id, "test") is not None
    row.refresh_from_db()
    return row


def test_a_success_is_one_attempt_and_the_end(send: Send) -> None:
    row = run(send())
    assert (row.state, row.condition, row.executed_version) == ("SUCCEEDED", "Success", "$LATEST")
    assert row.due_at is None
    assert row.lease_until is None
    answer = json.loads(bytes(row.payload.response))
    assert answer == {"id": row.request_id, "arn": "arn:aws:lambda:us-east-1:000000000000:function:fn"}
    [attempt] = row.attempts.all()
    assert (attempt.outcome, attempt.attempt_no, attempt.claim_no, attempt.runner) == ("Success", 1, 1, "test")
    assert f"START RequestId: {row.request_id}".encode() in bytes(attempt.output.log)


def test_a_finished_event_is_not_run_again(send: Send) -> None:
    row = run(send())
    assert run_event.run(row.request_id, "test") is None
    assert row.attempts.count() == 1


def test_an_event_is_not_run_before_its_time(send: Send) -> None:
    row = send()
    Invocation.objects.update(due_at=clock.now() + timedelta(minutes=1))
    assert run_event.run(row.request_id, "test") is None


@pytest.mark.parametrize(("retries", "attempts"), [(0, 1), (1, 2), (2, 3), (None, 3)])
def test_a_failing_function_is_attempted_once_more_than_it_has_retries(
    send: Send, retries: int | None, attempts: int
) -> None:
    if retries is not None:
        configure(maximum_retry_attempts=retries)
    row = send({"fail": 1})
    for number in range(1, attempts):
        before = clock.now()
        run(row)
        assert (row.state, row.failures, row.error_type) == ("QUEUED", number, "ValueError")
        assert row.due_at is not None
        wait = row.due_at - before
        assert timedelta(minutes=number) <= wait < timedelta(minutes=number, seconds=10)
    run(row)
    assert (row.state, row.condition, row.failures) == ("FAILED", "RetriesExhausted", attempts)
    assert [each.attempt_no for each in row.attempts.all()] == list(range(1, attempts + 1))
    assert json.loads(bytes(row.payload.response))["errorMessage"] == "boom"


def test_an_age_of_sixty_seconds_gives_one_attempt(send: Send) -> None:
    configure(maximum_event_age_seconds=60)
    row = run(send({"fail": 1}))
    assert (row.state, row.condition, row.attempts.count()) == ("FAILED", "EventAgeExceeded", 1)


def test_an_event_that_waited_too_long_is_not_run(send: Send) -> None:
    configure(maximum_event_age_seconds=60)
    row = send()
    Invocation.objects.update(accepted_at=clock.now() - timedelta(seconds=61))
    run(row)
    assert (row.state, row.condition, row.attempts.count()) == ("FAILED", "EventAgeExceeded", 0)


def test_a_throttled_event_waits_and_loses_no_attempt(send: Send) -> None:
    put_concurrency(SCOPE, "fn", 1)
    slow, throttled = send({"sleep": 1.5}), send()
    runner = threading.Thread(target=run_event.run, args=(slow.request_id, "other"))
    runner.start()
    while not Attempt.objects.filter(invocation=slow).exists() or throttled.deferrals == 0:
        throttled.refresh_from_db()
        if throttled.state == "SUCCEEDED":  # it was quicker than the slow one: try again
            throttled = send()
        async_states.run_now(throttled.request_id, clock.now())
        run_event.run(throttled.request_id, "test")
        throttled.refresh_from_db()
    assert (throttled.state, throttled.failures, throttled.attempts.count()) == ("QUEUED", 0, 0)
    assert throttled.error_type == "ReservedFunctionConcurrentInvocationLimitExceeded"
    runner.join()
    assert run(throttled).state == "SUCCEEDED"


def test_zero_reserved_concurrency_ends_an_event_at_once(send: Send) -> None:
    put_concurrency(SCOPE, "fn", 0)
    row = run(send())
    assert (row.state, row.condition, row.attempts.count()) == ("FAILED", "ZeroReservedConcurrency", 0)


def test_a_chain_is_stopped_at_its_sixteenth_hop_unless_loops_are_allowed(send: Send) -> None:
    row = send()
    Invocation.objects.update(hops=limits.CHAIN_MAX)
    assert run(row).condition == Condition.RECURSIVE_INVOCATION
    Function.objects.update(recursive_loop="Allow")
    row = send()
    Invocation.objects.filter(pk=row.pk).update(hops=limits.CHAIN_MAX)
    assert run(row).condition == Condition.SUCCESS


def test_an_event_outlives_its_function_only_to_say_so(send: Send) -> None:
    row = send()
    delete_function(SCOPE, "fn")
    assert run(row).condition == Condition.FUNCTION_NOT_FOUND


def test_a_lost_runner_is_shown_and_costs_no_retry(send: Send) -> None:
    configure(maximum_retry_attempts=0)
    row = send()
    die_while_running(row)
    recover.sweep()
    row.refresh_from_db()
    assert (row.state, row.lost, row.failures) == ("QUEUED", 1, 0)
    assert run(row).state == "SUCCEEDED"
    assert [each.outcome for each in row.attempts.all()] == ["Lost", "Success"]


def test_the_fifth_lost_runner_ends_the_event(send: Send) -> None:
    row = send()
    for _ in range(5):
        die_while_running(row)
        recover.sweep()
    row.refresh_from_db()
    assert (row.state, row.condition, row.lost) == ("FAILED", "RunnerLost", 5)
    assert [each.outcome for each in row.attempts.all()] == ["Lost"] * 5


def test_a_result_that_comes_after_another_runner_took_over_does_not_count(send: Send) -> None:
    row = send({"sleep": 1})
    told: list[run_event.Told | None] = []
    slow = threading.Thread(target=lambda: told.append(run_event.run(row.request_id, "paused")))
    slow.start()
    while not Attempt.objects.filter(runner="paused").exists():
        pass
    Invocation.objects.update(lease_until=clock.real() - timedelta(seconds=1))
    recover.sweep()
    run(row)
    slow.join()
    assert told[0] is not None
    assert told[0].fenced
    row.refresh_from_db()
    assert (row.state, row.claim_no) == ("SUCCEEDED", 2)
    assert sorted(each.outcome for each in row.attempts.all()) == ["Fenced", "Success"]


def test_of_two_runs_in_one_process_only_the_overtaken_one_is_ended(send: Send) -> None:
    row = send({"sleep": 3})

    def run_in_thread(runner: str, runs: int) -> threading.Thread:
        thread = threading.Thread(target=run_event.run, args=(row.request_id, runner))
        thread.start()
        assert until(lambda: len(client._loans) == runs, 20)
        return thread

    paused = run_in_thread("paused", 1)
    Invocation.objects.update(lease_until=clock.real() - timedelta(seconds=1))
    recover.sweep()
    other = run_in_thread("other", 2)
    leases.renew_all()
    paused.join()
    other.join()
    outcomes = dict(Attempt.objects.values_list("runner", "outcome"))
    assert outcomes == {"paused": "Fenced", "other": "Success"}


def test_without_a_broker_due_events_are_run_all_the_same(send: Send) -> None:
    rows = [send() for _ in range(3)]
    assert recover.drain("drain", at_most=10) == 3
    assert {Invocation.objects.get(pk=row.pk).state for row in rows} == {"SUCCEEDED"}


def test_a_cancelled_event_is_never_run(send: Send) -> None:
    row = send()
    assert async_states.cancel(row.request_id, clock.now())
    assert run_event.run(row.request_id, "test") is None
    row.refresh_from_db()
    assert (row.state, row.condition) == ("FAILED", "Cancelled")


def die_while_running(row: Invocation) -> None:
    """Leave behind what a runner leaves that is killed while the function runs: a claim, an attempt without end."""
    assert async_states.start(row.request_id, clock.now())
    row.refresh_from_db()
    Attempt.objects.create(
        invocation=row,
        attempt_no=row.attempts.count() + 1,
        claim_no=row.claim_no,
        runner="gone",
        outcome="",
        started_at=clock.now(),
        environment_id="",
        log_stream="",
        cold=False,
        duration_us=0,
        billed_ms=0,
        memory_mb=128,
        max_memory_mb=0,
    )
    Invocation.objects.filter(pk=row.pk).update(lease_until=clock.real() - timedelta(seconds=1))
