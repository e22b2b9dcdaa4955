"""What templates need to say: when, how long, how big, how it ended. Built in, see settings.TEMPLATES."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from invocations import clock
from invocations.decisions.product_time import REAL, SCALED
from invocations.decisions.sentences import OUTCOME_WORDS
from invocations.decisions.units import bytes_text, lead_text, long_span_text, milliseconds_text, span_text

register = template.Library()

# Few fonts have the hourglass that the other shapes stand beside.
HOURGLASS = mark_safe(
    '<svg class="c-glass" viewBox="0 0 10 12"><path d="M0 0h10v2L6.500 6 10 10v2H0v-2l3.500-4L0 2z"/></svg>'
)


@register.filter
def ago(moment: datetime | None) -> str:
    """Relative time; the absolute one, with its zone, is in the title."""
    if moment is None:
        return "never"
    return _relative(moment, clock.now())


@register.filter
def ago_real(moment: datetime | None) -> str:
    """The same for what is dated in real time: keys, resource states, environments."""
    return "never" if moment is None else _relative(moment, clock.real())


def _relative(moment: datetime, now: datetime) -> SafeString:
    past = now - moment
    relative = f"{span_text(past)} ago" if past >= timedelta(seconds=0) else f"in {span_text(-past)}"
    return format_html('<time datetime="{}" title="{}">{}</time>', moment.isoformat(), absolute(moment), relative)


@register.filter
def took(start: datetime, end: datetime) -> str:
    return long_span_text(max(end - start, timedelta(0)))


@register.filter
def absolute(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3] + " UTC"


@register.filter
def us(microseconds: int | None) -> str:
    return "" if microseconds is None else milliseconds_text(microseconds / 1000)


@register.filter
def size(count: int | None) -> str:
    return "" if count is None else bytes_text(count)


@register.filter
def mark(outcome: str) -> SafeString:
    """How it ended: a shape, a word and a colour, never colour alone."""
    shape, word, kind = OUTCOME_WORDS.get(outcome, ("•", outcome, "off"))
    drawn = HOURGLASS if shape == "⧖" else shape
    return format_html('<span class="c-mark {}"><b aria-hidden="true">{}</b> {}</span>', kind, drawn, word)


@register.inclusion_tag("console/clock_badge.html")
def clock_badge(always: bool = False) -> dict[str, Any]:
    """Says that product time is not real time; nothing otherwise, unless `always`."""
    steering, lead = clock.steering(), clock.offset().total_seconds()
    moved = abs(lead) >= 0.1
    words = f"clock x{steering.factor:g}" if steering.mode == SCALED else f"clock {steering.mode}"
    if steering.mode == REAL and moved:
        words = f"clock {'+' if lead > 0 else '-'}{span_text(timedelta(seconds=abs(lead)))}"
    return {
        "always": always,
        "steered": steering.mode != REAL or moved,
        "words": words,
        "offset": lead_text(lead),
        "now": clock.now(),
    }


@register.inclusion_tag("console/copy.html")
def copy(text: str, label: str = "") -> dict[str, str]:
    """A button that copies `text`; `label` is what is copied, for its title."""
    return {"text": text, "label": label}
