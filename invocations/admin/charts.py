"""Small charts as SVG: the sparkline of a day, the outcomes of an hour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe


@dataclass(frozen=True)
class Bucket:
    """Invocations of one stretch of time; `when` is said in the mark's title, or `words` in its place."""

    when: str
    total: int
    failed: int
    words: str = ""


def bars(buckets: Sequence[Bucket], width: int, height: int, label: str, kind: str) -> SafeString:
    """Stacked bars, failures below: one mark a bucket, empty ones not drawn. Heights share one scale, from 0."""
    highest = max((bucket.total for bucket in buckets), default=0)
    step = width / max(len(buckets), 1)
    marks = [
        _bar(bucket, index * step, step, height, highest) for index, bucket in enumerate(buckets) if bucket.total > 0
    ]
    return format_html(
        '<svg class="c-bars {}" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img" aria-label="{}">'
        '<line class="c-bars-base" x1="0" y1="{}" x2="{}" y2="{}"/>{}</svg>',
        kind, width, height, label, height - 0.5, width, height - 0.5,
        mark_safe("".join(marks)),  # noqa: S308 - each mark is made by format_html
    )  # fmt: skip


def _bar(bucket: Bucket, x: float, step: float, height: int, highest: int) -> SafeString:
    full = max(height * bucket.total / highest, 2)
    bad = max(full * bucket.failed / bucket.total, 2) if bucket.failed else 0
    good = full - bad
    shape = '<rect class="{}" x="{}" y="{}" width="{}" height="{}"/>'
    gap = step * 0.15
    at, wide = round(x + gap / 2, 1), round(step - gap, 1)
    return format_html(
        "<g><title>{}</title>{}{}</g>",
        bucket.words or f"{bucket.when}: {bucket.total} invocations, {bucket.failed} failed",
        format_html(shape, "ok", at, round(height - full, 1), wide, round(good, 1)) if good > 0 else "",
        format_html(shape, "bad", at, round(height - bad, 1), wide, round(bad, 1)) if bad else "",
    )  # fmt: skip
