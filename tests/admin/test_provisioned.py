"""Provisioned concurrency on the function's page."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from invocations.flows import pools
from invocations.models import ProvisionedConfig
from invocations.runtime import client
from invocations.values import PoolState
from tests.admin.conftest import MakeFunction

pytestmark = pytest.mark.django_db


def _place(function: Any, verb: str) -> str:
    return f"/admin/invocations/function/{function.pk}/{verb}"


def test_it_is_set_shown_and_removed(
    console: Client, make_function: MakeFunction, monkeypatch: pytest.MonkeyPatch
) -> None:
    function = make_function(publish=True)
    answer = console.post(_place(function, "provisioned/"), {"qualifier": "1", "requested": "3"}, follow=True)
    assert "3 environments of 1 are being made ready" in answer.content.decode()
    assert "IN_PROGRESS" in answer.content.decode()
    assert _place(function, "provisioned/now/") in answer.content.decode()  # it is asked for again
    assert ProvisionedConfig.objects.get().requested == 3
    spec, _ = pools.wanted(function)[0]
    failed = PoolState(spec.key, function.arn(), 3, 1, 1, "FUNCTION_ERROR_INIT_FAILURE", "<b>ZeroDivisionError")
    monkeypatch.setattr(client, "pools", lambda: [failed])
    now = console.get(_place(function, "provisioned/now/")).content.decode()
    assert "FAILED" in now
    assert "&lt;b&gt;ZeroDivisionError" in now
    monkeypatch.setattr(client, "pools", lambda: [PoolState(spec.key, function.arn(), 3, 3, 3, "", "")])
    now = console.get(_place(function, "provisioned/now/")).content.decode()
    assert "READY" in now
    assert "hx-get" not in now
    answer = console.post(_place(function, "provisioned/delete/"), {"qualifier": "1"}, follow=True)
    assert "No environments of 1 are kept ready any more." in answer.content.decode()
    assert not ProvisionedConfig.objects.exists()


@pytest.mark.parametrize(
    ("filled", "says"),
    [
        ({"qualifier": "1", "requested": "950"}, "below its minimum value of [100]"),
        ({"qualifier": "1", "requested": "0"}, "greater than or equal to 1"),
        ({"qualifier": "$LATEST", "requested": "1"}, "cannot be applied to unpublished function versions"),
    ],
)
def test_what_cannot_be_is_refused_on_the_page(
    console: Client, make_function: MakeFunction, filled: dict[str, str], says: str
) -> None:
    function = make_function(publish=True)
    answer = console.post(_place(function, "provisioned/"), filled)
    assert answer.status_code == 400
    assert says in answer.content.decode()
    assert not ProvisionedConfig.objects.exists()
