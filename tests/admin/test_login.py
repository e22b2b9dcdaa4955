from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from invocations.forms import login
from invocations.forms.login import FAILURES, Failures

pytestmark = pytest.mark.django_db

PLACE = "/admin/login/"


@pytest.fixture(autouse=True)
def quick(settings: Any, db: None) -> Iterator[None]:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    User.objects.create_superuser("root", "", "right")
    yield
    login.failures.forget("root")


def _try(client: Client, password: str, name: str = "root") -> bool:
    return client.post(PLACE, {"username": name, "password": password}).status_code == 302


def test_the_right_password_opens_the_console(client: Client) -> None:
    answer = client.post(PLACE, {"username": "root", "password": "right"})
    assert answer.headers["Location"] == "/admin/"


def test_after_repeated_failures_even_the_right_password_waits(client: Client) -> None:
    for _ in range(FAILURES):
        assert not _try(client, "wrong")
    assert not _try(client, "right")
    assert (
        "Too many failed attempts. Try again in"
        in client.post(PLACE, {"username": "ROOT", "password": "right"}).content.decode()
    )


def test_others_can_log_in_while_one_name_waits(client: Client) -> None:
    User.objects.create_superuser("other", "", "right")
    for _ in range(FAILURES):
        _try(client, "wrong")
    assert _try(client, "right", "other")


def test_a_success_forgives_earlier_failures(client: Client) -> None:
    for _ in range(FAILURES - 1):
        _try(client, "wrong")
    assert _try(client, "right")
    assert login.failures.wait("root") == 0


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(login, "NAMES", 3)
    failures = Failures()
    for number in range(10):
        failures.add(str(number))
    assert len(failures._moments) == 3
