"""Events that have no message of their own: who is told, and who runs the others."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest

from invocations import clock, event_queue, tasks
from invocations.engines.sqs import queues
from invocations.flows import accept, carry, deliver, leases, run_event
from invocations.models import Delivery, EventInvokeConfig, Function, Invocation, Message
from invocations.values import Event
from tests.events.conftest import SCOPE, Send

QUEUE = "arn:aws:sqs:us-east-1:000000000000:ends"
OUTSIDE = "https://example.test/hook"


@pytest.fixture
def carriers() -> Iterator[carry.Carriers]:
    started = carry.start("test", 4)
    yield started
    leases.on_wait.remove(started.hear)
    started.stop()
    started._pool.shutdown(wait=True)


def finish(carriers: carry.Carriers) -> None:
    """Until every carrier has found nothing more to do."""
    deadline, pause = time.monotonic() + 60, threading.Event()
    while carriers._busy:
        assert time.monotonic() < deadline
        pause.wait(0.01)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A broker that takes messages and keeps them."""
    sent: list[str] = []

    def send_run(request_id: str, **_: int) -> bool:
        sent.append(request_id)
        return True

    monkeypatch.setattr(event_queue, "broken", lambda: False)
    monkeypatch.setattr(event_queue, "send_run", send_run)
    return sent


def tell(destination: str) -> None:
    EventInvokeConfig.objects.create(
        function=Function.objects.get(name="fn"),
        qualifier="$LATEST",
        last_modified=clock.now(),
        on_success=destination,
    )


# --- who is told ------------------------------------------------------------------------------------------------------


def test_an_event_that_may_find_everybody_asleep_has_a_message(told: list[str], send: Send) -> None:
    first = send()
    assert first.sent_at is not None
    Invocation.objects.filter(pk=first.pk).update(state="RUNNING", sent_at=None)
    assert told == [first.request_id, send().request_id]


def test_no_message_while_another_is_under_way(told: list[str], send: Send) -> None:
    first, *others = [send() for _ in range(5)]
    assert told == [first.request_id]
    assert [one.sent_at for one in others] == [None] * 4


def test_a_message_that_was_taken_before_the_commit_is_nobody_to_wait_behind(
    told: list[str], send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, commit = send(), accept._commit

    def taken_and_commit(row: Invocation, event: Event) -> None:
        Invocation.objects.filter(pk=first.pk).update(state="RUNNING", sent_at=None)
        commit(row, event)

    monkeypatch.setattr(accept, "_commit", taken_and_commit)
    second = send()
    assert told == [first.request_id, second.request_id]
    assert second.sent_at is not None


def test_what_waits_for_its_retry_is_nobody_to_wait_behind(told: list[str], send: Send) -> None:
    Invocation.objects.filter(pk=send().pk).update(sent_at=None, due_at=clock.now() + timedelta(minutes=1))
    assert send().sent_at is not None


# --- who runs them ----------------------------------------------------------------------------------------------------


def test_while_one_thread_waits_for_a_function_others_look(send: Send, carriers: carry.Carriers) -> None:
    queues.create(SCOPE, "ends", {}, {})
    tell(QUEUE)
    for _ in range(5):
        send()
    carriers.hear(True)
    finish(carriers)
    assert {row.state for row in Invocation.objects.all()} == {"SUCCEEDED"}
    assert {row.runner for event in Invocation.objects.all() for row in event.attempts.all()} == {"test carrier"}
    assert Message.objects.count() == 5
    assert {row.state for row in Delivery.objects.all()} == {"SENT"}


def test_what_a_message_speaks_of_or_is_not_due_is_left_alone(send: Send, carriers: carry.Carriers) -> None:
    Invocation.objects.filter(pk=send().pk).update(sent_at=clock.real())
    Invocation.objects.filter(pk=send().pk).update(due_at=clock.now() + timedelta(minutes=1))
    carriers.hear(True)
    finish(carriers)
    assert {row.state for row in Invocation.objects.all()} == {"QUEUED"}


@pytest.mark.parametrize("trouble", ["taken", "gone"])
def test_they_look_too_when_the_event_of_a_message_is_not_run(
    send: Send, carriers: carry.Carriers, trouble: str
) -> None:
    told_of = send()
    if trouble == "taken":
        Invocation.objects.filter(pk=told_of.pk).update(state="SUCCEEDED")
    else:
        Invocation.objects.filter(pk=told_of.pk).update(function="gone", sent_at=clock.real())
    other = send()
    run_event.run(told_of.request_id, "test")
    finish(carriers)
    assert Invocation.objects.get(pk=other.pk).state == "SUCCEEDED"


def test_slow_functions_run_side_by_side_and_no_more_than_may(
    carriers: carry.Carriers, monkeypatch: pytest.MonkeyPatch
) -> None:
    all_run, may_end = threading.Semaphore(0), threading.Event()

    def slow() -> bool:
        if may_end.is_set():
            return False
        carriers.hear(True)
        all_run.release()
        assert may_end.wait(60)
        carriers.hear(False)
        return True

    monkeypatch.setattr(carriers, "_carry_one", slow)
    carriers.hear(True)
    for _ in range(4):
        assert all_run.acquire(timeout=60)
    assert carriers._busy == carriers._waiting == 4
    carriers.hear(True)
    assert carriers._busy == 4
    may_end.set()
    finish(carriers)
    assert carriers._busy == carriers._waiting == 0


def test_carriers_that_do_not_wait_are_few(carriers: carry.Carriers, monkeypatch: pytest.MonkeyPatch) -> None:
    may_end = threading.Event()
    monkeypatch.setattr(carriers, "_carry_one", lambda: not may_end.wait(60))
    for _ in range(10):
        carriers.hear(True)
    assert carriers._busy == carry.AT_DESK
    may_end.set()
    finish(carriers)


def test_one_that_fails_takes_no_place_for_ever(carriers: carry.Carriers, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> bool:
        raise ValueError

    monkeypatch.setattr(carriers, "_carry_one", fail)
    carriers.hear(True)
    finish(carriers)
    assert carriers._busy == 0


def test_a_process_that_ends_begins_nothing_and_harms_nobody(carriers: carry.Carriers) -> None:
    carriers._pool.shutdown(wait=True)
    carriers.hear(True)
    assert carriers._busy == 0


# --- what they leave --------------------------------------------------------------------------------------------------


def test_what_leaves_the_house_is_left_to_a_message(send: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[int] = []
    monkeypatch.setattr(event_queue, "send_delivery", sent.append)
    tell(OUTSIDE)
    send()
    assert carry.carry("test")
    assert not carry.carry("test"), "there is no other"
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.tries, sent) == ("PENDING", 0, [delivery.pk])


@pytest.mark.parametrize(("destination", "woken"), [(QUEUE, False), (OUTSIDE, True)])
def test_callbacks_wake_what_the_task_could_not_send(send: Send, destination: str, woken: bool) -> None:
    queues.create(SCOPE, "ends", {}, {})
    tell(destination)
    task = tasks.run_event
    task.push_request(hostname="test", callbacks=["wake"], errbacks=["wake"])
    try:
        assert task.run(send().request_id) == "Success"
        assert bool(task.request.callbacks) == bool(task.request.errbacks) == woken
    finally:
        task.pop_request()
    assert Message.objects.exists() != woken


def test_at_hand_is_what_waits_for_our_own_database_only() -> None:
    assert deliver.at_hand(QUEUE)
    assert not deliver.at_hand(OUTSIDE)
    assert deliver.at_hand("nonsense"), "it ends at once"
