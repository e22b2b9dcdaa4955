from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from invocations import clock
from invocations.models import AccessKey

pytestmark = pytest.mark.django_db

PLACE = "/admin/invocations/accesskey/"


def test_the_secret_is_shown_once(console: Client) -> None:
    made = console.post(f"{PLACE}make/")
    key = AccessKey.objects.get()
    assert re.fullmatch(r"AKIA[A-Z2-7]{16}", key.key_id)
    assert key.secret in made.content.decode()
    assert "no-store" in made.headers["Cache-Control"]
    page = console.get(PLACE).content.decode()
    assert key.key_id in page
    assert key.secret not in page


def test_a_key_belongs_to_the_user_it_was_made_for(console: Client) -> None:
    other = User.objects.create_user("other")
    console.post(f"{PLACE}make/", {"user": other.pk})
    assert AccessKey.objects.get().user == other


def test_revoking_needs_a_post_and_is_for_good(console: Client) -> None:
    console.post(f"{PLACE}make/")
    key = AccessKey.objects.get()
    assert console.get(f"{PLACE}{key.pk}/revoke/").status_code == 405
    answer = console.post(f"{PLACE}{key.pk}/revoke/", follow=True)
    assert "is revoked" in answer.content.decode()
    assert not AccessKey.objects.get().active
    assert "Revoke</button>" not in answer.content.decode()


def test_the_default_key_is_revoked_here_too_and_says_what_ends_with_it(console: Client, admin: User) -> None:
    key = AccessKey.objects.create(
        key_id="test", secret="test", account="000000000000", user=admin, created_at=clock.now()
    )
    assert "twelve digits" in console.get(PLACE).content.decode()
    answer = console.post(f"{PLACE}{key.pk}/revoke/", follow=True)
    assert "is revoked" in answer.content.decode()
    key.refresh_from_db()
    assert not key.active
    assert "export AWS_ACCESS_KEY_ID=test" not in console.get("/admin/").content.decode()


def test_a_page_of_another_site_cannot_make_or_revoke_a_key(admin: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(admin)
    assert strict.post(f"{PLACE}make/").status_code == 403
    assert not AccessKey.objects.exists()


def test_only_an_administrator_makes_keys_for_others(client: Client, admin: User) -> None:
    user = User.objects.create_user("staff", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__endswith="accesskey"))
    client.force_login(user)
    assert client.post(f"{PLACE}make/", {"user": admin.pk}).status_code == 403
    assert client.post(f"{PLACE}make/").status_code == 200
    assert AccessKey.objects.get().user == user


def test_a_strange_user_or_key_is_404(console: Client) -> None:
    assert console.post(f"{PLACE}make/", {"user": "99999"}).status_code == 404
    assert console.post(f"{PLACE}make/", {"user": "x"}).status_code == 404
    assert console.post(f"{PLACE}99999/revoke/").status_code == 404


def test_the_djangos_own_editing_pages_do_not_show_secrets(console: Client) -> None:
    console.post(f"{PLACE}make/")
    key = AccessKey.objects.get()
    for place in (f"{PLACE}{key.pk}/change/", f"{PLACE}add/", f"{PLACE}{key.pk}/delete/"):
        answer = console.get(place)
        assert answer.status_code in (302, 403, 404), place
        assert key.secret not in answer.content.decode()
