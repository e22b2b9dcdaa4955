from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest
from django.test import Client

from tests.views.test_invoke import basic

pytestmark = pytest.mark.django_db

PLACE = "/_lambdaplay/clock"


def post(client: Client, body: Any) -> Any:
    text = body if isinstance(body, str) else json.dumps(body)
    return client.post(PLACE, text, content_type="application/json", headers=basic())


def test_the_clock_tells_mode_factor_now_and_offset(client: Client) -> None:
    answer = client.get(PLACE, headers=basic())
    document = answer.json()
    assert set(document) == {"mode", "factor", "now", "offset_seconds"}
    assert document["mode"] == "real"
    assert abs(document["offset_seconds"]) < 0.01
    assert datetime.fromisoformat(document["now"]).tzinfo is not None


def test_any_subset_is_taken_and_the_rest_stays(client: Client) -> None:
    assert post(client, {}).json()["mode"] == "real"
    assert post(client, {"advance_seconds": 90}).json()["offset_seconds"] == pytest.approx(90, abs=1)
    scaled = post(client, {"mode": "scaled", "factor": 60}).json()
    assert (scaled["mode"], scaled["factor"]) == ("scaled", 60)
    assert post(client, {"factor": 2.5}).json()["factor"] == 2.5
    frozen = post(client, {"mode": "frozen"}).json()
    assert client.get(PLACE, headers=basic()).json()["now"] == frozen["now"]
    moved = post(client, {"advance_seconds": 0.5}).json()
    gone = datetime.fromisoformat(moved["now"]) - datetime.fromisoformat(frozen["now"])
    assert gone.total_seconds() == 0.5
    back = post(client, {"mode": "real"}).json()
    assert back["now"] >= moved["now"]
    assert back["offset_seconds"] >= 90.5


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ("", "no JSON"),
        ("{", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ("[]", "JSON object"),
        ("null", "JSON object"),
        ({"speed": 3}, "'speed'"),
        ({"mode": "fast"}, "mode is 'fast'"),
        ({"mode": None}, "mode is None"),
        ({"factor": 0}, "factor is 0"),
        ({"factor": "60"}, "factor is '60'"),
        ({"advance_seconds": -1}, "never runs backwards"),
        ({"advance_seconds": True}, "advance_seconds is True"),
        ({"advance_seconds": None}, "advance_seconds is None"),
        ('{"advance_seconds": NaN}', "is a number"),
        ('{"advance_seconds": 1e400}', "is a number"),
        ({"mode": "frozen", "advance_seconds": 1e15}, "100 years"),
    ],
)
def test_what_cannot_be_done_is_400_with_a_sentence_and_changes_nothing(client: Client, body: Any, word: str) -> None:
    answer = post(client, body)
    assert answer.status_code == 400
    assert word in answer.json()["message"]
    assert client.get(PLACE, headers=basic()).json()["mode"] == "real"


def test_nobody_steers_without_a_key(client: Client, admin_client: Client) -> None:
    for who in (client, admin_client):
        for headers in ({}, basic("test", "wrong"), {"Authorization": "Bearer test"}):
            for answer in (who.get(PLACE, headers=headers), who.post(PLACE, "{}", "application/json", headers=headers)):
                assert answer.status_code == 401
                assert answer["WWW-Authenticate"].startswith("Basic")


def test_other_methods_are_405(client: Client) -> None:
    assert client.delete(PLACE, headers=basic()).status_code == 405


def test_a_page_of_another_site_is_refused(client: Client) -> None:
    answer = client.post(
        PLACE, b"{}", content_type="application/json", headers={**basic(), "Origin": "https://evil.example"}
    )
    assert answer.status_code == 401
