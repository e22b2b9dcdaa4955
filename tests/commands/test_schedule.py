"""Schedules from a shell."""

from __future__ import annotations

import io
import json

import pytest
from django.core.management import CommandError, call_command

from invocations.models import Delivery, MissedSlots, Schedule
from tests.engines.hands import Hands, hands

__all__ = ["hands"]  # a fixture

pytestmark = pytest.mark.django_db

QUEUE = "arn:aws:sqs:us-east-1:000000000000:orders"


def run(*arguments: str) -> tuple[str, str]:
    said, told = io.StringIO(), io.StringIO()
    call_command("schedule", *arguments, stdout=said, stderr=told)
    return said.getvalue(), told.getvalue()


def test_a_schedule_s_life(hands: Hands) -> None:
    assert "manage.py schedule create" in run("list")[0]
    expression = "cron(0 8 ? * MON-FRI *)"
    said, _ = run("create", "breakfast", expression, "--zone", "Europe/Vienna", "--function", "hello:live")
    assert said == "arn:aws:scheduler:us-east-1:000000000000:schedule/default/breakfast\n"
    row = Schedule.objects.get()
    assert row.target["Arn"] == "arn:aws:lambda:us-east-1:000000000000:function:hello:live"
    assert f"default/breakfast  {expression}  next 2026-02-02 07:00:00 UTC" in run("list")[0]
    (shown,) = json.loads(run("list", "--json")[0])
    assert len(shown["next_firings"]) == 10
    firings = run("next", "breakfast")[0].splitlines()
    assert firings[0] == "2026-02-02 07:00:00 UTC  2026-02-02 08:00:00 Europe/Vienna"
    assert len(firings) == 10
    run("fire", "breakfast")
    assert Delivery.objects.get().source_arn == row.arn
    run("delete", "breakfast")
    assert not Schedule.objects.exists()


def test_what_is_over_disabled_or_missed_is_said(hands: Hands) -> None:
    _, told = run("create", "late", "at(2020-01-01T00:00:00)", "--target", QUEUE, "--input", "hi", "--delete-when-done")
    assert told == "It never fires: all its slots are past.\n"
    run("create", "off", "rate(1 hour)", "--target", QUEUE, "--disabled")
    run("create", "wide", "cron(0 * * * ? *)", "--target", QUEUE, "--window", "30")
    listed = run("list")[0]
    assert "default/late  at(2020-01-01T00:00:00)  over  ->" in listed
    assert "default/off  rate(1 hour)  disabled  ->" in listed
    assert run("next", "late")[0] == "over\n"
    assert "(fires 2026-01-31 13:" in run("next", "wide")[0]
    row = Schedule.objects.get(name="off")
    MissedSlots.objects.create(
        schedule=row, first_at=hands.product, last_at=hands.product, count=1, noticed_at=hands.product
    )
    assert "missed 1: 2026-01-31 12:00:30 UTC to" in run("next", "off")[0]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("create", "x", "cron(0 8 * * * *)", "--target", QUEUE), "must be \\?, and not both .at character 14"),
        (("create", "x", "rate(1 day)", "--target", QUEUE, "--zone", "Mars"), "Timezone Mars"),
        (("create", "x", "rate(1 day)", "--target", QUEUE, "--window", "0"), "--window takes 1 to 1440"),
        (("create", "a b", "rate(1 day)", "--target", QUEUE), "name has 1 to 64"),
        (("create", "x", "rate(1 day)", "--target", QUEUE, "--group", "no"), "Schedule group no does not exist"),
        (("create", "x", "rate(1 day)", "--target", "arn:aws:states:us-east-1:1:m"), "does not offer states"),
        (("create", "x", "rate(1 day)", "--target", "arn:aws:events:us-east-1:1:event-bus/b"), "EventBridgeParameters"),
        (("create", "x", "rate(1 day)", "--function", "f", "--input", "{"), "well-formed JSON"),
        (("create", "x", "rate(1 day)", "--function", "a:b:c:d:e"), "no function's name"),
        (("next", "absent"), "Schedule absent does not exist"),
        (("fire", "absent"), "Schedule absent does not exist"),
        (("delete", "absent"), "Schedule absent does not exist"),
    ],
)
def test_what_cannot_be(arguments: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence) as refused:
        run(*arguments)
    assert refused.value.returncode == 2
    assert not Schedule.objects.exists()
