"""Every place of the console: it answers, small and quick, to those who may see it."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from tests.admin.conftest import MakeFunction, record

pytestmark = pytest.mark.django_db

PAGE_BYTES = 100_000

PLACES = [
    "/admin/",
    "/admin/invocations/function/",
    "/admin/invocations/function/add/",
    "/admin/invocations/function/{function}/change/",
    "/admin/invocations/function/{function}/change/?tab=configuration",
    "/admin/invocations/function/{function}/change/?tab=events",
    "/admin/invocations/function/{function}/change/?tab=urls",
    "/admin/invocations/function/{function}/change/?tab=versions",
    "/admin/invocations/function/{function}/change/?tab=activity",
    "/admin/invocations/function/{function}/delete/",
    "/admin/invocations/function/{function}/environments/",
    "/admin/invocations/invocation/",
    "/admin/waiting/",
    "/admin/invocations/invocation/{invocation}/",
    "/admin/invocations/delivery/",
    "/admin/invocations/topic/",
    "/admin/invocations/schedule/",
    "/admin/invocations/bucket/",
    "/admin/invocations/api/",
    "/admin/invocations/accesskey/",
    "/admin/doctor/",
    "/admin/auth/user/",
    "/admin/auth/user/{user}/change/",
    "/admin/auth/group/",
    "/admin/django_celery_results/taskresult/",
]


@pytest.mark.parametrize("place", PLACES)
def test_every_place_answers_and_stays_small(
    console: Client, make_function: MakeFunction, admin: User, place: str
) -> None:
    function = make_function()
    rows = [record(request=b'{"text": "%s"}' % (b"x" * 100_000)) for _ in range(30)]
    answer = console.get(place.format(function=function.pk, invocation=rows[0].request_id, user=admin.pk))
    assert answer.status_code == 200
    assert len(answer.content) < PAGE_BYTES


def test_the_sidebar_has_the_places_in_their_order(console: Client) -> None:
    page = console.get("/admin/").content.decode()
    sidebar = page[page.index('id="nav-sidebar-apps"') : page.index('id="main"')]
    titles = re.findall(r"<span>([^<]+)</span>", sidebar)
    assert titles == [
        "Home", "Functions", "Layers", "Invocations", "Waiting room", "Deliveries", "Event sources", "Queues",
        "Streams", "Topics", "Buses", "Schedules", "Buckets", "APIs", "Clock",
        "Access keys", "Users", "Groups", "Celery results", "Doctor",
    ]  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
def test_nobody_sees_a_place_without_logging_in(client: Client, make_function: MakeFunction, place: str) -> None:
    function, row = make_function(), record()
    answer = client.get(place.format(function=function.pk, invocation=row.request_id, user=1))
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/admin/login/")


def test_staff_without_rights_see_no_functions_and_no_payloads(client: Client, make_function: MakeFunction) -> None:
    function, row = make_function(), record()
    client.force_login(User.objects.create_user("guest", is_staff=True))
    for place in (
        "/admin/invocations/function/",
        f"/admin/invocations/function/{function.pk}/change/",
        f"/admin/invocations/function/{function.pk}/package/",
        "/admin/invocations/invocation/",
        f"/admin/invocations/invocation/{row.request_id}/",
        f"/admin/invocations/invocation/{row.request_id}/request/raw/",
        "/admin/invocations/accesskey/",
    ):
        assert client.get(place).status_code == 403, place


def test_staff_who_may_only_look_cannot_invoke_or_change(client: Client, make_function: MakeFunction) -> None:
    function = make_function()
    user = User.objects.create_user("guest", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_function"))
    client.force_login(user)
    page = client.get(f"/admin/invocations/function/{function.pk}/change/")
    assert page.status_code == 200
    assert "invoke-button" not in page.content.decode()
    for verb in ("invoke", "code", "configuration", "concurrency", "publish", "aliases", "events"):
        assert client.post(f"/admin/invocations/function/{function.pk}/{verb}/").status_code == 403, verb
    assert client.post(f"/admin/invocations/function/{function.pk}/delete/").status_code == 403


def test_the_root_leads_to_the_console(client: Client, db: None) -> None:
    assert client.get("/").headers["Location"] == "/admin/"


@pytest.mark.parametrize(
    "place",
    [
        "/admin/invocations/function/999999/change/",
        "/admin/invocations/function/99999999999999999999999/change/",
        "/admin/invocations/function/99999999999999999999999/package/",
        "/admin/invocations/function/99999999999999999999999/environments/",
        "/admin/invocations/function/x/change/",
        "/admin/invocations/invocation/00000000-0000-4000-8000-000000000000/",
        "/admin/invocations/invocation/7/change/",
    ],
)
def test_what_is_not_there_is_404(console: Client, place: str) -> None:
    assert console.get(place).status_code == 404
