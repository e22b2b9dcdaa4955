"""A flow, drawn: one lane per place, time from left to right, an arrow for every hop from one place to another.

Stretches between two moments get a width by the logarithm of their length: a flow has milliseconds beside minutes.
Blocks carry their true length.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from invocations.admin.event_spans import Span
from invocations.admin.flow_facts import CLIENT, Flow, Step
from invocations.decisions.event_sentences import hour
from invocations.decisions.sentences import OUTCOME_WORDS
from invocations.decisions.units import long_span_text

LEFT, RIGHT, TOP = 150, 150, 26
LANE, BLOCK = 38, 22
NARROW, WIDE = 10.0, 120.0  # of one stretch
CUT_S = 10.0  # a stretch this long is marked as cut short
DRAWN = 60  # steps; more are in the table
TICK_ROOM = 64
NAME_CHARACTERS = 20
_STATES = {"sent": ("✓", "ok"), "undeliverable": ("✕", "bad"), "pending": ("◷", "off")}


class _Axis:
    """From product time to a place on the page."""

    def __init__(self, moments: Iterable[datetime]) -> None:
        self.moments = sorted(set(moments))
        self._x: dict[datetime, float] = {}
        x = float(LEFT)
        before = None
        for moment in self.moments:
            x += 0.0 if before is None else _stretch(moment - before)
            self._x[moment] = round(x, 1)
            before = moment
        self.end = x

    def at(self, moment: datetime) -> float:
        return self._x[moment]


def _stretch(gap: timedelta) -> float:
    return min(WIDE, NARROW + 24 * math.log10(1 + gap.total_seconds() * 100))


def draw_flow(flow: Flow) -> SafeString:
    """Return the SVG of the first DRAWN steps."""
    steps = flow.steps[:DRAWN]
    axis = _Axis(moment for step in steps for moment in _moments(step))
    lanes = _lanes(steps)
    height = TOP + LANE * len(lanes) + 22
    width = round(axis.end + RIGHT)
    parts = (
        *(_lane(name, y, width - 8) for name, y in lanes.items()),
        *_cuts(axis, height - 26),
        *(part for step in steps for part in _hop(step, axis, lanes)),
        *(part for step in steps for part in _marks(step, axis, lanes)),
        *_ticks(axis, height - 6),
    )
    return format_html(
        '<svg class="c-tl c-ev c-flow" viewBox="0 0 {0} {1}" style="width:{0}px;min-width:{0}px" role="img" '
        'aria-label="The flow; the table below says the same">{2}{3}</svg>',
        width, height, _DEFS, mark_safe("".join(parts)),  # noqa: S308 - each part is made by format_html
    )  # fmt: skip


_DEFS = mark_safe(
    '<defs><pattern id="c-hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<line x1="0" y1="0" x2="0" y2="6" class="c-tl-hatch"/></pattern></defs>'
)


def _moments(step: Step) -> Iterable[datetime]:
    yield step.start
    yield step.end
    for span in step.spans:
        yield span.start
        yield span.end


def _lanes(steps: Sequence[Step]) -> dict[str, int]:
    """Places in the order in which the flow reaches them."""
    names: dict[str, None] = {}
    for step in sorted(steps, key=lambda one: one.start):
        for name in (step.source, step.place):
            if name:
                names.setdefault(name)
    return {name: TOP + LANE * index for index, name in enumerate(names)}


def _lane(name: str, y: int, right: int) -> SafeString:
    shown = name if len(name) <= NAME_CHARACTERS else f"{name[: NAME_CHARACTERS - 1]}…"
    return format_html(
        '<g><title>{}</title><text class="c-tl-lane" x="0" y="{}">{}</text><path class="c-tl-grid" d="M{} {}H{}"/></g>',
        name, y + 4, shown, LEFT - 8, y, right,
    )  # fmt: skip


def _cuts(axis: _Axis, bottom: int) -> Iterable[SafeString]:
    """Where a long stretch is cut short: a slanted pair of lines above the lanes, with its true length."""
    for before, after in pairwise(axis.moments):
        if (after - before).total_seconds() < CUT_S:
            continue
        x = round((axis.at(before) + axis.at(after)) / 2, 1)
        yield format_html(
            '<path class="c-ev-edge" d="M{0} {1}l-4 8m6 -8l-4 8"/><text class="c-tl-tick" x="{0}" y="{2}">{3}</text>',
            x, bottom - 2, bottom + 17, long_span_text(after - before),
        )  # fmt: skip


def _hop(step: Step, axis: _Axis, lanes: dict[str, int]) -> Iterable[SafeString]:
    """The arrow from where it came: at acceptance, or when a delivery arrived."""
    if not step.source or step.kind == "message" or step.source == step.place:
        return
    moment = step.end if step.kind == "delivery" else step.start
    x, start, end = axis.at(moment), lanes[step.source], lanes[step.place]
    down = end > start
    tip = BLOCK / 2 if step.kind == "delivery" and step.state != "sent" else BLOCK / 2 + 1
    stop = end - tip if down else end + tip
    if step.source == CLIENT:
        yield format_html(
            '<circle class="c-ev-dot" cx="{}" cy="{}" r="4"><title>Sent from outside</title></circle>', x, start
        )
    yield format_html(
        '<path class="c-tl-arrow{}" d="M{} {}V{}m-3 {}l3 {}l3 {}"><title>{} to {} at {}</title></path>',
        " planned" if step.state == "pending" else "", x, start, stop,
        -5 if down else 5, 5 if down else -5, -5 if down else 5, step.source, step.place, hour(moment),
    )  # fmt: skip


def _marks(step: Step, axis: _Axis, lanes: dict[str, int]) -> Iterable[SafeString]:
    y = lanes[step.place]
    if step.kind == "invocation":
        for span in step.spans:
            yield _span(step, span, axis, y)
        yield _end(step, max(axis.at(step.end), *(_right(span, axis) for span in step.spans), 0.0), y)
    elif step.kind == "object":
        yield _change(step, axis.at(step.start), y)
    elif step.kind == "message":
        yield _wait(_message_link(step), f"In the queue: {step.state}, {step.what}", axis.at(step.start),
                    axis.at(step.end), y)  # fmt: skip
    else:
        yield from _delivery(step, axis, lanes)


def _change(step: Step, x: float, y: int) -> SafeString:
    return format_html(
        '<g class="c-ev-end ok"><a href="#steps"><title>{}: {}</title><rect class="c-ev-sending" x="{}" y="{}" '
        'width="16" height="16" rx="3"/><text class="c-ev-shape" x="{}" y="{}">◆</text></a></g>',
        step.place, step.what, x - 8, y - 8, x - 7, y + 5,
    )  # fmt: skip


def _span(step: Step, span: Span, axis: _Axis, y: int) -> SafeString:
    link = reverse("admin:invocations_invocation_detail", args=[step.request_id])
    start, end = axis.at(span.start), axis.at(span.end)
    if span.kind == "wait":
        return _wait(link, f"{step.place} waits: {span.what}, {span.length_text}", start, end, y)
    shape, word, colour = OUTCOME_WORDS.get(span.outcome, ("•", span.outcome, "off"))
    kind = {"running": "c-ev-running", "uncertain": "c-ev-uncertain"}.get(span.kind, f"c-tl-run {colour}")
    wide = _right(span, axis) - start
    label = format_html(
        '<text class="c-ev-number" x="{}" y="{}">{}</text>', round(start + wide / 2, 1), y + 5, span.number
    )
    return format_html(
        '<a href="{}?attempt={}"><title>{}: attempt {}, {} {}, {} from {}</title><rect class="{}" x="{}" y="{}" '
        'width="{}" height="{}" rx="3"/>{}</a>',
        link, span.number, step.place, span.number, shape, word, span.length_text, hour(span.start), kind, start,
        y - BLOCK / 2, round(wide, 1), BLOCK, label if wide >= 14 else "",
    )  # fmt: skip


def _right(span: Span, axis: _Axis) -> float:
    """Where the block of an attempt ends; a short one is drawn longer than it was, so that it can be seen."""
    start, end = axis.at(span.start), axis.at(span.end)
    return end if span.kind == "wait" else max(end, start + 6)


def _wait(link: str, title: str, start: float, end: float, y: int) -> SafeString:
    return format_html(
        '<a href="{}"><title>{}</title><rect class="c-tl-wait" x="{}" y="{}" width="{}" height="{}" rx="2"/></a>',
        link, title, start, y - BLOCK / 2 + 3, round(max(end - start, 3), 1), BLOCK - 6,
    )  # fmt: skip


def _end(step: Step, x: float, y: int) -> SafeString:
    if step.state in ("QUEUED", "RUNNING"):
        return SafeString("")
    shape, word, colour = OUTCOME_WORDS.get(step.state, ("•", step.state, "off"))
    shown = "✕" if shape == "⧖" else shape  # few fonts have the hourglass
    return format_html(
        '<g class="c-ev-end {}"><title>{}: {}</title><text class="c-ev-shape" x="{}" y="{}">{}</text></g>',
        colour, step.place, word, x + 4, y + 5, shown,
    )  # fmt: skip


def _delivery(step: Step, axis: _Axis, lanes: dict[str, int]) -> Iterable[SafeString]:
    """Its way is a thin bar in the lane that sent it; its end a box, unless the function that got it shows anyway."""
    shape, colour = _STATES[step.state]
    tries = 0 if step.delivery is None else step.delivery.tries
    title = f"{step.what} to {step.place}: {step.state}, {tries} tries, {long_span_text(step.end - step.start)}"
    x, y = axis.at(step.end), lanes[step.place]
    if step.source in lanes:
        start = axis.at(step.start)
        yield format_html(
            '<a href="#steps"><title>{}</title><rect class="c-tl-wait" x="{}" y="{}" width="{}" height="6"/></a>',
            title, start, lanes[step.source] - 3, round(max(x - start, 2), 1),
        )  # fmt: skip
    if step.state != "sent" or " " in step.place:
        yield format_html(
            '<g class="c-ev-end {}"><a href="#steps"><title>{}</title><rect class="c-ev-sending" x="{}" y="{}" '
            'width="16" height="16" rx="3"/><text class="c-ev-shape" x="{}" y="{}">{}</text></a></g>',
            colour, title, x - 8, y - 8, x - 5, y + 5, shape,
        )  # fmt: skip


def _message_link(step: Step) -> str:
    if step.queue is None or step.message is None:
        return ""
    return reverse("admin:invocations_queue_message", args=[step.queue.pk, step.message.pk])


def _ticks(axis: _Axis, y: int) -> Iterable[SafeString]:
    reached, told = 0.0, ""
    for moment in axis.moments:
        x = axis.at(moment)
        if (reached and x - reached < TICK_ROOM) or hour(moment) == told:
            continue
        reached, told = x, hour(moment)
        yield format_html('<text class="c-tl-tick" x="{}" y="{}">{}</text>', x, 11, hour(moment))
