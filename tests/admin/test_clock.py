from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from invocations.flows import clock

PAGE, STEER = "/admin/clock/", "/admin/clock/steer/"


def test_the_page_says_what_time_it_is_and_in_which_zone(console: Client) -> None:
    page = console.get(PAGE).content.decode()
    assert "Product time (UTC)" in page
    assert "equal to real time" in page
    assert "clock frozen" not in page


@pytest.mark.parametrize(
    ("fields", "badge"),
    [
        ({"mode": "frozen"}, "clock frozen"),
        ({"mode": "scaled", "factor": "60"}, "clock x60"),
        ({"advance": "1h30m"}, "clock +1 h"),
        ({"advance": "6h"}, "clock +6 h"),
    ],
)
def test_every_page_wears_a_badge_when_the_clock_is_not_real(
    console: Client, fields: dict[str, str], badge: str
) -> None:
    assert console.post(STEER, fields).status_code == 302
    for place in (PAGE, "/admin/", "/admin/invocations/function/", "/admin/doctor/"):
        assert badge in console.get(place).content.decode()


def test_a_real_clock_is_named_on_the_home_page_alone(console: Client) -> None:
    assert "clock real" in console.get("/admin/").content.decode()
    assert "clock real" not in console.get("/admin/doctor/").content.decode()


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, "mode is"),
        ({"mode": "fast"}, "mode is"),
        ({"mode": "scaled", "factor": "0"}, "factor is"),
        ({"mode": "scaled", "factor": "quick"}, "is no factor"),
        ({"advance": "-5"}, "is no span of time"),
        ({"advance": "next"}, "Nothing waits on the clock"),
    ],
)
def test_what_cannot_be_done_is_said_on_the_page(console: Client, fields: dict[str, str], sentence: str) -> None:
    page = console.post(STEER, fields, follow=True).content.decode()
    assert sentence in page
    assert clock.state().mode == "real"


def test_the_step_to_the_next_wait_goes_just_past_it(console: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    due = clock.set_mode("frozen").now.replace(year=2040)
    monkeypatch.setattr(clock, "_next_due", [lambda: due])
    assert "2040" in console.get(PAGE).content.decode()
    console.post(STEER, {"advance": "next"})
    assert 0 < (clock.state().now - due).total_seconds() < 1


def test_the_same_data_is_json(console: Client) -> None:
    document = console.get(PAGE + "?format=json").json()
    assert document["mode"] == "real"
    assert document["next_due"] is None


def test_who_may_only_look_does_not_steer(db: None) -> None:
    user = User.objects.create_user("reader", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_clockstate"))
    client = Client()
    client.force_login(user)
    assert "Step to next due" not in client.get(PAGE).content.decode()
    assert client.post(STEER, {"mode": "frozen"}).status_code == 403
    user.user_permissions.clear()
    assert client.get(PAGE).status_code == 403
