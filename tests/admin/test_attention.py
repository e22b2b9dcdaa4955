from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.test import Client

from invocations import clock
from invocations.admin.attention import matters
from invocations.engines import sqs
from invocations.engines.sqs import queues
from invocations.models import Delivery, FunctionVersion, Invocation
from tests.admin.conftest import SCOPE, MakeFunction, record

pytestmark = pytest.mark.django_db


def found() -> dict[str, str]:
    """What needs attention, by its word; that no part of the house runs in a test is left out."""
    return {matter.word: matter.sentence for matter in matters() if matter.word != "down"}


def waiting(minutes: float, **more: object) -> None:
    row = record("charge")
    values = {"state": Invocation.State.QUEUED, "ended_at": None, "due_at": clock.now() + timedelta(minutes=minutes)}
    Invocation.objects.filter(pk=row.pk).update(**values, **more)


def test_a_house_without_trouble_needs_nothing(console: Client, make_function: MakeFunction) -> None:
    make_function("hello")
    queues.create(SCOPE, "orders", {}, {})
    waiting(1)
    record()
    assert found() == {}


def test_events_that_nobody_takes_are_late(console: Client) -> None:
    waiting(-2)
    waiting(-3)
    assert found() == {"late": "2 events should have run more than a minute ago: do workers keep up?"}


def test_throttled_events_name_their_functions(console: Client) -> None:
    waiting(1, deferrals=2)
    assert found() == {"throttled": "Events wait for concurrency: charge."}


def test_what_found_no_taker_is_counted(console: Client) -> None:
    now = clock.now()
    Delivery.objects.create(
        key="one", kind="on-failure", account=SCOPE.account, region=SCOPE.region, destination="arn", tries=9,
        state=Delivery.State.FAILED, created_at=now, due_at=now, give_up_at=now, ended_at=now,
    )  # fmt: skip
    assert found() == {"undeliverable": "1 delivery found no taker."}


def test_functions_that_cannot_or_may_not_run_are_named(console: Client, make_function: MakeFunction) -> None:
    broken, stopped = make_function("broken"), make_function("stopped")
    FunctionVersion.objects.filter(function=broken).update(state=FunctionVersion.State.FAILED)
    type(stopped).objects.filter(pk=stopped.pk).update(reserved_concurrency=0)
    assert found() == {
        "failed": "broken cannot be run: its code is in state Failed.",
        "stopped": "stopped never runs: its reserved concurrency is 0.",
    }


def test_dead_letters_are_shown_on_home_with_a_link(console: Client) -> None:
    dead = queues.create(SCOPE, "dead", {}, {})
    policy = json.dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": 1})
    queues.create(SCOPE, "work", {"RedrivePolicy": policy}, {})
    sqs.send(dead.arn, "x")
    assert found() == {"dead letters": "1 message in dead."}
    assert (
        f'href="/admin/invocations/queue/{dead.pk}/change/">1 message in dead.'
        in console.get("/admin/").content.decode()
    )


def test_parts_that_are_not_heard_of_come_first(console: Client) -> None:
    waiting(1, deferrals=2)
    first = matters()[0]
    assert (first.kind, first.word) == ("bad", "down")
    assert "worker" in first.sentence
