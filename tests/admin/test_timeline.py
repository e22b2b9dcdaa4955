from __future__ import annotations

import pytest

from invocations.admin.charts import Bucket, bars
from invocations.admin.timeline import NARROW, timeline
from invocations.values import Outcome
from tests.admin.conftest import record

pytestmark = pytest.mark.django_db


def test_the_stretches_follow_one_another_and_add_up() -> None:
    row = record(init_us=40_000, duration_us=10_000)
    line = timeline(row, list(row.attempts.all()))
    assert line is not None
    assert [span.kind for span in line.spans] == ["wait", "init", "run", "wait"]
    for before, after in zip(line.spans, line.spans[1:], strict=False):
        assert after.start_ms == pytest.approx(before.start_ms + before.length_ms)
    assert sum(span.length_ms for span in line.spans) == pytest.approx(51)


def test_a_warm_call_has_no_lighter_head() -> None:
    row = record()
    line = timeline(row, list(row.attempts.all()))
    assert line is not None
    assert "c-tl-init" not in line.svg
    assert "c-tl-run ok" in line.svg


def test_a_failure_ends_with_its_shape() -> None:
    row = record(outcome=Outcome.TIMEOUT)
    line = timeline(row, list(row.attempts.all()))
    assert line is not None
    assert "<title>Timed out</title>" in line.svg
    assert "c-tl-run bad" in line.svg


def test_a_call_that_took_no_measurable_time_is_drawn_too() -> None:
    row = record(duration_us=0)
    row.ended_at = row.accepted_at
    line = timeline(row, list(row.attempts.all()), NARROW)
    assert line is not None
    assert 'viewBox="0 0 480 112"' in line.svg


def test_nothing_ran_and_nothing_is_drawn() -> None:
    assert timeline(record(), []) is None


def test_the_drawing_is_small() -> None:
    row = record(init_us=40_000)
    line = timeline(row, list(row.attempts.all()))
    assert line is not None
    assert len(line.svg) < 10_000


def test_bars_share_one_scale_and_empty_stretches_are_not_drawn() -> None:
    svg = bars([Bucket("a", 10, 0), Bucket("b", 0, 0), Bucket("c", 5, 5)], 30, 100, "label", "spark")
    assert svg.count("<g>") == 2
    assert 'class="ok" x="0.8" y="0" width="8.5" height="100' in svg.replace(".0", "")
    assert "c: 5 invocations, 5 failed" in svg
    assert svg.count('class="bad"') == 1
