from __future__ import annotations

from datetime import timedelta

import pytest

from invocations.decisions.units import bytes_text, milliseconds_text, span_text


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (0, "0.00 ms"),
        (0.4, "0.40 ms"),
        (8.06, "8.1 ms"),
        (312, "312 ms"),
        (999.6, "1.00 s"),
        (3000, "3.00 s"),
        (185_000, "3 min 5 s"),
    ],
)
def test_durations_have_the_unit_that_fits(milliseconds: float, text: str) -> None:
    assert milliseconds_text(milliseconds) == text


@pytest.mark.parametrize(("count", "text"), [(0, "0 bytes"), (1, "1 byte"), (4300, "4.2 KB"), (6_291_456, "6.0 MB")])
def test_sizes_have_the_unit_that_fits(count: int, text: str) -> None:
    assert bytes_text(count) == text


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (timedelta(milliseconds=5), "0 s"),
        (timedelta(seconds=59), "59 s"),
        (timedelta(minutes=90), "1 h"),
        (timedelta(days=9), "9 d"),
    ],
)
def test_spans_have_the_largest_unit_alone(span: timedelta, text: str) -> None:
    assert span_text(span) == text
