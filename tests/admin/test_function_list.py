from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from invocations import clock
from invocations.admin.statistics import function_figures, percentile
from invocations.values import Outcome
from tests.admin.conftest import MakeFunction, record

pytestmark = pytest.mark.django_db

PLACE = "/admin/invocations/function/"


def _listed(console: Client, query: str = "") -> dict[str, dict[str, Any]]:
    functions = console.get(f"{PLACE}?format=json{query}").json()["functions"]
    return {row["name"]: row for row in functions}


def test_an_empty_list_teaches_the_line_that_fills_it(console: Client) -> None:
    page = console.get(PLACE).content.decode()
    assert "aws lambda create-function --function-name hello" in page
    assert "data-copy" in page


def test_a_function_that_was_never_called_has_no_figures(console: Client, make_function: MakeFunction) -> None:
    make_function("hello")
    row = _listed(console)["hello"]
    assert (row["last_outcome"], row["p50_ms"], row["p99_ms"], row["invocations_24h"]) == (None, None, None, 0)
    assert row["state"] == "Active"


def test_each_function_has_its_own_figures(console: Client, make_function: MakeFunction) -> None:
    make_function("one")
    make_function("two")
    for duration in (10_000, 20_000, 30_000):
        record("one", duration_us=duration)
    record("two", outcome=Outcome.OUT_OF_MEMORY, duration_us=5_000)
    record("two", at=clock.now() - timedelta(hours=30), duration_us=7_000)
    listed = _listed(console)
    assert (listed["one"]["p50_ms"], listed["one"]["p99_ms"], listed["one"]["invocations_24h"]) == (20, 30, 3)
    assert (listed["two"]["invocations_24h"], listed["two"]["failed_24h"]) == (1, 1)
    assert listed["two"]["p99_ms"] == 7


def test_the_last_result_is_the_one_written_last(console: Client, make_function: MakeFunction) -> None:
    make_function("hello")
    record(outcome=Outcome.TIMEOUT)
    record()
    assert _listed(console)["hello"]["last_outcome"] == "Success"


def test_the_same_name_in_another_region_is_another_function(console: Client, make_function: MakeFunction) -> None:
    here, there = make_function("hello"), make_function("hello", region="eu-west-1")
    record("hello", region="eu-west-1", outcome=Outcome.TIMEOUT)
    figures = function_figures([here, there])
    assert (figures[here.pk].day_total, figures[there.pk].day_total) == (0, 1)
    assert "000000000000 / eu-west-1" in console.get(PLACE).content.decode()


def test_a_runtime_that_cannot_run_here_is_marked_with_the_reason(console: Client, make_function: MakeFunction) -> None:
    make_function("hello", runtime="java21", handler="example.Handler::run")
    page = console.get(PLACE).content.decode()
    assert "cannot run here" in page
    assert "This machine cannot run java21" in page


def test_the_questions_do_not_grow_with_the_rows(
    console: Client, make_function: MakeFunction, django_assert_max_num_queries: Any
) -> None:
    for number in range(12):
        make_function(f"fn-{number:02}")
        record(f"fn-{number:02}")
    console.get(PLACE)  # the first reader completes their creation
    with django_assert_max_num_queries(9):
        console.get(PLACE)


def test_pages_follow_one_another_by_name(console: Client, make_function: MakeFunction) -> None:
    names = [f"fn-{number:02}" for number in range(30)]
    for name in names:
        make_function(name)
    first = console.get(f"{PLACE}?format=json").json()
    second = console.get(f"{PLACE}?format=json&after={first['after']}").json()
    assert [row["name"] for row in first["functions"] + second["functions"]] == names
    assert second["after"] is None


def test_names_are_found_by_a_part_of_them(console: Client, make_function: MakeFunction) -> None:
    make_function("orders-import")
    make_function("hello")
    assert list(_listed(console, "&name=Import")) == ["orders-import"]
    assert "name contains “nope”" in console.get(f"{PLACE}?name=nope").content.decode()


@pytest.mark.parametrize("after", ["x", ":", "a:b", "a:99999999999999999999999999", "\x00:1"])
def test_a_strange_page_key_is_harmless(console: Client, after: str) -> None:
    assert console.get(PLACE, {"after": after}).status_code == 200


@pytest.mark.parametrize(
    ("values", "percent", "result"),
    [
        ([], 50, None),
        ([7], 50, 7),
        ([7], 99, 7),
        ([1, 2, 3, 4], 50, 2),
        ([1, 2, 3], 50, 2),
        (list(range(1, 101)), 99, 99),
    ],
)
def test_percentiles_are_values_that_were_measured(values: list[int], percent: int, result: int | None) -> None:
    assert percentile(values, percent) == result
