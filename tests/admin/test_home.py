from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from invocations import clock
from invocations.admin.home import exports
from invocations.admin.statistics import day_totals, outcomes_per_minute
from invocations.values import Outcome
from tests.admin.conftest import record

pytestmark = pytest.mark.django_db


def test_the_figures_are_those_of_the_last_day(console: Client) -> None:
    record()
    record(outcome=Outcome.TIMEOUT)
    record(outcome=Outcome.TIMEOUT, at=clock.now() - timedelta(hours=25))
    assert day_totals() == (2, 1)


def test_the_hour_has_sixty_minutes_and_the_newest_is_last(console: Client) -> None:
    now = clock.now()
    record(at=now)
    record(at=now - timedelta(minutes=59), outcome=Outcome.EXITED)
    record(at=now - timedelta(minutes=61))
    minutes = outcomes_per_minute()
    assert len(minutes) == 60
    assert sum(minute.total for minute in minutes) in (1, 2)  # the oldest may just have left
    assert minutes[-1].total + minutes[-2].total == 1


def test_what_the_host_would_know_is_not_invented_when_it_is_down(console: Client) -> None:
    page = console.get("/admin/").content.decode()
    assert "Functions cannot run: The environment host does not answer" in page
    assert page.count("<b>?</b>") == 2


def test_a_secret_of_ones_own_is_not_printed(settings: Any) -> None:
    settings.LAMBDAPLAY_SECRET_ACCESS_KEY = "something of my own"
    assert not any("something" in line for line in exports())


def test_home_asks_a_fixed_number_of_questions(console: Client, django_assert_max_num_queries: Any) -> None:
    for _ in range(40):
        record()
    with django_assert_max_num_queries(18):
        console.get("/admin/")
