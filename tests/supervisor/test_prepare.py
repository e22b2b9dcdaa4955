"""What every start makes true of the state folder."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model

from invocations.flows.access_keys import revoke_access_key
from invocations.models import AccessKey
from lambdaplay.supervisor.prepare import ensure_access_key, ensure_admin

pytestmark = pytest.mark.django_db


def admin() -> Any:
    return get_user_model().objects.get(username="admin")


def test_the_administrator_gets_the_stored_password(settings: Any) -> None:
    ensure_admin()
    assert admin().is_superuser
    assert admin().check_password(settings.LAMBDAPLAY_SECRETS.admin_password)


def test_a_password_changed_in_the_console_stays(settings: Any) -> None:
    ensure_admin()
    user = admin()
    user.set_password("my own choice")
    user.save()
    ensure_admin()
    assert admin().check_password("my own choice")


def test_a_password_given_in_the_environment_replaces_it(settings: Any) -> None:
    ensure_admin()
    settings.LAMBDAPLAY_ADMIN_PASSWORD = "given at the start"
    ensure_admin()
    assert admin().check_password("given at the start")


def test_the_default_key_belongs_to_the_administrator_and_a_new_secret_replaces_the_old(settings: Any) -> None:
    ensure_admin()
    ensure_access_key()
    key = AccessKey.objects.get()
    assert (key.key_id, key.secret, key.account, key.user_name) == ("test", "test", "000000000000", "admin")
    settings.LAMBDAPLAY_SECRET_ACCESS_KEY = "another"
    ensure_access_key()
    assert AccessKey.objects.get().secret == "another"


def test_a_revoked_key_stays_revoked() -> None:
    ensure_admin()
    ensure_access_key()
    revoke_access_key("test")
    ensure_access_key()
    assert not AccessKey.objects.get().good


def test_the_administrator_who_was_deleted_gets_the_key_back() -> None:
    ensure_admin()
    ensure_access_key()
    admin().delete()
    assert not AccessKey.objects.get().good
    ensure_admin()
    ensure_access_key()
    assert AccessKey.objects.get().good


def test_a_revoked_well_known_key_is_remembered_where_others_can_reach_us(settings: Any) -> None:
    ensure_admin()
    ensure_access_key()
    revoke_access_key("test")
    settings.LAMBDAPLAY_LOOPBACK = False
    settings.LAMBDAPLAY_ACCESS_KEY_ID = "AKIAMINE"
    settings.LAMBDAPLAY_SECRET_ACCESS_KEY = "mine"
    ensure_access_key()
    assert not AccessKey.objects.get(key_id="test").good


def test_the_well_known_key_is_gone_where_others_can_reach_us(settings: Any) -> None:
    ensure_admin()
    ensure_access_key()
    settings.LAMBDAPLAY_LOOPBACK = False
    settings.LAMBDAPLAY_ACCESS_KEY_ID = "AKIAMINE"
    settings.LAMBDAPLAY_SECRET_ACCESS_KEY = "mine"
    ensure_access_key()
    assert [key.key_id for key in AccessKey.objects.all()] == ["AKIAMINE"]
