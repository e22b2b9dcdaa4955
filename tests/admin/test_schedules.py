"""Schedules in the console: when they fire, what was missed, and the buttons."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from invocations import clock
from invocations.engines.scheduler import groups, schedules
from invocations.engines.scheduler.checking import ScheduleSpec
from invocations.models import Delivery, MissedSlots, Schedule
from invocations.values import Scope

pytestmark = pytest.mark.django_db

SCOPE = Scope("000000000000", "us-east-1")
TARGET = {
    "Arn": "arn:aws:sqs:us-east-1:000000000000:orders",
    "RoleArn": "arn:aws:iam::000000000000:role/any",
    "Input": "<b>wake</b>",
    "DeadLetterConfig": {"Arn": "arn:aws:sqs:us-east-1:000000000000:dead"},
}
LIST = "/admin/invocations/schedule/"


def made(name: str = "breakfast", group: str = "default", **more: Any) -> Schedule:
    spec = ScheduleSpec(name, "cron(0 8 ? * MON-FRI *)", TARGET, zone="Europe/Vienna", **more)
    return schedules.create(SCOPE, group, spec)


def page_of(row: Schedule) -> str:
    return reverse("admin:invocations_schedule_change", args=[row.pk])


def test_the_list_has_them_all_by_page_and_by_name(console: Client) -> None:
    assert b"No schedules yet" in console.get(LIST).content
    groups.create(SCOPE, "night")
    made()
    made("late", "night", state="DISABLED")
    page = console.get(LIST).content.decode()
    assert "group night" in page and "disabled" in page and "Europe/Vienna" in page
    assert [one["name"] for one in console.get(LIST, {"format": "json"}).json()["schedules"]] == ["late", "breakfast"]
    shown = console.get(LIST, {"format": "json", "name": "FAST"}).json()
    assert [one["name"] for one in shown["schedules"]] == ["breakfast"]
    for number in range(24):
        made(f"more-{number}")
    first = console.get(LIST, {"format": "json"}).json()
    assert len(first["schedules"]) == 25
    second = console.get(LIST, {"format": "json", "before": first["before"]}).json()
    assert ([one["name"] for one in second["schedules"]], second["before"]) == (["breakfast"], None)


def test_a_schedule_shows_its_next_ten_firings_what_was_missed_and_its_target(console: Client) -> None:
    row = made(window_minutes=30, completion="DELETE")
    shown = console.get(page_of(row), {"format": "json"}).json()
    assert len(shown["next_firings"]) == 10
    assert shown["definition"]["DeadLetterConfig"] == TARGET["DeadLetterConfig"]
    MissedSlots.objects.create(
        schedule=row, first_at=row.created_at, last_at=row.created_at, count=3, noticed_at=row.created_at
    )
    page = console.get(page_of(row)).content.decode()
    assert shown["next_firings"][9][:19].replace("T", " ") in page
    assert "08:00:00 Europe/Vienna" in page
    assert "3 missed" in page
    assert "185 retries within 86400 s" in page
    assert "30 minutes" in page and "it is deleted" in page
    assert "&lt;b&gt;wake" in page


def test_the_buttons(console: Client) -> None:
    row = made()

    def post(verb: str) -> None:
        assert console.post(reverse(f"admin:invocations_schedule_{verb}", args=[row.pk])).status_code == 302
        row.refresh_from_db()

    post("fire")
    assert Delivery.objects.get().source_arn == row.arn
    assert b"pending" in console.get(page_of(row)).content
    post("disable")
    assert (row.state, row.next_at) == ("DISABLED", None)
    assert b"it fires by hand only" in console.get(page_of(row)).content
    post("enable")
    assert row.next_at is not None
    assert console.post(reverse("admin:invocations_schedule_remove", args=[row.pk])).status_code == 302
    assert not Schedule.objects.exists()


def test_one_that_is_over_says_so(console: Client) -> None:
    past = clock.now() - timedelta(days=1)
    row = schedules.create(SCOPE, "default", ScheduleSpec("once", f"at({past:%Y-%m-%dT%H:%M:%S})", TARGET))
    assert b"it never fires again" in console.get(page_of(row)).content


@pytest.mark.parametrize(
    ("expression", "zone", "says"),
    [
        ("cron(0 8 * * ? 2199)", "Asia/Tokyo", "2199-01-01 23:00:00"),
        ("at(2000-01-01T00:00:00)", "UTC", "It never fires again."),
        ("cron(0 8 * * * *)", "UTC", "at character 14"),
        ("rate(1 day)", "Mars", "Mars is no time zone"),
    ],
)
def test_an_expression_is_tried(console: Client, expression: str, zone: str, says: str) -> None:
    assert says in console.get(LIST, {"schedule": expression, "zone": zone}).content.decode()


def test_who_may_only_look_changes_nothing(client: Client) -> None:
    row = made()
    user = User.objects.create_user("guest", is_staff=True)
    client.force_login(user)
    assert client.get(LIST).status_code == client.get(page_of(row)).status_code == 403
    user.user_permissions.add(Permission.objects.get(codename="view_schedule"))
    client.force_login(User.objects.get(pk=user.pk))
    assert b"Fire now" not in client.get(page_of(row)).content
    for verb in ("fire", "enable", "disable", "remove"):
        assert client.post(reverse(f"admin:invocations_schedule_{verb}", args=[row.pk])).status_code == 403
    assert Schedule.objects.exists()
