"""What will happen next, and the two verbs of an operator; the page of an event that waits, ran, was lost."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client

from invocations import clock
from invocations.flows import waiting
from invocations.models import Attempt, AttemptOutput, Delivery, Invocation, Payload
from invocations.values import Outcome
from tests.admin.conftest import record

pytestmark = pytest.mark.django_db

ROOM = "/admin/waiting/"
ERROR = b'{"errorType": "ValueError", "errorMessage": "boom <b>"}'


def queued(function: str = "hello", *, minutes: float = 1, **more: Any) -> Invocation:
    now = clock.now()
    row = Invocation.objects.create(
        request_id=str(uuid.uuid4()),
        account="000000000000",
        region="us-east-1",
        function=function,
        executed_version="",
        invocation_type=Invocation.Type.ASYNC,
        condition="",
        door="api",
        caller="test",
        accepted_at=now - timedelta(seconds=10),
        **{"state": Invocation.State.QUEUED, "due_at": now + timedelta(minutes=minutes), **more},
    )
    Payload.objects.create(invocation=row, request=b'{"order": 7}', response=b"", log=b"")
    return row


def attempted(row: Invocation, outcome: str = Outcome.FUNCTION_ERROR, *, ago: float = 5, number: int = 1) -> Attempt:
    started = clock.now() - timedelta(seconds=ago)
    attempt = Attempt.objects.create(
        invocation=row,
        attempt_no=number,
        claim_no=number,
        runner="worker@here",
        outcome=outcome,
        started_at=started,
        ended_at=started + timedelta(milliseconds=200) if outcome else None,
        environment_id="0123456789abcdef0123456789abcdef",
        log_stream="stream",
        cold=number == 1,
        init_us=50_000 if number == 1 else None,
        duration_us=200_000,
        billed_ms=200,
        memory_mb=128,
        max_memory_mb=40,
    )
    if outcome not in ("", Outcome.LOST):
        AttemptOutput.objects.create(attempt=attempt, response=ERROR, log=b"log of attempt %d" % number)
    return attempt


def story(console: Client, row: Invocation, **query: Any) -> str:
    answer = console.get(f"/admin/invocations/invocation/{row.request_id}/", query)
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_the_next_to_be_due_comes_first_and_pages_follow_by_key(console: Client) -> None:
    rows = [queued(minutes=minutes) for minutes in range(30, 0, -1)][::-1]
    first = console.get(ROOM, {"format": "json"}).json()
    assert [one["request_id"] for one in first["waiting"]] == [row.request_id for row in rows[:25]]
    second = console.get(ROOM, {"format": "json", "after": first["next"]}).json()
    assert [one["request_id"] for one in second["waiting"]] == [row.request_id for row in rows[25:]]
    assert second["next"] is None


def test_each_filter_narrows_the_room(console: Client) -> None:
    new = queued("one")
    retry = queued("two", claim_no=1, failures=1)
    deferred = queued("two", claim_no=1, deferrals=2, error_message="Throttled.")
    for query, expected in (
        ({"function": "two"}, {retry, deferred}),
        ({"reason": "new"}, {new}),
        ({"reason": "retry"}, {retry}),
        ({"reason": "deferred"}, {deferred}),
        ({"reason": "lost"}, set()),
    ):
        found = console.get(ROOM, {"format": "json", **query}).json()["waiting"]
        assert {one["request_id"] for one in found} == {row.request_id for row in expected}, query


@pytest.mark.parametrize("after", ["x", "2026-01-01,7", "2026-01-01T00:00:00+00:00,x", "\0,1"])
def test_a_strange_key_is_no_error(console: Client, after: str) -> None:
    queued()
    assert console.get(ROOM, {"after": after, "reason": "nope"}).status_code == 200


def test_running_events_are_shown_apart(console: Client) -> None:
    row = queued(state=Invocation.State.RUNNING, claim_no=1, lease_until=clock.real())
    attempted(row, "")
    document = console.get(ROOM, {"format": "json"}).json()
    assert document["waiting"] == []
    assert [one["request_id"] for one in document["running"]] == [row.request_id]
    assert "has been running since" in story(console, row)


def test_run_now_makes_it_due_and_says_so(console: Client) -> None:
    row = queued()
    answer = console.post(f"/admin/invocations/invocation/{row.request_id}/run-now/", follow=True)
    assert "is due now" in answer.content.decode()
    row.refresh_from_db()
    assert row.due_at is not None
    assert row.due_at <= clock.now()


def test_cancel_ends_it_and_a_second_time_changes_nothing(console: Client) -> None:
    row = queued()
    place = f"/admin/invocations/invocation/{row.request_id}/cancel/"
    console.post(place, {"next": "event"})
    row.refresh_from_db()
    assert (row.state, row.condition) == ("FAILED", "Cancelled")
    again = console.post(place, follow=True).content.decode()
    assert "Nothing was changed: the event has ended (Cancelled)." in again
    assert "Cancelled by an operator" in story(console, row)


def test_verbs_need_a_post_and_the_right(console: Client, client: Client) -> None:
    row = queued()
    place = f"/admin/invocations/invocation/{row.request_id}/cancel/"
    assert console.get(place).status_code == 405
    user = User.objects.create_user("guest", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_invocation"))
    client.force_login(user)
    assert client.get(ROOM).status_code == 200
    assert client.post(place).status_code == 403
    row.refresh_from_db()
    assert row.state == "QUEUED"


def test_what_does_not_wait_is_told_why() -> None:
    assert waiting.run_now(str(uuid.uuid4())).sentence.startswith("There is no event")
    assert "synchronous" in waiting.cancel(record().request_id).sentence
    running = queued(state=Invocation.State.RUNNING, claim_no=1)
    assert "an attempt of this event is running" in waiting.run_now(running.request_id).sentence


def test_the_figures_and_the_clock_know_what_waits(console: Client) -> None:
    assert (waiting.figures(), waiting.next_due()) == (waiting.Figures(0, None), None)
    row = queued(minutes=2)
    record()
    assert waiting.figures() == waiting.Figures(1, row.accepted_at)
    assert waiting.next_due() == row.due_at
    assert "<b>1</b>waiting <small>oldest" in console.get("/admin/").content.decode()


def test_the_page_draws_attempts_waits_and_what_is_planned(console: Client) -> None:
    row = queued(claim_no=1, failures=1, error_type="ValueError", error_message="boom")
    attempted(row)
    page = story(console, row)
    for part in ("retry 1 of 2", "c-ev-planned", "c-tl-init", "?attempt=1#attempt", "Run now", "log of attempt 1"):
        assert part in page, part
    assert "Attempt 1 of 3 failed: ValueError: boom &lt;b&gt;. Next attempt at" in page
    assert "<b>" not in page[page.index("What happened") : page.index('id="attempt"')]


def test_the_log_of_each_attempt_can_be_chosen(console: Client) -> None:
    row = queued(claim_no=2, failures=2)
    attempted(row, ago=70)
    attempted(row, number=2)
    assert "log of attempt 2" in story(console, row)
    assert "log of attempt 1" in story(console, row, attempt=1)
    place = f"/admin/invocations/invocation/{row.request_id}/log/raw/"
    assert console.get(place, {"attempt": 1}).content == b"log of attempt 1"
    assert console.get(place, {"attempt": 9}).status_code == 404


def test_lost_and_late_attempts_are_possible_duplicates(console: Client) -> None:
    row = queued(claim_no=2, lost=1)
    attempted(row, Outcome.FENCED, ago=9)
    attempted(row, Outcome.LOST, number=2)
    page = story(console, row)
    assert "⟲ possible duplicate" in page
    assert "c-ev-uncertain" in page
    plain = queued()
    found = console.get("/admin/invocations/invocation/", {"format": "json", "doubts": "duplicates"}).json()
    ids = [one["request_id"] for one in found["invocations"]]
    assert row.request_id in ids
    assert plain.request_id not in ids


def test_deliveries_and_the_chain_are_part_of_the_story(console: Client) -> None:
    now = clock.now()
    row = queued(state=Invocation.State.SUCCEEDED, due_at=None, ended_at=now, claim_no=1)
    Invocation.objects.filter(pk=row.pk).update(condition="Success")
    attempted(row, Outcome.SUCCESS)
    child = queued("child", caused_by=row.request_id, hops=1)
    Delivery.objects.create(
        invocation=row, kind="on-success", destination="arn:aws:sqs:us-east-1:000000000000:orders",
        created_at=now, due_at=now, give_up_at=now,
    )  # fmt: skip
    page = story(console, row)
    for part in ("On its way to on-success destination orders", child.request_id, "Try now", "deliveries</text>"):
        assert part in page, part
    assert row.request_id in story(console, child)
    document = console.get(f"/admin/invocations/invocation/{row.request_id}/", {"format": "json"}).json()
    assert document["caused"] == [child.request_id]
    assert document["deliveries"][0]["state"] == "PENDING"
    assert [span["kind"] for span in document["time_line"]][:2] == ["wait", "run"]


def test_a_page_that_has_not_changed_is_not_sent_again(console: Client) -> None:
    row = queued()
    place = f"/admin/invocations/invocation/{row.request_id}/"
    brief = console.get(place, {"part": "brief"}).content.decode()
    seen = brief.split("seen=")[1].split('"')[0]
    assert console.get(f"{place}?part=brief&seen={seen}").status_code == 204
    waiting.cancel(row.request_id)
    after = console.get(f"{place}?part=brief&seen={seen}")
    assert after.status_code == 200
    assert "hx-get" not in after.content.decode()


def test_the_drawing_is_small(console: Client) -> None:
    row = queued(claim_no=8, failures=3, lost=5)
    for number in range(1, 9):
        attempted(row, Outcome.LOST if number < 6 else Outcome.FUNCTION_ERROR, ago=100 - 10 * number, number=number)
    page = story(console, row)
    svg = page[page.index('<svg class="c-tl c-ev"') : page.index("</svg>", page.index('<svg class="c-tl c-ev"'))]
    assert len(svg) < 12_000


def test_the_command_lists_runs_and_cancels(capsys: pytest.CaptureFixture[str]) -> None:
    row = queued()
    call_command("waiting")
    assert row.request_id in capsys.readouterr().out
    call_command("waiting", "--run-now", row.request_id)
    call_command("waiting", "--cancel", row.request_id)
    assert "was cancelled" in capsys.readouterr().out
    with pytest.raises(CommandError) as refusal:
        call_command("waiting", "--cancel", row.request_id)
    assert refusal.value.returncode == 2
    call_command("waiting")
    assert "Nothing waits" in capsys.readouterr().out


def test_the_room_steps_to_what_is_due_next_and_comes_back(console: Client) -> None:
    row = queued(minutes=5)
    assert "Step to next due" in console.get(ROOM).content.decode()
    answer = console.post("/admin/clock/steer/", {"advance": "next", "next": ROOM})
    assert answer["Location"] == ROOM
    assert row.due_at is not None
    assert row.due_at <= clock.now() < row.due_at + timedelta(seconds=30)


@pytest.mark.parametrize("wanted", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "\0"])
def test_a_verb_leads_back_to_this_server_only(console: Client, wanted: str) -> None:
    answer = console.post("/admin/clock/steer/", {"advance": "1", "next": wanted})
    assert answer["Location"] == "/admin/clock/"


def test_deliveries_that_wait_are_in_the_room(console: Client) -> None:
    now = clock.now()
    Delivery.objects.create(
        key="one", kind="on-failure", account="000000000000", region="us-east-1", tries=3, created_at=now,
        destination="arn:aws:sqs:us-east-1:000000000000:gone", due_at=now + timedelta(minutes=2),
        give_up_at=now + timedelta(hours=6), last_error="The specified queue does not exist.",
    )  # fmt: skip
    page = console.get(ROOM).content.decode()
    assert "The specified queue does not exist." in page
    answer = console.post(f"/admin/invocations/delivery/{Delivery.objects.get().pk}/replay/", {"next": ROOM})
    assert answer["Location"] == ROOM
    assert Delivery.objects.get().due_at <= clock.now()
