"""Killed between a commit and what follows from it, at each named point: nothing is lost, and what happened is shown.

Each test kills a process of its own (kill -9) at the point and mends the rest with the one-shot verbs of the sweeper.
"""

from __future__ import annotations

import ast
import uuid
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from invocations import clock
from invocations.crashpoints import POINTS, arm
from invocations.engines.sqs import queues
from invocations.flows import recover
from invocations.models import (
    Attempt,
    Delivery,
    EventInvokeConfig,
    Function,
    FunctionVersion,
    Invocation,
    Message,
    Payload,
)
from tests.events import dying
from tests.events.conftest import SCOPE, Send
from tests.house import ROOT

QUEUE = "arn:aws:sqs:us-east-1:000000000000:ends"
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def parent() -> Iterator[dying.Dying]:
    started = dying.start()
    yield started
    assert started.process.stdin is not None
    started.process.stdin.close()
    assert started.process.wait(10) == 0
    assert started.process.stdout is not None
    started.process.stdout.close()


@pytest.fixture
def tells(function: FunctionVersion) -> None:
    """Both ends of the function's events are told to a queue; one retry."""
    queues.create(SCOPE, "ends", {}, {})
    configure(QUEUE)


def configure(on_success: str) -> None:
    EventInvokeConfig.objects.create(
        function=Function.objects.get(name="fn"),
        qualifier="$LATEST",
        last_modified=clock.now(),
        maximum_retry_attempts=1,
        on_success=on_success,
        on_failure=QUEUE,
    )


def mend() -> None:
    """What the sweeper and its drain do in the course of the next hours, without the hours."""
    for _ in range(4):
        Invocation.objects.filter(state="RUNNING").update(lease_until=clock.real() - HOUR)
        Invocation.objects.filter(state="QUEUED").update(due_at=clock.now())
        Delivery.objects.filter(state="PENDING").update(due_at=clock.now())
        Delivery.objects.exclude(lease_until=None).update(lease_until=clock.real() - HOUR)
        # A message that was sent and lost is not waited for.
        Invocation.objects.exclude(sent_at=None).update(sent_at=clock.real() - HOUR)
        Delivery.objects.exclude(sent_at=None).update(sent_at=clock.real() - HOUR)
        recover.sweep()
        Invocation.objects.filter(sent_at__gt=clock.real() - HOUR).update(sent_at=clock.real() - HOUR)
        Delivery.objects.filter(sent_at__gt=clock.real() - HOUR).update(sent_at=clock.real() - HOUR)
        recover.drain("mending", at_most=10)


def ends(row: Invocation, state: str, attempts: list[str], told: int = 1) -> None:
    """The event has this one end, these attempts and as many copies of its record in the queue."""
    row.refresh_from_db()
    assert (row.state, row.ended_at is not None, row.lease_until) == (state, True, None)
    assert [each.outcome for each in row.attempts.order_by("attempt_no")] == attempts
    assert [each.attempt_no for each in row.attempts.order_by("attempt_no")] == list(range(1, len(attempts) + 1))
    assert Counter(Delivery.objects.values_list("state", flat=True)) == {"SENT": 1}
    assert Message.objects.count() == told


def test_dead_before_the_commit_nothing_was_accepted(parent: dying.Dying, tells: None) -> None:
    parent.at("event.accepting", "accept", "{}", str(uuid.uuid4()))
    assert not Invocation.objects.exists()
    assert not Payload.objects.exists()


@pytest.mark.parametrize("point", ["event.accepted", "event.told"])
def test_dead_after_the_commit_the_event_is_run_though_nobody_heard_202(
    parent: dying.Dying, tells: None, point: str
) -> None:
    request_id = str(uuid.uuid4())
    parent.at(point, "accept", "{}", request_id)
    row = Invocation.objects.get(request_id=request_id)
    assert (row.state, row.claim_no) == ("QUEUED", 0)
    mend()
    ends(row, "SUCCEEDED", ["Success"])


def test_dead_while_a_message_is_sent_the_event_waits_for_another(parent: dying.Dying, tells: None, send: Send) -> None:
    row = send()
    parent.at("event.telling", "sweep")
    row.refresh_from_db()
    assert row.sent_at is not None, "noted, and no message left"
    mend()
    ends(row, "SUCCEEDED", ["Success"])


@pytest.mark.parametrize(
    ("point", "attempts"),
    [
        ("attempt.written", ["Lost", "Success"]),
        ("attempt.ran", ["Lost", "Success"]),
        ("event.ending", ["Lost", "Success"]),
    ],
)
def test_a_runner_that_dies_before_the_end_is_committed_is_shown(
    parent: dying.Dying, tells: None, send: Send, point: str, attempts: list[str]
) -> None:
    row = send()
    parent.at(point, "run", row.request_id)
    row.refresh_from_db()
    assert (row.state, row.claim_no, row.ended_at) == ("RUNNING", 1, None)
    assert not Delivery.objects.exists()
    assert set(Attempt.objects.values_list("outcome", flat=True)) <= {""}
    mend()
    ends(row, "SUCCEEDED", attempts)
    assert (row.lost, row.failures, row.claim_no) == (1, 0, 2)


def test_a_runner_that_dies_before_its_claim_is_committed_has_not_claimed(
    parent: dying.Dying, tells: None, send: Send
) -> None:
    row = send()
    parent.at("event.claimed", "run", row.request_id)
    row.refresh_from_db()
    assert (row.state, row.claim_no, row.lost) == ("QUEUED", 0, 0)
    mend()
    ends(row, "SUCCEEDED", ["Success"])
    assert (row.lost, row.claim_no) == (0, 1)


def test_dead_after_the_end_what_is_owed_is_told(parent: dying.Dying, tells: None, send: Send) -> None:
    row = send()
    parent.at("event.ended", "run", row.request_id)
    row.refresh_from_db()
    assert (row.state, Delivery.objects.get().state) == ("SUCCEEDED", "PENDING")
    mend()
    ends(row, "SUCCEEDED", ["Success"])
    assert row.claim_no == 1, "nothing ran again"


def test_dead_after_a_retry_was_stored_the_retry_comes_all_the_same(
    parent: dying.Dying, tells: None, send: Send
) -> None:
    row = send({"fail": 1})
    parent.at("event.waiting", "run", row.request_id)
    row.refresh_from_db()
    assert (row.state, row.failures, row.sent_at) == ("QUEUED", 1, None)
    assert row.due_at is not None
    assert row.due_at > clock.now() + timedelta(seconds=30)
    mend()
    ends(row, "FAILED", ["FunctionError", "FunctionError"])
    assert (row.condition, row.failures, row.lost) == ("RetriesExhausted", 2, 0)


def test_a_sweeper_that_dies_while_it_frees_an_event_has_done_nothing(
    parent: dying.Dying, tells: None, send: Send
) -> None:
    row = send()
    parent.at("attempt.ran", "run", row.request_id)
    Invocation.objects.update(lease_until=clock.real() - HOUR)
    parent.at("runner.releasing", "sweep")
    row.refresh_from_db()
    assert (row.state, row.lost, row.attempts.get().outcome) == ("RUNNING", 0, "")
    mend()
    ends(row, "SUCCEEDED", ["Lost", "Success"])


def test_killed_once_at_every_point_of_its_way_an_event_still_ends_once(
    parent: dying.Dying, tells: None, send: Send
) -> None:
    row = send()
    parent.at("event.claimed", "run", row.request_id)
    for lost, point in enumerate(("attempt.written", "attempt.ran", "event.ending"), start=1):
        parent.at(point, "run", row.request_id)
        Invocation.objects.update(lease_until=clock.real() - HOUR)
        recover.sweep()
        row.refresh_from_db()
        assert (row.state, row.lost) == ("QUEUED", lost)
    mend()
    ends(row, "SUCCEEDED", ["Lost", "Lost", "Lost", "Success"])


def owed(row: Invocation, parent: dying.Dying) -> Delivery:
    """The event has ended; nobody has looked at what it owes."""
    parent.at("event.ended", "run", row.request_id)
    return Delivery.objects.get()


def test_dead_while_a_delivery_is_announced_it_goes_all_the_same(parent: dying.Dying, tells: None, send: Send) -> None:
    row = send()
    owed(row, parent)
    Delivery.objects.update(sent_at=None)  # the callback that would have announced it is not waited for
    parent.at("delivery.telling", "sweep")
    assert Delivery.objects.get().sent_at is not None
    mend()
    ends(row, "SUCCEEDED", ["Success"])


@pytest.mark.parametrize("point", ["delivery.claimed", "delivery.sent"])
def test_a_queue_of_ours_gets_the_record_once(parent: dying.Dying, tells: None, send: Send, point: str) -> None:
    """What is sent and what says so are one transaction."""
    row = send()
    delivery = owed(row, parent)
    parent.at(point, "deliver", delivery.pk)
    assert not Message.objects.exists()
    mend()
    ends(row, "SUCCEEDED", ["Success"])


@pytest.mark.parametrize(("point", "copies"), [("delivery.claimed", 0), ("delivery.sent", 1)])
def test_a_target_outside_gets_the_record_at_least_once_and_the_row_shows_the_tries(
    parent: dying.Dying, function: FunctionVersion, send: Send, tmp_path: Path, point: str, copies: int
) -> None:
    queues.create(SCOPE, "ends", {}, {})
    configure(dying.OUTSIDE)
    target = tmp_path / "outside"
    delivery = owed(send(), parent)
    parent.at(point, "deliver", delivery.pk, outside=str(target))
    assert len(target.read_bytes().splitlines() if target.exists() else []) == copies
    delivery.refresh_from_db()
    assert (delivery.state, delivery.tries) == ("PENDING", 1)
    Delivery.objects.update(lease_until=clock.real() - HOUR)
    # Killed again, but after the mark this time: the verb itself is done.
    parent.at("delivery.sent", "deliver", delivery.pk, outside=str(target))
    assert len(target.read_bytes().splitlines()) == copies + 1
    delivery.refresh_from_db()
    assert delivery.tries == 2


def test_dead_before_a_refusal_is_noted_the_delivery_is_tried_again(
    parent: dying.Dying, function: FunctionVersion, send: Send
) -> None:
    configure(QUEUE)  # which does not exist yet
    row = send()
    delivery = owed(row, parent)
    parent.at("delivery.failed", "deliver", delivery.pk)
    queues.create(SCOPE, "ends", {}, {})
    mend()
    ends(row, "SUCCEEDED", ["Success"])


def test_dead_after_a_parcel_was_posted_it_goes_all_the_same(parent: dying.Dying, transactional_db: None) -> None:
    queues.create(SCOPE, "ends", {}, {})
    parent.at("parcel.posted", "post", QUEUE)
    assert Delivery.objects.get().state == "PENDING"
    mend()
    assert (Delivery.objects.get().state, Message.objects.count()) == ("SENT", 1)


def test_every_point_is_in_the_code_and_in_a_test() -> None:
    in_code = Counter(_points(ROOT / "invocations"))
    assert set(in_code) == set(POINTS)
    assert set(in_code.values()) == {1}, "a point that stands twice says nothing"
    here = Path(__file__).read_text()
    assert [name for name in POINTS if f'"{name}"' not in here] == []


def test_nothing_is_armed_by_itself_and_what_is_not_listed_cannot_be() -> None:
    from invocations import crashpoints

    assert crashpoints._armed == {}
    with pytest.raises(KeyError):
        arm("event.unheard-of", lambda: None)


def _points(package: Path) -> Iterator[str]:
    for path in package.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "crashpoint":
                assert isinstance(node.args[0], ast.Constant)
                yield str(node.args[0].value)
